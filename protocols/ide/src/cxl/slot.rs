//! Which key: a direction of a stream of a port.

use core::fmt;

use super::Direction;
use crate::Place;

/// Where an initialization vector comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Iv {
    /// From the message.
    Initial,
    /// The default one; what the message says is ignored.
    Default,
}

/// When what was received is let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Before its check.
    Skid,
    /// After its check.
    Containment,
}

/// A place for a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Index of the port.
    pub port: u8,
    /// Stream ID.
    pub stream: u8,
    /// Which way, seen from the port.
    pub direction: Direction,
}

/// Bit 1: Tx.
const TX: u8 = 0x02;
/// Bit 3: the default vector in KEY_PROG, containment mode in K_SET_GO.
const FLAG: u8 = 0x08;
/// Bits 7:4: the one sub-stream there is.
const SUB_STREAM: u8 = 0x80;

impl Slot {
    /// Both of a stream, Rx first.
    #[must_use]
    pub fn all(port: u8, stream: u8) -> [Self; 2] {
        [Direction::Rx, Direction::Tx].map(|direction| Self { port, stream, direction })
    }

    /// The one that a message names; `None` for another sub-stream than 8.
    #[must_use]
    pub const fn of(place: Place) -> Option<Self> {
        let Place { port, stream, key } = place;
        if key & 0xf0 != SUB_STREAM {
            return None;
        }
        let direction = if key & TX == 0 { Direction::Rx } else { Direction::Tx };
        Some(Self { port, stream, direction })
    }

    /// As a message names it that says nothing else.
    #[must_use]
    pub const fn place(self) -> Place {
        let direction = match self.direction {
            Direction::Rx => 0,
            Direction::Tx => TX,
        };
        Place { port: self.port, stream: self.stream, key: SUB_STREAM | direction }
    }

    pub(crate) const fn with_iv(self, iv: Iv) -> Place {
        self.flagged(matches!(iv, Iv::Default))
    }

    pub(crate) const fn with_mode(self, mode: Mode) -> Place {
        self.flagged(matches!(mode, Mode::Containment))
    }

    const fn flagged(self, is_set: bool) -> Place {
        let place = self.place();
        Place { key: if is_set { place.key | FLAG } else { place.key }, ..place }
    }
}

impl Iv {
    /// What KEY_PROG says.
    #[must_use]
    pub const fn of(place: Place) -> Self {
        if place.key & FLAG == 0 { Self::Initial } else { Self::Default }
    }
}

impl Mode {
    /// What K_SET_GO says.
    #[must_use]
    pub const fn of(place: Place) -> Self {
        if place.key & FLAG == 0 { Self::Skid } else { Self::Containment }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { port, stream, direction } = self;
        write!(f, "port {port} stream {stream} {direction:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand from the bits: 1 direction, 3 default vector or containment, 7:4 is 8.
    #[test]
    fn slots_have_the_bytes_of_the_specification() {
        let [rx, tx] = Slot::all(0, 0);
        assert_eq!([rx.place().key, tx.place().key], [0x80, 0x82]);
        assert_eq!([rx.with_iv(Iv::Default).key, rx.with_iv(Iv::Initial).key], [0x88, 0x80]);
        assert_eq!([tx.with_mode(Mode::Containment).key, tx.with_mode(Mode::Skid).key], [0x8a, 0x82]);
    }

    #[test]
    fn every_byte_is_a_slot_or_none() {
        for key in 0..=u8::MAX {
            let place = Place { port: 2, stream: 0, key };
            let slot = Slot::of(place);
            assert_eq!(slot.is_some(), (0x80..0x90).contains(&key), "{key:#x}");
            if let Some(slot) = slot {
                assert_eq!(slot.place().key, key & 0xf2);
                assert_eq!(slot.with_iv(Iv::of(place)).key, key & 0xfa);
                assert_eq!(slot.with_mode(Mode::of(place)).key, key & 0xfa);
            }
        }
    }
}
