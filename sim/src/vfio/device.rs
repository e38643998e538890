//! What a process does with a device that it has opened.

use std::sync::Arc;

use lanewarden_pci::low_power::{FeatureError, LowPower, Request};
use lanewarden_pci::{AccessError, ConfigSpace};

use super::host::Host;
use super::model::{Line, Model};
use super::process::{Process, Wakeup};
use crate::space::SIZE;

/// Kinds of interrupts that VFIO numbers: INTx, MSI, MSI-X, errors, and the request to let go. A wake-up is none.
const INTERRUPTS: u32 = 5;

/// A device that a process has for itself. Dropping it closes it, which ends low power.
#[derive(Debug)]
pub struct Device {
    host: Host,
    process: Process,
}

impl Device {
    pub(super) fn new(host: Host, process: Process) -> Self {
        Self { host, process }
    }

    /// Whether a load in mapped memory is answered; else it faults. Neither takes time, and nothing is woken for it.
    #[must_use]
    pub fn answers(&self) -> bool {
        !self.host.lock().model.faults()
    }

    /// Resets it.
    ///
    /// # Errors
    /// Where it does not wake.
    pub fn reset(&self) -> Result<(), FeatureError> {
        self.host.reset()
    }

    /// Sets the interrupt line up, masks it, or gives it up.
    ///
    /// # Errors
    /// Where the device does not wake.
    pub fn set_line(&self, line: Line) -> Result<(), FeatureError> {
        self.host.lock().on_model(|model| model.set_line(line))
    }

    /// How many kinds of interrupts it has.
    ///
    /// # Errors
    /// Where it does not wake.
    pub fn interrupt_count(&self) -> Result<u32, FeatureError> {
        self.host.lock().on_model(Model::access)?;
        Ok(INTERRUPTS)
    }
}

impl LowPower for Device {
    type Wakeup = Wakeup;

    fn request(&self, request: Request) -> Result<(), FeatureError> {
        let Request { argsz, flags, word } = request;
        let descriptor = self.process.descriptor(word);
        self.host.lock().on_model(|model| model.feature(argsz, flags, descriptor))
    }

    fn has_low_power(&self) -> bool {
        true
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        self.host.lock().close();
    }
}

/// A device's configuration space as its user reaches it. Every access wakes the device.
#[derive(Clone, Debug)]
pub struct Config(Arc<Device>);

impl Config {
    /// That of this device.
    #[must_use]
    pub fn new(device: Arc<Device>) -> Self {
        Self(device)
    }
}

impl ConfigSpace for Config {
    fn read(&mut self, offset: u16) -> Result<u32, AccessError> {
        self.0.host.lock().read(offset)
    }

    fn write(&mut self, offset: u16, value: u32) -> Result<(), AccessError> {
        self.0.host.lock().write(offset, value)
    }

    fn size(&self) -> u16 {
        SIZE
    }
}

#[cfg(test)]
mod tests;
