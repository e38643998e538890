//! What the daemon and its clients say to each other: [varlink](https://varlink.org) over a socket of this machine.
//!
//! The interfaces stand in `app/ipc/interfaces` and here as types; a test holds them together. What reads
//! ([`machine`], [`status`]) is apart from what changes ([`mailbox`], [`config`], [`session`]), so that a rule can tell them apart by
//! name. The number at the end of an interface's name is its version: what is there keeps its meaning, and what would not
//! gets another number.
//!
//! * A message is a JSON object and a zero byte, [`MAX_MESSAGE`] bytes at most: [`frame`].
//! * A method is a type ([`Call`]) whose fields are the parameters; so a call cannot be given the reply of another.
//! * Errors are [`Fault`], which is made from what the broker and the mailbox say, and gives it back as it was.
#![forbid(unsafe_code)]

mod base64;
mod call;
mod client;
pub mod config;
mod fault;
pub mod frame;
pub mod interface;
pub mod machine;
pub mod mailbox;
pub mod service;
pub mod session;
pub mod status;
#[cfg(test)]
mod tests;

pub use base64::Base64;
pub use call::{Call, Envelope, Incoming, Replied, Reply};
pub use client::{CallError, Client};
pub use fault::Fault;
pub use frame::MAX_MESSAGE;

/// Where the daemon of the machine listens.
pub const SYSTEM_SOCKET: &str = "/run/lanewarden/socket";
