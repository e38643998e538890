//! The machine's state, one access at a time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use lanewarden_doe::Protocol;
use lanewarden_pci::{AccessError, Address, MailboxId};
use lanewarden_time::Instant;

use crate::event::{Event, Log, What};
use crate::firmware;
use crate::handler::{Handler, Tables};
use crate::mailbox::{Mailbox, Outcome, Removal, Surroundings};
use crate::random::Random;
use crate::scenario::Spdm;
use crate::space::{SIZE, Space, Vectors};

/// A function among all of the machine.
pub(super) type Index = u32;

const COMMAND: u16 = 0x04;
const BUS_MASTER: u32 = 1 << 2;
const HEADER_TYPE: u16 = 0x0c;
const LAYOUT_1: u32 = 1 << 16;

/// One function.
#[derive(Debug)]
pub(super) struct Function {
    pub address: Address,
    pub parent: Option<Index>,
    pub space: Space,
    pub mailboxes: Box<[Mailbox]>,
    pub tables: Option<Tables>,
    pub vectors: Option<Vectors>,
    /// The register and the bit by which it, or what is below it, is reset.
    pub reset: Option<(u16, u32)>,
    pub presence: Presence,
}

impl Function {
    fn is_port(&self) -> bool {
        self.space.read(HEADER_TYPE) & LAYOUT_1 != 0
    }
}

/// Whether a function is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    Here,
    /// Pulled out; what the host has noticed of that from this time on.
    Removed(Option<Instant>),
}

type Handlers = Vec<(Protocol, Box<dyn Handler>)>;

/// The machine.
#[derive(Default)]
pub(super) struct Inner {
    pub now: Instant,
    pub access_time: Duration,
    /// Ports come before what lies below them.
    pub functions: Vec<Function>,
    /// In ascending order of addresses.
    pub by_address: Vec<(Address, Index)>,
    pub names: HashMap<String, Index>,
    /// Of those that say how they answer SPDM.
    pub spdm: HashMap<Index, Arc<Spdm>>,
    pub drivers: HashMap<Address, String>,
    pub claims: HashMap<MailboxId, String>,
    pub bridges: HashMap<(u32, u8), u32>,
    pub acpi: firmware::Tables,
    pub random: Option<Random>,
    pub handlers: HashMap<(Index, u16), Handlers>,
    pub locks: HashSet<MailboxId>,
    pub log: Log,
    /// When mailboxes that may interrupt have something to do.
    pub queue: BinaryHeap<Reverse<(Instant, Index, u16)>>,
    /// An interrupt has fired since the last wait.
    pub interrupted: bool,
}

impl Inner {
    pub fn now(&self) -> Instant {
        self.now
    }

    pub fn log(&mut self) -> &mut Log {
        &mut self.log
    }

    pub fn address(&self, name: &str) -> Option<Address> {
        let index = self.names.get(name)?;
        self.function(*index).map(|function| function.address)
    }

    pub fn functions(&self) -> Vec<Address> {
        let there = |index: Index| self.function(index).is_some_and(|function| !self.is_noticed(function));
        self.by_address.iter().filter(|(_, index)| there(*index)).map(|(address, _)| *address).collect()
    }

    pub fn find(&self, address: Address) -> Result<Index, AccessError> {
        let place = self.by_address.binary_search_by_key(&address, |(of, _)| *of).ok();
        let (_, index) = place.and_then(|place| self.by_address.get(place)).ok_or(AccessError::Gone)?;
        let function = self.function(*index).filter(|function| !self.is_noticed(function));
        function.map(|_| *index).ok_or(AccessError::Gone)
    }

    pub fn mailboxes(&self, address: Address) -> Vec<MailboxId> {
        let function = self.find(address).ok().and_then(|index| self.function(index));
        let mailboxes = function.map_or(&[][..], |function| &function.mailboxes);
        mailboxes.iter().map(|mailbox| MailboxId { address, offset: mailbox.offset }).collect()
    }

    pub fn read(&mut self, index: Index, offset: u16) -> Result<u32, AccessError> {
        if !self.access(index, offset)? {
            return Ok(u32::MAX);
        }
        if let Some((slot, register)) = self.mailbox_at(index, offset) {
            let (value, outcome) = self
                .with_mailbox(index, slot, |mailbox, around| mailbox.read(register, around))
                .unwrap_or_default();
            self.act(index, slot, &outcome);
            return Ok(value);
        }
        Ok(self.function(index).map_or(u32::MAX, |function| function.space.read(offset)))
    }

