//! What can be wrong with a message, in both protocols, and with an exchange of TDISP; who is to blame.

use crate::portion::Misfit;
use crate::{ErrorCode, InterfaceId, ResponseCode};

/// Who is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The device broke the protocol.
    Peer,
    /// The device keeps to the protocol, and cannot or will not do what was asked.
    PeerCannot,
    /// The caller asked for what cannot be, or at the wrong moment.
    Caller,
    /// The device has no time now, or needs more.
    Time,
    /// This side has too little room.
    Here,
}

/// There is no room for the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no room for the message")]
pub struct NoRoom;

/// Why bytes are no message, or no report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// They end too early.
    #[error("it ends too early")]
    Short,
    /// More follows than belongs there.
    #[error("{0} bytes too many")]
    Trailing(usize),
    /// The first byte is another protocol's.
    #[error("its protocol is {0:#04x}, where TDISP and TSP are 0x01")]
    Protocol(u8),
    /// No message of this direction has this type, or none that is spoken here.
    #[error("no message of this direction has type {0:#04x}")]
    Code(u8),
    /// A field has a value that it cannot have.
    #[error("its {0} cannot be")]
    Field(&'static str),
}

/// Why a device has no answer of the protocol's own, so that SPDM answers with an ERROR. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoResponse {
    /// It came outside of sessions.
    #[error("a request outside of sessions")]
    NoSession,
    /// It has no whole header, or is another protocol's.
    #[error("the request is malformed: {0}")]
    Malformed(Malformed),
    /// The room for the answer is less than the protocol's [`crate::MIN_ANSWER`] or [`crate::tsp::MIN_ANSWER`].
    #[error("no room for an answer")]
    NoRoom,
}

/// The device answers ERROR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}, data {data:#x}")]
pub struct Refusal {
    /// Why.
    pub code: ErrorCode,
    /// More of it, by code.
    pub data: u32,
}

/// Why an answer gives the host nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The device refuses.
    #[error("the device refuses: {0}")]
    Refused(Refusal),
    /// The answer is no message.
    #[error("the answer is malformed: {0}")]
    Malformed(#[from] Malformed),
    /// The answer is of another version than the request.
    #[error("the answer is of version {0:#04x}")]
    Version(u8),
    /// The answer is about another interface.
    #[error("asked about interface {asked}, answered about {given}")]
    Interface {
        /// In the request.
        asked: InterfaceId,
        /// In the answer.
        given: InterfaceId,
    },
    /// The answer belongs to another request.
    #[error("{given} does not answer what was asked")]
    WrongAnswer {
        /// What came.
        given: ResponseCode,
    },
    /// The device speaks no version that this side speaks.
    #[error("no version in common")]
    NoCommonVersion,
    /// More of the report came than was asked for, or nothing although there is more, or the lengths of two portions
    /// do not give the same report.
    #[error("the portions of the report do not fit together")]
    Portions,
    /// The report does not fit the caller's buffer.
    #[error("a report of {length} bytes does not fit the buffer")]
    ReportTooLong {
        /// Its length in bytes.
        length: usize,
    },
}

impl Error {
    /// Who is at fault.
    #[must_use]
    pub const fn blame(&self) -> Blame {
        match self {
            Self::Refused(refusal) => refusal.blame(),
            Self::Malformed(_)
            | Self::Version(_)
            | Self::Interface { .. }
            | Self::WrongAnswer { .. }
            | Self::Portions => Blame::Peer,
            Self::NoCommonVersion => Blame::PeerCannot,
            Self::ReportTooLong { .. } => Blame::Here,
        }
    }
}

impl Refusal {
    /// Who is at fault, if the device is right.
    #[must_use]
    pub const fn blame(&self) -> Blame {
        match self.code {
            ErrorCode::BUSY => Blame::Time,
            ErrorCode::INVALID_REQUEST
            | ErrorCode::INVALID_INTERFACE_STATE
            | ErrorCode::INVALID_INTERFACE
            | ErrorCode::INVALID_NONCE => Blame::Caller,
            _ => Blame::PeerCannot,
        }
    }
}

impl From<Misfit> for Error {
    fn from(misfit: Misfit) -> Self {
        match misfit {
            Misfit::Portion => Self::Portions,
            Misfit::TooLong(length) => Self::ReportTooLong { length },
        }
    }
}
