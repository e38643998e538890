//! What a transport adds to a secured message (DSP0277 1.2, 7).

use super::{MessageKind, tcp};
use crate::message::{Malformed, NoRoom, Reader, Writer};

/// The MCTP message type of SPDM (DSP0275).
const MCTP_SPDM: u8 = 5;

/// What a record carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// An SPDM message.
    Spdm,
    /// A message of another MCTP type, without the byte that says so (DSP0276 1.2, 7): 01 is PLDM.
    Mctp(u8),
}

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
    /// The MCTP message type, one byte: 05 for SPDM.
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
    #[inline]
    pub(crate) fn encode(self, sequence: u64, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        match self {
            Self::None => Ok(()),
            Self::Low16 => writer.u16(low16(sequence)),
        }
    }

    /// Whether what has travelled is of this sequence number.
    #[inline]
    pub(crate) fn is_next(self, sequence: u64, reader: &mut Reader<'_>) -> Result<bool, Malformed> {
        match self {
            Self::None => Ok(true),
            Self::Low16 => Ok(reader.u16()? == low16(sequence)),
        }
    }
}

#[inline]
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
    #[inline]
    pub(crate) fn encode(
        self,
        content: Content,
        length: usize,
        writer: &mut Writer<'_>,
    ) -> Result<(), NoRoom> {
        match (self, content) {
            (Self::None, Content::Spdm) => Ok(()),
            (Self::MctpType, Content::Spdm) => writer.u8(MCTP_SPDM),
            (Self::MctpType, Content::Mctp(kind)) => writer.u8(kind),
            (Self::Tcp, Content::Spdm) => {
                let head = tcp::Head::message(MessageKind::Plain, length).map_err(|_| NoRoom)?;
                writer.bytes(&head.encode())
            }
            // No place to say so.
            (Self::None | Self::Tcp, Content::Mctp(_)) => Err(NoRoom),
        }
    }

    /// Whether a record with this head can carry it.
    #[inline]
    pub(crate) const fn carries(self, content: Content) -> bool {
        match content {
            Content::Spdm => true,
            Content::Mctp(kind) => matches!(self, Self::MctpType) && kind != MCTP_SPDM,
        }
    }

    /// What is inside a record, by this head; `None` where no such head begins it.
    #[inline]
    pub(crate) fn content(self, application: &[u8]) -> Option<Content> {
        let mut reader = Reader::new(application);
        match self {
            Self::None => Some(Content::Spdm),
            Self::MctpType => match reader.u8().ok()? {
                MCTP_SPDM => Some(Content::Spdm),
                other => Some(Content::Mctp(other)),
            },
            Self::Tcp => {
                let head = reader.array().ok().and_then(|head| tcp::Head::decode(head).ok())?;
                let is_message = head.kind == tcp::Type::Message(MessageKind::Plain)
                    && head.body_len() == reader.rest().len();
                is_message.then_some(Content::Spdm)
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
        head.encode(Content::Spdm, length, &mut writer).unwrap();
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
        assert_eq!(ApplicationHead::None.content(&[]), Some(Content::Spdm));
        assert_eq!(ApplicationHead::MctpType.content(&[5]), Some(Content::Spdm));
        assert_eq!(ApplicationHead::MctpType.content(&[6]), Some(Content::Mctp(6)));
        assert_eq!(ApplicationHead::MctpType.content(&[]), None);
        assert_eq!(ApplicationHead::Tcp.content(&[3, 0, 1, 5, 0x11]), Some(Content::Spdm));
        for wrong in
            [&[3, 0, 1, 6, 0x11][..], &[3, 0, 0, 5, 0x11], &[4, 0, 1, 5, 0x11], &[2, 0, 1, 5, 0], &[3, 0, 1]]
        {
            assert_eq!(ApplicationHead::Tcp.content(wrong), None);
        }
    }

    #[test]
    fn other_messages_travel_where_their_type_does() {
        let mut byte = [0];
        ApplicationHead::MctpType.encode(Content::Mctp(1), 7, &mut Writer::new(&mut byte)).unwrap();
        assert_eq!(byte, [1]);
        for head in [ApplicationHead::None, ApplicationHead::Tcp] {
            assert!(head.encode(Content::Mctp(1), 7, &mut Writer::new(&mut [0; 8])).is_err());
            assert!(!head.carries(Content::Mctp(1)) && head.carries(Content::Spdm));
        }
        assert!(ApplicationHead::MctpType.carries(Content::Mctp(1)));
        // That would be an SPDM message, and is not said to be one.
        assert!(!ApplicationHead::MctpType.carries(Content::Mctp(5)));
    }
}
