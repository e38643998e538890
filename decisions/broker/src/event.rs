//! What has happened, for `monitor` and the audit record.

use alloc::collections::VecDeque;

use lanewarden_doe::{Holder, Protocol};
use lanewarden_pci::MailboxId;
use lanewarden_time::Instant;

use crate::{ClientId, Device, Instance, Loss, Refusal, RequestId, Who};

/// Something that has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its place among all events, those that were dropped included; from 0.
    pub number: u64,
    /// When.
    pub at: Instant,
    /// What.
    pub what: What,
}

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A client came.
    Connected(ClientId, Who),
    /// A client went or died.
    Disconnected(ClientId),
    /// A client does not collect its answers, and has lost its turns and claims.
    Stalled(ClientId),
    /// It has collected them after all.
    Recovered(ClientId),
    /// A device came, or was reset.
    Arrived(Device),
    /// A device is gone.
    Vanished(Device),
    /// A request was not even taken.
    Refused(ClientId, Option<Device>, Refusal),
    /// An exchange began.
    Started(Instance, ClientId, RequestId, Protocol),
    /// An exchange ended with an answer, which went to the client or, if it had gone, to nobody.
    Answered(Instance, Option<ClientId>, RequestId),
    /// A request that had been taken was refused.
    Failed(Device, ClientId, RequestId, Refusal),
    /// A report of an exchange that is not under way. Nothing was delivered.
    Stale(MailboxId, RequestId),
    /// An exchange took too long and was told to stop.
    Overdue(Instance, RequestId),
    /// A mailbox is dead.
    Dead(Instance),
    /// Another agent has begun to block a mailbox. Told once until an exchange goes well.
    Blocked(Instance, Holder),
    /// A client owns a mailbox.
    Claimed(Instance, ClientId, RequestId),
    /// It gave it back.
    Released(Instance, ClientId, RequestId),
    /// It lost it.
    Lost(Instance, ClientId, RequestId, Loss),
    /// An operator took a mailbox from everybody else (row D5).
    Detached(Instance, ClientId, RequestId),
    /// A mailbox that was detached is everybody's again.
    Attached(Instance, ClientId, RequestId, Option<Loss>),
    /// A client has configuration space alone.
    Locked(Device, ClientId, RequestId),
    /// No longer.
    Unlocked(Device, ClientId, RequestId, Option<Loss>),
    /// A client ended all exchanges on a mailbox.
    Aborted(Instance, ClientId),
}

/// The newest events that nobody has taken yet.
#[derive(Clone, Debug)]
pub(crate) struct Events {
    kept: VecDeque<Event>,
    most: usize,
    next: u64,
}

impl Events {
    pub fn new(most: usize) -> Self {
        Self { kept: VecDeque::new(), most: most.max(1), next: 0 }
    }

    pub fn push(&mut self, at: Instant, what: What) {
        if self.kept.len() >= self.most {
            self.kept.pop_front();
        }
        self.kept.push_back(Event { number: self.next, at, what });
        self.next = self.next.wrapping_add(1);
    }

    pub fn pop(&mut self) -> Option<Event> {
        self.kept.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_events_are_dropped_and_their_numbers_tell() {
        let mut events = Events::new(2);
        for client in 0..5 {
            events.push(Instant::ORIGIN, What::Stalled(ClientId(client)));
        }
        assert_eq!(events.pop().map(|event| event.number), Some(3));
        assert_eq!(events.pop().map(|event| event.what), Some(What::Stalled(ClientId(4))));
        assert_eq!(events.pop(), None);
    }
}
