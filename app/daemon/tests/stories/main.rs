//! A daemon on an emulated machine, and its clients on real sockets.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used, clippy::panic)]

mod claims;
mod config;
mod hostile;
mod interfaces;
mod policy;
mod restart;
mod sessions;
mod sharing;
mod support;
mod watching;
