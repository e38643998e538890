//! Stories of a requester and the devices of an emulated machine, over the machine's own mailboxes.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)] // it is a test

mod attested;
mod built_in;
mod connections;
mod late;
mod misbehaving;
mod repeated;
mod sessions;
mod support;
