//! Points in time that are passed in, and the clock that passes them.
//!
//! No core in `protocols/` reads a clock. It is given `now` and gives back the [`Instant`] at which it wants to be
//! driven again. Whoever drives it owns a [`Clock`]: the operating system's monotonic one, or the emulated machine's
//! virtual one.
#![no_std]
#![forbid(unsafe_code)]

use core::ops::{Add, Sub};
use core::time::Duration;

/// A point on a monotonic time line whose origin is the driver's own (boot, start of the process, start of the
/// emulation). Two instants of different clocks must not be compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(Duration);

impl Instant {
    /// The origin of the time line.
    pub const ORIGIN: Self = Self(Duration::ZERO);

    /// The point that lies `since_origin` after the origin.
    #[must_use]
    pub const fn new(since_origin: Duration) -> Self {
        Self(since_origin)
    }

    /// The point `millis` milliseconds after the origin.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// How long after the origin this point lies.
    #[must_use]
    pub const fn since_origin(self) -> Duration {
        self.0
    }

    /// How long after `earlier` this point lies; zero if it does not.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// Saturates at the end of the time line (some 584 billion years after the origin).
    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span))
    }
}

impl Sub for Instant {
    type Output = Duration;

    /// The same as [`Instant::since`].
    fn sub(self, earlier: Self) -> Duration {
        self.since(earlier)
    }
}

/// A source of [`Instant`]s that can also be waited on.
pub trait Clock {
    /// The present.
    fn now(&self) -> Instant;

    /// Returns once `deadline` has been reached, or earlier when something worth looking at has happened (an
    /// interrupt). Never returns later than the clock's own granularity allows.
    fn wait_until(&self, deadline: Instant);
}

impl<C: Clock + ?Sized> Clock for &C {
    fn now(&self) -> Instant {
        (**self).now()
    }

    fn wait_until(&self, deadline: Instant) {
        (**self).wait_until(deadline);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        let late = Instant::new(Duration::MAX);
        assert_eq!(late + Duration::from_secs(1), late);
        assert_eq!(Instant::ORIGIN.since(late), Duration::ZERO);
        assert_eq!(Instant::from_millis(1500) - Instant::from_millis(500), Duration::from_secs(1));
    }
}
