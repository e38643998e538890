//! The kernel this runs on.

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use lanewarden_linux::vfio::{Config, Device, Mapping, Wakeup};
use lanewarden_pci::ConfigSpace;

use super::super::{Subject, has_power_management, mapped};
use super::act::Line;
use super::{Abilities, Opened, System};
use crate::functions::folder;
use crate::system::write_line;

/// Interrupt Line and Interrupt Pin.
const INTERRUPT: u16 = 0x3c;
/// Bit 10 of the Command register, in its second byte: no interrupt by the line.
const INTERRUPT_DISABLE: u8 = 1 << 2;

/// How long after a wake the kernel has let a device sleep again that nothing keeps awake.
const RESUMED: Duration = Duration::from_millis(5);

pub struct Kernel<'a> {
    subject: &'a Subject,
    file: Option<File>,
    /// What the line signals.
    line: Option<Wakeup>,
}

impl<'a> Kernel<'a> {
    pub fn new(subject: &'a Subject) -> Self {
        Self { subject, file: File::open("/proc/cmdline").ok(), line: Wakeup::new().ok() }
    }

    fn hold_or_not(&self, word: &str) -> Result<()> {
        write_line(self.subject.attribute("power/control"), word)
    }
}

/// What the device can do, as its own registers say.
pub fn abilities(subject: &Subject) -> Result<Abilities> {
    let device = Arc::new(subject.open()?);
    let pin = Config::new(device)?.read(INTERRUPT)? >> 8 & 0xff;
    let power_management = has_power_management(&subject.address.to_string())?;
    Ok(Abilities { power_management, line: pin != 0 })
}

impl System for Kernel<'_> {
    type Device = Device;
    type Wakeup = Wakeup;
    type Config = Config;
    type Mapping = Mapping;

    fn open(&self) -> Result<Opened<Self>> {
        let device = Arc::new(self.subject.open()?);
        let mapping = device.map(&mapped::mappable(&device)?)?;
        Ok(Opened { config: Config::new(Arc::clone(&device))?, device, mapping })
    }

    fn wakeup(&self) -> Result<Wakeup> {
        Ok(Wakeup::new()?)
    }

    fn file(&self) -> i32 {
        self.file.as_ref().map_or(0, AsRawFd::as_raw_fd)
    }

    fn answers(&self, opened: &Opened<Self>) -> Result<bool> {
        Ok(opened.mapping.answers(0)?)
    }

    fn reset(&self, device: &Device) -> Result<()> {
        Ok(device.reset()?)
    }

    fn set_line(&self, device: &Device, line: Line) -> Result<()> {
        if line == Line::Off {
            return Ok(device.give_up_line()?);
        }
        device.set_up_line(self.line.as_ref().context("no eventfd")?)?;
        if line == Line::Masked { Ok(device.mask_line(true)?) } else { Ok(()) }
    }

    fn interrupt_count(&self, device: &Device) -> Result<u32> {
        Ok(device.interrupt_count()?)
    }

    fn host_use(&self) -> Result<()> {
        self.hold_or_not("on")?;
        self.hold_or_not("auto")
    }

    fn hold(&self, held: bool) -> Result<()> {
        self.hold_or_not(if held { "on" } else { "auto" })
    }

    fn host_reset(&self) -> Result<()> {
        write_line(self.subject.attribute("reset"), "1")
    }

    fn host_read(&self) -> Result<()> {
        fs::read(folder(&self.subject.address.to_string()).join("config"))?;
        Ok(())
    }

    /// As the device's own register says, which VFIO does not show. Looking there wakes nothing.
    fn is_masked(&self) -> Result<bool> {
        let config = fs::read(folder(&self.subject.address.to_string()).join("config"))?;
        Ok(config[5] & INTERRUPT_DISABLE != 0)
    }

    fn settled(&self, expected: Option<&str>) -> String {
        let expected =
            expected.unwrap_or_default().replace("asleep", "suspended,").replace("awake", "active,");
        let mut seen = self.subject.settled(&expected);
        if expected.starts_with("active") && seen == expected {
            // One that was just woken is awake for a moment, whether or not anything keeps it so.
            std::thread::sleep(RESUMED);
            seen = self.subject.power();
        }
        seen.replace("suspended,", "asleep").replace("active,", "awake")
    }
}
