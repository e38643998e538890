//! Sessions with the drives: everything that is said in one goes through configuration space too, as secured data
//! objects, which the emulator hands on as they are.

use std::fs;

use anyhow::{Context, Result};
use serde_json::Value;

use super::attestation::ANCHORS;
use crate::functions::Drives;
use crate::plant::{Plant, plant};
use crate::product::Run;
use crate::{product, report};

/// The key that the drives have, and one with a bit that differs.
const PSK: &str = "/psk";
const WRONG_PSK: &str = "/tmp/wrong-psk";
/// Where what went through the mailbox is kept.
const CAPTURE: &str = "/tmp/session.pcap";
/// What a vendor's request says, and the request around it (DSP0274 1.3, 10.13): registry 3 is PCI-SIG's.
const MARKER: &[u8; 16] = b"read by nobody..";
const VENDOR_REQUEST: &str = "13fe00000300021af41000";

/// What is asked for in a session, in this order.
const COMMANDS: [&str; 7] =
    ["measurements", "heartbeat", "update-own-keys", "heartbeat", "update-keys", "certs", "measurements"];

fn open(address: &str, options: &[&str]) -> Result<(Run, Value)> {
    let (run, object) = product::json_and_run(&[&["spdm", "session", address], options].concat())?;
    let sessions = object["sessions"].as_array().context("no sessions")?;
    let session = sessions.first().context("no session")?.clone();
    Ok((run, session))
}

/// How a session went, and what was done in it.
fn outcome(run: &Run, session: &Value) -> String {
    let flag = |name: &str| if session[name] == true { format!(", {name}") } else { String::new() };
    let flags = ["preshared_key", "trusted", "encrypted", "opened", "ended"].map(flag).concat();
    let heartbeat = &session["heartbeat_s"];
    let results = session["results"].as_array().into_iter().flatten();
    let done: Vec<_> = results.filter_map(|result| result["command"].as_str()).collect();
    let writes = run.config_writes > 0;
    format!("{}{flags}, heartbeat {heartbeat} s, {}, writes: {writes}", run.exit(), done.join(" "))
}

/// A session with a drive that is trusted: all that a session serves for, and its end. What is measured is the same in
/// it, before and after the keys were replaced, as outside of it.
pub fn opened(drives: &Drives) -> Result<()> {
    let (run, session) = open(&drives.trusted, &[&COMMANDS[..], &ANCHORS].concat())?;
    let expected = "exit 0, trusted, encrypted, opened, ended, heartbeat 30 s, measurements heartbeat update_keys \
                    heartbeat update_keys certs measurements, writes: true";
    report::check("nvme: session", expected, &outcome(&run, &session));
    let outside = product::json(&["spdm", "measurements", &drives.trusted])?["measurements"].to_string();
    report::verdict("nvme: measurements, outside", "some", &outside, outside != "[]" && outside != "null");
    for (name, place) in [("in the session", 0), ("in the session, with new keys", 6)] {
        let result = &session["results"][place];
        let seen = format!("signed: {}, {}", result["signed"], result["measurements"]);
        report::check(&format!("nvme: measurements, {name}"), &format!("signed: true, {outside}"), &seen);
    }
    Ok(())
}

/// Attesting with a session: whoever holds the key of its certificate is asked in one what it runs, and is trusted no
/// more for that.
pub fn attested(drives: &Drives) -> Result<()> {
    let [trusted, stranger, forger] = drives.all();
    for ((name, address), expected) in [
        (trusted, "exit 0, trusted, opened: true, ended: true"),
        (stranger, "exit 5, refused, opened: true, ended: true"),
        (forger, "exit 5, refused, opened: null, ended: null"),
    ] {
        let arguments = [&["attest", "--session", address][..], &ANCHORS].concat();
        let (run, object) = product::json_and_run(&arguments)?;
        let device = product::of_address(&object, "devices", address)?;
        let verdict = device["verdict"].as_str().unwrap_or("no verdict");
        let session = &device["session"];
        let ends = format!("opened: {}, ended: {}", session["opened"], session["ended"]);
        report::check(
            &format!("{name}: attest --session"),
            expected,
            &format!("{}, {verdict}, {ends}", run.exit()),
        );
    }
    Ok(())
}

