//! Data Object Exchange extended capability (PCIe 6.x, 7.9.24; first in the DOE ECN).

use bitflags::bitflags;

use crate::{AccessError, ConfigSpace};

/// Extended capability ID.
pub const ID: u16 = 0x002e;
/// From this capability version on, discovery requests carry version 2 (DOE 1.1).
pub const VERSION_1_1: u8 = 2;
/// Size of the register block in bytes, capability header included.
pub const SIZE: u16 = 0x18;

/// Offset of the DOE Capabilities register from the capability.
pub const CAPABILITIES: u16 = 0x04;
/// Offset of the DOE Control register.
pub const CONTROL: u16 = 0x08;
/// Offset of the DOE Status register.
pub const STATUS: u16 = 0x0c;
/// Offset of the DOE Write Data Mailbox register.
pub const WRITE_MAILBOX: u16 = 0x10;
/// Offset of the DOE Read Data Mailbox register.
pub const READ_MAILBOX: u16 = 0x14;

bitflags! {
    /// DOE Control register.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Control: u32 {
        /// Discard everything in both mailboxes; reads as zero.
        const ABORT = 1;
        /// Interrupt on the rise of Data Object Ready, Error or Async Message Status.
        const INTERRUPT_ENABLE = 1 << 1;
        /// The host takes asynchronous messages.
        const ASYNC_MESSAGE_ENABLE = 1 << 3;
        /// The object in the write mailbox is complete; reads as zero.
        const GO = 1 << 31;
    }
}

bitflags! {
    /// DOE Status register. Bits that are not named here read as zero.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Status: u32 {
        /// The mailbox takes no new object at present. Also set while an abort is carried out.
        const BUSY = 1;
        /// An interrupt has been signalled; write one to clear.
        const INTERRUPT = 1 << 1;
        /// The mailbox is unusable until it is aborted.
        const ERROR = 1 << 2;
        /// The device has an asynchronous message.
        const ASYNC_MESSAGE = 1 << 3;
        /// An answer, or the rest of one, waits in the read mailbox.
        const READY = 1 << 31;
    }
}

/// The part of the capability that does not change: where it is and what it can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doe {
    /// Offset of the capability in configuration space.
    pub offset: u16,
    /// Capability version.
    pub version: u8,
    /// The MSI or MSI-X message number, where the instance can interrupt.
    pub interrupt: Option<u16>,
    /// Attention mechanism supported. Bit 12, known from secondary sources only.
    pub attention: bool,
    /// Asynchronous messages supported. Bit 13, unconfirmed.
    pub async_messages: bool,
}

impl Doe {
    /// Reads the capability at `offset`, whose header said `version`.
    pub fn read<C: ConfigSpace>(config: &mut C, offset: u16, version: u8) -> Result<Self, AccessError> {
        let register = offset.checked_add(CAPABILITIES).ok_or(AccessError::OutOfRange(offset))?;
        let bits = config.read(register)?;
        Ok(Self {
            offset,
            version,
            interrupt: (bits & 1 != 0).then_some((bits >> 1 & 0x7ff) as u16),
            attention: bits >> 12 & 1 != 0,
            async_messages: bits >> 13 & 1 != 0,
        })
    }
}
