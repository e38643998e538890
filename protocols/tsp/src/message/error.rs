//! ERROR.

use core::fmt;

use crate::cursor::{Reader, Writer};
use crate::{Malformed, NoRoom};

/// Why a device refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorCode(pub u32);

impl ErrorCode {
    /// The request's length or a field of it is wrong.
    pub const INVALID_REQUEST: Self = Self(0x01);
    /// It may be asked again.
    pub const BUSY: Self = Self(0x02);
    /// Of another kind.
    pub const UNSPECIFIED: Self = Self(0x03);
    /// The request is not supported.
    pub const UNSUPPORTED_REQUEST: Self = Self(0x04);
    /// The request's version is not spoken.
    pub const VERSION_MISMATCH: Self = Self(0x05);
    /// A vendor's own.
    pub const VENDOR_SPECIFIC: Self = Self(0x06);
    /// Not in this session.
    pub const NO_PRIVILEGE: Self = Self(0x07);
    /// No randomness.
    pub const NO_ENTROPY: Self = Self(0x08);
    /// There is no such context key.
    pub const INVALID_CKID: Self = Self(0x09);
    /// Not with this configuration.
    pub const INVALID_SECURITY_CONFIGURATION: Self = Self(0x0a);
    /// Not in this state.
    pub const INVALID_SECURITY_STATE: Self = Self(0x0b);
    /// It takes too long.
    pub const LONG_EXECUTION_TIME: Self = Self(0x0c);
    /// It is locked.
    pub const ALREADY_LOCKED: Self = Self(0x0d);

    /// Its name, if it has one.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::INVALID_REQUEST => "INVALID_REQUEST",
            Self::BUSY => "BUSY",
            Self::UNSPECIFIED => "UNSPECIFIED",
            Self::UNSUPPORTED_REQUEST => "UNSUPPORTED_REQUEST",
            Self::VERSION_MISMATCH => "VERSION_MISMATCH",
            Self::VENDOR_SPECIFIC => "VENDOR_SPECIFIC_ERROR",
            Self::NO_PRIVILEGE => "NO_PRIVILEGE",
            Self::NO_ENTROPY => "NO_ENTROPY",
            Self::INVALID_CKID => "INVALID_CKID",
            Self::INVALID_SECURITY_CONFIGURATION => "INVALID_SECURITY_CONFIGURATION",
            Self::INVALID_SECURITY_STATE => "INVALID_SECURITY_STATE",
            Self::LONG_EXECUTION_TIME => "LONG_EXECUTION_TIME",
            Self::ALREADY_LOCKED => "ALREADY_LOCKED",
            _ => return None,
        })
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "error {:#x}", self.0),
        }
    }
}

/// ERROR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorAnswer<'a> {
    /// Why.
    pub code: ErrorCode,
    /// More of it, by code.
    pub data: u32,
    /// More of it, in a form that no public source names.
    pub extended: &'a [u8],
}

impl<'a> ErrorAnswer<'a> {
    pub(super) fn decode(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        reader.take(2)?;
        let (code, data) = (ErrorCode(reader.u32()?), reader.u32()?);
        Ok(Self { code, data, extended: reader.take(reader.rest().len())? })
    }

    pub(super) fn encode(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        writer.zeros(2)?;
        writer.u32(self.code.0)?;
        writer.u32(self.data)?;
        writer.bytes(self.extended)
    }
}
