//! Counts the writes that reach the kernel's `pwrite64` and look like those to a mailbox: four bytes, beyond
//! the first 256. A write that the kernel then refuses counts too.

use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::system::write_line;

const TRACING: &str = "/sys/kernel/tracing";

/// Does something while no one else writes, and returns how many writes at an offset were tried meanwhile.
pub fn counting_writes<T>(act: impl FnOnce() -> Result<T>) -> Result<(T, usize)> {
    let folder = Path::new(TRACING);
    let event = folder.join("events/syscalls/sys_enter_pwrite64");
    let enable = event.join("enable");
    write_line(event.join("filter"), "count == 4 && pos >= 256")?;
    write_line(folder.join("trace"), "")?;
    write_line(&enable, "1")?;
    let result = act();
    write_line(&enable, "0")?;
    let count = fs::read_to_string(folder.join("trace"))?.matches("sys_pwrite64(").count();
    Ok((result?, count))
}