    pub fn write(&mut self, index: Index, offset: u16, value: u32) -> Result<(), AccessError> {
        if !self.access(index, offset)? {
            return Ok(());
        }
        if let Some((slot, register)) = self.mailbox_at(index, offset) {
            let outcome =
                self.with_mailbox(index, slot, |mailbox, around| mailbox.write(register, value, around));
            self.act(index, slot, &outcome.unwrap_or_default());
        } else if let Some(function) = self.function_mut(index) {
            function.space.write(offset, value);
            if function.reset.is_some_and(|(register, bit)| register == offset && value & bit != 0) {
                self.reset(index);
            }
        }
        Ok(())
    }

    /// Resets a function, or all that is below a port: configuration and mailboxes are as after power-on, before
    /// firmware. That a function level reset clears mailboxes too is not confirmed by public sources.
    fn reset(&mut self, index: Index) {
        let is_port = self.function(index).is_some_and(|function| function.is_port());
        for at in self.subtree(index) {
            let Some(function) = self.function_mut(at).filter(|_| !is_port || at != index) else { continue };
            function.space.reset();
            function.mailboxes.iter_mut().for_each(Mailbox::reset);
            let address = function.address;
            let handlers = self.handlers.iter_mut().filter(|((of, _), _)| *of == at);
            handlers.flat_map(|(_, handlers)| handlers).for_each(|(_, handler)| handler.reset());
            self.note(address, What::Reset);
        }
    }

    /// A function and all below it, which come after it in the list and before anything else.
    fn subtree(&self, index: Index) -> Vec<Index> {
        let first = usize::try_from(index).unwrap_or(usize::MAX);
        let rest = self.functions.iter().skip(first).zip(index..).skip(1);
        let below = rest.take_while(|(function, _)| function.parent.is_some_and(|parent| parent >= index));
        std::iter::once(index).chain(below.map(|(_, at)| at)).collect()
    }

    /// Spends the time of an access. Whether there is a device to answer it.
    fn access(&mut self, index: Index, offset: u16) -> Result<bool, AccessError> {
        if !offset.is_multiple_of(4) || offset >= SIZE {
            return Err(AccessError::OutOfRange(offset));
        }
        self.now = self.now + self.access_time;
        let function = self.function(index).ok_or(AccessError::Gone)?;
        if self.is_noticed(function) {
            return Err(AccessError::Gone);
        }
        Ok(function.presence == Presence::Here)
    }

    fn is_noticed(&self, function: &Function) -> bool {
        matches!(function.presence, Presence::Removed(Some(noticed)) if noticed <= self.now)
    }

    pub fn wait_until(&mut self, deadline: Instant) {
        let deadline = deadline.max(self.now);
        loop {
            if std::mem::take(&mut self.interrupted) {
                return;
            }
            let due = self.queue.peek().map(|Reverse(next)| *next).filter(|(at, ..)| *at <= deadline);
            let Some((at, index, slot)) = due else { break };
            self.queue.pop();
            self.now = self.now.max(at);
            self.poll(index, slot);
        }
        self.now = deadline;
    }

    fn poll(&mut self, index: Index, slot: u16) {
        if self.function(index).is_some_and(|function| function.presence == Presence::Here) {
            let outcome = self.with_mailbox(index, slot, Mailbox::poll).unwrap_or_default();
            self.act(index, slot, &outcome);
        }
    }

    pub fn function(&self, index: Index) -> Option<&Function> {
        self.functions.get(usize::try_from(index).ok()?)
    }

    fn function_mut(&mut self, index: Index) -> Option<&mut Function> {
        self.functions.get_mut(usize::try_from(index).ok()?)
    }

    /// Which mailbox a register belongs to, and which of its registers it is.
    fn mailbox_at(&self, index: Index, offset: u16) -> Option<(u16, u16)> {
        let mailboxes = (0_u16..).zip(&self.function(index)?.mailboxes);
        mailboxes.into_iter().find_map(|(slot, mailbox)| Some((slot, mailbox.register(offset)?)))
    }

