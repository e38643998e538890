//! What can go wrong with a peer, at which step, and who is to blame.

use core::fmt;

use lanewarden_crypto::{ExchangeError, HashAlgorithm};

use crate::message::{Code, ErrorCode, ErrorMessage, Malformed, NoRoom, Request};
use crate::session::{OpenError, SealError};
use crate::transcript::Full;

/// Who is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The peer broke the protocol, or what it says is not true.
    Peer,
    /// The peer keeps to the protocol, and cannot or will not do what was asked.
    PeerCannot,
    /// The caller asked for what cannot be.
    Caller,
    /// Time ran out.
    Time,
    /// This side's own means failed: randomness, an algorithm, a buffer.
    Here,
}

/// What the caller did wrong. Nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misuse {
    /// Something else is in work; it ends first, or is abandoned.
    #[error("another operation is in work")]
    InWork,
    /// No answer is awaited.
    #[error("no answer is awaited")]
    NotAwaiting,
    /// Nothing has been negotiated yet, or no longer holds.
    #[error("nothing has been negotiated")]
    NotConnected,
    /// There is no such slot.
    #[error("there are slots 0 to 7")]
    Slot,
    /// The slot's digest is not known: DIGESTS comes first, and the slot must hold a chain.
    #[error("the digest of this slot's chain is not known")]
    NoDigest,
    /// There is no key that belongs to what DIGESTS said of this slot.
    #[error("no key is known that belongs to this slot's chain")]
    NoKey,
    /// A measurement's index is 1 to 254.
    #[error("measurements have the indices 1 to 254")]
    Index,
    /// The version that was agreed on has no such thing.
    #[error("the version that was agreed on has no such thing")]
    Version,
    /// There is no session of this number, or none whose handshake is over.
    #[error("there is no such session")]
    NoSession,
    /// There is no room for another session.
    #[error("there is no room for another session")]
    SessionLimit,
}

