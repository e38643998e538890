//! Who the drives are. `lanewarden respond` answers for each outside of the guest, and every message goes through the
//! configuration space of the function that the emulator shows.

use std::fs::{self, File};
use std::io::Read;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::functions::{Drives, Functions, controller, folder};
use crate::system::read_line;
use crate::{product, report};

/// Whom this guest trusts.
pub const ANCHORS: [&str; 2] = ["--anchors", "/anchors"];

/// A drive and what must come of it: exit code, verdict, and what the reason must contain.
struct Expected<'a> {
    name: &'static str,
    address: &'a str,
    exit: u8,
    verdict: &'static str,
    reason: &'static str,
}

fn expectations(drives: &Drives) -> [Expected<'_>; 3] {
    let [trusted, stranger, forger] = drives.all();
    let expected = |(name, address), exit, verdict, reason| Expected { name, address, exit, verdict, reason };
    [
        expected(trusted, 0, "trusted", ""),
        expected(stranger, 5, "refused", "no trust anchor"),
        expected(forger, 5, "refused", "the signature does not fit what was said"),
    ]
}

impl Expected<'_> {
    fn text(&self) -> String {
        outcome(&format!("exit {}", self.exit), self.verdict, self.reason)
    }

    /// The same of what came out. The reason is what was expected where it contains that, else all of it.
    fn seen(&self, exit: &str, device: &Value) -> String {
        let verdict = device["verdict"].as_str().unwrap_or("no verdict");
        let reason = device["reason"].as_str().unwrap_or_default();
        let is_right = !self.reason.is_empty() && reason.contains(self.reason);
        outcome(exit, verdict, if is_right { self.reason } else { reason })
    }
}

fn outcome(exit: &str, verdict: &str, reason: &str) -> String {
    if reason.is_empty() { format!("{exit}, {verdict}") } else { format!("{exit}, {verdict}: {reason}") }
}

/// What a certificate has to say of a drive, put together from the kernel's own files, is what Lanewarden asks for and
/// what the trusted one's certificate says.
pub fn names(drives: &Drives) -> Result<()> {
    let address = &drives.trusted;
    let name = name(address)?;
    let (_, object) = product::json_and_run(&[&["attest", address][..], &ANCHORS].concat())?;
    let certificate = &product::of_address(&object, "devices", address)?["certificate"];
    let text = |field: &str| certificate[field].as_str().unwrap_or("none").to_owned();
    report::check("nvme: name asked for, kernel's files", &name, &text("expected_device"));
    report::check("nvme: name in the certificate", &name, &text("device"));
    report::check("nvme: certificate fits the device", "true", &certificate["fits_device"].to_string());
    Ok(())
}

/// PCIe 6.1, 6.31.3.
fn name(address: &str) -> Result<String> {
    let value = |file: &str| -> Result<String> {
        Ok(read_line(folder(address).join(file))?.trim_start_matches("0x").to_owned())
    };
    Ok(format!(
        "Vendor={}:Device={}:CC={}:REV={}:SSVID={}:SSID={}",
        value("vendor")?,
        value("device")?,
        value("class")?,
        value("revision")?,
        value("subsystem_vendor")?,
        value("subsystem_device")?
    ))
}

/// Row T4: over a mailbox that is not ours, each drive by itself: verdict, reason and exit code, by way of writes to its
/// configuration space.
pub fn verdicts(drives: &Drives) -> Result<()> {
    for expected in expectations(drives) {
        let (run, object) = product::json_and_run(&[&["attest", expected.address][..], &ANCHORS].concat())?;
        let device = product::of_address(&object, "devices", expected.address)?;
        let seen = format!("{}, writes: {}", expected.seen(&run.exit(), device), run.config_writes > 0);
        let wanted = format!("{}, writes: true", expected.text());
        report::check(&format!("{}: attest", expected.name), &wanted, &seen);
    }
    Ok(())
}

/// All at once: the same verdicts, of the drives and of nothing else, and the code of the whole.
pub fn all(drives: &Drives) -> Result<()> {
    let (run, object) = product::json_and_run(&[&["attest", "--all"][..], &ANCHORS].concat())?;
    let devices = object["devices"].as_array().context("no devices")?;
    let seen = format!("{}, {} devices", run.exit(), devices.len());
    report::check("attest --all", "exit 5, 3 devices", &seen);
    for expected in expectations(drives) {
        let device = product::of_address(&object, "devices", expected.address)?;
        let seen = expected.seen(&format!("exit {}", device["exit_code"]), device);
        report::check(&format!("{}: attest --all", expected.name), &expected.text(), &seen);
    }
    Ok(())
}

/// Whatever is done meanwhile, the kernel's driver does not notice, and the mailboxes speak what they spoke before.
pub fn beside_the_driver(functions: &Functions, act: impl FnOnce() -> Result<()>) -> Result<()> {
    let states = || functions.drives.all().map(|(name, address)| (name, state(address)));
    let before = states();
    act()?;
    for ((name, before), (_, after)) in before.into_iter().zip(states()) {
        report::check(&format!("{name}: driver and header, after attesting"), &before?, &after?);
    }
    super::mailboxes::drives(&functions.drives)
}

/// Driver, controller, power, whether a block can be read, and the first 256 bytes of configuration space.
fn state(address: &str) -> Result<String> {
    let driver = fs::read_link(folder(address).join("driver"))?;
    let driver = driver.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let controller = controller(address).with_context(|| format!("{address} has no controller"))?;
    let number = controller.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut block = [1; 512];
    let read = File::open(format!("/dev/{number}n1"))?.read(&mut block)?;
    let mut header = [0; 256];
    File::open(folder(address).join("config"))?.read_exact(&mut header)?;
    Ok(format!(
        "{driver}, {number} {}, {}, {read} bytes read, header {:016x}",
        read_line(controller.join("state"))?,
        read_line(folder(address).join("power_state"))?,
        report::digest(&header)
    ))
}
