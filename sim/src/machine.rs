//! The machine: what stands behind the traits that everything above sees.

mod build;
mod inner;
mod spdm;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lanewarden_doe::{Direct, Doe, Host, Policy, Protocol};
use lanewarden_pci::{AccessError, Address, Claim, ConfigSpace, LockError, Machine, MailboxId};
use lanewarden_time::{Clock, Instant};

use crate::event::Event;
use crate::handler::Handler;
use crate::mailbox::Removal;
use crate::scenario::{Scenario, ScenarioError};
use crate::space::SIZE;
use inner::{Index, Inner};
pub use spdm::SpdmDevice;

/// An emulated machine. Clones are handles to the same one; it may be used from several threads, but the order in
/// which they come is then not the seed's to decide.
///
/// Functions stay where they are: requests are routed by the addresses given out at the start, whatever bus numbers
/// are written to the bridges.
///
/// Time is virtual: it passes by the cost of each configuration access and while [`Clock::wait_until`] waits, and
/// not otherwise.
#[derive(Clone)]
pub struct Simulator {
    inner: Arc<Mutex<Inner>>,
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.lock();
        f.debug_struct("Simulator").field("now", &inner.now()).finish_non_exhaustive()
    }
}

impl Simulator {
    /// Builds the machine that a scenario describes.
    ///
    /// # Errors
    /// Where such a machine cannot be.
    pub fn new(scenario: &Scenario) -> Result<Self, ScenarioError> {
        Ok(Self { inner: Arc::new(Mutex::new(build::build(scenario)?)) })
    }

    /// The address of the function that the scenario calls `name`, whether it is still there or not.
    #[must_use]
    pub fn address(&self, name: &str) -> Option<Address> {
        self.lock().address(name)
    }

    /// The mailboxes of a function, by ascending offsets.
    #[must_use]
    pub fn mailboxes(&self, address: Address) -> Vec<MailboxId> {
        self.lock().mailboxes(address)
    }

    /// Keeps the latest `capacity` events from now on; none for 0, as it begins.
    pub fn keep_events(&self, capacity: usize) {
        self.lock().log().keep(capacity);
    }

    /// The events that were kept, oldest first; they are kept no longer.
    #[must_use]
    pub fn take_events(&self) -> Vec<Event> {
        self.lock().log().take()
    }

    /// How many events were pushed out by later ones.
    #[must_use]
    pub fn lost_events(&self) -> u64 {
        self.lock().log().dropped()
    }

    /// Plugs in what answers a protocol at a mailbox, in place of what does so now, be it plugged in or built in (such
    /// as tables). What discovery lists is not changed by it, and neither are other mailboxes.
    ///
    /// # Errors
    /// [`AccessError::Gone`] where there is no such mailbox.
    pub fn attach(
        &self,
        mailbox: MailboxId,
        protocol: Protocol,
        handler: Box<dyn Handler>,
    ) -> Result<(), AccessError> {
        self.lock().attach(mailbox, protocol, handler)
    }

    /// The mailboxes that speak SPDM, in ascending order of addresses and offsets.
    #[must_use]
    pub fn spdm_devices(&self) -> Vec<SpdmDevice> {
        self.lock().spdm_devices()
    }

    /// Enables a function's MSI-X, or else its MSI, and bus mastering, as an operating system does that gives out
    /// vectors. Returns how many there are.
    ///
    /// # Errors
    /// [`AccessError::Gone`] where there is no such function.
    pub fn allocate_vectors(&self, address: Address) -> Result<u16, AccessError> {
        self.lock().allocate_vectors(address)
    }

    /// Pulls a function out, with all below it: accesses give all ones, and [`AccessError::Gone`] from `noticed` on,
    /// when the host's hot-plug driver has seen it. Where that is not given it never does.
    ///
    /// # Errors
    /// [`AccessError::Gone`] where there is no such function.
    pub fn remove(&self, address: Address, noticed: Option<Duration>) -> Result<(), AccessError> {
        self.lock().remove_address(address, Removal { noticed_after: noticed })
    }

    /// The bytes of configuration space values and mailboxes that this machine holds for each function, on average.
    #[must_use]
    pub fn bytes_per_function(&self) -> usize {
        self.lock().bytes_per_function()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for Simulator {
    fn now(&self) -> Instant {
        self.lock().now()
    }

    /// Lets the virtual clock run to `deadline`, or to the next interrupt. One that has fired since the last call
    /// ends it at once.
    fn wait_until(&self, deadline: Instant) {
        self.lock().wait_until(deadline);
    }
}

/// One function's configuration space.
#[derive(Clone)]
pub struct FunctionConfig {
    simulator: Simulator,
    index: Index,
}

impl fmt::Debug for FunctionConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionConfig").field("index", &self.index).finish_non_exhaustive()
    }
}

impl ConfigSpace for FunctionConfig {
    fn read(&mut self, offset: u16) -> Result<u32, AccessError> {
        self.simulator.lock().read(self.index, offset)
    }

    fn write(&mut self, offset: u16, value: u32) -> Result<(), AccessError> {
        self.simulator.lock().write(self.index, offset, value)
    }

    fn size(&self) -> u16 {
        SIZE
    }
}

/// Held while a mailbox is used; dropping it lets go.
#[derive(Debug)]
pub struct MailboxLock {
    simulator: Simulator,
    mailbox: MailboxId,
}

impl Drop for MailboxLock {
    fn drop(&mut self) {
        self.simulator.lock().unlock(self.mailbox);
    }
}

impl Machine for Simulator {
    type Config = FunctionConfig;
    type Lock = MailboxLock;

    fn functions(&self) -> Result<Vec<Address>, AccessError> {
        Ok(self.lock().functions())
    }

    fn open(&self, address: Address) -> Result<FunctionConfig, AccessError> {
        let index = self.lock().find(address)?;
        Ok(FunctionConfig { simulator: self.clone(), index })
    }

    /// Excludes other users of this machine in this process only.
    fn try_lock(&self, mailbox: MailboxId) -> Result<MailboxLock, LockError> {
        if !self.lock().take_lock(mailbox) {
            return Err(LockError::Held(None));
        }
        Ok(MailboxLock { simulator: self.clone(), mailbox })
    }

    fn claim(&self, mailbox: MailboxId) -> Option<Claim> {
        self.lock().claim(mailbox).map(Claim::Driver)
    }

    fn driver(&self, address: Address) -> Option<String> {
        self.lock().driver(address)
    }

    fn cxl_objects(&self, _: Address) -> Vec<String> {
        Vec::new()
    }

    fn kernel_doe_features(&self, _: Address) -> Option<Vec<String>> {
        None
    }

    fn kernel_cdat(&self, _: Address) -> Option<Vec<u8>> {
        None
    }

    fn host_bridge_uid(&self, segment: u32, bus: u8) -> Option<u32> {
        self.lock().host_bridge_uid(segment, bus)
    }

    fn acpi_tables(&self, signature: [u8; 4]) -> Result<Vec<Vec<u8>>, AccessError> {
        Ok(self.lock().acpi_table(signature).into_iter().collect())
    }
}

impl Host for Simulator {
    type Carrier = Direct<Self>;

    fn carrier(
        &self,
        mailbox: MailboxId,
        capability: Doe,
        room: usize,
        policy: Policy,
    ) -> Result<Direct<Self>, AccessError> {
        Direct::new(self, mailbox, capability, room, policy)
    }
}

#[cfg(test)]
mod tests;
