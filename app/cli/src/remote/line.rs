//! A connection with the claim on one mailbox, as a task.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use lanewarden_ipc::mailbox::{Claim, Detach, Exchange, Keep, Object};
use lanewarden_ipc::{CallError, Client};
use lanewarden_pci::MailboxId;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep, timeout};

use super::refusal;

/// How often it is said that a claim is still wanted; the daemon waits for five seconds.
const KEEP: Duration = Duration::from_secs(2);

/// How often one tries again to be let in.
pub const CROWDED: Duration = Duration::from_millis(20);
/// How long it is tried for a mailbox that is taken at once.
const DETACH: Duration = Duration::from_secs(5);

/// What has come of what a line was asked to do.
pub enum Outcome {
    /// The mailbox is ours.
    Claimed,
    /// An answer.
    Answered(Object),
    /// A failure. The line is of no more use if it failed outside of an exchange.
    Failed(CallError),
}

/// Where a line leaves what has come.
#[derive(Default)]
pub struct Post {
    outcome: RefCell<Option<Outcome>>,
    /// So that looking is cheap.
    is_full: Cell<bool>,
}

impl Post {
    /// Whether something has come.
    pub fn is_full(&self) -> bool {
        self.is_full.get()
    }

    /// Takes it.
    pub fn take(&self) -> Option<Outcome> {
        self.is_full.set(false);
        self.outcome.take()
    }

    fn leave(&self, outcome: Outcome) {
        self.outcome.replace(Some(outcome));
        self.is_full.set(true);
    }
}

/// How a mailbox is to be had.
#[derive(Clone, Copy)]
pub enum How {
    /// When its turn comes, within this time.
    Claim(Duration),
    /// At once, from whoever has it.
    Detach,
}

/// A task that gets a mailbox, makes exchanges as they are asked for, and keeps it meanwhile.
pub struct Task {
    pub socket: PathBuf,
    pub mailbox: MailboxId,
    pub how: How,
    pub asked: mpsc::UnboundedReceiver<Box<Exchange>>,
    pub post: Rc<Post>,
    pub news: Rc<Notify>,
}

impl Task {
    /// Until nobody asks any more, or the mailbox is lost.
    pub async fn run(mut self) {
        if let Err(error) = self.serve().await {
            self.leave(Outcome::Failed(error));
        }
    }

    fn leave(&self, outcome: Outcome) {
        self.post.leave(outcome);
        self.news.notify_one();
    }

    async fn serve(&mut self) -> Result<(), CallError> {
        let (mut client, claim) = self.claim().await?;
        self.leave(Outcome::Claimed);
        loop {
            let exchange = match timeout(KEEP, self.asked.recv()).await {
                Ok(Some(exchange)) => exchange,
                Ok(None) => return Ok(()),
                Err(_) => {
                    client.call(&Keep { claim }).await?;
                    continue;
                }
            };
            match client.call(&*exchange).await {
                Ok(object) => self.leave(Outcome::Answered(object)),
                Err(fault @ CallError::Fault(_)) => self.leave(Outcome::Failed(fault)),
                Err(error) => return Err(error),
            }
        }
    }

    /// A connection that has the claim. Where too many connections are open already, others of this user's end soon.
    async fn claim(&self) -> Result<(Client, u64), CallError> {
        let start = Instant::now();
        loop {
            let left = self.patience().saturating_sub(start.elapsed());
            match self.try_claim(left).await {
                Err(error) if refusal::is_crowded(&error) && !left.is_zero() => sleep(CROWDED).await,
                other => return other,
            }
        }
    }

    fn patience(&self) -> Duration {
        match self.how {
            How::Claim(patience) => patience,
            How::Detach => DETACH,
        }
    }

    async fn try_claim(&self, patience: Duration) -> Result<(Client, u64), CallError> {
        let mut client = Client::connect(&self.socket).await?;
        let MailboxId { address, offset: mailbox } = self.mailbox;
        let generation = None;
        let claimed = match self.how {
            How::Claim(_) => {
                let patience_ms = Some(u64::try_from(patience.as_millis()).unwrap_or(u64::MAX));
                client.call(&Claim { address, generation, mailbox, patience_ms }).await?
            }
            How::Detach => client.call(&Detach { address, generation, mailbox }).await?,
        };
        Ok((client, claimed.claim))
    }
}
