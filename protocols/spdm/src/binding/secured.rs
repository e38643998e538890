//! What a transport adds to a secured message (DSP0277 1.2, 7).

use super::{MessageKind, tcp};
use crate::message::{Malformed, NoRoom, Reader, Writer};

/// The MCTP message type of SPDM (DSP0275).
const MCTP_SPDM: u8 = 5;

/// What a transport leaves to choice in a secured message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// What of the sequence number travels with a record.
    pub sequence: WireSequence,
    /// What stands before the message inside the record.
    pub application: ApplicationHead,
    /// The most random bytes that may follow the message inside the record, where it is encrypted.
    pub max_random: usize,
    /// The most zero bytes that may follow a record, to fill a unit of the transport.
    pub max_padding: usize,
}

/// What of the sequence number, which has 64 bits, travels with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireSequence {
    /// Nothing: the transport keeps the order, and both sides count.
    None,
    /// Its low two bytes.
    Low16,
}

/// What stands before the message inside a record, and is protected like it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApplicationHead {
    /// Nothing.
    None,
    /// The MCTP message type of SPDM: one byte, 05.
    MctpType,
    /// The head of a message outside a session over TCP (DSP0287): four bytes.
    Tcp,
}

impl Binding {
    /// PCIe data objects: whole double words.
    pub const DOE: Self = Self {
        sequence: WireSequence::None,
        application: ApplicationHead::None,
        max_random: 0,
        max_padding: 3,
    };
    /// MCTP (DSP0276).
    pub const MCTP: Self = Self {
        sequence: WireSequence::Low16,
        application: ApplicationHead::MctpType,
        max_random: 32,
        max_padding: 0,
    };
    /// TCP (DSP0287).
    pub const TCP: Self = Self {
        sequence: WireSequence::None,
        application: ApplicationHead::Tcp,
        max_random: 0,
        max_padding: 0,
    };
}

impl WireSequence {
    /// Length in bytes.
    #[must_use]
    #[inline]
    pub const fn size(self) -> usize {
        match self {
            Self::None => 0,
            Self::Low16 => 2,
        }
    }

    /// Writes what travels of a sequence number.
    pub(crate) fn encode(self, sequence: u64, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        match self {
            Self::None => Ok(()),
            Self::Low16 => writer.u16(low16(sequence)),
        }
    }

    /// Whether what has travelled is of this sequence number.
    pub(crate) fn is_next(self, sequence: u64, reader: &mut Reader<'_>) -> Result<bool, Malformed> {
        match self {
            Self::None => Ok(true),
            Self::Low16 => Ok(reader.u16()? == low16(sequence)),
        }
    }
}

fn low16(sequence: u64) -> u16 {
    let [low, high, ..] = sequence.to_le_bytes();
    u16::from_le_bytes([low, high])
}

impl ApplicationHead {
    /// Length in bytes.
    #[must_use]
    #[inline]
    pub const fn size(self) -> usize {
        match self {
            Self::None => 0,
            Self::MctpType => 1,
            Self::Tcp => tcp::HEAD,
        }
    }

    /// Writes the head of a message of `length` bytes.
    pub(crate) fn encode(self, length: usize, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        match self {
            Self::None => Ok(()),
            Self::MctpType => writer.u8(MCTP_SPDM),
            Self::Tcp => {
                let head = tcp::Head::message(MessageKind::Plain, length).map_err(|_| NoRoom)?;
                writer.bytes(&head.encode())
            }
        }
    }

    /// Whether what is inside a record begins with this head.
    pub(crate) fn begins(self, application: &[u8]) -> bool {
        let mut reader = Reader::new(application);
        match self {
            Self::None => true,
            Self::MctpType => reader.u8() == Ok(MCTP_SPDM),
            Self::Tcp => {
                let head = reader.array().ok().and_then(|head| tcp::Head::decode(head).ok());
                head.is_some_and(|head| {
                    head.kind == tcp::Type::Message(MessageKind::Plain)
                        && head.body_len() == reader.rest().len()
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(head: ApplicationHead, length: usize) -> ([u8; 4], usize) {
        let mut bytes = [0; 4];
        let mut writer = Writer::new(&mut bytes);
        head.encode(length, &mut writer).unwrap();
        let written = writer.length();
        (bytes, written)
    }

    #[test]
    fn a_head_is_as_long_as_it_says() {
        assert_eq!(encoded(ApplicationHead::None, 7), ([0; 4], 0));
        assert_eq!(encoded(ApplicationHead::MctpType, 7), ([5, 0, 0, 0], 1));
        assert_eq!(encoded(ApplicationHead::Tcp, 7), ([9, 0, 1, 5], 4));
        for head in [ApplicationHead::None, ApplicationHead::MctpType, ApplicationHead::Tcp] {
            assert_eq!(encoded(head, 0).1, head.size());
        }
    }

    #[test]
    fn what_begins_otherwise_is_told() {
        assert!(ApplicationHead::None.begins(&[]));
        assert!(ApplicationHead::MctpType.begins(&[5]));
        assert!(!ApplicationHead::MctpType.begins(&[6]));
        assert!(!ApplicationHead::MctpType.begins(&[]));
        assert!(ApplicationHead::Tcp.begins(&[3, 0, 1, 5, 0x11]));
        for wrong in
            [&[3, 0, 1, 6, 0x11][..], &[3, 0, 0, 5, 0x11], &[4, 0, 1, 5, 0x11], &[2, 0, 1, 5, 0], &[3, 0, 1]]
        {
            assert!(!ApplicationHead::Tcp.begins(wrong));
        }
    }
}
