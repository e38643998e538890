//! What the daemon's refusals are to somebody who might as well have reached the mailbox without it.

use lanewarden_doe::{Declined, Error, Holder, NotCarried, Phase};
use lanewarden_ipc::{CallError, Fault};
use lanewarden_pci::{AccessError, LockError};

/// ECONNRESET, for a daemon that was there and is not.
const LOST: i32 = 104;
/// EIO, for one that says what makes no sense.
const SENSELESS: i32 = 5;

/// Of a call that only looks.
pub fn access(error: &CallError) -> AccessError {
    match error {
        CallError::Fault(Fault::Access(access)) => *access,
        CallError::Fault(Fault::PermissionDenied) => AccessError::Refused,
        CallError::Fault(Fault::Refused { refused, .. }) => match refused.word {
            "gone" => AccessError::Gone,
            "denied" => AccessError::Refused,
            _ => AccessError::System(SENSELESS),
        },
        CallError::Fault(_) => AccessError::System(SENSELESS),
        CallError::Frame(_) | CallError::Closed => AccessError::System(LOST),
    }
}

/// Whether the daemon has too many connections, or too many of this user's.
pub fn is_crowded(error: &CallError) -> bool {
    let CallError::Fault(Fault::Refused { refused, .. }) = error else { return false };
    refused.word == "denied" && refused.why.as_deref() == Some("clients")
}

/// Of a claim or an exchange.
pub fn not_carried(error: &CallError) -> NotCarried {
    let fault = match error {
        CallError::Fault(fault) => fault,
        CallError::Frame(_) | CallError::Closed => return Declined::Failed(error.to_string()).into(),
    };
    match fault {
        Fault::Refused { refused, process } => {
            let words = words(&refused.message);
            let why = refused.why.as_deref();
            match refused.word {
                "busy" => busy(why, *process, words),
                "preempted" | "cancelled" => Declined::Preempted(words).into(),
                "dead" => Error::Dead.into(),
                "denied" => denied(why, words),
                "gone" => access_error(AccessError::Gone),
                _ => refused.failure.map_or_else(|| Declined::Failed(words).into(), Into::into),
            }
        }
        Fault::Access(access) => access_error(*access),
        Fault::PermissionDenied => Declined::Policy(fault.to_string()).into(),
        _ => Declined::Failed(fault.to_string()).into(),
    }
}

/// Another program has the mailbox, as with the lock; an agent that is none of ours, as at the mailbox itself.
fn busy(why: Option<&str>, process: Option<u32>, words: String) -> NotCarried {
    match why {
        Some("waited") => LockError::Held(process).into(),
        Some("busy_bit") => Error::Blocked(Holder::Busy).into(),
        Some("unread_answer") => Error::Blocked(Holder::UnreadAnswer).into(),
        _ => Declined::Busy(words).into(),
    }
}

fn denied(why: Option<&str>, words: String) -> NotCarried {
    match why {
        // Ours were made with a claim: it was lost.
        Some("unclaimed") => Declined::Preempted("the claim on the mailbox was lost".to_owned()).into(),
        Some("permission" | "gate") => Declined::Policy(words).into(),
        Some("clients") => Declined::Busy(words).into(),
        _ => Declined::Failed(words).into(),
    }
}

fn access_error(source: AccessError) -> NotCarried {
    Error::Access { phase: Phase::Begin, source }.into()
}

/// A refusal's words without its kind, which is told in other words here.
fn words(message: &str) -> String {
    let kinds = ["busy: ", "preempted: ", "denied: "];
    kinds.iter().find_map(|kind| message.strip_prefix(kind)).unwrap_or(message).to_owned()
}

#[cfg(test)]
mod tests {
    use lanewarden_inventory::{MailboxError, Step};

    use super::*;
    use crate::exit::Exit;

    fn fault(name: &str, parameters: &str) -> CallError {
        CallError::Fault(Fault::read(&format!("org.lanewarden.Mailbox1.{name}"), parameters))
    }

    fn exit(name: &str, parameters: &str) -> (Exit, String) {
        let error = MailboxError::at(Step::Claim, not_carried(&fault(name, parameters)));
        (error.class().into(), error.to_string())
    }

    /// Each kind of refusal ends as what it stands for ends without a daemon.
    #[test]
    fn a_refusal_has_the_exit_code_of_what_it_stands_for() {
        let busy =
            |why: &str| exit("Busy", &format!(r#"{{"message":"busy: x","why":"{why}","process":42}}"#));
        assert_eq!(busy("waited"), (Exit::Busy, "locked by another process (process 42)".into()));
        assert_eq!(busy("detached"), (Exit::Busy, "claim: busy: x".into()));
        assert_eq!(busy("unread_answer").0, Exit::Busy);
        assert_eq!(exit("Preempted", r#"{"message":"preempted: y","why":"turn"}"#).0, Exit::Busy);
        assert_eq!(exit("Cancelled", r#"{"message":"cancelled"}"#).0, Exit::Busy);
        assert_eq!(exit("Dead", r#"{"message":"the mailbox is dead"}"#).0, Exit::Device);
        assert_eq!(exit("Gone", r#"{"message":"the device is gone"}"#).0, Exit::NotFound);
        let denied = |why: &str| exit("Denied", &format!(r#"{{"message":"denied: no","why":"{why}"}}"#));
        assert_eq!(denied("permission"), (Exit::Refused, "claim: refused by policy: no".into()));
        assert_eq!(denied("gate").0, Exit::Refused);
        assert_eq!(denied("unclaimed").0, Exit::Busy);
        let failed =
            |kind: &str| exit("Failed", &format!(r#"{{"message":"m","failure":{{"kind":"{kind}"}}}}"#));
        assert_eq!(failed("timeout").0, Exit::Device);
        assert_eq!(failed("overrun").0, Exit::Protocol);
        assert_eq!(failed("unheard of"), (Exit::Failure, "claim: m".into()));
    }

    #[test]
    fn a_daemon_that_breaks_off_is_no_device_that_does() {
        let error = MailboxError::at(Step::Claim, not_carried(&CallError::Closed));
        assert_eq!(Exit::from(error.class()), Exit::Failure);
        assert_eq!(access(&CallError::Closed), AccessError::System(104));
    }
}
