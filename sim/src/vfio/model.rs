//! The rules, as a driven core.

use std::collections::BTreeMap;

use lanewarden_pci::low_power::{Feature, FeatureError, Request};

/// Which features there are, and what each allows.
const FEATURES: [(Feature, u32); 3] = [
    (Feature::LowPowerEntry, Request::SET),
    (Feature::LowPowerEntryWithWakeup, Request::SET),
    (Feature::LowPowerExit, Request::SET),
];

/// How deep a device sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Not at all: the device has no power management.
    D0,
    /// What the device's own registers can do.
    D3hot,
    /// The platform takes its power away.
    D3cold,
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
    /// The eventfd that is known by this number.
    Eventfd(u32),
}

/// Another process has the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("another process has the device")]
pub struct AlreadyOpen;

/// The interrupt line (INTx).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Line {
    /// The user has not set it up.
    #[default]
    Off,
    /// It gets through.
    Open,
    /// It does not get through.
    Masked,
}

/// A function that is bound to vfio-pci.
///
/// The user's calls are [`Model::open`], [`Model::feature`], [`Model::access`] and its kinds, [`Model::faults`] and
/// [`Model::close`]; what the host does is [`Model::host_use`], [`Model::hold`] and [`Model::reset`]; and [`Model::idle`] is
/// the moment at which the kernel lets a device sleep that nobody uses. It comes some time after the last use, and whoever
/// drives says when. Eventfds that were signalled come out of [`Model::take`].
#[derive(Clone, Debug)]
pub struct Model {
    platform: Depth,
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
    /// It was masked for sleep, and is unmasked after that.
    line_sleeps: bool,
    /// The user has written D3hot to the device's own register.
    put_to_d3hot: bool,
    /// The device answers for its memory.
    has_memory: bool,
    /// Virtual functions of it are there.
    has_functions: bool,
}

impl Model {
    /// A device that nobody has opened, on a platform that can do so much with it: awake until [`Model::idle`].
    #[must_use]
    pub fn new(platform: Depth) -> Self {
        Self {
            platform,
            is_open: false,
            engaged: false,
            uses: 0,
            asleep: false,
            stuck: false,
            armed: None,
            signals: BTreeMap::new(),
            resumes: 0,
            line: Line::Off,
            line_sleeps: false,
            put_to_d3hot: false,
            has_memory: true,
            has_functions: false,
        }
    }

    /// A user opens the device, which is awake from then on.
    ///
    /// # Errors
    /// Where one has it already.
    pub fn open(&mut self) -> Result<(), AlreadyOpen> {
        if self.is_open {
            return Err(AlreadyOpen);
        }
        self.resume();
        self.is_open = true;
        self.uses = self.uses.saturating_add(1);
        Ok(())
    }

    /// Makes a call of DEVICE_FEATURE.
    ///
    /// # Errors
    /// As the kernel: [`FeatureError::Refused`] stands for EINVAL, and low power that is engaged already is one.
    pub fn feature(&mut self, argsz: u32, flags: u32, descriptor: Descriptor) -> Result<(), FeatureError> {
        self.with_device(|model| model.call(argsz, flags, descriptor))
    }

    /// Reads or writes the device, or makes another call on it.
    ///
    /// # Errors
    /// Where it does not wake.
    pub fn access(&mut self) -> Result<(), FeatureError> {
        self.with_device(|_| Ok(()))
    }

    /// Writes the device's own power state: what a user can do without the features. Virtual functions forbid D3hot, and the
    /// write is then without effect.
    ///
    /// # Errors
    /// Where it does not wake.
    pub fn write_power_state(&mut self, d3hot: bool) -> Result<(), FeatureError> {
        self.with_device(|model| {
            model.put_to_d3hot = d3hot && model.platform != Depth::D0 && !model.has_functions;
            Ok(())
        })
    }

    /// Lets the device answer for its memory, or no more.
    ///
    /// # Errors
    /// Where it does not wake.
    pub fn write_memory_space(&mut self, enabled: bool) -> Result<(), FeatureError> {
        self.with_device(|model| {
            model.has_memory = enabled;
            Ok(())
        })
    }

    /// Sets the interrupt line up, masks it, or gives it up.
    ///
    /// # Errors
    /// Where the device does not wake.
    pub fn set_line(&mut self, line: Line) -> Result<(), FeatureError> {
        self.with_device(|model| {
            model.line = line;
            model.line_sleeps = false;
            Ok(())
        })
    }

    /// Whether a load or a store in mapped memory faults. It does nothing else: nothing is resumed for it.
    #[must_use]
    pub fn faults(&self) -> bool {
        self.engaged || self.put_to_d3hot || !self.has_memory
    }

