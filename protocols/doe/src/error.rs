//! What can go wrong in an exchange (PCIe 6.x, 6.30.1 for objects, 6.30.2 for the mailbox and its times), where, and
//! who is to blame.

use core::fmt;

use lanewarden_pci::AccessError;

use crate::{HeaderError, Protocol};

/// Who is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The device broke the protocol.
    Peer,
    /// The caller asked for what cannot be.
    Caller,
    /// The way to the device failed, or may not be used.
    Transport,
    /// Time ran out.
    Time,
    /// Another agent has the mailbox.
    OtherAgent,
}

/// Where in an exchange it went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Before anything was written: waiting for the mailbox to be free.
    Begin,
    /// While the request was written.
    Write,
    /// Between GO and the answer.
    Await,
    /// While the answer was read.
    Read,
    /// During an abort.
    Abort,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Begin => "before the request",
            Self::Write => "while writing the request",
            Self::Await => "waiting for the answer",
            Self::Read => "while reading the answer",
            Self::Abort => "during the abort",
        })
    }
}

/// How another agent shows at the start of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Busy stays set: no new object is taken (PCIe 6.x, 7.9.24).
    Busy,
    /// An answer that this host did not ask for stays unread.
    UnreadAnswer,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Busy => "Busy is set",
            Self::UnreadAnswer => "someone's answer is unread",
        })
    }
}

/// What the caller did wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misuse {
    /// A request while another is in work. The mailbox is serial.
    #[error("an exchange is already in work")]
    InFlight,
    /// No request is in work.
    #[error("no exchange is in work")]
    Idle,
    /// The request's payload does not fit the mailbox' buffer.
    #[error("a payload of {length} bytes does not fit a buffer of {room}")]
    NoRoom {
        /// Length of the payload.
        length: usize,
        /// Length of the buffer.
        room: usize,
    },
    /// No such object can exist.
    #[error(transparent)]
    Header(#[from] HeaderError),
}

/// Why an exchange failed. Whatever it was, the mailbox has been brought back to idle or
/// [is dead](crate::Mailbox::is_dead).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The caller's mistake; nothing was sent.
    #[error(transparent)]
    Misuse(#[from] Misuse),
    /// Configuration space could not be reached.
    #[error("{source} {phase}")]
    Access {
        /// Where.
        phase: Phase,
        /// Why.
        source: AccessError,
    },
    /// Another agent kept the mailbox for [`crate::FREE_TIME`]. Nothing was written.
    #[error("blocked by another agent: {0}")]
    Blocked(Holder),
    /// The mailbox reported an error: its Error bit, which only an abort clears (PCIe 6.x, 6.30.2).
    #[error("the mailbox reports an error {0}")]
    Faulted(Phase),
    /// No answer within [`crate::ANSWER_TIME`] after GO (PCIe 6.x, 6.30.2). Also what a device shows that has dropped
    /// the request because its length was wrong (PCIe 6.0, 6.30.1).
    #[error("no answer within one second")]
    Timeout,
    /// The answer belongs to another protocol: its vendor ID or data object type (PCIe 6.x, 6.30.1).
    #[error("answer of protocol {seen} to a request of {expected}")]
    WrongProtocol {
        /// The request's.
        expected: Protocol,
        /// The answer's.
        seen: Protocol,
    },
    /// The answer belongs to another connection: bits 29:18 of its second DW, in types 3 and 4.
    #[error("answer on connection {seen} to a request on {expected}")]
    WrongConnection {
        /// The request's.
        expected: u16,
        /// The answer's.
        seen: u16,
    },
    /// The answer's length field is 1, less than the header (PCIe 6.x, 6.30.1).
    #[error("the answer's length field is shorter than its header")]
    BadLength,
    /// The answer exceeds the mailbox' buffer.
    #[error("an answer of {length} bytes exceeds the {room} that were expected at most")]
    TooLong {
        /// Length of its payload.
        length: usize,
        /// Length of the buffer.
        room: usize,
    },
    /// Data Object Ready fell before the last DW.
    #[error("the answer ended before the length in its header")]
    Truncated,
    /// Data Object Ready still stood after the last DW.
    #[error("the answer goes on after the length in its header")]
    Overrun,
    /// [`crate::Mailbox::cancel`] ended it.
    #[error("cancelled")]
    Cancelled,
    /// An earlier abort did not finish within [`crate::ABORT_TIME`] (PCIe 6.x, 6.30.2), or this exchange's first one
    /// did not.
    #[error("the mailbox is dead: an abort did not finish within one second")]
    Dead,
}

impl Error {
    /// Who is at fault.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::Misuse(_) | Self::Cancelled => Blame::Caller,
            Self::Access { source: AccessError::Claimed, .. } | Self::Blocked(_) => Blame::OtherAgent,
            Self::Access { .. } => Blame::Transport,
            Self::Timeout | Self::Dead => Blame::Time,
            Self::Faulted(_)
            | Self::WrongProtocol { .. }
            | Self::WrongConnection { .. }
            | Self::BadLength
            | Self::TooLong { .. }
            | Self::Truncated
            | Self::Overrun => Blame::Peer,
        }
    }
}
