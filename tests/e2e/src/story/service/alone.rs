//! A program that uses mailboxes by itself, and a daemon that is started meanwhile.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Stdio;

use anyhow::Result;
use rustix::process::Signal;

use super::{mailbox, running};
use crate::functions::Functions;
use crate::system::wait_for;
use crate::unit::{self, SERVICE, SOCKET};
use crate::{command, report};

/// The lock between the two.
const LOCK: &str = "/run/lanewarden/direct.lock";

/// Row B12: the daemon waits until the program has come to its end, says for whom, and touches no mailbox before; then the
/// same program gets the same answer through it.
pub fn attesting(functions: &Functions) -> Result<()> {
    let drive = functions.drives.trusted.as_str();
    let line = ["lanewarden", "attest", drive, "--anchors", "/anchors"];
    command::data(&["systemctl", "stop", SERVICE, SOCKET])?;
    let id = mailbox(drive)?;
    let own_lock = format!("/run/lanewarden/mailbox/{}:{:03x}", id.address, id.offset);
    let mut attest = command::start(&line)?;
    let attest = attest.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let process = i32::try_from(attest.id())?;
    wait_for("the mailbox in use", || Ok(is_locked(Path::new(&own_lock))?.then_some(())))?;
    command::signal(process, Signal::STOP)?;
    let held = if is_locked(Path::new(&own_lock))? { "held" } else { "free" };
    report::check("in the middle of attest: the lock of the mailbox", "held", held);
    started_beside(drive)?;
    let named = format!("in use by process {process}");
    let told = wait_for("a daemon that has waited long enough", || {
        Ok(running::log()?.lines().rfind(|line| line.contains("in use")).map(str::to_owned))
    })?;
    let told = if told.contains(&named) { &named } else { &told };
    report::check("a daemon that has waited for two seconds, in the journal", &named, told);
    command::signal(process, Signal::CONT)?;
    let output = attest.wait_with_output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let seen = format!("exit {:?}, {}", output.status.code(), verdict(&text));
    report::check("attest, with a daemon started in its middle", "exit Some(0), trusted", &seen);
    unit::wait_until(SERVICE, "active")?;
    let said = command::run(&line)?;
    let seen = format!("{}, {}", said.ending(), verdict(&said.output));
    report::check("attest, through the daemon", "exit 0, trusted", &seen);
    Ok(())
}

/// A daemon has been started, and waits.
fn started_beside(drive: &str) -> Result<()> {
    unit::control("start", SOCKET)?;
    command::data(&["systemctl", "start", "--no-block", SERVICE])?;
    let daemon = wait_for("a daemon that waits", || {
        let daemon = unit::process(SERVICE)?;
        Ok((daemon != 0 && has_open(daemon, LOCK)).then_some(daemon))
    })?;
    let state = unit::property(SERVICE, "ActiveState")?;
    report::check("a daemon beside attest", "activating", &state);
    let touched = if has_open(daemon, &format!("{drive}/config")) { "open" } else { "not open" };
    report::check("a daemon beside attest: the drive's configuration space", "not open", touched);
    Ok(())
}

fn verdict(text: &str) -> &'static str {
    if text.contains("trusted") { "trusted" } else { "not trusted" }
}

/// Whether somebody has a lock on this file, as the kernel lists them.
fn is_locked(path: &Path) -> Result<bool> {
    let Ok(file) = fs::metadata(path) else { return Ok(false) };
    let inode = format!(":{} ", file.ino());
    Ok(fs::read_to_string("/proc/locks")?.lines().any(|line| line.contains("FLOCK") && line.contains(&inode)))
}

/// Whether a process has a file open whose name ends so.
fn has_open(process: i32, name: &str) -> bool {
    let folder = fs::read_dir(format!("/proc/{process}/fd"));
    let targets = folder.into_iter().flatten().flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
    targets.into_iter().any(|target| target.to_string_lossy().ends_with(name))
}
