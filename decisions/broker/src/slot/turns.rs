//! Who is next on a mailbox, and what came of it.

use lanewarden_time::Instant;

use super::{Hold, Kind, Lock, Running, Slot};
use crate::desk::Desk;
use crate::queue::{Waiting, Want};
use crate::{
    Act, Action, Ask, Busy, ClientId, Condition, Denial, Firmware, Gate, Outcome, Refusal, RequestId,
    Urgency, What,
};

impl<Q> Slot<Q> {
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
                (None, _) => self.queue.pop(in_a_row),
            };
            let Some((client, urgency, waiting)) = next else { return };
            self.owed &= urgency == Urgency::Urgent || self.hold.is_some();
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

impl<Q> Ask<Q> {
    pub(crate) fn action(&self) -> Action {
        if self.raw { Action::Raw(self.protocol) } else { Action::Exchange(self.protocol) }
    }
}
