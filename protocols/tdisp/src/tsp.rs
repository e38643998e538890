//! TSP, the trusted security protocol of CXL 3.1: what a host says to a memory device so that it encrypts memory
//! and keeps it for trusted domains, and what the device answers.
//!
//! The specification is not public. **Layouts, numbers and rules are those of public headers and code**: libspdm's
//! `cxl_tsp.h`, and the libraries of spdm-emu, whose requester this device's side satisfies. Messages that set and clear keys
//! are not spoken; a device answers them as unsupported.
//!
//! The host's side is [`ask`] and [`answer`] with a [`Question`], of which [`crate::GetReport`] is one; the device's is
//! [`Responder`], a function from a payload to a payload over the [`Hardware`] behind it. Whoever has the SPDM session
//! carries the payloads, tells the responder which session each came in, and when a session is over
//! ([`Responder::ended`]).
//!
//! The session that first asks for the version is the *primary* one, which configures and locks. When it ends the device
//! stays as it is: nothing but a reset unlocks.

mod error;
mod message;
mod requester;
mod responder;
mod rules;
#[cfg(test)]
mod tests;

pub use error::{Error, Refusal};
pub use message::{
    Algorithms, Capabilities, Configuration, ConfigurationFeatures, ConfigurationSupport, EncryptionFeatures,
    EncryptionSupport, ErrorAnswer, ErrorCode, Granularity, HEADER_SIZE, Header, MAX_RANGES, MemoryRange,
    Ranges, Request, RequestCode, Response, ResponseCode, SECONDARY_SESSIONS, Secondary, State, TeFeatures,
    decode_request, decode_response,
};
pub use requester::{
    CheckDelayedCompletion, GetCapabilities, GetConfiguration, GetVersion, LockConfiguration, Question,
    Report, ReportFetch, SetConfiguration, SetTeState, answer, ask,
};
pub use responder::{Completion, Emulated, Hardware, MIN_ANSWER, Responder, Role};

/// TSP's vendor in the registry of [`crate::REGISTRY_BODY`]: the CXL consortium. Two bytes, little-endian, in a message.
pub const REGISTRY_VENDOR: u16 = 0x1e98;
