//! The host's side: requests, and what their answers must be.

use super::{Iv, KeyProg, Material, Message, Mode, QueryResponse, Slot, Status};
use crate::message::{self, Object};
use crate::{Error, NoRoom, Place};

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
        message::encode_query(self.port, out)
    }

    /// What the device says of the port.
    ///
    /// # Errors
    /// What is wrong with the answer.
    pub fn check<'a>(&self, answer: &'a [u8]) -> Result<QueryResponse<'a>, Error> {
        match Message::decode(answer)? {
            Message::QueryResp(response) if response.port == self.port => Ok(response),
            Message::QueryResp(other) => Err(Error::OtherPort { asked: self.port, seen: other.port }),
            other => Err(unexpected(Object::QueryResp, &other)),
        }
    }
}

/// GET_KEY: make a key and a vector. Which of them the device makes, its capabilities say.
#[derive(Clone, Copy, Debug)]
pub struct GetKey {
    /// For where.
    pub slot: Slot,
}

impl GetKey {
    /// Writes its payload and returns the length in bytes.
    ///
    /// # Errors
    /// [`NoRoom`] for fewer than 8 bytes.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, NoRoom> {
        Message::GetKey(self.slot.place()).encode(out)
    }

    /// What the device has made. The answer's buffer holds the key: it is the caller's to wipe.
    ///
    /// # Errors
    /// What is wrong with the answer.
    pub fn check(&self, answer: &[u8]) -> Result<Material, Error> {
        match Message::decode(answer)? {
            Message::GetKeyAck(KeyProg { place, material }) => {
                self.slot.place().repeated_by(place).map(|()| material)
            }
            other => Err(unexpected(Object::GetKeyAck, &other)),
        }
    }
}

/// KEY_PROG: this key goes there.
#[derive(Clone, Copy, Debug)]
pub struct ProgramKey<'k> {
    /// Where.
    pub slot: Slot,
    /// The key and the vector.
    pub material: &'k Material,
    /// Whether the vector counts.
    pub iv: Iv,
}

impl ProgramKey<'_> {
    /// Writes its payload and returns the length in bytes. The buffer then holds the key: it is the caller's to wipe.
    ///
    /// # Errors
    /// [`NoRoom`] for fewer than 52 bytes.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, NoRoom> {
        message::KeyProg::encode(Object::KeyProg, self.slot.with_iv(self.iv), self.material, out)
    }

    /// Whether the key is programmed now.
    ///
    /// # Errors
    /// What is wrong with the answer, or [`Error::CxlKeyRefused`].
    pub fn check(&self, answer: &[u8]) -> Result<(), Error> {
        match Message::decode(answer)? {
            Message::KpAck(place, status) => {
                self.slot.with_iv(self.iv).repeated_by(place)?;
                if status == Status::SUCCESS { Ok(()) } else { Err(Error::CxlKeyRefused(status)) }
            }
            other => Err(unexpected(Object::KpAck, &other)),
        }
    }
}

/// K_SET_GO: use the key that is programmed.
#[derive(Clone, Copy, Debug)]
pub struct SetGo {
    /// Where.
    pub slot: Slot,
    /// How.
    pub mode: Mode,
}

impl SetGo {
    /// Writes its payload and returns the length in bytes.
    ///
    /// # Errors
    /// [`NoRoom`] for fewer than 8 bytes.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, NoRoom> {
        Message::KSetGo(self.slot.with_mode(self.mode)).encode(out)
    }

    /// Whether the key is in use now.
    ///
    /// # Errors
    /// What is wrong with the answer.
    pub fn check(&self, answer: &[u8]) -> Result<(), Error> {
        acknowledged(self.slot.with_mode(self.mode), answer)
    }
}

/// K_SET_STOP: use no key any more. For devices with [`super::Capabilities::STOP`].
#[derive(Clone, Copy, Debug)]
pub struct SetStop {
    /// Where.
    pub slot: Slot,
}

impl SetStop {
    /// Writes its payload and returns the length in bytes.
    ///
    /// # Errors
    /// [`NoRoom`] for fewer than 8 bytes.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, NoRoom> {
        Message::KSetStop(self.slot.place()).encode(out)
    }

    /// Whether no key is in use now.
    ///
    /// # Errors
    /// What is wrong with the answer.
    pub fn check(&self, answer: &[u8]) -> Result<(), Error> {
        acknowledged(self.slot.place(), answer)
    }
}

fn acknowledged(asked: Place, answer: &[u8]) -> Result<(), Error> {
    match Message::decode(answer)? {
        Message::KGoStopAck(place) => asked.repeated_by(place),
        other => Err(unexpected(Object::KGoStopAck, &other)),
    }
}

const fn unexpected(expected: Object, seen: &Message<'_>) -> Error {
    Error::OtherObject { expected, seen: seen.object() }
}

#[cfg(test)]
mod tests;
