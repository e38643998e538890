//! The socket, signals, and the life of the daemon.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use lanewarden_broker::{Instant, Limits, MailboxId};
use lanewarden_pci::{AccessError, Machine};
use tokio::net::{UnixListener, UnixStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::LocalSet;
use tokio::time::timeout;

use crate::connection::serve;
use crate::engine::Engine;
use crate::hotplug::Change;
use crate::journal::{Journal, Left, Mark};
use crate::keeper::Keeper;
use crate::policy::Policy;
use crate::shared::Shared;

/// How long exchanges that are under way may take when the daemon ends.
const LAST: Duration = Duration::from_secs(5);

/// Where the daemon listens.
#[derive(Debug)]
pub enum Socket {
    /// On a socket that somebody else has made, as systemd does.
    Given(std::os::unix::net::UnixListener),
    /// On one that it makes.
    Path {
        /// Where.
        path: PathBuf,
        /// Who may connect.
        mode: u32,
    },
}

/// What a daemon is told.
pub struct Options {
    /// Where it listens.
    pub socket: Socket,
    /// Bounds on waits and on clients.
    pub limits: Limits,
    /// Where it keeps what is under way.
    pub journal: Option<PathBuf>,
    /// Keeps sessions: whom it trusts, and where the keys are that name them.
    pub keeper: Keeper,
}

/// Why the daemon does not run.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Its socket cannot be had.
    #[error("{}: {source}", path.display())]
    Socket {
        /// Where.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A daemon listens there already.
    #[error("{}: a daemon listens there already", .0.display())]
    Running(PathBuf),
    /// Its journal cannot be read or written.
    #[error("{}: {source}", path.display())]
    Journal {
        /// Where.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The machine's functions cannot be listed.
    #[error("cannot list the machine's functions: {0}")]
    List(AccessError),
    /// The operating system does not give what is needed.
    #[error(transparent)]
    System(#[from] std::io::Error),
}

/// A daemon that is ready to run.
pub struct Daemon<M: Machine> {
    shared: Rc<Shared<M>>,
    listener: std::os::unix::net::UnixListener,
    /// The socket that it has made, and removes when it ends.
    made: Option<PathBuf>,
    mailboxes: usize,
}

impl<M: Machine + 'static> Daemon<M> {
    /// Takes the socket, then the machine's mailboxes.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn new(
        machine: M,
        clock: impl Fn(&M) -> Instant + 'static,
        policy: Policy,
        options: Options,
        audit: impl Fn(&str) + 'static,
    ) -> Result<Self, Failure> {
        let (listener, made) = listen(options.socket)?;
        listener.set_nonblocking(true)?;
        let mut engine = Engine::new(machine, clock, options.limits, policy);
        let left = match options.journal {
            Some(path) => {
                let failed = |source| Failure::Journal { path: path.clone(), source };
                let (journal, left) = Journal::open(&path).map_err(failed)?;
                engine.keep_journal(journal);
                left
            }
            None => Left::new(),
        };
        let mailboxes =
            engine.discover(|id| left.get(&id) == Some(&Mark::Exchange)).map_err(Failure::List)?;
        let shared = Rc::new(Shared::new(engine, options.keeper, findings(&left), audit));
        Ok(Self { shared, listener, made, mailboxes })
    }

    /// How many mailboxes it has.
    #[must_use]
    pub const fn mailboxes(&self) -> usize {
        self.mailboxes
    }

    /// What it found left over.
    #[must_use]
    pub fn findings(&self) -> &[String] {
        &self.shared.findings
    }

    /// Serves until `stop`. `ready` is called once clients are accepted.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn run(
        self,
        outside: impl Outside + 'static,
        ready: impl FnOnce(),
        stop: impl Future<Output = ()>,
    ) -> Result<(), Failure> {
        let tasks = LocalSet::new();
        let shared = Rc::clone(&self.shared);
        let result = tasks.run_until(self.serve(Rc::new(outside), ready, stop)).await;
        drop(tasks);
        settle(&shared);
        result
    }

    async fn serve(
        self,
        outside: Rc<impl Outside + 'static>,
        ready: impl FnOnce(),
        stop: impl Future<Output = ()>,
    ) -> Result<(), Failure> {
        let Self { shared, listener, made, .. } = self;
        let listener = UnixListener::from_std(listener)?;
        let mut reload = signal(SignalKind::hangup())?;
        tokio::task::spawn_local(follow(Rc::clone(&shared), Rc::clone(&outside)));
        let driving = shared.drive();
        tokio::pin!(driving, stop);
        ready();
        loop {
            tokio::select! {
                () = &mut stop => break,
                _ = reload.recv() => reload_policy(&shared, outside.policy()),
                failed = &mut driving => return failed.map_err(Failure::System),
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => accept(&shared, stream),
                    // No descriptors left, as a rule: those who are here go first.
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                },
            }
        }
        if let Some(path) = &made {
            let _ = std::fs::remove_file(path);
        }
        // Devices are told that their sessions are over, as long as they answer.
        tokio::select! {
            _ = timeout(LAST, shared.keeper.end_all()) => {}
            failed = &mut driving => return failed.map_err(Failure::System),
        }
        Ok(())
    }
}

