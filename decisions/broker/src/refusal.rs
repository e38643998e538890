//! Why a request gets no answer of a device, and why something that was held is held no longer.

use core::fmt;

use lanewarden_doe::{Blame, Error, Holder};

use crate::ClientId;

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not now; later it may succeed.
    #[error("busy: {0}")]
    Busy(Busy),
    /// It had to yield, and may be made again.
    #[error("preempted: {0}")]
    Preempted(Loss),
    /// Its client, or an abort of the mailbox, has ended it.
    #[error("cancelled")]
    Cancelled,
    /// The mailbox is dead: it, or whoever does its exchanges, did not stop in time.
    #[error("the mailbox is dead")]
    Dead,
    /// It may not be.
    #[error("denied: {0}")]
    Denied(Denial),
    /// There is no such device any more, or another one in its place.
    #[error("the device is gone")]
    Gone,
    /// The exchange was done and failed.
    #[error(transparent)]
    Failed(Error),
}

impl Refusal {
    /// The refusal in one word, as programs want it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Busy(_) => "busy",
            Self::Preempted(_) => "preempted",
            Self::Cancelled => "cancelled",
            Self::Dead => "dead",
            Self::Denied(_) => "denied",
            Self::Gone => "gone",
            Self::Failed(_) => "failed",
        }
    }

    /// Who is at fault.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::Busy(Busy::Requests | Busy::Bytes | Busy::Uncollected)
            | Self::Preempted(Loss::Silent | Loss::Uncollected)
            | Self::Cancelled
            | Self::Denied(_) => Blame::Caller,
            Self::Busy(_) | Self::Preempted(_) => Blame::OtherAgent,
            Self::Dead => Blame::Time,
            Self::Gone => Blame::Transport,
            Self::Failed(error) => error.blame(),
        }
    }
}

/// What keeps a request from its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Busy {
    /// It waited as long as it was willing to. Who owned the mailbox then, if anybody did.
    Waited(Option<ClientId>),
    /// The mailbox has been taken away from everybody else.
    Detached(ClientId),
    /// An agent that is none of ours kept the mailbox for a second. Nothing was written (rows B1, B4).
    OtherAgent(Holder),
    /// The firmware has the mailbox.
    Firmware,
    /// The client has as much under way as it may.
    Requests,
    /// The client binds as many bytes as it may.
    Bytes,
    /// The client does not collect its answers.
    Uncollected,
}

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waited(Some(owner)) => write!(f, "the mailbox belongs to {owner}"),
            Self::Waited(None) => f.write_str("others were first"),
            Self::Detached(owner) => write!(f, "{owner} has detached the mailbox"),
            Self::OtherAgent(holder) => write!(f, "blocked by another agent: {holder}"),
            Self::Firmware => f.write_str("the firmware has the mailbox"),
            Self::Requests => f.write_str("too many requests under way"),
            Self::Bytes => f.write_str("too many bytes under way"),
            Self::Uncollected => f.write_str("earlier answers have not been collected"),
        }
    }
}

/// Why something may not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// The client may not do this.
    Permission,
    /// The device is not let in.
    Gate,
    /// The protocol is stateful: its mailbox has to be claimed first.
    Unclaimed,
    /// The client has this mailbox already.
    AlreadyHeld,
    /// There is no such client, or nothing of its own by this name.
    Unknown,
    /// There are as many clients as there may be.
    Clients,
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Permission => "no permission",
            Self::Gate => "the device is not admitted",
            Self::Unclaimed => "the protocol needs a claim on its mailbox",
            Self::AlreadyHeld => "already held",
            Self::Unknown => "nothing is known by this name",
            Self::Clients => "too many clients",
        })
    }
}

/// Why a client has lost what it held or waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// A reset or a resume needed the mailbox.
    Urgent,
    /// An operator took the mailbox away.
    Detached,
    /// The client said nothing for the length of its lease.
    Silent,
    /// Others waited, and its time was over.
    Turn,
    /// The client did not collect its answers.
    Uncollected,
    /// The mailbox died.
    Dead,
    /// The device is gone.
    Gone,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Urgent => "a reset or a resume needed the mailbox",
            Self::Detached => "an operator took the mailbox away",
            Self::Silent => "nothing was said for the length of the lease",
            Self::Turn => "others waited and the time was over",
            Self::Uncollected => "answers were not collected",
            Self::Dead => "the mailbox died",
            Self::Gone => "the device is gone",
        })
    }
}
