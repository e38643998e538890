//! Data objects: the two header DWs and the payload (PCIe 6.x, 6.30.1).

use core::fmt;

use crate::Protocol;

/// The longest object: 2^18 DW, 1 MiB, header included. Its length field reads 0.
pub const MAX_DWORDS: u32 = 1 << 18;
/// The shortest object: a header alone.
pub const MIN_DWORDS: u32 = 2;
/// The largest connection ID.
pub const MAX_CONNECTION: u16 = 0xfff;

/// A data object header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Whose object it is.
    pub protocol: Protocol,
    /// Connection ID, 0-0xfff; meaningful where [`Protocol::has_connection`], otherwise 0.
    pub connection: u16,
    /// Length of the object in DW, header included: [`MIN_DWORDS`] to [`MAX_DWORDS`].
    dwords: u32,
}

/// What is wrong with a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// The length field is 1, less than the header itself.
    #[error("length field 1 is shorter than the object header")]
    TooShort,
    /// More payload than the longest object holds.
    #[error("a payload of {bytes} bytes exceeds the longest object")]
    TooLong {
        /// Length of the payload.
        bytes: usize,
    },
    /// Connection ID over 12 bits, or one on a protocol that has none.
    #[error("connection ID {0:#x} does not fit the object")]
    Connection(u16),
}

impl Header {
    /// The header of an object of `protocol` with `payload` bytes after it, which are padded to whole DWs.
    ///
    /// # Errors
    /// [`HeaderError::Connection`] for a connection ID that the protocol's objects cannot carry,
    /// [`HeaderError::TooLong`] for more than 1,048,568 bytes.
    pub fn new(protocol: Protocol, connection: u16, payload: usize) -> Result<Self, HeaderError> {
        if connection > MAX_CONNECTION || connection != 0 && !protocol.has_connection() {
            return Err(HeaderError::Connection(connection));
        }
        let too_long = HeaderError::TooLong { bytes: payload };
        let dwords = u32::try_from(payload.div_ceil(4)).ok().and_then(|n| n.checked_add(MIN_DWORDS));
        let dwords = dwords.filter(|n| *n <= MAX_DWORDS).ok_or(too_long)?;
        Ok(Self { protocol, connection, dwords })
    }

    /// Decodes the first two DWs of an object. Reserved bits are ignored, as a receiver must.
    ///
    /// # Errors
    /// [`HeaderError::TooShort`] for a length field of 1.
    pub fn decode(first: u32, second: u32) -> Result<Self, HeaderError> {
        let [v0, v1, kind, _] = first.to_le_bytes();
        let protocol = Protocol::new(u16::from_le_bytes([v0, v1]), kind);
        let dwords = match second & 0x3_ffff {
            0 => MAX_DWORDS,
            1 => return Err(HeaderError::TooShort),
            n => n,
        };
        let connection = if protocol.has_connection() { (second >> 18 & 0xfff) as u16 } else { 0 };
        Ok(Self { protocol, connection, dwords })
    }

    /// The two DWs of this header.
    #[must_use]
    pub fn encode(&self) -> [u32; 2] {
        let first = u32::from(self.protocol.vendor) | u32::from(self.protocol.kind) << 16;
        [first, self.dwords & 0x3_ffff | u32::from(self.connection) << 18]
    }

    /// Length of the object in DW, header included.
    #[must_use]
    pub fn dwords(&self) -> u32 {
        self.dwords
    }

    /// Length of the payload in bytes, padding included.
    #[must_use]
    pub fn payload_len(&self) -> usize {
        // At most 2^20, which fits every usize this code can address.
        usize::try_from(self.dwords.saturating_sub(MIN_DWORDS).saturating_mul(4)).unwrap_or(usize::MAX)
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} DW", self.protocol, self.dwords)?;
        if self.protocol.has_connection() {
            write!(f, " connection {}", self.connection)?;
        }
        Ok(())
    }
}

/// A whole object over borrowed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Object<'a> {
    /// Its header.
    pub header: Header,
    /// What follows the header, padding included where it was read from bytes.
    pub payload: &'a [u8],
}

/// What is wrong with the bytes of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// Not even a header.
    #[error("{0} bytes are shorter than an object header (8)")]
    NoHeader(usize),
    /// The header itself.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The header names another length than there are bytes.
    #[error("the header names {named} bytes, there are {present}")]
    Length {
        /// Bytes by the header's length field.
        named: usize,
        /// Bytes there are.
        present: usize,
    },
    /// The buffer to write into is too short.
    #[error("{needed} bytes do not fit a buffer of {room}")]
    NoRoom {
        /// Bytes the object takes.
        needed: usize,
        /// Bytes there are.
        room: usize,
    },
}

impl<'a> Object<'a> {
    /// The object with this payload.
    ///
    /// # Errors
    /// As [`Header::new`].
    pub fn new(protocol: Protocol, connection: u16, payload: &'a [u8]) -> Result<Self, HeaderError> {
        Ok(Self { header: Header::new(protocol, connection, payload.len())?, payload })
    }

