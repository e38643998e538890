//! What a first process must do, and sysfs.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result};
use rustix::mount::{MountFlags, mount};
use rustix::system::RebootCommand;

/// Mounts what every Linux program expects.
pub fn mount_all() -> Result<()> {
    let mounts = [
        ("proc", "/proc"),
        ("sysfs", "/sys"),
        ("devtmpfs", "/dev"),
        ("tmpfs", "/run"),
        ("securityfs", "/sys/kernel/security"),
    ];
    for (kind, place) in mounts {
        mount(kind, place, kind, MountFlags::empty(), None)
            .with_context(|| format!("cannot mount {place}"))?;
    }
    Ok(())
}

/// The addresses, ascending, of all functions with this class code.
pub fn functions_of_class(class: u32) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/sys/bus/pci/devices")? {
        let path = entry?.path();
        let text = fs::read_to_string(path.join("class"))?;
        if u32::from_str_radix(text.trim().trim_start_matches("0x"), 16)? == class {
            found.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    found.sort();
    Ok(found)
}

/// Turns the machine off; returns only where that fails.
pub fn power_off() -> ExitCode {
    rustix::fs::sync();
    match rustix::system::reboot(RebootCommand::PowerOff) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
