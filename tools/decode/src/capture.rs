//! Capture files of SPDM traffic: classic pcap, written and read; pcapng, read.
//!
//! MCTP messages and data objects are recorded as DMTF's spdm-emu records them and its spdm-dump reads them, under link
//! types 291 and 292, which are not registered for that: Wireshark needs to be told (DLT_USER). SPDM over TCP is
//! recorded as IP packets with headers made up, which Wireshark reads as they are, and read from Ethernet or IP
//! captures by putting the streams together, as are the frames of the emulators' socket.
//!
//! The reader is own code: the crate pcap-file is at a release candidate, reserves 8 MB at once and changes lifetimes by
//! `unsafe`. Here a file cannot make the reader hold more than it contains.

mod emulator;
mod error;
mod file;
mod packet;
mod pcapng;
mod reader;
mod source;
mod stream;
mod writer;

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::time::Duration;

use lanewarden_doe::{Header, Protocol};
use lanewarden_mctp::{Endpoint, MessageType};
use lanewarden_spdm::binding::{MessageKind, tcp};

pub use error::{CaptureError, Fault, WriteError};
pub use file::{Packet, Packets};
pub use reader::CaptureReader;
pub use writer::CaptureWriter;

/// What the packets of a written capture are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkType {
    /// 291: MCTP messages behind a packet header.
    Mctp,
    /// 292: data objects.
    Doe,
    /// 101: IP packets, of which those of SPDM over TCP count.
    Ip,
}

impl LinkType {
    /// Its number in a file.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Mctp => 291,
            Self::Doe => 292,
            Self::Ip => 101,
        }
    }
}

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the requester to the responder.
    ToResponder,
    /// From the responder to the requester.
    ToRequester,
}

/// What stood around a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// An MCTP message.
    Mctp {
        /// Its type.
        message_type: MessageType,
        /// Whether it says that it ends with an integrity check.
        integrity_check: bool,
    },
    /// A data object.
    Doe(Header),
    /// SPDM over TCP.
    Tcp(tcp::Type),
    /// Nothing: a message as it is, which the emulators' socket may carry.
    Bare,
    /// A frame of the emulators' socket that is no message.
    Emulator {
        /// What the frame is for.
        command: u32,
    },
}

/// Between whom messages go: those of one connection belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Connection {
    /// Two MCTP endpoints, the one with the lower number first.
    Mctp(Endpoint, Endpoint),
    /// The connection ID of data objects.
    Doe(u16),
    /// Address and port of the requester and of the responder.
    Tcp((IpAddr, u16), (IpAddr, u16)),
}

/// One message of a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured {
    /// When, since 1970-01-01 UTC by the recorder's clock; zero where the file does not say.
    pub time: Duration,
    /// Between whom.
    pub connection: Connection,
    /// Which way, where the file says so: by the port, over TCP.
    pub direction: Option<Direction>,
    /// What stood around it.
    pub framing: Framing,
    /// What was in it; of a data object with its padding.
    pub bytes: Vec<u8>,
}

impl Captured {
    /// The SPDM message or secured message in it, if it is one.
    #[must_use]
    pub fn message(&self) -> Option<(MessageKind, &[u8])> {
        let kind = match self.framing {
            Framing::Mctp { message_type: MessageType::SPDM, .. } => MessageKind::Plain,
            Framing::Mctp { message_type: MessageType::SECURED, .. } => MessageKind::Secured,
            Framing::Doe(header) => match header.protocol {
                Protocol::CMA_SPDM | Protocol::CMA_SPDM_WITH_CONNECTION => MessageKind::Plain,
                Protocol::SECURED_CMA_SPDM | Protocol::SECURED_CMA_SPDM_WITH_CONNECTION => {
                    MessageKind::Secured
                }
                _ => return None,
            },
            Framing::Tcp(tcp::Type::Message(kind)) => kind,
            Framing::Bare => MessageKind::Plain,
            _ => return None,
        };
        Some((kind, &self.bytes))
    }
}
