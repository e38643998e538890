//! One function: its mailboxes, and the lock over all of its configuration space.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use lanewarden_pci::Address;
use lanewarden_time::Instant;

use crate::desk::{Desk, Timer};
use crate::slot::{Lock, Slot};
use crate::{
    Busy, ClientId, Condition, Device, Firmware, Gate, Generation, Instance, Limits, Loss, Refusal,
    RequestId, What,
};

/// What is at one address.
#[derive(Clone, Debug)]
pub(crate) struct Function<Q> {
    pub address: Address,
    /// Which device is there; none if one has gone and left an exchange that has not been reported.
    pub generation: Option<Generation>,
    pub slots: Vec<Slot<Q>>,
    /// Who has configuration space alone.
    pub lock: Option<Exclusive>,
    /// Who wants it, in order; with when it loses patience.
    pub wanted: VecDeque<Exclusive>,
    pub armed: Option<Instant>,
}

/// A lock on configuration space that is held or wanted, and until when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exclusive {
    pub device: Device,
    pub request: RequestId,
    pub client: ClientId,
    pub until: Instant,
}

impl<Q> Function<Q> {
    pub fn new(address: Address) -> Self {
        let (slots, wanted) = (Vec::new(), VecDeque::new());
        Self { address, generation: None, slots, lock: None, wanted, armed: None }
    }

    /// Whether there is nothing left to remember.
    pub fn is_empty(&self) -> bool {
        self.generation.is_none() && self.slots.is_empty()
    }

    /// The mailbox of a device that is there.
    pub fn slot(&mut self, instance: Instance) -> Option<&mut Slot<Q>> {
        self.slots.iter_mut().find(|slot| slot.present && slot.instance == instance)
    }

    /// A device takes the place of whatever was there, which has vanished.
    pub fn arrive<A>(
        &mut self,
        device: Device,
        offsets: &[u16],
        condition: Condition,
        desk: &mut Desk<Q, A>,
        now: Instant,
    ) {
        self.generation = Some(device.generation);
        for &offset in offsets {
            let instance = device.instance(offset);
            let old = self.slots.iter_mut().find(|slot| slot.instance.mailbox == instance.mailbox);
            match old {
                Some(slot) if slot.present => {}
                // An exchange with the device that was here before is still under way.
                Some(slot) => {
                    let running = slot.running;
                    *slot = Slot { running, ..Slot::new(instance, condition) };
                    if let Some(running) = &mut slot.running {
                        running.until = Some(now + desk.limits.stop);
                    }
                }
                None => self.slots.push(Slot::new(instance, condition)),
            }
        }
        desk.note(now, What::Arrived(device));
    }

    /// The device is gone. What has not been reported stays.
    pub fn vanish<A>(&mut self, desk: &mut Desk<Q, A>, now: Instant) {
        let Some(generation) = self.generation.take() else { return };
        self.end_lock(desk, Some(Loss::Gone), now);
        while let Some(wanted) = self.wanted.pop_front() {
            desk.refuse(now, wanted.device, wanted.client, wanted.request, Refusal::Gone);
        }
        for slot in self.slots.iter_mut().filter(|slot| slot.present) {
            slot.end_all(desk, Loss::Gone, Refusal::Gone, now);
            slot.stop(desk, now);
            slot.present = false;
            if let Some(running) = &mut slot.running {
                running.until = None;
            }
        }
        self.forget();
        desk.note(now, What::Vanished(Device { address: self.address, generation }));
    }

    /// Drops mailboxes that are no more and whose exchanges have all been reported.
    pub fn forget(&mut self) {
        self.slots.retain(|slot| slot.present || slot.running.is_some());
    }

    /// Ends the lock on configuration space. Whoever had it may have touched the mailboxes.
    pub fn end_lock<A>(&mut self, desk: &mut Desk<Q, A>, loss: Option<Loss>, now: Instant) {
        let Some(lock) = self.lock.take() else { return };
        for slot in &mut self.slots {
            slot.owed = !slot.dead && !slot.queue.normal.lines.is_empty();
            if slot.condition == Condition::Clean {
                slot.condition = Condition::Touched;
            }
        }
        desk.note(now, What::Unlocked(lock.device, lock.client, lock.request, loss));
        desk.end(lock.client, lock.request, loss);
    }

