//! How a verb reaches mailboxes: through a daemon, or by itself.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use lanewarden_inventory::{MailboxError, Step};
use lanewarden_ipc::{CallError, SYSTEM_SOCKET};
use lanewarden_linux::{DirectError, DirectLock, Sysfs};
use lanewarden_time::Clock;

use crate::args::{Arguments, HostSpec};
use crate::exit::{Exit, Failure};
use crate::remote::{Remote, not_carried};

/// How long a daemon may take from its lock to its socket.
const STARTING: Duration = Duration::from_secs(2);
const INTERVAL: Duration = Duration::from_millis(50);

/// How the mailboxes of the machine this runs on are to be had.
pub enum Reach {
    /// Through the daemon.
    Daemon(Box<Remote>),
    /// By ourselves; no daemon starts meanwhile. A user who may not use mailboxes needs no lock to look.
    Alone { _lock: Option<DirectLock> },
}

/// The daemon that the command line names.
pub fn named(args: &Arguments) -> Result<Option<Remote>, Failure> {
    args.socket.as_deref().map(connect).transpose()
}

/// The daemon, for verbs that are of no use without one.
pub fn required(args: &Arguments) -> Result<Remote, Failure> {
    match (&args.socket, &args.host) {
        (None, HostSpec::Sim(_)) => {
            Err(Failure::new(Exit::Usage, "an emulated machine of one's own has no daemon")
                .hint("name the socket of one with --socket"))
        }
        (socket, _) => connect(socket.as_deref().unwrap_or_else(|| Path::new(SYSTEM_SOCKET))),
    }
}

fn connect(socket: &Path) -> Result<Remote, Failure> {
    Remote::connect(socket).map_err(|error| {
        let (exit, hint) = match error.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
                (Exit::NotFound, "`lanewarden daemon` starts one; mailboxes can be used without, too")
            }
            ErrorKind::PermissionDenied => {
                (Exit::Permission, "look at the socket's group and mode, or run as root")
            }
            _ => (Exit::Failure, "name the socket of a daemon"),
        };
        Failure::new(exit, format!("no daemon at {}: {error}", socket.display())).hint(hint)
    })
}

/// The machine's daemon where one runs. Otherwise we take part in the lock that keeps one from starting.
pub fn machine(machine: &Sysfs) -> Result<Reach, Failure> {
    let until = machine.now() + STARTING;
    loop {
        if let Ok(remote) = Remote::connect(Path::new(SYSTEM_SOCKET)) {
            return Ok(Reach::Daemon(Box::new(remote)));
        }
        match machine.share_mailboxes() {
            Ok(lock) => return Ok(Reach::Alone { _lock: Some(lock) }),
            Err(error @ DirectError::Held(_)) if machine.now() >= until => return Err(kept(&error)),
            Err(DirectError::Held(_)) => machine.wait_until(machine.now() + INTERVAL),
            // Who cannot have this lock cannot have that of a mailbox either, and is told so there.
            Err(DirectError::Place(_)) => return Ok(Reach::Alone { _lock: None }),
        }
    }
}

fn kept(error: &DirectError) -> Failure {
    let hint = "a daemon has them, and does not answer at the system's socket: name its own with --socket, or end it";
    Failure::new(Exit::Busy, error).hint(hint)
}

/// A call that only looks, and failed.
pub fn refused(error: &CallError) -> Failure {
    let error = MailboxError::at(Step::Claim, not_carried(error));
    let hint = "the daemon's log may say more (`journalctl -u lanewarden`)";
    Failure::new(error.class().into(), format!("the daemon did not tell: {error}")).hint(hint)
}
