//! What all tasks of the daemon have in common.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use lanewarden_broker::{Instant, Who};
use lanewarden_ipc::status::Event;
use lanewarden_linux::Timer;
use lanewarden_pci::Machine;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;

use crate::engine::Engine;
use crate::feed::Feed;
use crate::keeper::Keeper;
use crate::limiter::Limiters;

/// What all tasks of the daemon have in common.
pub struct Shared<M: Machine> {
    engine: RefCell<Engine<M>>,
    /// When the engine will be driven, and what tells that it has to be sooner.
    armed: Cell<Option<Instant>>,
    sooner: Notify,
    /// What has happened.
    pub feed: RefCell<Feed>,
    /// What was found left over at the start.
    pub findings: Vec<String>,
    /// When the daemon started.
    pub started: std::time::Instant,
    /// The sessions that are kept.
    pub keeper: Keeper,
    /// What users have taken lately of the calls that they may make.
    pub limiters: RefCell<Limiters>,
    /// Takes lines on what the privileged do.
    pub audit: Box<dyn Fn(&str)>,
}

impl<M: Machine> Shared<M> {
    /// For an engine.
    pub fn new(
        engine: Engine<M>,
        keeper: Keeper,
        findings: Vec<String>,
        audit: impl Fn(&str) + 'static,
    ) -> Self {
        Self {
            engine: RefCell::new(engine),
            armed: Cell::new(None),
            sooner: Notify::new(),
            feed: RefCell::default(),
            keeper,
            findings,
            started: std::time::Instant::now(),
            limiters: RefCell::default(),
            audit: Box::new(audit),
        }
    }

    /// Works with the engine and lets it do what can be done then.
    pub fn with<T>(&self, work: impl FnOnce(&mut Engine<M>) -> T) -> T {
        let mut engine = self.engine.borrow_mut();
        let result = work(&mut engine);
        let next = engine.run();
        let events = engine.take_events();
        drop(engine);
        self.publish(&events);
        if next.is_some() && self.armed.get().is_none_or(|armed| next < Some(armed)) {
            self.armed.set(next);
            self.sooner.notify_one();
        }
        result
    }

    /// Looks at the engine without letting it do anything.
    pub fn look<T>(&self, look: impl FnOnce(&Engine<M>) -> T) -> T {
        look(&self.engine.borrow())
    }

    fn publish(&self, events: &[lanewarden_broker::Event]) {
        let mut feed = self.feed.borrow_mut();
        events.iter().for_each(|event| feed.publish(Event::from(event)));
    }

    /// Puts on record what a privileged client does.
    pub fn record(&self, who: Who, what: &str) {
        let who = match who {
            Who::Internal => "the daemon".to_owned(),
            Who::User { user, process, .. } => format!("user {user}, process {process}"),
        };
        (self.audit)(&format!("audit: {who}: {what}"));
    }

    /// Drives the engine for ever.
    ///
    /// # Errors
    /// Where the system has no timers.
    pub async fn drive(&self) -> std::io::Result<()> {
        // The call is unsound for types that change their descriptor; a timer does not.
        #[expect(deprecated)]
        let timer = AsyncFd::with_interest(Timer::new()?, Interest::READABLE)?;
        loop {
            self.armed.set(None);
            self.with(|_| ());
            self.wait(&timer).await?;
            // There may be more to do at once than one turn has time for.
            tokio::task::yield_now().await;
        }
    }

    /// Until the engine is due. Tokio's own timers are of a millisecond, which is long for a mailbox.
    async fn wait(&self, timer: &AsyncFd<Timer>) -> std::io::Result<()> {
        loop {
            let left = self.armed.get().map(|armed| armed.since(self.engine.borrow().now()));
            if left == Some(Duration::ZERO) {
                return Ok(());
            }
            timer.get_ref().set(left)?;
            tokio::select! {
                () = self.sooner.notified() => {}
                ready = timer.readable() => {
                    ready?.clear_ready();
                    timer.get_ref().clear();
                    return Ok(());
                }
            }
        }
    }
}
