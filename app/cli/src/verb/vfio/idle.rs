//! A function whose mailboxes nobody uses while it changes hands.

use std::time::Duration;

use lanewarden_inventory::{MailboxError, ScanError, Step, read_function};
use lanewarden_ipc::config::{Lock, Unlock};
use lanewarden_ipc::{CallError, Fault};
use lanewarden_linux::{DirectLock, Sysfs};
use lanewarden_pci::{Address, LockError, Machine, MailboxId};
use lanewarden_time::{Clock, Instant};

use crate::exit::{Exit, Failure};
use crate::reach::Reach;
use crate::remote::{Remote, not_carried};

/// How long those who use mailboxes of the function may take to end.
const PATIENCE: Duration = Duration::from_secs(2);
const INTERVAL: Duration = Duration::from_millis(20);
const HINT: &str = "`lanewarden status` shows who has what; end that first";

/// Mailboxes stay idle as long as this is there. A daemon lets others have its own after a second: by then the function has
/// been taken from its driver, and an exchange fails as it does on any device that goes.
pub enum Idle {
    /// The daemon keeps its clients waiting.
    Daemon { daemon: Box<Remote>, lock: Option<u64> },
    /// Programs that use mailboxes by themselves are kept out, and so is a daemon that starts.
    Alone { _locks: Vec<<Sysfs as Machine>::Lock>, _direct: Option<DirectLock> },
}

impl Drop for Idle {
    fn drop(&mut self) {
        if let Self::Daemon { daemon, lock: Some(lock) } = self {
            // It is over anyhow, if not now.
            let _ = daemon.call(&Unlock { lock: *lock });
        }
    }
}

/// Waits for those who use mailboxes of the function to end.
///
/// # Errors
/// [`Exit::Busy`] where they do not, with who has them.
pub fn idle(machine: &Sysfs, reach: Reach, address: Address) -> Result<Idle, Failure> {
    match reach {
        Reach::Daemon(daemon) => {
            let lock = locked(&daemon, address)?;
            Ok(Idle::Daemon { daemon, lock })
        }
        Reach::Alone { _lock } => Ok(Idle::Alone { _locks: locks(machine, address)?, _direct: _lock }),
    }
}

/// A function that the daemon does not know has no mailboxes.
fn locked(daemon: &Remote, address: Address) -> Result<Option<u64>, Failure> {
    let patience_ms = u64::try_from(PATIENCE.as_millis()).ok();
    match daemon.call(&Lock { address, generation: None, patience_ms }) {
        Ok(locked) => Ok(Some(locked.lock)),
        Err(CallError::Fault(Fault::Refused { refused, .. })) if refused.word == "gone" => Ok(None),
        Err(CallError::Fault(Fault::Refused { refused, process })) if refused.word == "busy" => {
            Err(in_use(address, process))
        }
        Err(error) => {
            let error = MailboxError::at(Step::Claim, not_carried(&error));
            let message = format!("the daemon does not give up the mailboxes of {address}: {error}");
            Err(Failure::new(error.class().into(), message).hint("ask who may: its policy says"))
        }
    }
}

fn in_use(address: Address, process: Option<u32>) -> Failure {
    let who = process.map_or_else(String::new, |process| format!(" by process {process}"));
    Failure::new(Exit::Busy, format!("mailboxes of {address} are in use{who}")).hint(HINT)
}

fn locks(machine: &Sysfs, address: Address) -> Result<Vec<<Sysfs as Machine>::Lock>, Failure> {
    let until = machine.now() + PATIENCE;
    let does = match read_function(machine, address) {
        // One that does not answer any more has none that could be used, and may be given back all the same.
        Err(ScanError::NotFound(_)) => Vec::new(),
        function => function?.does,
    };
    does.iter().map(|doe| lock(machine, MailboxId { address, offset: doe.offset }, until)).collect()
}

fn lock(machine: &Sysfs, mailbox: MailboxId, until: Instant) -> Result<<Sysfs as Machine>::Lock, Failure> {
    loop {
        match machine.try_lock(mailbox) {
            Err(LockError::Held(_)) if machine.now() < until => machine.wait_until(machine.now() + INTERVAL),
            Err(LockError::Held(process)) => return Err(in_use(mailbox.address, process)),
            Err(error @ LockError::Denied) => {
                return Err(Failure::new(Exit::Permission, format!("{mailbox}: {error}")).hint("run as root"));
            }
            Err(error) => return Err(Failure::new(Exit::Failure, format!("{mailbox}: {error}"))),
            Ok(lock) => return Ok(lock),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Row T21: without a daemon it is a program's lock that is waited for.
    #[test]
    fn a_program_that_has_a_mailbox_is_waited_for_and_named() {
        let root = tempfile::tempdir().unwrap();
        let address: Address = "0000:41:00.0".parse().unwrap();
        let function = root.path().join("sys/bus/pci/devices").join(address.to_string());
        fs::create_dir_all(&function).unwrap();
        fs::create_dir(root.path().join("run")).unwrap();
        let mut config = vec![0; 4096];
        // A function with one extended capability: DOE, version 1, the last one.
        config[..4].copy_from_slice(&[0x36, 0x1b, 0x10, 0]);
        config[0x100..0x104].copy_from_slice(&0x0001_002e_u32.to_le_bytes());
        fs::write(function.join("config"), config).unwrap();
        let (machine, other) = (Sysfs::at(root.path()), Sysfs::at(root.path()));
        let alone = || idle(&machine, Reach::Alone { _lock: None }, address);
        let lock = other.try_lock(MailboxId { address, offset: 0x100 }).unwrap();
        let failure = alone().err().unwrap();
        assert_eq!(failure.exit, Exit::Busy);
        assert!(failure.message.starts_with(&format!("mailboxes of {address} are in use")), "{failure:?}");
        drop(lock);
        let changing = alone().unwrap();
        assert!(other.try_lock(MailboxId { address, offset: 0x100 }).is_err());
        drop(changing);
    }
}
