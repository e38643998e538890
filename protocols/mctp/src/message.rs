//! A whole message: its first byte and what follows (DSP0236, 8.2).

use crate::MessageType;

/// Bit 7 of the first byte: the message ends with an integrity check of its own.
const INTEGRITY_CHECK: u8 = 0x80;

/// A message over borrowed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// What it is about.
    pub message_type: MessageType,
    /// Whether it ends with an integrity check. SPDM and secured messages have none (DSP0275, DSP0276).
    pub integrity_check: bool,
    /// What follows the first byte.
    pub body: &'a [u8],
}

/// What is wrong with a message, or with the place for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// Not even the byte with the type.
    #[error("an MCTP message of no bytes")]
    Empty,
    /// The buffer to write into is too short.
    #[error("{needed} bytes do not fit a buffer of {room}")]
    NoRoom {
        /// Bytes the message takes.
        needed: usize,
        /// Bytes there are.
        room: usize,
    },
}

impl<'a> Message<'a> {
    /// A message of this type without an integrity check.
    #[must_use]
    pub const fn new(message_type: MessageType, body: &'a [u8]) -> Self {
        Self { message_type, integrity_check: false, body }
    }

    /// Reads a message that fills `bytes`.
    ///
    /// # Errors
    /// [`MessageError::Empty`] for no bytes.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, MessageError> {
        let (first, body) = bytes.split_first().ok_or(MessageError::Empty)?;
        let message_type = MessageType::of_byte(*first);
        Ok(Self { message_type, integrity_check: first & INTEGRITY_CHECK != 0, body })
    }

    /// The byte it begins with.
    #[must_use]
    pub const fn first_byte(&self) -> u8 {
        self.message_type.number() | if self.integrity_check { INTEGRITY_CHECK } else { 0 }
    }

    /// Writes the message to the front of `out` and returns its length in bytes.
    ///
    /// # Errors
    /// [`MessageError::NoRoom`] where `out` is shorter than the message; it is then unchanged.
    pub fn write_to(&self, out: &mut [u8]) -> Result<usize, MessageError> {
        let needed = self.body.len().saturating_add(1);
        let short = MessageError::NoRoom { needed, room: out.len() };
        let (first, body) = out.get_mut(..needed).and_then(<[u8]>::split_first_mut).ok_or(short)?;
        *first = self.first_byte();
        body.copy_from_slice(self.body);
        Ok(needed)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_highest_bit_is_no_part_of_the_type() {
        let message = Message::parse(&[0x85, 0x10]).unwrap();
        assert_eq!(message.message_type, MessageType::SPDM);
        assert!(message.integrity_check);
        assert_eq!(message.body, [0x10]);
    }

    #[test]
    fn no_bytes_are_no_message() {
        assert_eq!(Message::parse(&[]), Err(MessageError::Empty));
    }

    #[test]
    fn a_message_that_does_not_fit_leaves_the_buffer_alone() {
        let message = Message::new(MessageType::SPDM, &[1, 2, 3]);
        let mut out = [0xee; 3];
        assert_eq!(message.write_to(&mut out), Err(MessageError::NoRoom { needed: 4, room: 3 }));
        assert_eq!(out, [0xee; 3]);
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_again(bytes in proptest::collection::vec(any::<u8>(), 1..64)) {
            let message = Message::parse(&bytes).unwrap();
            let mut out = [0; 64];
            let length = message.write_to(&mut out).unwrap();
            prop_assert_eq!(&out[..length], &bytes[..]);
        }
    }
}
