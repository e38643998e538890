//! Exit codes, and the failures that lead to them.

use std::fmt;

use lanewarden_inventory::{Class, MailboxError, MailboxReport, ScanError};
use lanewarden_pci::{AccessError, Claim, LockError};

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
    /// The device, or its mailbox, timed out or is dead.
    Device = 7,
    /// Someone else uses it.
    Busy = 8,
    /// The peer broke the protocol.
    Protocol = 9,
}

impl Exit {
    /// Where many devices were asked, the first of these that applies to one of them is the code of the whole.
    const ORDER: [Self; 6] =
        [Self::Protocol, Self::Device, Self::Busy, Self::Permission, Self::NotFound, Self::Failure];

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
            Class::Device => Self::Device,
            Class::Busy => Self::Busy,
            Class::Protocol => Self::Protocol,
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

    /// A mailbox whose report has an error; `None` where it has none.
    pub fn of_report(report: &MailboxReport) -> Option<Self> {
        let failure = Self::mailbox(report.id, report.error()?);
        let dead = "its abort did not finish either: only a reset of the device brings the mailbox back";
        Some(if report.dead { failure.hint(dead) } else { failure })
    }

    fn mailbox(id: impl fmt::Display, error: &MailboxError) -> Self {
        let failure = Self::new(error.class().into(), format!("{id}: {error}"));
        match advice(error) {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }

    /// A file that could not be read or written.
    pub fn file(path: &std::path::Path, doing: &str, error: &std::io::Error) -> Self {
        let exit = match error.kind() {
            std::io::ErrorKind::NotFound => Exit::NotFound,
            std::io::ErrorKind::PermissionDenied => Exit::Permission,
            _ => Exit::Failure,
        };
        Self::new(exit, format!("cannot {doing} {}: {error}", path.display()))
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
                (Class::of(access), access_advice(access))
            }
        };
        Self { exit: class.into(), message: error.to_string(), hint: hint.map(Into::into) }
    }
}

/// What helps against an error of a mailbox.
pub fn advice(error: &MailboxError) -> Option<&'static str> {
    Some(match error {
        MailboxError::InUse(Claim::CxlObject(_)) => {
            "the kernel publishes its own copy of the table (`cxl cdat --from /sys/bus/cxl/devices/.../CDAT`); \
             --unsafe-shared uses the mailbox all the same, at the risk of mixing up the kernel's exchanges with ours"
        }
        MailboxError::InUse(_) => {
            "unbind the driver, or use --unsafe-shared, at the risk of mixing up the kernel's exchanges with ours"
        }
        MailboxError::Lock(LockError::Held(_)) => {
            "another lanewarden uses the mailbox; try again when it has ended"
        }
        MailboxError::Lock(LockError::Unsafe) => {
            "/run/lanewarden must belong to root and be closed to others; remove what is there and try again"
        }
        MailboxError::Lock(LockError::Denied) => "mailboxes are used with configuration writes: run as root",
        MailboxError::Open(access) => return access_advice(*access),
        MailboxError::Exchange { source, .. } => return exchange_advice(source),
        MailboxError::Table(_) | MailboxError::KernelTable(_) => {
            "the device or its firmware is at fault; `cxl cdat -v` shows what could be read"
        }
        MailboxError::Lock(LockError::System(_)) | MailboxError::Discovery(_) => return None,
    })
}

fn exchange_advice(error: &lanewarden_doe::Error) -> Option<&'static str> {
    use lanewarden_doe::Error;
    Some(match error {
        Error::Access { source, .. } => return access_advice(*source),
        Error::Blocked(_) => {
            "firmware, a management controller or the kernel has the mailbox; it was left untouched, try again later"
        }
        Error::Timeout => {
            "the mailbox was aborted; a device that speaks the protocol answers within a second"
        }
        Error::Dead => "only a reset of the device brings the mailbox back",
        _ => return None,
    })
}

fn access_advice(error: AccessError) -> Option<&'static str> {
    Some(match error {
        AccessError::Gone => "the device was removed or has lost power",
        AccessError::Denied => "configuration space beyond its header is for root: run as root",
        AccessError::Lockdown => {
            "kernel lockdown forbids writing configuration space, even to root; mailboxes cannot be used until the \
             machine is booted without it (often: without Secure Boot, or without lockdown= on the command line)"
        }
        AccessError::Claimed => "the kernel uses the mailbox; see --unsafe-shared",
        AccessError::OutOfRange(_) | AccessError::System(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_part_decides_in_the_frozen_order() {
        use Exit::{Busy, Device, Ok, Permission, Protocol};
        assert_eq!(Exit::of_all([]), Ok);
        assert_eq!(Exit::of_all([Ok, Permission, Busy, Device, Protocol]), Protocol);
        assert_eq!(Exit::of_all([Permission, Busy, Device, Ok]), Device);
        assert_eq!(Exit::of_all([Ok, Permission, Busy]), Busy);
        assert_eq!(Exit::of_all([Ok, Permission]), Permission);
    }
}
