//! The device features of low power: what each takes, and what its answer means.

use std::os::fd::{AsRawFd, BorrowedFd};

use rustix::io::Errno;
use vfio_bindings::bindings::vfio::{
    VFIO_DEVICE_FEATURE_GET, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY,
    VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT,
    VFIO_DEVICE_FEATURE_PROBE, VFIO_DEVICE_FEATURE_SET,
};

use super::call::{self, FeatureCall};
use super::{Device, FeatureError, Wakeup};

/// The structure's head: its size and its flags.
const HEAD: u32 = 8;
/// The head and what entry with wake-up takes: the descriptor and a reserved word.
const WITH_WAKEUP: u32 = 16;

/// A device feature, of those that are used here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// Lets the device go to low power and back as it is used.
    LowPowerEntry,
    /// The same until the next wake-up, which is told.
    LowPowerEntryWithWakeup,
    /// Ends low power.
    LowPowerExit,
}

impl Feature {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::LowPowerEntry, Self::LowPowerEntryWithWakeup, Self::LowPowerExit];

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::LowPowerEntry => VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY,
            Self::LowPowerEntryWithWakeup => VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP,
            Self::LowPowerExit => VFIO_DEVICE_FEATURE_LOW_POWER_EXIT,
        }
    }

    /// What it is called here.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LowPowerEntry => "low_power_entry",
            Self::LowPowerEntryWithWakeup => "low_power_entry_with_wakeup",
            Self::LowPowerExit => "low_power_exit",
        }
    }
}

/// What can be done with a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Read it.
    Get,
    /// Make it so.
    Set,
}

impl Operation {
    const fn flag(self) -> u32 {
        match self {
            Self::Get => VFIO_DEVICE_FEATURE_GET,
            Self::Set => VFIO_DEVICE_FEATURE_SET,
        }
    }
}

/// A call of DEVICE_FEATURE as it goes to the kernel, sensible or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Size of the structure with its data, in bytes; at most 64.
    pub argsz: u32,
    /// Number of the feature in bits 15:0, operation and probing above.
    pub flags: u32,
    /// First word of the data.
    pub word: i32,
}

impl Device {
    /// Whether the kernel and its driver can do this with the feature. Does nothing but, as every call, wake the device.
    pub fn probe(&self, feature: Feature, operation: Operation) -> Result<bool, FeatureError> {
        let flags = feature.number() | VFIO_DEVICE_FEATURE_PROBE | operation.flag();
        match call::feature(self, FeatureCall::new(HEAD, flags, 0)) {
            Ok(()) => Ok(true),
            Err(Errno::NOTTY | Errno::INVAL) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Lets the device sleep whenever nobody uses it, until [`Device::exit_low_power`] or until it is closed. Nobody is
    /// told of a wake-up.
    pub fn enter_low_power(&self) -> Result<(), FeatureError> {
        self.set(Feature::LowPowerEntry, HEAD, 0)
    }

    /// Lets the device sleep until it is used. That is told once by `wakeup`, and low power has then ended.
    ///
    /// Any call on the device can be that use, [`Device::exit_low_power`] and a further entry included.
    pub fn enter_low_power_with_wakeup(&self, wakeup: &Wakeup) -> Result<(), FeatureError> {
        use std::os::fd::AsFd;
        self.enter_low_power_with(wakeup.as_fd())
    }

    /// The same with an eventfd of the caller's. [`FeatureError::Engaged`] may then mean that it is none.
    pub fn enter_low_power_with(&self, eventfd: BorrowedFd<'_>) -> Result<(), FeatureError> {
        self.set(Feature::LowPowerEntryWithWakeup, WITH_WAKEUP, eventfd.as_raw_fd())
    }

    /// Ends low power. Where it is not engaged nothing happens, and that is no error. The call wakes the device first, so
    /// that a [`Wakeup`] which is still armed tells of it.
    pub fn exit_low_power(&self) -> Result<(), FeatureError> {
        self.set(Feature::LowPowerExit, HEAD, 0)
    }

    /// Makes a call as it stands.
    pub fn request(&self, request: Request) -> Result<(), FeatureError> {
        let Request { argsz, flags, word } = request;
        Ok(call::feature(self, FeatureCall::new(argsz, flags, word))?)
    }

    /// What is refused here is sensible, so that either the kernel is too old or low power is engaged.
    fn set(&self, feature: Feature, argsz: u32, word: i32) -> Result<(), FeatureError> {
        let flags = feature.number() | VFIO_DEVICE_FEATURE_SET;
        match call::feature(self, FeatureCall::new(argsz, flags, word)) {
            Err(Errno::INVAL) if self.has_low_power() => Err(FeatureError::Engaged),
            Err(Errno::INVAL) => Err(FeatureError::Unsupported),
            other => Ok(other?),
        }
    }
}
