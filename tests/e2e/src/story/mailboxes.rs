//! Which mailboxes there are and what they speak.

use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::doe::Mailbox;
use crate::functions::{Drives, Functions};
use crate::{product, report};

/// Row T1: every function's mailbox, a switch port's too, speaks what the machine was built with; Lanewarden
/// and the second reader agree on where it is.
pub fn protocols(functions: &Functions) -> Result<()> {
    for (name, address, expected) in functions.all() {
        let mailbox = Mailbox::open(address)?;
        let expected = format!("{:03x}: {}", mailbox.offset, expected.join(" "));
        let seen = format!("{:03x}: {}", mailbox.offset, mailbox.discover()?.join(" "));
        report::check(&format!("{name}: mailbox, second reader"), &expected, &seen);
        report::check(&format!("{name}: mailbox, lanewarden"), &expected, &discovered(address)?);
    }
    Ok(())
}

/// The drives' mailboxes once more, after much has gone through them.
pub fn drives(drives: &Drives) -> Result<()> {
    for (name, address) in drives.all() {
        let expected = format!("{:03x}: 0001:00 0001:01 0001:02", Mailbox::open(address)?.offset);
        report::check(&format!("{name}: mailbox, after attesting"), &expected, &discovered(address)?);
    }
    Ok(())
}

fn discovered(address: &str) -> Result<String> {
    let object = product::json(&["doe", "discover", address])?;
    let mailbox = product::of_address(&object, "mailboxes", address)?;
    let offset = mailbox["offset"].as_u64().context("a mailbox without an offset")?;
    let protocols = mailbox["protocols"].as_array().context("a mailbox without protocols")?;
    let names: Vec<String> = protocols.iter().filter_map(protocol).collect();
    Ok(format!("{offset:03x}: {}", names.join(" ")))
}

fn protocol(value: &Value) -> Option<String> {
    Some(format!("{:04x}:{:02x}", value["vendor_id"].as_u64()?, value["data_object_type"].as_u64()?))
}

/// lspci decodes the capability as Lanewarden does.
pub fn lspci(functions: &Functions) -> Result<()> {
    for (name, address, _) in functions.all() {
        let output = Command::new("/usr/bin/lspci").args(["-D", "-vv", "-s", address]).output()?;
        let theirs = lspcis(&String::from_utf8_lossy(&output.stdout)).unwrap_or_else(|| "none".to_owned());
        let object = product::json(&["doe", "discover", address])?;
        let mailbox = product::of_address(&object, "mailboxes", address)?;
        report::check(&format!("{name}: DOE capability, lspci and lanewarden"), &theirs, &ours(mailbox));
    }
    Ok(())
}

fn ours(mailbox: &Value) -> String {
    let offset = mailbox["offset"].as_u64().unwrap_or_default();
    let interrupt = mailbox["interrupt_message"].as_u64().map(|number| number.to_string());
    let version = &mailbox["capability_version"];
    format!("{offset:03x} v{version}, interrupt {}", interrupt.unwrap_or_else(|| "none".to_owned()))
}

/// The same from `Capabilities: [190 v1] Data Object Exchange` and the lines after it.
fn lspcis(text: &str) -> Option<String> {
    let mut lines = text.lines().map(str::trim);
    let place =
        lines.find_map(|l| l.strip_prefix("Capabilities: [")?.strip_suffix("] Data Object Exchange"))?;
    let mut details = lines.take_while(|line| !line.starts_with("Capabilities:"));
    let number = details.find_map(|line| line.strip_prefix("Interrupt Message Number "));
    let interrupt = number.map_or("none", |number| number.trim_start_matches('0'));
    Some(format!("{place}, interrupt {}", if interrupt.is_empty() { "0" } else { interrupt }))
}

/// Messages of our choice go through a mailbox and back: the responder outside lists its versions, and refuses a
/// request that there is not by its name.
pub fn exchange(functions: &Functions) -> Result<()> {
    // GET_VERSION; VERSION with 1.0 to 1.3, filled up to whole words (DSP0274 1.3, 10.3).
    let versions = "10040000000400100011001200130000";
    exchanged("SPDM GET_VERSION", functions, "10840000", versions)?;
    // A reserved code; ERROR, UnsupportedRequest, the code (DSP0274 1.3, 10.11).
    exchanged("unknown SPDM request", functions, "10bf0000", "107f07bf")
}

fn exchanged(name: &str, functions: &Functions, request: &str, expected: &str) -> Result<()> {
    let file = "/tmp/answer";
    std::fs::remove_file(file).ok();
    let arguments = ["--protocol", "0001:01", "--hex", request, "--output", file];
    let run = product::run(&[&["doe", "exchange", &functions.drives.trusted][..], &arguments].concat())?;
    let answer = std::fs::read(file).unwrap_or_default();
    let hex: String = answer.iter().map(|byte| format!("{byte:02x}")).collect();
    let seen = format!("{}, {hex}", run.exit());
    report::check(&format!("nvme: {name}, exchanged"), &format!("exit 0, {expected}"), &seen);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lspci_is_read_up_to_the_next_capability() {
        let text = "\tCapabilities: [190 v1] Data Object Exchange\n\
                    \t\tDOECap: IntSup+\n\t\t\tInterrupt Message Number 001\n";
        assert_eq!(lspcis(text).unwrap(), "190 v1, interrupt 1");
        let text = "Capabilities: [100 v1] Data Object Exchange\nCapabilities: [200 v2] Other\n\
                    Interrupt Message Number 001";
        assert_eq!(lspcis(text).unwrap(), "100 v1, interrupt none");
        assert_eq!(lspcis("Capabilities: [100 v1] Device Serial Number 00"), None);
    }
}
