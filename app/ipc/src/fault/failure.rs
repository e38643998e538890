//! How an exchange or an access failed, as it stands in messages.

use lanewarden_doe::{Error, Holder, Phase, Protocol};
use lanewarden_pci::AccessError;
use serde::{Deserialize, Serialize};

/// How an exchange failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// In one word.
    pub kind: String,
    /// `begin`, `write`, `await`, `read` or `abort`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// `busy` or `unread_answer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// How configuration space could not be reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<String>,
    /// Which register could not be reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u16>,
    /// The operating system's error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<i32>,
    /// A connection, or a protocol as vendor * 256 + type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<u32>,
    /// As `expected`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<u32>,
    /// Bytes that came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<usize>,
    /// Bytes that there was room for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<usize>,
}

/// How an access did not happen.
pub struct Access<'a> {
    /// In one word.
    pub kind: &'a str,
    /// Which register.
    pub offset: Option<u16>,
    /// The operating system's error.
    pub number: Option<i32>,
}

impl From<AccessError> for Access<'static> {
    fn from(error: AccessError) -> Self {
        let (kind, offset, number) = match error {
            AccessError::Gone => ("gone", None, None),
            AccessError::Denied => ("denied", None, None),
            AccessError::Lockdown => ("lockdown", None, None),
            AccessError::Refused => ("refused", None, None),
            AccessError::Claimed => ("claimed", None, None),
            AccessError::OutOfRange(offset) => ("out_of_range", Some(offset), None),
            AccessError::System(number) => ("system", None, Some(number)),
        };
        Self { kind, offset, number }
    }
}

impl TryFrom<Access<'_>> for AccessError {
    type Error = ();

    fn try_from(access: Access<'_>) -> Result<Self, ()> {
        Ok(match access {
            Access { kind: "gone", .. } => Self::Gone,
            Access { kind: "denied", .. } => Self::Denied,
            Access { kind: "lockdown", .. } => Self::Lockdown,
            Access { kind: "refused", .. } => Self::Refused,
            Access { kind: "claimed", .. } => Self::Claimed,
            Access { kind: "out_of_range", offset: Some(offset), .. } => Self::OutOfRange(offset),
            Access { kind: "system", number: Some(number), .. } => Self::System(number),
            _ => return Err(()),
        })
    }
}

const PHASES: [(Phase, &str); 5] = [
    (Phase::Begin, "begin"),
    (Phase::Write, "write"),
    (Phase::Await, "await"),
    (Phase::Read, "read"),
    (Phase::Abort, "abort"),
];
const HOLDERS: [(Holder, &str); 2] = [(Holder::Busy, "busy"), (Holder::UnreadAnswer, "unread_answer")];

fn word<T: PartialEq>(words: &[(T, &'static str)], value: &T) -> Option<String> {
    words.iter().find(|(known, _)| known == value).map(|(_, word)| (*word).to_owned())
}

fn value<T: Copy>(words: &[(T, &'static str)], word: Option<&str>) -> Option<T> {
    words.iter().find(|(_, known)| Some(*known) == word).map(|(value, _)| *value)
}

fn number(protocol: Protocol) -> u32 {
    u32::from(protocol.vendor) << 8 | u32::from(protocol.kind)
}

fn protocol(number: u32) -> Option<Protocol> {
    let [high, vendor_high, vendor_low, kind] = number.to_be_bytes();
    (high == 0).then(|| Protocol::new(u16::from_be_bytes([vendor_high, vendor_low]), kind))
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let named = |kind: &str| Self { kind: kind.to_owned(), ..Self::default() };
        match error {
            Error::Misuse(_) => named("misuse"),
            Error::Access { phase, source } => {
                let Access { kind, offset, number } = source.into();
                let (phase, access) = (word(&PHASES, &phase), Some(kind.to_owned()));
                Self { phase, access, offset, number, ..named("access") }
            }
            Error::Blocked(holder) => Self { holder: word(&HOLDERS, &holder), ..named("blocked") },
            Error::Faulted(phase) => Self { phase: word(&PHASES, &phase), ..named("faulted") },
            Error::Timeout => named("timeout"),
            Error::WrongProtocol { expected, seen } => {
                let (expected, seen) = (Some(number(expected)), Some(number(seen)));
                Self { expected, seen, ..named("wrong_protocol") }
            }
            Error::WrongConnection { expected, seen } => {
                let (expected, seen) = (Some(expected.into()), Some(seen.into()));
                Self { expected, seen, ..named("wrong_connection") }
            }
            Error::BadLength => named("bad_length"),
            Error::TooLong { length, room } => {
                Self { length: Some(length), room: Some(room), ..named("too_long") }
            }
            Error::Truncated => named("truncated"),
            Error::Overrun => named("overrun"),
            Error::Cancelled => named("cancelled"),
            Error::Dead => named("dead"),
        }
    }
}

impl TryFrom<Failure> for Error {
    /// What is not known here.
    type Error = Failure;

    fn try_from(failure: Failure) -> Result<Self, Failure> {
        read(&failure).ok_or(failure)
    }
}

fn read(failure: &Failure) -> Option<Error> {
    let phase = || value(&PHASES, failure.phase.as_deref());
    let connection = |number: Option<u32>| number.and_then(|number| u16::try_from(number).ok());
    Some(match failure.kind.as_str() {
        "access" => {
            let Failure { offset, number, .. } = *failure;
            let access = Access { kind: failure.access.as_deref()?, offset, number };
            Error::Access { phase: phase()?, source: access.try_into().ok()? }
        }
        "blocked" => Error::Blocked(value(&HOLDERS, failure.holder.as_deref())?),
        "faulted" => Error::Faulted(phase()?),
        "timeout" => Error::Timeout,
        "wrong_protocol" => Error::WrongProtocol {
            expected: failure.expected.and_then(protocol)?,
            seen: failure.seen.and_then(protocol)?,
        },
        "wrong_connection" => Error::WrongConnection {
            expected: connection(failure.expected)?,
            seen: connection(failure.seen)?,
        },
        "bad_length" => Error::BadLength,
        "too_long" => Error::TooLong { length: failure.length?, room: failure.room? },
        "truncated" => Error::Truncated,
        "overrun" => Error::Overrun,
        "cancelled" => Error::Cancelled,
        "dead" => Error::Dead,
        _ => return None,
    })
}
