//! Advanced Error Reporting extended capability (PCIe 6.x, 7.8.4).

use bitflags::bitflags;

use super::field::{bits8, extended, high_half, low_half};
use super::pcie::PortType;
use crate::{AccessError, ConfigSpace};

/// Extended capability ID.
pub const ID: u16 = 0x0001;
/// Offset of the Uncorrectable Error Status register.
pub const UNCORRECTABLE_STATUS: u16 = 0x04;
/// Offset of the Uncorrectable Error Mask register.
pub const UNCORRECTABLE_MASK: u16 = 0x08;
/// Offset of the Uncorrectable Error Severity register.
pub const UNCORRECTABLE_SEVERITY: u16 = 0x0c;
/// Offset of the Correctable Error Status register.
pub const CORRECTABLE_STATUS: u16 = 0x10;
/// Offset of the Correctable Error Mask register.
pub const CORRECTABLE_MASK: u16 = 0x14;
/// Offset of the Advanced Error Capabilities and Control register.
pub const CONTROL: u16 = 0x18;
/// Offset of the Header Log, four registers.
pub const HEADER_LOG: u16 = 0x1c;
/// Offset of the Root Error Command register. Root ports and event collectors only, as all that follow.
pub const ROOT_COMMAND: u16 = 0x2c;
/// Offset of the Root Error Status register, whose bits 31:27 are the message number.
pub const ROOT_STATUS: u16 = 0x30;
/// Offset of the Error Source Identification register: correctable (15:0), uncorrectable (31:16).
pub const ERROR_SOURCE: u16 = 0x34;

bitflags! {
    /// Uncorrectable errors.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Uncorrectable: u32 {
        /// Data link protocol error.
        const DATA_LINK_PROTOCOL = 1 << 4;
        /// The link went down unexpectedly.
        const SURPRISE_DOWN = 1 << 5;
        /// Poisoned TLP received.
        const POISONED_TLP = 1 << 12;
        /// Flow control protocol error.
        const FLOW_CONTROL = 1 << 13;
        /// A completion did not come.
        const COMPLETION_TIMEOUT = 1 << 14;
        /// Completer abort.
        const COMPLETER_ABORT = 1 << 15;
        /// A completion that nobody waited for.
        const UNEXPECTED_COMPLETION = 1 << 16;
        /// Receiver overflow.
        const RECEIVER_OVERFLOW = 1 << 17;
        /// Malformed TLP.
        const MALFORMED_TLP = 1 << 18;
        /// End-to-end CRC wrong.
        const ECRC = 1 << 19;
        /// Unsupported request.
        const UNSUPPORTED_REQUEST = 1 << 20;
        /// Access control violation.
        const ACS_VIOLATION = 1 << 21;
        /// Internal error.
        const INTERNAL = 1 << 22;
        /// Multicast TLP blocked.
        const MULTICAST_BLOCKED = 1 << 23;
        /// AtomicOp blocked at egress.
        const ATOMIC_EGRESS_BLOCKED = 1 << 24;
        /// TLP prefix blocked.
        const PREFIX_BLOCKED = 1 << 25;
        /// Poisoned TLP blocked at egress.
        const POISONED_EGRESS_BLOCKED = 1 << 26;
        /// Deferrable write blocked at egress.
        const DMWR_EGRESS_BLOCKED = 1 << 27;
        /// IDE check failed.
        const IDE_CHECK_FAILED = 1 << 28;
        /// Misrouted IDE TLP.
        const MISROUTED_IDE = 1 << 29;
        /// Plaintext CRC of an IDE TLP wrong.
        const PCRC_CHECK_FAILED = 1 << 30;
        /// TLP translation blocked at egress.
        const TRANSLATION_EGRESS_BLOCKED = 1 << 31;
    }
}

