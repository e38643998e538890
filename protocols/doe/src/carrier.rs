//! Who carries data objects to a mailbox and back: this process itself ([`Direct`]), or somebody it asks.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use lanewarden_pci::registers::doe::Doe;
use lanewarden_pci::{AccessError, LockError, Machine, MailboxId};
use lanewarden_time::Instant;

use crate::{Error, Mailbox, Misuse, Policy, Protocol, Request, Statistics, Step};

/// How often a lock that another process holds is tried again.
const LOCK_INTERVAL: Duration = Duration::from_millis(5);
/// Mailboxes that are open at once in this process; each takes a file descriptor and a buffer.
const MOST_OPEN: usize = 256;

/// A machine whose mailboxes can be used.
pub trait Host: Machine {
    /// Carries objects to one mailbox.
    type Carrier: Carrier<Self>;

    /// A carrier for a mailbox, with room for payloads of so many bytes either way, a multiple of 4. It does not own the
    /// mailbox yet.
    ///
    /// # Errors
    /// Where the function cannot be opened.
    fn carrier(
        &self,
        mailbox: MailboxId,
        capability: Doe,
        room: usize,
        policy: Policy,
    ) -> Result<Self::Carrier, AccessError>;

    /// How many carriers there may be at once.
    fn at_once(&self) -> usize {
        MOST_OPEN
    }
}

/// Carries objects to one mailbox, as its one user. Dropping it lets the mailbox go.
///
/// # Driving contract
/// [`own`](Self::own) until the mailbox is owned; then one exchange after another, each as with [`Mailbox`]:
/// [`send`](Self::send), and [`advance`](Self::advance) until it is [`Step::Answered`] or has failed. Both `own` and
/// `advance` are to be called again at the time that they name, or as soon as [`has_news`](Self::has_news) says so after
/// the host's clock has returned early. No call waits.
pub trait Carrier<H: Host + ?Sized> {
    /// Tries to become the mailbox's one user, until `until` at most. The host's present is no earlier than that of the
    /// call before.
    ///
    /// # Errors
    /// Where that is not to be had, or not in time.
    fn own(&mut self, host: &H, until: Instant) -> Result<Ownership, NotCarried>;

    /// Submits a request.
    ///
    /// # Errors
    /// As [`Mailbox::send`].
    fn send(&mut self, request: &Request<'_>) -> Result<(), NotCarried>;

    /// Goes on with the exchange.
    ///
    /// # Errors
    /// As [`Mailbox::advance`], and where whoever carries is refused. The exchange is over then.
    fn advance(&mut self, now: Instant) -> Result<Step, NotCarried>;

    /// The payload of the answer, padding included; empty unless the last step was [`Step::Answered`].
    fn answer(&self) -> &[u8];

    /// The protocol of the answer; `None` unless the last step was [`Step::Answered`].
    fn answer_protocol(&self) -> Option<Protocol>;

    /// Whether an exchange is in work.
    fn is_busy(&self) -> bool;

    /// Whether the mailbox is known to be dead.
    fn is_dead(&self) -> bool;

    /// What the mailbox has seen through this carrier.
    fn statistics(&self) -> Statistics;

    /// The longest payload it takes, in bytes.
    fn room(&self) -> usize;

    /// Makes room for longer payloads, between exchanges. The last answer is lost.
    ///
    /// # Errors
    /// [`Misuse::InFlight`] while an exchange is in work.
    fn make_room(&mut self, room: usize) -> Result<(), Misuse>;

    /// Whether something has come that is worth a call before its time. Cheap.
    fn has_news(&self) -> bool {
        false
    }
}

/// What trying to own a mailbox has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Ownership {
    /// It is ours.
    Owned,
    /// Try again at this time.
    Wait(Instant),
}

/// Why an object was not carried.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCarried {
    /// The mailbox was not to be had.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The exchange failed.
    #[error(transparent)]
    Exchange(#[from] Error),
    /// Whoever carries for us did not; nothing was sent, or nobody knows what came of it.
    #[error(transparent)]
    Declined(#[from] Declined),
}

/// Why whoever carries objects for us did not, in its own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Declined {
    /// Not now.
    #[error("busy: {0}")]
    Busy(String),
    /// The mailbox was taken away, and may be had again.
    #[error("preempted: {0}")]
    Preempted(String),
    /// It may not be.
    #[error("refused by policy: {0}")]
    Policy(String),
    /// Something else went wrong there, or it is there no more.
    #[error("{0}")]
    Failed(String),
}

impl From<Misuse> for NotCarried {
    fn from(misuse: Misuse) -> Self {
        Self::Exchange(misuse.into())
    }
}

/// Carries objects itself: through the function's configuration space, under the machine's lock on the mailbox. The one
/// part of this crate that allocates: a buffer for the payloads.
pub struct Direct<M: Machine> {
    id: MailboxId,
    config: M::Config,
    mailbox: Mailbox<Vec<u8>>,
    lock: Option<M::Lock>,
}

impl<M: Machine> fmt::Debug for Direct<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Direct")
            .field("id", &self.id)
            .field("mailbox", &self.mailbox.capability())
            .field("owned", &self.lock.is_some())
            .finish_non_exhaustive()
    }
}

impl<M: Machine> Direct<M> {
    /// What [`Host::carrier`] gives where the machine is at hand.
    ///
    /// # Errors
    /// As [`Machine::open`].
    pub fn new(
        machine: &M,
        id: MailboxId,
        capability: Doe,
        room: usize,
        policy: Policy,
    ) -> Result<Self, AccessError> {
        let config = machine.open(id.address)?;
        Ok(Self { id, config, mailbox: Mailbox::new(capability, vec![0; room], policy), lock: None })
    }
}

impl<H: Host> Carrier<H> for Direct<H> {
    /// Nobody tells when a lock becomes free, so it is tried again and again.
    fn own(&mut self, host: &H, until: Instant) -> Result<Ownership, NotCarried> {
        if self.lock.is_some() {
            return Ok(Ownership::Owned);
        }
        let now = host.now();
        match host.try_lock(self.id) {
            Ok(lock) => {
                self.lock = Some(lock);
                Ok(Ownership::Owned)
            }
            Err(LockError::Held(_)) if now < until => Ok(Ownership::Wait((now + LOCK_INTERVAL).min(until))),
            Err(error) => Err(error.into()),
        }
    }

    fn send(&mut self, request: &Request<'_>) -> Result<(), NotCarried> {
        Ok(self.mailbox.send(request)?)
    }

    fn advance(&mut self, now: Instant) -> Result<Step, NotCarried> {
        Ok(self.mailbox.advance(&mut self.config, now)?)
    }

    fn answer(&self) -> &[u8] {
        self.mailbox.answer()
    }

    fn answer_protocol(&self) -> Option<Protocol> {
        self.mailbox.answer_protocol()
    }

    fn is_busy(&self) -> bool {
        self.mailbox.is_busy()
    }

    fn is_dead(&self) -> bool {
        self.mailbox.is_dead()
    }

    fn statistics(&self) -> Statistics {
        self.mailbox.statistics()
    }

    fn room(&self) -> usize {
        self.mailbox.room()
    }

    fn make_room(&mut self, room: usize) -> Result<(), Misuse> {
        self.mailbox.replace_buffer(vec![0; room]).map(drop)
    }
}
