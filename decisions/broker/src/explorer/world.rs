//! A broker and all around it: clients, devices, and whoever does the exchanges. What it does is held against what is
//! known here, which is as little as possible: who waits for what, who has what, what is under way in which mailbox.

use core::time::Duration;
use std::string::String;
use std::vec::Vec;
use std::{format, vec};

use lanewarden_doe::{Error, Holder};

use super::Plant;
use crate::rules::{AllowAll, Firmware, Rules};
use crate::{
    Address, Ask, Broker, ClientId, Condition, Device, Instance, Instant, Limits, Loss, MailboxId, Outcome,
    Protocol, Refusal, Reply, RequestId, Urgency, What, Who,
};

/// The firmware, which has the first mailbox or has none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Flips(pub bool);

impl Firmware for Flips {
    fn holds(&self, mailbox: MailboxId, now: Instant) -> Option<Instant> {
        (self.0 && mailbox.address.bus == 0 && mailbox.offset == 0x100).then(|| now + MILLI * 100)
    }
}

/// What an answer is made of: whose exchange it came of, and of which device.
pub type Answer = (RequestId, Instance);
type Core = Broker<(), Answer, Rules<AllowAll, AllowAll, Flips>>;

const MILLI: Duration = Duration::from_millis(1);

/// What may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Exchange(usize, usize),
    Claim(usize, usize),
    UrgentExchange(usize),
    UrgentClaim(usize),
    Detach(usize),
    Abort(usize),
    Lock(usize, usize),
    /// The oldest request.
    Cancel(usize),
    /// The oldest that is held.
    Release(usize),
    StopCollecting(usize),
    Collect(usize),
    Crash(usize),
    Report(usize, Report),
    Vanish(usize),
    Plug(usize, Condition),
    Firmware,
    /// The next deadline comes.
    Time,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    Answered,
    TimedOut,
    Blocked,
    Dead,
}

/// What may happen in a search.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    pub clients: usize,
    /// The mailboxes of each function.
    pub functions: &'static [&'static [u16]],
    /// Requests that a client may wait for at once.
    pub requests: usize,
    pub claims: bool,
    pub urgent: bool,
    pub locks: bool,
    pub operator: bool,
    pub collecting: bool,
    pub crashes: bool,
    pub cancels: bool,
    pub hotplug: usize,
    pub errors: &'static [Report],
    /// A device may come with somebody's exchange under way.
    pub strangers: bool,
    pub firmware: bool,
    pub limits: Limits,
}

/// A client's place; the client in it may die and be followed by another.
#[derive(Clone, Debug)]
pub struct Seat {
    pub who: Who,
    pub client: ClientId,
    pub collects: bool,
    pub awaiting: Vec<Wait>,
    pub holds: Vec<Wait>,
    pub uncollected: Vec<RequestId>,
}

#[derive(Clone, Copy, Debug)]
pub struct Wait {
    pub request: RequestId,
    pub target: Target,
    pub want: Want,
    /// How many turns others have had since it began to wait.
    pub passed: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Mailbox(usize, Instance),
    Function(usize, Device),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    Exchange,
    Claim,
    UrgentExchange,
    UrgentClaim,
    Detach,
    Lock,
}

/// A mailbox as hardware: what is under way in it.
#[derive(Clone, Copy, Debug)]
pub struct Hardware {
    pub id: MailboxId,
    pub function: usize,
    pub flying: Option<Flying>,
    pub dead: bool,
    /// Somebody's exchange may be in it.
    pub strangers: bool,
}

#[derive(Clone, Copy, Debug)]
pub struct Flying {
    pub request: RequestId,
    pub instance: Instance,
    pub told_to_stop: bool,
}

#[derive(Clone, Debug)]
pub struct World {
    pub broker: Core,
    pub scope: Scope,
    pub now: Instant,
    pub seats: Vec<Seat>,
    pub mailboxes: Vec<Hardware>,
    pub devices: Vec<Option<Device>>,
    /// How often a device may still come.
    pub resets: usize,
    /// What was said and has happened in the last step, to see that everything does.
    pub told: Vec<Told>,
}

