//! A session with a device: how it is opened, what was agreed on for it, and what is done in it.

mod course;
mod judge;
mod report;

use std::time::Duration;

use lanewarden_spdm::message::KeyOperation;
use zeroize::Zeroizing;

pub use course::{Course, Done, Opening};
pub use judge::Judge;
pub use report::SessionReport;

/// Something to do in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Keep it open this long.
    Keep(Duration),
    /// Read the chain of certificates.
    Certs,
    /// Ask what the device runs.
    Measurements,
    /// Show that somebody is there.
    Heartbeat,
    /// Replace the keys of this side, or of both.
    UpdateKeys(KeyOperation),
    /// Send a request as it is.
    Request(Vec<u8>),
    /// End it.
    End,
}

/// A key from before.
pub struct Psk {
    /// What it is found by.
    pub hint: Vec<u8>,
    /// The key.
    pub key: Zeroizing<Vec<u8>>,
}
