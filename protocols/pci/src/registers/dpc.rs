//! Downstream Port Containment extended capability (PCIe 6.x, 7.9.14).

use bitflags::bitflags;

use super::field::{bits8, extended, high_half, low_half};
use crate::{AccessError, ConfigSpace};

/// Extended capability ID.
pub const ID: u16 = 0x001d;
/// Offset of the DPC Capability (15:0) and DPC Control (31:16) registers.
pub const CAPABILITY: u16 = 0x04;
/// Offset of the DPC Status (15:0) and DPC Error Source ID (31:16) registers.
pub const STATUS: u16 = 0x08;

bitflags! {
    /// The single bits of DPC Capability.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Capability: u16 {
        /// Root port extensions.
        const ROOT_PORT_EXTENSIONS = 1 << 5;
        /// Can block poisoned TLPs at egress.
        const POISONED_EGRESS_BLOCKING = 1 << 6;
        /// Can be triggered by software.
        const SOFTWARE_TRIGGER = 1 << 7;
        /// Can report that the link came up again.
        const LINK_ACTIVE_REPORT = 1 << 12;
    }
}

bitflags! {
    /// The single bits of DPC Control.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Control: u16 {
        /// Answers with Unsupported Request, not with Completer Abort.
        const COMPLETION_UNSUPPORTED = 1 << 2;
        /// Interrupts.
        const INTERRUPT = 1 << 3;
        /// Reports by ERR_COR.
        const ERR_COR = 1 << 4;
        /// Blocks poisoned TLPs at egress.
        const POISONED_EGRESS_BLOCKING = 1 << 5;
        /// Triggers; reads as zero.
        const SOFTWARE_TRIGGER = 1 << 6;
        /// Reports that the link came up again.
        const LINK_ACTIVE_REPORT = 1 << 7;
    }
}

bitflags! {
    /// The single bits of DPC Status.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Status: u16 {
        /// Containment was triggered: the link is held down.
        const TRIGGERED = 1;
        /// Interrupt was signalled.
        const INTERRUPT = 1 << 3;
        /// The root port is still busy with it.
        const ROOT_PORT_BUSY = 1 << 4;
    }
}

/// A port that takes its link down when an error comes up it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dpc {
    /// MSI or MSI-X message number, 0-31.
    pub interrupt_message: u8,
    /// The single bits of DPC Capability.
    pub capability: Capability,
    /// How much a root port logs of its programmed I/O, in registers.
    pub log_size: u8,
    /// What triggers it: 0 nothing, 1 fatal errors, 2 non-fatal ones as well.
    pub trigger: u8,
    /// The single bits of DPC Control.
    pub control: Control,
    /// The single bits of DPC Status.
    pub status: Status,
    /// Why it triggered: 0 an error of its own, 1 a non-fatal one from below, 2 a fatal one, 3 as the extension says.
    pub reason: u8,
    /// Extension of the reason: 0 root port's programmed I/O, 1 software.
    pub reason_extension: u8,
    /// Bit number of the first error of a root port's programmed I/O, 0-31.
    pub first_error: u8,
    /// Requester ID of the error from below.
    pub source: u16,
}

impl Dpc {
    /// Reads the capability at `offset`: two registers.
    pub fn read<C: ConfigSpace>(config: &mut C, offset: u16) -> Result<Self, AccessError> {
        let capability = extended(config, offset, CAPABILITY)?;
        let status = extended(config, offset, STATUS)?;
        Ok(Self {
            interrupt_message: bits8(capability, 0, 5),
            capability: Capability::from_bits_truncate(low_half(capability)),
            log_size: bits8(capability, 8, 4),
            trigger: bits8(capability, 16, 2),
            control: Control::from_bits_truncate(high_half(capability)),
            status: Status::from_bits_truncate(low_half(status)),
            reason: bits8(status, 1, 2),
            reason_extension: bits8(status, 5, 2),
            first_error: bits8(status, 8, 5),
            source: high_half(status),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Image;

    #[test]
    fn a_port_held_down_by_a_fatal_error_from_below() {
        let mut image = Image::new(4096).with(0x1d4, 0x000a_04c3).with(0x1d8, 0x0f00_1f0d);
        let dpc = Dpc::read(&mut image, 0x1d0).unwrap();
        assert_eq!((dpc.interrupt_message, dpc.trigger), (3, 2));
        assert_eq!(dpc.capability, Capability::POISONED_EGRESS_BLOCKING | Capability::SOFTWARE_TRIGGER);
        assert_eq!(dpc.control, Control::INTERRUPT);
        assert_eq!(dpc.status, Status::TRIGGERED | Status::INTERRUPT);
        assert_eq!((dpc.reason, dpc.reason_extension, dpc.source), (2, 0, 0x0f00));
        assert_eq!((dpc.log_size, dpc.first_error), (4, 31));
    }
}
