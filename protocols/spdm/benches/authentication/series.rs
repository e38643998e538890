//! Times of the thread on the processor.

use std::hint::black_box;

use rustix::time::{ClockId, clock_gettime};

/// Microseconds on the processor.
#[derive(Default)]
pub struct Series(Vec<f64>);

impl Series {
    pub fn time<T>(&mut self, work: impl FnOnce() -> T) {
        let start = now();
        black_box(work());
        self.0.push(now() - start);
    }

    pub fn median(&mut self) -> f64 {
        self.0.sort_by(f64::total_cmp);
        self.0[self.0.len() / 2]
    }

    pub fn text(&mut self) -> String {
        let median = self.median();
        format!("{:.1} / {median:.1} / {:.1}", self.0[0], self.0[self.0.len() - 1])
    }
}

fn now() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 * 1e6 + now.tv_nsec as f64 / 1e3
}
