//! How often a client may call.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// What a call may take of the daemon's one thread before it is paid for. Only what names much takes longer.
const CHEAP: Duration = Duration::from_millis(1);
/// How often over the rest is paid, in time to wait: a user has so many connections, and shall not have the whole thread.
const DEAR: u32 = 16;

/// A bucket of calls that fills at a steady rate.
#[derive(Debug)]
pub struct Limiter {
    /// When the bucket will be full.
    full: Instant,
    interval: Duration,
    most: Duration,
}

impl Limiter {
    /// So many calls a second, and so many at once after a pause.
    pub fn new(per_second: u32, at_once: u32) -> Self {
        let interval = Duration::from_secs(1).checked_div(per_second).unwrap_or(Duration::ZERO);
        Self { full: Instant::now(), interval, most: interval.saturating_mul(at_once) }
    }

    /// Has the next call wait for what this one has taken of the thread.
    pub fn spend(&mut self, taken: Duration) {
        let owed = taken.saturating_sub(CHEAP).saturating_mul(DEAR);
        let full = self.full.max(Instant::now());
        self.full = full.checked_add(owed).unwrap_or(full);
    }

    /// Takes one call out; waits where there is none.
    pub async fn take(&mut self) {
        let now = Instant::now();
        self.full = self.full.max(now).checked_add(self.interval).unwrap_or(now);
        let from = self.full.checked_sub(self.most).unwrap_or(now);
        if from > now {
            sleep_until(from).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn calls_go_at_their_rate_once_the_bucket_is_empty() {
        let mut limiter = Limiter::new(100, 10);
        let start = Instant::now();
        for _ in 0..10 {
            limiter.take().await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        for _ in 0..50 {
            limiter.take().await;
        }
        let elapsed = start.elapsed();
        assert!(elapsed >= Duration::from_millis(490) && elapsed < Duration::from_millis(520), "{elapsed:?}");
        tokio::time::sleep(Duration::from_secs(9)).await;
        let start = Instant::now();
        for _ in 0..10 {
            limiter.take().await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO, "it is full again, and no more than full");
        limiter.take().await;
        assert!(start.elapsed() > Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_taken_much_of_the_thread_waits_for_longer() {
        let mut limiter = Limiter::new(100, 1);
        let start = Instant::now();
        limiter.take().await;
        for _ in 0..100 {
            limiter.spend(Duration::from_micros(500));
        }
        assert_eq!(start.elapsed(), Duration::ZERO, "what every call takes is free");
        limiter.spend(Duration::from_millis(11));
        limiter.take().await;
        let elapsed = start.elapsed();
        assert!(elapsed >= Duration::from_millis(165) && elapsed < Duration::from_millis(175), "{elapsed:?}");
    }
}