/// Kinds of what is said and happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Told {
    Answer,
    Refusal(&'static str),
    Preempted(&'static str),
    Lost(&'static str),
    Overdue,
    Stalled,
    Recovered,
    Orphaned,
}

pub fn name(loss: Loss) -> &'static str {
    match loss {
        Loss::Urgent => "urgent",
        Loss::Detached => "detached",
        Loss::Silent => "silent",
        Loss::Turn => "turn",
        Loss::Uncollected => "uncollected",
        Loss::Dead => "dead",
        Loss::Gone => "gone",
    }
}

pub type Checked = Result<(), String>;

pub fn ensure(holds: bool, what: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(what()) }
}

impl Wait {
    pub fn is_at(&self, mailbox: usize) -> bool {
        matches!(self.target, Target::Mailbox(index, _) if index == mailbox)
    }
}

impl Want {
    pub fn is_exchange(self) -> bool {
        matches!(self, Self::Exchange | Self::UrgentExchange)
    }

    pub fn is_urgent(self) -> bool {
        matches!(self, Self::UrgentExchange | Self::UrgentClaim)
    }
}

impl World {
    pub fn new(scope: Scope, plant: Option<Plant>) -> Self {
        let rules = Rules { permission: AllowAll, gate: AllowAll, firmware: Flips(false) };
        let mut broker = Core::new(scope.limits, rules);
        broker.desk.plant = plant;
        let now = Instant::from_millis(1);
        let address = |function: usize| Address::new(0, u8::try_from(function).unwrap(), 0, 0).unwrap();
        let mut mailboxes = Vec::new();
        let mut devices = Vec::new();
        for (function, offsets) in scope.functions.iter().enumerate() {
            devices.push(Some(broker.arrive(address(function), offsets, Condition::Clean, now)));
            mailboxes.extend(offsets.iter().map(|&offset| {
                let id = MailboxId { address: address(function), offset };
                Hardware { id, function, flying: None, dead: false, strangers: false }
            }));
        }
        let seats = (0..scope.clients).map(|index| {
            let who = if index == 0 { Who::Internal } else { Who::User { user: 1, process: 1 } };
            Seat::new(who, broker.connect(who, now).unwrap())
        });
        let seats = seats.collect();
        let mut world =
            Self { broker, scope, now, seats, mailboxes, devices, resets: scope.hotplug, told: Vec::new() };
        world.drain().unwrap();
        world
    }

    pub fn firmware(&self) -> bool {
        self.broker.rules().firmware.0
    }

    pub fn instance(&self, mailbox: usize) -> Option<Instance> {
        let hardware = self.mailboxes[mailbox];
        Some(self.devices[hardware.function]?.instance(hardware.id.offset))
    }

    /// All that may happen next.
    pub fn actions(&self) -> Vec<Action> {
        let scope = &self.scope;
        let mut actions = vec![Action::Time];
        for (index, seat) in self.seats.iter().enumerate() {
            let may_ask = seat.awaiting.len() < scope.requests;
            for mailbox in (0..self.mailboxes.len()).filter(|_| may_ask) {
                actions.push(Action::Exchange(index, mailbox));
                actions.extend(scope.claims.then_some(Action::Claim(index, mailbox)));
                if index == 0 {
                    actions.extend(scope.urgent.then_some(Action::UrgentExchange(mailbox)));
                    actions.extend((scope.urgent && scope.claims).then_some(Action::UrgentClaim(mailbox)));
                }
            }
            let functions = (0..self.devices.len()).filter(|_| may_ask && scope.locks);
            actions.extend(functions.map(|function| Action::Lock(index, function)));
            actions.extend((scope.cancels && !seat.awaiting.is_empty()).then_some(Action::Cancel(index)));
            actions.extend((!seat.holds.is_empty()).then_some(Action::Release(index)));
            actions.extend((scope.collecting && seat.collects).then_some(Action::StopCollecting(index)));
            actions.extend((!seat.collects).then_some(Action::Collect(index)));
            actions.extend(scope.crashes.then_some(Action::Crash(index)));
        }
        for (mailbox, hardware) in self.mailboxes.iter().enumerate() {
            if hardware.flying.is_some() {
                actions.push(Action::Report(mailbox, Report::Answered));
                actions.extend(scope.errors.iter().map(|error| Action::Report(mailbox, *error)));
            }
            if scope.operator {
                actions.extend([Action::Detach(mailbox), Action::Abort(mailbox)]);
            }
        }
        for (function, device) in self.devices.iter().enumerate() {
            actions.extend((device.is_some() && scope.hotplug > 0).then_some(Action::Vanish(function)));
            if self.resets > 0 {
                actions.push(Action::Plug(function, Condition::Clean));
                actions.extend(scope.strangers.then_some(Action::Plug(function, Condition::Strangers)));
            }
        }
        actions.extend(scope.firmware.then_some(Action::Firmware));
        actions
    }

