//! A mailbox that the kernel uses.

use anyhow::Result;
use lanewarden_ipc::config::{Lock, Locked, Write};
use lanewarden_ipc::{CallError, Fault};
use lanewarden_pci::{AccessError, MailboxId};

use super::{Mailboxes, running};
use crate::functions::Functions;
use crate::system::wait_for;
use crate::unit::{self, SERVICE, SOCKET};
use crate::user::{Trouble, User, word};
use crate::{command, cxl, report, system};

/// Of a mailbox' registers the one for what is sent.
const WRITE_MAILBOX: u16 = 0x10;
/// And the one by which an exchange is ended.
const CONTROL: u16 = 0x08;
const ABORT: u32 = 1;

/// Row D4: once a kernel's driver reads a table from a mailbox, no write of the daemon's reaches its registers, in an
/// exchange or past all exchanges, not even for root; those of a mailbox that the kernel does not use can be written.
/// Row D5: either is on record.
pub fn left_alone(functions: &Functions, mailboxes: Mailboxes) -> Result<()> {
    system::load_modules("cxl")?;
    cxl::object_of(&functions.memories[1])?;
    command::data(&["systemctl", "start", SOCKET, SERVICE])?;
    unit::wait_until(SERVICE, "active")?;
    let Mailboxes { memory, drive } = mailboxes;
    let mut root = User::connect()?;
    root.claim(memory, None)?;
    let seen = match root.entry(memory, 0) {
        Err(Trouble::Refused(error)) => error.to_string(),
        other => format!("{other:?}"),
    };
    let is_right = seen.contains(&AccessError::Claimed.to_string());
    report::verdict("the kernel's mailbox: an exchange", "in use by the kernel", &seen, is_right);
    let mut root = User::connect()?;
    let seen = write(&mut root, memory, WRITE_MAILBOX, 0)?;
    report::check("the kernel's mailbox: a write to its registers", "in use by the kernel", &seen);
    let seen = write(&mut root, drive, CONTROL, ABORT)?;
    report::check("a mailbox that only we use: a write to its registers", "written", &seen);
    let seen = match root.greeting(drive, 0x12) {
        Ok(()) => "a right answer".to_owned(),
        other => format!("{other:?}"),
    };
    report::check("a mailbox that only we use: an exchange afterwards", "a right answer", &seen);
    for (id, register, value) in [(memory, WRITE_MAILBOX, 0), (drive, CONTROL, ABORT)] {
        let what = format!("write of {value:#010x} to {} [{:03x}]", id.address, id.offset + register);
        let line = format!("audit: user 0, process {}: {what}", std::process::id());
        wait_for("an audit line", || Ok(running::log()?.contains(&line).then_some(())))?;
        report::check(&format!("a {what}: on record"), "yes", "yes");
    }
    Ok(())
}

/// Writes a register of a mailbox past everything else, and gives configuration space back.
fn write(root: &mut User, mailbox: MailboxId, register: u16, value: u32) -> Result<String> {
    let MailboxId { address, offset } = mailbox;
    let Locked { lock, .. } = root.call(&Lock { address, generation: None, patience_ms: None })?;
    let written = root.call(&Write { lock, offset: offset + register, value });
    root.call(&lanewarden_ipc::config::Unlock { lock })?;
    Ok(match written {
        Ok(_) => "written".to_owned(),
        Err(CallError::Fault(Fault::Access(error))) => error.to_string(),
        Err(error) => word(&error),
    })
}
