//! A frame: three big-endian `u32` (command, transport, size of the payload), then the payload.

use std::fmt;

use lanewarden_time::Instant;

use crate::stream::{read_by, write_by};
use crate::{Phase, Stream, TransportError};

/// Length of what stands in front of a payload, in bytes.
pub const HEAD: usize = 12;

/// What a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Command(pub u32);

impl Command {
    /// The payload is a message.
    pub const NORMAL: Self = Self(0x0001);
    /// The responder shall want an encapsulated KEY_UPDATE next; the payload is the session ID.
    pub const KEY_UPDATE: Self = Self(0x8001);
    /// The responder shall want an encapsulated GET_ENDPOINT_INFO next.
    pub const ENDPOINT_INFO: Self = Self(0x8002);
    /// This connection ends, and another one will come.
    pub const CONTINUE: Self = Self(0xfffd);
    /// The responder shall end.
    pub const SHUTDOWN: Self = Self(0xfffe);
    /// Answer to a command that is not known.
    pub const UNKNOWN: Self = Self(0xffff);
    /// Hello.
    pub const TEST: Self = Self(0xdead);
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#06x}", self.0)
    }
}

/// How messages are wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Not at all. There are no secured messages and no hello.
    None,
    /// As MCTP messages, without packet headers.
    Mctp,
    /// As data objects.
    Doe,
    /// As DSP0287 has it, within the frame.
    Tcp,
}

impl Transport {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::None, Self::Mctp, Self::Doe, Self::Tcp];

    /// Its number in a frame.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::None => 0,
            Self::Mctp => 1,
            Self::Doe => 2,
            Self::Tcp => 3,
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Mctp => "MCTP",
            Self::Doe => "PCI DOE",
            Self::Tcp => "TCP",
        })
    }
}

/// What stands in front of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// What the frame is for.
    pub command: Command,
    /// How its message is wrapped: the number of a [`Transport`], or any other.
    pub transport: u32,
    /// Length of the payload in bytes.
    pub size: u32,
}

impl Head {
    /// Decodes the head of a frame. Any twelve bytes are one.
    #[must_use]
    pub const fn decode(bytes: [u8; HEAD]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = bytes;
        Self {
            command: Command(u32::from_be_bytes([a, b, c, d])),
            transport: u32::from_be_bytes([e, f, g, h]),
            size: u32::from_be_bytes([i, j, k, l]),
        }
    }

    /// The twelve bytes of this head.
    #[must_use]
    pub const fn encode(&self) -> [u8; HEAD] {
        let [a, b, c, d] = self.command.0.to_be_bytes();
        let [e, f, g, h] = self.transport.to_be_bytes();
        let [i, j, k, l] = self.size.to_be_bytes();
        [a, b, c, d, e, f, g, h, i, j, k, l]
    }

    /// Length of the payload in bytes, if it is the right transport's and not over `limit`.
    pub(crate) fn accept(&self, transport: Transport, limit: usize) -> Result<usize, TransportError> {
        if self.transport != transport.number() {
            return Err(TransportError::WrongTransport { expected: transport, seen: self.transport });
        }
        let length = usize::try_from(self.size).unwrap_or(usize::MAX);
        if length > limit { Err(TransportError::TooLong { length, limit }) } else { Ok(length) }
    }
}

/// Reads the payload of the frame that `head` has announced. Nothing is reserved for more than `limit` bytes.
pub(super) fn read_payload(
    stream: &mut impl Stream,
    length: usize,
    payload: &mut Vec<u8>,
    deadline: Instant,
) -> Result<(), TransportError> {
    payload.clear();
    payload.resize(length, 0);
    read_by(stream, payload, Phase::Read, deadline)
}

/// Puts the head in front of the payload, which `frame` has after [`HEAD`] bytes of room, and sends both in one call.
pub(super) fn send(
    stream: &mut impl Stream,
    command: Command,
    transport: Transport,
    frame: &mut [u8],
    deadline: Instant,
) -> Result<(), TransportError> {
    let length = frame.len();
    let Some((head, payload)) = frame.split_first_chunk_mut::<HEAD>() else {
        return Err(TransportError::Unsendable(length));
    };
    let size = u32::try_from(payload.len()).map_err(|_| TransportError::Unsendable(length))?;
    *head = Head { command, transport: transport.number(), size }.encode();
    write_by(stream, frame, deadline)
}
