//! What is wrong with a payload, and with an answer; who is to blame.

use crate::{Object, cxl, pci};

/// Who is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The peer broke the protocol.
    Peer,
    /// The peer keeps to the protocol, and cannot or will not do what was asked.
    PeerCannot,
}

/// What is wrong with a payload in itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Not even protocol and object.
    #[error("{0} bytes are no object of IDE_KM")]
    Short(usize),
    /// Another protocol of the same vendor, such as TDISP (1).
    #[error("protocol {0:#04x}, where IDE_KM is 0x00")]
    Protocol(u8),
    /// An object that is not defined, or not in this family: PCIe has no GET_KEY.
    #[error("there is no object {0:#04x}")]
    Object(u8),
    /// An object of a length that it cannot have.
    #[error("{object} of {length} bytes, where it has {expected}")]
    Length {
        /// Which.
        object: Object,
        /// Its length in bytes, the protocol's included.
        length: usize,
        /// The length it must have; for QUERY_RESP the least.
        expected: usize,
    },
    /// Registers that are not whole DWs, or more than there can be.
    #[error("{0} bytes are no registers")]
    Registers(usize),
}

/// The place for a payload is too short; what it holds now is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{needed} bytes do not fit a buffer of {room}")]
pub struct NoRoom {
    /// Bytes it takes.
    pub needed: usize,
    /// Bytes there are.
    pub room: usize,
}

/// What is wrong with a device's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is no answer at all.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// It answers something else.
    #[error("the device answers with {seen} where {expected} is due")]
    OtherObject {
        /// What must come.
        expected: Object,
        /// What came.
        seen: Object,
    },
    /// It answers for another port.
    #[error("the device answers for port {seen}; port {asked} was asked")]
    OtherPort {
        /// The request's.
        asked: u8,
        /// The answer's.
        seen: u8,
    },
    /// It answers for another stream.
    #[error("the device answers for stream {seen}; stream {asked} was asked")]
    OtherStream {
        /// The request's.
        asked: u8,
        /// The answer's.
        seen: u8,
    },
    /// It answers for another key: the byte of key set, direction and sub-stream.
    #[error("the device answers for key {seen:#04x}; key {asked:#04x} was asked")]
    OtherKey {
        /// The request's.
        asked: u8,
        /// The answer's.
        seen: u8,
    },
    /// KP_ACK of PCIe does not say success: the key is not programmed.
    #[error("the device does not take the key: {0}")]
    KeyRefused(pci::Status),
    /// KP_ACK of CXL does not say success: the key is not programmed.
    #[error("the device does not take the key: {0}")]
    CxlKeyRefused(cxl::Status),
}

impl Error {
    /// Who is at fault. A status that is not defined is a break of the protocol.
    #[must_use]
    pub const fn blame(&self) -> Blame {
        match self {
            Self::KeyRefused(status) if status.is_defined() => Blame::PeerCannot,
            Self::CxlKeyRefused(status) if status.is_defined() => Blame::PeerCannot,
            _ => Blame::Peer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_no_breach_and_an_unknown_status_is_one() {
        assert_eq!(Error::KeyRefused(pci::Status::UNSUPPORTED_PORT).blame(), Blame::PeerCannot);
        assert_eq!(Error::KeyRefused(pci::Status(5)).blame(), Blame::Peer);
        assert_eq!(Error::CxlKeyRefused(cxl::Status::INVALID).blame(), Blame::PeerCannot);
        assert_eq!(Error::CxlKeyRefused(cxl::Status(2)).blame(), Blame::Peer);
        assert_eq!(Error::OtherPort { asked: 1, seen: 0 }.blame(), Blame::Peer);
    }
}
