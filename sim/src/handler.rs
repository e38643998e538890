//! What a device does with an object.

mod compliance;
mod discovery;
mod table;

use std::time::Duration;

use lanewarden_doe::Protocol;
use lanewarden_time::Instant;

pub(crate) use compliance::Compliance;
pub(crate) use discovery::discover;
pub(crate) use table::Tables;

/// An object that has arrived at a mailbox.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'a> {
    /// Its protocol.
    pub protocol: Protocol,
    /// Its connection ID, 0 where the protocol has none.
    pub connection: u16,
    /// What follows its header, padding included.
    pub payload: &'a [u8],
    /// The time of the virtual clock.
    pub now: Instant,
}

/// What comes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// An answer of the same protocol and connection.
    Answer {
        /// What follows its header.
        payload: Vec<u8>,
        /// How long it takes; the mailbox' usual time if not given.
        after: Option<Duration>,
    },
    /// No answer, as for an object that the device does not understand.
    Discard,
    /// The mailbox reports an error.
    Fail,
}

impl Reply {
    /// An answer after the mailbox' usual time.
    #[must_use]
    pub const fn answer(payload: Vec<u8>) -> Self {
        Self::Answer { payload, after: None }
    }
}

/// Answers the objects of one protocol at one mailbox; plugged in with [`crate::Simulator::attach`].
///
/// It is called with the machine locked, so it must not use the machine itself.
pub trait Handler: Send {
    /// Takes an object and says what comes of it.
    fn handle(&mut self, incoming: &Incoming<'_>) -> Reply;

    /// The host has aborted; whatever was in work is lost.
    fn abort(&mut self) {}

    /// The function was reset; whatever was agreed on is forgotten.
    fn reset(&mut self) {}
}

impl<F: FnMut(&Incoming<'_>) -> Reply + Send> Handler for F {
    fn handle(&mut self, incoming: &Incoming<'_>) -> Reply {
        self(incoming)
    }
}
