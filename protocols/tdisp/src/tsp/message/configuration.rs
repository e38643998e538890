//! How a device works: what SET_TARGET_CONFIGURATION and GET_TARGET_CONFIGURATION_RSP have in common, and the keys of
//! secondary sessions that only the first has.

use core::fmt;

use bitflags::bitflags;
use subtle::ConstantTimeEq;

use super::{Algorithms, SECONDARY_SESSIONS, TeFeatures};
use crate::cursor::{Reader, Writer};
use crate::{Malformed, NoRoom};

bitflags! {
    /// How memory is encrypted. The bits are not those of [`super::EncryptionSupport`].
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct EncryptionFeatures: u16 {
        /// At all.
        const ENCRYPTION = 1 << 0;
        /// With a key for each context key identifier (CKID).
        const CKID = 1 << 1;
        /// With a key for each range.
        const RANGE = 1 << 2;
        /// CKIDs are insisted on.
        const CKID_REQUIRED = 1 << 3;
    }
}

bitflags! {
    /// What else is to be.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct ConfigurationFeatures: u16 {
        /// Firmware updates while locked.
        const LOCKED_FIRMWARE_UPDATE = 1 << 0;
        /// The memory is for a special purpose; said to a device, and not said by it.
        const SPECIAL_PURPOSE_MEMORY = 1 << 1;
    }
}

/// A size for which the link can change the TE state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Granularity {
    /// The size.
    pub te_state: u64,
    /// Which length of the link's messages stands for it, 0-7; 0xff where the entry is not used.
    pub length_index: u8,
}

impl Granularity {
    /// An entry that is not used.
    pub const UNUSED: Self = Self { te_state: 0, length_index: 0xff };
    const RESERVED: usize = 7;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let (te_state, length_index) = (reader.u64()?, reader.u8()?);
        reader.take(Self::RESERVED)?;
        Ok(Self { te_state, length_index })
    }

    fn encode(self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        writer.u64(self.te_state)?;
        writer.u8(self.length_index)?;
        writer.zeros(Self::RESERVED)
    }
}

impl Default for Granularity {
    fn default() -> Self {
        Self::UNUSED
    }
}

/// How a device works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Configuration {
    /// How it encrypts memory.
    pub encryption: EncryptionFeatures,
    /// With which cipher: one.
    pub algorithm: Algorithms,
    /// How memory becomes a trusted domain's.
    pub te: TeFeatures,
    /// For which size a message does that: one bit, of 64 << n bytes.
    pub out_of_band_granularity: u32,
    /// What else.
    pub features: ConfigurationFeatures,
    /// The first context key identifier.
    pub ckid_base: u32,
    /// How many there are.
    pub ckids: u32,
    /// For which sizes the link does that.
    pub in_band_granularity: [Granularity; 8],
}

impl Configuration {
    const RESERVED: usize = 16;

    /// As a device tells it.
    pub(crate) fn told(&self) -> Self {
        let features = self.features.difference(ConfigurationFeatures::SPECIAL_PURPOSE_MEMORY);
        Self { features, ..*self }
    }

    /// Reads it; with the byte that is the state in an answer, and reserved in a request.
    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<(Self, u8), Malformed> {
        let encryption = EncryptionFeatures::from_bits_retain(reader.u16()?);
        let algorithm = Algorithms::from_bits_retain(reader.u32()?);
        reader.take(4)?;
        let te = TeFeatures::from_bits_retain(reader.u16()?);
        reader.take(2)?;
        let out_of_band_granularity = reader.u32()?;
        reader.take(4)?;
        let features = ConfigurationFeatures::from_bits_retain(reader.u16()?);
        reader.take(2)?;
        let (ckid_base, ckids, state) = (reader.u32()?, reader.u32()?, reader.u8()?);
        reader.take(11)?;
        let mut in_band_granularity = [Granularity::UNUSED; 8];
        for entry in &mut in_band_granularity {
            *entry = Granularity::decode(reader)?;
        }
        reader.take(Self::RESERVED)?;
        let configuration = Self {
            encryption,
            algorithm,
            te,
            out_of_band_granularity,
            features,
            ckid_base,
            ckids,
            in_band_granularity,
        };
        Ok((configuration, state))
    }

    pub(super) fn encode(&self, state: u8, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        writer.u16(self.encryption.bits())?;
        writer.u32(self.algorithm.bits())?;
        writer.zeros(4)?;
        writer.u16(self.te.bits())?;
        writer.zeros(2)?;
        writer.u32(self.out_of_band_granularity)?;
        writer.zeros(4)?;
        writer.u16(self.features.bits())?;
        writer.zeros(2)?;
        writer.u32(self.ckid_base)?;
        writer.u32(self.ckids)?;
        writer.u8(state)?;
        writer.zeros(11)?;
        self.in_band_granularity.iter().try_for_each(|entry| entry.encode(writer))?;
        writer.zeros(Self::RESERVED)
    }
}

/// Bytes in the key of a secondary session.
const KEY: usize = 32;

/// The keys that secondary sessions will be begun with. They are not printed, and compared in constant time.
#[derive(Clone, Copy)]
pub struct Secondary<'a> {
    /// Which of the keys are to be used: bit n for key n.
    pub valid: u16,
    /// Which context key identifiers the sessions have.
    pub ckid_type: u8,
    /// The keys, 32 bytes each.
    pub keys: &'a [u8; KEY * SECONDARY_SESSIONS],
}

impl<'a> Secondary<'a> {
    /// No secondary sessions.
    pub const NONE: Secondary<'static> =
        Secondary { valid: 0, ckid_type: 0, keys: &[0; KEY * SECONDARY_SESSIONS] };

    /// The key of a session, 0-3, if it is to be used.
    #[must_use]
    pub fn key(&self, session: usize) -> Option<&'a [u8; KEY]> {
        let bit = u32::try_from(session).ok().and_then(|session| 1_u16.checked_shl(session))?;
        self.keys.as_chunks().0.get(session).filter(|_| self.valid & bit != 0)
    }

    pub(super) fn decode(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let valid = reader.u16()?;
        reader.take(14)?;
        let ckid_type = reader.u8()?;
        reader.take(15)?;
        Ok(Self { valid, ckid_type, keys: reader.array()? })
    }

    pub(super) fn encode(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        writer.u16(self.valid)?;
        writer.zeros(14)?;
        writer.u8(self.ckid_type)?;
        writer.zeros(15)?;
        writer.bytes(self.keys)
    }
}

impl PartialEq for Secondary<'_> {
    fn eq(&self, other: &Self) -> bool {
        let is_same = bool::from(self.keys.as_slice().ct_eq(other.keys.as_slice()));
        is_same && (self.valid, self.ckid_type) == (other.valid, other.ckid_type)
    }
}

impl Eq for Secondary<'_> {}

impl fmt::Debug for Secondary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secondary {{ valid: {:#x}, ckid_type: {}, .. }}", self.valid, self.ckid_type)
    }
}
