//! How often a client may call.

use std::time::Duration;

use tokio::time::Instant;

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

    /// Takes so many calls out: from when on the next one may be made, if not at once.
    pub fn take(&mut self, calls: u32) -> Option<Instant> {
        let now = Instant::now();
        let full = self.full.max(now);
        self.full = full.checked_add(self.interval.saturating_mul(calls)).unwrap_or(full);
        self.full.checked_sub(self.most).filter(|from| *from > now)
    }

    /// Whether nothing has been taken out lately.
    pub fn is_full(&self) -> bool {
        self.full <= Instant::now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use tokio::time::{advance, sleep_until};

    #[tokio::test(start_paused = true)]
    async fn calls_go_at_their_rate_once_the_bucket_is_empty() {
        let mut limiter = Limiter::new(100, 10);
        let start = Instant::now();
        for _ in 0..10 {
            assert_eq!(limiter.take(1), None);
        }
        for _ in 0..50 {
            sleep_until(limiter.take(1).unwrap()).await;
        }
        let elapsed = start.elapsed();
        assert!(elapsed >= Duration::from_millis(490) && elapsed < Duration::from_millis(520), "{elapsed:?}");
        advance(Duration::from_secs(9)).await;
        assert!(limiter.is_full());
        assert_eq!(limiter.take(10), None, "it is full again, and no more than full");
        assert!(limiter.take(1).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn what_counts_as_many_calls_is_waited_for_as_many() {
        let mut limiter = Limiter::new(1000, 1);
        limiter.take(500);
        assert_eq!(limiter.take(1).unwrap() - Instant::now(), Duration::from_millis(500));
        assert!(!limiter.is_full());
    }
}
