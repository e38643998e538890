//! The emulated machine.

use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use lanewarden_sim::vfio::{self, Config, Depth, Device, File, Host, Process, Wakeup};
use lanewarden_sim::{Scenario, Simulator};

use super::act::Line;
use super::{Opened, System};

pub struct Emulated {
    host: Host,
    process: Process,
    file: File,
}

impl Emulated {
    /// A drive on a platform that can do as much with it as this state of the real device shows.
    pub fn like(asleep: &str) -> Result<Self> {
        let machine = Simulator::new(&Scenario::default())?;
        let drive = machine.address("drive").context("the scenario has a drive")?;
        let platform = if asleep.ends_with("D0") { Depth::D0 } else { Depth::D3hot };
        let process = Process::new();
        Ok(Self { host: Host::new(&machine, drive, platform)?, file: process.file(), process })
    }
}

impl System for Emulated {
    type Device = Device;
    type Wakeup = Wakeup;
    type Config = Config;
    type Mapping = ();

    fn open(&self) -> Result<Opened<Self>> {
        let device = Arc::new(self.host.open(&self.process)?);
        Ok(Opened { config: Config::new(Arc::clone(&device)), device, mapping: () })
    }

    fn wakeup(&self) -> Result<Wakeup> {
        Ok(self.process.wakeup())
    }

    fn file(&self) -> i32 {
        self.file.number()
    }

    fn answers(&self, opened: &Opened<Self>) -> Result<bool> {
        Ok(opened.device.answers())
    }

    fn reset(&self, device: &Device) -> Result<()> {
        Ok(device.reset()?)
    }

    fn set_line(&self, device: &Device, line: Line) -> Result<()> {
        Ok(device.set_line(match line {
            Line::Off => vfio::Line::Off,
            Line::Open => vfio::Line::Open,
            Line::Masked => vfio::Line::Masked,
        })?)
    }

    fn interrupt_count(&self, device: &Device) -> Result<u32> {
        Ok(device.interrupt_count()?)
    }

    fn host_use(&self) -> Result<()> {
        Ok(self.host.use_device()?)
    }

    fn hold(&self, held: bool) -> Result<()> {
        self.host.hold(held);
        Ok(())
    }

    fn host_reset(&self) -> Result<()> {
        Ok(self.host.reset()?)
    }

    /// Wakes nothing.
    fn host_read(&self) -> Result<()> {
        Ok(())
    }

    fn is_masked(&self) -> Result<bool> {
        match self.host.line() {
            vfio::Line::Off => Err(anyhow!("the line is not set up")),
            line => Ok(line == vfio::Line::Masked),
        }
    }

    fn settled(&self, _: Option<&str>) -> String {
        self.host.idle();
        let word = if self.host.is_asleep() { "asleep" } else { "awake" };
        format!("{word} {:?}", self.host.depth())
    }
}
