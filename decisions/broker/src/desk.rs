//! Clients and their accounts, and all that goes out: acts, events, deadlines.

use alloc::collections::{BTreeMap, BinaryHeap, VecDeque};
use alloc::vec::Vec;
use core::cmp::Reverse;

use lanewarden_pci::Address;
use lanewarden_time::Instant;

use crate::event::Events;
use crate::{
    Act, Busy, ClientId, Device, Limits, Loss, Outcome, Refusal, Reply, RequestId, Statistics, What, Who,
};

/// One client's account.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub who: Who,
    /// Requests without an answer.
    pub open: Vec<Open>,
    /// Claims, detachments and locks.
    pub held: Vec<Held>,
    /// Answers that it has been told of and has not collected, oldest first.
    pub uncollected: VecDeque<Uncollected>,
    /// What all of these bind.
    pub bytes: usize,
    pub stalled: bool,
    pub armed: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Open {
    pub request: RequestId,
    pub address: Address,
    pub bytes: usize,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub request: RequestId,
    pub address: Address,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Uncollected {
    pub request: RequestId,
    pub bytes: usize,
    pub since: Instant,
}

/// What has a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    Function(Address),
    Client(ClientId),
}

/// All that is the broker's but the devices.
#[derive(Clone, Debug)]
pub(crate) struct Desk<Q, A> {
    pub limits: Limits,
    pub clients: BTreeMap<ClientId, Client>,
    pub acts: VecDeque<Act<Q, A>>,
    pub events: Events,
    pub statistics: Statistics,
    /// At least one entry, not too late, for whatever has a deadline. What has been armed too early comes to nothing.
    pub timers: BinaryHeap<Reverse<(Instant, Timer)>>,
    pub last_request: u64,
    /// A bug that the explorer must find.
    #[cfg(test)]
    pub plant: Option<crate::explorer::Plant>,
}

impl Client {
    pub fn new(who: Who) -> Self {
        let (open, held, uncollected) = (Vec::new(), Vec::new(), VecDeque::new());
        Self { who, open, held, uncollected, bytes: 0, stalled: false, armed: None }
    }

    /// When it will have left its oldest answer uncollected for too long.
    pub fn due(&self, limits: &Limits) -> Option<Instant> {
        let oldest = self.uncollected.front().filter(|_| !self.stalled)?;
        Some(oldest.since + limits.collect)
    }

    /// Whether it may have another request that binds `bytes`.
    fn room_for(&self, bytes: usize, limits: &Limits) -> Result<(), Busy> {
        let parts = [self.open.len(), self.held.len(), self.uncollected.len()];
        let requests = parts.into_iter().fold(0_usize, usize::saturating_add);
        if self.stalled {
            Err(Busy::Uncollected)
        } else if requests >= limits.requests {
            Err(Busy::Requests)
        } else if self.bytes.saturating_add(bytes) > limits.bytes {
            Err(Busy::Bytes)
        } else {
            Ok(())
        }
    }
}