bitflags! {
    /// Correctable errors.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Correctable: u32 {
        /// Receiver error.
        const RECEIVER = 1;
        /// TLP with a wrong CRC or sequence number.
        const BAD_TLP = 1 << 6;
        /// DLLP with a wrong CRC.
        const BAD_DLLP = 1 << 7;
        /// Replayed too often.
        const REPLAY_ROLLOVER = 1 << 8;
        /// Replay timer ran out.
        const REPLAY_TIMEOUT = 1 << 12;
        /// A non-fatal error, reported as advice.
        const ADVISORY_NON_FATAL = 1 << 13;
        /// Corrected internal error.
        const INTERNAL = 1 << 14;
        /// Header log overflowed.
        const HEADER_LOG_OVERFLOW = 1 << 15;
    }
}

bitflags! {
    /// The single bits of Advanced Error Capabilities and Control.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Control: u32 {
        /// Can generate end-to-end CRCs.
        const ECRC_GENERATION_CAPABLE = 1 << 5;
        /// Generates end-to-end CRCs.
        const ECRC_GENERATION = 1 << 6;
        /// Can check end-to-end CRCs.
        const ECRC_CHECK_CAPABLE = 1 << 7;
        /// Checks end-to-end CRCs.
        const ECRC_CHECK = 1 << 8;
        /// Can log several headers.
        const MULTIPLE_HEADERS_CAPABLE = 1 << 9;
        /// Logs several headers.
        const MULTIPLE_HEADERS = 1 << 10;
        /// The prefix log is valid.
        const PREFIX_LOG = 1 << 11;
        /// Logs the header of a request whose completion did not come.
        const COMPLETION_TIMEOUT_LOG = 1 << 12;
    }
}

bitflags! {
    /// The single bits of Root Error Status.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct RootStatus: u32 {
        /// A correctable error was reported.
        const CORRECTABLE = 1;
        /// More than one.
        const MULTIPLE_CORRECTABLE = 1 << 1;
        /// An uncorrectable error was reported.
        const UNCORRECTABLE = 1 << 2;
        /// More than one.
        const MULTIPLE_UNCORRECTABLE = 1 << 3;
        /// The first uncorrectable one was fatal.
        const FIRST_FATAL = 1 << 4;
        /// Non-fatal errors were reported.
        const NON_FATAL = 1 << 5;
        /// Fatal errors were reported.
        const FATAL = 1 << 6;
    }
}

bitflags! {
    /// Root Error Command: which reports interrupt.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct RootCommand: u32 {
        /// Correctable errors.
        const CORRECTABLE = 1;
        /// Non-fatal errors.
        const NON_FATAL = 1 << 1;
        /// Fatal errors.
        const FATAL = 1 << 2;
    }
}

/// What a root port or event collector knows of the errors below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Root {
    /// Which reports interrupt.
    pub command: RootCommand,
    /// What was reported.
    pub status: RootStatus,
    /// MSI or MSI-X message number, 0-31.
    pub interrupt_message: u8,
    /// Requester ID of the first correctable error.
    pub correctable_source: u16,
    /// Requester ID of the first uncorrectable error.
    pub uncorrectable_source: u16,
}

impl Root {
    /// Whether a function of this type has these registers.
    #[must_use]
    pub const fn is_in(port_type: PortType) -> bool {
        matches!(port_type, PortType::RootPort | PortType::EventCollector)
    }

    /// Reads the registers of a root port or an event collector: three.
    pub fn read<C: ConfigSpace>(config: &mut C, offset: u16) -> Result<Self, AccessError> {
        let command = extended(config, offset, ROOT_COMMAND)?;
        let status = extended(config, offset, ROOT_STATUS)?;
        let source = extended(config, offset, ERROR_SOURCE)?;
        Ok(Self {
            command: RootCommand::from_bits_truncate(command),
            status: RootStatus::from_bits_truncate(status),
            interrupt_message: bits8(status, 27, 5),
            correctable_source: low_half(source),
            uncorrectable_source: high_half(source),
        })
    }
}

/// The errors of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aer {
    /// Uncorrectable errors met.
    pub uncorrectable: Uncorrectable,
    /// Uncorrectable errors that are not reported.
    pub uncorrectable_mask: Uncorrectable,
    /// Uncorrectable errors that count as fatal.
    pub fatal: Uncorrectable,
    /// Correctable errors met.
    pub correctable: Correctable,
    /// Correctable errors that are not reported.
    pub correctable_mask: Correctable,
    /// Bit number of the first uncorrectable error that is logged, 0-31.
    pub first_error: u8,
    /// The single bits of Advanced Error Capabilities and Control.
    pub control: Control,
    /// Header of the TLP that caused the first error, as four registers.
    pub header_log: [u32; 4],
    /// What a root port or event collector has besides.
    pub root: Option<Root>,
}

