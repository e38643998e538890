//! How much memory a requester and a responder need for an authentication with P-384 and SHA-384: what they keep, their
//! buffers, and the stack that they touch. Each is run by itself, against what the other said when both were run.
//!
//! A program holds one profile only: the compiler shares code between two, which then takes another stack than either.
#![allow(missing_docs, dead_code)]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)] // no peer but ourselves

mod profile;

use lanewarden_spdm::requester::MIN_BUFFER;
use profile::{AROUND, AUTHENTICATION, MESSAGE, profile};

fn main() {
    profile::<(), MIN_BUFFER, { MESSAGE + AROUND }>("authentication", || (), 0, &AUTHENTICATION);
}
