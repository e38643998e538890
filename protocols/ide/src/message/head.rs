//! The eight bytes that most objects are, or begin with: which key of which stream of which port.

use core::fmt;

use super::Object;
use crate::{Error, Malformed, NoRoom, PROTOCOL};

/// Size in bytes, the protocol's included.
pub const HEAD: usize = 8;

/// Which key of which stream of which port, as it stands in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Index of the port.
    pub port: u8,
    /// Stream ID.
    pub stream: u8,
    /// Key set, direction and sub-stream; in CXL, the kind of vector or the mode too. An answer repeats all of it.
    pub key: u8,
}

impl Place {
    /// Whether an answer for `seen` is for this one.
    pub(crate) const fn repeated_by(self, seen: Self) -> Result<(), Error> {
        if self.port != seen.port {
            return Err(Error::OtherPort { asked: self.port, seen: seen.port });
        }
        if self.stream != seen.stream {
            return Err(Error::OtherStream { asked: self.stream, seen: seen.stream });
        }
        if self.key != seen.key {
            return Err(Error::OtherKey { asked: self.key, seen: seen.key });
        }
        Ok(())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "port {} stream {} key {:#04x}", self.port, self.stream, self.key)
    }
}

/// Those eight bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// What it is.
    pub object: Object,
    /// Whose key.
    pub place: Place,
    /// Status in KP_ACK; reserved in all others.
    pub status: u8,
}

impl Head {
    /// One without a status.
    pub const fn new(object: Object, place: Place) -> Self {
        Self { object, place, status: 0 }
    }

    /// The head of a payload that is `object`, of `expected` bytes or not.
    pub fn decode(object: Object, payload: &[u8], expected: usize) -> Result<(Self, &[u8]), Malformed> {
        let short = object.length(payload.len(), expected);
        let (head, rest) = payload.split_first_chunk::<HEAD>().ok_or(short)?;
        let &[_, _, _, _, stream, status, key, port] = head;
        Ok((Self { object, place: Place { port, stream, key }, status }, rest))
    }

    /// Its bytes.
    pub const fn bytes(&self) -> [u8; HEAD] {
        let Place { port, stream, key } = self.place;
        [PROTOCOL, self.object.byte(), 0, 0, stream, self.status, key, port]
    }

    /// Writes an object that is nothing else.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, NoRoom> {
        exactly(HEAD, out)?.copy_from_slice(&self.bytes());
        Ok(HEAD)
    }
}

/// A payload that is nothing but a head.
pub(crate) fn alone(object: Object, payload: &[u8]) -> Result<Head, Malformed> {
    let (head, rest) = Head::decode(object, payload, HEAD)?;
    if rest.is_empty() { Ok(head) } else { Err(object.length(payload.len(), HEAD)) }
}

/// The place in an object that is nothing but a head.
pub(crate) fn place(object: Object, payload: &[u8]) -> Result<Place, Malformed> {
    Ok(alone(object, payload)?.place)
}

/// The first `needed` bytes of `out`.
pub(crate) fn exactly(needed: usize, out: &mut [u8]) -> Result<&mut [u8], NoRoom> {
    let room = out.len();
    out.get_mut(..needed).ok_or(NoRoom { needed, room })
}
