//! A wait with growing intervals and, as a rule, an end.

use core::time::Duration;

use lanewarden_time::Instant;

use crate::POLL_INTERVAL;

#[derive(Clone, Copy, Debug)]
pub(super) struct Wait {
    /// None while it is not known when the wait begins.
    deadline: Option<Instant>,
    interval: Duration,
}

impl Wait {
    /// A wait of at most `bound` that looks first after `interval`.
    pub fn new(now: Instant, bound: Duration, interval: Duration) -> Self {
        Self { deadline: Some(now + bound), interval }
    }

    /// The same without an end.
    pub fn open(interval: Duration) -> Self {
        Self { deadline: None, interval }
    }

    /// The same with an end `bound` after `now` and, if given, another interval; unchanged if it has an end.
    pub fn bounded(self, now: Instant, bound: Duration, interval: Option<Duration>) -> Self {
        match self.deadline {
            Some(_) => self,
            None => Self::new(now, bound, interval.unwrap_or(self.interval)),
        }
    }

    /// When to look next. Doubles the interval up to [`POLL_INTERVAL`]; one that began longer stays as it is.
    pub fn next(&mut self, now: Instant) -> Instant {
        let at = now + self.interval;
        let at = self.deadline.map_or(at, |deadline| at.min(deadline));
        self.interval = self.interval.saturating_mul(2).min(POLL_INTERVAL.max(self.interval));
        at
    }

    /// Whether the look that has just been taken was the last.
    pub fn is_over(&self, now: Instant) -> bool {
        self.deadline.is_some_and(|deadline| now >= deadline)
    }
}
