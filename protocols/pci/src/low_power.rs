//! A device that one process has for itself, and that it may let sleep: the interface of Linux's VFIO.
//!
//! Numbers, flags and answers are those of `include/uapi/linux/vfio.h` (DEVICE_FEATURE; low power since Linux 6.1). A kernel's device and
//! an emulated one implement [`LowPower`], so that a monitor and its tests need not know which they have.

/// The structure's head: its size and its flags, in bytes.
const HEAD: u32 = 8;
/// The head and what entry with wake-up takes: the descriptor and a reserved word.
const WITH_WAKEUP: u32 = 16;

/// A device feature of low power.
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
            Self::LowPowerEntry => 3,
            Self::LowPowerEntryWithWakeup => 4,
            Self::LowPowerExit => 5,
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

    /// How many bytes a call takes at least that sets it.
    #[must_use]
    pub const fn argsz(self) -> u32 {
        match self {
            Self::LowPowerEntryWithWakeup => WITH_WAKEUP,
            Self::LowPowerEntry | Self::LowPowerExit => HEAD,
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
            Self::Get => Request::GET,
            Self::Set => Request::SET,
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
    /// First word of the data: the eventfd's descriptor, where the feature takes one.
    pub word: i32,
}

impl Request {
    /// The least a call can be, in bytes.
    pub const HEAD: u32 = HEAD;
    /// The bits of `flags` that hold the feature's number.
    pub const NUMBER: u32 = 0xffff;
    /// Flag: read the feature.
    pub const GET: u32 = 1 << 16;
    /// Flag: set the feature.
    pub const SET: u32 = 1 << 17;
    /// Flag: do nothing, and say whether it could be done.
    pub const PROBE: u32 = 1 << 18;

    /// The call that sets a feature.
    #[must_use]
    pub const fn set(feature: Feature, word: i32) -> Self {
        Self { argsz: feature.argsz(), flags: feature.number() | Self::SET, word }
    }

    /// The call that asks whether a feature can be read or set.
    #[must_use]
    pub const fn probe(feature: Feature, operation: Operation) -> Self {
        Self { argsz: HEAD, flags: feature.number() | Self::PROBE | operation.flag(), word: 0 }
    }
}

/// Why a feature was not to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FeatureError {
    /// The kernel does not know the feature (ENOTTY; EINVAL of kernels before 6.1), or the driver has it not.
    #[error("the kernel's VFIO driver has no such feature")]
    Unsupported,
    /// Low power is engaged already.
    #[error("low power is engaged already")]
    Engaged,
    /// The request makes no sense: its size, its flags, or a descriptor that is no eventfd (EINVAL). The caller's mistake.
    #[error("the kernel refuses the request's size, flags or descriptor")]
    Refused,
    /// The descriptor is not open (EBADF). The caller's mistake.
    #[error("the descriptor is not open")]
    BadDescriptor,
    /// The device could not be woken for the call (EIO).
    #[error("the device cannot be woken")]
    NoWake,
    /// The operating system failed in another way; its error number.
    #[error("operating system error {0}")]
    System(i32),
}

/// What tells the owner of a device that it was woken: an eventfd.
pub trait Signal {
    /// The number of its descriptor in this process.
    fn number(&self) -> i32;

    /// How often it was signalled since the last time; never waits.
    fn signals(&self) -> Result<u64, FeatureError>;
}

/// A device that may sleep.
///
/// Only [`LowPower::request`] differs from one implementation to the next.
pub trait LowPower {
    /// Tells of a wake-up.
    type Wakeup: Signal;

    /// Makes a call of DEVICE_FEATURE as it stands. What EINVAL means is left open: [`FeatureError::Refused`].
    fn request(&self, request: Request) -> Result<(), FeatureError>;

    /// Whether the driver knew the features of low power when the device was opened.
    fn has_low_power(&self) -> bool;

    /// Whether the driver can do this with the feature. Does nothing but, as every call, wake the device.
    fn probe(&self, feature: Feature, operation: Operation) -> Result<bool, FeatureError> {
        match self.request(Request::probe(feature, operation)) {
            Ok(()) => Ok(true),
            Err(FeatureError::Unsupported | FeatureError::Refused) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Lets the device sleep whenever nobody uses it, until [`LowPower::exit_low_power`] or until it is closed. Nobody is
    /// told of a wake-up.
    fn enter_low_power(&self) -> Result<(), FeatureError> {
        self.make_so(Request::set(Feature::LowPowerEntry, 0))
    }

    /// Lets the device sleep until it is used. That is told once by `wakeup`, and low power has then ended.
    ///
    /// Any call on the device can be that use, [`LowPower::exit_low_power`] and a further entry included.
    fn enter_low_power_with_wakeup(&self, wakeup: &Self::Wakeup) -> Result<(), FeatureError> {
        self.make_so(Request::set(Feature::LowPowerEntryWithWakeup, wakeup.number()))
    }

    /// Ends low power. Where it is not engaged nothing happens, and that is no error. The call wakes the device first, so
    /// that a wake-up which is still armed tells of it.
    fn exit_low_power(&self) -> Result<(), FeatureError> {
        self.make_so(Request::set(Feature::LowPowerExit, 0))
    }

    /// Makes a call that is sensible, so that where it is refused either the kernel is too old or low power is engaged.
    fn make_so(&self, request: Request) -> Result<(), FeatureError> {
        match self.request(request) {
            Err(FeatureError::Refused) if self.has_low_power() => Err(FeatureError::Engaged),
            Err(FeatureError::Refused) => Err(FeatureError::Unsupported),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Answer(FeatureError, bool);

    struct Silent;

    impl Signal for Silent {
        fn number(&self) -> i32 {
            7
        }

        fn signals(&self) -> Result<u64, FeatureError> {
            Ok(0)
        }
    }

    impl LowPower for Answer {
        type Wakeup = Silent;

        fn request(&self, request: Request) -> Result<(), FeatureError> {
            let expected = if request.flags & Request::NUMBER == 4 { (16, 7) } else { (8, 0) };
            assert_eq!((request.argsz, request.word), expected);
            Err(self.0)
        }

        fn has_low_power(&self) -> bool {
            self.1
        }
    }

    #[test]
    fn a_sensible_call_that_is_refused_tells_of_an_old_kernel_or_of_low_power() {
        for (has_low_power, error) in [(true, FeatureError::Engaged), (false, FeatureError::Unsupported)] {
            let device = Answer(FeatureError::Refused, has_low_power);
            assert_eq!(device.enter_low_power(), Err(error));
            assert_eq!(device.enter_low_power_with_wakeup(&Silent), Err(error));
        }
        let stuck = Answer(FeatureError::NoWake, true);
        assert_eq!(stuck.exit_low_power(), Err(FeatureError::NoWake));
    }

    #[test]
    fn probing_takes_a_refusal_for_a_no_and_nothing_else() {
        let probe = |error| Answer(error, true).probe(Feature::LowPowerExit, Operation::Get);
        assert_eq!(probe(FeatureError::Refused), Ok(false));
        assert_eq!(probe(FeatureError::Unsupported), Ok(false));
        assert_eq!(probe(FeatureError::NoWake), Err(FeatureError::NoWake));
    }
}
