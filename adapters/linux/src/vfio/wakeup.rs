//! The eventfd by which the kernel tells of a wake-up.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::{self, Errno};

#[cfg(doc)]
use super::LowPower;
use super::error::of_feature;
use super::{FeatureError, Signal};

/// Becomes readable when the device is woken; see [`LowPower::enter_low_power_with_wakeup`].
///
/// [`AsFd`] gives the descriptor to an event loop of one's own.
#[derive(Debug)]
pub struct Wakeup(OwnedFd);

impl Wakeup {
    /// One that has not been signalled. An error is the kernel's: no memory, or too many files.
    pub fn new() -> Result<Self, Errno> {
        eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).map(Self)
    }

    /// How often it was signalled since the last time; never waits.
    pub fn take(&self) -> Result<u64, Errno> {
        let mut bytes = [0; 8];
        match io::retry_on_intr(|| io::read(&self.0, &mut bytes)) {
            Ok(_) => Ok(u64::from_ne_bytes(bytes)),
            Err(Errno::WOULDBLOCK) => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Waits until it is signalled, and how often it was: 0 where the time was up first, or a signal interrupted.
    pub fn wait(&self, limit: Option<Duration>) -> Result<u64, Errno> {
        let limit = limit.map(|limit| Timespec {
            tv_sec: i64::try_from(limit.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: limit.subsec_nanos().into(),
        });
        let mut polled = [PollFd::new(&self.0, PollFlags::IN)];
        match poll(&mut polled, limit.as_ref()) {
            Ok(_) | Err(Errno::INTR) => self.take(),
            Err(error) => Err(error),
        }
    }
}

impl Signal for Wakeup {
    fn number(&self) -> i32 {
        self.0.as_raw_fd()
    }

    fn signals(&self) -> Result<u64, FeatureError> {
        self.take().map_err(of_feature)
    }
}

/// An eventfd of the caller's. One that is none is refused when low power is entered, or taken for low power that is engaged.
impl From<OwnedFd> for Wakeup {
    fn from(eventfd: OwnedFd) -> Self {
        Self(eventfd)
    }
}

impl AsFd for Wakeup {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_counted_once() {
        let wakeup = Wakeup::new().unwrap();
        assert_eq!(wakeup.take(), Ok(0));
        assert_eq!(wakeup.wait(Some(Duration::ZERO)), Ok(0));
        for _ in 0..2 {
            io::write(&wakeup, &1_u64.to_ne_bytes()).unwrap();
        }
        assert_eq!(wakeup.wait(None), Ok(2));
        assert_eq!(wakeup.take(), Ok(0));
    }
}
