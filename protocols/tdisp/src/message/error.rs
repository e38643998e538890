//! TDISP_ERROR.

use crate::codes::errors;
use crate::cursor::{Reader, Writer};
use crate::{Malformed, NoRoom};

errors! {
    /// Why a device refuses.
    pub struct ErrorCode {
        /// The request's length or a field of it is wrong.
        INVALID_REQUEST = 0x01, "INVALID_REQUEST";
        /// It may be asked again.
        BUSY = 0x03, "BUSY";
        /// Not in this state of the interface.
        INVALID_INTERFACE_STATE = 0x04, "INVALID_INTERFACE_STATE";
        /// Of another kind.
        UNSPECIFIED = 0x05, "UNSPECIFIED";
        /// The request is not supported; the error's data is its type.
        UNSUPPORTED_REQUEST = 0x07, "UNSUPPORTED_REQUEST";
        /// The request's version is not spoken.
        VERSION_MISMATCH = 0x41, "VERSION_MISMATCH";
        /// A vendor's own; who it is stands in the extended data.
        VENDOR_SPECIFIC = 0xff, "VENDOR_SPECIFIC_ERROR";
        /// There is no such interface.
        INVALID_INTERFACE = 0x101, "INVALID_INTERFACE";
        /// It is not the nonce of the lock.
        INVALID_NONCE = 0x102, "INVALID_NONCE";
        /// No randomness for a nonce.
        INSUFFICIENT_ENTROPY = 0x103, "INSUFFICIENT_ENTROPY";
        /// The device is configured so that it cannot be locked.
        INVALID_DEVICE_CONFIGURATION = 0x104, "INVALID_DEVICE_CONFIGURATION";
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