/// A key from before opens a session with a drive whose certificates nobody looks at; another key does not.
pub fn preshared(drives: &Drives) -> Result<()> {
    let mut key = fs::read(PSK)?;
    if plant()? != Some(Plant::RightPsk) {
        key[0] ^= 1;
    }
    fs::write(WRONG_PSK, key)?;
    let psk = format!("drive:{PSK}");
    let commands = ["heartbeat", "update-keys", "measurements", "--psk", &psk];
    let (run, session) = open(&drives.stranger, &commands)?;
    let expected = "exit 0, preshared_key, encrypted, opened, ended, heartbeat 30 s, heartbeat update_keys \
                    measurements, writes: true";
    report::check("nvme stranger: session with a pre-shared key", expected, &outcome(&run, &session));
    let wrong = format!("drive:{WRONG_PSK}");
    turned_away(
        "a wrong pre-shared key",
        &drives.stranger,
        &["--psk", &wrong],
        "the verify data does not fit",
    )
}

/// Whose chain is not trusted, or whose signature is wrong, gets no session; the one can be had where that is asked for.
pub fn refused(drives: &Drives) -> Result<()> {
    turned_away("a chain that is not trusted", &drives.stranger, &ANCHORS, "no trust anchor")?;
    turned_away("a wrong signature", &drives.forger, &ANCHORS, "the signature does not fit what was said")?;
    let (run, session) = open(&drives.stranger, &[&["heartbeat", "--untrusted"][..], &ANCHORS].concat())?;
    let expected = "exit 0, encrypted, opened, ended, heartbeat 30 s, heartbeat, writes: true";
    report::check("nvme stranger: session, --untrusted", expected, &outcome(&run, &session));
    Ok(())
}

fn turned_away(name: &str, address: &str, options: &[&str], reason: &str) -> Result<()> {
    let run = product::run(&[&["spdm", "session", address, "heartbeat"], options].concat())?;
    let said = report::flat(&run.talk);
    let seen = if said.contains(reason) { reason } else { said.as_str() };
    let seen = format!("{}, {seen}, writes: {}", run.exit(), run.config_writes > 0);
    report::check(&format!("session: {name}"), &format!("exit 5, {reason}, writes: true"), &seen);
    Ok(())
}

/// Row D8: who watches the mailbox reads what is said outside of sessions, and nothing of what is said in one.
pub fn watched(drives: &Drives) -> Result<()> {
    let hex: String = MARKER.iter().map(|byte| format!("{byte:02x}")).collect();
    let message = format!("{VENDOR_REQUEST}{hex}");
    let outside = ["spdm", "request", &drives.trusted, "--hex", &message, "--pcap", CAPTURE];
    let inside = ["spdm", "session", &drives.trusted, "request", &message, "--pcap", CAPTURE];
    let inside = [&inside[..], &ANCHORS].concat();
    let inside = if plant()? == Some(Plant::PlainMarker) { &outside[..] } else { &inside };
    for (name, arguments, expected) in
        [("outside of a session", &outside[..], true), ("in a session", inside, false)]
    {
        fs::remove_file(CAPTURE).ok();
        product::run(arguments)?;
        let capture = fs::read(CAPTURE).context("no capture")?;
        let is_read = capture.windows(MARKER.len()).any(|bytes| bytes == MARKER);
        let seen = format!("some bytes: {}, read: {is_read}", capture.len() > 200);
        let expected = format!("some bytes: true, read: {expected}");
        report::check(&format!("nvme: a vendor's request {name}, watched"), &expected, &seen);
    }
    Ok(())
}
