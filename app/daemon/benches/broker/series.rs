//! Times, and what is said of them.

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds.
#[derive(Default)]
pub struct Series(Vec<f64>);

impl Series {
    pub fn add(&mut self, nanoseconds: f64) {
        self.0.push(nanoseconds);
    }

    /// The time of one of `count` repetitions.
    pub fn time(&mut self, count: usize, clock: ClockId, mut work: impl FnMut()) {
        let start = now(clock);
        for _ in 0..count {
            work();
        }
        self.add((now(clock) - start) / count as f64);
    }

    /// So many per cent of all are no longer than this.
    pub fn percentile(&mut self, percent: usize) -> f64 {
        self.0.sort_by(f64::total_cmp);
        self.0[(self.0.len() - 1) * percent / 100]
    }

    pub fn median(&mut self) -> f64 {
        self.percentile(50)
    }

    /// Pair by pair, what these have above `other`.
    pub fn above(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(own, other)| own - other).collect())
    }

    /// Shortest, median and longest, in nanoseconds.
    pub fn text(&mut self) -> String {
        format!("{:.0} / {:.0} / {:.0}", self.percentile(0), self.median(), self.percentile(100))
    }
}

/// A clock of the system, in nanoseconds.
pub fn now(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}
