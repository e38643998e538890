//! What GET_TARGET_CAPABILITIES_RSP says.

use bitflags::bitflags;

use crate::cursor::{Reader, Writer};
use crate::{Malformed, NoRoom};

/// The most secondary sessions there can be.
pub const SECONDARY_SESSIONS: usize = 4;

bitflags! {
    /// How a device can encrypt memory. The bits are not those of [`super::EncryptionFeatures`].
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct EncryptionSupport: u16 {
        /// At all.
        const ENCRYPTION = 1 << 0;
        /// With a key for each context key identifier (CKID).
        const CKID = 1 << 1;
        /// With a key for each range.
        const RANGE = 1 << 2;
        /// With randomness that the host gives.
        const INITIATOR_ENTROPY = 1 << 3;
        /// It can insist on CKIDs.
        const CKID_REQUIRED = 1 << 4;
    }
}

bitflags! {
    /// Ciphers for memory.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Algorithms: u32 {
        /// AES-XTS with keys of 128 bits.
        const AES_XTS_128 = 1 << 0;
        /// AES-XTS with keys of 256 bits.
        const AES_XTS_256 = 1 << 1;
        /// A vendor's own.
        const VENDOR = 1 << 31;
    }
}

bitflags! {
    /// How memory becomes a trusted domain's (its TE state), and what that protects it from.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct TeFeatures: u16 {
        /// It cannot be written from outside.
        const WRITE_ACCESS_CONTROL = 1 << 0;
        /// It cannot be read from outside.
        const READ_ACCESS_CONTROL = 1 << 1;
        /// A write changes the state.
        const IMPLICIT_CHANGE = 1 << 2;
        /// SET_TARGET_TE_STATE changes the state.
        const EXPLICIT_OUT_OF_BAND_CHANGE = 1 << 3;
        /// A message on the link changes the state.
        const EXPLICIT_IN_BAND_CHANGE = 1 << 4;
        /// What it held is wiped.
        const SANITIZE = 1 << 5;
    }
}

bitflags! {
    /// What else a device can do.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct ConfigurationSupport: u16 {
        /// Firmware updates while locked.
        const LOCKED_FIRMWARE_UPDATE = 1 << 0;
        /// Secondary sessions.
        const ADDITIONAL_SESSIONS = 1 << 1;
    }
}

/// What GET_TARGET_CAPABILITIES_RSP says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// How it can encrypt memory.
    pub encryption: EncryptionSupport,
    /// With which ciphers.
    pub algorithms: Algorithms,
    /// Ranges that can have a key of their own.
    pub range_keys: u16,
    /// How memory becomes a trusted domain's.
    pub te: TeFeatures,
    /// Sizes for which a message can do that: bit n is 64 << n bytes.
    pub out_of_band_granularity: u32,
    /// Sizes for which the link can do that: bit n, up to 10, is 64 << n bytes; bit 31 is all the memory.
    pub in_band_granularity: u32,
    /// What else it can do.
    pub configuration: ConfigurationSupport,
    /// Context key identifiers.
    pub ckids: u32,
    /// Secondary sessions.
    pub secondary_sessions: u8,
}

impl Capabilities {
    const RESERVED: usize = 19;

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let encryption = EncryptionSupport::from_bits_retain(reader.u16()?);
        let algorithms = Algorithms::from_bits_retain(reader.u32()?);
        let range_keys = reader.u16()?;
        reader.take(2)?;
        let te = TeFeatures::from_bits_retain(reader.u16()?);
        reader.take(2)?;
        let (out_of_band_granularity, in_band_granularity) = (reader.u32()?, reader.u32()?);
        let configuration = ConfigurationSupport::from_bits_retain(reader.u16()?);
        reader.take(2)?;
        let (ckids, secondary_sessions) = (reader.u32()?, reader.u8()?);
        reader.take(Self::RESERVED)?;
        Ok(Self {
            encryption,
            algorithms,
            range_keys,
            te,
            out_of_band_granularity,
            in_band_granularity,
            configuration,
            ckids,
            secondary_sessions,
        })
    }

    pub(super) fn encode(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        writer.u16(self.encryption.bits())?;
        writer.u32(self.algorithms.bits())?;
        writer.u16(self.range_keys)?;
        writer.zeros(2)?;
        writer.u16(self.te.bits())?;
        writer.zeros(2)?;
        writer.u32(self.out_of_band_granularity)?;
        writer.u32(self.in_band_granularity)?;
        writer.u16(self.configuration.bits())?;
        writer.zeros(2)?;
        writer.u32(self.ckids)?;
        writer.u8(self.secondary_sessions)?;
        writer.zeros(Self::RESERVED)
    }
}
