//! The messages, as payloads: the protocol's byte, a header of 16 bytes, and what the type asks for.

mod capabilities;
mod code;
mod error;
mod header;
mod lock;
mod print;
mod request;
mod response;
#[cfg(test)]
mod tests;

pub use capabilities::{Capabilities, Requests};
pub use code::{RequestCode, ResponseCode, State};
pub use error::{ErrorAnswer, ErrorCode, ErrorRegistry, ExtendedError};
pub use header::{HEADER_SIZE, Header, InterfaceId};
pub use lock::{Lock, LockFlags};
pub(crate) use print::Hex;
pub use request::Request;
pub use response::Response;

use crate::Malformed;

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
