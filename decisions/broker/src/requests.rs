//! What clients ask for. Each request that is taken gets one answer; one that is refused at once has it with that.

use core::time::Duration;

use lanewarden_doe::Protocol;
use lanewarden_time::Instant;

use crate::function::{Exclusive, Function};
use crate::queue::{Waiting, Want};
use crate::slot::{Kind, Slot};
use crate::{
    Action, Ask, Broker, Busy, ClientId, Condition, Denial, Device, Firmware, Gate, Instance, Loss,
    Permission, Refusal, RequestId, Urgency, What,
};

/// Whether a protocol's exchanges belong together: one that is not ours in between would break or mix them. SPDM has
/// connections, CDAT has walks.
#[must_use]
pub fn is_stateful(protocol: Protocol) -> bool {
    matches!(
        protocol,
        Protocol::CMA_SPDM
            | Protocol::SECURED_CMA_SPDM
            | Protocol::CMA_SPDM_WITH_CONNECTION
            | Protocol::SECURED_CMA_SPDM_WITH_CONNECTION
            | Protocol::CXL_TABLE_ACCESS
    )
}

impl<Q, A, R: Permission + Gate + Firmware> Broker<Q, A, R> {
    /// One exchange.
    ///
    /// # Errors
    /// What it is refused for at once; else the answer comes as [`crate::Act::Answer`].
    pub fn submit(&mut self, client: ClientId, ask: Ask<Q>, now: Instant) -> Result<RequestId, Refusal> {
        let device = ask.instance.device();
        let taken = self.take_exchange(client, ask, now);
        self.noting(client, device, taken, now)
    }

    fn take_exchange(&mut self, client: ClientId, ask: Ask<Q>, now: Instant) -> Result<RequestId, Refusal> {
        let (instance, urgency) = (ask.instance, ask.urgency);
        self.may(client, instance.device(), ask.action(), urgency)?;
        let slot = self.usable(instance, client)?;
        let is_its_own = slot.hold.is_some_and(|hold| hold.client == client);
        if is_stateful(ask.protocol) && !ask.raw && !is_its_own {
            return Err(Refusal::Denied(Denial::Unclaimed));
        }
        let request = self.desk.open(client, instance.mailbox.address, ask.bytes)?;
        let until = self.until(ask.patience, now);
        let waiting = Waiting { request, until, want: Want::Exchange(ask) };
        self.enqueue(client, instance, urgency, waiting, now);
        Ok(request)
    }

    /// A mailbox as a client's own, from [`crate::Act::Granted`] until [`Self::release`], for a stateful protocol. The
    /// claim ends by itself when its client says nothing for [`crate::Limits::lease`], or when others have waited for
    /// [`crate::Limits::turn`].
    ///
    /// # Errors
    /// What it is refused for at once; else the answer comes as an act.
    pub fn claim(
        &mut self,
        client: ClientId,
        instance: Instance,
        urgency: Urgency,
        patience: Duration,
        now: Instant,
    ) -> Result<RequestId, Refusal> {
        let taken = self.take_claim(client, instance, urgency, patience, now);
        self.noting(client, instance.device(), taken, now)
    }

    fn take_claim(
        &mut self,
        client: ClientId,
        instance: Instance,
        urgency: Urgency,
        patience: Duration,
        now: Instant,
    ) -> Result<RequestId, Refusal> {
        self.may(client, instance.device(), Action::Claim, urgency)?;
        if self.usable(instance, client)?.hold.is_some_and(|hold| hold.client == client) {
            return Err(Refusal::Denied(Denial::AlreadyHeld));
        }
        let request = self.desk.open(client, instance.mailbox.address, 0)?;
        let waiting = Waiting { request, until: self.until(patience, now), want: Want::Claim };
        self.enqueue(client, instance, urgency, waiting, now);
        Ok(request)
    }

    /// A mailbox taken away from everybody else, the daemon included, until [`Self::release`] or until nothing is said
    /// for [`crate::Limits::lease`]: for debugging (rows D5, D7). Claims end, those who wait are refused, an exchange
    /// under way ends well. Others are refused at once from then on.
    ///
    /// # Errors
    /// What it is refused for at once; else it is granted at once.
    pub fn detach(
        &mut self,
        client: ClientId,
        instance: Instance,
        now: Instant,
    ) -> Result<RequestId, Refusal> {
        let taken = self.take_away(client, instance, now);
        self.noting(client, instance.device(), taken, now)
    }

