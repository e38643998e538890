//! ERROR, what is called for later, chunks, and vendors' messages.

use core::fmt;

use super::super::{
    Chunk, ChunkAck, ChunkGet, Code, ErrorCode, ErrorMessage, Header, NotReady, Registry, VendorMessage,
};
use super::Hex;

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { exponent, request, token, multiplier } = *self;
        write!(f, "{}, token {token:#04x}, in 2^{exponent} us, kept {multiplier} times that", Code(request))
    }
}

impl fmt::Display for ErrorMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.code.fmt(f)?;
        match (self.code, self.extended) {
            (ErrorCode::UNSUPPORTED_REQUEST, []) => return write!(f, ": {}", Code(self.data)),
            (ErrorCode::RESPONSE_NOT_READY, _) if let Ok(later) = self.not_ready() => {
                return write!(f, ": {later}");
            }
            (ErrorCode::LARGE_RESPONSE, [handle, ..]) => return write!(f, ": handle {handle}"),
            (ErrorCode::RESPONSE_TOO_LARGE, [a, b, c, d, ..]) => {
                return write!(f, ": {} bytes", u32::from_le_bytes([*a, *b, *c, *d]));
            }
            _ => {}
        }
        if self.data != 0 {
            write!(f, ", data {:#04x}", self.data)?;
        }
        if self.extended.is_empty() { Ok(()) } else { write!(f, ", extended data {}", Hex(self.extended)) }
    }
}

/// RESPOND_IF_READY: the answer that was not ready is called for (DSP0274 1.3, 10.14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RespondIfReady {
    /// The request whose answer it is.
    pub request: Code,
    /// As ResponseNotReady gave it.
    pub token: u8,
}

impl RespondIfReady {
    /// Reads it from the header, which is all of it.
    #[must_use]
    pub const fn decode(header: Header) -> Self {
        Self { request: Code(header.param1), token: header.param2 }
    }
}

impl fmt::Display for RespondIfReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, token {:#04x}", self.request, self.token)
    }
}

impl fmt::Display for Chunk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "handle {}, chunk {}, {} bytes", self.handle, self.sequence, self.data.len())?;
        if let Some(total) = self.total {
            write!(f, " of {total}")?;
        }
        f.write_str(if self.last { ", the last" } else { "" })
    }
}

impl fmt::Display for ChunkAck<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "handle {}, chunk {}", self.handle, self.sequence)?;
        f.write_str(if self.early_error { ", given up" } else { "" })?;
        match self.answer {
            [] => Ok(()),
            answer => write!(f, ", answer of {} bytes", answer.len()),
        }
    }
}

impl fmt::Display for ChunkGet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "handle {}, chunk {}", self.handle, self.sequence)
    }
}

impl Registry<'_> {
    /// The body's name; `None` for one of no name (DSP0274 1.3, table 66).
    #[must_use]
    pub const fn name(&self) -> Option<&'static str> {
        match self.body {
            0 => Some("DMTF"),
            1 => Some("TCG"),
            2 => Some("USB"),
            3 => Some("PCI-SIG"),
            4 => Some("IANA"),
            5 => Some("HDBaseT"),
            6 => Some("MIPI"),
            7 => Some("CXL"),
            8 => Some("JEDEC"),
            9 => Some("VESA"),
            10 => Some("IANA CBOR"),
            _ => None,
        }
    }
}

impl fmt::Display for Registry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name)?,
            None => write!(f, "body {:#06x}", self.body)?,
        }
        // Little-endian; a number of up to eight bytes, or its beginning.
        match self.vendor {
            [] => Ok(()),
            [_, _, _, _, _, _, _, _, _, ..] => write!(f, " {}", Hex(self.vendor)),
            vendor => {
                f.write_str(" ")?;
                vendor.iter().rev().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
    }
}

impl fmt::Display for VendorMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, payload {}", self.registry, Hex(self.payload))
    }
}
