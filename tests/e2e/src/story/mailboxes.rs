//! Which mailboxes there are and what they speak.

use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::doe::Mailbox;
use crate::functions::Functions;
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

/// A message of our choice goes through a mailbox and back: the responder outside refuses GET_VERSION by
/// name.
pub fn exchange(functions: &Functions) -> Result<()> {
    let arguments = ["doe", "exchange", &functions.nvme, "--protocol", "0001:01", "--hex", "10840000"];
    let file = "/tmp/answer";
    let run = product::run(&[&arguments[..], &["--output", file]].concat())?;
    let answer = std::fs::read(file).unwrap_or_default();
    let hex: String = answer.iter().map(|byte| format!("{byte:02x}")).collect();
    report::check(
        "nvme: SPDM GET_VERSION, exchanged",
        "exit Some(0), 107f0784",
        &format!("exit {:?}, {hex}", run.exit),
    );
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
