//! Which object it is: the payload's second byte.

use core::fmt;

use crate::{Malformed, PROTOCOL};

/// An object of IDE_KM or CXL_IDE_KM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Object {
    /// What is behind a port?
    Query = 0,
    /// That.
    QueryResp = 1,
    /// A key for one direction and sub-stream.
    KeyProg = 2,
    /// What has become of the key.
    KpAck = 3,
    /// Use the key.
    KSetGo = 4,
    /// Use it no more.
    KSetStop = 5,
    /// Either is done.
    KGoStopAck = 6,
    /// CXL alone: give a key and an initialization vector.
    GetKey = 7,
    /// CXL alone: those.
    GetKeyAck = 8,
}

impl Object {
    /// In the order of their numbers.
    const ALL: [Self; 9] = [
        Self::Query,
        Self::QueryResp,
        Self::KeyProg,
        Self::KpAck,
        Self::KSetGo,
        Self::KSetStop,
        Self::KGoStopAck,
        Self::GetKey,
        Self::GetKeyAck,
    ];

    /// Its number.
    #[must_use]
    pub const fn byte(self) -> u8 {
        self as u8
    }

    /// The one with this number.
    #[must_use]
    pub fn of_byte(byte: u8) -> Option<Self> {
        Self::ALL.get(usize::from(byte)).copied()
    }

    /// The one that a payload of `highest` or below holds.
    pub(crate) fn of(payload: &[u8], highest: Self) -> Result<Self, Malformed> {
        let &[protocol, object, ..] = payload else { return Err(Malformed::Short(payload.len())) };
        if protocol != PROTOCOL {
            return Err(Malformed::Protocol(protocol));
        }
        let known = Self::of_byte(object).filter(|_| object <= highest.byte());
        known.ok_or(Malformed::Object(object))
    }

    /// That a payload of this one has `length` bytes where it must have `expected`.
    pub(crate) const fn length(self, length: usize, expected: usize) -> Malformed {
        Malformed::Length { object: self, length, expected }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Query => "QUERY",
            Self::QueryResp => "QUERY_RESP",
            Self::KeyProg => "KEY_PROG",
            Self::KpAck => "KP_ACK",
            Self::KSetGo => "K_SET_GO",
            Self::KSetStop => "K_SET_STOP",
            Self::KGoStopAck => "K_GOSTOP_ACK",
            Self::GetKey => "GET_KEY",
            Self::GetKeyAck => "GET_KEY_ACK",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_comes_back() {
        for byte in 0..=u8::MAX {
            assert_eq!(Object::of_byte(byte).map(Object::byte), (byte < 9).then_some(byte));
        }
    }

    #[test]
    fn protocol_and_object_are_looked_at() {
        assert_eq!(Object::of(&[], Object::GetKeyAck), Err(Malformed::Short(0)));
        assert_eq!(Object::of(&[0], Object::GetKeyAck), Err(Malformed::Short(1)));
        assert_eq!(Object::of(&[1, 0], Object::GetKeyAck), Err(Malformed::Protocol(1)));
        assert_eq!(Object::of(&[0, 9], Object::GetKeyAck), Err(Malformed::Object(9)));
        assert_eq!(Object::of(&[0, 7], Object::KGoStopAck), Err(Malformed::Object(7)), "CXL alone has it");
        assert_eq!(Object::of(&[0, 7], Object::GetKeyAck), Ok(Object::GetKey));
    }
}
