//! SPDM over TCP (DSP0287): the four bytes in front of each message.

use core::fmt;

use super::MessageKind;

/// The port of a responder.
pub const PORT: u16 = 4194;
/// The version of the binding.
pub const VERSION: u8 = 1;
/// Length of what stands in front of a message, in bytes.
pub const HEAD: usize = 4;
/// Longest message, in bytes: the length field counts two bytes of its own header too.
pub const MAX_MESSAGE: usize = 0xffff - COUNTED;

/// Bytes of the head that the length field counts: all after itself.
const COUNTED: usize = 2;

/// What follows the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// 05, 06: a message.
    Message(MessageKind),
    /// BF: who has opened the connection asks the other to be the requester.
    RoleInquiry,
    /// C0 and up: an error.
    Error(Refusal),
}

/// Why a peer will not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// C0: the message is longer than the peer takes.
    TooLarge,
    /// C1: the peer knows this type, or this version of the binding, not.
    NotSupported,
    /// C2: the peer cannot be the requester.
    NotRequester,
    /// C3: the peer cannot be the responder.
    NotResponder,
    /// C4-FF: reserved.
    Reserved(u8),
}

/// The four bytes in front of each message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// What follows.
    pub kind: Type,
    /// Length of what follows, in bytes.
    body: u16,
}

/// What is wrong with a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// A version of the binding other than 1.
    #[error("version {0} of the TCP binding")]
    Version(u8),
    /// A type that DSP0287 does not know.
    #[error("unknown TCP message type {0:#04x}")]
    Type(u8),
    /// A length less than that of version and type.
    #[error("length field {0} is shorter than the header")]
    Short(u16),
    /// More bytes than the length field can count.
    #[error("a message of {0} bytes exceeds the longest")]
    TooLong(usize),
    /// An inquiry or an error with a body.
    #[error("{0} bytes follow a header that stands alone")]
    Body(u16),
}

impl Head {
    /// The head of a message of `length` bytes.
    ///
    /// # Errors
    /// [`HeadError::TooLong`] over [`MAX_MESSAGE`].
    #[inline]
    pub fn message(kind: MessageKind, length: usize) -> Result<Self, HeadError> {
        let fitting = u16::try_from(length).ok().filter(|_| length <= MAX_MESSAGE);
        let body = fitting.ok_or(HeadError::TooLong(length))?;
        Ok(Self { kind: Type::Message(kind), body })
    }

    /// The head of an inquiry.
    #[must_use]
    #[inline]
    pub const fn role_inquiry() -> Self {
        Self { kind: Type::RoleInquiry, body: 0 }
    }

    /// The head of an error.
    #[must_use]
    #[inline]
    pub const fn refusal(why: Refusal) -> Self {
        Self { kind: Type::Error(why), body: 0 }
    }

    /// Decodes a head. An inquiry or an error may also have a length of 0, as libspdm writes it, where the rule (all
    /// that follows the length) makes it 2.
    ///
    /// # Errors
    /// [`HeadError`], but for [`HeadError::TooLong`]: the version comes first, then the type, then the length.
    #[inline]
    pub fn decode(bytes: [u8; HEAD]) -> Result<Self, HeadError> {
        let [low, high, version, number] = bytes;
        let length = u16::from_le_bytes([low, high]);
        if version != VERSION {
            return Err(HeadError::Version(version));
        }
        let kind = Type::of(number).ok_or(HeadError::Type(number))?;
        match (kind, length.checked_sub(2)) {
            (Type::Message(_), Some(body)) => Ok(Self { kind, body }),
            (_, Some(0)) => Ok(Self { kind, body: 0 }),
            (Type::RoleInquiry | Type::Error(_), None) if length == 0 => Ok(Self { kind, body: 0 }),
            (_, None) => Err(HeadError::Short(length)),
            (_, Some(body)) => Err(HeadError::Body(body)),
        }
    }