impl<Q, A> Desk<Q, A> {
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            clients: BTreeMap::new(),
            acts: VecDeque::new(),
            events: Events::new(limits.events),
            statistics: Statistics::default(),
            timers: BinaryHeap::new(),
            last_request: 0,
            #[cfg(test)]
            plant: None,
        }
    }

    pub fn note(&mut self, now: Instant, what: What) {
        self.events.push(now, what);
    }

    /// Opens a request on a client's account.
    pub fn open(&mut self, client: ClientId, address: Address, bytes: usize) -> Result<RequestId, Refusal> {
        let limits = self.limits;
        let account = self.clients.get_mut(&client).ok_or(Refusal::Cancelled)?;
        account.room_for(bytes, &limits).map_err(Refusal::Busy)?;
        self.last_request = self.last_request.wrapping_add(1);
        let request = RequestId(self.last_request);
        account.bytes = account.bytes.saturating_add(bytes);
        account.open.push(Open { request, address, bytes });
        Ok(request)
    }

    /// Takes a request off its client's account and its answer onto it; false where there is no such request.
    fn close(&mut self, now: Instant, client: ClientId, request: RequestId, bytes: usize) -> bool {
        let limits = self.limits;
        let Some(account) = self.clients.get_mut(&client) else { return false };
        let Some(place) = account.open.iter().position(|open| open.request == request) else { return false };
        let open = account.open.remove(place);
        account.bytes = account.bytes.saturating_sub(open.bytes).saturating_add(bytes);
        account.uncollected.push_back(Uncollected { request, bytes, since: now });
        let due = account.due(&limits);
        arm(&mut self.timers, Timer::Client(client), due, &mut account.armed);
        true
    }

    /// Gives a request its answer.
    pub fn answer(&mut self, now: Instant, client: ClientId, request: RequestId, reply: Reply<A>) {
        if self.close(now, client, request, reply.bytes) {
            self.acts.push_back(Act::Answer { client, request, result: Ok(reply.payload) });
        }
    }

    /// Refuses a request that had been taken.
    pub fn refuse(
        &mut self,
        now: Instant,
        device: Device,
        client: ClientId,
        request: RequestId,
        why: Refusal,
    ) {
        if self.close(now, client, request, 0) {
            self.statistics.count(why);
            self.note(now, What::Failed(device, client, request, why));
            self.acts.push_back(Act::Answer { client, request, result: Err(why) });
        }
    }

    /// Gives a client what it asked to hold.
    pub fn grant(&mut self, now: Instant, address: Address, client: ClientId, request: RequestId) {
        if self.close(now, client, request, 0) {
            if let Some(account) = self.clients.get_mut(&client) {
                account.held.push(Held { request, address });
            }
            self.acts.push_back(Act::Granted { client, request });
        }
    }

    /// Takes off a client's account what it holds no longer, and tells it if it did not do that itself.
    pub fn end(&mut self, client: ClientId, request: RequestId, loss: Option<Loss>) {
        let Some(account) = self.clients.get_mut(&client) else { return };
        account.held.retain(|held| held.request != request);
        if let Some(loss) = loss {
            self.statistics.lost = self.statistics.lost.saturating_add(1);
            self.acts.push_back(Act::Ended { client, request, loss });
        }
    }

    /// Where a client has what goes by this name, if it has that.
    pub fn held_at(&self, client: ClientId, request: RequestId) -> Option<Address> {
        let held = &self.clients.get(&client)?.held;
        held.iter().find(|held| held.request == request).map(|held| held.address)
    }

    /// Sees to it that `timer` comes up when `due`.
    pub fn arm(&mut self, timer: Timer, due: Option<Instant>, armed: &mut Option<Instant>) {
        arm(&mut self.timers, timer, due, armed);
    }

    /// The next timer that has come up.
    pub fn pop_timer(&mut self, now: Instant) -> Option<(Instant, Timer)> {
        let Reverse(timer) = self.timers.peek().filter(|Reverse((at, _))| *at <= now).copied()?;
        self.timers.pop();
        Some(timer)
    }

    #[cfg(test)]
    pub fn is_planted(&self, plant: crate::explorer::Plant) -> bool {
        self.plant == Some(plant)
    }
}

impl<A> Outcome<A> {
    /// What it is without the payload: the error, if it is one.
    pub(crate) fn split(self) -> Result<Reply<A>, Option<lanewarden_doe::Error>> {
        match self {
            Self::Answered(reply) => Ok(reply),
            Self::Failed(error) => Err(Some(error)),
            Self::Dead => Err(None),
        }
    }
}

/// A later time than the one that is armed needs no entry: when that one comes up, whatever it is for looks again.
fn arm(
    timers: &mut BinaryHeap<Reverse<(Instant, Timer)>>,
    timer: Timer,
    due: Option<Instant>,
    armed: &mut Option<Instant>,
) {
    if let Some(due) = due
        && armed.is_none_or(|armed| due < armed)
    {
        timers.push(Reverse((due, timer)));
        *armed = Some(due);
    }
}
