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
mod application;
mod capabilities;
mod chunks;
mod happy;
mod hostile_answers;
mod hostile_asking;
mod hostile_chunks;
mod hostile_encapsulated;
mod hostile_handshakes;
mod hostile_keys;
mod hostile_negotiation;
mod hostile_records;
mod hostile_requests;
mod hostile_sessions;
mod known_answers;
mod lanes;
mod measurements;
mod random;
mod records;
mod running;
mod same_device;
mod secrets;
mod sessions;
mod support;
mod table;
mod table_sessions;
mod turned;
mod vendor;
mod waiting;
mod waiting_sessions;
