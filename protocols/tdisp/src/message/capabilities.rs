//! What TDISP_CAPABILITIES says.

use crate::cursor::{Reader, Writer};
use crate::{LockFlags, Malformed, NoRoom, RequestCode};

/// Which requests a device answers: 128 bits.
///
/// Which bit is whose differs between public implementations: spdm-emu counts from 0x80, so that bit 1 is
/// GET_TDISP_VERSION, and spdm-rs from 0x81. It is counted from 0x80 here, and a host that relies on a bit may be
/// wrong by one; asking is the way to know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requests(pub [u8; 16]);

impl Requests {
    /// The type that bit 0 stands for.
    const FIRST: u8 = 0x80;

    /// Of these.
    #[must_use]
    pub fn of(codes: impl IntoIterator<Item = RequestCode>) -> Self {
        let bits = codes.into_iter().fold(0, |bits, code| bits | Self::bit(code));
        Self(bits.to_le_bytes())
    }

    /// Whether it is among them.
    #[must_use]
    pub const fn contains(self, code: RequestCode) -> bool {
        u128::from_le_bytes(self.0) & Self::bit(code) != 0
    }

    const fn bit(code: RequestCode) -> u128 {
        1_u128.wrapping_shl(code.byte().wrapping_sub(Self::FIRST) as u32)
    }
}

/// What TDISP_CAPABILITIES says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Bits of the device's security manager; none is known.
    pub dsm: u32,
    /// Which requests it answers.
    pub requests: Requests,
    /// What it can fix.
    pub lock_flags: LockFlags,
    /// Bits in an address that it uses.
    pub address_width: u8,
    /// How many requests it takes at once for this interface.
    pub requests_this: u8,
    /// How many requests it takes at once for all its interfaces.
    pub requests_all: u8,
}

impl Capabilities {
    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let (dsm, requests) = (reader.u32()?, Requests(*reader.array()?));
        let lock_flags = LockFlags::from_bits_retain(reader.u16()?);
        reader.take(3)?;
        let [address_width, requests_this, requests_all] = *reader.array()?;
        Ok(Self { dsm, requests, lock_flags, address_width, requests_this, requests_all })
    }

    pub(super) fn encode(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        writer.u32(self.dsm)?;
        writer.bytes(&self.requests.0)?;
        writer.u16(self.lock_flags.bits())?;
        writer.zeros(3)?;
        writer.bytes(&[self.address_width, self.requests_this, self.requests_all])
    }
}
