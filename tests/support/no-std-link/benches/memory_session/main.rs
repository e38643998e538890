//! The same with a session: keys exchanged in P-384, AES-256-GCM, measurements, new keys for both, and the end.
#![allow(missing_docs, dead_code)]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)] // no peer but ourselves

#[path = "../memory/profile.rs"]
mod profile;

use lanewarden_spdm::session::{Seat, seats};
use profile::{AROUND_SECURED, Crypto, MESSAGE, RECORD, SESSION, SESSION_BUFFER, profile};

fn main() {
    profile::<[Seat<Crypto>; 1], SESSION_BUFFER, { MESSAGE + AROUND_SECURED }>(
        "one session",
        seats,
        RECORD,
        &SESSION,
    );
}
