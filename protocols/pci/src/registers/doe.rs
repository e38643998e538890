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

/// What a mailbox is doing at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activity {
    /// DOE Control. The bits that act read as zero.
    pub control: Control,
    /// DOE Status.
    pub status: Status,
}

impl Activity {
    /// Reads Control and Status of the capability at `offset`: two registers. Reading them disturbs nobody.
    pub fn read<C: ConfigSpace>(config: &mut C, offset: u16) -> Result<Self, AccessError> {
        let control = super::field::extended(config, offset, CONTROL)?;
        let status = super::field::extended(config, offset, STATUS)?;
        Ok(Self { control: Control::from_bits_truncate(control), status: Status::from_bits_truncate(status) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Image;

    #[test]
    fn a_mailbox_that_can_interrupt_with_a_stranger_at_work() {
        let mut image = Image::new(4096).with(0x164, 0x0000_1fff).with(0x168, 2).with(0x16c, 0x8000_0001);
        let doe = Doe::read(&mut image, 0x160, 1).unwrap();
        assert_eq!((doe.interrupt, doe.attention, doe.async_messages), (Some(0x7ff), true, false));
        let activity = Activity::read(&mut image, 0x160).unwrap();
        assert_eq!(activity.control, Control::INTERRUPT_ENABLE);
        assert_eq!(activity.status, Status::BUSY | Status::READY);
    }

    #[test]
    fn a_message_number_means_nothing_without_interrupt_support() {
        let doe = Doe::read(&mut Image::new(4096).with(0x164, 0x2ffe), 0x160, 2).unwrap();
        assert_eq!((doe.interrupt, doe.async_messages), (None, true));
    }

    #[test]
    fn a_mailbox_at_the_very_end_is_refused() {
        assert_eq!(Doe::read(&mut Image::new(4096), 0xffc, 1), Err(AccessError::OutOfRange(0x1000)));
        assert_eq!(Activity::read(&mut Image::new(4096), 0xffff), Err(AccessError::OutOfRange(0xffff)));
    }
}