/// What a peer does that the specification forbids, beyond a message that is malformed in itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// Capabilities that contradict each other (DSP0274 1.3, table 13).
    #[error("its capabilities contradict each other: {0}")]
    Capabilities(&'static str),
    /// It chose what was not offered, or several where one is due (DSP0274 1.3, 10.5).
    #[error("its choice of {0} was not offered, or is not one")]
    Choice(&'static str),
    /// An answer about another slot than the request's.
    #[error("it answers about slot {0}")]
    Slot(u8),
    /// The requester's context comes back changed (DSP0274 1.3, 10.10).
    #[error("it does not repeat the requester's context")]
    Context,
    /// The chain is not the one whose digest it gave (DSP0274 1.3, 10.8).
    #[error("the certificate chain is not the one that DIGESTS told of")]
    ChainDigest,
    /// More bytes than were asked for.
    #[error("it sends {sent} bytes where {asked} were asked for")]
    MoreThanAsked {
        /// What was asked for.
        asked: u32,
        /// What came.
        sent: u32,
    },
    /// The rest of a chain does not shrink by what was sent.
    #[error("the rest of the chain is not what it was")]
    Remainder,
    /// A chain in so many and so small portions that there is no end to it.
    #[error("it sends the chain in more portions than there can be")]
    TooManyPortions,
    /// The number of a session that cannot be, or that another session has.
    #[error("it gives session number {0:#010x}")]
    SessionId(u32),
    /// A context of PSK_EXCHANGE_RSP where there must be none, or none where there must be one (DSP0274 1.3, 10.18).
    #[error("its context does not fit its capabilities")]
    PskContext,
    /// A message in the clear where one of a session is due, or the other way round.
    #[error("it answers outside the session, or in one where none is")]
    Lane,
    /// An SPDM message in a session where a message of another type is due.
    #[error("it is an SPDM message, and nothing was asked")]
    Unasked,
    /// KEY_UPDATE_ACK is of another operation, or under keys that it does not belong under (DSP0274 1.3, 10.21).
    #[error("it acknowledges another update of keys")]
    KeyUpdate,
    /// An encapsulated request or its acknowledgement out of its place (DSP0274 1.3, 10.22).
    #[error("encapsulated requests do not follow each other as they must")]
    Encapsulated,
    /// Mutual authentication, which was not offered.
    #[error("it asks for an authentication that was not offered")]
    MutualAuthentication,
    /// Other measurements than were asked for (DSP0274 1.3, 10.12).
    #[error("these are not the measurements that were asked for")]
    Measurements,
    /// A chunk out of its place, of another message, or of a size that cannot be (DSP0274 1.3, 10.26).
    #[error("a chunk does not fit: {0}")]
    Chunk(&'static str),
    /// An error that cannot be in this place, or lacks what belongs to it (DSP0274 1.3, 10.11).
    #[error("{0} cannot be here")]
    ErrorInWrongPlace(ErrorCode),
    /// Not the answer of the vendor that was asked.
    #[error("another vendor answers")]
    Vendor,
}

/// Bytes of extended data that are kept of an ERROR (DSP0274 1.3, 10.11: 32 at the most).
const EXTENDED: usize = 32;

/// An ERROR from the peer, with all that it says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub code: ErrorCode,
    /// More about it, by the code.
    pub data: u8,
    extended: [u8; EXTENDED],
    length: usize,
}

impl Refusal {
    /// Extended data, with a transport's padding at its end.
    #[must_use]
    pub fn extended(&self) -> &[u8] {
        self.extended.get(..self.length).unwrap_or_default()
    }
}

impl From<ErrorMessage<'_>> for Refusal {
    fn from(message: ErrorMessage<'_>) -> Self {
        let mut extended = [0; EXTENDED];
        extended.iter_mut().zip(message.extended).for_each(|(to, from)| *to = *from);
        Self {
            code: message.code,
            data: message.data,
            extended,
            length: message.extended.len().min(EXTENDED),
        }
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.code.fmt(f)?;
        match (self.code, self.data) {
            (_, 0) => Ok(()),
            (ErrorCode::UNSUPPORTED_REQUEST, code) => write!(f, " ({})", Code(code)),
            (_, data) => write!(f, " ({data:#04x})"),
        }
    }
}

