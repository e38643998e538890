//! Lines for the world outside, on the second serial port.

use std::fs::File;
use std::io::Write;
use std::sync::{Mutex, OnceLock};

use serde_json::json;

static PORT: OnceLock<Mutex<File>> = OnceLock::new();

/// Opens the port; `/dev` must be there.
pub fn open() -> anyhow::Result<()> {
    let port = File::options().write(true).open("/dev/ttyS1")?;
    PORT.get_or_init(|| Mutex::new(port));
    Ok(())
}

/// Says what comes next.
pub fn progress(text: &str) {
    line(&json!({ "progress": text }));
}

/// Compares two values as text.
pub fn check(name: &str, expected: &str, seen: &str) {
    verdict(name, expected, seen, expected == seen);
}

/// States a comparison whose verdict is not plain equality of the two texts.
pub fn verdict(name: &str, expected: &str, seen: &str, ok: bool) {
    line(&json!({ "check": { "check": name, "expected": expected, "seen": seen, "ok": ok } }));
}

/// The story has come to its end.
pub fn done() {
    line(&json!("done"));
}

fn line(value: &serde_json::Value) {
    let text = format!("{value}\n");
    match PORT.get().map(Mutex::lock) {
        Some(Ok(mut port)) => port.write_all(text.as_bytes()).unwrap_or_default(),
        _ => eprint!("{text}"),
    }
}
