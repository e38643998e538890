//! A session that the daemon keeps, named by a key of this kernel's keyring.

use std::fs;

use anyhow::{Context, Result};
use serde_json::Value;

use super::{MEMBERS, STRANGER};
use crate::functions::Functions;
use crate::unit::{self, SERVICE};
use crate::{command, report};

/// Where the machine's trust anchors are.
const ANCHORS: &str = "/etc/lanewarden/anchors";

/// Rows T3, T20: a session is used by whoever may and knows its key, and ends with the key, which has no secret in it.
/// Row T2: the daemon sets it up.
pub fn kept(functions: &Functions) -> Result<()> {
    let drive = functions.drives.trusted.as_str();
    trust()?;
    let (key, described) = keep(drive)?;
    let described = described.split(';').next_back().unwrap_or_default().contains("lanewarden");
    report::check("a kept session: its key says whose it is", "true", &described.to_string());
    let payload = command::data(&["keyctl", "print", &key])?;
    let payload = if payload.starts_with("lanewarden") { "its name" } else { &payload };
    report::check("a kept session: what is in its key", "its name", payload);
    let renew = ["lanewarden", "spdm", "kept", &key, "update-keys"];
    for user in ["root", MEMBERS[0]] {
        let said = command::run_as(user, &renew)?;
        let seen = format!("{}, {}", said.ending(), said.output.trim());
        report::check(&format!("a kept session, used by {user}"), "exit 0, keys replaced", &seen);
    }
    let said = command::run_as(STRANGER, &renew)?;
    report::check(&format!("a kept session, used by {STRANGER}"), "exit 6", &said.code());
    let said = command::run_as(MEMBERS[0], &["keyctl", "revoke", &key])?;
    report::check(&format!("its key, revoked by {}", MEMBERS[0]), "exit 1", &said.code());
    command::data(&["keyctl", "revoke", &key])?;
    let said = command::run(&renew)?;
    // The daemon may have ended it by itself already.
    let ended = ["has been revoked", "no such session any more"].iter().any(|why| said.talk.contains(why));
    report::verdict(
        "its key is revoked: used by root",
        "exit 3: revoked, or no such session any more",
        &said.ending(),
        said.exit == Some(3) && ended,
    );
    let (key, _) = keep(drive)?;
    let said = command::run(&["lanewarden", "spdm", "kept", &key, "end"])?;
    report::check("a session after that, and its end", "exit 0", &said.ending());
    let said = command::run(&["keyctl", "describe", &key])?;
    report::check("ended: its key", "exit 1", &said.code());
    fs::remove_dir_all(ANCHORS)?;
    restart()
}

/// Has the daemon open a session. The key's number, and what the kernel says of it.
fn keep(drive: &str) -> Result<(String, String)> {
    let said = command::run(&["lanewarden", "--json", "spdm", "keep", drive])?;
    report::check("spdm keep", "exit 0", &said.ending());
    let kept: Value = serde_json::from_str(&said.output).context("spdm keep")?;
    let key = kept["sessions"][0]["key"].to_string();
    let described = command::data(&["keyctl", "describe", &key])?;
    Ok((key, described))
}

/// The guest's anchors become the machine's.
fn trust() -> Result<()> {
    fs::create_dir_all(ANCHORS)?;
    for entry in fs::read_dir("/anchors")? {
        let entry = entry?;
        fs::copy(entry.path(), format!("{ANCHORS}/{}", entry.file_name().to_string_lossy()))?;
    }
    restart()
}

fn restart() -> Result<()> {
    // It has been started often enough already for the service manager to refuse it.
    command::data(&["systemctl", "reset-failed", SERVICE])?;
    command::data(&["systemctl", "restart", SERVICE])?;
    unit::wait_until(SERVICE, "active")
}
