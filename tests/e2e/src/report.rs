//! Lines for the world outside, on the second serial port.

use std::fs::File;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock};

use serde_json::json;

static PORT: OnceLock<Mutex<File>> = OnceLock::new();
static FAILED: AtomicBool = AtomicBool::new(false);

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

/// One line, whatever a program said.
pub fn flat(text: &str) -> String {
    text.trim().replace('\n', " / ")
}

/// States a comparison whose verdict is not plain equality of the two texts.
pub fn verdict(name: &str, expected: &str, seen: &str, ok: bool) {
    FAILED.fetch_or(!ok, Ordering::Relaxed);
    line(&json!({ "check": { "check": name, "expected": expected, "seen": seen, "ok": ok } }));
}

/// Compares two byte strings; each shows as its length, a digest, and the first byte that differs.
pub fn same_bytes(name: &str, expected: &[u8], seen: &[u8]) {
    let differs = (0..expected.len().max(seen.len())).find(|&at| expected.get(at) != seen.get(at));
    let describe = |bytes: &[u8]| {
        let byte = differs.map(|at| match bytes.get(at) {
            Some(byte) => format!(", [{at:#x}] = {byte:02x}"),
            None => format!(", ends before {at:#x}"),
        });
        format!("{} bytes, {:016x}{}", bytes.len(), digest(bytes), byte.unwrap_or_default())
    };
    verdict(name, &describe(expected), &describe(seen), differs.is_none());
}

/// FNV-1a with 64 bits: enough for eyes to see that two texts are the same.
pub fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, &b| (sum ^ u64::from(b)).wrapping_mul(0x100_0000_01b3))
}

/// Whether a comparison has failed.
pub fn has_failed() -> bool {
    FAILED.load(Ordering::Relaxed)
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
