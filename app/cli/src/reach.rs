//! How a verb reaches mailboxes: through a daemon, or by itself.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use lanewarden_inventory::{MailboxError, Step};
use lanewarden_ipc::{CallError, SYSTEM_SOCKET};
use lanewarden_linux::locks::DirectoryError;
use lanewarden_linux::{DirectError, DirectLock, Sysfs};
use lanewarden_pci::{AccessError, Machine};
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
    reach(machine, Path::new(SYSTEM_SOCKET), STARTING)
}

fn reach(machine: &Sysfs, socket: &Path, patience: Duration) -> Result<Reach, Failure> {
    let until = machine.now() + patience;
    loop {
        let remote = Remote::connect(socket).ok();
        let shared = machine.share_mailboxes();
        if let Some(remote) = remote
            && is_to_be_asked(&shared, || may_read(&remote))
        {
            return Ok(Reach::Daemon(Box::new(remote)));
        }
        match shared {
            Ok(lock) => return Ok(Reach::Alone { _lock: Some(lock) }),
            Err(error @ DirectError::Held(_)) if machine.now() >= until => return Err(kept(&error)),
            Err(DirectError::Held(_)) => machine.wait_until(machine.now() + INTERVAL),
            // Who cannot have this lock cannot have that of a mailbox either, and is told so there.
            Err(DirectError::Place(_)) => return Ok(Reach::Alone { _lock: None }),
        }
    }
}

/// Not by a user who is told nothing there, and who may look at the machine, but not use mailboxes, without it.
fn is_to_be_asked(shared: &Result<DirectLock, DirectError>, may_read: impl FnOnce() -> bool) -> bool {
    !matches!(shared, Err(DirectError::Place(DirectoryError::Denied))) || may_read()
}

fn may_read(remote: &Remote) -> bool {
    !matches!(remote.functions(), Err(AccessError::Refused))
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn root() -> (tempfile::TempDir, Sysfs) {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("run")).unwrap();
        let machine = Sysfs::at(root.path());
        (root, machine)
    }

    fn at_once(root: &tempfile::TempDir, machine: &Sysfs) -> Result<Reach, Failure> {
        reach(machine, &root.path().join("socket"), Duration::ZERO)
    }

    #[test]
    fn without_a_daemon_none_starts_while_a_program_uses_mailboxes() {
        let (root, machine) = root();
        let alone = at_once(&root, &machine).unwrap();
        assert!(matches!(alone, Reach::Alone { _lock: Some(_) }));
        assert!(machine.take_mailboxes(Duration::ZERO).is_err());
        assert!(at_once(&root, &machine).is_ok(), "programs do not exclude each other");
        drop(alone);
        assert!(machine.take_mailboxes(Duration::ZERO).is_ok());
    }

    /// It is named, so that it can be ended.
    #[test]
    fn a_daemon_that_has_the_mailboxes_and_does_not_answer_is_an_error() {
        let (root, machine) = root();
        let _daemon = machine.take_mailboxes(Duration::ZERO).unwrap();
        let failure = at_once(&root, &machine).err().unwrap();
        assert_eq!(failure.exit, Exit::Busy);
        assert!(
            failure.message.contains(&std::process::id().to_string()) && failure.hint.is_some(),
            "{failure:?}"
        );
    }

    #[test]
    fn a_daemon_that_answers_is_asked() {
        let (root, machine) = root();
        let _daemon = machine.take_mailboxes(Duration::ZERO).unwrap();
        let _listener = std::os::unix::net::UnixListener::bind(root.path().join("socket")).unwrap();
        assert!(matches!(at_once(&root, &machine), Ok(Reach::Daemon(_))));
    }

    #[test]
    fn who_may_only_look_does_so_past_a_daemon_that_tells_nothing() {
        let held = Err(DirectError::Held(Vec::new()));
        let denied = Err(DirectError::Place(DirectoryError::Denied));
        assert!(is_to_be_asked(&held, || panic!("who may use mailboxes keeps to the daemon")));
        assert!(is_to_be_asked(&denied, || true));
        assert!(!is_to_be_asked(&denied, || false));
    }

    /// As for a user who may look and not use.
    #[test]
    fn where_there_is_no_place_for_the_lock_one_goes_without() {
        let (root, machine) = root();
        let place = root.path().join("run/lanewarden");
        std::fs::create_dir(&place).unwrap();
        std::fs::set_permissions(&place, std::fs::Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(at_once(&root, &machine), Ok(Reach::Alone { _lock: None })));
    }
}