    /// Lets it happen, and checks what is said and done then.
    pub fn act(&mut self, action: Action) -> Checked {
        self.told.clear();
        match action {
            Action::Exchange(seat, mailbox) => self.ask(seat, mailbox, Want::Exchange),
            Action::Claim(seat, mailbox) => self.ask(seat, mailbox, Want::Claim),
            Action::UrgentExchange(mailbox) => self.ask(0, mailbox, Want::UrgentExchange),
            Action::UrgentClaim(mailbox) => self.ask(0, mailbox, Want::UrgentClaim),
            Action::Detach(mailbox) => self.ask(0, mailbox, Want::Detach),
            Action::Abort(mailbox) => {
                if let Some(instance) = self.instance(mailbox) {
                    let _ = self.broker.abort(self.seats[0].client, instance, self.now);
                }
                Ok(())
            }
            Action::Lock(seat, function) => self.lock(seat, function),
            Action::Cancel(seat) => {
                let (client, request) = (self.seats[seat].client, self.seats[seat].awaiting[0].request);
                let cancelled = self.broker.cancel(client, request, self.now);
                ensure(cancelled.is_ok(), || format!("{request} of {client} was not known"))
            }
            Action::Release(seat) => {
                let client = self.seats[seat].client;
                let request = self.seats[seat].holds.remove(0).request;
                let released = self.broker.release(client, request, self.now);
                ensure(released.is_ok(), || format!("{client} did not have {request}"))
            }
            Action::StopCollecting(seat) => {
                self.seats[seat].collects = false;
                Ok(())
            }
            Action::Collect(seat) => {
                self.seats[seat].collects = true;
                Ok(())
            }
            Action::Crash(seat) => {
                self.broker.disconnect(self.seats[seat].client, self.now);
                let who = self.seats[seat].who;
                self.seats[seat] = Seat::new(who, self.broker.connect(who, self.now).unwrap());
                Ok(())
            }
            Action::Report(mailbox, report) => self.report(mailbox, report),
            Action::Vanish(function) => {
                let device = self.devices[function].take().unwrap();
                self.broker.vanish(device.address, self.now);
                Ok(())
            }
            Action::Plug(function, condition) => {
                let offsets = self.scope.functions[function];
                let address = Address::new(0, u8::try_from(function).unwrap(), 0, 0).unwrap();
                self.resets -= 1;
                let at = self.mailboxes.iter_mut().filter(|mailbox| mailbox.function == function);
                at.for_each(|mailbox| {
                    (mailbox.dead, mailbox.strangers) = (false, condition == Condition::Strangers);
                });
                self.devices[function] = Some(self.broker.arrive(address, offsets, condition, self.now));
                Ok(())
            }
            Action::Firmware => {
                let now = self.now;
                let flips = &mut self.broker.rules_mut().firmware.0;
                *flips = !*flips;
                self.broker.reconsider(now);
                Ok(())
            }
            Action::Time => {
                if let Some(due) = self.due() {
                    self.now = due;
                    self.broker.advance(due);
                }
                Ok(())
            }
        }?;
        self.drain()
    }

