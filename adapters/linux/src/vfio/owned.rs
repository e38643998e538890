//! The machine that consists of one device of our own.

use std::sync::Arc;

use lanewarden_doe::{Direct, Policy};
use lanewarden_pci::registers::doe;
use lanewarden_pci::registers::doe::Doe;
use lanewarden_pci::{AccessError, Address, Claim, ConfigSpace, LockError, Machine, MailboxId, capability};
use lanewarden_time::{Clock, Instant};

use super::overlay::Overlay;
use super::{Config, Device, Host, OpenError};
use crate::{clock, locks};

/// One device, opened through VFIO, as a machine. What else the kernel knows of it comes from sysfs.
#[derive(Debug)]
pub struct Owned {
    host: Host,
    device: Arc<Device>,
    overlay: Arc<Overlay>,
}

impl Owned {
    /// Opens the device. Its mailboxes are at `doe_offsets`, or, where none is named, where sysfs shows them: VFIO hides
    /// them. Where one that was named is not to be seen, that is an error.
    pub fn open(host: Host, address: Address, doe_offsets: &[u16]) -> Result<Self, OpenError> {
        let device = Arc::new(host.open(address)?);
        let mut config = Config::new(Arc::clone(&device)).map_err(OpenError::Config)?;
        let overlay = if doe_offsets.is_empty() {
            // What sysfs does not show stays hidden.
            let seen = mailboxes_in_sysfs(&host, address).unwrap_or_default();
            Overlay::new(&mut config, &seen).unwrap_or_default()
        } else {
            Overlay::new(&mut config, doe_offsets).map_err(|error| match error {
                AccessError::OutOfRange(offset) => OpenError::NoMailbox(offset),
                error => OpenError::Config(error),
            })?
        };
        Ok(Self { host, device, overlay: Arc::new(overlay) })
    }

    /// The device itself.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }
}

/// Where sysfs shows mailboxes, whoever has the function.
fn mailboxes_in_sysfs(host: &Host, address: Address) -> Result<Vec<u16>, AccessError> {
    let mut config = host.sysfs().open(address)?;
    if config.size() <= capability::EXTENDED_START {
        return Ok(Vec::new());
    }
    let mut offsets = Vec::new();
    for found in capability::extended(&mut config) {
        match found? {
            capability::Found::Entry(entry) if entry.id == doe::ID => offsets.push(entry.offset),
            _ => {}
        }
    }
    Ok(offsets)
}

impl Clock for Owned {
    fn now(&self) -> Instant {
        clock::now()
    }

    fn wait_until(&self, deadline: Instant) {
        clock::wait_until(deadline);
    }
}

impl lanewarden_doe::Host for Owned {
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

impl Machine for Owned {
    type Config = Config;
    type Lock = locks::Lock;

    fn functions(&self) -> Result<Vec<Address>, AccessError> {
        Ok(vec![self.device.address()])
    }

    fn open(&self, address: Address) -> Result<Config, AccessError> {
        if address != self.device.address() {
            return Err(AccessError::Gone);
        }
        Ok(Config::new(Arc::clone(&self.device))?.with(Arc::clone(&self.overlay)))
    }

    fn try_lock(&self, mailbox: MailboxId) -> Result<locks::Lock, LockError> {
        self.host.sysfs().try_lock(mailbox)
    }

    fn claim(&self, mailbox: MailboxId) -> Option<Claim> {
        self.host.sysfs().claim(mailbox)
    }

    fn driver(&self, address: Address) -> Option<String> {
        self.host.driver(address)
    }

    fn cxl_objects(&self, address: Address) -> Vec<String> {
        self.host.sysfs().cxl_objects(address)
    }

    fn kernel_doe_features(&self, address: Address) -> Option<Vec<String>> {
        self.host.sysfs().kernel_doe_features(address)
    }

    fn kernel_cdat(&self, address: Address) -> Option<Vec<u8>> {
        self.host.sysfs().kernel_cdat(address)
    }

    fn host_bridge_uid(&self, segment: u32, bus: u8) -> Option<u32> {
        self.host.sysfs().host_bridge_uid(segment, bus)
    }

    fn acpi_tables(&self, signature: [u8; 4]) -> Result<Vec<Vec<u8>>, AccessError> {
        self.host.sysfs().acpi_tables(signature)
    }
}
