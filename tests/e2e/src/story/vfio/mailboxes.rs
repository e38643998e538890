//! Mailboxes of devices that VFIO has.

use std::sync::Arc;

use anyhow::Result;
use lanewarden_linux::vfio::Config;
use lanewarden_pci::capability::{Found, extended};

use super::Subject;
use crate::doe::Mailbox;
use crate::{product, report};

/// The memory's table while no driver has it.
pub fn before(memory: &Subject) -> Result<Vec<u8>> {
    product::table(&memory.address.to_string(), &[])
}

/// Whether VFIO lists the mailbox among the capabilities. Its registers work all the same, where sysfs shows it or the user
/// says.
pub fn reached(subject: &Subject, expected: &str) -> Result<()> {
    let mailbox = Mailbox::open(&subject.address.to_string())?;
    let listed = {
        let mut config = Config::new(Arc::new(subject.open()?))?;
        let mut ids = Vec::new();
        for found in extended(&mut config) {
            if let Found::Entry(entry) = found? {
                ids.push(format!("{:03x}:{:04x}", entry.offset, entry.id));
            }
        }
        ids
    };
    report::progress(&format!("{}: VFIO lists {}", subject.name, listed.join(" ")));
    let is_listed = listed.iter().any(|entry| entry.ends_with(":002e"));
    let state = if is_listed { "listed" } else { "hidden by vfio" };
    subject.check("DOE capability in VFIO's list", expected, state);
    let ours = mailbox.discover()?.join(" ");
    let address = subject.address.to_string();
    let (host, offset) = (format!("vfio:{address}"), format!("{:03x}", mailbox.offset));
    let looked_up: &[&str] = &["--host", &host, "doe", "discover", &address];
    let named: &[&str] = &["--host", &host, "--doe-offset", &offset, "doe", "discover", &address];
    for (how, arguments) in [("looked up in sysfs", looked_up), ("named", named)] {
        let (run, object) = product::json_and_run(arguments)?;
        let seen = protocols(&object).unwrap_or_else(|| report::flat(&run.talk));
        subject.check(&format!("doe discover through VFIO, mailbox {how}"), &ours, &seen);
    }
    let wrong = product::run(&["--host", &host, "--doe-offset", "ff0", "doe", "discover", &address])?;
    let seen = format!("{}, {}, said: {}", wrong.exit(), wrong.hint(), wrong.talk.contains("hidden by vfio"));
    subject.check("a mailbox that is not there", "exit 3, hint, said: true", &seen);
    Ok(())
}

fn protocols(object: &serde_json::Value) -> Option<String> {
    let mailbox = object["mailboxes"].as_array()?.first()?;
    let names = mailbox["protocols"].as_array()?.iter().filter_map(|one| {
        Some(format!("{:04x}:{:02x}", one["vendor_id"].as_u64()?, one["data_object_type"].as_u64()?))
    });
    Some(names.collect::<Vec<_>>().join(" "))
}

/// The table read through VFIO is the one that was read before.
pub fn table(memory: &Subject, before: &[u8]) -> Result<()> {
    let host = format!("vfio:{}", memory.address);
    let seen = product::table(&memory.address.to_string(), &["--host", &host])?;
    report::same_bytes("memory 1: CDAT, through VFIO", before, &seen);
    Ok(())
}
