//! A requester and a responder in one process, message for message.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod algorithms;
mod chunks;
mod happy;
mod measurements;
mod records;
mod support;
mod vendor;
mod waiting;
