//! A machine of images, for tests.

use std::cell::Cell;
use std::collections::BTreeMap;

use lanewarden_doe::{Direct, Doe, Host, Policy};
use lanewarden_pci::{AccessError, Address, Claim, Image, LockError, Machine, MailboxId};
use lanewarden_time::{Clock, Instant};

/// Functions by address, some of which cannot be opened; and who claims all mailboxes.
#[derive(Default)]
pub struct Images {
    functions: BTreeMap<Address, Result<Image, AccessError>>,
    objects: BTreeMap<Address, Vec<String>>,
    claim: Option<Claim>,
    now: Cell<Instant>,
}

impl Images {
    pub fn of(functions: impl IntoIterator<Item = (Address, Result<Image, AccessError>)>) -> Self {
        Self { functions: functions.into_iter().collect(), ..Self::default() }
    }

    /// The same machine with a CXL object on a function.
    pub fn object(mut self, address: Address, name: &str) -> Self {
        self.objects.entry(address).or_default().push(name.to_owned());
        self
    }

    /// The same machine, all of whose mailboxes are in use.
    pub fn claimed(self, claim: Claim) -> Self {
        Self { claim: Some(claim), ..self }
    }
}

impl Clock for Images {
    fn now(&self) -> Instant {
        self.now.get()
    }

    fn wait_until(&self, deadline: Instant) {
        self.now.set(deadline);
    }
}

impl Machine for Images {
    type Config = Image;
    type Lock = ();

    fn functions(&self) -> Result<Vec<Address>, AccessError> {
        Ok(self.functions.keys().copied().collect())
    }

    fn open(&self, address: Address) -> Result<Image, AccessError> {
        self.functions.get(&address).cloned().unwrap_or(Err(AccessError::Gone))
    }

    fn try_lock(&self, _: MailboxId) -> Result<(), LockError> {
        Ok(())
    }

    fn claim(&self, _: MailboxId) -> Option<Claim> {
        self.claim.clone()
    }

    fn driver(&self, _: Address) -> Option<String> {
        None
    }

    fn cxl_objects(&self, address: Address) -> Vec<String> {
        self.objects.get(&address).cloned().unwrap_or_default()
    }

    fn kernel_doe_features(&self, _: Address) -> Option<Vec<String>> {
        None
    }

    fn kernel_cdat(&self, _: Address) -> Option<Vec<u8>> {
        None
    }

    fn host_bridge_uid(&self, _: u32, _: u8) -> Option<u32> {
        None
    }

    fn acpi_tables(&self, _: [u8; 4]) -> Result<Vec<Vec<u8>>, AccessError> {
        Ok(Vec::new())
    }
}

impl Host for Images {
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
