//! A device that its user has through VFIO, as the kernel's driver treats it: low power, wakes, and who is told.
//!
//! The model is driven. The user's calls are [`Model::feature`], [`Model::access`], [`Model::fault`] and [`Model::close`]; what
//! the host does is [`Model::host_use`] and [`Model::hold`]; and [`Model::idle`] is the moment at which the kernel lets a device
//! sleep that nobody uses. It comes some time after the last use, and whoever drives says when.
//!
//! Written from the interface (`include/uapi/linux/vfio.h`) and what it does; the run on a real kernel drives both with the
//! same calls and compares.

use std::collections::BTreeMap;

/// Feature numbers and flags of DEVICE_FEATURE.
const ENTRY: u32 = 3;
const ENTRY_WITH_WAKEUP: u32 = 4;
const EXIT: u32 = 5;
const NUMBER: u32 = 0xffff;
const GET: u32 = 1 << 16;
const SET: u32 = 1 << 17;
const PROBE: u32 = 1 << 18;
/// Size of a call without data, in bytes.
const HEAD: u32 = 8;
/// And of one with a descriptor and a reserved word.
const WITH_WAKEUP: u32 = 16;

/// Which features there are, what each allows, and how many bytes it takes.
const FEATURES: [(u32, u32, u32); 3] =
    [(ENTRY, SET, HEAD), (ENTRY_WITH_WAKEUP, SET, WITH_WAKEUP), (EXIT, SET, HEAD)];

/// What the platform can do with a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Nothing: the device has no power management.
    D0,
    /// What the device's own registers can do.
    D3hot,
    /// The platform takes its power away.
    D3cold,
}

/// Why a call was refused, as the kernel numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// EINVAL.
    Invalid,
    /// EBADF.
    BadDescriptor,
    /// ENOTTY.
    Unknown,
    /// EIO: the device did not wake.
    NoWake,
}

/// What a descriptor in a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Descriptor {
    /// Below zero.
    Negative,
    /// Not open.
    Closed,
    /// Open, and no eventfd.
    Other,
    /// The eventfd with this number.
    Eventfd(u32),
}

/// A device that was opened.
#[derive(Clone, Debug)]
pub struct Model {
    depth: Depth,
    is_open: bool,
    /// Low power is engaged.
    engaged: bool,
    /// Who keeps it awake: the user unless low power is engaged, and whoever uses it.
    uses: u32,
    asleep: bool,
    /// It does not wake.
    stuck: bool,
    armed: Option<u32>,
    /// How often each eventfd was signalled.
    signals: BTreeMap<u32, u64>,
    resumes: u64,
    line: Line,
}

/// The interrupt line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The user has set it up.
    pub is_set_up: bool,
    /// It does not get through.
    pub is_masked: bool,
    masked_for_sleep: bool,
}

impl Model {
    /// A device that its user has just opened: awake.
    #[must_use]
    pub fn open(depth: Depth) -> Self {
        Self {
            depth,
            is_open: true,
            engaged: false,
            uses: 1,
            asleep: false,
            stuck: false,
            armed: None,
            signals: BTreeMap::new(),
            resumes: 0,
            line: Line::default(),
        }
    }

    /// Makes a call of DEVICE_FEATURE.
    pub fn feature(&mut self, argsz: u32, flags: u32, descriptor: Descriptor) -> Result<(), Refusal> {
        self.with_device(|model| model.call(argsz, flags, descriptor))
    }

    /// Reads or writes the device, or makes another call on it.
    pub fn access(&mut self) -> Result<(), Refusal> {
        self.with_device(|_| Ok(()))
    }

    /// Loads or stores in mapped memory; whether that faults.
    #[must_use]
    pub fn fault(&self) -> bool {
        self.engaged
    }

    /// The host uses the device for a moment.
    pub fn host_use(&mut self) -> Result<(), Refusal> {
        self.access()
    }

    /// The host keeps the device awake, or does so no more. Virtual functions of it do that too.
    pub fn hold(&mut self, held: bool) {
        if held {
            self.resume();
            self.uses = self.uses.saturating_add(1);
        } else {
            self.uses = self.uses.saturating_sub(1);
        }
    }

    /// The kernel lets the device sleep if nobody uses it.
    pub fn idle(&mut self) {
        if self.uses > 0 || self.asleep {
            return;
        }
        self.asleep = true;
        if self.line.is_set_up && !self.line.is_masked {
            self.line.is_masked = true;
            self.line.masked_for_sleep = true;
        }
    }

