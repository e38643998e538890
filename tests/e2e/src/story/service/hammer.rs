//! Users who go on and on, whatever happens to the daemon.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Result, anyhow};

use super::{Mailboxes, TABLE};
use crate::load::table;
use crate::system::wait_for;
use crate::user::{Trouble, User};

/// Between two attempts to reach a daemon that is not there.
const PAUSE: Duration = Duration::from_millis(5);

/// What has come.
#[derive(Default)]
struct Counts {
    right: AtomicU32,
    wrong: AtomicU32,
    ends: AtomicBool,
}

/// One user of one mailbox.
struct Hammer {
    counts: Arc<Counts>,
    thread: JoinHandle<()>,
}

impl Hammer {
    fn start(act: impl FnMut(&mut User) -> Result<(), Trouble> + Send + 'static) -> Self {
        let counts = Arc::<Counts>::default();
        let shared = Arc::clone(&counts);
        Self { counts, thread: thread::spawn(move || shared.go_on(act)) }
    }
}

impl Counts {
    fn go_on(&self, mut act: impl FnMut(&mut User) -> Result<(), Trouble>) {
        let mut user = None;
        while !self.ends.load(Ordering::Relaxed) {
            let Some(connected) = user.as_mut() else {
                user = User::connect().ok();
                if user.is_none() {
                    thread::sleep(PAUSE);
                }
                continue;
            };
            match act(connected) {
                Ok(()) => drop(self.right.fetch_add(1, Ordering::Relaxed)),
                Err(Trouble::Wrong) => drop(self.wrong.fetch_add(1, Ordering::Relaxed)),
                Err(Trouble::Refused(_)) => user = None,
            }
        }
    }
}

/// One user of the memory's mailbox and one of the drive's.
pub struct Hammers([Hammer; 2]);

impl Hammers {
    /// Starts both.
    pub fn start(mailboxes: Mailboxes) -> Result<Self> {
        let known = fs::read(TABLE)?;
        let Mailboxes { memory, drive } = mailboxes;
        Ok(Self([
            Hammer::start(move |user| table(user, memory, &known).map(drop)),
            Hammer::start(move |user| user.greeting(drive, 0x12)),
        ]))
    }

    /// How many right tables and greetings there have been.
    pub fn right(&self) -> [u32; 2] {
        self.0.each_ref().map(|hammer| hammer.counts.right.load(Ordering::Relaxed))
    }

    /// Waits until there is another one of both.
    pub fn wait(&self) -> Result<()> {
        let before = self.right();
        wait_for("right answers from both mailboxes", || {
            Ok(self.right().iter().zip(before).all(|(now, before)| *now > before).then_some(()))
        })
    }

    /// Ends both; how many answers were wrong.
    pub fn end(self) -> Result<u32> {
        let mut wrong = 0;
        for Hammer { counts, thread } in self.0 {
            counts.ends.store(true, Ordering::Relaxed);
            thread.join().map_err(|_| anyhow!("a user has died"))?;
            wrong += counts.wrong.load(Ordering::Relaxed);
        }
        Ok(wrong)
    }
}
