//! SPDM over TCP (DSP0287), both roles. The codec is `lanewarden_spdm::binding::tcp`.

mod client;
mod server;

#[cfg(test)]
mod tests;

pub use client::Client;
pub use lanewarden_spdm::binding::tcp::{Head, HeadError, MAX_MESSAGE, PORT, Refusal, Type};
pub use server::{ServerOptions, serve, serve_connection};