    fn take_away(
        &mut self,
        client: ClientId,
        instance: Instance,
        now: Instant,
    ) -> Result<RequestId, Refusal> {
        self.may(client, instance.device(), Action::Detach, Urgency::Normal)?;
        if self.usable(instance, client)?.hold.is_some_and(|hold| hold.kind == Kind::Detached) {
            return Err(Refusal::Denied(Denial::AlreadyHeld));
        }
        let request = self.desk.open(client, instance.mailbox.address, 0)?;
        let Some(function) = self.functions.get_mut(&instance.mailbox.address) else { return Ok(request) };
        if let Some(slot) = function.slot(instance) {
            slot.lose(&mut self.desk, Some(Loss::Detached), now);
            let why = Refusal::Busy(Busy::Detached(client));
            slot.refuse_all(&mut self.desk, why, now, |_, _| true);
            slot.queue.no_turn();
            slot.hold(client, request, Kind::Detached, &mut self.desk, now);
        }
        function.settle(&mut self.desk, &self.rules, now);
        Ok(request)
    }

    /// Configuration space of a function alone, for raw access, from [`crate::Act::Granted`] until [`Self::release`] or
    /// for [`crate::Limits::config`] at most (row B5). All mailboxes are idle and nobody else's then, and nothing is begun
    /// on them. It says nothing about a mailbox' state afterwards: the next exchange aborts first.
    ///
    /// # Errors
    /// What it is refused for at once; else the answer comes as an act.
    pub fn lock_config(
        &mut self,
        client: ClientId,
        device: Device,
        patience: Duration,
        now: Instant,
    ) -> Result<RequestId, Refusal> {
        let taken = self.take_lock(client, device, patience, now);
        self.noting(client, device, taken, now)
    }

    fn take_lock(
        &mut self,
        client: ClientId,
        device: Device,
        patience: Duration,
        now: Instant,
    ) -> Result<RequestId, Refusal> {
        self.may(client, device, Action::Config, Urgency::Normal)?;
        let until = self.until(patience, now);
        let Some(function) = self.functions.get_mut(&device.address) else { return Err(Refusal::Gone) };
        if function.lock.iter().chain(&function.wanted).any(|lock| lock.client == client) {
            return Err(Refusal::Denied(Denial::AlreadyHeld));
        }
        let request = self.desk.open(client, device.address, 0)?;
        function.wanted.push_back(Exclusive { device, request, client, until });
        function.settle(&mut self.desk, &self.rules, now);
        Ok(request)
    }

    /// Whether a client has configuration space of this device alone at this moment: to be asked before each raw write.
    #[must_use]
    pub fn has_config(&self, client: ClientId, device: Device, now: Instant) -> bool {
        let lock = self.functions.get(&device.address).and_then(|function| function.lock);
        lock.is_some_and(|lock| lock.client == client && lock.device == device && now < lock.until)
    }

    /// A client gives back what it was granted.
    ///
    /// # Errors
    /// [`Denial::Unknown`] if it does not have it, be it that it has lost it.
    pub fn release(&mut self, client: ClientId, request: RequestId, now: Instant) -> Result<(), Refusal> {
        let held = self.desk.held_at(client, request);
        let function = held.and_then(|address| self.functions.get_mut(&address));
        let function = function.ok_or(Refusal::Denied(Denial::Unknown))?;
        if function.lock.is_some_and(|lock| lock.request == request) {
            function.end_lock(&mut self.desk, None, now);
        }
        let is_it = |slot: &&mut Slot<Q>| slot.hold.is_some_and(|hold| hold.request == request);
        if let Some(slot) = function.slots.iter_mut().find(is_it) {
            slot.lose(&mut self.desk, None, now);
        }
        #[cfg(test)]
        if self.desk.is_planted(crate::explorer::Plant::ReleaseWakesNobody) {
            return Ok(());
        }
        function.settle(&mut self.desk, &self.rules, now);
        Ok(())
    }

    /// A client says that it still wants what it was granted, so that silence does not end it.
    ///
    /// # Errors
    /// [`Denial::Unknown`] if it does not have it, be it that it has lost it.
    pub fn keep(&mut self, client: ClientId, request: RequestId, now: Instant) -> Result<(), Refusal> {
        let held = self.desk.held_at(client, request);
        let function = held.and_then(|address| self.functions.get_mut(&address));
        let function = function.ok_or(Refusal::Denied(Denial::Unknown))?;
        let holds = function.slots.iter_mut().filter_map(|slot| slot.hold.as_mut());
        if let Some(hold) = holds.into_iter().find(|hold| hold.request == request) {
            hold.heard = now;
        }
        function.settle(&mut self.desk, &self.rules, now);
        Ok(())
    }

    /// A client does not want an answer any more, and is told so. An exchange under way goes on to its end, for nobody.
    ///
    /// # Errors
    /// [`Denial::Unknown`] if it waits for no such answer.
    pub fn cancel(&mut self, client: ClientId, request: RequestId, now: Instant) -> Result<(), Refusal> {
        let account = self.desk.clients.get(&client);
        let open = account.and_then(|account| account.open.iter().find(|open| open.request == request));
        let function = open.and_then(|open| self.functions.get_mut(&open.address));
        let function = function.ok_or(Refusal::Denied(Denial::Unknown))?;
        function.cancel(client, request, &mut self.desk, now);
        function.settle(&mut self.desk, &self.rules, now);
        Ok(())
    }

