//! What holds in every state.

use std::format;

use super::world::{Checked, Hardware, Report, Target, Wait, World, ensure};
use crate::desk::Timer;
use crate::{ClientId, Device};

impl World {
    /// What holds in every state.
    pub fn check(&self) -> Checked {
        let due = self.due();
        ensure(due.is_none_or(|due| due > self.now), || format!("due at {due:?}, now {:?}", self.now))?;
        self.check_timers()?;
        self.check_holds()?;
        for (index, mailbox) in self.mailboxes.iter().enumerate() {
            self.check_awake(index, mailbox)?;
        }
        for (function, device) in self.devices.iter().enumerate() {
            self.check_lock(function, *device)?;
        }
        let waits = self.seats.iter().any(|seat| !seat.awaiting.is_empty());
        ensure(!waits || due.is_some(), || "somebody waits and nothing is due".into())?;
        self.check_end()
    }

    /// Whatever is due has a timer that is not too late.
    fn check_timers(&self) -> Checked {
        let desk = &self.broker.desk;
        let functions = self.broker.functions.values();
        let functions = functions
            .map(|function| (Timer::Function(function.address), function.due(&desk.limits), function.armed));
        let clients = desk.clients.iter();
        let clients = clients
            .map(|(client, account)| (Timer::Client(*client), account.due(&desk.limits), account.armed));
        for (timer, due, armed) in functions.chain(clients) {
            let Some(due) = due else { continue };
            let is_armed = armed.is_some_and(|armed| {
                armed <= due && desk.timers.iter().any(|entry| entry.0 == (armed, timer))
            });
            ensure(is_armed, || format!("{timer:?} is due at {due:?} and armed for {armed:?}"))?;
        }
        Ok(())
    }

    /// The broker's owners are those who know that they are, all of them alive.
    fn check_holds(&self) -> Checked {
        let snapshot = self.broker.snapshot(self.now);
        let mut held = 0;
        for function in &snapshot.functions {
            let owners =
                function.mailboxes.iter().filter_map(|mailbox| mailbox.owner.map(|owner| owner.client));
            for client in owners.chain(function.lock.map(|(client, _)| client)) {
                held += 1;
                let lives = self.seats.iter().any(|seat| seat.client == client && !seat.holds.is_empty());
                ensure(lives, || format!("{client} has something and does not know, or is no more"))?;
            }
        }
        let known: usize = self.seats.iter().map(|seat| seat.holds.len()).sum();
        ensure(held == known, || format!("{held} are held and {known} know it"))
    }

    fn is_held(&self, which: impl Fn(&Wait) -> bool) -> Option<ClientId> {
        self.seats.iter().find(|seat| seat.holds.iter().any(&which)).map(|seat| seat.client)
    }

    /// Nobody waits for a mailbox that is free for him.
    fn check_awake(&self, index: usize, mailbox: &Hardware) -> Checked {
        let Some(instance) = self.instance(index) else { return Ok(()) };
        if mailbox.flying.is_some() || self.firmware() && index == 0 {
            return Ok(());
        }
        let device = Target::Function(mailbox.function, instance.device());
        let locked = self.is_held(|hold| hold.target == device).is_some();
        let lock_wanted = self.seats.iter().flat_map(|seat| &seat.awaiting).any(|wait| wait.target == device);
        let owner = self.is_held(|hold| hold.target == Target::Mailbox(index, instance));
        for seat in &self.seats {
            for wait in seat.awaiting.iter().filter(|wait| wait.target == Target::Mailbox(index, instance)) {
                ensure(!mailbox.dead, || format!("{} waits for a dead mailbox", wait.request))?;
                let goes_first = !lock_wanted || wait.want.is_urgent();
                let free = !locked && owner.is_none() && goes_first;
                ensure(!free, || format!("{} waits for an idle mailbox", wait.request))?;
            }
        }
        Ok(())
    }

    /// Nobody waits for a lock that is free.
    fn check_lock(&self, function: usize, device: Option<Device>) -> Checked {
        let Some(device) = device else { return Ok(()) };
        let target = Target::Function(function, device);
        let mut wanted =
            self.seats.iter().flat_map(|seat| &seat.awaiting).filter(|wait| wait.target == target);
        let mailboxes = self.mailboxes.iter().enumerate().filter(|(_, mailbox)| mailbox.function == function);
        let busy = mailboxes.into_iter().any(|(index, mailbox)| {
            let of = self.instance(index).map(|instance| Target::Mailbox(index, instance));
            let owed = self.firmware() && index == 0;
            mailbox.flying.is_some() || owed || self.is_held(|hold| Some(hold.target) == of).is_some()
        });
        let free = !busy && self.is_held(|hold| hold.target == target).is_none();
        match wanted.next() {
            Some(wait) if free => Err(format!("{} waits for a lock that is free", wait.request)),
            _ => Ok(()),
        }
    }

    /// If nobody asks for more, everybody gets his answer.
    fn check_end(&self) -> Checked {
        if self.seats.iter().all(|seat| seat.awaiting.is_empty()) {
            return Ok(());
        }
        let mut world = self.clone();
        for _ in 0..64 {
            if world.seats.iter().all(|seat| seat.awaiting.is_empty()) {
                return Ok(());
            }
            let flying = world.mailboxes.iter().position(|mailbox| mailbox.flying.is_some());
            match (flying, world.due()) {
                (Some(mailbox), _) => world.report(mailbox, Report::Answered)?,
                (None, Some(due)) => {
                    world.now = due;
                    world.broker.advance(due);
                }
                (None, None) => break,
            }
            world.drain()?;
        }
        Err("somebody is never answered".into())
    }
}
