//! Devices that come and go, and what comes of exchanges.

use lanewarden_doe::{AccessError, Error};
use lanewarden_pci::{Address, MailboxId};
use lanewarden_time::Instant;

use crate::function::Function;
use crate::{
    Broker, Condition, Device, Firmware, Gate, Generation, Instance, Outcome, Permission, RequestId, What,
};

/// A report of an exchange that is not under way, as after a second report of the same. Nothing came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not under way on {1}")]
pub struct Stale(pub RequestId, pub MailboxId);

impl<Q, A, R: Permission + Gate + Firmware> Broker<Q, A, R> {
    /// A function is there, with mailboxes whose capabilities are at `offsets`: it was found, plugged in, or reset.
    /// Whatever was at its address is gone with this. An exchange with that, which has not been reported, is waited for,
    /// for [`crate::Limits::stop`] at most; then the new mailbox is dead too, as somebody may still write to it.
    pub fn arrive(
        &mut self,
        address: Address,
        offsets: &[u16],
        condition: Condition,
        now: Instant,
    ) -> Device {
        self.vanish(address, now);
        self.last_generation = self.last_generation.wrapping_add(1);
        let device = Device { address, generation: Generation(self.last_generation) };
        let function = self.functions.entry(address).or_insert_with(|| Function::new(address));
        function.arrive(device, offsets, condition, &mut self.desk, now);
        function.settle(&mut self.desk, &self.rules, now);
        device
    }

    /// What stands in this one mailbox is ours, as of a daemon before this one: it is aborted before its next exchange. The
    /// function's others are left as they are.
    pub fn touched(&mut self, instance: Instance) {
        let function = self.functions.get_mut(&instance.mailbox.address);
        if let Some(slot) = function.and_then(|function| function.slot(instance)) {
            slot.condition = Condition::Touched;
        }
    }

    /// The function at this address is gone. All who wait for it or have something of it are told.
    pub fn vanish(&mut self, address: Address, now: Instant) {
        let Some(function) = self.functions.get_mut(&address) else { return };
        function.vanish(&mut self.desk, now);
        self.tidy(address);
    }

    /// What came of an exchange that was started. Every one is reported, once: those that were told to stop, too, and
    /// those whose device is gone.
    ///
    /// # Errors
    /// [`Stale`] if it is not under way. Nothing is delivered then.
    pub fn completed(
        &mut self,
        mailbox: MailboxId,
        request: RequestId,
        outcome: Outcome<A>,
        now: Instant,
    ) -> Result<(), Stale> {
        let is_gone = matches!(outcome, Outcome::Failed(Error::Access { source: AccessError::Gone, .. }));
        let function = self.functions.get_mut(&mailbox.address);
        let slots = function.into_iter().flat_map(|function| function.slots.iter_mut());
        let found = slots.into_iter().find_map(|slot| {
            let running = slot.running.filter(|_| slot.instance.mailbox == mailbox)?;
            (running.request == request).then_some((slot, running))
        });
        let Some((slot, running)) = found else {
            self.desk.note(now, What::Stale(mailbox, request));
            return Err(Stale(request, mailbox));
        };
        slot.running = None;
        let is_present = slot.present && slot.instance == running.instance;
        slot.completed(running, outcome, &mut self.desk, now);
        if is_gone && is_present {
            self.vanish(mailbox.address, now);
        }
        let Some(function) = self.functions.get_mut(&mailbox.address) else { return Ok(()) };
        function.forget();
        function.settle(&mut self.desk, &self.rules, now);
        self.tidy(mailbox.address);
        Ok(())
    }

    /// The device that is at an address now.
    #[must_use]
    pub fn device(&self, address: Address) -> Option<Device> {
        let generation = self.functions.get(&address)?.generation?;
        Some(Device { address, generation })
    }

    fn tidy(&mut self, address: Address) {
        if self.functions.get(&address).is_some_and(Function::is_empty) {
            self.functions.remove(&address);
        }
    }
}
