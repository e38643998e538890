//! What the broker says, held against what is known.

use std::format;
use std::string::String;

use super::world::{Answer, Checked, Flying, Hardware, Seat, Target, Told, Wait, Want, World, ensure, name};
use crate::{Act, ClientId, Condition, Instance, Refusal, RequestId};

impl World {
    pub fn obey(&mut self, act: Act<(), Answer>) -> Checked {
        match act {
            Act::Start { instance, request, condition, .. } => self.started(instance, request, condition),
            Act::Stop { instance, request } => {
                let at = self.mailboxes.iter_mut().find(|mailbox| mailbox.id == instance.mailbox);
                let flying = at.and_then(|mailbox| mailbox.flying.as_mut());
                let flying = flying.filter(|flying| flying.request == request && !flying.told_to_stop);
                let flying = flying.ok_or_else(|| format!("{request} is not under way and was stopped"))?;
                flying.told_to_stop = true;
                Ok(())
            }
            Act::Answer { client, request, result } => self.answered(client, request, result),
            Act::Granted { client, request } => self.granted(client, request),
            Act::Ended { client, request, loss } => {
                self.told.push(Told::Lost(name(loss)));
                let seat = self.seat(client)?;
                let place = seat.holds.iter().position(|hold| hold.request == request);
                let place = place.ok_or_else(|| format!("{client} lost {request}, which it did not have"))?;
                seat.holds.remove(place);
                Ok(())
            }
        }
    }

    fn seat(&mut self, client: ClientId) -> Result<&mut Seat, String> {
        let seat = self.seats.iter_mut().find(|seat| seat.client == client);
        seat.ok_or_else(|| format!("{client} is no more and was told something"))
    }

    fn started(&mut self, instance: Instance, request: RequestId, condition: Condition) -> Checked {
        let index = self.mailboxes.iter().position(|mailbox| mailbox.id == instance.mailbox).unwrap();
        let hardware = self.mailboxes[index];
        if let Some(flying) = hardware.flying {
            return Err(format!("{request} overlaps with {} on {}", flying.request, instance));
        }
        ensure(self.instance(index) == Some(instance), || {
            format!("{instance} is gone and {request} was begun")
        })?;
        ensure(!hardware.dead, || format!("{instance} is dead and {request} was begun"))?;
        let careful = (condition == Condition::Strangers) == hardware.strangers;
        ensure(careful, || format!("{request} was begun with {condition:?}"))?;
        ensure(!(self.firmware() && index == 0), || format!("the firmware has {instance}"))?;
        let owner = self.seats.iter().find(|seat| seat.awaiting.iter().any(|wait| wait.request == request));
        let owner = owner.ok_or_else(|| format!("nobody waits for {request}"))?.client;
        for seat in &self.seats {
            for hold in &seat.holds {
                let is_his = hold.target == Target::Mailbox(index, instance) && seat.client != owner;
                ensure(!is_his, || format!("{request} was begun on {} of {}", instance, seat.client))?;
                let is_locked = hold.target == Target::Function(hardware.function, instance.device());
                ensure(!is_locked, || format!("{request} was begun under a lock"))?;
            }
        }
        let flying = Flying { request, instance, told_to_stop: false };
        self.mailboxes[index].flying = Some(flying);
        let under_claim = self
            .seats
            .iter()
            .any(|seat| seat.holds.iter().any(|hold| hold.target == Target::Mailbox(index, instance)));
        if under_claim { Ok(()) } else { self.turn(index, owner, request) }
    }

    /// Counts the turns that pass by those who are the first of their client in line. Each other client passes them by
    /// once at most, and in between there are as many urgent turns as there may be in a row, and one lock over the function.
    fn turn(&mut self, mailbox: usize, client: ClientId, request: RequestId) -> Checked {
        let mut all = self.seats.iter().flat_map(|seat| &seat.awaiting);
        let is_urgent = all.find(|wait| wait.request == request).is_some_and(|wait| wait.want.is_urgent());
        let others = u8::try_from(self.seats.len() - 1).unwrap();
        let urgent = if self.scope.urgent { self.scope.limits.urgent_in_a_row } else { 0 };
        for seat in self.seats.iter_mut().filter(|seat| seat.client != client) {
            for lane in [false, true] {
                let is_in_line = |wait: &&mut Wait| wait.is_at(mailbox) && wait.want.is_urgent() == lane;
                let Some(first) = seat.awaiting.iter_mut().find(is_in_line) else { continue };
                // Urgent turns may pass a claim by for as long as there are any.
                if is_urgent && !lane && first.want == Want::Claim {
                    continue;
                }
                first.passed += 1;
                let between = if lane { 0 } else { urgent } + u8::from(self.scope.locks);
                let most = others + u8::from(lane) + (others + 1) * between;
                ensure(first.passed <= most, || {
                    format!("{} was passed by {} times", first.request, first.passed)
                })?;
            }
        }
        Ok(())
    }

    fn answered(&mut self, client: ClientId, request: RequestId, result: Result<Answer, Refusal>) -> Checked {
        self.told.push(match result {
            Ok(_) => Told::Answer,
            Err(Refusal::Preempted(loss)) => Told::Preempted(name(loss)),
            Err(refusal) => Told::Refusal(refusal.word()),
        });
        let seat = self.seat(client)?;
        let place = seat.awaiting.iter().position(|wait| wait.request == request);
        let place = place.ok_or_else(|| format!("{client} does not wait for {request} and got an answer"))?;
        let wait = seat.awaiting.remove(place);
        seat.uncollected.push(request);
        let Target::Mailbox(index, instance) = wait.target else { return Ok(()) };
        if let Ok((answers, of)) = result {
            ensure(answers == request, || format!("{request} got the answer to {answers}"))?;
            ensure(of == instance, || format!("{request} got the answer of another device"))?;
            ensure(self.instance(index) == Some(instance), || {
                format!("{request} got an answer of what is gone")
            })?;
            ensure(wait.want.is_exchange(), || format!("{request} is no exchange and got an answer"))?;
        }
        Ok(())
    }

    fn granted(&mut self, client: ClientId, request: RequestId) -> Checked {
        let seat = self.seat(client)?;
        let place = seat.awaiting.iter().position(|wait| wait.request == request);
        let place = place.ok_or_else(|| format!("{client} did not ask for {request} and got it"))?;
        let wait = seat.awaiting[place];
        for mailbox in 0..self.mailboxes.len() {
            let passes = match wait.target {
                Target::Mailbox(index, _) => index == mailbox && wait.want != Want::Detach,
                Target::Function(function, _) => self.mailboxes[mailbox].function == function,
            };
            if passes {
                self.turn(mailbox, client, request)?;
            }
        }
        let seat = self.seat(client)?;
        seat.awaiting.remove(place);
        seat.uncollected.push(request);
        for other in self.seats.iter().filter(|seat| seat.client != client) {
            for hold in &other.holds {
                let is_taken = match (wait.target, hold.target) {
                    (Target::Function(function, _), Target::Mailbox(mailbox, _)) => {
                        self.mailboxes[mailbox].function == function && hold.want != Want::Detach
                    }
                    (wanted, held) => wanted == held,
                };
                ensure(!is_taken, || format!("{request} was granted and is {}'s", other.client))?;
            }
        }
        if let Target::Function(function, _) = wait.target {
            let is_idle = |mailbox: &Hardware| mailbox.function != function || mailbox.flying.is_none();
            ensure(self.mailboxes.iter().all(is_idle), || format!("{request} was granted in an exchange"))?;
        }
        self.seat(client)?.holds.push(wait);
        Ok(())
    }
}
