//! The seven objects.

use core::fmt;

use super::{Material, Slot, Status};
use crate::message::{
    Head, Object, PortInfo, RESPONSE, Registers, alone, decode_query, decode_response, encode_query,
    encode_response, place, response_head,
};
use crate::{Malformed, NoRoom, Place, message};

/// KEY_PROG.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyProg {
    /// Where the key goes.
    pub place: Place,
    /// The key.
    pub material: Material,
}

/// QUERY_RESP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryResponse<'a> {
    /// Index of the port.
    pub port: u8,
    /// Where it is.
    pub info: PortInfo,
    /// The registers of its IDE extended capability, from offset 0x04 on; [`super::Blocks`] takes them apart.
    pub registers: Registers<'a>,
}

impl<'a> QueryResponse<'a> {
    pub(crate) fn decode(payload: &'a [u8]) -> Result<Self, Malformed> {
        let (port, info, rest) = decode_response(payload, RESPONSE)?;
        Ok(Self { port, info, registers: Registers::new(rest)? })
    }

    fn encode(&self, out: &mut [u8]) -> Result<usize, NoRoom> {
        encode_response(response_head(self.port, self.info), self.registers.iter(), out)
    }
}

/// A payload that has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// QUERY.
    Query {
        /// Index of the port.
        port: u8,
    },
    /// QUERY_RESP.
    QueryResp(QueryResponse<'a>),
    /// KEY_PROG.
    KeyProg(KeyProg),
    /// KP_ACK.
    KpAck(Place, Status),
    /// K_SET_GO.
    KSetGo(Place),
    /// K_SET_STOP.
    KSetStop(Place),
    /// K_GOSTOP_ACK.
    KGoStopAck(Place),
}

impl<'a> Message<'a> {
    /// Reads a payload.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(payload: &'a [u8]) -> Result<Self, Malformed> {
        let object = Object::of(payload, Object::KGoStopAck)?;
        Ok(match object {
            Object::Query => Self::Query { port: decode_query(payload)? },
            Object::QueryResp => Self::QueryResp(QueryResponse::decode(payload)?),
            Object::KeyProg => {
                let (place, material) = message::KeyProg::decode(object, payload)?;
                Self::KeyProg(KeyProg { place, material })
            }
            Object::KpAck => {
                let head = alone(object, payload)?;
                Self::KpAck(head.place, Status(head.status))
            }
            Object::KSetGo => Self::KSetGo(place(object, payload)?),
            Object::KSetStop => Self::KSetStop(place(object, payload)?),
            Object::KGoStopAck => Self::KGoStopAck(place(object, payload)?),
            Object::GetKey | Object::GetKeyAck => return Err(Malformed::Object(object.byte())),
        })
    }

    /// Writes a payload and returns its length in bytes.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, NoRoom> {
        match self {
            Self::Query { port } => encode_query(*port, out),
            Self::QueryResp(response) => response.encode(out),
            Self::KeyProg(KeyProg { place, material }) => {
                message::KeyProg::encode(Object::KeyProg, *place, material, out)
            }
            Self::KpAck(place, status) => {
                Head { status: status.0, ..Head::new(Object::KpAck, *place) }.encode(out)
            }
            Self::KSetGo(place) | Self::KSetStop(place) | Self::KGoStopAck(place) => {
                Head::new(self.object(), *place).encode(out)
            }
        }
    }

    /// Which object it is.
    #[must_use]
    pub const fn object(&self) -> Object {
        match self {
            Self::Query { .. } => Object::Query,
            Self::QueryResp(_) => Object::QueryResp,
            Self::KeyProg(_) => Object::KeyProg,
            Self::KpAck(..) => Object::KpAck,
            Self::KSetGo(_) => Object::KSetGo,
            Self::KSetStop(_) => Object::KSetStop,
            Self::KGoStopAck(_) => Object::KGoStopAck,
        }
    }
}

/// One line, without the key.
impl fmt::Display for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.object())?;
        match self {
            Self::Query { port } => write!(f, "port {port}"),
            Self::QueryResp(QueryResponse { port, info, registers }) => {
                write!(f, "port {port} at {info}, {registers:?}")
            }
            Self::KeyProg(KeyProg { place, .. }) => named(*place, f),
            Self::KpAck(place, status) => {
                named(*place, f)?;
                write!(f, ": {status}")
            }
            Self::KSetGo(place) | Self::KSetStop(place) | Self::KGoStopAck(place) => named(*place, f),
        }
    }
}

/// By its names where it has some.
fn named(place: Place, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match Slot::of(place) {
        Some(slot) => write!(f, "{slot}"),
        None => write!(f, "{place}"),
    }
}

#[cfg(test)]
mod tests;
