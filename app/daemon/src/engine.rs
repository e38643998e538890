//! The broker and the mailboxes it decides about: the only one that touches them.
//!
//! An engine is driven: [`Engine::run`] does what can be done now and says when it wants to be called again. Whoever asks
//! for something gets a [`Ticket`], which comes in when the broker has decided.

mod handles;

use std::collections::{BTreeMap, BTreeSet};

use lanewarden_broker::{
    Act, Address, Ask, Broker, ClientId, Condition, Device, Event, Instance, Instant, Limits, Loss,
    MailboxId, Outcome, Protocol, Refusal, Reply, RequestId, Rules, Snapshot, Who,
};
use lanewarden_doe::{Error, Phase, Request, Step};
use lanewarden_pci::registers::doe::Doe;
use lanewarden_pci::{AccessError, Function, Machine};
use lanewarden_spdm::certificate::DeviceIdentity;
use tokio::sync::oneshot;

use crate::journal::{Journal, Mark};
use crate::policy::{Ids, Policy};
use handles::Handles;

/// What a client wants to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The payload.
    pub payload: Vec<u8>,
    /// What its answer may be of as well.
    pub alternative: Option<Protocol>,
    /// The connection, 0 for protocols without one.
    pub connection: u16,
    /// The longest payload of an answer, in bytes.
    pub longest: usize,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Of which protocol.
    pub protocol: Protocol,
    /// The payload, padding included.
    pub payload: Vec<u8>,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// An answer.
    Object(Object),
    /// What was asked for is held.
    Granted,
}

/// Something that was asked for.
#[derive(Debug)]
pub struct Ticket {
    /// Its name.
    pub request: RequestId,
    /// What comes of it. Dropping this does not end it.
    pub told: oneshot::Receiver<Result<Told, Refusal>>,
}

/// What is done before others have their turn on the thread: acts, and looks at mailboxes.
const AT_ONCE: usize = 8;

type Desk = Broker<Outgoing, Object, Rules<Policy>>;

/// An exchange that is under way.
#[derive(Clone, Copy, Debug)]
struct Running {
    request: RequestId,
    /// The longest payload that its client takes.
    longest: usize,
    due: Instant,
}

/// What there is besides the broker's own state.
pub struct Engine<M: Machine> {
    machine: M,
    clock: Box<dyn Fn(&M) -> Instant>,
    broker: Desk,
    capabilities: BTreeMap<Address, Vec<Doe>>,
    handles: Handles<M::Config>,
    running: BTreeMap<MailboxId, Running>,
    due: BTreeSet<(Instant, MailboxId)>,
    tickets: BTreeMap<RequestId, oneshot::Sender<Result<Told, Refusal>>>,
    losses: BTreeMap<(ClientId, RequestId), Loss>,
    events: Vec<Event>,
    journal: Option<Journal>,
}

impl<M: Machine> Engine<M> {
    /// An engine for a machine, whose present `clock` gives. Devices come with [`Self::discover`].
    pub fn new(machine: M, clock: impl Fn(&M) -> Instant + 'static, limits: Limits, policy: Policy) -> Self {
        Self {
            machine,
            clock: Box::new(clock),
            broker: Broker::new(limits, Rules { permission: policy, ..Rules::default() }),
            capabilities: BTreeMap::new(),
            handles: Handles::default(),
            running: BTreeMap::new(),
            due: BTreeSet::new(),
            tickets: BTreeMap::new(),
            losses: BTreeMap::new(),
            events: Vec::new(),
            journal: None,
        }
    }

    /// Writes down what is under way from now on.
    pub fn keep_journal(&mut self, journal: Journal) {
        self.journal = Some(journal);
    }

    /// Whether an exchange is under way.
    pub fn is_busy(&self) -> bool {
        !self.running.is_empty()
    }

    /// The machine.
    pub fn machine(&self) -> &M {
        &self.machine
    }

    /// Who may do what.
    pub fn policy(&mut self) -> &mut Policy {
        &mut self.broker.rules_mut().permission
    }

