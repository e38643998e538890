//! Errors, as they stand in messages, and as they were.

mod failure;

use lanewarden_broker::{Busy, Denial, Loss, Refusal};
use lanewarden_doe::Holder;
use lanewarden_pci::AccessError;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

pub use failure::Failure;

/// Why a call was refused or failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The broker refuses it, or the exchange failed.
    #[error("{refused}{}", Process(*.process))]
    Refused {
        /// How.
        refused: Refused,
        /// The process that has the mailbox.
        process: Option<u32>,
    },
    /// Configuration space could not be read or written.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// There is no lock by this name.
    #[error("the lock is not held any more")]
    NotLocked,
    /// No session was opened, or a request in it failed.
    #[error("{0}")]
    NotDone(String),
    /// There is no such session any more.
    #[error("{0}")]
    SessionEnded(String),
    /// The user may not call this.
    #[error("no permission")]
    PermissionDenied,
    /// There is no such method.
    #[error("the daemon has no method {0}")]
    MethodNotFound(String),
    /// There is no such interface.
    #[error("the daemon has no interface {0}")]
    InterfaceNotFound(String),
    /// A parameter is missing or not what it should be.
    #[error("a parameter is wrong: {0}")]
    InvalidParameter(String),
    /// An error that is not known here.
    #[error("the daemon says {0}")]
    Unknown(String),
}

/// A refusal as the daemon tells it: [`Refusal`], but for the names of clients, which are numbers here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    /// `busy`, `preempted`, `cancelled`, `dead`, `denied`, `gone` or `failed`.
    pub word: &'static str,
    /// For people.
    pub message: String,
    /// What belongs to the word.
    pub why: Option<String>,
    /// The client that has the mailbox.
    pub client: Option<u64>,
    /// How an exchange failed.
    pub failure: Option<lanewarden_doe::Error>,
}

struct Process(Option<u32>);

impl std::fmt::Display for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.map_or(Ok(()), |process| write!(f, " (process {process})"))
    }
}

/// The refusals, by the name of their error.
const REFUSALS: [(&str, &str); 7] = [
    ("busy", "org.lanewarden.Mailbox1.Busy"),
    ("preempted", "org.lanewarden.Mailbox1.Preempted"),
    ("cancelled", "org.lanewarden.Mailbox1.Cancelled"),
    ("dead", "org.lanewarden.Mailbox1.Dead"),
    ("denied", "org.lanewarden.Mailbox1.Denied"),
    ("gone", "org.lanewarden.Mailbox1.Gone"),
    ("failed", "org.lanewarden.Mailbox1.Failed"),
];
const ACCESS: &str = "org.lanewarden.Machine1.Access";
const NOT_LOCKED: &str = "org.lanewarden.Config1.NotLocked";
const NOT_DONE: &str = "org.lanewarden.Session1.NotDone";
const ENDED: &str = "org.lanewarden.Session1.Ended";
const PERMISSION_DENIED: &str = "org.varlink.service.PermissionDenied";
const METHOD_NOT_FOUND: &str = "org.varlink.service.MethodNotFound";
const INTERFACE_NOT_FOUND: &str = "org.varlink.service.InterfaceNotFound";
const INVALID_PARAMETER: &str = "org.varlink.service.InvalidParameter";

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let (why, client) = match refusal {
            Refusal::Busy(busy) => {
                let (why, client) = of_busy(busy);
                (Some(why), client)
            }
            Refusal::Preempted(loss) => (Some(of_loss(loss)), None),
            Refusal::Denied(denial) => (Some(of_denial(denial)), None),
            Refusal::Cancelled | Refusal::Dead | Refusal::Gone | Refusal::Failed(_) => (None, None),
        };
        let failure = if let Refusal::Failed(error) = refusal { Some(error) } else { None };
        Self {
            word: refusal.word(),
            message: refusal.to_string(),
            why: why.map(ToOwned::to_owned),
            client,
            failure,
        }
    }
}

fn of_busy(busy: Busy) -> (&'static str, Option<u64>) {
    match busy {
        Busy::Waited(owner) => ("waited", owner.map(lanewarden_broker::ClientId::number)),
        Busy::Detached(owner) => ("detached", Some(owner.number())),
        Busy::OtherAgent(Holder::Busy) => ("busy_bit", None),
        Busy::OtherAgent(Holder::UnreadAnswer) => ("unread_answer", None),
        Busy::Firmware => ("firmware", None),
        Busy::Requests => ("requests", None),
        Busy::Bytes => ("bytes", None),
        Busy::Uncollected => ("uncollected", None),
    }
}

