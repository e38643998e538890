//! The daemon under its own unit.

use std::fs;
use std::process::Stdio;

use anyhow::Result;

use super::{MEMBERS, STRANGER, TABLE};
use crate::functions::Functions;
use crate::system::wait_for;
use crate::unit::{self, SERVICE};
use crate::{command, report};

/// Root with the daemon's one capability, so that nothing but what is looked at stands in its way.
const LIKE_THE_DAEMON: [&str; 3] = ["setpriv", "--bounding-set=-all,+sys_admin", "--"];

/// It is ready, and what it keeps from others.
pub fn process() -> Result<()> {
    let said = unit::control("restart", SERVICE)?;
    report::check("the daemon: started", "exit 0", &said.ending());
    let state = format!("{} {}", unit::property(SERVICE, "Type")?, unit::property(SERVICE, "ActiveState")?);
    report::check("the daemon: type and state", "notify active", &state);
    let process = unit::process(SERVICE)?;
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let locked = status.lines().find_map(|line| line.strip_prefix("VmLck:")).unwrap_or_default().trim();
    report::verdict("the daemon: locked memory", "some", locked, !locked.is_empty() && locked != "0 kB");
    let mut other = command::start(&[&LIKE_THE_DAEMON[..], &["sleep", "infinity"]].concat())?;
    let mut other = other.stdin(Stdio::null()).spawn()?;
    let others = wait_for("a process like the daemon", || {
        let name = fs::read_to_string(format!("/proc/{}/comm", other.id()))?;
        Ok((name.trim() == "sleep").then_some(other.id()))
    })?;
    report::check("another process: its environment", "can be read", environment(others)?);
    report::check("the daemon: its environment", "cannot be read", environment(u32::try_from(process)?)?);
    other.kill()?;
    other.wait()?;
    let log = log()?;
    let mailboxes = if log.contains("6 mailboxes") { "6 mailboxes" } else { "something else" };
    report::check("the daemon: what it says that it has", "6 mailboxes", mailboxes);
    Ok(())
}

/// Of a process that refuses dumps it cannot be read without a capability that the daemon has not either.
fn environment(process: u32) -> Result<&'static str> {
    let file = format!("/proc/{process}/environ");
    let said = command::run(&[&LIKE_THE_DAEMON[..], &["cat", &file]].concat())?;
    Ok(if said.exit == Some(0) { "can be read" } else { "cannot be read" })
}

/// What the daemon has written since the machine started.
pub fn log() -> Result<String> {
    command::data(&["journalctl", "--unit", SERVICE, "--output", "cat", "--no-pager"])
}

/// Row D7: root and a member of the group look and read, and a stranger does neither, by the policy that came with the
/// package.
pub fn seen_by_users(functions: &Functions) -> Result<()> {
    let memory = functions.memories[1].as_str();
    let status = ["lanewarden", "status"];
    let table = ["lanewarden", "cxl", "cdat", memory, "--raw", "-"];
    let known = fs::read(TABLE)?;
    for user in ["root", MEMBERS[0]] {
        let said = command::run_as(user, &status)?;
        report::check(&format!("{user}: status"), "exit 0", &said.ending());
        let said = command::run_as(user, &table)?;
        report::check(&format!("{user}: cxl cdat"), "exit 0", &said.ending());
        report::same_bytes(&format!("{user}: CDAT through the daemon"), &known, &said.bytes);
    }
    let said = command::run_as(STRANGER, &status)?;
    let why = if said.talk.contains("refused by policy") { "refused by policy" } else { "another reason" };
    report::check(
        &format!("{STRANGER}: status"),
        "exit 6, refused by policy",
        &format!("{}, {why}", said.code()),
    );
    // It may look at the machine past the daemon, as far as the kernel lets it, which is not as far as mailboxes.
    let said = command::run_as(STRANGER, &table)?;
    let seen = format!("{}, {} bytes", said.code(), said.bytes.len());
    report::check(&format!("{STRANGER}: cxl cdat"), "exit 4, 0 bytes", &seen);
    Ok(())
}