    /// The host uses the device for a moment.
    ///
    /// # Errors
    /// Where it does not wake.
    pub fn host_use(&mut self) -> Result<(), FeatureError> {
        self.access()
    }

    /// The device is reset, by its user or by the host. It is in D0 after that.
    ///
    /// # Errors
    /// Where it does not wake.
    pub fn reset(&mut self) -> Result<(), FeatureError> {
        self.write_power_state(false)
    }

    /// The host keeps the device awake, or does so no more.
    pub fn hold(&mut self, held: bool) {
        if held {
            self.resume();
            self.uses = self.uses.saturating_add(1);
        } else {
            self.uses = self.uses.saturating_sub(1);
        }
    }

    /// Virtual functions come, or go. They keep the device awake.
    pub fn set_functions(&mut self, are_there: bool) {
        if are_there != self.has_functions {
            self.hold(are_there);
            self.has_functions = are_there;
        }
    }

    /// The kernel lets the device sleep if nobody uses it.
    pub fn idle(&mut self) {
        if self.uses > 0 || self.asleep {
            return;
        }
        self.asleep = true;
        // The kernel saves the registers in D0, and that is what they are again after the wake.
        self.put_to_d3hot = false;
        if self.line == Line::Open {
            self.line = Line::Masked;
            self.line_sleeps = true;
        }
    }

    /// The user closes the device. It is awake then, until [`Model::idle`]; nobody is told.
    pub fn close(&mut self) {
        if !self.is_open {
            return;
        }
        self.leave();
        self.resume();
        self.is_open = false;
        self.line = Line::Off;
        self.put_to_d3hot = false;
        self.uses = self.uses.saturating_sub(1);
    }

    /// From now on the device does not wake.
    pub fn stick(&mut self) {
        self.stuck = true;
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
        match (self.asleep, self.put_to_d3hot) {
            (true, _) => self.platform,
            (false, true) => Depth::D3hot,
            (false, false) => Depth::D0,
        }
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

    /// All eventfds that were signalled since the last time, and how often.
    pub fn take_all(&mut self) -> BTreeMap<u32, u64> {
        std::mem::take(&mut self.signals)
    }

    /// Whatever is done with the device, it is awake for that.
    fn with_device(
        &mut self,
        act: impl FnOnce(&mut Self) -> Result<(), FeatureError>,
    ) -> Result<(), FeatureError> {
        if self.asleep && self.stuck {
            return Err(FeatureError::NoWake);
        }
        self.resume();
        self.uses = self.uses.saturating_add(1);
        let result = act(self);
        self.uses = self.uses.saturating_sub(1);
        result
    }

    /// First who asked is told, then low power has ended for it, and last the line is as it was.
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
        if std::mem::take(&mut self.line_sleeps) {
            self.line = Line::Open;
        }
    }

    fn call(&mut self, argsz: u32, flags: u32, descriptor: Descriptor) -> Result<(), FeatureError> {
        const BOTH: u32 = Request::GET | Request::SET;
        let (asked, is_probe) = (flags & BOTH, flags & Request::PROBE != 0);
        let unknown_bits = flags & !(Request::NUMBER | BOTH | Request::PROBE) != 0;
        if argsz < Request::HEAD || unknown_bits || asked == BOTH && !is_probe {
            return Err(FeatureError::Refused);
        }
        let feature = FEATURES.iter().find(|(feature, _)| feature.number() == flags & Request::NUMBER);
        let &(feature, allowed) = feature.ok_or(FeatureError::Unsupported)?;
        if asked & !allowed != 0 {
            return Err(FeatureError::Refused);
        }
        if is_probe {
            return Ok(());
        }
        if asked == 0 || argsz < feature.argsz() {
            return Err(FeatureError::Refused);
        }
        self.set(feature, descriptor)
    }

    fn set(&mut self, feature: Feature, descriptor: Descriptor) -> Result<(), FeatureError> {
        match feature {
            Feature::LowPowerEntry => self.enter(None),
            Feature::LowPowerEntryWithWakeup => self.enter(Some(eventfd(descriptor)?)),
            Feature::LowPowerExit => {
                self.leave();
                Ok(())
            }
        }
    }

    fn enter(&mut self, eventfd: Option<u32>) -> Result<(), FeatureError> {
        if self.engaged {
            return Err(FeatureError::Refused);
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

fn eventfd(descriptor: Descriptor) -> Result<u32, FeatureError> {
    match descriptor {
        Descriptor::Eventfd(number) => Ok(number),
        Descriptor::Closed => Err(FeatureError::BadDescriptor),
        Descriptor::Negative | Descriptor::Other => Err(FeatureError::Refused),
    }
}

#[cfg(test)]
mod tests;
