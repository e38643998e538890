//! Messages in one line. Keys are not printed.

use core::fmt;

use super::{Capabilities, Configuration, ErrorAnswer, Request, Response};
use crate::message::Hex;
use crate::versions;

impl fmt::Display for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.code().fmt(f)?;
        match self {
            Self::SetConfiguration(configuration, secondary) => {
                write!(f, ": {configuration}, secondary sessions {:#x}", secondary.valid)
            }
            Self::GetReport { offset, length } => write!(f, ": {length} bytes from {offset}"),
            Self::SetTeState { state, ranges } => {
                write!(f, ": state {state}")?;
                let mut ranges = ranges.iter();
                ranges.try_for_each(|range| write!(f, ", {:#x} bytes at {:#x}", range.length, range.start))
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Response<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.code().fmt(f)?;
        match self {
            Self::Version(versions) => versions::print(versions, f),
            Self::Capabilities(capabilities) => write!(f, ": {capabilities}"),
            Self::Configuration(configuration, state) => write!(f, ": {state}, {configuration}"),
            Self::Report(portion) => {
                write!(f, ": {} bytes, {} follow", portion.bytes.len(), portion.remainder)
            }
            Self::Delayed(time) => write!(f, ": {time}"),
            Self::Error(error) => write!(f, ": {error}"),
            Self::ConfigurationSet | Self::Locked | Self::TeStateSet | Self::Completed => Ok(()),
        }
    }
}

impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (encryption, algorithms) = (self.encryption.bits(), self.algorithms.bits());
        write!(f, "encryption {encryption:#x} with {algorithms:#x}, TE {:#x}", self.te.bits())?;
        write!(f, ", features {:#x}, {} CKIDs", self.configuration.bits(), self.ckids)?;
        write!(f, ", {} secondary sessions", self.secondary_sessions)
    }
}

impl fmt::Display for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (encryption, algorithm) = (self.encryption.bits(), self.algorithm.bits());
        write!(f, "encryption {encryption:#x} with {algorithm:#x}, TE {:#x}", self.te.bits())?;
        write!(f, ", features {:#x}, {} CKIDs from {}", self.features.bits(), self.ckids, self.ckid_base)
    }
}

impl fmt::Display for ErrorAnswer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.code.fmt(f)?;
        if self.data != 0 {
            write!(f, ", data {:#x}", self.data)?;
        }
        if self.extended.is_empty() {
            return Ok(());
        }
        write!(f, ", extended data {}", Hex(self.extended))
    }
}
