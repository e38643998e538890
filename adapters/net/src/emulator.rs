//! The socket that DMTF's emulators and QEMU's devices speak, on loopback: [`Client`] is a requester, [`serve`] a
//! responder. Facts from `spdm_emu_common/command.c` of DMTF/spdm-emu and `backends/spdm-socket.c` of QEMU.

mod client;
mod frame;
mod payload;
mod server;

#[cfg(test)]
mod tests;

pub use client::Client;
pub use frame::{Command, HEAD, Head, Transport};
pub use payload::Payload;
pub use server::{ServerOptions, serve, serve_connection};

/// The port of the emulators, but for transport TCP.
pub const PORT: u16 = 2323;
/// Longest payload that QEMU 10.0 takes, data object header included. A longer one fails every later exchange too.
pub const QEMU_MAX: usize = 0x1200;
/// What a requester says first. The end of the string is sent too.
pub const CLIENT_HELLO: &[u8] = b"Client Hello!\0";
/// What a responder answers.
pub const SERVER_HELLO: &[u8] = b"Server Hello!\0";
