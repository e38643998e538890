//! The machine as Linux shows it.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lanewarden_doe::{Direct, Doe, Host, Policy};
use lanewarden_pci::{AccessError, Address, Claim, LockError, Machine, MailboxId};
use lanewarden_time::{Clock, Instant};

use crate::audit::{self, Audit};
use crate::kernel::{self, Kernel};
use crate::objects::Objects;
use crate::{Config, DirectError, DirectLock, RawWrite, claim, clock, direct, errno, firmware, locks};

/// A CDAT's length field has 32 bits; the kernel's own reader takes far less than this.
const TABLE_SIZE: u64 = 1 << 20;

/// The machine that this process runs on.
#[derive(Clone, Debug)]
pub struct Sysfs {
    pub(crate) shared: Arc<Shared>,
}

/// What a machine has in common with the functions opened on it.
#[derive(Clone)]
pub(crate) struct Shared {
    pub kernel: Arc<Kernel>,
    pub objects: Arc<Objects>,
    pub audit: Audit,
    /// Mailboxes that the kernel uses may be written to.
    pub allowed: bool,
}

impl Shared {
    pub fn claim(&self, address: Address) -> Option<Claim> {
        claim::claim(&self.kernel, &self.objects, address)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("kernel", &self.kernel)
            .field("allowed", &self.allowed)
            .finish_non_exhaustive()
    }
}

impl Sysfs {
    /// The real machine.
    #[must_use]
    pub fn new() -> Self {
        Self::at(Path::new("/"))
    }

    /// A machine whose `sys` and `run` lie in this directory.
    #[must_use]
    pub fn at(root: &Path) -> Self {
        let (kernel, objects) = (Arc::new(Kernel::at(root)), Arc::default());
        Self { shared: Arc::new(Shared { kernel, objects, audit: audit::standard_error(), allowed: false }) }
    }

    /// Whether mailboxes may be written to that the kernel uses. That risks mixing up its exchanges with ours, which
    /// neither side may notice. Holds for functions opened from now on.
    #[must_use]
    pub fn allow_shared(self, allowed: bool) -> Self {
        Self { shared: Arc::new(Shared { allowed, ..Shared::clone(&self.shared) }) }
    }

    /// Who is told of each write that goes to no mailbox. Without this it is a line on the standard error stream. Holds
    /// for functions opened from now on.
    #[must_use]
    pub fn audit(self, sink: impl Fn(&RawWrite) + Send + Sync + 'static) -> Self {
        Self { shared: Arc::new(Shared { audit: Arc::new(sink), ..Shared::clone(&self.shared) }) }
    }

    /// Shares the machine's mailboxes with other programs that use them by themselves, as long as no daemon has them.
    ///
    /// # Errors
    /// [`DirectError::Held`] where one has, or is about to; it never waits.
    pub fn share_mailboxes(&self) -> Result<DirectLock, DirectError> {
        direct::share(&self.shared.kernel.path("run/lanewarden"))
    }

    /// Takes all of the machine's mailboxes, as a daemon does that starts; waits up to `patience` for programs that use
    /// them by themselves.
    ///
    /// # Errors
    /// [`DirectError::Held`], with their process ids, where one still runs then, or another daemon.
    pub fn take_mailboxes(&self, patience: Duration) -> Result<DirectLock, DirectError> {
        let wait = |pause| self.wait_until(self.now() + pause);
        direct::take(&self.shared.kernel.path("run/lanewarden"), patience, wait)
    }

    /// Whether kernel lockdown forbids writing configuration space: every mailbox is then out of reach.
    #[must_use]
    pub fn is_locked_down(&self) -> bool {
        self.shared.kernel.is_locked_down()
    }
}

impl Default for Sysfs {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for Sysfs {
    fn now(&self) -> Instant {
        clock::now()
    }

    fn wait_until(&self, deadline: Instant) {
        clock::wait_until(deadline);
    }
}

impl Machine for Sysfs {
    type Config = Config;
    type Lock = locks::Lock;

    /// None is an answer of a machine without PCI; one without sysfs has no answer.
    fn functions(&self) -> Result<Vec<Address>, AccessError> {
        let kernel = &self.shared.kernel;
        let names = kernel::names(&kernel.functions()).map_err(|error| errno::of_io(&error))?;
        if names.is_empty() && !kernel.path("sys/bus").exists() {
            return Err(AccessError::System(rustix::io::Errno::NOENT.raw_os_error()));
        }
        let mut addresses: Vec<_> =
            names.iter().filter_map(|name| kernel::function_named(name.as_ref())).collect();
        addresses.sort_unstable();
        Ok(addresses)
    }

    fn open(&self, address: Address) -> Result<Config, AccessError> {
        Config::open(Arc::clone(&self.shared), address)
    }

    fn try_lock(&self, mailbox: MailboxId) -> Result<locks::Lock, LockError> {
        let directory = locks::Directory::open(&self.shared.kernel.path("run/lanewarden/mailbox"))?;
        directory.try_lock(mailbox)
    }

    fn claim(&self, mailbox: MailboxId) -> Option<Claim> {
        self.shared.claim(mailbox.address)
    }

    fn driver(&self, address: Address) -> Option<String> {
        claim::driver(&self.shared.kernel, address)
    }

    fn cxl_objects(&self, address: Address) -> Vec<String> {
        self.shared.objects.on(&self.shared.kernel, address)
    }

    /// The file names are the features, but for discovery's.
    fn kernel_doe_features(&self, address: Address) -> Option<Vec<String>> {
        let directory = self.shared.kernel.function(address).join("doe_features");
        if !directory.is_dir() {
            return None;
        }
        let spelled = |name: String| if name == "doe_discovery" { "0001:00".to_owned() } else { name };
        let mut features: Vec<_> = kernel::names(&directory).ok()?.into_iter().map(spelled).collect();
        features.sort();
        Some(features)
    }

    fn kernel_cdat(&self, address: Address) -> Option<Vec<u8>> {
        let ports = self.shared.objects.ports_on(&self.shared.kernel, address);
        let table = |port: &Path| kernel::whole(&port.join("CDAT"), TABLE_SIZE).ok();
        ports.iter().filter_map(|(_, port)| table(port)).find(|table| !table.is_empty())
    }

    fn host_bridge_uid(&self, segment: u32, bus: u8) -> Option<u32> {
        firmware::host_bridge_uid(&self.shared.kernel, segment, bus)
    }

    fn acpi_tables(&self, signature: [u8; 4]) -> Result<Vec<Vec<u8>>, AccessError> {
        firmware::tables(&self.shared.kernel, signature)
    }
}

impl Host for Sysfs {
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
