//! What LOCK_INTERFACE_REQUEST asks for.

use bitflags::bitflags;

use crate::cursor::{Reader, Writer};
use crate::{Malformed, NoRoom};

bitflags! {
    /// What is to be fixed with the lock, and what is to be possible after it.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct LockFlags: u16 {
        /// No firmware update until the interface is stopped.
        const NO_FIRMWARE_UPDATE = 1 << 0;
        /// The system's cache line size.
        const SYSTEM_CACHE_LINE_SIZE = 1 << 1;
        /// The MSI-X table and its pending bits.
        const LOCK_MSIX = 1 << 2;
        /// Streams to other devices may be bound.
        const BIND_P2P = 1 << 3;
        /// All requests go by way of the root complex.
        const ALL_REQUEST_REDIRECT = 1 << 4;
    }
}

/// What LOCK_INTERFACE_REQUEST asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    /// What is to be fixed.
    pub flags: LockFlags,
    /// The IDE stream by which the interface reaches the host.
    pub default_stream: u8,
    /// Added to the addresses in the report, so that they show the trusted domain's and not the host's, in bytes.
    pub mmio_reporting_offset: u64,
    /// Which bits of an address tell that it is another device's.
    pub p2p_address_mask: u64,
}

impl Lock {
    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let flags = LockFlags::from_bits_retain(reader.u16()?);
        let default_stream = reader.u8()?;
        reader.u8()?;
        let (mmio_reporting_offset, p2p_address_mask) = (reader.u64()?, reader.u64()?);
        Ok(Self { flags, default_stream, mmio_reporting_offset, p2p_address_mask })
    }

    pub(super) fn encode(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        writer.u16(self.flags.bits())?;
        writer.bytes(&[self.default_stream, 0])?;
        writer.u64(self.mmio_reporting_offset)?;
        writer.u64(self.p2p_address_mask)
    }
}