    fn ask(&mut self, seat: usize, mailbox: usize, want: Want) -> Checked {
        let Some(instance) = self.instance(mailbox) else { return Ok(()) };
        let (client, now, patience) = (self.seats[seat].client, self.now, Duration::MAX);
        let ask = Ask::new(instance, Protocol::DISCOVERY, (), 1);
        let taken = match want {
            Want::Exchange => self.broker.submit(client, ask, now),
            Want::UrgentExchange => self.broker.submit(client, ask.urgent(), now),
            Want::Claim => self.broker.claim(client, instance, Urgency::Normal, patience, now),
            Want::UrgentClaim => self.broker.claim(client, instance, Urgency::Urgent, patience, now),
            Want::Detach | Want::Lock => self.broker.detach(client, instance, now),
        };
        self.taken(seat, taken, Target::Mailbox(mailbox, instance), want)
    }

    fn lock(&mut self, seat: usize, function: usize) -> Checked {
        let Some(device) = self.devices[function] else { return Ok(()) };
        let taken = self.broker.lock_config(self.seats[seat].client, device, Duration::MAX, self.now);
        self.taken(seat, taken, Target::Function(function, device), Want::Lock)
    }

    fn taken(
        &mut self,
        seat: usize,
        taken: Result<RequestId, Refusal>,
        target: Target,
        want: Want,
    ) -> Checked {
        match taken {
            Ok(request) => self.seats[seat].awaiting.push(Wait { request, target, want, passed: 0 }),
            Err(Refusal::Gone) => return Err(format!("{target:?} is there")),
            Err(_) => {}
        }
        Ok(())
    }

    pub fn report(&mut self, mailbox: usize, report: Report) -> Checked {
        let instance = self.instance(mailbox);
        let hardware = &mut self.mailboxes[mailbox];
        let (id, flying) = (hardware.id, hardware.flying.take().unwrap());
        if report == Report::Answered && instance == Some(flying.instance) {
            hardware.strangers = false;
        }
        let outcome = || match report {
            Report::Answered => {
                Outcome::Answered(Reply { payload: (flying.request, flying.instance), bytes: 1 })
            }
            Report::TimedOut => Outcome::Failed(Error::Timeout),
            Report::Blocked => Outcome::Failed(Error::Blocked(Holder::Busy)),
            Report::Dead => Outcome::Dead,
        };
        let first = self.broker.completed(id, flying.request, outcome(), self.now);
        ensure(first.is_ok(), || format!("the report of {} was not expected", flying.request))?;
        let acts = self.broker.desk.acts.len();
        let second = self.broker.completed(id, flying.request, outcome(), self.now);
        let nothing = second.is_err() && self.broker.desk.acts.len() == acts;
        ensure(nothing, || format!("a second report of {} was taken", flying.request))
    }

    /// The earliest time at which anything is due, found without what is armed.
    pub fn due(&self) -> Option<Instant> {
        let desk = &self.broker.desk;
        let functions = self.broker.functions.values().filter_map(|function| function.due(&desk.limits));
        functions.chain(desk.clients.values().filter_map(|client| client.due(&desk.limits))).min()
    }

    pub fn drain(&mut self) -> Checked {
        self.listen();
        while let Some(act) = self.broker.next_act() {
            self.obey(act)?;
        }
        for seat in self.seats.iter_mut().filter(|seat| seat.collects) {
            for request in seat.uncollected.drain(..) {
                self.broker.collected(seat.client, request, self.now);
            }
        }
        self.listen();
        Ok(())
    }

    fn listen(&mut self) {
        while let Some(event) = self.broker.next_event() {
            let told = match event.what {
                What::Dead(instance) => {
                    let at = self.mailboxes.iter_mut().find(|mailbox| mailbox.id == instance.mailbox);
                    at.unwrap().dead = true;
                    continue;
                }
                What::Overdue(..) => Told::Overdue,
                What::Stalled(_) => Told::Stalled,
                What::Recovered(_) => Told::Recovered,
                What::Answered(_, None, _) => Told::Orphaned,
                _ => continue,
            };
            self.told.push(told);
        }
    }
}

impl Seat {
    fn new(who: Who, client: ClientId) -> Self {
        let (awaiting, holds, uncollected) = (Vec::new(), Vec::new(), Vec::new());
        Self { who, client, collects: true, awaiting, holds, uncollected }
    }
}
