//! A timer that can be waited for beside descriptors.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};

/// A timer of the monotonic clock, exact to some microseconds (`timerfd_create(2)`). Its descriptor can be read when it
/// has gone off.
#[derive(Debug)]
pub struct Timer(OwnedFd);

impl Timer {
    /// A timer that is not set.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        Ok(Self(timerfd_create(TimerfdClockId::Monotonic, flags)?))
    }

    /// Sets it to go off once after this time; never with `None`.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn set(&self, after: Option<Duration>) -> io::Result<()> {
        // All zero means never.
        let after = after.map_or(Duration::ZERO, |after| after.max(Duration::from_nanos(1)));
        let value = Timespec {
            tv_sec: i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: after.subsec_nanos().into(),
        };
        let never = Timespec { tv_sec: 0, tv_nsec: 0 };
        let times = Itimerspec { it_interval: never, it_value: value };
        timerfd_settime(&self.0, TimerfdTimerFlags::empty(), &times)?;
        Ok(())
    }

    /// Takes note that it has gone off, so that its descriptor cannot be read any more.
    pub fn clear(&self) {
        let mut count = [0; 8];
        let _ = rustix::io::read(&self.0, &mut count);
    }
}

impl AsFd for Timer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for Timer {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has_gone_off(timer: &Timer) -> bool {
        rustix::io::read(timer, &mut [0; 8]).is_ok()
    }

    #[test]
    fn a_timer_goes_off_once_and_not_before_its_time() {
        let timer = Timer::new().unwrap();
        assert!(!has_gone_off(&timer), "it is not set");
        let start = crate::clock::now();
        timer.set(Some(Duration::from_millis(2))).unwrap();
        while !has_gone_off(&timer) {}
        assert!(crate::clock::now().since(start) >= Duration::from_millis(2));
        timer.set(Some(Duration::ZERO)).unwrap();
        while !has_gone_off(&timer) {}
        timer.set(Some(Duration::from_secs(3600))).unwrap();
        timer.set(None).unwrap();
        assert!(!has_gone_off(&timer));
    }
}
