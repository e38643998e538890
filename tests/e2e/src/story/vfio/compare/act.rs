//! What is done to a device, and what is seen of it after that.

use std::fmt;

use lanewarden_pci::low_power::Request;

/// A descriptor, by what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    Negative,
    /// Was open, and is not any more.
    Closed,
    /// Open, and no eventfd.
    File,
    /// One of two eventfds.
    Eventfd(usize),
}

/// The interrupt line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    Off,
    Open,
    Masked,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// A call of DEVICE_FEATURE.
    Feature {
        argsz: u32,
        flags: u32,
        word: Word,
    },
    /// A read of configuration space by the device's user.
    Read,
    /// The device's own power state is written by its user.
    PowerState {
        d3hot: bool,
    },
    Memory {
        enabled: bool,
    },
    Line(Line),
    Interrupts,
    Reset,
    Close,
    Open,
    HostUse,
    Hold(bool),
    HostReset,
    HostRead,
}

impl Act {
    pub const ENTRY: Self = Self::set(3, 8, Word::Closed);
    pub const EXIT: Self = Self::set(5, 8, Word::Closed);
    pub const WITH_WAKEUP: Self = Self::wakeup(Word::Eventfd(0));

    pub const fn wakeup(word: Word) -> Self {
        Self::set(4, 16, word)
    }

    pub const fn set(feature: u32, argsz: u32, word: Word) -> Self {
        Self::Feature { argsz, flags: feature | Request::SET, word }
    }

    pub const fn call(argsz: u32, flags: u32) -> Self {
        Self::Feature { argsz, flags, word: Word::Eventfd(0) }
    }
}

/// `feature 4 SET, 16 bytes, Eventfd(0)`
impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Feature { argsz, flags, word } = self else { return write!(f, "{self:?}") };
        write!(f, "feature {}", flags & Request::NUMBER)?;
        for (bit, name) in
            [(Request::PROBE, "PROBE"), (Request::GET, "GET"), (Request::SET, "SET"), (1 << 19, "bit 19")]
        {
            if flags & bit != 0 {
                write!(f, " {name}")?;
            }
        }
        write!(f, ", {argsz} bytes, {word:?}")
    }
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub result: String,
    /// How often each eventfd was signalled.
    pub told: [u64; 2],
    /// `asleep D3hot`
    pub power: String,
    pub faults: bool,
    /// Whether the line is masked; `None` where it is not set up.
    pub masked: Option<bool>,
}

/// `done, asleep D3hot, faults`: what is as usual is left out.
impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.result, self.power)?;
        for (eventfd, &signals) in self.told.iter().enumerate().filter(|(_, signals)| **signals > 0) {
            write!(f, ", eventfd {eventfd} told {signals}")?;
        }
        if self.faults {
            f.write_str(", faults")?;
        }
        match self.masked {
            Some(true) => f.write_str(", line masked"),
            Some(false) => f.write_str(", line open"),
            None => Ok(()),
        }
    }
}
