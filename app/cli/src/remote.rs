//! A machine whose mailboxes a daemon has: everything is asked over its socket.

mod carrier;
mod config;
mod line;
mod refusal;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use lanewarden_doe::{Doe, Host, Policy};
use lanewarden_ipc::{Call, CallError, Client, machine};
use lanewarden_pci::{AccessError, Address, Claim, LockError, Machine, MailboxId};
use lanewarden_time::{Clock, Instant};
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio::task::LocalSet;
use tokio::time::{sleep, timeout};

use line::CROWDED;

pub use carrier::Line;
pub use config::RemoteConfig;
pub use refusal::not_carried;

/// How long a call may take that makes no exchange. The daemon makes none of them wait.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// How many carriers there are at once, each with a connection of its own: the daemon grants one user no more.
const MOST_OPEN: usize = 16;
/// How long what was said of a function is not asked for again: what is asked of it comes in one go.
const DESCRIBED_FOR: Duration = Duration::from_millis(100);

/// A machine whose mailboxes a daemon has.
pub struct Remote {
    shared: Rc<Shared>,
}

/// What a machine has in common with the functions that are opened on it.
struct Shared {
    /// In which all connections live; it runs while something is waited for.
    runtime: Runtime,
    tasks: LocalSet,
    socket: PathBuf,
    /// For everything but exchanges; none after it has failed.
    control: RefCell<Option<Client>>,
    described: RefCell<Option<(Instant, machine::Function)>>,
    news: Rc<Notify>,
    start: std::time::Instant,
}

impl Remote {
    /// Connects to the daemon that listens at `socket`.
    ///
    /// # Errors
    /// As the system says: nobody listens there, or not for this user.
    pub fn connect(socket: &Path) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let tasks = LocalSet::new();
        let control = tasks.block_on(&runtime, Client::connect(socket))?;
        let shared = Shared {
            runtime,
            tasks,
            socket: socket.to_owned(),
            control: RefCell::new(Some(control)),
            described: RefCell::default(),
            news: Rc::default(),
            start: std::time::Instant::now(),
        };
        Ok(Self { shared: Rc::new(shared) })
    }

    /// One call that makes no exchange.
    ///
    /// # Errors
    /// [`CallError`]; it is closed where there was no answer in time.
    pub fn call<C: Call>(&self, call: &C) -> Result<C::Reply, CallError> {
        self.shared.call(call)
    }

    /// A call with many replies; each is given to `each` until that breaks off. Each is waited for so long, or for ever.
    ///
    /// # Errors
    /// [`CallError`], and what `each` breaks off with.
    pub fn call_for_more<C: Call, E: From<CallError>>(
        &self,
        call: &C,
        patience: Option<Duration>,
        mut each: impl FnMut(C::Reply) -> Result<(), E>,
    ) -> Result<(), E> {
        let shared = &self.shared;
        let kept = shared.control.take();
        shared.tasks.block_on(&shared.runtime, async {
            let begin = shared.attempt(kept, async |client| {
                client.call_for_more(call).await?;
                client.receive::<C>().await
            });
            let (mut client, received) = within(patience, begin).await?;
            let mut received = received?;
            loop {
                let (reply, continues) = received;
                each(reply)?;
                if !continues {
                    shared.control.replace(Some(client));
                    return Ok(());
                }
                received = within(patience, client.receive::<C>()).await?;
            }
        })
    }

    fn describe(&self, address: Address) -> Option<machine::Function> {
        let known = self.shared.described.borrow().clone();
        let is_fresh = |(at, _): &(Instant, _)| self.now().since(*at) < DESCRIBED_FOR;
        let known = known.filter(is_fresh).map(|(_, function)| function);
        known.filter(|function| function.address == address).or_else(|| self.shared.describe(address).ok())
    }
}

/// Whoever does not answer in time counts as gone.
async fn within<T>(
    patience: Option<Duration>,
    work: impl Future<Output = Result<T, CallError>>,
) -> Result<T, CallError> {
    match patience {
        Some(patience) => timeout(patience, work).await.unwrap_or(Err(CallError::Closed)),
        None => work.await,
    }
}

impl Shared {
    fn call<C: Call>(&self, call: &C) -> Result<C::Reply, CallError> {
        let mut control = self.control.borrow_mut();
        let kept = control.take();
        let attempt = self.attempt(kept, async |client| client.call(call).await);
        let (client, called) = self.tasks.block_on(&self.runtime, within(Some(PATIENCE), attempt))?;
        // After a refusal the connection is as good as before, and after anything else it is not.
        *control = matches!(called, Ok(_) | Err(CallError::Fault(_))).then_some(client);
        called
    }

