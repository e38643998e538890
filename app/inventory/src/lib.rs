//! What is in a machine: its functions in their hierarchy, what every mailbox speaks, the tables in them, and how far
//! and how wide the path to each memory is.
//!
//! [`scan`] drives all mailboxes at once on one thread: each is a `Job` with a deadline, so that a mailbox
//! that is slow or dead delays no other. [`work`] does the same for chosen mailboxes and chosen work, and [`converse`]
//! for protocols that are not known here.
#![forbid(unsafe_code)]

mod conversation;
mod error;
mod job;
mod memory;
mod report;
mod scan;
mod schedule;

pub use conversation::{Conversation, Turn};
pub use error::{Class, MailboxError, Step};
pub use job::Work;
pub use memory::{HostPart, Memories, MemoryPath, Place, is_memory};
pub use report::{FunctionReport, MailboxReport, TableReport, TableSource, find};
pub use scan::{Inventory, ScanError, ask_kernel, mailboxes, read_function, scan};
pub use schedule::{converse, work};

use std::time::Duration;

use lanewarden_doe::Policy;

/// How a scan behaves.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Use mailboxes although the kernel uses them too (`--unsafe-shared`). No lock excludes the kernel: its exchanges
    /// and ours may then take each other's answers.
    pub shared: bool,
    /// How long to wait for another process that holds a mailbox.
    pub lock_wait: Duration,
    /// What each mailbox may do beyond the least.
    pub policy: Policy,
}

impl Default for Options {
    /// Kept apart from the kernel, five seconds for another process, the default [`Policy`].
    fn default() -> Self {
        Self { shared: false, lock_wait: Duration::from_secs(5), policy: Policy::default() }
    }
}

/// How far a scan has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub phase: &'static str,
    /// How many are done.
    pub done: usize,
    /// How many there are.
    pub total: usize,
}