/// What a daemon hears from outside while it runs.
pub trait Outside {
    /// The policy, read again (SIGHUP); none where the one that is in force stays.
    fn policy(&self) -> Option<Policy>;

    /// The next device that comes or goes; none once nothing more will be heard.
    fn change(&self) -> impl Future<Output = Option<Change>>;
}

/// Nothing is heard.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silence;

impl Outside for Silence {
    fn policy(&self) -> Option<Policy> {
        None
    }

    async fn change(&self) -> Option<Change> {
        None
    }
}

/// Until somebody ends the program in good order (SIGTERM, SIGINT).
///
/// # Errors
/// Where signals cannot be heard.
pub fn end() -> std::io::Result<impl Future<Output = ()>> {
    let (mut end, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = end.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

fn reload_policy<M: Machine>(shared: &Shared<M>, policy: Option<Policy>) {
    let Some(policy) = policy else { return };
    shared.with(|engine| {
        engine.policy().replace(policy);
        engine.tell(|broker, now| broker.reconsider(now));
    });
    (shared.audit)("audit: the policy was read again");
}

fn accept<M: Machine + 'static>(shared: &Rc<Shared<M>>, stream: UnixStream) {
    tokio::task::spawn_local(serve(Rc::clone(shared), stream));
}

async fn follow<M: Machine>(shared: Rc<Shared<M>>, outside: Rc<impl Outside>) {
    while let Some(change) = outside.change().await {
        shared.with(|engine| match change {
            Change::Added(address) => drop(engine.appear(address, &|_| false)),
            Change::Removed(address) => engine.disappear(address),
        });
    }
}

/// Lets exchanges that are under way end, so that nothing stands in a mailbox afterwards.
fn settle<M: Machine>(shared: &Shared<M>) {
    let end = std::time::Instant::now().checked_add(LAST);
    while end.is_some_and(|end| std::time::Instant::now() < end) && shared.look(Engine::is_busy) {
        shared.with(|_| ());
        std::thread::sleep(Duration::from_micros(200));
    }
}

fn findings(left: &Left) -> Vec<String> {
    let finding = |(mailbox, mark): (&MailboxId, &Mark)| match mark {
        Mark::Exchange => Some(format!(
            "{mailbox}: an exchange was under way when the last daemon ended; it is aborted first"
        )),
        Mark::Claimed => Some(format!(
            "{mailbox}: a client had it when the last daemon ended; a session of its on the device ends with the next \
             connection"
        )),
        Mark::Idle => None,
    };
    left.iter().filter_map(finding).collect()
}

type Listening = (std::os::unix::net::UnixListener, Option<PathBuf>);

fn listen(socket: Socket) -> Result<Listening, Failure> {
    let (path, mode) = match socket {
        Socket::Given(listener) => return Ok((listener, None)),
        Socket::Path { path, mode } => (path, mode),
    };
    let failed = |source| Failure::Socket { path: path.clone(), source };
    clear(&path)?;
    let listener = std::os::unix::net::UnixListener::bind(&path).map_err(failed)?;
    std::fs::set_permissions(&path, Permissions::from_mode(mode)).map_err(failed)?;
    Ok((listener, Some(path)))
}

/// Removes a socket that nobody listens on.
fn clear(path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::FileTypeExt;
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket());
    if !is_socket {
        return Ok(());
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(_) => Err(Failure::Running(path.to_owned())),
        Err(_) => {
            let failed = |source| Failure::Socket { path: path.to_owned(), source };
            std::fs::remove_file(path).map_err(failed)
        }
    }
}
