//! `daemon`: the one owner of every mailbox, for many users.

use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant as Wall};

use lanewarden_broker::{Instant, Limits};
use lanewarden_daemon::hotplug::{Change, change};
use lanewarden_daemon::keeper::{self, Basis, Keeper};
use lanewarden_daemon::policy::{Accounts, Policy, files};
use lanewarden_daemon::{Daemon, Options, Outside, Socket, end};
use lanewarden_ipc::SYSTEM_SOCKET;
use lanewarden_linux::{DirectError, Sysfs, Uevents, lock_memory, refuse_dumps};
use lanewarden_pci::Machine;
use lanewarden_sim::Simulator;
use lanewarden_store::{Anchors, Revocations};
use lanewarden_time::Clock;
use listenfd::ListenFd;
use sd_notify::NotifyState;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::args::{Arguments, DaemonArguments};
use crate::exit::{Exit, Failure};
use crate::output::{Outcome, Output};
use crate::trust::ANCHORS;

/// What is trusted no more on this machine.
const REVOCATIONS: &str = "/etc/lanewarden/revocations.crl";
/// How long a starting daemon waits for those who use mailboxes by themselves.
const PATIENCE: Duration = Duration::from_secs(2);
/// Everybody may connect to the machine's daemon: the policy says who may do what.
const FOR_EVERYBODY: u32 = 0o666;
/// A daemon of an emulated machine is its user's own.
const FOR_ITSELF: u32 = 0o600;

/// On the machine that this runs on.
pub fn real(args: &Arguments, daemon: &DaemonArguments, output: &Output) -> Outcome {
    let loaded = policy(daemon)?;
    loaded.doubts.iter().for_each(|doubt| output.warn(&Failure::new(Exit::Ok, doubt)));
    let machine = Sysfs::new();
    let _alone = machine.take_mailboxes(PATIENCE).map_err(|error| in_use(&error))?;
    for kept in [refuse_dumps(), lock_memory()] {
        kept.unwrap_or_else(|error| {
            output.warn(&Failure::new(Exit::Ok, format!("memory is not kept to this process: {error}")));
        });
    }
    let socket = socket(args.socket.as_deref().unwrap_or_else(|| Path::new(SYSTEM_SOCKET)), FOR_EVERYBODY)?;
    let journal = Some(PathBuf::from("/run/lanewarden/journal"));
    let keeper = keeper(&[])?;
    let options = Options { socket, limits: Limits::default(), journal, keeper };
    let outside = Kernel { daemon: daemon.clone(), uevents: listen(output) };
    serve(machine, Clock::now, loaded.policy, options, outside, output)
}

/// On an emulated machine, whose time passes with the real one.
///
/// `own` are its trust anchors.
pub fn emulated(
    machine: Simulator,
    own: &[Vec<u8>],
    args: &Arguments,
    daemon: &DaemonArguments,
    output: &Output,
) -> Outcome {
    let Some(path) = args.socket.as_deref() else {
        return Err(Failure::new(Exit::Usage, "the daemon of an emulated machine needs a socket of its own")
            .hint("name one with --socket, such as --socket /tmp/lanewarden.socket"));
    };
    let policy = match &daemon.policy {
        Some(_) => policy(daemon)?.policy,
        None => Policy::of_one(lanewarden_linux::user()),
    };
    let socket = socket(path, FOR_ITSELF)?;
    let journal = daemon.journal.clone();
    let options = Options { socket, limits: Limits::default(), journal, keeper: keeper(own)? };
    let (began, origin) = (Wall::now(), machine.now());
    let paced = move |machine: &Simulator| {
        let present = origin + began.elapsed();
        while machine.now() < present {
            machine.wait_until(present);
        }
        machine.now()
    };
    let outside = Kernel { daemon: daemon.clone(), uevents: None };
    serve(machine, paced, policy, options, outside, output)
}

fn serve<M: Machine + 'static>(
    machine: M,
    clock: impl Fn(&M) -> Instant + 'static,
    policy: Policy,
    options: Options,
    outside: Kernel,
    output: &Output,
) -> Outcome {
    let place = match &options.socket {
        Socket::Path { path, .. } => path.display().to_string(),
        Socket::Given(_) => "the socket that was given".to_owned(),
    };
    let audit = |line: &str| eprintln!("{line}");
    let failed = |error: lanewarden_daemon::Failure| failure(&error);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Exit::Failure, error))?;
    runtime.block_on(async {
        let daemon = Daemon::new(machine, clock, policy, options, audit).map_err(failed)?;
        daemon.findings().iter().for_each(|finding| output.note(finding));
        let mailboxes = daemon.mailboxes();
        let ready = || {
            output.note(&format!("{mailboxes} mailboxes, at {place}"));
            // Where no service manager waits this does nothing.
            let _ = sd_notify::notify(&[NotifyState::Ready]);
        };
        let stop = end().map_err(|error| Failure::new(Exit::Failure, error))?;
        daemon.run(outside, ready, stop).await.map_err(failed)
    })?;
    Ok(Exit::Ok)
}