    /// The user closes the device. It is awake then, until [`Model::idle`].
    pub fn close(&mut self) {
        if !self.is_open {
            return;
        }
        self.leave();
        self.resume();
        self.is_open = false;
        self.uses = self.uses.saturating_sub(1);
    }

    /// From now on the device does not wake.
    pub fn stick(&mut self) {
        self.stuck = true;
    }

    /// Sets the interrupt line up, masked or not.
    pub fn set_line(&mut self, is_masked: bool) {
        self.line = Line { is_set_up: true, is_masked, masked_for_sleep: false };
    }

    /// The interrupt line.
    #[must_use]
    pub fn line(&self) -> Line {
        self.line
    }

    /// Whether the device sleeps.
    #[must_use]
    pub fn is_asleep(&self) -> bool {
        self.asleep
    }

    /// Whether low power is engaged.
    #[must_use]
    pub fn is_engaged(&self) -> bool {
        self.engaged
    }

    /// The state it is in: the user is not told.
    #[must_use]
    pub fn depth(&self) -> Depth {
        if self.asleep { self.depth } else { Depth::D0 }
    }

    /// How many keep it awake.
    #[must_use]
    pub fn uses(&self) -> u32 {
        self.uses
    }

    /// How often it was woken.
    #[must_use]
    pub fn resumes(&self) -> u64 {
        self.resumes
    }

    /// How often an eventfd was signalled since the last time.
    pub fn take(&mut self, eventfd: u32) -> u64 {
        self.signals.remove(&eventfd).unwrap_or_default()
    }

    /// Whatever is done with the device, it is awake for that.
    fn with_device(&mut self, act: impl FnOnce(&mut Self) -> Result<(), Refusal>) -> Result<(), Refusal> {
        if self.asleep && self.stuck {
            return Err(Refusal::NoWake);
        }
        self.resume();
        self.uses = self.uses.saturating_add(1);
        let result = act(self);
        self.uses = self.uses.saturating_sub(1);
        result
    }

    fn resume(&mut self) {
        if !self.asleep {
            return;
        }
        self.asleep = false;
        self.resumes = self.resumes.saturating_add(1);
        if let Some(eventfd) = self.armed.take() {
            let signals = self.signals.entry(eventfd).or_default();
            *signals = signals.saturating_add(1);
            self.leave();
        }
        if std::mem::take(&mut self.line.masked_for_sleep) {
            self.line.is_masked = false;
        }
    }

    fn call(&mut self, argsz: u32, flags: u32, descriptor: Descriptor) -> Result<(), Refusal> {
        let both = flags & (GET | SET) == GET | SET;
        let is_probe = flags & PROBE != 0;
        if argsz < HEAD || flags & !(NUMBER | GET | SET | PROBE) != 0 || both && !is_probe {
            return Err(Refusal::Invalid);
        }
        let feature = FEATURES.iter().find(|(number, ..)| *number == flags & NUMBER);
        let &(number, allowed, size) = feature.ok_or(Refusal::Unknown)?;
        let asked = flags & (GET | SET);
        if asked & !allowed != 0 {
            return Err(Refusal::Invalid);
        }
        match number {
            _ if is_probe => Ok(()),
            _ if asked == 0 || argsz < size => Err(Refusal::Invalid),
            EXIT => {
                self.leave();
                Ok(())
            }
            ENTRY => self.enter(None),
            _ => self.enter(Some(eventfd(descriptor)?)),
        }
    }

    fn enter(&mut self, eventfd: Option<u32>) -> Result<(), Refusal> {
        if self.engaged {
            return Err(Refusal::Invalid);
        }
        self.engaged = true;
        self.armed = eventfd;
        self.uses = self.uses.saturating_sub(1);
        Ok(())
    }

    /// Balances the entry, if there is one to balance.
    fn leave(&mut self) {
        if std::mem::take(&mut self.engaged) {
            self.uses = self.uses.saturating_add(1);
        }
        self.armed = None;
    }
}

fn eventfd(descriptor: Descriptor) -> Result<u32, Refusal> {
    match descriptor {
        Descriptor::Eventfd(number) => Ok(number),
        Descriptor::Closed => Err(Refusal::BadDescriptor),
        Descriptor::Negative | Descriptor::Other => Err(Refusal::Invalid),
    }
}

#[cfg(test)]
mod tests;