    /// Reads an object that fills `bytes` exactly.
    ///
    /// # Errors
    /// [`ObjectError::NoHeader`] for less than 8 bytes, [`ObjectError::Header`] for a header that is none, and
    /// [`ObjectError::Length`] where its length is not that of `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ObjectError> {
        let (head, payload) = bytes.split_first_chunk::<8>().ok_or(ObjectError::NoHeader(bytes.len()))?;
        let [a, b, c, d, e, f, g, h] = *head;
        let header = Header::decode(u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]))?;
        if payload.len() != header.payload_len() {
            let named = header.payload_len().saturating_add(8);
            return Err(ObjectError::Length { named, present: bytes.len() });
        }
        Ok(Self { header, payload })
    }

    /// Writes the object, zero-padded to whole DWs, to the front of `out` and returns its length in bytes.
    ///
    /// # Errors
    /// [`ObjectError::NoRoom`] where `out` is shorter than the object; it is then unchanged.
    pub fn write_to(&self, out: &mut [u8]) -> Result<usize, ObjectError> {
        let room = out.len();
        let needed = self.header.payload_len().saturating_add(8);
        let short = ObjectError::NoRoom { needed, room };
        let (head, body) = out.get_mut(..needed).and_then(<[u8]>::split_first_chunk_mut::<8>).ok_or(short)?;
        let [first, second] = self.header.encode();
        head[..4].copy_from_slice(&first.to_le_bytes());
        head[4..].copy_from_slice(&second.to_le_bytes());
        let (payload, padding) = body.split_at_mut_checked(self.payload.len()).ok_or(short)?;
        payload.copy_from_slice(self.payload);
        padding.fill(0);
        Ok(needed)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]
    use super::*;

    const SPDM3: Protocol = Protocol::CMA_SPDM_WITH_CONNECTION;

    #[test]
    fn length_zero_is_the_longest_object_and_one_is_none() {
        let longest = Header::decode(0x0002_1e98, 0).unwrap();
        assert_eq!(longest.dwords(), 262_144);
        assert_eq!(longest.payload_len(), 1_048_568);
        assert_eq!(longest.encode(), [0x0002_1e98, 0]);
        assert_eq!(Header::decode(0x0002_1e98, 1), Err(HeaderError::TooShort));
        assert_eq!(Header::decode(0x0002_1e98, 2).unwrap().payload_len(), 0);
    }

    #[test]
    fn reserved_bits_are_ignored_and_sent_as_zero() {
        let header = Header::decode(0xff00_0001, 0xfffc_0003).unwrap();
        assert_eq!(header.encode(), [0x0000_0001, 3]);
    }

    #[test]
    fn the_connection_id_lives_in_types_3_and_4_only() {
        let header = Header::new(SPDM3, 0xabc, 5).unwrap();
        assert_eq!(header.encode(), [0x0003_0001, 0xabc << 18 | 4]);
        assert_eq!(Header::decode(0x0003_0001, 0xabc << 18 | 4), Ok(header));
        assert_eq!(Header::new(Protocol::CMA_SPDM, 1, 0), Err(HeaderError::Connection(1)));
        assert_eq!(Header::new(SPDM3, 0x1000, 0), Err(HeaderError::Connection(0x1000)));
    }

    #[test]
    fn payloads_are_padded_up_to_the_2_18_rule() {
        let most = 4 * (MAX_DWORDS as usize - 2);
        assert_eq!(Header::new(SPDM3, 0, most).unwrap().dwords(), MAX_DWORDS);
        assert_eq!(Header::new(SPDM3, 0, most + 1), Err(HeaderError::TooLong { bytes: most + 1 }));
        assert_eq!(Header::new(SPDM3, 0, usize::MAX), Err(HeaderError::TooLong { bytes: usize::MAX }));

        let mut out = [0xee; 16];
        let object = Object::new(Protocol::CMA_SPDM, 0, &[1, 2, 3, 4, 5]).unwrap();
        assert_eq!(object.write_to(&mut out), Ok(16));
        assert_eq!(out, [1, 0, 1, 0, 4, 0, 0, 0, 1, 2, 3, 4, 5, 0, 0, 0]);
        assert_eq!(Object::parse(&out).unwrap().payload, [1, 2, 3, 4, 5, 0, 0, 0]);
        assert_eq!(object.write_to(&mut out[..15]), Err(ObjectError::NoRoom { needed: 16, room: 15 }));
    }

    #[test]
    fn bytes_that_disagree_with_their_header_are_refused() {
        assert_eq!(Object::parse(&[0; 7]), Err(ObjectError::NoHeader(7)));
        let bytes = [1, 0, 0, 0, 3, 0, 0, 0];
        assert_eq!(Object::parse(&bytes), Err(ObjectError::Length { named: 12, present: 8 }));
    }
}
