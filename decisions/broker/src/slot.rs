//! One mailbox: what runs on it, who holds it, who waits for it.

use alloc::collections::VecDeque;

use lanewarden_time::Instant;

use crate::desk::Desk;
use crate::queue::{Queue, Waiting, Want};
use crate::{
    Act, Action, Ask, Busy, ClientId, Condition, Denial, Device, Firmware, Gate, Instance, Limits, Loss,
    Outcome, Refusal, RequestId, Urgency, What,
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
            _ => self.queue.push(client, urgency, waiting),
        }
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

    /// Gives the next turn, if the mailbox is free for one.
    pub fn advance<A, R: Gate + Firmware>(
        &mut self,
        lock: Lock,
        desk: &mut Desk<Q, A>,
        rules: &R,
        now: Instant,
    ) {
        while self.is_free(lock, desk) && !self.is_the_firmwares(lock, rules, now) {
            let in_a_row = desk.limits.urgent_in_a_row;
            let next = match (&self.hold, lock) {
                (Some(hold), _) => {
                    let client = hold.client;
                    self.own.pop_front().map(|waiting| (client, Urgency::Normal, waiting))
                }
                (None, Lock::Wanted(_)) if !self.owed => self.queue.pop_urgent(in_a_row),
                (None, _) => {
                    self.owed = false;
                    self.queue.pop(in_a_row)
                }
            };
            let Some((client, urgency, waiting)) = next else { return };
            #[cfg(test)]
            if desk.is_planted(crate::explorer::Plant::SameClientAgain) && !self.queue.normal.lines.is_empty()
            {
                self.queue.normal.lines.rotate_right(1);
            }
            self.turn(client, urgency, waiting, desk, rules, now);
        }
    }

    fn is_free<A>(&self, lock: Lock, _desk: &Desk<Q, A>) -> bool {
        #[cfg(test)]
        if _desk.is_planted(crate::explorer::Plant::StartWhileRunning) && self.present && !self.dead {
            return lock != Lock::Held && self.running.is_none_or(|running| running.client.is_none());
        }
        self.present && !self.dead && self.running.is_none() && lock != Lock::Held
    }

    /// Asks only if there is something to begin.
    fn is_the_firmwares<R: Firmware>(&mut self, lock: Lock, rules: &R, now: Instant) -> bool {
        let waits = match (&self.hold, lock) {
            (Some(_), _) => !self.own.is_empty(),
            (None, Lock::Wanted(_)) if !self.owed => !self.queue.urgent.lines.is_empty(),
            (None, _) => !self.queue.is_empty(),
        };
        if !waits {
            self.firmware = None;
            return true;
        }
        let again = rules.holds(self.instance.mailbox, now);
        self.firmware = again.map(|at| at.max(now + lanewarden_doe::POLL_INTERVAL));
        again.is_some()
    }

    fn turn<A, R: Gate>(
        &mut self,
        client: ClientId,
        urgency: Urgency,
        waiting: Waiting<Q>,
        desk: &mut Desk<Q, A>,
        rules: &R,
        now: Instant,
    ) {
        let (device, request) = (self.device(), waiting.request);
        let action = match &waiting.want {
            Want::Exchange(ask) => ask.action(),
            Want::Claim => Action::Claim,
        };
        if !rules.admits(device, action) {
            return desk.refuse(now, device, client, request, Refusal::Denied(Denial::Gate));
        }
        match waiting.want {
            Want::Exchange(ask) => self.start(client, request, ask, desk, now),
            Want::Claim => self.hold(client, request, Kind::Claim(urgency), desk, now),
        }
    }

    fn start<A>(
        &mut self,
        client: ClientId,
        request: RequestId,
        ask: Ask<Q>,
        desk: &mut Desk<Q, A>,
        now: Instant,
    ) {
        let (instance, protocol, payload) = (self.instance, ask.protocol, ask.payload);
        let until = Some(now + desk.limits.exchange);
        self.running = Some(Running { instance, request, client: Some(client), until, stopping: false });
        desk.statistics.started = desk.statistics.started.saturating_add(1);
        desk.note(now, What::Started(instance, client, request, protocol));
        let condition = self.condition;
        if condition == Condition::Touched {
            self.condition = Condition::Clean;
        }
        desk.acts.push_back(Act::Start { instance, request, protocol, payload, condition });
    }

    /// Gives the mailbox to a client.
    pub fn hold<A>(
        &mut self,
        client: ClientId,
        request: RequestId,
        kind: Kind,
        desk: &mut Desk<Q, A>,
        now: Instant,
    ) {
        self.hold = Some(Hold { request, client, kind, heard: now, contended: None });
        self.contend(Lock::Free, now);
        desk.note(
            now,
            match kind {
                Kind::Claim(_) => What::Claimed(self.instance, client, request),
                Kind::Detached => What::Detached(self.instance, client, request),
            },
        );
        desk.grant(now, self.instance.mailbox.address, client, request);
    }

    /// Takes the report of the exchange that was under way, `running`.
    pub fn completed<A>(
        &mut self,
        running: Running,
        outcome: Outcome<A>,
        desk: &mut Desk<Q, A>,
        now: Instant,
    ) {
        if let Some(hold) = self.hold.as_mut().filter(|hold| Some(hold.client) == running.client) {
            hold.heard = now;
        }
        let is_its_device = self.present && self.instance == running.instance;
        match outcome.split() {
            Ok(reply) => {
                if is_its_device {
                    (self.condition, self.blocked) = (Condition::Clean, false);
                }
                desk.statistics.answered = desk.statistics.answered.saturating_add(1);
                desk.note(now, What::Answered(running.instance, running.client, running.request));
                #[cfg(test)]
                let running = self.misdirect(running, desk);
                if let Some(client) = running.client {
                    desk.answer(now, client, running.request, reply);
                }
            }
            Err(error) => {
                let why = error.map_or(Refusal::Dead, |error| running.refusal(error));
                if let Some(client) = running.client {
                    desk.refuse(now, running.instance.device(), client, running.request, why);
                }
                if is_its_device {
                    self.failed(error, desk, now);
                }
            }
        }
    }

    /// The bug of taking an answer that nobody waits for to be for whoever is next.
    #[cfg(test)]
    fn misdirect<A>(&mut self, running: Running, desk: &Desk<Q, A>) -> Running {
        if running.client.is_some() || !desk.is_planted(crate::explorer::Plant::AnswerToTheNext) {
            return running;
        }
        let next = self.queue.take(|_, waiting| waiting.is_exchange());
        next.map_or(running, |(client, waiting)| Running {
            client: Some(client),
            request: waiting.request,
            ..running
        })
    }

    fn failed<A>(&mut self, error: Option<lanewarden_doe::Error>, desk: &mut Desk<Q, A>, now: Instant) {
        match error {
            None if !self.dead => self.die(desk, now),
            Some(lanewarden_doe::Error::Blocked(holder)) if !self.blocked => {
                self.blocked = true;
                desk.note(now, What::Blocked(self.instance, holder));
            }
            _ => {}
        }
    }
}

impl Running {
    /// What its client is told of an error.
    fn refusal(&self, error: lanewarden_doe::Error) -> Refusal {
        use lanewarden_doe::{AccessError, Error};
        match error {
            Error::Blocked(holder) => Refusal::Busy(Busy::OtherAgent(holder)),
            Error::Access { source: AccessError::Gone, .. } => Refusal::Gone,
            // It was stopped because its time was over: had its client ended it, nobody would be told here.
            Error::Cancelled if self.stopping => Refusal::Failed(Error::Timeout),
            error => Refusal::Failed(error),
        }
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

impl<Q> Ask<Q> {
    pub(crate) fn action(&self) -> Action {
        if self.raw { Action::Raw(self.protocol) } else { Action::Exchange(self.protocol) }
    }
}
