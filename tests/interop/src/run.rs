//! Combinations, a few at a time.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::plan::{Combination, Side};
use crate::{answering, asking};

/// What came of a combination: how many messages went to the responder, or what was wrong.
pub type Outcome = Result<usize, String>;

/// Runs one.
///
/// # Errors
/// What was wrong, in words.
pub fn one(emulators: &Path, combination: &Combination) -> Outcome {
    let done = match combination.side {
        Side::Asking => asking::run(emulators, combination),
        Side::Answering => answering::run(emulators, combination),
    };
    done.map_err(|error| format!("{error:#}"))
}

/// Runs all, so many at a time, and gives what came of each in its place.
#[must_use]
pub fn all(emulators: &Path, combinations: &[Combination], at_once: usize) -> Vec<Outcome> {
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(vec![Err("it was not run".to_owned()); combinations.len()]);
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(combination) = combinations.get(place) else { break };
                    let outcome = one(emulators, combination);
                    if let Ok(mut outcomes) = outcomes.lock() {
                        outcomes[place] = outcome;
                    }
                }
            });
        }
    });
    outcomes.into_inner().unwrap_or_default()
}
