//! The nine objects.

use core::fmt;

use super::{Capabilities, Iv, Material, Mode, Slot};
use crate::message::{
    Head, Object, PortInfo, RESPONSE, Registers, alone, decode_query, decode_response, encode_query,
    encode_response, place, response_head,
};
use crate::{Malformed, NoRoom, Place, message};

/// Size of QUERY_RESP without registers.
const LEAST_RESPONSE: usize = RESPONSE.saturating_add(1);

/// What has become of a key. From 2 on they are not defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status(pub u8);

impl Status {
    /// It is programmed.
    pub const SUCCESS: Self = Self(0);
    /// It is not.
    pub const INVALID: Self = Self(1);

    /// Whether it is one of these.
    #[must_use]
    pub const fn is_defined(self) -> bool {
        self.0 <= 1
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::SUCCESS => f.write_str("success"),
            Self::INVALID => f.write_str("invalid"),
            Self(other) => write!(f, "status {other:#04x}"),
        }
    }
}

/// KEY_PROG, and GET_KEY_ACK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyProg {
    /// Where the key goes, or what it is for.
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
    /// What the device can do.
    pub capabilities: Capabilities,
    /// The registers of its CXL IDE capability; [`super::REGISTERS`] are known.
    pub registers: Registers<'a>,
}

impl<'a> QueryResponse<'a> {
    fn decode(payload: &'a [u8]) -> Result<Self, Malformed> {
        let (port, info, rest) = decode_response(payload, LEAST_RESPONSE)?;
        let short = Object::QueryResp.length(payload.len(), LEAST_RESPONSE);
        let (&capabilities, rest) = rest.split_first().ok_or(short)?;
        let registers = Registers::new(rest)?;
        Ok(Self { port, info, capabilities: Capabilities(capabilities), registers })
    }

    fn encode(&self, out: &mut [u8]) -> Result<usize, NoRoom> {
        respond(self.port, self.info, self.capabilities, self.registers.iter(), out)
    }
}

/// Writes QUERY_RESP.
pub(super) fn respond(
    port: u8,
    info: PortInfo,
    capabilities: Capabilities,
    registers: impl Iterator<Item = u32>,
    out: &mut [u8],
) -> Result<usize, NoRoom> {
    let [a, b, c, d, e, f, g, h] = response_head(port, info);
    encode_response([a, b, c, d, e, f, g, h, capabilities.0], registers, out)
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
    /// GET_KEY.
    GetKey(Place),
    /// GET_KEY_ACK. Key or vector is zero where the device does not make it.
    GetKeyAck(KeyProg),
}

impl<'a> Message<'a> {
    /// Reads a payload.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(payload: &'a [u8]) -> Result<Self, Malformed> {
        let object = Object::of(payload, Object::GetKeyAck)?;
        Ok(match object {
            Object::Query => Self::Query { port: decode_query(payload)? },
            Object::QueryResp => Self::QueryResp(QueryResponse::decode(payload)?),
            Object::KeyProg => Self::KeyProg(key(object, payload)?),
            Object::KpAck => {
                let head = alone(object, payload)?;
                Self::KpAck(head.place, Status(head.status))
            }
            Object::KSetGo => Self::KSetGo(place(object, payload)?),
            Object::KSetStop => Self::KSetStop(place(object, payload)?),
            Object::KGoStopAck => Self::KGoStopAck(place(object, payload)?),
            Object::GetKey => Self::GetKey(place(object, payload)?),
            Object::GetKeyAck => Self::GetKeyAck(key(object, payload)?),
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
            Self::KeyProg(KeyProg { place, material }) | Self::GetKeyAck(KeyProg { place, material }) => {
                message::KeyProg::encode(self.object(), *place, material, out)
            }
            Self::KpAck(place, status) => {
                Head { status: status.0, ..Head::new(Object::KpAck, *place) }.encode(out)
            }
            Self::KSetGo(place) | Self::KSetStop(place) | Self::KGoStopAck(place) | Self::GetKey(place) => {
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
            Self::GetKey(_) => Object::GetKey,
            Self::GetKeyAck(_) => Object::GetKeyAck,
        }
    }
}

fn key(object: Object, payload: &[u8]) -> Result<KeyProg, Malformed> {
    let (place, material) = message::KeyProg::decode(object, payload)?;
    Ok(KeyProg { place, material })
}

/// One line, without the key.
impl fmt::Display for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.object())?;
        match self {
            Self::Query { port } => write!(f, "port {port}"),
            Self::QueryResp(QueryResponse { port, info, capabilities, registers }) => {
                write!(f, "port {port} at {info}, capabilities {:#04x}, {registers:?}", capabilities.0)
            }
            Self::KeyProg(KeyProg { place, .. }) => {
                let iv = if Iv::of(*place) == Iv::Default { ", default vector" } else { "" };
                named(*place, f)?;
                f.write_str(iv)
            }
            Self::KpAck(place, status) => {
                named(*place, f)?;
                write!(f, ": {status}")
            }
            Self::KSetGo(place) => {
                named(*place, f)?;
                f.write_str(if Mode::of(*place) == Mode::Skid { ", skid mode" } else { ", containment mode" })
            }
            Self::KSetStop(place)
            | Self::KGoStopAck(place)
            | Self::GetKey(place)
            | Self::GetKeyAck(KeyProg { place, .. }) => named(*place, f),
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