    /// Ends all exchanges on a mailbox, whoever asked for them: each is answered [`Refusal::Cancelled`] (row B10). The
    /// mailbox is aborted, unless a stranger may be in it. Claims stay.
    ///
    /// # Errors
    /// As for a request that is refused at once.
    pub fn abort(&mut self, client: ClientId, instance: Instance, now: Instant) -> Result<(), Refusal> {
        let checked = self.may(client, instance.device(), Action::Abort, Urgency::Normal);
        let checked = checked.and_then(|()| self.usable(instance, client).map(|_| ()));
        self.noting(client, instance.device(), checked, now)?;
        self.desk.note(now, What::Aborted(instance, client));
        let Some(function) = self.functions.get_mut(&instance.mailbox.address) else { return Ok(()) };
        if let Some(slot) = function.slot(instance) {
            slot.abort(&mut self.desk, now);
        }
        function.settle(&mut self.desk, &self.rules, now);
        Ok(())
    }

    /// Whether a client may do this with a device that is still there.
    fn may(&self, client: ClientId, device: Device, action: Action, urgency: Urgency) -> Result<(), Refusal> {
        let account = self.desk.clients.get(&client).ok_or(Refusal::Denied(Denial::Unknown))?;
        let permits = |action| self.rules.permits(account.who, device.address, action);
        if !permits(action) || urgency == Urgency::Urgent && !permits(Action::Urgent) {
            return Err(Refusal::Denied(Denial::Permission));
        }
        let present = self.functions.get(&device.address).and_then(|function| function.generation);
        if present != Some(device.generation) {
            return Err(Refusal::Gone);
        }
        if self.rules.admits(device, action) { Ok(()) } else { Err(Refusal::Denied(Denial::Gate)) }
    }

    /// The mailbox, if this client may wait for it at all.
    fn usable(&mut self, instance: Instance, client: ClientId) -> Result<&mut Slot<Q>, Refusal> {
        let function = self.functions.get_mut(&instance.mailbox.address).ok_or(Refusal::Gone)?;
        let slot = function.slot(instance).ok_or(Refusal::Gone)?;
        if slot.dead {
            return Err(Refusal::Dead);
        }
        match slot.hold {
            Some(hold) if hold.kind == Kind::Detached && hold.client != client => {
                Err(Refusal::Busy(Busy::Detached(hold.client)))
            }
            _ => Ok(slot),
        }
    }

    fn until(&self, patience: Duration, now: Instant) -> Instant {
        now + patience.min(self.desk.limits.patience)
    }

    fn enqueue(
        &mut self,
        client: ClientId,
        instance: Instance,
        urgency: Urgency,
        waiting: Waiting<Q>,
        now: Instant,
    ) {
        let Some(function) = self.functions.get_mut(&instance.mailbox.address) else { return };
        if urgency == Urgency::Urgent {
            preempt(function, instance, client, &mut self.desk, now);
        }
        if let Some(slot) = function.slot(instance) {
            slot.enqueue(client, urgency, waiting, now);
        }
        function.settle(&mut self.desk, &self.rules, now);
    }

    /// Puts a refusal on record.
    fn noting<T>(
        &mut self,
        client: ClientId,
        device: Device,
        taken: Result<T, Refusal>,
        now: Instant,
    ) -> Result<T, Refusal> {
        if let Err(why) = taken {
            self.desk.statistics.count(why);
            self.desk.note(now, What::Refused(client, Some(device), why));
        }
        taken
    }
}

/// Ends what stands in the way of an urgent request: a lock over the function, and a claim that is not urgent itself.
fn preempt<Q, A>(
    function: &mut Function<Q>,
    instance: Instance,
    client: ClientId,
    desk: &mut crate::desk::Desk<Q, A>,
    now: Instant,
) {
    function.end_lock(desk, Some(Loss::Urgent), now);
    let Some(slot) = function.slot(instance) else { return };
    let gives_way =
        |hold: &crate::slot::Hold| hold.client != client && hold.kind == Kind::Claim(Urgency::Normal);
    if slot.hold.as_ref().is_some_and(gives_way) {
        slot.lose(desk, Some(Loss::Urgent), now);
    }
}

impl<Q> Slot<Q> {
    /// Ends all exchanges, and leaves an abort to the next one if none is under way.
    fn abort<A>(&mut self, desk: &mut crate::desk::Desk<Q, A>, now: Instant) {
        self.orphan(desk, Refusal::Cancelled, now);
        self.stop(desk, now);
        self.refuse_all(desk, Refusal::Cancelled, now, |_, waiting| waiting.is_exchange());
        if self.running.is_none() && self.condition == Condition::Clean {
            self.condition = Condition::Touched;
        }
    }
}