    fn with_mailbox<T>(
        &mut self,
        index: Index,
        slot: u16,
        work: impl FnOnce(&mut Mailbox, &mut Surroundings<'_>) -> T,
    ) -> Option<T> {
        let mut none = Vec::new();
        let function = self.functions.get_mut(usize::try_from(index).ok()?)?;
        let mailbox = function.mailboxes.get_mut(usize::from(slot))?;
        let handlers = if self.handlers.is_empty() { None } else { self.handlers.get_mut(&(index, slot)) };
        let handlers = handlers.unwrap_or(&mut none);
        let mut around = Surroundings {
            now: self.now,
            address: function.address,
            log: &mut self.log,
            random: self.random.get_or_insert(Random::new(1)),
            tables: &mut function.tables,
            handlers,
        };
        Some(work(mailbox, &mut around))
    }

    /// Does what a mailbox wants to be done.
    fn act(&mut self, index: Index, slot: u16, outcome: &Outcome) {
        if let Some(message) = outcome.interrupt {
            self.signal(index, message, outcome.lost);
        }
        if let Some(at) = outcome.deadline {
            self.queue.push(Reverse((at, index, slot)));
        }
        if let Some(removal) = outcome.removed {
            self.remove(index, removal);
        }
    }

    /// An interrupt message is a write to memory: it needs its capability enabled and a bus master.
    fn signal(&mut self, index: Index, message: u16, lost: bool) {
        let Some(function) = self.function(index) else { return };
        let address = function.address;
        let master = function.space.read(COMMAND) & BUS_MASTER != 0;
        let enabled = function.vectors.is_some_and(|vectors| {
            let control = function.space.read(vectors.offset);
            control & vectors.enable() != 0 && control & vectors.mask() == 0 && message < vectors.count
        });
        let arrives = master && enabled && !lost;
        let what = if arrives { What::Interrupt { message } } else { What::InterruptLost { message } };
        self.note(address, what);
        self.interrupted |= arrives;
    }

    fn note(&mut self, address: Address, what: What) {
        let time = self.now;
        self.log.add(|| Event { time, address, mailbox: None, what });
    }

    pub fn remove_address(&mut self, address: Address, removal: Removal) -> Result<(), AccessError> {
        let index = self.find(address)?;
        self.remove(index, removal);
        Ok(())
    }

    /// Pulls out a function and all below it.
    fn remove(&mut self, index: Index, removal: Removal) {
        let noticed = removal.noticed_after.map(|after| self.now + after);
        for at in self.subtree(index) {
            let Some(function) = self.function_mut(at).filter(|f| f.presence == Presence::Here) else {
                continue;
            };
            function.presence = Presence::Removed(noticed);
            function.mailboxes.iter_mut().for_each(Mailbox::reset);
            let address = function.address;
            self.note(address, What::Removed);
        }
    }

    pub fn attach(
        &mut self,
        mailbox: MailboxId,
        protocol: Protocol,
        handler: Box<dyn Handler>,
    ) -> Result<(), AccessError> {
        let index = self.find(mailbox.address)?;
        let mailboxes = self.function(index).map_or(&[][..], |function| &function.mailboxes);
        let slot = mailboxes.iter().position(|known| known.offset == mailbox.offset);
        let slot = slot.and_then(|slot| u16::try_from(slot).ok()).ok_or(AccessError::Gone)?;
        let handlers = self.handlers.entry((index, slot)).or_default();
        handlers.retain(|(of, _)| *of != protocol);
        handlers.push((protocol, handler));
        Ok(())
    }

    pub fn allocate_vectors(&mut self, address: Address) -> Result<u16, AccessError> {
        let index = self.find(address)?;
        let function = self.function_mut(index).ok_or(AccessError::Gone)?;
        let Some(vectors) = function.vectors else { return Ok(0) };
        let command = function.space.read(COMMAND) & 0xffff;
        function.space.write(COMMAND, command | BUS_MASTER);
        let control = function.space.read(vectors.offset);
        function.space.write(vectors.offset, control | vectors.enable());
        Ok(vectors.count)
    }

    pub fn take_lock(&mut self, mailbox: MailboxId) -> bool {
        self.locks.insert(mailbox)
    }

    pub fn unlock(&mut self, mailbox: MailboxId) {
        self.locks.remove(&mailbox);
    }

    pub fn claim(&self, mailbox: MailboxId) -> Option<String> {
        self.claims.get(&mailbox).cloned()
    }

    pub fn driver(&self, address: Address) -> Option<String> {
        self.drivers.get(&address).cloned()
    }

    pub fn host_bridge_uid(&self, segment: u32, bus: u8) -> Option<u32> {
        self.bridges.get(&(segment, bus)).copied()
    }

    pub fn acpi_table(&self, signature: [u8; 4]) -> Option<Vec<u8>> {
        self.acpi.get(&signature).cloned()
    }

    pub fn bytes_per_function(&self) -> usize {
        let own = |function: &Function| {
            let mailboxes = size_of_val::<[Mailbox]>(&function.mailboxes);
            size_of::<Function>()
                .saturating_add(size_of::<(Address, Index)>())
                .saturating_add(function.space.memory())
                .saturating_add(mailboxes)
        };
        let sum = self.functions.iter().fold(0_usize, |sum, function| sum.saturating_add(own(function)));
        sum.checked_div(self.functions.len()).unwrap_or(0)
    }
}
