//! The system's monotonic clock.

use std::time::Duration;

use lanewarden_time::Instant;
use rustix::thread::clock_nanosleep_absolute;
use rustix::time::{ClockId, Timespec, clock_gettime};

/// Up to this long a wait is spent watching the clock. A sleep ends some 50 us late (the kernel's default timer slack),
/// which would double the first poll intervals of a mailbox.
const SPIN: Duration = Duration::from_micros(100);

/// The time since boot, without the time spent asleep.
pub fn now() -> Instant {
    Instant::new(duration(clock_gettime(ClockId::Monotonic)))
}

/// Returns once `deadline` has been reached. A deadline that the kernel cannot express is not reached.
pub fn wait_until(deadline: Instant) {
    loop {
        let left = deadline.since(now());
        if left.is_zero() {
            return;
        }
        if left > SPIN {
            // An interrupted sleep is taken up again above.
            let _ = clock_nanosleep_absolute(ClockId::Monotonic, &timespec(deadline.since_origin()));
        } else {
            std::hint::spin_loop();
        }
    }
}

fn duration(time: Timespec) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or_default();
    Duration::new(seconds, nanoseconds)
}

fn timespec(time: Duration) -> Timespec {
    let tv_sec = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    Timespec { tv_sec, tv_nsec: time.subsec_nanos().into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_returns_before_the_deadline() {
        for micros in [0, 1, 64, 101, 3000] {
            let deadline = now() + Duration::from_micros(micros);
            wait_until(deadline);
            assert!(now() >= deadline, "{micros} us");
        }
    }

    #[test]
    fn a_deadline_in_the_past_is_no_wait() {
        wait_until(Instant::ORIGIN);
        assert!(now() > Instant::ORIGIN);
    }

    #[test]
    fn times_survive_the_way_through_the_kernels_form() {
        for time in [Duration::ZERO, Duration::new(7, 999_999_999)] {
            assert_eq!(duration(timespec(time)), time);
        }
        assert_eq!(timespec(Duration::MAX).tv_sec, i64::MAX);
    }
}
