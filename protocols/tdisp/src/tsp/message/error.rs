//! ERROR.

use crate::codes::errors;
use crate::cursor::{Reader, Writer};
use crate::{Malformed, NoRoom};

errors! {
    /// Why a device refuses.
    pub struct ErrorCode {
        /// The request's length or a field of it is wrong.
        INVALID_REQUEST = 0x01, "INVALID_REQUEST";
        /// It may be asked again.
        BUSY = 0x02, "BUSY";
        /// Of another kind.
        UNSPECIFIED = 0x03, "UNSPECIFIED";
        /// The request is not supported.
        UNSUPPORTED_REQUEST = 0x04, "UNSUPPORTED_REQUEST";
        /// The request's version is not spoken.
        VERSION_MISMATCH = 0x05, "VERSION_MISMATCH";
        /// A vendor's own.
        VENDOR_SPECIFIC = 0x06, "VENDOR_SPECIFIC_ERROR";
        /// Not in this session.
        NO_PRIVILEGE = 0x07, "NO_PRIVILEGE";
        /// No randomness.
        NO_ENTROPY = 0x08, "NO_ENTROPY";
        /// There is no such context key.
        INVALID_CKID = 0x09, "INVALID_CKID";
        /// Not with this configuration.
        INVALID_SECURITY_CONFIGURATION = 0x0a, "INVALID_SECURITY_CONFIGURATION";
        /// Not in this state.
        INVALID_SECURITY_STATE = 0x0b, "INVALID_SECURITY_STATE";
        /// It takes too long.
        LONG_EXECUTION_TIME = 0x0c, "LONG_EXECUTION_TIME";
        /// It is locked.
        ALREADY_LOCKED = 0x0d, "ALREADY_LOCKED";
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
