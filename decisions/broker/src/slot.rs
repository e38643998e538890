//! One mailbox: what runs on it, who holds it, who waits for it.

mod turns;

use alloc::collections::VecDeque;

use lanewarden_time::Instant;

use crate::desk::Desk;
use crate::queue::{Queue, Waiting};
use crate::{
    Act, Busy, ClientId, Condition, Device, Instance, Limits, Loss, Refusal, RequestId, Urgency, What,
};

/// One mailbox.
#[derive(Clone, Debug)]
pub(crate) struct Slot<Q> {
    pub instance: Instance,
    /// Whether its device is there. If not, only an exchange that has not been reported keeps it.
    pub present: bool,
    pub dead: bool,
    /// Another agent blocks it.
    pub blocked: bool,
    pub condition: Condition,
    pub running: Option<Running>,
    pub hold: Option<Hold>,
    /// What its holder asks for, in order.
    pub own: VecDeque<Waiting<Q>>,
    /// What everybody asks for.
    pub queue: Queue<Q>,
    /// No request runs out of patience before this.
    pub earliest: Option<Instant>,
    /// The firmware has it; when to ask again.
    pub firmware: Option<Instant>,
    /// A lock has passed those who wait by: the next one lets one of them go first.
    pub owed: bool,
}

/// An exchange that has been started and not reported.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Running {
    pub instance: Instance,
    pub request: RequestId,
    /// Who gets the answer; nobody if its request has been answered otherwise.
    pub client: Option<ClientId>,
    pub until: Option<Instant>,
    pub stopping: bool,
}

/// A claim or a detachment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hold {
    pub request: RequestId,
    pub client: ClientId,
    pub kind: Kind,
    /// When its client last said something or was told something.
    pub heard: Instant,
    /// Since when others wait.
    pub contended: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Claim(Urgency),
    Detached,
}

/// What a lock on configuration space leaves to a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lock {
    Free,
    /// Somebody waits for it: nothing but urgent turns and what belongs to a claim.
    Wanted(ClientId),
    Held,
}

impl<Q> Slot<Q> {
    pub fn new(instance: Instance, condition: Condition) -> Self {
        Self {
            instance,
            present: true,
            dead: false,
            blocked: false,
            condition,
            running: None,
            hold: None,
            own: VecDeque::new(),
            queue: Queue::new(),
            earliest: None,
            firmware: None,
            owed: false,
        }
    }

    pub fn device(&self) -> Device {
        self.instance.device()
    }

    /// Whether somebody holds it who is not `client`.
    pub fn is_held_by_another_than(&self, client: ClientId) -> bool {
        self.hold.is_some_and(|hold| hold.client != client)
    }

    /// Puts a request in its line.
    pub fn enqueue(&mut self, client: ClientId, urgency: Urgency, waiting: Waiting<Q>, now: Instant) {
        let until = waiting.until;
        self.earliest = Some(self.earliest.map_or(until, |earliest| earliest.min(until)));
        match &mut self.hold {
            Some(hold) if hold.client == client => {
                hold.heard = now;
                self.own.push_back(waiting);
            }
            _ => self.queue.push(client, urgency, waiting, self.is_on()),
        }
    }

    /// Who has the mailbox as its own, or else for whom it works.
    pub fn user(&self) -> Option<ClientId> {
        self.hold.map(|hold| hold.client).or_else(|| self.running.and_then(|running| running.client))
    }

    /// Whether the turn that was given last is not over.
    pub fn is_on(&self) -> bool {
        self.hold.is_some() || self.running.is_some()
    }

    /// When something here has to be looked at.
    pub fn due(&self, limits: &Limits) -> Option<Instant> {
        let running = self.running.and_then(|running| running.until);
        let waits = !self.own.is_empty() || !self.queue.is_empty();
        let firmware = self.firmware.filter(|_| waits);
        let hold = self.hold_due(limits).map(|(at, _)| at);
        [running, hold, self.earliest, firmware].into_iter().flatten().min()
    }

    /// When the hold ends, and why, if nothing changes.
    fn hold_due(&self, limits: &Limits) -> Option<(Instant, Loss)> {
        let hold = self.hold?;
        let is_spoken_on =
            !self.own.is_empty() || self.running.is_some_and(|running| running.client == Some(hold.client));
        let silent = (!is_spoken_on).then(|| (hold.heard + limits.lease, Loss::Silent));
        let contended = hold.contended.filter(|_| hold.kind != Kind::Detached);
        let turn = contended.map(|since| (since + limits.turn, Loss::Turn));
        silent.into_iter().chain(turn).min_by_key(|(at, _)| *at)
    }

    /// Ends what has lasted too long; whether anything has.
    pub fn expire<A>(&mut self, desk: &mut Desk<Q, A>, now: Instant) -> bool {
        let overdue = self.running.is_some_and(|running| running.until.is_some_and(|until| until <= now));
        if overdue {
            self.overdue(desk, now);
        }
        let lost = self.hold_due(&desk.limits).filter(|(at, _)| *at <= now);
        if let Some((_, loss)) = lost {
            self.lose(desk, Some(loss), now);
        }
        overdue || lost.is_some()
    }

