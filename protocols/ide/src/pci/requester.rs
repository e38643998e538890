//! The host's side: requests, and what their answers must be.

use super::{Material, Message, QueryResponse, Slot, Status};
use crate::message::{KeyProg, Object, encode_query};
use crate::{Error, NoRoom};

/// QUERY: what is behind a port?
#[derive(Clone, Copy, Debug)]
pub struct Query {
    /// Index of the port.
    pub port: u8,
}

impl Query {
    /// Writes its payload and returns the length in bytes.
    ///
    /// # Errors
    /// [`NoRoom`] for fewer than 4 bytes.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, NoRoom> {
        encode_query(self.port, out)
    }

    /// What the device says of the port.
    ///
    /// # Errors
    /// What is wrong with the answer.
    pub fn check<'a>(&self, answer: &'a [u8]) -> Result<QueryResponse<'a>, Error> {
        match Message::decode(answer)? {
            Message::QueryResp(response) if response.port == self.port => Ok(response),
            Message::QueryResp(other) => Err(Error::OtherPort { asked: self.port, seen: other.port }),
            other => Err(Error::OtherObject { expected: Object::QueryResp, seen: other.object() }),
        }
    }
}

/// KEY_PROG: this key goes there.
#[derive(Clone, Copy, Debug)]
pub struct ProgramKey<'k> {
    /// Where.
    pub slot: Slot,
    /// The key.
    pub material: &'k Material,
}

impl ProgramKey<'_> {
    /// Writes its payload and returns the length in bytes. The buffer then holds the key: it is the caller's to wipe.
    ///
    /// # Errors
    /// [`NoRoom`] for fewer than 48 bytes.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, NoRoom> {
        KeyProg::encode(Object::KeyProg, self.slot.place(), self.material, out)
    }

    /// Whether the key is programmed now.
    ///
    /// # Errors
    /// What is wrong with the answer, or [`Error::KeyRefused`].
    pub fn check(&self, answer: &[u8]) -> Result<(), Error> {
        match Message::decode(answer)? {
            Message::KpAck(place, status) => {
                self.slot.place().repeated_by(place)?;
                if status == Status::SUCCESS { Ok(()) } else { Err(Error::KeyRefused(status)) }
            }
            other => Err(Error::OtherObject { expected: Object::KpAck, seen: other.object() }),
        }
    }
}

/// K_SET_GO: use this key.
#[derive(Clone, Copy, Debug)]
pub struct SetGo {
    /// Which.
    pub slot: Slot,
}

/// K_SET_STOP: use it no more.
#[derive(Clone, Copy, Debug)]
pub struct SetStop {
    /// Which.
    pub slot: Slot,
}

impl SetGo {
    /// Writes its payload and returns the length in bytes.
    ///
    /// # Errors
    /// [`NoRoom`] for fewer than 8 bytes.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, NoRoom> {
        Message::KSetGo(self.slot.place()).encode(out)
    }

    /// Whether the key is in use now.
    ///
    /// # Errors
    /// What is wrong with the answer.
    pub fn check(&self, answer: &[u8]) -> Result<(), Error> {
        acknowledged(self.slot, answer)
    }
}

impl SetStop {
    /// Writes its payload and returns the length in bytes.
    ///
    /// # Errors
    /// [`NoRoom`] for fewer than 8 bytes.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, NoRoom> {
        Message::KSetStop(self.slot.place()).encode(out)
    }

    /// Whether the key is out of use now.
    ///
    /// # Errors
    /// What is wrong with the answer.
    pub fn check(&self, answer: &[u8]) -> Result<(), Error> {
        acknowledged(self.slot, answer)
    }
}

fn acknowledged(slot: Slot, answer: &[u8]) -> Result<(), Error> {
    match Message::decode(answer)? {
        Message::KGoStopAck(place) => slot.place().repeated_by(place),
        other => Err(Error::OtherObject { expected: Object::KGoStopAck, seen: other.object() }),
    }
}

#[cfg(test)]
mod tests;
