//! Units of the service manager.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::command::{self, Said};
use crate::system::wait_for;

/// The daemon's service.
pub const SERVICE: &str = "lanewarden.service";
/// Its socket.
pub const SOCKET: &str = "lanewarden.socket";

/// Does something with a unit: `start`, `stop`, `enable`, ...
pub fn control(verb: &str, unit: &str) -> Result<Said> {
    command::run(&["systemctl", "--quiet", verb, unit])
}

/// The value of a unit's property.
pub fn property(unit: &str, name: &str) -> Result<String> {
    command::data(&["systemctl", "show", "--value", "--property", name, unit])
}

/// Waits until a unit is in a state: `active`, `inactive`, `failed`.
pub fn wait_until(unit: &str, state: &str) -> Result<()> {
    wait_for(&format!("{unit} {state}"), || Ok((property(unit, "ActiveState")? == state).then_some(())))
}

/// The number of a service's first process.
pub fn process(unit: &str) -> Result<i32> {
    property(unit, "MainPID")?.parse().context("a service's process")
}

/// Changes a unit until the next boot, by a drop-in of this name.
pub fn change(unit: &str, name: &str, text: &str) -> Result<()> {
    let folder = Path::new("/run/systemd/system").join(format!("{unit}.d"));
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(format!("{name}.conf")), text)?;
    reload()
}

/// Takes the change of this name back.
pub fn restore(unit: &str, name: &str) -> Result<()> {
    fs::remove_file(Path::new("/run/systemd/system").join(format!("{unit}.d/{name}.conf")))?;
    reload()
}

fn reload() -> Result<()> {
    command::data(&["systemctl", "daemon-reload"]).map(drop)
}
