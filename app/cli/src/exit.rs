//! Exit codes, and the failures that lead to them.

mod advice;
mod vfio;

use std::fmt;

use lanewarden_doe::{Doe, NotCarried};
use lanewarden_inventory::{Class, MailboxError, MailboxReport, ScanError, Step};
use lanewarden_pci::MailboxId;

/// The exit codes. Frozen: scripts rely on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All went well.
    Ok = 0,
    /// A failure of another kind.
    Failure = 1,
    /// The command line is wrong. clap uses the same code.
    Usage = 2,
    /// There is no such device, mailbox or file.
    NotFound = 3,
    /// No permission, or forbidden by kernel lockdown.
    Permission = 4,
    /// What a device or its evidence shows does not convince.
    Unverified = 5,
    /// A policy forbids it.
    Refused = 6,
    /// The device, or its mailbox, timed out or is dead.
    Device = 7,
    /// Someone else uses it.
    Busy = 8,
    /// The peer broke the protocol, or a file is not what it should be.
    Protocol = 9,
}

impl Exit {
    /// Where many devices were asked, the first of these that applies to one of them is the code of the whole.
    const ORDER: [Self; 8] = [
        Self::Protocol,
        Self::Unverified,
        Self::Refused,
        Self::Device,
        Self::Busy,
        Self::Permission,
        Self::NotFound,
        Self::Failure,
    ];

    /// The code for a whole, given those of its parts.
    pub fn of_all(parts: impl IntoIterator<Item = Self>) -> Self {
        let parts: Vec<Self> = parts.into_iter().collect();
        Self::ORDER.into_iter().find(|code| parts.contains(code)).unwrap_or(Self::Ok)
    }
}

impl From<Class> for Exit {
    fn from(class: Class) -> Self {
        match class {
            Class::Failure => Self::Failure,
            Class::NotFound => Self::NotFound,
            Class::Permission => Self::Permission,
            Class::Policy => Self::Refused,
            Class::Device => Self::Device,
            Class::Busy => Self::Busy,
            Class::Protocol => Self::Protocol,
        }
    }
}

impl From<lanewarden_attestation::Class> for Exit {
    fn from(class: lanewarden_attestation::Class) -> Self {
        use lanewarden_attestation::Class as Outcome;
        match class {
            Outcome::Ok => Self::Ok,
            Outcome::Unverified => Self::Unverified,
            Outcome::Protocol => Self::Protocol,
            Outcome::Device => Self::Device,
            Outcome::Failure => Self::Failure,
            Outcome::Mailbox(class) => class.into(),
        }
    }
}

/// Why a verb failed: what the user reads, and what a script reads.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What failed, on which device and step.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure without advice.
    pub fn new(exit: Exit, message: impl fmt::Display) -> Self {
        Self { exit, message: message.to_string(), hint: None }
    }

    /// The same with advice.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The same with advice where there is some.
    fn hint_if(self, hint: Option<impl Into<String>>) -> Self {
        match hint {
            Some(hint) => self.hint(hint),
            None => self,
        }
    }

    /// A mailbox whose report has an error; `None` where it has none.
    pub fn of_report(report: &MailboxReport) -> Option<Self> {
        let error = report.error()?;
        let failure = Self::new(error.class().into(), format!("{}: {error}", report.id));
        Some(failure.hint_if(advice::mailbox(report, error)))
    }

    /// A mailbox that was not to be had, or was lost.
    pub fn of_claim(id: MailboxId, capability: Doe, error: NotCarried) -> Self {
        let error = MailboxError::at(Step::Claim, error);
        let failure = Self::new(error.class().into(), format!("{id}: {error}"));
        failure.hint_if(advice::mailbox(&MailboxReport::new(id, capability), &error))
    }

    /// A file that could not be read or written.
    pub fn file(path: &std::path::Path, doing: &str, error: &std::io::Error) -> Self {
        let exit = match error.kind() {
            std::io::ErrorKind::NotFound => Exit::NotFound,
            std::io::ErrorKind::PermissionDenied => Exit::Permission,
            _ => Exit::Failure,
        };
        let name = match (path.to_str(), doing) {
            (Some("-"), "read") => "standard input".into(),
            (Some("-"), _) => "standard output".into(),
            _ => path.display().to_string(),
        };
        let failure = Self::new(exit, format!("cannot {doing} {name}: {error}"));
        failure.hint_if(advice::file(doing, error.kind()))
    }
}

impl From<ScanError> for Failure {
    fn from(error: ScanError) -> Self {
        let (class, hint) = match error {
            ScanError::NotFound(_) => (
                Class::NotFound,
                Some("`lanewarden list` shows every function; one that is powered off is not there"),
            ),
            ScanError::List(access) | ScanError::Read(_, access) => {
                (Class::of(access), advice::access(access))
            }
        };
        Self { exit: class.into(), message: error.to_string(), hint: hint.map(Into::into) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_part_decides_in_the_frozen_order() {
        use Exit::{Busy, Device, Ok, Permission, Protocol, Refused};
        assert_eq!(Exit::of_all([]), Ok);
        assert_eq!(Exit::of_all([Ok, Permission, Busy, Device, Protocol]), Protocol);
        assert_eq!(Exit::of_all([Permission, Device, Refused, Ok]), Refused);
        assert_eq!(Exit::of_all([Permission, Busy, Device, Ok]), Device);
        assert_eq!(Exit::of_all([Ok, Permission, Busy]), Busy);
        assert_eq!(Exit::of_all([Ok, Permission]), Permission);
    }
}
