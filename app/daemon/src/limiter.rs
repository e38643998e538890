//! How often a user may call.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

/// Calls of one user a second: half of what the daemon's thread can do.
const RATE: u32 = 50_000;
/// And at once, after a pause.
const AT_ONCE: u32 = 10_000;

/// What users have taken lately of the calls that they may make.
#[derive(Debug, Default)]
pub struct Limiters(BTreeMap<u32, Rc<RefCell<Limiter>>>);

impl Limiters {
    /// What limits the calls of a user, on however many connections, one after the other or at once.
    pub fn of(&mut self, user: u32) -> Rc<RefCell<Limiter>> {
        // Who has taken nothing lately is as one who has never come.
        self.0.retain(|_, limiter| Rc::strong_count(limiter) > 1 || !limiter.borrow().is_full());
        Rc::clone(self.0.entry(user).or_insert_with(|| Rc::new(RefCell::new(Limiter::new(RATE, AT_ONCE)))))
    }
}

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
    fn new(per_second: u32, at_once: u32) -> Self {
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
    fn is_full(&self) -> bool {
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

    #[tokio::test(start_paused = true)]
    async fn a_user_that_comes_again_owes_what_it_owed() {
        let mut limiters = Limiters::default();
        limiters.of(1000).borrow_mut().take(RATE);
        assert!(limiters.of(1000).borrow_mut().take(1).is_some());
        assert_eq!(limiters.of(1001).borrow_mut().take(1), None);
        advance(Duration::from_secs(10)).await;
        drop(limiters.of(1002));
        assert_eq!(
            limiters.0.keys().collect::<Vec<_>>(),
            [&1002],
            "nothing is kept of those who owe nothing"
        );
    }
}