fn of_loss(loss: Loss) -> &'static str {
    match loss {
        Loss::Urgent => "urgent",
        Loss::Detached => "detached",
        Loss::Silent => "silent",
        Loss::Turn => "turn",
        Loss::Uncollected => "uncollected",
        Loss::Dead => "dead",
        Loss::Gone => "gone",
    }
}

fn of_denial(denial: Denial) -> &'static str {
    match denial {
        Denial::Permission => "permission",
        Denial::Gate => "gate",
        Denial::Unclaimed => "unclaimed",
        Denial::AlreadyHeld => "already_held",
        Denial::Unknown => "unknown",
        Denial::Clients => "clients",
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused { refused: refusal.into(), process: None }
    }
}

/// The parameters of any error here.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Parameters {
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    process: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interface: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<String>,
}

impl Fault {
    fn parts(&self) -> (&str, Parameters) {
        let none = Parameters::default();
        match self {
            Self::Refused { refused, process } => {
                let name = REFUSALS.iter().find(|(word, _)| *word == refused.word);
                let parameters = Parameters {
                    message: Some(refused.message.clone()),
                    why: refused.why.clone(),
                    client: refused.client,
                    process: *process,
                    failure: refused.failure.map(Into::into),
                    ..none
                };
                (name.map_or("", |(_, name)| name), parameters)
            }
            Self::Access(error) => {
                let failure::Access { kind, offset, number } = (*error).into();
                (ACCESS, Parameters { kind: Some(kind.to_owned()), offset, number, ..none })
            }
            Self::NotLocked => (NOT_LOCKED, none),
            Self::NotDone(message) => (NOT_DONE, Parameters { message: Some(message.clone()), ..none }),
            Self::SessionEnded(message) => (ENDED, Parameters { message: Some(message.clone()), ..none }),
            Self::PermissionDenied => (PERMISSION_DENIED, none),
            Self::MethodNotFound(name) => {
                (METHOD_NOT_FOUND, Parameters { method: Some(name.clone()), ..none })
            }
            Self::InterfaceNotFound(name) => {
                (INTERFACE_NOT_FOUND, Parameters { interface: Some(name.clone()), ..none })
            }
            Self::InvalidParameter(name) => {
                (INVALID_PARAMETER, Parameters { parameter: Some(name.clone()), ..none })
            }
            Self::Unknown(name) => (name, none),
        }
    }

    /// The error of this name with these parameters.
    #[must_use]
    pub fn read(name: &str, parameters: &str) -> Self {
        let parameters: Parameters = serde_json::from_str(parameters).unwrap_or_default();
        let refused = REFUSALS.iter().find(|(_, known)| *known == name).map(|(word, _)| *word);
        match (name, parameters) {
            (_, Parameters { message, why, client, process, failure, .. }) if refused.is_some() => {
                let word = refused.unwrap_or_default();
                let failure = failure.and_then(|failure| lanewarden_doe::Error::try_from(failure).ok());
                let message = message.unwrap_or_else(|| word.to_owned());
                Self::Refused { refused: Refused { word, message, why, client, failure }, process }
            }
            (ACCESS, Parameters { kind: Some(kind), offset, number, .. }) => {
                let access = failure::Access { kind: &kind, offset, number };
                access.try_into().map_or_else(|()| Self::Unknown(name.to_owned()), Self::Access)
            }
            (NOT_LOCKED, _) => Self::NotLocked,
            (NOT_DONE, Parameters { message, .. }) => Self::NotDone(message.unwrap_or_default()),
            (ENDED, Parameters { message, .. }) => Self::SessionEnded(message.unwrap_or_default()),
            (PERMISSION_DENIED, _) => Self::PermissionDenied,
            (METHOD_NOT_FOUND, Parameters { method, .. }) => Self::MethodNotFound(method.unwrap_or_default()),
            (INTERFACE_NOT_FOUND, Parameters { interface, .. }) => {
                Self::InterfaceNotFound(interface.unwrap_or_default())
            }
            (INVALID_PARAMETER, Parameters { parameter, .. }) => {
                Self::InvalidParameter(parameter.unwrap_or_default())
            }
            (name, _) => Self::Unknown(name.to_owned()),
        }
    }
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (name, parameters) = self.parts();
        let mut fault = serializer.serialize_struct("Fault", 2)?;
        fault.serialize_field("error", name)?;
        fault.serialize_field("parameters", &parameters)?;
        fault.end()
    }
}