/// Why something was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The caller's mistake.
    #[error(transparent)]
    Misuse(#[from] Misuse),
    /// An answer that is malformed in itself.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// An answer to something else.
    #[error("{0} is no answer to it")]
    WrongResponse(Code),
    /// An answer in another version.
    #[error("the answer is of version {0:#04x}")]
    WrongVersion(u8),
    /// The peer does what is forbidden.
    #[error(transparent)]
    Violation(#[from] Violation),
    /// The signature does not fit what was said.
    #[error("the signature does not fit what was said")]
    WrongSignature,
    /// The peer refuses.
    #[error("the device refuses: {0}")]
    Refused(Refusal),
    /// The peer cannot do this.
    #[error("the device has no {0}")]
    Incapable(&'static str),
    /// There is no version that both speak.
    #[error("there is no version that both sides speak")]
    NoCommonVersion,
    /// There is no algorithm that both have.
    #[error("there is no {0} that both sides have")]
    NoCommonAlgorithm(&'static str),
    /// The peer put it off for too long.
    #[error("the device puts it off for too long")]
    PutOff,
    /// The peer's message is longer than what there is room for, and there is no need that it is.
    #[error("a message of {length} bytes does not fit into {room}")]
    TooLong {
        /// The message's length.
        length: u32,
        /// The room.
        room: u32,
    },
    /// The peer does not take a message as long as this one.
    #[error("the device does not take a message of {length} bytes")]
    PeerTakesLess {
        /// The message's length.
        length: u32,
    },
    /// There is no room for the request.
    #[error("no room for the request")]
    NoRoom,
    /// There is no randomness.
    #[error("the source of randomness failed")]
    NoRandomness,
    /// The provider does not have what it said it had.
    #[error("the crypto provider has no {0}")]
    NoHash(HashAlgorithm),
    /// The provider cannot check this signature.
    #[error("the crypto provider cannot check this signature")]
    NotVerifiable,
    /// The verify data does not fit what was said: who answers has other secrets, or has seen other messages.
    #[error("the verify data does not fit what was said")]
    WrongVerifyData,
    /// A record that does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A message that was not sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The key exchange came to nothing.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// The peer has no such session any more, and says so outside of it. Nobody vouches for that.
    #[error("the device has lost the session: {0}")]
    SessionLost(Refusal),
    /// The provider lacks a cipher or a hash that it said it had.
    #[error("the crypto provider lacks what the session needs")]
    NoSessionCrypto,
    /// This side's key did not sign.
    #[error("this side's key did not sign")]
    NotSigned,
}

impl From<NoRoom> for Reason {
    fn from(_: NoRoom) -> Self {
        Self::NoRoom
    }
}

impl From<Full> for Reason {
    fn from(_: Full) -> Self {
        Self::NoRoom
    }
}

impl Reason {
    /// Whether the peer could not open a record, or does not believe what proves a handshake.
    pub(crate) fn is_unopened(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.code == ErrorCode::DECRYPT_ERROR)
    }

    /// Whether the peer has refused, and both sides go on from where they were. Neither does who wants to begin anew,
    /// or has another version in mind.
    pub(crate) fn is_plain_refusal(&self) -> bool {
        let anew = [ErrorCode::REQUEST_RESYNCH, ErrorCode::VERSION_MISMATCH];
        matches!(self, Self::Refused(refusal) if !anew.contains(&refusal.code))
    }
}

/// What went wrong, at which step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    /// The request in work, or asked for.
    pub step: Request,
    /// Why.
    pub reason: Reason,
}

impl Error {
    /// Who is at fault.
    #[must_use]
    pub const fn blame(&self) -> Blame {
        match self.reason {
            Reason::Misuse(_) => Blame::Caller,
            Reason::Malformed(_)
            | Reason::WrongResponse(_)
            | Reason::WrongVersion(_)
            | Reason::Violation(_)
            | Reason::TooLong { .. }
            | Reason::WrongVerifyData
            | Reason::WrongSignature => Blame::Peer,
            Reason::Open(error) => error.blame(),
            Reason::Seal(error) => error.blame(),
            Reason::Exchange(ExchangeError::InvalidPeer) => Blame::Peer,
            Reason::Refused(_)
            | Reason::Incapable(_)
            | Reason::NoCommonVersion
            | Reason::NoCommonAlgorithm(_)
            | Reason::SessionLost(_)
            | Reason::PeerTakesLess { .. } => Blame::PeerCannot,
            Reason::PutOff => Blame::Time,
            Reason::NoRoom
            | Reason::NoRandomness
            | Reason::NoHash(_)
            | Reason::NotVerifiable
            | Reason::Exchange(_)
            | Reason::NoSessionCrypto
            | Reason::NotSigned => Blame::Here,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.step, self.reason)
    }
}

impl core::error::Error for Error {}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::string::ToString;

    use super::*;

    #[test]
    fn an_error_says_the_step_and_the_reason() {
        let message = ErrorMessage { code: ErrorCode::UNSUPPORTED_REQUEST, data: 0x83, extended: &[] };
        let error = Error { step: Request::Challenge, reason: Reason::Refused(message.into()) };
        assert_eq!(error.to_string(), "CHALLENGE: the device refuses: UnsupportedRequest (CHALLENGE)");
        assert_eq!(error.blame(), Blame::PeerCannot);
    }

    #[test]
    fn extended_data_reaches_the_caller_and_is_bounded() {
        let long = ErrorMessage { code: ErrorCode::VENDOR_DEFINED, data: 2, extended: &[7; 40] };
        assert_eq!(Refusal::from(long).extended(), [7; 32]);
        let short = ErrorMessage { extended: &[1, 2], ..long };
        assert_eq!(Refusal::from(short).extended(), [1, 2]);
    }
}
