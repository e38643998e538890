//! A machine with a service manager: the package is installed, its service runs, and it is purged again.

use anyhow::Result;

use crate::functions::Functions;
use crate::{command, report, system};

mod installed;
mod purged;
mod restarted;
mod sandbox;

/// In the group whose members the default policy lets use mailboxes.
pub const MEMBER: &str = "alice";
/// Not in it.
pub const STRANGER: &str = "bob";

/// From the installation to the purge.
pub fn run() -> Result<()> {
    let uptime = system::read_line("/proc/uptime")?;
    report::progress(&format!("up for {} s", uptime.split(' ').next().unwrap_or_default()));
    let functions = Functions::find()?;
    report::progress("installing the package");
    installed::package()?;
    installed::group()?;
    installed::documents();
    installed::program(&functions)?;
    installed::units()?;
    report::progress("looking out of the service");
    sandbox::score()?;
    sandbox::holds(&functions)?;
    restarted::after_a_kill()?;
    // What is shown with the daemon running belongs here: it is installed, its socket is active, and `MEMBER` and
    // `STRANGER` are there (`command::run_as`, `command::signal`, `unit`).
    report::progress("purging the package");
    purged::everything()
}

/// What the service manager has written, to the console: only after a failure anyone wants to read it.
pub fn tell_journal() -> Result<()> {
    let journal = ["journalctl", "--boot", "--no-pager", "--output", "short-monotonic"];
    let not_the_kernels = ["_TRANSPORT=journal", "_TRANSPORT=stdout", "_TRANSPORT=syslog"];
    let journal = command::run(&[&journal[..], &not_the_kernels].concat())?;
    Ok(std::fs::write("/dev/console", journal.output.replace('\n', "\r\n"))?)
}
