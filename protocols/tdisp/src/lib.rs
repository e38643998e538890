//! TDISP (PCIe 6.x, 11): what a host says to a device to take one of its interfaces into a trusted domain, and what the
//! device answers. No I/O, no clock, no allocation, no cryptography: the messages are payloads of SPDM's vendor-defined
//! ones, and only sessions carry them.
//!
//! The host's side is [`Host`], which makes the payload of a [`Question`] and checks the one that comes back. The device's
//! side is [`Responder`], a function from a payload to a payload over the [`Hardware`] behind it. Whoever has the SPDM
//! session carries the payloads, tells the responder which session each came in, and when a session is over
//! ([`Responder::ended`]).
//!
//! What the public sources leave open is behind a name that says so: [`FOREIGN_SESSION`], [`BINDING_NOT_LOCKED`],
//! [`Violation`], [`Requests`], [`page_with_offset`].
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

mod cursor;
mod error;
mod interface;
mod message;
mod nonce;
mod report;
mod requester;
mod responder;
#[cfg(test)]
mod tests;

pub use error::{Blame, Error, Malformed, NoRoom, Refusal};
pub use interface::{BINDING_NOT_LOCKED, FOREIGN_SESSION, Interface, Violation};
pub use message::{
    Capabilities, ErrorAnswer, ErrorCode, ErrorRegistry, ExtendedError, HEADER_SIZE, Header, InterfaceId,
    Lock, LockFlags, Portion, Request, RequestCode, Requests, Response, ResponseCode, State, decode_request,
    decode_response,
};
pub use nonce::{NONCE_SIZE, Nonce, NonceView};
pub use report::{
    InterfaceInfo, MmioRange, RangeAttributes, Report, ReportBuilder, ReportHead, page_with_offset,
};
pub use requester::{
    BindStream, GetCapabilities, GetReport, GetState, GetVersion, Host, LockInterface, Question, ReportFetch,
    SetMmioAttribute, StartInterface, StopInterface, UnbindStream, Vendor,
};
pub use responder::{
    Attributes, Emulated, EmulatedInterface, Features, Hardware, MIN_ANSWER, NoEntropy, NoResponse,
    Responder, Streams, VendorMessages,
};

/// The body whose registry names the vendor in SPDM's vendor-defined messages: PCI-SIG.
pub const REGISTRY_BODY: u16 = 3;
/// The vendor in that registry: the PCI-SIG itself, for its own protocols. Two bytes, little-endian, in a message.
pub const REGISTRY_VENDOR: u16 = 0x0001;
/// The first byte of the payload.
pub const PROTOCOL_ID: u8 = 1;
/// The only version there is: 1.0.
pub const VERSION: u8 = 0x10;
