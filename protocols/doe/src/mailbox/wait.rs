//! A bounded wait with growing intervals.

use core::time::Duration;

use lanewarden_time::Instant;

use crate::POLL_INTERVAL;

#[derive(Clone, Copy, Debug)]
pub(super) struct Wait {
    deadline: Instant,
    interval: Duration,
}

impl Wait {
    /// A wait of at most `bound` that looks first after `interval`.
    pub fn new(now: Instant, bound: Duration, interval: Duration) -> Self {
        Self { deadline: now + bound, interval }
    }

    /// When to look next. Doubles the interval up to [`POLL_INTERVAL`]; one that began longer stays as it is.
    pub fn next(&mut self, now: Instant) -> Instant {
        let at = (now + self.interval).min(self.deadline);
        self.interval = self.interval.saturating_mul(2).min(POLL_INTERVAL.max(self.interval));
        at
    }

    /// Whether the look that has just been taken was the last.
    pub fn is_over(&self, now: Instant) -> bool {
        now >= self.deadline
    }
}
