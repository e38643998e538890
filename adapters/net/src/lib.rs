//! SPDM over sockets, both roles: the frames that the emulators of DMTF and QEMU speak, and SPDM over TCP (DSP0287).
//!
//! * A requester runs over a [`Transport`](lanewarden_spdm::requester::Transport): [`emulator::Client`] and
//!   [`tcp::Client`] are two.
//! * [`Responder`] is what a server asks for answers. [`emulator::serve`] and [`tcp::serve`] accept one connection
//!   after the other until they are [stopped](Stop).
//!
//! The codecs are plain functions over bytes ([`emulator::Head`], [`emulator::Payload`]; DSP0287 itself is
//! `lanewarden_spdm::binding::tcp`), and everything above them runs over any [`Stream`].
//!
//! # What a peer can do
//! Nothing is allocated for a length that exceeds the caller's limit. Every wait ends at a deadline for the whole frame,
//! however the bytes drip. An exchange that failed leaves the connection [dead](TransportError::Dead): what the peer
//! sends late can never pass for the answer to the next request.
#![forbid(unsafe_code)]

pub mod emulator;
mod error;
mod listen;
mod responder;
mod stream;
pub mod tcp;

#[cfg(test)]
mod fake;

pub use error::{Failure, Phase, TransportError};
pub use lanewarden_doe::Blame;
pub use lanewarden_spdm::binding::MessageKind;
pub use lanewarden_time::Instant;
pub use listen::Stop;
pub use responder::{Ended, Responder, ServerTimes};
pub use stream::{Interest, Ready, Socket, Stream};
