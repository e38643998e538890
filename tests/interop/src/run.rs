//! Combinations, a few at a time.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::plan::{Combination, Side};
use crate::sessions::{self, SessionRun};
use crate::stock::{self, StockRun};
use crate::{answering, asking};

/// What came of a combination: how many messages went to the responder, or what was wrong.
pub type Outcome = Result<usize, String>;

/// Something that can be run with their programs.
pub trait Run: Sync {
    /// Runs it; gives how many messages went to the responder.
    ///
    /// # Errors
    /// What was wrong.
    fn run(&self, emulators: &Path) -> anyhow::Result<usize>;
}

impl Run for Combination {
    fn run(&self, emulators: &Path) -> anyhow::Result<usize> {
        match self.side {
            Side::Asking => asking::run(emulators, self),
            Side::Answering => answering::run(emulators, self),
        }
    }
}

impl Run for SessionRun {
    fn run(&self, emulators: &Path) -> anyhow::Result<usize> {
        match self.side {
            Side::Asking => sessions::ask(emulators, self),
            Side::Answering => sessions::answer(emulators, self),
        }
    }
}

impl Run for StockRun {
    fn run(&self, emulators: &Path) -> anyhow::Result<usize> {
        stock::run(emulators, self)
    }
}

/// Runs all, so many at a time, and gives what came of each in its place.
#[must_use]
pub fn all(emulators: &Path, combinations: &[impl Run], at_once: usize) -> Vec<Outcome> {
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(vec![Err("it was not run".to_owned()); combinations.len()]);
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(combination) = combinations.get(place) else { break };
                    let outcome = combination.run(emulators).map_err(|error| format!("{error:#}"));
                    if let Ok(mut outcomes) = outcomes.lock() {
                        outcomes[place] = outcome;
                    }
                }
            });
        }
    });
    outcomes.into_inner().unwrap_or_default()
}
