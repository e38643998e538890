//! What an attestation came to.

use lanewarden_inventory::MailboxError;
use lanewarden_spdm::certificate::{ChainError, Distrust, IdentityError, Validity};
use lanewarden_spdm::message::Nonce;
use lanewarden_spdm::{Blame, Connection, Error, Reason};

use crate::facts::MeasurementFact;
use crate::session::SessionReport;

/// Why it went no further.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Failure {
    /// By what was said, or not said.
    #[error("{0}")]
    Spdm(Error),
    /// The chain of certificates cannot be read.
    #[error("certificate chain: {0}")]
    Chain(ChainError),
    /// The chain of certificates is not trusted.
    #[error("its certificate chain is not trusted: {0}")]
    Untrusted(Distrust),
    /// A session was wanted, and the mailbox carries none.
    #[error("its mailbox carries no secured messages")]
    NoSecured,
    /// The leaf's key does not make the signatures that were agreed on.
    #[error("the leaf's key does not make the signatures that were agreed on")]
    WrongKey,
    /// The slot that was asked for holds no chain, or none does.
    #[error("slot {0} holds no certificate chain")]
    NoChain(u8),
    /// The certificate is for another device.
    #[error("its certificate is not for this device: {0}")]
    NotThisDevice(IdentityError),
    /// The mailbox gave no answer.
    #[error("{0}")]
    Mailbox(MailboxError),
    /// What carries messages failed.
    #[error("{0}")]
    Transport(String),
}

/// The kinds of outcome that a caller tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// All is well.
    Ok,
    /// What was shown does not convince.
    Unverified,
    /// The device broke the protocol.
    Protocol,
    /// It did not answer in time.
    Device,
    /// This side failed.
    Failure,
    /// As the mailbox says.
    Mailbox(lanewarden_inventory::Class),
}

/// The verdict.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It has proved who it is, and is trusted.
    Trusted,
    /// It is not trusted, and why.
    Refused(String),
    /// It cannot prove anything, and why.
    CannotAttest(String),
}

impl Verdict {
    /// As it stands in JSON.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::Refused(_) => "refused",
            Self::CannotAttest(_) => "cannot_attest",
        }
    }

    /// Why, where it is not trusted.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Trusted => None,
            Self::Refused(reason) | Self::CannotAttest(reason) => Some(reason),
        }
    }
}

/// The chain.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChainReport {
    /// Why it is not trusted.
    pub distrust: Vec<Distrust>,
    /// When all of it is valid.
    pub validity: Option<Validity>,
    /// The name the leaf claims, escaped nowhere.
    pub claimed: Option<String>,
    /// Whether it was trusted before, and not looked at again.
    pub is_remembered: bool,
    /// Its bytes, where they were read.
    pub bytes: Vec<u8>,
}

/// What the device proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The nonce it was given.
    pub requester_nonce: Nonce,
    /// Its own.
    pub responder_nonce: Nonce,
}

/// The measurements.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MeasurementReport {
    /// Whether they are signed.
    pub is_signed: bool,
    /// The record, byte for byte.
    pub record: Vec<u8>,
    /// The same, read.
    pub blocks: Vec<MeasurementFact>,
    /// Whether they are those whose summary was signed before; `None` where there was none.
    pub fits_summary: Option<bool>,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// What was agreed on.
    pub connection: Option<Connection>,
    /// The slot.
    pub slot: u8,
    /// The chain.
    pub chain: Option<ChainReport>,
    /// Whether the leaf is for this device; `None` where that was not asked.
    pub identity: Option<Result<(), IdentityError>>,
    /// That the device holds the leaf's key.
    pub proof: Option<Proof>,
    /// The session in which it was asked what it runs, where there was one.
    pub session: Option<SessionReport>,
    /// What it says it runs.
    pub measurements: Option<MeasurementReport>,
    /// Why it went no further.
    pub failure: Option<Failure>,
}

impl Report {
    /// What it comes to.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if let Some(failure) = &self.failure {
            return failure.verdict();
        }
        if self.proof.is_none() {
            return Verdict::CannotAttest("it was not asked to prove anything".into());
        }
        let distrust = self.chain.iter().flat_map(|chain| &chain.distrust).map(ToString::to_string).next();
        let identity = self
            .identity
            .and_then(Result::err)
            .map(|error| format!("its certificate is not for this device: {error}"));
        let measured = self.measurements.as_ref().and_then(|measured| measured.fits_summary);
        let changed = (measured == Some(false))
            .then(|| "its measurements are not those whose summary it signed".to_owned());
        let reason = distrust.or(identity).or(changed);
        reason.map_or(Verdict::Trusted, Verdict::Refused)
    }

    /// Which kind of outcome it is.
    #[must_use]
    pub fn class(&self) -> Class {
        match (&self.failure, self.verdict()) {
            (Some(failure), _) => failure.class(),
            (None, Verdict::Trusted) => Class::Ok,
            (None, _) => Class::Unverified,
        }
    }
}

impl Failure {
    fn verdict(&self) -> Verdict {
        let is_refused = match self {
            Self::Spdm(error) => error.blame() == Blame::Peer,
            Self::Chain(error) => !matches!(error, ChainError::NoRoom { .. } | ChainError::TooLong { .. }),
            Self::Untrusted(_) | Self::WrongKey | Self::NotThisDevice(_) => true,
            Self::NoSecured | Self::NoChain(_) | Self::Mailbox(_) | Self::Transport(_) => false,
        };
        let reason = self.to_string();
        if is_refused { Verdict::Refused(reason) } else { Verdict::CannotAttest(reason) }
    }

    /// Which kind of outcome it is.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Spdm(Error { reason: Reason::WrongSignature | Reason::WrongVerifyData, .. })
            | Self::Untrusted(_)
            | Self::NoSecured
            | Self::NotThisDevice(_)
            | Self::WrongKey
            | Self::NoChain(_) => Class::Unverified,
            Self::Spdm(error) => match error.blame() {
                Blame::Peer => Class::Protocol,
                Blame::PeerCannot => Class::Unverified,
                Blame::Time => Class::Device,
                Blame::Caller | Blame::Here => Class::Failure,
            },
            Self::Chain(ChainError::NoRoom { .. } | ChainError::TooLong { .. }) => Class::Failure,
            Self::Chain(_) => Class::Protocol,
            Self::Mailbox(error) => Class::Mailbox(error.class()),
            Self::Transport(_) => Class::Device,
        }
    }
}
