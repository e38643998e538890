//! Configuration space through the device's own file.

use std::sync::Arc;

use lanewarden_pci::{AccessError, ConfigSpace};
use vfio_bindings::bindings::vfio::VFIO_PCI_CONFIG_REGION_INDEX;

use super::overlay::Overlay;
use super::{Device, Region};

const LARGEST: u16 = 4096;

/// A device's configuration space as its owner sees it: parts of it are the kernel's imitation.
///
/// Every access wakes the device. VFIO leaves capabilities out of the list that it does not know, DOE among them; those
/// that were named when the device was taken ([`super::Owned`]) are put back into it. Nothing else is asked before a
/// write: no driver of the host has the device.
#[derive(Debug)]
pub struct Config {
    device: Arc<Device>,
    region: Region,
    size: u16,
    overlay: Arc<Overlay>,
}

impl Config {
    /// The space as VFIO shows it.
    pub fn new(device: Arc<Device>) -> Result<Self, AccessError> {
        let region = device.region(VFIO_PCI_CONFIG_REGION_INDEX)?;
        let size = u16::try_from(region.size).unwrap_or(LARGEST).min(LARGEST) & !3;
        Ok(Self { device, region, size, overlay: Arc::default() })
    }

    pub(super) fn with(self, overlay: Arc<Overlay>) -> Self {
        Self { overlay, ..self }
    }

    fn check(&self, offset: u16) -> Result<(), AccessError> {
        let fits = offset.checked_add(4).is_some_and(|end| end <= self.size);
        if fits && offset.is_multiple_of(4) { Ok(()) } else { Err(AccessError::OutOfRange(offset)) }
    }
}

impl ConfigSpace for Config {
    fn read(&mut self, offset: u16) -> Result<u32, AccessError> {
        self.check(offset)?;
        let value = self.device.read(&self.region, offset.into())?;
        Ok(self.overlay.applied(offset, value))
    }

    fn write(&mut self, offset: u16, value: u32) -> Result<(), AccessError> {
        self.check(offset)?;
        self.device.write(&self.region, offset.into(), value)
    }

    fn size(&self) -> u16 {
        self.size
    }
}