    fn overdue<A>(&mut self, desk: &mut Desk<Q, A>, now: Instant) {
        let Some(running) = self.running else { return };
        desk.note(now, What::Overdue(running.instance, running.request));
        if !running.stopping {
            return self.stop(desk, now);
        }
        if let Some(running) = &mut self.running {
            running.until = None;
        }
        if self.present {
            self.die(desk, now);
        }
    }

    /// Tells whoever does the exchange to stop, once.
    pub fn stop<A>(&mut self, desk: &mut Desk<Q, A>, now: Instant) {
        let Some(running) = self.running.as_mut().filter(|running| !running.stopping) else { return };
        running.stopping = true;
        running.until = Some(now + desk.limits.stop);
        desk.acts.push_back(Act::Stop { instance: running.instance, request: running.request });
    }

    /// Refuses whoever has run out of patience; whether anybody has.
    pub fn lose_patience<A>(&mut self, desk: &mut Desk<Q, A>, now: Instant) -> bool {
        if self.earliest.is_none_or(|earliest| earliest > now) {
            return false;
        }
        let why = Refusal::Busy(match self.hold {
            _ if self.firmware.is_some() => Busy::Firmware,
            Some(hold) if hold.kind == Kind::Detached => Busy::Detached(hold.client),
            hold => Busy::Waited(hold.map(|hold| hold.client)),
        });
        let had = self.earliest;
        self.refuse_all(desk, why, now, |_, waiting| waiting.until <= now);
        let waiting = self.own.iter().chain(self.queue.iter().map(|(_, waiting)| waiting));
        self.earliest = waiting.map(|waiting| waiting.until).min();
        self.earliest != had
    }

    /// Refuses everything that waits here and that `which` holds for.
    pub fn refuse_all<A>(
        &mut self,
        desk: &mut Desk<Q, A>,
        why: Refusal,
        now: Instant,
        which: impl Fn(ClientId, &Waiting<Q>) -> bool,
    ) {
        let device = self.device();
        if let Some(hold) = &mut self.hold {
            self.own.retain(|waiting| {
                let refused = which(hold.client, waiting);
                if refused {
                    desk.refuse(now, device, hold.client, waiting.request, why);
                    hold.heard = now;
                }
                !refused
            });
        }
        while let Some((client, waiting)) = self.queue.take(&which) {
            desk.refuse(now, device, client, waiting.request, why);
        }
    }

    /// Ends the hold, by loss or by release, and with it what its client still asked for under it.
    pub fn lose<A>(&mut self, desk: &mut Desk<Q, A>, loss: Option<Loss>, now: Instant) {
        let Some(hold) = self.hold.take() else { return };
        let why = match loss {
            None => Refusal::Cancelled,
            Some(Loss::Dead) => Refusal::Dead,
            Some(Loss::Gone) => Refusal::Gone,
            Some(loss) => Refusal::Preempted(loss),
        };
        let device = self.device();
        for waiting in self.own.drain(..) {
            desk.refuse(now, device, hold.client, waiting.request, why);
        }
        desk.note(now, hold.ended(self.instance, loss));
        desk.end(hold.client, hold.request, loss);
    }

    /// Nothing is to be had from this mailbox any more.
    pub fn die<A>(&mut self, desk: &mut Desk<Q, A>, now: Instant) {
        self.dead = true;
        self.owed = false;
        desk.note(now, What::Dead(self.instance));
        self.end_all(desk, Loss::Dead, Refusal::Dead, now);
    }

    /// Ends everything that anybody has to do with it.
    pub fn end_all<A>(&mut self, desk: &mut Desk<Q, A>, loss: Loss, why: Refusal, now: Instant) {
        self.orphan(desk, why, now);
        self.lose(desk, Some(loss), now);
        self.refuse_all(desk, why, now, |_, _| true);
        self.earliest = None;
    }

    /// Refuses the request whose exchange is under way; the exchange goes on for nobody.
    pub fn orphan<A>(&mut self, desk: &mut Desk<Q, A>, why: Refusal, now: Instant) {
        let device = self.device();
        let Some(running) = &mut self.running else { return };
        let Some(client) = running.client.take() else { return };
        if let Some(hold) = self.hold.as_mut().filter(|hold| hold.client == client) {
            hold.heard = now;
        }
        desk.refuse(now, device, client, running.request, why);
    }

    /// Takes note of who waits for the holder to end.
    pub fn contend(&mut self, lock: Lock, now: Instant) {
        let Some(hold) = &mut self.hold else { return };
        let wanted = matches!(lock, Lock::Wanted(client) if client != hold.client);
        let contended = wanted || self.queue.has_other_than(hold.client);
        hold.contended = if contended { hold.contended.or(Some(now)) } else { None };
    }
}

impl Hold {
    fn ended(&self, instance: Instance, loss: Option<Loss>) -> What {
        let (client, request) = (self.client, self.request);
        match (self.kind, loss) {
            (Kind::Detached, loss) => What::Attached(instance, client, request, loss),
            (Kind::Claim(_), None) => What::Released(instance, client, request),
            (Kind::Claim(_), Some(loss)) => What::Lost(instance, client, request, loss),
        }
    }
}
