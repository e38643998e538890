//! What is wrong with a capture.

use std::io;

use lanewarden_doe::{HeaderError, ObjectError};
use lanewarden_spdm::binding::tcp::HeadError;

/// What is wrong with a file, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at byte {offset} of the capture: {fault}")]
pub struct CaptureError {
    /// Where the packet or block begins that is at fault, in bytes from the start of the file.
    pub offset: u64,
    /// What is wrong.
    pub fault: Fault,
}

/// What can be wrong with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    Read(io::ErrorKind),
    /// The file is neither pcap nor pcapng.
    #[error("{0:#010x} begins no capture file")]
    Magic(u32),
    /// A version of the format that is not known.
    #[error("version {major}.{minor} of the format")]
    Version {
        /// Its major number.
        major: u16,
        /// Its minor number.
        minor: u16,
    },
    /// The file ends too early.
    #[error("the file ends within it")]
    Cut,
    /// More bytes than a packet can have.
    #[error("a length of {length} bytes, over {limit}")]
    TooLong {
        /// Bytes announced.
        length: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// A pcapng block that contradicts itself.
    #[error("a damaged block: {0}")]
    Block(&'static str),
    /// Packets of a link type that is not known.
    #[error("link type {0} is not known")]
    Link(u32),
    /// The recorder kept only a part of the packet.
    #[error("only {kept} of {length} bytes of the packet were recorded")]
    Truncated {
        /// Bytes in the file.
        kept: u64,
        /// Bytes there were.
        length: u64,
    },
    /// A packet that breaks the rules of Ethernet, IP or TCP.
    #[error("the packet cannot be taken apart")]
    Packet,
    /// A part of a message, which is not put together.
    #[error("a fragment of a message")]
    Fragment,
    /// An MCTP packet without a message.
    #[error("an MCTP packet without a message")]
    NoMessage,
    /// A data object that is none.
    #[error(transparent)]
    Object(ObjectError),
    /// A TCP message that is none. What follows on its connection is not read.
    #[error(transparent)]
    Head(HeadError),
    /// A frame of the emulators' socket whose transport is not known.
    #[error("transport {0} of an emulator's frame")]
    Transport(u32),
    /// A frame of the emulators' socket whose message is longer or shorter than the frame.
    #[error("an emulator's frame that its message does not fill")]
    Unfilled,
    /// A frame of the emulators' socket that is longer than a message can be. What follows on its connection is not
    /// read.
    #[error("an emulator's frame of {0} bytes")]
    FrameTooLong(u32),
    /// Segments of a TCP connection are missing. What follows on its connection is not read.
    #[error("segments of a TCP connection are missing")]
    Gap,
    /// More TCP connections at once than are followed. This one is not read.
    #[error("more TCP connections than are followed")]
    TooManyConnections,
    /// The capture ends within a message of a TCP connection.
    #[error("a TCP connection ends within a message")]
    Unfinished,
}

impl Fault {
    /// Whether nothing after it can be read.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(
            self,
            Self::Read(_)
                | Self::Magic(_)
                | Self::Version { .. }
                | Self::Cut
                | Self::TooLong { .. }
                | Self::Block(_)
        )
    }

    /// The error at this place.
    pub(super) const fn at(self, offset: u64) -> CaptureError {
        CaptureError { offset, fault: self }
    }
}

/// Why a message was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The file cannot be written.
    #[error(transparent)]
    Write(#[from] io::Error),
    /// More bytes than a packet may have.
    #[error("a packet of {0} bytes is longer than a capture takes")]
    TooLong(usize),
    /// No such data object.
    #[error(transparent)]
    Object(#[from] HeaderError),
    /// No such TCP message.
    #[error(transparent)]
    Head(#[from] HeadError),
}
