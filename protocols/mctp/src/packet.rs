//! The header of a packet (DSP0236, 8.1): four bytes in front of a message or of a part of one.

use core::fmt;

/// The largest header version, message tag and sequence number.
const MAX_VERSION: u8 = 0x0f;
const MAX_TAG: u8 = 0x07;
const MAX_SEQUENCE: u8 = 0x03;

const START: u8 = 0x80;
const END: u8 = 0x40;
const OWNER: u8 = 0x08;

/// An endpoint ID.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint(pub u8);

impl Endpoint {
    /// The ID of an endpoint that is addressed by its place on the bus.
    pub const NULL: Self = Self(0x00);
    /// Every endpoint of the bus.
    pub const BROADCAST: Self = Self(0xff);
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A packet header. The fields that share a byte are checked when they are set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacketHeader {
    /// Where it goes.
    pub destination: Endpoint,
    /// Where it comes from.
    pub source: Endpoint,
    /// First packet of its message.
    pub start: bool,
    /// Last packet of its message.
    pub end: bool,
    /// Whether the sender chose the tag, as that of a request does.
    pub tag_owner: bool,
    version: u8,
    sequence: u8,
    tag: u8,
}

/// A field that does not fit its bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PacketHeaderError {
    /// Header version over 4 bits.
    #[error("header version {0} does not fit 4 bits")]
    Version(u8),
    /// Sequence number over 2 bits.
    #[error("packet sequence number {0} does not fit 2 bits")]
    Sequence(u8),
    /// Message tag over 3 bits.
    #[error("message tag {0} does not fit 3 bits")]
    Tag(u8),
}

impl PacketHeader {
    /// Length in bytes.
    pub const LENGTH: usize = 4;
    /// The header version of DSP0236.
    pub const VERSION: u8 = 1;

    /// The header of a message in one packet: first and last, sequence number 0.
    ///
    /// # Errors
    /// [`PacketHeaderError::Tag`] for a tag over 7.
    pub fn whole(
        destination: Endpoint,
        source: Endpoint,
        tag_owner: bool,
        tag: u8,
    ) -> Result<Self, PacketHeaderError> {
        let header =
            Self { destination, source, start: true, end: true, tag_owner, version: 1, sequence: 0, tag: 0 };
        header.with_tag(tag)
    }

    /// The same header of another version. The emulators of DMTF write 0 into captures.
    ///
    /// # Errors
    /// [`PacketHeaderError::Version`] over 15.
    pub fn with_version(self, version: u8) -> Result<Self, PacketHeaderError> {
        if version > MAX_VERSION {
            Err(PacketHeaderError::Version(version))
        } else {
            Ok(Self { version, ..self })
        }
    }

    /// The same header with another sequence number.
    ///
    /// # Errors
    /// [`PacketHeaderError::Sequence`] over 3.
    pub fn with_sequence(self, sequence: u8) -> Result<Self, PacketHeaderError> {
        if sequence > MAX_SEQUENCE {
            return Err(PacketHeaderError::Sequence(sequence));
        }
        Ok(Self { sequence, ..self })
    }

    /// The same header with another message tag.
    ///
    /// # Errors
    /// [`PacketHeaderError::Tag`] over 7.
    pub fn with_tag(self, tag: u8) -> Result<Self, PacketHeaderError> {
        if tag > MAX_TAG { Err(PacketHeaderError::Tag(tag)) } else { Ok(Self { tag, ..self }) }
    }

    /// The header in front of `packet`, and what follows it; `None` where there are fewer than four bytes. Reserved
    /// bits are ignored, as a receiver must; the version is the caller's to judge.
    #[must_use]
    pub fn split(packet: &[u8]) -> Option<(Self, &[u8])> {
        let (head, rest) = packet.split_first_chunk::<{ Self::LENGTH }>()?;
        Some((Self::decode(*head), rest))
    }

    /// Decodes four bytes. Any four are a header.
    #[must_use]
    pub const fn decode(bytes: [u8; Self::LENGTH]) -> Self {
        let [version, destination, source, flags] = bytes;
        Self {
            destination: Endpoint(destination),
            source: Endpoint(source),
            start: flags & START != 0,
            end: flags & END != 0,
            tag_owner: flags & OWNER != 0,
            version: version & MAX_VERSION,
            sequence: flags >> 4 & MAX_SEQUENCE,
            tag: flags & MAX_TAG,
        }
    }

    /// The four bytes of this header.
    #[must_use]
    pub const fn encode(&self) -> [u8; Self::LENGTH] {
        let start = if self.start { START } else { 0 };
        let end = if self.end { END } else { 0 };
        let owner = if self.tag_owner { OWNER } else { 0 };
        let flags = start | end | self.sequence << 4 | owner | self.tag;
        [self.version, self.destination.0, self.source.0, flags]
    }

    /// The header version, 0-15; [`Self::VERSION`] on a bus.
    #[must_use]
    pub const fn version(&self) -> u8 {
        self.version
    }

    /// The packet's number within its message, modulo 4.
    #[must_use]
    pub const fn sequence(&self) -> u8 {
        self.sequence
    }

    /// The message tag, 0-7.
    #[must_use]
    pub const fn tag(&self) -> u8 {
        self.tag
    }

    /// Whether the packet holds a whole message.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.start && self.end
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_bits_are_where_the_specification_has_them() {
        let header = PacketHeader::whole(Endpoint(0x1d), Endpoint(8), true, 5).unwrap();
        assert_eq!(header.encode(), [0x01, 0x1d, 0x08, 0xcd]);
        let second = PacketHeader { start: false, end: false, tag_owner: false, ..header };
        assert_eq!(second.with_sequence(2).unwrap().encode(), [0x01, 0x1d, 0x08, 0x25]);
    }

    #[test]
    fn fields_that_do_not_fit_are_refused() {
        let whole = |tag| PacketHeader::whole(Endpoint::NULL, Endpoint::BROADCAST, false, tag);
        assert_eq!(whole(8), Err(PacketHeaderError::Tag(8)));
        assert_eq!(whole(7).unwrap().with_sequence(4), Err(PacketHeaderError::Sequence(4)));
        assert_eq!(whole(7).unwrap().with_version(16), Err(PacketHeaderError::Version(16)));
    }

    #[test]
    fn fewer_than_four_bytes_are_no_header() {
        assert_eq!(PacketHeader::split(&[1, 2, 3]), None);
        assert!(
            PacketHeader::split(&[1, 2, 3, 0xc0])
                .is_some_and(|(head, rest)| head.is_whole() && rest.is_empty())
        );
    }

    proptest! {
        #[test]
        fn a_header_is_written_as_it_was_read_but_for_reserved_bits(bytes: [u8; 4]) {
            let [version, rest @ ..] = bytes;
            let [a, b, c] = rest;
            prop_assert_eq!(PacketHeader::decode(bytes).encode(), [version & 0x0f, a, b, c]);
        }
    }
}
