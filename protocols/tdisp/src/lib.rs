//! Trusted devices, over the sessions of SPDM: TDISP (PCIe 6.x, 11), by which a host takes an interface of a device into a
//! trusted domain, and CXL's TSP in [`tsp`], by which it takes memory of a device into trusted domains. No I/O, no clock, no
//! allocation, no cryptography: the messages of both are payloads of SPDM's vendor-defined ones, and only sessions carry
//! them.
//!
//! TDISP stands at the root, and so does what both have alike: [`Blame`], [`Malformed`], [`NoRoom`], [`NoResponse`],
//! [`GetReport`] with its [`Portion`], [`REGISTRY_BODY`], [`PROTOCOL_ID`] and [`VERSION`]. What has a namesake in [`tsp`] is
//! TDISP's alone. The vendor tells the two apart, [`REGISTRY_VENDOR`] or [`tsp::REGISTRY_VENDOR`].
//!
//! The host's side is [`Host`], which makes the payload of a [`Question`] and checks the one that comes back. The device's
//! side is [`Responder`], a function from a payload to a payload over the [`Hardware`] behind it. Whoever has the SPDM
//! session carries the payloads, tells the responder which session each came in, and when a session is over
//! ([`Responder::ended`]).
//!
//! What the public sources of TDISP leave open is behind a name that says so: [`FOREIGN_SESSION`], [`BINDING_NOT_LOCKED`],
//! [`Violation`], [`Requests`], [`page_with_offset`].
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

mod codes;
mod cursor;
mod error;
mod interface;
mod message;
mod nonce;
mod portion;
mod report;
mod requester;
mod responder;
#[cfg(test)]
mod tests;
pub mod tsp;
mod versions;

pub use error::{Blame, Error, Malformed, NoResponse, NoRoom, Refusal};
pub use interface::{BINDING_NOT_LOCKED, FOREIGN_SESSION, Interface, Violation};
pub use message::{
    Capabilities, ErrorAnswer, ErrorCode, ErrorRegistry, ExtendedError, HEADER_SIZE, Header, InterfaceId,
    Lock, LockFlags, Request, RequestCode, Requests, Response, ResponseCode, State, decode_request,
    decode_response,
};
pub use nonce::{NONCE_SIZE, Nonce, NonceView};
pub use portion::{GetReport, Portion};
pub use report::{
    InterfaceInfo, MmioRange, RangeAttributes, Report, ReportBuilder, ReportHead, page_with_offset,
};
pub use requester::{
    BindStream, GetCapabilities, GetState, GetVersion, Host, LockInterface, Question, ReportFetch,
    SetMmioAttribute, StartInterface, StopInterface, UnbindStream, Vendor,
};
pub use responder::{
    Attributes, Emulated, EmulatedInterface, Features, Hardware, MIN_ANSWER, NoEntropy, Responder, Streams,
    VendorMessages,
};

/// The body whose registry names the vendors of both protocols in SPDM's vendor-defined messages: PCI-SIG, for CXL too (and
/// not the CXL consortium's own).
pub const REGISTRY_BODY: u16 = 3;
/// TDISP's vendor in that registry: the PCI-SIG itself, for its own protocols. Two bytes, little-endian, in a message.
pub const REGISTRY_VENDOR: u16 = 0x0001;
/// The first byte of the payload: TDISP among the protocols of the PCI-SIG, TSP among those of the CXL consortium.
pub const PROTOCOL_ID: u8 = 1;
/// The only version that there is of either: 1.0.
pub const VERSION: u8 = 0x10;
