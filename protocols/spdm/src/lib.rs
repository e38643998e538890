//! SPDM (DSP0274), both roles: who a device is, whether it can prove it, and what it says it runs.
//!
//! No I/O, no clock, no allocation, and nothing global: any number of requesters and responders live in one program.
#![no_std]
#![forbid(unsafe_code)]

pub mod binding;
pub mod certificate;
mod connection;
mod error;
mod identity;
pub mod message;
pub mod requester;
pub mod responder;
pub mod same_device;
pub mod session;
pub mod signing;
mod transcript;
mod version;

pub use connection::Connection;
pub use error::{Blame, Error, Misuse, Reason, Refusal, Violation};
pub use identity::Identities;
pub use lanewarden_crypto as crypto;
pub use lanewarden_time::Instant;
pub use transcript::{Part, Record};
pub use version::{Version, Versions};