fn failure(error: &lanewarden_daemon::Failure) -> Failure {
    use lanewarden_daemon::Failure as Cause;
    let (exit, hint) = match error {
        Cause::Running(_) => (Exit::Busy, "end it first, or give this one another socket with --socket"),
        Cause::Socket { source, .. } | Cause::Journal { source, .. }
            if source.kind() == std::io::ErrorKind::PermissionDenied =>
        {
            (Exit::Permission, "run as root, or name a place of your own with --socket")
        }
        Cause::Socket { .. } | Cause::Journal { .. } => (Exit::Failure, "the folder has to be there"),
        Cause::List(_) | Cause::System(_) => (Exit::Failure, "`lanewarden list` may say more"),
    };
    Failure::new(exit, error).hint(hint)
}

fn in_use(error: &DirectError) -> Failure {
    match error {
        DirectError::Held(_) => Failure::new(Exit::Busy, error)
            .hint("a command uses mailboxes by itself, or another daemon has them; end it, or wait for it"),
        DirectError::Place(_) => Failure::new(Exit::Permission, error).hint("run as root"),
    }
}

/// Sessions are kept with devices that are trusted under the machine's anchors, or under those of an emulated one. No
/// client has a say in that.
fn keeper(own: &[Vec<u8>]) -> Result<Keeper, Failure> {
    let folder = Path::new(ANCHORS);
    let anchors = match own {
        [] if folder.is_dir() => Anchors::load(folder).map_err(|error| crate::trust::failure(&error))?,
        own => {
            Anchors::of(own.iter().map(Vec::as_slice)).map_err(|error| Failure::new(Exit::Failure, error))?
        }
    };
    let file = Path::new(REVOCATIONS);
    let revocations = match own {
        [] if file.is_file() => Revocations::load(file).map_err(|error| crate::trust::failure(&error))?,
        _ => Revocations::default(),
    };
    Ok(Keeper::new(Basis { anchors, revocations }, keeper::Kernel))
}

/// The socket that the service manager has made, or the one that is named.
fn socket(path: &Path, mode: u32) -> Result<Socket, Failure> {
    let given = ListenFd::from_env().take_unix_listener(0);
    let given = given.map_err(|error| Failure::new(Exit::Failure, format!("the given socket: {error}")))?;
    Ok(given.map_or_else(|| Socket::Path { path: path.to_owned(), mode }, Socket::Given))
}

fn policy(daemon: &DaemonArguments) -> Result<files::Loaded, Failure> {
    let files = daemon.policy.clone().map_or_else(|| files::of_machine(Path::new("/")), |file| vec![file]);
    if files.is_empty() {
        let policy = Policy::of_one(lanewarden_linux::user());
        return Ok(files::Loaded { policy, ..files::Loaded::default() });
    }
    files::load(&files, &Accounts::of_this_machine()).map_err(|error| {
        Failure::new(Exit::Failure, error).hint("lanewarden-daemon(1) says how a policy is written")
    })
}

fn listen(output: &Output) -> Option<Uevents> {
    let listening = Uevents::listen();
    listening
        .inspect_err(|error| {
            let message = format!("devices that come and go are not heard of: {error}");
            output.warn(&Failure::new(Exit::Ok, message));
        })
        .ok()
}

/// What the daemon hears of the kernel and of its administrator.
struct Kernel {
    daemon: DaemonArguments,
    uevents: Option<Uevents>,
}

impl Outside for Kernel {
    fn policy(&self) -> Option<Policy> {
        match policy(&self.daemon) {
            Ok(loaded) => {
                loaded.doubts.iter().for_each(|doubt| eprintln!("warning: {doubt}"));
                Some(loaded.policy)
            }
            Err(failure) => {
                eprintln!("error: the policy stays as it was: {}", failure.message);
                None
            }
        }
    }

    async fn change(&self) -> Option<Change> {
        let uevents = self.uevents.as_ref()?;
        // The call is unsound for descriptors that are closed before it; this one is not.
        #[expect(deprecated)]
        let ready = AsyncFd::with_interest(uevents.as_raw_fd(), Interest::READABLE).ok()?;
        loop {
            match uevents.receive() {
                Ok(message) => {
                    if let Some(change) = change(&message) {
                        return Some(change);
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    ready.readable().await.ok()?.clear_ready();
                }
                // Some were lost: what comes next is heard all the same.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }
}