impl Aer {
    /// Reads the capability at `offset` of a function of this type: ten registers, thirteen for a root.
    pub fn read<C: ConfigSpace>(
        config: &mut C,
        offset: u16,
        port_type: Option<PortType>,
    ) -> Result<Self, AccessError> {
        let uncorrectable = extended(config, offset, UNCORRECTABLE_STATUS)?;
        let uncorrectable_mask = extended(config, offset, UNCORRECTABLE_MASK)?;
        let fatal = extended(config, offset, UNCORRECTABLE_SEVERITY)?;
        let correctable = extended(config, offset, CORRECTABLE_STATUS)?;
        let correctable_mask = extended(config, offset, CORRECTABLE_MASK)?;
        let control = extended(config, offset, CONTROL)?;
        let is_root = port_type.is_some_and(Root::is_in);
        Ok(Self {
            uncorrectable: Uncorrectable::from_bits_truncate(uncorrectable),
            uncorrectable_mask: Uncorrectable::from_bits_truncate(uncorrectable_mask),
            fatal: Uncorrectable::from_bits_truncate(fatal),
            correctable: Correctable::from_bits_truncate(correctable),
            correctable_mask: Correctable::from_bits_truncate(correctable_mask),
            first_error: bits8(control, 0, 5),
            control: Control::from_bits_truncate(control),
            header_log: header_log(config, offset)?,
            root: is_root.then(|| Root::read(config, offset)).transpose()?,
        })
    }
}

fn header_log<C: ConfigSpace>(config: &mut C, offset: u16) -> Result<[u32; 4], AccessError> {
    let mut log = [0; 4];
    for (register, at) in log.iter_mut().zip((HEADER_LOG..).step_by(4)) {
        *register = extended(config, offset, at)?;
    }
    Ok(log)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Image;

    #[test]
    fn a_root_port_that_was_told_of_a_timeout() {
        let mut image = Image::new(4096)
            .with(0x104, 0x0000_4000)
            .with(0x10c, 0x0046_2030)
            .with(0x110, 0x2000)
            .with(0x114, 0x2000)
            .with(0x118, 0x00ae)
            .with(0x11c, 0x0400_0001)
            .with(0x128, 0xdead_beef)
            .with(0x12c, 7)
            .with(0x130, 0x2800_0024)
            .with(0x134, 0x0c00_0d00);
        let aer = Aer::read(&mut image, 0x100, Some(PortType::RootPort)).unwrap();
        assert_eq!(aer.uncorrectable, Uncorrectable::COMPLETION_TIMEOUT);
        assert!(aer.fatal.contains(Uncorrectable::SURPRISE_DOWN | Uncorrectable::INTERNAL));
        assert_eq!((aer.correctable, aer.first_error), (Correctable::ADVISORY_NON_FATAL, 14));
        assert_eq!(aer.control, Control::ECRC_GENERATION_CAPABLE | Control::ECRC_CHECK_CAPABLE);
        assert_eq!(aer.header_log, [0x0400_0001, 0, 0, 0xdead_beef]);
        let root = aer.root.unwrap();
        assert_eq!((root.interrupt_message, root.command.bits()), (5, 7));
        assert_eq!(root.status, RootStatus::UNCORRECTABLE | RootStatus::NON_FATAL);
        assert_eq!((root.correctable_source, root.uncorrectable_source), (0x0d00, 0x0c00));
    }

    #[test]
    fn an_endpoint_has_no_root_registers() {
        let aer = Aer::read(&mut Image::new(4096), 0xfd4, Some(PortType::Endpoint)).unwrap();
        assert_eq!(aer.root, None);
        assert!(Aer::read(&mut Image::new(4096), 0xfd4, Some(PortType::RootPort)).is_err());
    }
}
