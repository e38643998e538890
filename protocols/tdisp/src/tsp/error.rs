//! What can be wrong with an exchange, and who is to blame.

use super::{ErrorCode, ResponseCode};
use crate::portion::Misfit;
use crate::{Blame, Malformed};

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
    /// The device is not done: ask [`super::CheckDelayedCompletion`] later. The number is in a unit that no public source
    /// names.
    #[error("the device is not done, and says {0}")]
    Delayed(u32),
    /// The answer is no message.
    #[error("the answer is malformed: {0}")]
    Malformed(#[from] Malformed),
    /// The answer is of another version than the request.
    #[error("the answer is of version {0:#04x}")]
    Version(u8),
    /// The answer belongs to another request.
    #[error("{given} does not answer what was asked")]
    WrongAnswer {
        /// What came.
        given: ResponseCode,
    },
    /// The device speaks no version that this side speaks.
    #[error("no version in common")]
    NoCommonVersion,
    /// What the device says of itself cannot be true.
    #[error("the device contradicts itself: {0}")]
    Contradiction(&'static str),
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
            Self::Delayed(_) => Blame::Time,
            Self::Malformed(_)
            | Self::Version(_)
            | Self::WrongAnswer { .. }
            | Self::Contradiction(_)
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
            ErrorCode::BUSY | ErrorCode::LONG_EXECUTION_TIME => Blame::Time,
            ErrorCode::INVALID_REQUEST
            | ErrorCode::NO_PRIVILEGE
            | ErrorCode::INVALID_CKID
            | ErrorCode::INVALID_SECURITY_CONFIGURATION
            | ErrorCode::INVALID_SECURITY_STATE
            | ErrorCode::ALREADY_LOCKED => Blame::Caller,
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
