//! The kernel and the emulated machine's model of it, driven with the same calls.

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;

use anyhow::Result;
use lanewarden_linux::vfio::{Config, Device, LowPower, Mapping, Request, Wakeup};
use lanewarden_pci::ConfigSpace;
use lanewarden_sim::vfio::{Depth, Descriptor, Model, Refusal};

use super::{AWAKE, Subject, identity, mapped};
use crate::functions::folder;
use crate::system::write_line;

const GET: u32 = 1 << 16;
const SET: u32 = 1 << 17;
const PROBE: u32 = 1 << 18;
/// Calls in a sequence.
const LENGTH: usize = 8;

/// What is done to both.
#[derive(Clone, Copy, Debug)]
enum Act {
    Feature { argsz: u32, flags: u32, descriptor: Descriptor },
    Read,
    HostUse,
    SysfsRead,
}

/// Row V4: so many random sequences of calls, sensible and not, have the same results, signals, states and faults.
/// Rows V12, V15, V19: in all of them.
pub fn agrees(subject: &Subject, sequences: u64) -> Result<()> {
    let mut kernel = Kernel::open(subject)?;
    let mut random = 0x9e37_79b9_7f4a_7c15;
    let (mut calls, mut differences) = (0, Vec::new());
    let mut model = Model::open(Depth::D3hot);
    for sequence in 0..sequences {
        for _ in 0..LENGTH {
            let act = Act::any(&mut random);
            let expected = on_model(&mut model, act);
            let seen = kernel.act(act, model.is_asleep())?;
            calls += 1;
            if expected != seen {
                differences.push(format!("sequence {sequence}: {act:?}: {expected}, kernel {seen}"));
            }
        }
        // What one sequence leaves must not hide what the next one does.
        let exit = Act::Feature { argsz: 8, flags: 5 | SET, descriptor: Descriptor::Negative };
        on_model(&mut model, exit);
        kernel.act(exit, model.is_asleep())?;
        if differences.len() > 3 {
            break;
        }
    }
    let seen = format!("{calls} calls alike{}", differences.join("; "));
    let expected = format!("{} calls alike", sequences * LENGTH as u64);
    subject.check(&format!("model and kernel, {sequences} sequences"), &expected, &seen);
    Ok(())
}

impl Act {
    fn any(random: &mut u64) -> Self {
        let mut below = |limit: u64| {
            // xorshift64
            *random ^= *random << 13;
            *random ^= *random >> 7;
            *random ^= *random << 17;
            *random % limit
        };
        let descriptor = match below(6) {
            0 => Descriptor::Negative,
            1 => Descriptor::Closed,
            2 => Descriptor::Other,
            3 => Descriptor::Eventfd(1),
            _ => Descriptor::Eventfd(0),
        };
        let mut pick = |values: &[u32]| {
            let count = u64::try_from(values.len()).unwrap_or(1);
            values[usize::try_from(below(count)).unwrap_or_default()]
        };
        match pick(&[0, 0, 0, 0, 0, 5, 6, 6, 8, 9]) {
            0 => Self::Feature { argsz: 16, flags: pick(&[3, 4, 4, 5]) | SET, descriptor },
            5 => {
                let operation = pick(&[0, GET, SET, GET | SET]) | pick(&[0, PROBE, 1 << 19]);
                let flags = pick(&[3, 4, 5, 0xffff]) | operation;
                Self::Feature { argsz: pick(&[0, 7, 8, 15, 16, 64]), flags, descriptor }
            }
            6 => Self::Read,
            8 => Self::HostUse,
            _ => Self::SysfsRead,
        }
    }
}

fn on_model(model: &mut Model, act: Act) -> String {
    let result = match act {
        Act::Feature { argsz, flags, descriptor } => model.feature(argsz, flags, descriptor),
        Act::Read => model.access(),
        Act::HostUse => model.host_use(),
        Act::SysfsRead => Ok(()),
    };
    model.idle();
    let result = match result {
        Ok(()) => "done",
        Err(Refusal::Invalid) => "Refused",
        Err(Refusal::BadDescriptor) => "BadDescriptor",
        Err(Refusal::Unknown) => "Unsupported",
        Err(Refusal::NoWake) => "NoWake",
    };
    line(result, [model.take(0), model.take(1)], model.is_asleep(), model.fault())
}

fn line(result: &str, signals: [u64; 2], asleep: bool, faults: bool) -> String {
    format!("{result} {signals:?} asleep {asleep} faults {faults}")
}

struct Kernel<'a> {
    subject: &'a Subject,
    device: Arc<Device>,
    mapping: Mapping,
    wakeups: [Wakeup; 2],
    file: File,
}

impl<'a> Kernel<'a> {
    fn open(subject: &'a Subject) -> Result<Self> {
        let device = Arc::new(subject.open()?);
        let mut config = Config::new(Arc::clone(&device))?;
        let command = config.read(4)? & 0xffff;
        config.write(4, command | mapped::MEMORY_SPACE)?;
        let mapping = device.map(&mapped::mappable(&device)?)?;
        let wakeups = [Wakeup::new()?, Wakeup::new()?];
        Ok(Self { subject, device, mapping, wakeups, file: File::open("/proc/cmdline")? })
    }

    /// `asleep` is waited for: the kernel lets a device sleep some time after its last use.
    fn act(&mut self, act: Act, asleep: bool) -> Result<String> {
        let result = match act {
            Act::Feature { argsz, flags, descriptor } => {
                super::word(self.device.request(Request { argsz, flags, word: self.word(descriptor) }))
            }
            Act::Read => identity(&self.device).map_or_else(|error| error.to_string(), |_| "done".into()),
            Act::HostUse => {
                write_line(self.subject.attribute("power/control"), "on")?;
                write_line(self.subject.attribute("power/control"), "auto")?;
                "done".into()
            }
            Act::SysfsRead => {
                std::fs::read(folder(&self.subject.address.to_string()).join("config"))?;
                "done".into()
            }
        };
        let expected = if asleep { self.subject.asleep } else { AWAKE };
        let power = self.subject.settled(expected);
        let signals = [self.wakeups[0].take()?, self.wakeups[1].take()?];
        let faults = !self.mapping.answers(0)?;
        Ok(line(&result, signals, power == self.subject.asleep, faults))
    }

    fn word(&self, descriptor: Descriptor) -> i32 {
        match descriptor {
            Descriptor::Negative => -1,
            Descriptor::Closed => 9999,
            Descriptor::Other => self.file.as_raw_fd(),
            Descriptor::Eventfd(number) => self.wakeups[number as usize % 2].as_fd().as_raw_fd(),
        }
    }
}
