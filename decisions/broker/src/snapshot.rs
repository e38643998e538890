//! What there is at a moment, for `status`.

use alloc::vec::Vec;
use core::time::Duration;

use lanewarden_time::Instant;

use crate::desk::Client;
use crate::function::Function;
use crate::slot::{Kind, Slot};
use crate::{Broker, ClientId, Condition, Device, Instance, Refusal, RequestId, Who};

/// Counts since the start. They stop at their largest value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Exchanges that were started.
    pub started: u64,
    /// Exchanges that brought an answer.
    pub answered: u64,
    /// Claims, detachments and locks that were lost.
    pub lost: u64,
    /// Requests that were refused, by kind.
    pub busy: u64,
    /// Those that had to yield (row B15).
    pub preempted: u64,
    /// Those that were ended by their client or by an abort.
    pub cancelled: u64,
    /// Those whose mailbox is dead.
    pub dead: u64,
    /// Those that may not be.
    pub denied: u64,
    /// Those whose device is gone.
    pub gone: u64,
    /// Those whose exchange failed.
    pub failed: u64,
}

impl Statistics {
    pub(crate) fn count(&mut self, why: Refusal) {
        let counter = match why {
            Refusal::Busy(_) => &mut self.busy,
            Refusal::Preempted(_) => &mut self.preempted,
            Refusal::Cancelled => &mut self.cancelled,
            Refusal::Dead => &mut self.dead,
            Refusal::Denied(_) => &mut self.denied,
            Refusal::Gone => &mut self.gone,
            Refusal::Failed(_) => &mut self.failed,
        };
        *counter = counter.saturating_add(1);
    }
}

/// All there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The clients, oldest first.
    pub clients: Vec<ClientStatus>,
    /// The functions that are there, by address.
    pub functions: Vec<FunctionStatus>,
    /// Counts since the start.
    pub statistics: Statistics,
}

/// One client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientStatus {
    /// Its name.
    pub client: ClientId,
    /// Who it is.
    pub who: Who,
    /// How many requests it waits for.
    pub requests: usize,
    /// How many answers it has not collected.
    pub uncollected: usize,
    /// How many bytes all of these bind.
    pub bytes: usize,
    /// Whether it has lost its turns because it does not collect.
    pub stalled: bool,
}

/// One function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionStatus {
    /// Which.
    pub device: Device,
    /// Who has its configuration space alone, and for how long at most.
    pub lock: Option<(ClientId, Duration)>,
    /// How many wait for that.
    pub waiting: usize,
    /// Its mailboxes.
    pub mailboxes: Vec<MailboxStatus>,
}

/// One mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailboxStatus {
    /// Which.
    pub instance: Instance,
    /// Whether it is dead.
    pub dead: bool,
    /// Whether another agent blocks it.
    pub blocked: bool,
    /// Whether the firmware has it.
    pub firmware: bool,
    /// What may stand in it.
    pub condition: Condition,
    /// The exchange under way, and for whom.
    pub running: Option<(RequestId, Option<ClientId>)>,
    /// Who owns it.
    pub owner: Option<Owner>,
    /// How many wait for it.
    pub waiting: usize,
}

/// Who owns a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The client.
    pub client: ClientId,
    /// The name of its claim or detachment.
    pub request: RequestId,
    /// Whether the mailbox is detached rather than claimed.
    pub detached: bool,
    /// How long it has said nothing.
    pub silent: Duration,
    /// Whether others wait.
    pub contended: bool,
}

impl<Q, A, R> Broker<Q, A, R> {
    /// What there is.
    #[must_use]
    pub fn snapshot(&self, now: Instant) -> Snapshot {
        Snapshot {
            clients: self.desk.clients.iter().map(|(client, account)| of_client(*client, account)).collect(),
            functions: self.functions.values().filter_map(|function| of_function(function, now)).collect(),
            statistics: self.desk.statistics,
        }
    }

    /// Counts since the start.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.desk.statistics
    }

    /// Who the client of this number is, if it is there.
    #[must_use]
    pub fn who(&self, number: u64) -> Option<Who> {
        self.desk.clients.get(&ClientId(number)).map(|account| account.who)
    }

    /// Who owns a mailbox, if anybody does.
    #[must_use]
    pub fn owner(&self, instance: Instance) -> Option<ClientId> {
        let slots = &self.functions.get(&instance.mailbox.address)?.slots;
        let slot = slots.iter().find(|slot| slot.present && slot.instance == instance)?;
        slot.hold.map(|hold| hold.client)
    }
}

fn of_client(client: ClientId, account: &Client) -> ClientStatus {
    ClientStatus {
        client,
        who: account.who,
        requests: account.open.len(),
        uncollected: account.uncollected.len(),
        bytes: account.bytes,
        stalled: account.stalled,
    }
}

fn of_function<Q>(function: &Function<Q>, now: Instant) -> Option<FunctionStatus> {
    Some(FunctionStatus {
        device: Device { address: function.address, generation: function.generation? },
        lock: function.lock.map(|lock| (lock.client, lock.until.since(now))),
        waiting: function.wanted.len(),
        mailboxes: function.slots.iter().filter(|slot| slot.present).map(|slot| of_slot(slot, now)).collect(),
    })
}

fn of_slot<Q>(slot: &Slot<Q>, now: Instant) -> MailboxStatus {
    MailboxStatus {
        instance: slot.instance,
        dead: slot.dead,
        blocked: slot.blocked,
        firmware: slot.firmware.is_some(),
        condition: slot.condition,
        running: slot.running.map(|running| (running.request, running.client)),
        owner: slot.hold.map(|hold| Owner {
            client: hold.client,
            request: hold.request,
            detached: hold.kind == Kind::Detached,
            silent: now.since(hold.heard),
            contended: hold.contended.is_some(),
        }),
        waiting: slot.own.len().saturating_add(slot.queue.iter().count()),
    }
}
