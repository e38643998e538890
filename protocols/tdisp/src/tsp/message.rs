//! The messages, as payloads: the protocol's byte, version and code, and what the code asks for.

mod capabilities;
mod code;
mod configuration;
mod error;
mod memory;
mod print;
mod request;
mod response;
#[cfg(test)]
mod tests;

pub use capabilities::{
    Algorithms, Capabilities, ConfigurationSupport, EncryptionSupport, SECONDARY_SESSIONS, TeFeatures,
};
pub use code::{RequestCode, ResponseCode, State};
pub use configuration::{Configuration, ConfigurationFeatures, EncryptionFeatures, Granularity, Secondary};
pub use error::{ErrorAnswer, ErrorCode};
pub use memory::{MAX_RANGES, MemoryRange, Ranges};
pub use request::Request;
pub use response::Response;

use crate::cursor::{Reader, Writer};
use crate::{Malformed, NoRoom, PROTOCOL_ID, VERSION};

/// Bytes before a message's own fields: the protocol's byte, the version and the code.
pub const HEADER_SIZE: usize = 3;

/// What stands at the front of every message, after the protocol's byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The version, 0x10 for 1.0.
    pub version: u8,
    /// The message's code.
    pub code: u8,
}

impl Header {
    /// Reads it; what follows it too.
    ///
    /// # Errors
    /// [`Malformed::Short`], [`Malformed::Protocol`].
    pub fn decode(payload: &[u8]) -> Result<(Self, &[u8]), Malformed> {
        let mut reader = Reader::new(payload);
        let protocol = reader.u8()?;
        if protocol != PROTOCOL_ID {
            return Err(Malformed::Protocol(protocol));
        }
        Ok((Self { version: reader.u8()?, code: reader.u8()? }, reader.rest()))
    }

    fn encode(code: u8, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        writer.bytes(&[PROTOCOL_ID, VERSION, code])
    }
}

/// Reads a request's payload.
///
/// # Errors
/// [`Malformed`]. The version is not looked at.
pub fn decode_request(payload: &[u8]) -> Result<(Header, Request<'_>), Malformed> {
    let (header, body) = Header::decode(payload)?;
    let code = RequestCode::from_byte(header.code).ok_or(Malformed::Code(header.code))?;
    Ok((header, Request::decode(code, body)?))
}

/// Reads an answer's payload.
///
/// # Errors
/// [`Malformed`]. The version is not looked at.
pub fn decode_response(payload: &[u8]) -> Result<(Header, Response<'_>), Malformed> {
    let (header, body) = Header::decode(payload)?;
    let code = ResponseCode::from_byte(header.code).ok_or(Malformed::Code(header.code))?;
    Ok((header, Response::decode(code, body)?))
}
