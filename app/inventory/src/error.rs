//! Why a mailbox gave no answer.

use std::time::Duration;

use lanewarden_cxl::cdat::ParseError;
use lanewarden_cxl::table_access::TableError;
use lanewarden_doe::{Blame, Declined, DiscoveryError, Error, NotCarried};
use lanewarden_pci::{AccessError, Claim, LockError};

/// Why a mailbox gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailboxError {
    /// Someone else uses it, and sharing was not asked for. Nothing was written.
    #[error("in use by the {0}")]
    InUse(Claim),
    /// Its lock was not to be had.
    #[error("{0}")]
    Lock(#[from] LockError),
    /// The function could not be opened.
    #[error("{0}")]
    Open(AccessError),
    /// The exchange itself failed.
    #[error("{step}: {source}")]
    Exchange {
        /// What was asked for.
        step: Step,
        /// What went wrong.
        source: Error,
    },
    /// Whoever carries objects for us did not.
    #[error("{step}: {source}")]
    Declined {
        /// What was asked for.
        step: Step,
        /// Why not.
        source: Declined,
    },
    /// Every answer came in time, and there were too many of them.
    #[error("{step}: the walk was given up after {} s, the device answers slowly", .limit.as_secs())]
    Slow {
        /// What would have been asked for next.
        step: Step,
        /// How long a walk may take.
        limit: Duration,
    },
    /// The discovery list is wrong.
    #[error("discovery: {0}")]
    Discovery(#[from] DiscoveryError),
    /// The table is wrong.
    #[error("table access: {0}")]
    Table(#[from] TableError),
    /// What the kernel publishes is no table.
    #[error("the kernel's copy of the table: {0}")]
    KernelTable(ParseError),
}

/// What was asked for in an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The mailbox itself, before the first exchange.
    Claim,
    /// A discovery entry, by index.
    Discovery(u8),
    /// A table entry, by handle.
    TableEntry(u16),
    /// A request of the caller's own.
    Request,
    /// A message of a conversation.
    Message(&'static str),
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Claim => f.write_str("claim"),
            Self::Discovery(index) => write!(f, "discovery entry {index}"),
            Self::TableEntry(handle) => write!(f, "table entry {handle:#x}"),
            Self::Request => f.write_str("request"),
            Self::Message(what) => f.write_str(what),
        }
    }
}

/// The kinds of failure that a caller tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Anything else.
    Failure,
    /// It is not, or no longer, there.
    NotFound,
    /// This process may not.
    Permission,
    /// A policy forbids it.
    Policy,
    /// Time ran out, or the mailbox is dead.
    Device,
    /// Someone else has it.
    Busy,
    /// The device broke the protocol.
    Protocol,
}

impl MailboxError {
    /// What a carrier's failure in this step is.
    #[must_use]
    pub fn at(step: Step, error: NotCarried) -> Self {
        match error {
            NotCarried::Lock(error) => Self::Lock(error),
            NotCarried::Exchange(source) => Self::Exchange { step, source },
            NotCarried::Declined(source) => Self::Declined { step, source },
        }
    }

    /// Which kind it is.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::InUse(_) | Self::Lock(LockError::Held(_)) => Class::Busy,
            Self::Lock(LockError::Denied | LockError::Unsafe) => Class::Permission,
            Self::Lock(LockError::System(_)) => Class::Failure,
            Self::Slow { .. } => Class::Device,
            Self::Open(access) => Class::of(*access),
            Self::Exchange { source: Error::Access { source, .. }, .. } => Class::of(*source),
            Self::Exchange { source, .. } => match source.blame() {
                Blame::Peer => Class::Protocol,
                Blame::Caller | Blame::Transport => Class::Failure,
                Blame::Time => Class::Device,
                Blame::OtherAgent => Class::Busy,
            },
            Self::Declined { source, .. } => match source {
                Declined::Busy(_) | Declined::Preempted(_) => Class::Busy,
                Declined::Policy(_) => Class::Policy,
                Declined::Failed(_) => Class::Failure,
            },
            Self::Discovery(_) | Self::Table(_) | Self::KernelTable(_) => Class::Protocol,
        }
    }
}

impl Class {
    /// The class of an access that did not happen.
    #[must_use]
    pub fn of(access: AccessError) -> Self {
        match access {
            AccessError::Gone => Self::NotFound,
            AccessError::Denied | AccessError::Lockdown => Self::Permission,
            AccessError::Refused => Self::Policy,
            AccessError::Claimed => Self::Busy,
            AccessError::OutOfRange(_) | AccessError::System(_) => Self::Failure,
        }
    }
}