    /// Makes the call on this connection, or on a new one, and again where too many were open for it, for a while.
    async fn attempt<T>(
        &self,
        mut kept: Option<Client>,
        call: impl AsyncFn(&mut Client) -> Result<T, CallError>,
    ) -> Result<(Client, Result<T, CallError>), CallError> {
        let until = self.now() + PATIENCE;
        loop {
            let mut client = match kept.take() {
                Some(client) => client,
                None => Client::connect(&self.socket).await?,
            };
            match call(&mut client).await {
                Err(error) if refusal::is_crowded(&error) && self.now() < until => sleep(CROWDED).await,
                called => return Ok((client, called)),
            }
        }
    }

    fn access<C: Call>(&self, call: &C) -> Result<C::Reply, AccessError> {
        self.call(call).map_err(|error| refusal::access(&error))
    }

    fn now(&self) -> Instant {
        Instant::new(self.start.elapsed())
    }

    fn describe(&self, address: Address) -> Result<machine::Function, AccessError> {
        let function = self.access(&machine::Describe { address })?.function;
        self.described.replace(Some((self.now(), function.clone())));
        Ok(function)
    }
}

impl Clock for Remote {
    fn now(&self) -> Instant {
        self.shared.now()
    }

    /// Returns early when an answer has come, or when a claim was lost.
    fn wait_until(&self, deadline: Instant) {
        let Shared { runtime, tasks, news, .. } = &*self.shared;
        let left = deadline.since(self.now());
        // The time being over is as good as news.
        let _ = tasks.block_on(runtime, async { timeout(left, news.notified()).await });
    }
}

impl Machine for Remote {
    type Config = RemoteConfig;
    /// The daemon keeps users apart.
    type Lock = std::convert::Infallible;

    fn functions(&self) -> Result<Vec<Address>, AccessError> {
        let listed = self.shared.access(&machine::Functions {})?.addresses;
        Ok(listed.iter().filter_map(|address| address.parse().ok()).collect())
    }

    fn open(&self, address: Address) -> Result<RemoteConfig, AccessError> {
        let function = self.shared.describe(address)?;
        Ok(RemoteConfig::new(Rc::clone(&self.shared), &function))
    }

    /// There is no lock to be had beside the daemon's claims, which [`Line`] makes.
    fn try_lock(&self, _: MailboxId) -> Result<Self::Lock, LockError> {
        Err(LockError::Held(None))
    }

    fn claim(&self, mailbox: MailboxId) -> Option<Claim> {
        let MailboxId { address, offset: mailbox } = mailbox;
        self.shared.call(&machine::KernelClaim { address, mailbox }).ok()?.claim.map(Into::into)
    }

    fn driver(&self, address: Address) -> Option<String> {
        self.describe(address)?.driver
    }

    fn cxl_objects(&self, address: Address) -> Vec<String> {
        self.describe(address).map(|function| function.cxl_objects).unwrap_or_default()
    }

    fn kernel_doe_features(&self, address: Address) -> Option<Vec<String>> {
        self.describe(address)?.doe_features
    }

    fn kernel_cdat(&self, address: Address) -> Option<Vec<u8>> {
        self.shared.call(&machine::KernelCdat { address }).ok()?.table.map(|table| table.0)
    }

    fn host_bridge_uid(&self, segment: u32, bus: u8) -> Option<u32> {
        self.shared.call(&machine::HostBridge { segment, bus }).ok()?.uid
    }

    fn acpi_tables(&self, signature: [u8; 4]) -> Result<Vec<Vec<u8>>, AccessError> {
        let signature = String::from_utf8_lossy(&signature).into_owned();
        let tables = self.shared.access(&machine::AcpiTables { signature })?.tables;
        Ok(tables.into_iter().map(|table| table.0).collect())
    }
}

impl Host for Remote {
    type Carrier = Line;

    /// What a mailbox may do beyond the least is the daemon's to say.
    fn carrier(&self, mailbox: MailboxId, _: Doe, room: usize, _: Policy) -> Result<Line, AccessError> {
        Ok(Line::new(mailbox, room))
    }

    fn at_once(&self) -> usize {
        MOST_OPEN
    }
}
