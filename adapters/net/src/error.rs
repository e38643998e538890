//! What can go wrong on the way to a peer, and who is to blame.

use std::fmt;
use std::io;

use lanewarden_doe::{Blame, DiscoveryError, HeaderError, ObjectError, Protocol};
use lanewarden_mctp::MessageType;
use lanewarden_spdm::binding::tcp::{HeadError, Refusal};

use crate::emulator::{Command, Transport};

/// Where it went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// While connecting.
    Connect,
    /// While waiting for the peer to begin a frame.
    Await,
    /// Within a frame of the peer's.
    Read,
    /// While sending.
    Write,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "while connecting",
            Self::Await => "waiting for the peer",
            Self::Read => "within a frame of the peer's",
            Self::Write => "while sending",
        })
    }
}

/// How the operating system says that a connection failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nobody listens there.
    Refused,
    /// The peer broke the connection off.
    Reset,
    /// Anything else, by the number the operating system gives it, if it has one.
    Other(Option<i32>),
}

impl From<&io::Error> for Failure {
    fn from(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
                Self::Reset
            }
            _ => Self::Other(error.raw_os_error()),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("nobody listens there"),
            Self::Reset => f.write_str("the peer broke the connection off"),
            Self::Other(Some(number)) => write!(f, "{}", io::Error::from_raw_os_error(*number)),
            Self::Other(None) => f.write_str("the connection failed"),
        }
    }
}

/// Why there is no answer, or no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The time given has passed.
    #[error("time ran out {0}")]
    Timeout(Phase),
    /// The peer closed the connection, between frames or within one.
    #[error("the peer closed the connection {0}")]
    Closed(Phase),
    /// The operating system failed the connection.
    #[error("{why} {phase}")]
    Failed {
        /// Where.
        phase: Phase,
        /// How.
        why: Failure,
    },
    /// The owner of the server has stopped it.
    #[error("stopped")]
    Stopped,
    /// An earlier exchange failed, and what comes now may belong to it.
    #[error("an earlier exchange failed on this connection")]
    Dead,
    /// The peer sends more than was expected at most.
    #[error("a message of {length} bytes exceeds the {limit} that were expected at most")]
    TooLong {
        /// Bytes announced.
        length: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The peer has no answer: an empty frame.
    #[error("the peer has no answer")]
    NoAnswer,
    /// The answer is to another command.
    #[error("answer to command {seen} where {expected} was sent")]
    WrongCommand {
        /// What was sent.
        expected: Command,
        /// What came.
        seen: Command,
    },
    /// A frame of another transport, by its number.
    #[error("a frame of transport {seen} where {expected} is spoken")]
    WrongTransport {
        /// What is spoken.
        expected: Transport,
        /// What came.
        seen: u32,
    },
    /// A secured answer to a plain request.
    #[error("a secured answer to a plain request")]
    WrongKind,
    /// Neither an SPDM nor a secured message, but an MCTP message of this type.
    #[error("an MCTP message of type {0}, which is not SPDM")]
    WrongType(MessageType),
    /// An MCTP message with an integrity check, which these have none of (DSP0275, DSP0276).
    #[error("an MCTP message of type {0} with an integrity check")]
    IntegrityCheck(MessageType),
    /// A data object of another protocol.
    #[error("a data object of protocol {0}, which was not asked for")]
    WrongProtocol(Protocol),
    /// A data object that is none.
    #[error(transparent)]
    Object(ObjectError),
    /// A discovery list that is none.
    #[error(transparent)]
    Discovery(DiscoveryError),
    /// A TCP head that is none.
    #[error(transparent)]
    Head(HeadError),
    /// Bytes of a TCP message other than its head counts.
    #[error("the TCP header counts {named} bytes, there are {present}")]
    Length {
        /// Bytes by the header.
        named: usize,
        /// Bytes there are.
        present: usize,
    },
    /// A TCP message of another kind than a message, by its number.
    #[error("a TCP message of type {0:#04x} where an SPDM message was expected")]
    NoMessage(u8),
    /// The peer refuses.
    #[error("the peer refuses: {0}")]
    Refused(Refusal),
    /// The request cannot be sent this way: it is too long.
    #[error("a message of {0} bytes is longer than this transport can carry")]
    Unsendable(usize),
    /// The request cannot be sent this way: this transport has no secured messages.
    #[error("this transport carries no secured messages")]
    NoSecured,
    /// This is done over DOE only.
    #[error("data objects are exchanged over DOE only")]
    NotDoe,
}

impl TransportError {
    /// A failure of the operating system's.
    pub(crate) fn failed(phase: Phase, error: &io::Error) -> Self {
        Self::Failed { phase, why: error.into() }
    }

    /// Who is at fault.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::Timeout(_) => Blame::Time,
            Self::Failed { .. } | Self::Closed(_) => Blame::Transport,
            Self::Stopped | Self::Dead | Self::Unsendable(_) | Self::NoSecured | Self::NotDoe => {
                Blame::Caller
            }
            _ => Blame::Peer,
        }
    }
}

impl From<HeaderError> for TransportError {
    fn from(error: HeaderError) -> Self {
        Self::Object(error.into())
    }
}

impl From<ObjectError> for TransportError {
    fn from(error: ObjectError) -> Self {
        Self::Object(error)
    }
}

impl From<DiscoveryError> for TransportError {
    fn from(error: DiscoveryError) -> Self {
        Self::Discovery(error)
    }
}

impl From<HeadError> for TransportError {
    fn from(error: HeadError) -> Self {
        Self::Head(error)
    }
}