    /// What the function at an address says that it is, as a certificate has to say it.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn identity(&self, address: Address) -> Result<DeviceIdentity, AccessError> {
        let mut config = self.machine.open(address)?;
        Ok(lanewarden_attestation::identity(&Function::read(address, &mut config)?))
    }

    /// The present.
    pub fn now(&self) -> Instant {
        (self.clock)(&self.machine)
    }

    /// Finds the machine's functions. How many mailboxes there are. What stands in those for which `is_ours` was left there by
    /// a daemon before this one.
    ///
    /// # Errors
    /// Where functions cannot even be listed. One that cannot be read is passed over: it comes to nobody then.
    pub fn discover(&mut self, is_ours: impl Fn(MailboxId) -> bool) -> Result<usize, AccessError> {
        for address in self.machine.functions()? {
            self.appear(address, &is_ours);
        }
        Ok(self.capabilities.values().map(Vec::len).fold(0, usize::saturating_add))
    }

    /// A function is there, or is another one now.
    pub fn appear(&mut self, address: Address, is_ours: &dyn Fn(MailboxId) -> bool) -> Option<Device> {
        let read = self.machine.open(address).and_then(|mut config| Function::read(address, &mut config));
        let function = read.ok()?;
        self.policy().learn(address, Ids::of(&function));
        self.forget(address);
        if function.does.is_empty() {
            return None;
        }
        let offsets: Vec<_> = function.does.iter().map(|doe| doe.offset).collect();
        self.capabilities.insert(address, function.does);
        let now = self.now();
        let device = self.broker.arrive(address, &offsets, Condition::Clean, now);
        let instances = offsets.into_iter().map(|offset| device.instance(offset));
        instances.filter(|instance| is_ours(instance.mailbox)).for_each(|ours| self.broker.touched(ours));
        Some(device)
    }

    /// A function is gone.
    pub fn disappear(&mut self, address: Address) {
        self.policy().unlearn(address);
        self.forget(address);
        let now = self.now();
        self.broker.vanish(address, now);
    }

    /// What is open belongs to the device that was there.
    fn forget(&mut self, address: Address) {
        for doe in self.capabilities.remove(&address).into_iter().flatten() {
            let mailbox = MailboxId { address, offset: doe.offset };
            if !self.running.contains_key(&mailbox) {
                self.handles.close(mailbox);
            }
        }
    }

    /// The device that is at an address, if it is the one that is meant.
    ///
    /// # Errors
    /// [`Refusal::Gone`].
    pub fn device(&self, address: Address, generation: Option<u64>) -> Result<Device, Refusal> {
        let device = self.broker.device(address).ok_or(Refusal::Gone)?;
        let is_meant = generation.is_none_or(|generation| generation == device.generation.number());
        is_meant.then_some(device).ok_or(Refusal::Gone)
    }

    /// A client has come.
    ///
    /// # Errors
    /// If there are too many.
    pub fn connect(&mut self, who: Who) -> Result<ClientId, Refusal> {
        self.broker.connect(who, self.now())
    }

    /// A client has gone.
    pub fn disconnect(&mut self, client: ClientId) {
        let now = self.now();
        self.broker.disconnect(client, now);
        self.losses.retain(|(owner, _), _| *owner != client);
    }

    /// Asks for one exchange.
    ///
    /// # Errors
    /// What it is refused for at once.
    pub fn exchange(&mut self, client: ClientId, ask: Ask<Outgoing>) -> Result<Ticket, Refusal> {
        let now = self.now();
        self.broker.submit(client, ask, now).map(|request| self.ticket(request))
    }

    /// Asks for whatever the broker grants.
    ///
    /// # Errors
    /// What it is refused for at once.
    pub fn ask(
        &mut self,
        ask: impl FnOnce(&mut Desk, Instant) -> Result<RequestId, Refusal>,
    ) -> Result<Ticket, Refusal> {
        let now = self.now();
        ask(&mut self.broker, now).map(|request| self.ticket(request))
    }

    /// Tells the broker something that has no answer.
    pub fn tell<T>(&mut self, tell: impl FnOnce(&mut Desk, Instant) -> T) -> T {
        let now = self.now();
        tell(&mut self.broker, now)
    }

    /// Why a client has lost what it was granted, if it has.
    pub fn loss(&self, client: ClientId, request: RequestId) -> Option<Loss> {
        self.losses.get(&(client, request)).copied()
    }

    /// Nobody asks any more why this was lost.
    pub fn forget_loss(&mut self, client: ClientId, request: RequestId) {
        self.losses.remove(&(client, request));
    }

    fn ticket(&mut self, request: RequestId) -> Ticket {
        let (teller, told) = oneshot::channel();
        self.tickets.insert(request, teller);
        Ticket { request, told }
    }

    /// What there is.
    pub fn snapshot(&self) -> Snapshot {
        self.broker.snapshot(self.now())
    }

    /// The process of a client.
    pub fn process(&self, client: u64) -> Option<u32> {
        let Who::User { process, .. } = self.broker.who(client)? else { return None };
        Some(process)
    }

    /// What has happened since the last call.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Writes a register for a client that has configuration space alone.
    ///
    /// # Errors
    /// `None` if it does not, else as the access went.
    pub fn write_config(
        &mut self,
        client: ClientId,
        device: Device,
        offset: u16,
        value: u32,
    ) -> Option<Result<(), AccessError>> {
        let has = self.broker.has_config(client, device, self.now());
        has.then(|| {
            use lanewarden_pci::ConfigSpace;
            self.machine.open(device.address)?.write(offset, value)
        })
    }

    /// Does what can be done now, but not for ever; when to be called again, if nothing else happens.
    pub fn run(&mut self) -> Option<Instant> {
        let mut done = 0_usize;
        loop {
            let now = self.now();
            if self.broker.deadline().is_some_and(|deadline| deadline <= now) {
                self.broker.advance(now);
            }
            let before = done;
            while done < AT_ONCE
                && let Some(act) = self.broker.next_act()
            {
                self.obey(act, now);
                done = done.saturating_add(1);
            }
            while done < AT_ONCE
                && let Some(&(at, mailbox)) = self.due.first()
                && at <= now
            {
                self.due.pop_first();
                self.drive(mailbox);
                done = done.saturating_add(1);
            }
            while let Some(event) = self.broker.next_event() {
                self.note(&event);
                self.events.push(event);
            }
            if done == before {
                break;
            }
            if done >= AT_ONCE {
                return Some(now);
            }
        }
        let running = self.due.first().map(|(at, _)| *at);
        running.into_iter().chain(self.broker.deadline()).min()
    }

    fn obey(&mut self, act: Act<Outgoing, Object>, now: Instant) {
        match act {
            Act::Start { instance, request, protocol, payload, condition } => {
                self.mark(instance.mailbox, Mark::Exchange);
                if let Err(error) = self.start(instance, protocol, &payload, condition) {
                    self.report(instance.mailbox, request, Outcome::Failed(error));
                } else {
                    let longest = payload.longest.next_multiple_of(4);
                    self.running.insert(instance.mailbox, Running { request, longest, due: now });
                    self.drive(instance.mailbox);
                }
            }
            Act::Stop { instance, .. } => {
                self.handles.cancel(instance.mailbox);
                if let Some(running) = self.running.get_mut(&instance.mailbox) {
                    self.due.remove(&(running.due, instance.mailbox));
                    running.due = now;
                    self.due.insert((now, instance.mailbox));
                }
            }
            Act::Answer { request, result, .. } => self.deliver(request, result.map(Told::Object)),
            Act::Granted { request, .. } => self.deliver(request, Ok(Told::Granted)),
            Act::Ended { client, request, loss } => drop(self.losses.insert((client, request), loss)),
        }
    }

    /// Writes down who has a mailbox. Exchanges are written down before they begin.
    fn note(&mut self, event: &Event) {
        use lanewarden_broker::What;
        match event.what {
            What::Claimed(instance, ..) | What::Detached(instance, ..) => {
                self.mark(instance.mailbox, Mark::Claimed)
            }
            What::Released(instance, ..) | What::Lost(instance, ..) | What::Attached(instance, ..) => {
                self.mark(instance.mailbox, Mark::Idle);
            }
            _ => {}
        }
    }

    fn mark(&mut self, mailbox: MailboxId, mark: Mark) {
        if let Some(journal) = &mut self.journal {
            // An exchange that is under way matters more than whose the mailbox is.
            let mark = if self.running.contains_key(&mailbox) { Mark::Exchange } else { mark };
            journal.mark(mailbox, mark);
        }
    }

    fn deliver(&mut self, request: RequestId, result: Result<Told, Refusal>) {
        if let Some(teller) = self.tickets.remove(&request) {
            // Who has gone meanwhile is told nothing; the broker knows.
            let _ = teller.send(result);
        }
    }

    fn start(
        &mut self,
        instance: Instance,
        protocol: Protocol,
        outgoing: &Outgoing,
        condition: Condition,
    ) -> Result<(), Error> {
        let unreachable = |source| Error::Access { phase: Phase::Begin, source };
        let MailboxId { address, offset } = instance.mailbox;
        let known = self.capabilities.get(&address).into_iter().flatten();
        let doe =
            *known.into_iter().find(|doe| doe.offset == offset).ok_or(unreachable(AccessError::Gone))?;
        let open = || self.machine.open(address);
        let room = outgoing.payload.len().max(outgoing.longest).next_multiple_of(4);
        let busy = |mailbox| self.running.contains_key(&mailbox);
        let mailbox = self.handles.open(instance, doe, room, open, busy).map_err(unreachable)?;
        if condition == Condition::Touched {
            mailbox.distrust();
        }
        let request = Request::new(protocol, &outgoing.payload).connection(outgoing.connection);
        mailbox.send(&match outgoing.alternative {
            Some(alternative) => request.or_answered_in(alternative),
            None => request,
        })
    }

    fn drive(&mut self, id: MailboxId) {
        let now = self.now();
        let Some(running) = self.running.get_mut(&id) else { return };
        let Some((mailbox, config)) = self.handles.get(id) else { return };
        let outcome = match mailbox.advance(config, now) {
            Ok(Step::Wait(at)) => {
                // What is to be gone on with at once comes after what else is due.
                running.due = at;
                self.due.insert((at, id));
                return;
            }
            // There may be more room than this client asked for.
            Ok(Step::Answered) if mailbox.answer().len() > running.longest => {
                let (length, room) = (mailbox.answer().len(), running.longest);
                Outcome::Failed(Error::TooLong { length, room })
            }
            Ok(Step::Answered) => {
                let protocol = mailbox.answer_protocol().unwrap_or_default();
                let payload = mailbox.answer().to_vec();
                let bytes = payload.len();
                Outcome::Answered(Reply { payload: Object { protocol, payload }, bytes })
            }
            Err(_) if mailbox.is_dead() => Outcome::Dead,
            Err(error) => Outcome::Failed(error),
        };
        let request = running.request;
        self.running.remove(&id);
        if !matches!(outcome, Outcome::Answered(_)) {
            self.handles.close(id);
        }
        self.report(id, request, outcome);
    }

    fn report(&mut self, mailbox: MailboxId, request: RequestId, outcome: Outcome<Object>) {
        let now = self.now();
        if self.journal.is_some() {
            let known = self.broker.device(mailbox.address).map(|device| device.instance(mailbox.offset));
            let owned = known.is_some_and(|instance| self.broker.owner(instance).is_some());
            self.mark(mailbox, if owned { Mark::Claimed } else { Mark::Idle });
        }
        // Every exchange is reported once, so none is stale.
        let _ = self.broker.completed(mailbox, request, outcome, now);
    }
}
