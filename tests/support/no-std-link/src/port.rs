//! The outside of a program that is linked and not run: whatever comes from here, the compiler cannot foresee.

use core::cell::Cell;
use core::convert::Infallible;
use core::hint::black_box;
use core::time::Duration;

use lanewarden_crypto::RandomError;
use lanewarden_rustcrypto::RandomSource;
use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::requester::Transport;
use lanewarden_time::{Clock, Instant};

/// Messages, time and randomness from nowhere.
#[derive(Clone, Copy, Debug, Default)]
pub struct Port;

impl Port {
    /// A message that has come.
    pub fn receive(self, message: &mut [u8]) -> &mut [u8] {
        let length = black_box(message.len());
        black_box(message).get_mut(..length).unwrap_or_default()
    }

    /// Sends one.
    pub fn send(self, message: &[u8]) {
        black_box(message);
    }

    /// Bytes that lie somewhere: a certificate, a key, a measurement.
    #[must_use]
    pub fn stored(self) -> &'static [u8] {
        black_box(&[])
    }
}

impl Transport for Port {
    type Error = Infallible;

    fn exchange(
        &mut self,
        kind: MessageKind,
        message: &[u8],
        answer: &mut [u8],
        _: Duration,
    ) -> Result<(MessageKind, usize), Infallible> {
        self.send(message);
        Ok((black_box(kind), self.receive(answer).len()))
    }
}

impl RandomSource for Port {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> {
        black_box(out);
        Ok(())
    }
}

/// A clock whose time passes when it is waited for.
#[derive(Debug)]
pub struct Waiting(Cell<Instant>);

impl Default for Waiting {
    fn default() -> Self {
        Self(Cell::new(Instant::ORIGIN))
    }
}

impl Clock for Waiting {
    fn now(&self) -> Instant {
        self.0.get()
    }

    fn wait_until(&self, deadline: Instant) {
        self.0.set(deadline);
    }
}
