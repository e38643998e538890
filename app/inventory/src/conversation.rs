//! Protocols that the caller speaks through a mailbox, message by message.

use std::time::Duration;

use lanewarden_doe::Protocol;
use lanewarden_time::Instant;

use crate::MailboxError;

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn<'a> {
    /// Send this; its answer comes to [`Conversation::answer`].
    Say {
        /// What it is, for error messages.
        what: &'static str,
        /// Its protocol.
        protocol: Protocol,
        /// What its answer may be of as well as of its protocol: a device that has lost a session says so outside of
        /// it.
        alternative: Option<Protocol>,
        /// Its connection ID, 0 for protocols without one.
        connection: u16,
        /// Its payload.
        payload: &'a [u8],
    },
    /// Ask again at this time.
    Wait(Instant),
    /// There is nothing more to say.
    Over,
}

/// A protocol that is spoken through a mailbox, which is owned from the first message to the last.
pub trait Conversation {
    /// The longest payload either way, in bytes.
    fn longest(&self) -> usize;

    /// How long all of it may take.
    fn patience(&self) -> Duration;

    /// What comes next.
    fn turn(&mut self, now: Instant) -> Turn<'_>;

    /// The payload of the answer to what was said last, padding included, and its protocol.
    fn answer(&mut self, now: Instant, protocol: Protocol, payload: &[u8]);

    /// Something was not carried; the conversation is over.
    fn failed(&mut self, error: &MailboxError);
}
