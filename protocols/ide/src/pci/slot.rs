//! Which key: key set, direction and sub-stream in one byte, of a stream of a port.

use core::fmt;

use crate::Place;

/// Of two keys of the same purpose, so that the next can be programmed while the first is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySet {
    /// The first.
    K0,
    /// The second.
    K1,
}

impl KeySet {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::K0 => Self::K1,
            Self::K1 => Self::K0,
        }
    }
}

/// Which way, seen from the port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// What it receives.
    Rx,
    /// What it transmits.
    Tx,
}

/// What kind of packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubStream {
    /// Posted requests.
    Posted,
    /// Non-posted requests.
    NonPosted,
    /// Completions.
    Completion,
}

/// A place for a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Index of the port.
    pub port: u8,
    /// Stream ID.
    pub stream: u8,
    /// Which of two.
    pub key_set: KeySet,
    /// Which way.
    pub direction: Direction,
    /// What kind of packets.
    pub sub_stream: SubStream,
}

/// Of each direction and sub-stream: Rx first, so that a port can receive before its partner transmits.
const ORDER: [(Direction, SubStream); 6] = [
    (Direction::Rx, SubStream::Posted),
    (Direction::Rx, SubStream::NonPosted),
    (Direction::Rx, SubStream::Completion),
    (Direction::Tx, SubStream::Posted),
    (Direction::Tx, SubStream::NonPosted),
    (Direction::Tx, SubStream::Completion),
];

/// Bit 0: key set K1.
const K1: u8 = 0x01;
/// Bit 1: Tx.
const TX: u8 = 0x02;

impl Slot {
    /// The six that a stream needs of a key set, in the order in which they are set to go: Rx before Tx.
    #[must_use]
    pub fn all(port: u8, stream: u8, key_set: KeySet) -> [Self; 6] {
        ORDER.map(|(direction, sub_stream)| Self { port, stream, key_set, direction, sub_stream })
    }

    /// The same of the other key set.
    #[must_use]
    pub const fn other(self) -> Self {
        Self { key_set: self.key_set.other(), ..self }
    }

    /// The one that a message names; `None` for a sub-stream that is not defined. Bits 3:2 are reserved.
    #[must_use]
    pub const fn of(place: Place) -> Option<Self> {
        let Place { port, stream, key } = place;
        let sub_stream = match key >> 4 {
            0 => SubStream::Posted,
            1 => SubStream::NonPosted,
            2 => SubStream::Completion,
            _ => return None,
        };
        let key_set = if key & K1 == 0 { KeySet::K0 } else { KeySet::K1 };
        let direction = if key & TX == 0 { Direction::Rx } else { Direction::Tx };
        Some(Self { port, stream, key_set, direction, sub_stream })
    }

    /// As a message names it.
    #[must_use]
    pub const fn place(self) -> Place {
        let set = match self.key_set {
            KeySet::K0 => 0,
            KeySet::K1 => K1,
        };
        let direction = match self.direction {
            Direction::Rx => 0,
            Direction::Tx => TX,
        };
        let sub_stream = match self.sub_stream {
            SubStream::Posted => 0,
            SubStream::NonPosted => 0x10,
            SubStream::Completion => 0x20,
        };
        Place { port: self.port, stream: self.stream, key: set | direction | sub_stream }
    }

    /// Its number among the six of its key set.
    pub(crate) const fn lane(self) -> usize {
        let direction = match self.direction {
            Direction::Rx => 0,
            Direction::Tx => 3,
        };
        let sub_stream = match self.sub_stream {
            SubStream::Posted => 0,
            SubStream::NonPosted => 1,
            SubStream::Completion => 2,
        };
        usize::saturating_add(direction, sub_stream)
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sub_stream = match self.sub_stream {
            SubStream::Posted => "PR",
            SubStream::NonPosted => "NPR",
            SubStream::Completion => "CPL",
        };
        let Self { port, stream, key_set, direction, .. } = self;
        write!(f, "port {port} stream {stream} {key_set:?} {direction:?} {sub_stream}")
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    /// Worked out by hand from the bits: 0 key set, 1 direction, 7:4 sub-stream.
    #[test]
    fn the_six_have_the_bytes_of_the_specification() {
        let bytes = |set| Slot::all(1, 0, set).map(|slot| slot.place().key);
        assert_eq!(bytes(KeySet::K0), [0x00, 0x10, 0x20, 0x02, 0x12, 0x22]);
        assert_eq!(bytes(KeySet::K1), [0x01, 0x11, 0x21, 0x03, 0x13, 0x23]);
    }

    #[test]
    fn every_byte_is_a_slot_or_none() {
        for key in 0..=u8::MAX {
            let slot = Slot::of(Place { port: 3, stream: 9, key });
            assert_eq!(slot.is_some(), key < 0x30, "{key:#x}");
            let back = slot.map(|slot| slot.place());
            assert_eq!(back, slot.map(|_| Place { port: 3, stream: 9, key: key & !0x0c }), "{key:#x}");
        }
    }

    #[test]
    fn the_six_have_numbers_of_their_own() {
        assert_eq!(Slot::all(0, 0, KeySet::K1).map(Slot::lane), [0, 1, 2, 3, 4, 5]);
        assert_eq!(Slot::all(0, 0, KeySet::K1).map(Slot::other), Slot::all(0, 0, KeySet::K0));
    }

    #[test]
    fn a_slot_is_named_in_one_line() {
        let slot = Slot::of(Place { port: 1, stream: 7, key: 0x13 }).unwrap();
        assert_eq!(slot.to_string(), "port 1 stream 7 K1 Tx NPR");
    }
}
