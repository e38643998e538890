//! How long and how much, as values.

use core::time::Duration;

use lanewarden_doe::{ABORT_TIME, ANSWER_TIME, FREE_TIME};

/// Bounds on waits, and on what a client may have at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Clients at once.
    pub clients: usize,
    /// Clients of one user at once: turns go by client, so a user must not have as many as it likes.
    pub clients_per_user: usize,
    /// What one client may have at once: requests without an answer, answers that it has not collected, claims and
    /// locks that it holds.
    pub requests: usize,
    /// Bytes that one client may bind: payloads of its requests and room for their answers, then the answers that it has
    /// not collected.
    pub bytes: usize,
    /// The longest that a request waits for its turn, whatever it asks for.
    pub patience: Duration,
    /// How long whoever does the exchange may take. Then it is told to stop.
    pub exchange: Duration,
    /// How long it may take to stop. Then the mailbox is dead.
    pub stop: Duration,
    /// How long a claim or a detachment is kept by a client that says nothing on it.
    pub lease: Duration,
    /// How long a claim is kept by a client that does speak while others wait for the mailbox.
    pub turn: Duration,
    /// How long a lock on configuration space is kept.
    pub config: Duration,
    /// How long an answer may lie uncollected before its client loses its turns and claims.
    pub collect: Duration,
    /// How many urgent turns in a row are taken while others wait.
    pub urgent_in_a_row: u8,
    /// Events that are kept until they are taken. Older ones are dropped and counted.
    pub events: usize,
}

impl Default for Limits {
    /// For a daemon. The specification bounds an answer and an abort by a second each; none of these is from it.
    fn default() -> Self {
        let longest_exchange =
            FREE_TIME.saturating_add(ANSWER_TIME).saturating_add(ABORT_TIME.saturating_mul(2));
        Self {
            clients: 256,
            clients_per_user: 32,
            requests: 64,
            bytes: 4 << 20,
            patience: Duration::from_secs(60),
            exchange: longest_exchange.saturating_add(Duration::from_secs(1)),
            stop: ABORT_TIME.saturating_mul(2),
            lease: Duration::from_secs(5),
            turn: Duration::from_secs(30),
            config: Duration::from_secs(1),
            collect: Duration::from_secs(5),
            urgent_in_a_row: 8,
            events: 4096,
        }
    }
}
