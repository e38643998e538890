//! Devices that a process has for itself: what the kernel does when they are let sleep and woken.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use lanewarden_linux::vfio::{Device, FeatureError, Host};
use lanewarden_pci::{AccessError, Address, ConfigSpace};

use crate::functions::{Functions, controller, network};
use crate::{product, report};

mod calls;
mod compare;
mod cycles;
mod entry;
mod mailboxes;
mod mapped;
mod wakes;
mod watched;

/// How long the kernel may take to put a device to sleep or to wake it.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a device that shall stay as it is is looked at.
const STAYS: Duration = Duration::from_millis(300);

/// One device and how it is called in the report.
struct Subject {
    name: &'static str,
    address: Address,
    host: Host,
    /// What the kernel shows of it while it sleeps.
    asleep: &'static str,
}

/// An NVMe drive, a network interface and a CXL memory.
pub fn all(functions: &Functions) -> Result<()> {
    let drive = Subject::new("nvme", &functions.drives.trusted)?;
    let network = Subject::new("e1000e", &network()?)?;
    let memory = Subject::new("memory 1", &functions.memories[0])?;
    let tables = mailboxes::before(&memory)?;
    report::progress("giving devices to vfio-pci");
    let subjects = [&drive, &network, &memory];
    subjects.into_iter().try_for_each(Subject::bind)?;
    for subject in subjects {
        report::progress(&format!("letting {} sleep", subject.name));
        calls::features(subject)?;
        entry::sleeps(subject)?;
        entry::leaves(subject)?;
        wakes::causes(subject)?;
        wakes::no_cause(subject)?;
        calls::descriptors(subject)?;
        entry::closed(subject)?;
        mapped::faults(subject)?;
    }
    report::progress("watching from the command line");
    watched::wakes_as_they_happen(&drive)?;
    watched::entered_and_left(&drive)?;
    watched::held_by_another(&drive)?;
    report::progress("asking mailboxes through VFIO");
    mailboxes::reached(&drive, "hidden by vfio")?;
    // The capability before it is a DVSEC, whose header the kernel passes through as it is, pointer and all.
    mailboxes::reached(&memory, "listed")?;
    mailboxes::table(&memory, &tables)?;
    report::progress("many cycles");
    cycles::settled(&drive)?;
    cycles::at_once(&network)?;
    report::progress("comparing the kernel with the model");
    subjects.into_iter().try_for_each(compare::script)?;
    subjects.into_iter().try_for_each(compare::callers)?;
    compare::random(&memory, 1000)?;
    compare::random(&drive, 300)?;
    subjects.into_iter().try_for_each(Subject::unbind)?;
    let controller = controller(&functions.drives.trusted).is_some();
    report::check("nvme: its driver has it again", "true", &controller.to_string());
    Ok(())
}

impl Subject {
    fn new(name: &'static str, address: &str) -> Result<Self> {
        let asleep = if has_power_management(address)? { "suspended, D3hot" } else { "suspended, D0" };
        Ok(Self { name, address: address.parse()?, host: Host::new(), asleep })
    }

    fn check(&self, what: &str, expected: &str, seen: &str) {
        report::check(&format!("{}: {what}", self.name), expected, seen);
    }

    fn attribute(&self, name: &str) -> std::path::PathBuf {
        crate::functions::folder(&self.address.to_string()).join(name)
    }

    fn bind(&self) -> Result<()> {
        let before = self.host.driver(self.address);
        let rehearsed = product::run(&["vfio", "bind", &self.address.to_string(), "--dry-run"])?;
        let seen = format!("{}, {:?}", rehearsed.exit(), self.host.driver(self.address));
        self.check("vfio bind --dry-run leaves it alone", &format!("exit 0, {before:?}"), &seen);
        let run = product::run(&["vfio", "bind", &self.address.to_string()])?;
        let seen = format!("{}, {:?}{}", run.exit(), self.host.driver(self.address), report::flat(&run.talk));
        self.check("vfio bind", "exit 0, Some(\"vfio-pci\")", &seen);
        Ok(())
    }

    fn unbind(&self) -> Result<()> {
        let run = product::run(&["vfio", "unbind", &self.address.to_string()])?;
        let left = self.host.driver(self.address).as_deref() != Some("vfio-pci");
        let seen = format!("{}, left vfio-pci: {left}{}", run.exit(), report::flat(&run.talk));
        self.check("vfio unbind", "exit 0, left vfio-pci: true", &seen);
        Ok(())
    }

    fn open(&self) -> Result<Device> {
        self.host.open(self.address).with_context(|| format!("cannot open {}", self.name))
    }

    /// `suspended, D3hot`
    fn power(&self) -> String {
        let power = self.host.power(self.address);
        format!("{}, {}", power.runtime_status.unwrap_or_default(), power.power_state.unwrap_or_default())
    }

    /// The state once it is this one, or the last that was seen.
    fn settled(&self, expected: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let power = self.power();
            if power == expected || Instant::now() > deadline {
                return power;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn asleep(&self) -> Result<()> {
        let power = self.settled(self.asleep);
        ensure!(power == self.asleep, "{} does not go to sleep: {power}", self.name);
        Ok(())
    }

    /// Whether the state stays this one for a while: `expected`, or what it was instead.
    fn stays(&self, expected: &str) -> String {
        let deadline = Instant::now() + STAYS;
        loop {
            let power = self.power();
            if power != expected || Instant::now() > deadline {
                return power;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Whether the function has the capability by which a state is chosen; without one the kernel's suspending is all there is.
fn has_power_management(address: &str) -> Result<bool> {
    let config = std::fs::read(crate::functions::folder(address).join("config"))?;
    let mut at = usize::from(config[0x34] & 0xfc);
    for _ in 0..48 {
        if at == 0 {
            break;
        }
        if config[at] == 1 {
            return Ok(true);
        }
        at = usize::from(config[at + 1] & 0xfc);
    }
    Ok(false)
}

const AWAKE: &str = "active, D0";

/// The first register of configuration space, read through the device's own file.
fn identity(device: &std::sync::Arc<Device>) -> Result<u32, AccessError> {
    lanewarden_linux::vfio::Config::new(std::sync::Arc::clone(device))?.read(0)
}

fn word(result: Result<(), FeatureError>) -> String {
    match result {
        Ok(()) => "done".into(),
        Err(error) => format!("{error:?}"),
    }
}
