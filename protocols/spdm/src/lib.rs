//! SPDM (DSP0274), both roles: who a device is, whether it can prove it, and what it says it runs.
//!
//! No I/O, no clock, no allocation, and nothing global: any number of requesters and responders live in one program.
#![no_std]
#![forbid(unsafe_code)]

pub mod certificate;
pub mod message;
mod version;

pub use lanewarden_crypto as crypto;
pub use lanewarden_time::Instant;
pub use version::{Version, Versions};
