//! Messages in one line. Nonces are not printed.

use core::fmt;

use super::{Capabilities, ErrorAnswer, Lock, Request, Response};
use crate::{MmioRange, versions};

/// Bytes as they are.
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Display for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.code().fmt(f)?;
        match self {
            Self::GetVersion | Self::GetState | Self::StopInterface | Self::StartInterface(_) => Ok(()),
            Self::GetCapabilities { tsm } => write!(f, ": TSM {tsm:#x}"),
            Self::LockInterface(lock) => write!(f, ": {lock}"),
            Self::GetReport { offset, length } => write!(f, ": {length} bytes from {offset}"),
            Self::BindStream(stream) | Self::UnbindStream(stream) => write!(f, ": stream {stream}"),
            Self::SetMmioAttribute(range) => write!(f, ": {range}"),
            Self::Vendor(bytes) => write!(f, ": {}", Hex(bytes)),
        }
    }
}

impl fmt::Display for Response<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.code().fmt(f)?;
        match self {
            Self::Started
            | Self::Stopped
            | Self::Bound
            | Self::Unbound
            | Self::AttributeSet
            | Self::Locked(_) => Ok(()),
            Self::Version(versions) => versions::print(versions, f),
            Self::Capabilities(capabilities) => write!(f, ": {capabilities}"),
            Self::Report(portion) => {
                write!(f, ": {} bytes, {} follow", portion.bytes.len(), portion.remainder)
            }
            Self::State(state) => write!(f, ": {state}"),
            Self::Vendor(bytes) => write!(f, ": {}", Hex(bytes)),
            Self::Error(error) => write!(f, ": {error}"),
        }
    }
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { flags, default_stream, mmio_reporting_offset, p2p_address_mask } = self;
        write!(f, "flags {:#x}, stream {default_stream}, offset {mmio_reporting_offset:#x}", flags.bits())?;
        write!(f, ", peer mask {p2p_address_mask:#x}")
    }
}

impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { dsm, requests, lock_flags, address_width, requests_this, requests_all } = self;
        let requests = u128::from_le_bytes(requests.0);
        write!(f, "DSM {dsm:#x}, requests {requests:#x}, lock flags {:#x}", lock_flags.bits())?;
        write!(f, ", {address_width} address bits, {requests_this} requests at once, {requests_all} in all")
    }
}

impl fmt::Display for MmioRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first_page, pages, attributes, id } = self;
        write!(f, "range {id}, {pages} pages from {first_page:#x}, attributes {:#x}", attributes.bits())
    }
}

impl fmt::Display for ErrorAnswer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.code.fmt(f)?;
        if self.data != 0 {
            write!(f, ", data {:#x}", self.data)?;
        }
        let Some(extended) = self.extended else { return Ok(()) };
        let (vendor, data) = (Hex(extended.vendor), Hex(extended.data));
        write!(f, ", registry {}, vendor {vendor}, extended data {data}", extended.registry.0)
    }
}
