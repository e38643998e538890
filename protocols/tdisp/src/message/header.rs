//! The header, and the interface it names.

use core::fmt;

use crate::cursor::{Reader, Writer};
use crate::{Malformed, NoRoom, PROTOCOL_ID, VERSION};

/// Bytes before a message's own fields: the protocol's byte and the header of 16.
pub const HEADER_SIZE: usize = 17;

/// Which interface: a function, by the requester ID its transactions have. Two that name the same function are equal,
/// whatever stands in reserved bits.
#[derive(Clone, Copy)]
pub struct InterfaceId(u32);

impl InterfaceId {
    const SEGMENT_VALID: u32 = 1 << 24;
    /// Requester ID, segment, and whether that is valid.
    const MEANING: u32 = 0x01ff_ffff;

    /// The function with this requester ID (bus 15:8, device 7:3, function 2:0), in a segment where there are several.
    #[must_use]
    pub fn new(requester: u16, segment: Option<u8>) -> Self {
        let segment = segment.map_or(0, |segment| u32::from(segment) << 16 | Self::SEGMENT_VALID);
        Self(u32::from(requester) | segment)
    }

    /// Of the field in a message, whatever it holds.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The field in a message.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The requester ID.
    #[must_use]
    pub const fn requester(self) -> u16 {
        let [low, high, _, _] = self.0.to_le_bytes();
        u16::from_le_bytes([low, high])
    }

    /// The segment, where it is valid.
    #[must_use]
    pub const fn segment(self) -> Option<u8> {
        let [_, _, segment, _] = self.0.to_le_bytes();
        if self.0 & Self::SEGMENT_VALID != 0 { Some(segment) } else { None }
    }
}

impl PartialEq for InterfaceId {
    fn eq(&self, other: &Self) -> bool {
        self.0 & Self::MEANING == other.0 & Self::MEANING
    }
}

impl Eq for InterfaceId {}

impl fmt::Display for InterfaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [low, bus] = self.requester().to_le_bytes();
        if let Some(segment) = self.segment() {
            write!(f, "{segment:04x}:")?;
        }
        write!(f, "{bus:02x}:{:02x}.{}", low >> 3, low & 7)
    }
}

impl fmt::Debug for InterfaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InterfaceId({:#010x})", self.0)
    }
}

/// What stands at the front of every message, after the protocol's byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The version, 0x10 for 1.0.
    pub version: u8,
    /// The message's type.
    pub code: u8,
    /// Which interface it is about.
    pub interface: InterfaceId,
}

impl Header {
    /// One of this side's version.
    #[must_use]
    pub const fn new(code: u8, interface: InterfaceId) -> Self {
        Self { version: VERSION, code, interface }
    }

    /// Reads it; what follows it too. What is reserved is not looked at.
    ///
    /// # Errors
    /// [`Malformed::Short`], [`Malformed::Protocol`].
    pub fn decode(payload: &[u8]) -> Result<(Self, &[u8]), Malformed> {
        let mut reader = Reader::new(payload);
        let protocol = reader.u8()?;
        if protocol != PROTOCOL_ID {
            return Err(Malformed::Protocol(protocol));
        }
        let (version, code) = (reader.u8()?, reader.u8()?);
        reader.take(2)?;
        let interface = InterfaceId(reader.u32()?);
        reader.take(8)?;
        Ok((Self { version, code, interface }, reader.rest()))
    }

    pub(crate) fn encode(self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        writer.bytes(&[PROTOCOL_ID, self.version, self.code, 0, 0])?;
        writer.u32(self.interface.0)?;
        writer.zeros(8)
    }
}
