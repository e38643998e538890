//! TDISP_ERROR.

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
    pub const BUSY: Self = Self(0x03);
    /// Not in this state of the interface.
    pub const INVALID_INTERFACE_STATE: Self = Self(0x04);
    /// Of another kind.
    pub const UNSPECIFIED: Self = Self(0x05);
    /// The request is not supported; the error's data is its type.
    pub const UNSUPPORTED_REQUEST: Self = Self(0x07);
    /// The request's version is not spoken.
    pub const VERSION_MISMATCH: Self = Self(0x41);
    /// A vendor's own; who it is stands in the extended data.
    pub const VENDOR_SPECIFIC: Self = Self(0xff);
    /// There is no such interface.
    pub const INVALID_INTERFACE: Self = Self(0x101);
    /// It is not the nonce of the lock.
    pub const INVALID_NONCE: Self = Self(0x102);
    /// No randomness for a nonce.
    pub const INSUFFICIENT_ENTROPY: Self = Self(0x103);
    /// The device is configured so that it cannot be locked.
    pub const INVALID_DEVICE_CONFIGURATION: Self = Self(0x104);

    /// Its name, if it has one.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::INVALID_REQUEST => "INVALID_REQUEST",
            Self::BUSY => "BUSY",
            Self::INVALID_INTERFACE_STATE => "INVALID_INTERFACE_STATE",
            Self::UNSPECIFIED => "UNSPECIFIED",
            Self::UNSUPPORTED_REQUEST => "UNSUPPORTED_REQUEST",
            Self::VERSION_MISMATCH => "VERSION_MISMATCH",
            Self::VENDOR_SPECIFIC => "VENDOR_SPECIFIC_ERROR",
            Self::INVALID_INTERFACE => "INVALID_INTERFACE",
            Self::INVALID_NONCE => "INVALID_NONCE",
            Self::INSUFFICIENT_ENTROPY => "INSUFFICIENT_ENTROPY",
            Self::INVALID_DEVICE_CONFIGURATION => "INVALID_DEVICE_CONFIGURATION",
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

/// Who keeps the registry of the vendor in extended data. The numbers are not those of SPDM's registries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorRegistry(pub u8);

impl ErrorRegistry {
    /// PCI-SIG.
    pub const PCI_SIG: Self = Self(0);
    /// The CXL consortium.
    pub const CXL: Self = Self(1);
}

/// What a vendor says more of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtendedError<'a> {
    /// Whose registry.
    pub registry: ErrorRegistry,
    /// The vendor's number in it, little-endian; at most 255 bytes.
    pub vendor: &'a [u8],
    /// What the vendor says.
    pub data: &'a [u8],
}

/// TDISP_ERROR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorAnswer<'a> {
    /// Why.
    pub code: ErrorCode,
    /// More of it, by code.
    pub data: u32,
    /// More of it, by vendor.
    pub extended: Option<ExtendedError<'a>>,
}

impl<'a> ErrorAnswer<'a> {
    pub(super) fn decode(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let (code, data) = (ErrorCode(reader.u32()?), reader.u32()?);
        let extended = if reader.rest().is_empty() { None } else { Some(ExtendedError::decode(reader)?) };
        Ok(Self { code, data, extended })
    }

    pub(super) fn encode(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        writer.u32(self.code.0)?;
        writer.u32(self.data)?;
        self.extended.map_or(Ok(()), |extended| extended.encode(writer))
    }
}

impl<'a> ExtendedError<'a> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let (registry, length) = (ErrorRegistry(reader.u8()?), reader.u8()?);
        let vendor = reader.take(length.into())?;
        let data = reader.take(reader.rest().len())?;
        Ok(Self { registry, vendor, data })
    }

    fn encode(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        let length = u8::try_from(self.vendor.len()).map_err(|_| NoRoom)?;
        writer.bytes(&[self.registry.0, length])?;
        writer.bytes(self.vendor)?;
        writer.bytes(self.data)
    }
}
