//! A daemon that dies, or is replaced.

use std::fs;
use std::os::unix::fs::MetadataExt;

use anyhow::Result;
use rustix::process::Signal;

use crate::system::wait_for;
use crate::unit::{self, SERVICE};
use crate::{command, report};

const LOCKS: &str = "/run/lanewarden/mailbox";

/// One that is killed comes back by itself, and with neither its death nor its end do socket and locks go away.
pub fn after_a_kill() -> Result<()> {
    unit::control("start", SERVICE)?;
    unit::wait_until(SERVICE, "active")?;
    let before = unit::process(SERVICE)?;
    let locks = fs::metadata(LOCKS)?.ino();
    command::signal(before, Signal::KILL)?;
    let after = wait_for("another daemon", || {
        let now = unit::process(SERVICE)?;
        Ok((now != 0 && now != before).then_some(now))
    })?;
    unit::wait_until(SERVICE, "active")?;
    report::verdict("after a kill: another process", "another", &after.to_string(), after != before);
    upgraded(after)?;
    unit::control("stop", SERVICE)?;
    unit::wait_until(SERVICE, "inactive")?;
    let kept = fs::metadata(LOCKS).is_ok_and(|folder| folder.ino() == locks);
    report::check("after a stop: the folder of locks", "kept", if kept { "kept" } else { "replaced" });
    let socket = unit::property(unit::SOCKET, "ActiveState")?;
    report::check("after a stop: the socket", "active", &socket);
    Ok(())
}

/// The package's script after an upgrade, without the time that unpacking takes: a daemon that runs is another one
/// afterwards, and what was enabled still is.
fn upgraded(before: i32) -> Result<()> {
    let said = command::run(&["/var/lib/dpkg/info/lanewarden.postinst", "configure", "0.0.1"])?;
    report::check("after an upgrade: the script", "exit 0", &said.ending());
    let after = unit::process(SERVICE)?;
    report::verdict("after an upgrade: another process", "another", &after.to_string(), after != before);
    report::check("after an upgrade: the socket", "enabled", &unit::property(unit::SOCKET, "UnitFileState")?);
    Ok(())
}