    /// The four bytes of this head.
    #[must_use]
    #[inline]
    pub fn encode(&self) -> [u8; HEAD] {
        // No body is longer than MAX_MESSAGE.
        let [low, high] = self.body.saturating_add(2).to_le_bytes();
        [low, high, VERSION, self.kind.number()]
    }

    /// Length of what follows, in bytes.
    #[must_use]
    #[inline]
    pub fn body_len(&self) -> usize {
        usize::from(self.body)
    }
}

impl Type {
    fn of(number: u8) -> Option<Self> {
        Some(match number {
            0x05 => Self::Message(MessageKind::Plain),
            0x06 => Self::Message(MessageKind::Secured),
            0xbf => Self::RoleInquiry,
            0xc0 => Self::Error(Refusal::TooLarge),
            0xc1 => Self::Error(Refusal::NotSupported),
            0xc2 => Self::Error(Refusal::NotRequester),
            0xc3 => Self::Error(Refusal::NotResponder),
            0xc4.. => Self::Error(Refusal::Reserved(number)),
            _ => return None,
        })
    }

    /// Its number.
    #[must_use]
    #[inline]
    pub const fn number(self) -> u8 {
        match self {
            Self::Message(MessageKind::Plain) => 0x05,
            Self::Message(MessageKind::Secured) => 0x06,
            Self::RoleInquiry => 0xbf,
            Self::Error(Refusal::TooLarge) => 0xc0,
            Self::Error(Refusal::NotSupported) => 0xc1,
            Self::Error(Refusal::NotRequester) => 0xc2,
            Self::Error(Refusal::NotResponder) => 0xc3,
            Self::Error(Refusal::Reserved(number)) => number,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => f.write_str("the message is too large"),
            Self::NotSupported => f.write_str("not supported"),
            Self::NotRequester => f.write_str("it cannot be the requester"),
            Self::NotResponder => f.write_str("it cannot be the responder"),
            Self::Reserved(number) => write!(f, "reserved error {number:#04x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_length_counts_what_follows_it() {
        let head = Head::message(MessageKind::Secured, 0x102).unwrap();
        assert_eq!(head.encode(), [0x04, 0x01, 0x01, 0x06]);
        assert_eq!(Head::decode([0x04, 0x01, 0x01, 0x06]).unwrap().body_len(), 0x102);
        assert_eq!(Head::role_inquiry().encode(), [2, 0, 1, 0xbf]);
    }

    #[test]
    fn a_lone_head_may_count_nothing_as_libspdm_has_it() {
        assert_eq!(Head::decode([0, 0, 1, 0xbf]), Ok(Head::role_inquiry()));
        assert_eq!(Head::decode([0, 0, 1, 0xc2]), Ok(Head::refusal(Refusal::NotRequester)));
        assert_eq!(Head::decode([1, 0, 1, 0xbf]), Err(HeadError::Short(1)));
        assert_eq!(Head::decode([3, 0, 1, 0xc0]), Err(HeadError::Body(1)));
    }

    #[test]
    fn heads_that_are_none_are_refused() {
        assert_eq!(Head::decode([9, 0, 0, 5]), Err(HeadError::Version(0)));
        assert_eq!(Head::decode([9, 0, 1, 7]), Err(HeadError::Type(7)));
        assert_eq!(Head::decode([1, 0, 1, 5]), Err(HeadError::Short(1)));
        assert_eq!(Head::decode([0, 0, 1, 5]), Err(HeadError::Short(0)));
    }

    #[test]
    fn the_longest_message_fills_the_length_field() {
        let longest = Head::message(MessageKind::Plain, MAX_MESSAGE).unwrap();
        assert_eq!(longest.encode(), [0xff, 0xff, 1, 5]);
        assert_eq!(Head::message(MessageKind::Plain, 0xfffe), Err(HeadError::TooLong(0xfffe)));
    }

    proptest! {
        #[test]
        fn a_head_that_is_read_is_written_as_it_was(bytes: [u8; 4]) {
            if let Ok(head) = Head::decode(bytes) && bytes[..2] != [0, 0] {
                prop_assert_eq!(head.encode(), bytes);
            }
        }
    }
}