    /// Ends what a client holds and waits for. Without a `loss` the client itself is no more.
    pub fn drop_client<A>(
        &mut self,
        client: ClientId,
        loss: Option<Loss>,
        desk: &mut Desk<Q, A>,
        now: Instant,
    ) {
        let why = loss.map_or(Refusal::Cancelled, Refusal::Preempted);
        if self.lock.is_some_and(|lock| lock.client == client) {
            self.end_lock(desk, loss, now);
        }
        self.wanted.retain(|wanted| {
            let is_its_own = wanted.client == client;
            if is_its_own {
                desk.refuse(now, wanted.device, client, wanted.request, why);
            }
            !is_its_own
        });
        for slot in &mut self.slots {
            let is_its_own = slot.hold.is_some_and(|hold| hold.client == client);
            #[cfg(test)]
            let is_its_own = is_its_own && !desk.is_planted(crate::explorer::Plant::ClaimOutlivesClient);
            if is_its_own {
                slot.lose(desk, loss, now);
            }
            slot.refuse_all(desk, why, now, |owner, _| owner == client);
            if let Some(running) = slot.running.as_mut().filter(|running| running.client == Some(client))
                && loss.is_none()
            {
                running.client = None;
            }
        }
    }

    /// Ends one request of a client, wherever it stands.
    pub fn cancel<A>(&mut self, client: ClientId, request: RequestId, desk: &mut Desk<Q, A>, now: Instant) {
        self.wanted.retain(|wanted| {
            let is_it = wanted.request == request;
            if is_it {
                desk.refuse(now, wanted.device, client, request, Refusal::Cancelled);
            }
            !is_it
        });
        for slot in &mut self.slots {
            slot.refuse_all(desk, Refusal::Cancelled, now, |_, waiting| waiting.request == request);
            if slot.running.is_some_and(|running| running.request == request) {
                slot.orphan(desk, Refusal::Cancelled, now);
            }
        }
    }

    /// Does all that can be done now: ends what is over, gives turns to those who wait. To be called after each change,
    /// so that none of them can be forgotten.
    pub fn settle<A, R: Gate + Firmware>(&mut self, desk: &mut Desk<Q, A>, rules: &R, now: Instant) {
        // Each round but the last ends something that is not renewed, so there is a last one.
        loop {
            let mut changed = self.expire(desk, now);
            self.give_lock(desk, now);
            let lock = self.lock_state();
            for slot in &mut self.slots {
                slot.contend(lock, now);
                slot.advance(lock, desk, rules, now);
            }
            changed |= self.lose_patience(desk, now);
            if !changed {
                break;
            }
        }
        let due = self.due(&desk.limits);
        desk.arm(Timer::Function(self.address), due, &mut self.armed);
    }

    pub fn due(&self, limits: &Limits) -> Option<Instant> {
        let slots = self.slots.iter().filter_map(|slot| slot.due(limits));
        slots.chain(self.lock.iter().chain(&self.wanted).map(|lock| lock.until)).min()
    }

    fn expire<A>(&mut self, desk: &mut Desk<Q, A>, now: Instant) -> bool {
        let mut changed = self.lock.is_some_and(|lock| lock.until <= now);
        if changed {
            self.end_lock(desk, Some(Loss::Turn), now);
        }
        for slot in &mut self.slots {
            changed |= slot.expire(desk, now);
        }
        changed
    }

    fn lock_state(&self) -> Lock {
        match (&self.lock, self.wanted.front()) {
            (Some(_), _) => Lock::Held,
            (None, Some(wanted)) => Lock::Wanted(wanted.client),
            (None, None) => Lock::Free,
        }
    }

    /// Gives the lock to whoever is first, once all mailboxes are idle and nobody else's.
    fn give_lock<A>(&mut self, desk: &mut Desk<Q, A>, now: Instant) {
        let Some(&first) = self.wanted.front().filter(|_| self.lock.is_none()) else { return };
        let is_in_the_way = |slot: &Slot<Q>| {
            let is_owed = slot.owed && slot.firmware.is_none() && !slot.queue.normal.lines.is_empty();
            slot.running.is_some() || is_owed || slot.is_held_by_another_than(first.client)
        };
        if self.slots.iter().any(is_in_the_way) {
            return;
        }
        self.wanted.pop_front();
        self.lock = Some(Exclusive { until: now + desk.limits.config, ..first });
        desk.note(now, What::Locked(first.device, first.client, first.request));
        desk.grant(now, self.address, first.client, first.request);
    }

    fn lose_patience<A>(&mut self, desk: &mut Desk<Q, A>, now: Instant) -> bool {
        let mut changed = false;
        let lock = self.lock.map(|lock| lock.client);
        let in_the_way = lock.or_else(|| self.slots.iter().find_map(Slot::user));
        self.wanted.retain(|wanted| {
            let stays = wanted.until > now;
            if !stays {
                let why = Refusal::Busy(Busy::Waited(in_the_way));
                desk.refuse(now, wanted.device, wanted.client, wanted.request, why);
                changed = true;
            }
            stays
        });
        for slot in &mut self.slots {
            changed |= slot.lose_patience(desk, now);
        }
        changed
    }
}
