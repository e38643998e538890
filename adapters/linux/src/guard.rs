//! Which registers are a mailbox's, and when the kernel's claims must be looked at.

use std::ops::Range;

use lanewarden_pci::capability::{self, EXTENDED_START, Found};
use lanewarden_pci::registers::doe::{self, Control};
use lanewarden_pci::{AccessError, ConfigSpace};

/// What a register is to the rules of writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Not a mailbox's.
    Outside,
    /// A mailbox's, and the kernel's claims must be looked at before this write.
    Check,
    /// A mailbox's, and part of an exchange before which they have been looked at.
    Ours,
}

/// The mailboxes of a function, as far as writing to them goes.
#[derive(Debug)]
pub struct Guard {
    mailboxes: Vec<Mailbox>,
    /// The list of capabilities could not be followed to its end: any extended register may be a mailbox's.
    doubtful: bool,
}

#[derive(Debug)]
struct Mailbox {
    offset: u16,
    stage: Stage,
}

/// How far this handle's own exchange is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing of ours is in the mailbox.
    Idle,
    /// A request is being written; claims were looked at before its first DW.
    Writing,
    /// GO was given; claims were looked at before. What is acknowledged now is our answer.
    Sent,
}

impl Guard {
    /// Walks the extended capabilities. Reads only.
    pub fn read<C: ConfigSpace>(config: &mut C) -> Result<Self, AccessError> {
        let mut guard = Self { mailboxes: Vec::new(), doubtful: false };
        for found in capability::extended(config) {
            match found? {
                Found::Entry(entry) if entry.id == doe::ID => {
                    guard.mailboxes.push(Mailbox { offset: entry.offset, stage: Stage::Idle });
                }
                Found::Entry(_) => {}
                Found::Anomaly(_) => guard.doubtful = true,
            }
        }
        Ok(guard)
    }

    /// What a write to the register at `offset` is.
    pub fn place(&self, offset: u16) -> Place {
        match self.mailboxes.iter().find(|mailbox| mailbox.registers().contains(&offset)) {
            Some(mailbox) if mailbox.is_checked(offset) => Place::Ours,
            Some(_) => Place::Check,
            None if self.doubtful && offset >= EXTENDED_START => Place::Check,
            None => Place::Outside,
        }
    }

    /// Takes note of a write that was made.
    pub fn written(&mut self, offset: u16, value: u32) {
        for mailbox in &mut self.mailboxes {
            mailbox.written(offset, value);
        }
    }
}

impl Mailbox {
    fn registers(&self) -> Range<u16> {
        self.offset..self.offset.saturating_add(doe::SIZE)
    }

    fn register(&self, offset: u16) -> Option<u16> {
        self.registers().contains(&offset).then(|| offset.wrapping_sub(self.offset))
    }

    /// Claims are looked at before the first DW of a request, before GO, and before whatever belongs to no exchange of
    /// ours; in between only what cannot harm an exchange of the kernel's more than has been done already goes on.
    fn is_checked(&self, offset: u16) -> bool {
        match self.register(offset) {
            Some(doe::WRITE_MAILBOX) => self.stage == Stage::Writing,
            Some(doe::READ_MAILBOX) => self.stage == Stage::Sent,
            _ => false,
        }
    }

    fn written(&mut self, offset: u16, value: u32) {
        self.stage = match self.register(offset) {
            Some(doe::WRITE_MAILBOX) => Stage::Writing,
            Some(doe::CONTROL) if Control::from_bits_truncate(value).contains(Control::ABORT) => Stage::Idle,
            Some(doe::CONTROL) if Control::from_bits_truncate(value).contains(Control::GO) => Stage::Sent,
            _ => return,
        };
    }
}
