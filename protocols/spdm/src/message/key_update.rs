//! KEY_UPDATE and KEY_UPDATE_ACK (DSP0274 1.3, 10.21).

use super::{Header, Malformed, NoRoom, Reader, Request, Response, Writer, finish};
use crate::Version;

/// What is to become of a session's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum KeyOperation {
    /// The requester's key is replaced.
    UpdateKey = 1,
    /// The keys of both sides are replaced.
    UpdateAllKeys = 2,
    /// This message shows that the new key works.
    VerifyNewKey = 3,
}

impl KeyOperation {
    /// The one with that value.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::UpdateKey),
            2 => Some(Self::UpdateAllKeys),
            3 => Some(Self::VerifyNewKey),
            _ => None,
        }
    }
}

/// KEY_UPDATE, or KEY_UPDATE_ACK, which repeats it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUpdate {
    /// What is to be done.
    pub operation: KeyOperation,
    /// A number that the answer repeats.
    pub tag: u8,
}

impl KeyUpdate {
    /// Reads it; returns the message's length too.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(header: Header, reader: &Reader<'_>) -> Result<(Self, usize), Malformed> {
        let operation = KeyOperation::from_byte(header.param1).ok_or(Malformed::Field("key operation"))?;
        Ok((Self { operation, tag: header.param2 }, finish(reader)?))
    }

    /// Writes it.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode(&self, version: Version, is_request: bool, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        let code = if is_request { Request::KeyUpdate.byte() } else { Response::KeyUpdateAck.byte() };
        let header = Header { version: version.byte(), code, param1: self.operation as u8, param2: self.tag };
        header.encode(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(message: &[u8]) -> Result<(KeyUpdate, usize), Malformed> {
        let mut reader = Reader::new(message);
        let header = Header::decode(&mut reader)?;
        KeyUpdate::decode(header, &reader)
    }

    #[test]
    fn every_operation_comes_back_in_both_directions() {
        for (is_request, code) in [(true, 0xe9), (false, 0x69)] {
            for (operation, byte) in [
                (KeyOperation::UpdateKey, 1),
                (KeyOperation::UpdateAllKeys, 2),
                (KeyOperation::VerifyNewKey, 3),
            ] {
                let mut buffer = [0; 4];
                let update = KeyUpdate { operation, tag: 0xa5 };
                update.encode(Version::V1_3, is_request, &mut Writer::new(&mut buffer)).unwrap();
                assert_eq!(buffer, [0x13, code, byte, 0xa5]);
                assert_eq!(decode(&buffer), Ok((update, 4)));
            }
        }
    }

    #[test]
    fn other_operations_and_other_lengths_are_refused() {
        for byte in [0, 4, 0xff] {
            assert_eq!(decode(&[0x13, 0xe9, byte, 0]), Err(Malformed::Field("key operation")), "{byte}");
        }
        assert_eq!(decode(&[0x13, 0xe9, 1]), Err(Malformed::Short));
        assert_eq!(decode(&[0x13, 0xe9, 1, 0, 2]), Err(Malformed::Trailing(1)));
    }
}
