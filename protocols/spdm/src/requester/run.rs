//! The blocking loop over a requester, for a transport that sends a message and brings its answer.

use core::fmt;
use core::time::Duration;

use lanewarden_time::Clock;

use super::{Endpoint, Event, Requester, Step};
use crate::binding::MessageKind;
use crate::error::Error;

/// What carries messages: a mailbox, a socket, a bus.
pub trait Transport {
    /// Why a message was not carried.
    type Error;

    /// Sends a message of this kind, and puts its answer at the front of `answer`, padding included; returns the
    /// answer's kind and length. A responder that has lost a session says so outside of it. It takes no longer than
    /// `within`, or fails.
    ///
    /// # Errors
    /// Where no answer came, or one that is longer than there is room.
    fn exchange(
        &mut self,
        kind: MessageKind,
        message: &[u8],
        answer: &mut [u8],
        within: Duration,
    ) -> Result<(MessageKind, usize), Self::Error>;
}

impl<T: Transport + ?Sized> Transport for &mut T {
    type Error = T::Error;

    fn exchange(
        &mut self,
        kind: MessageKind,
        message: &[u8],
        answer: &mut [u8],
        within: Duration,
    ) -> Result<(MessageKind, usize), T::Error> {
        (**self).exchange(kind, message, answer, within)
    }
}

/// Why an operation was not done.
#[derive(Debug)]
pub enum RunError<E> {
    /// By what was said.
    Spdm(Error),
    /// Something was not carried.
    Transport(E),
}

impl<E: fmt::Display> fmt::Display for RunError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spdm(error) => error.fmt(f),
            Self::Transport(error) => error.fmt(f),
        }
    }
}

impl<E: core::error::Error> core::error::Error for RunError<E> {}

/// Drives a requester until the operation in work has ended, and shows every event that is more than a step on the
/// way.
///
/// # Errors
/// [`RunError`]; the operation has then ended.
pub fn run<E, B, T>(
    requester: &mut Requester<E, B>,
    transport: &mut T,
    clock: &impl Clock,
    answer: &mut [u8],
    mut show: impl FnMut(Event<'_>),
) -> Result<(), RunError<T::Error>>
where
    E: Endpoint,
    B: AsRef<[u8]> + AsMut<[u8]>,
    T: Transport,
{
    loop {
        let sent = match requester.poll(clock.now()).map_err(RunError::Spdm)? {
            Step::Send { kind, message, within } => transport.exchange(kind, message, answer, within),
            Step::Wait(until) => {
                clock.wait_until(until);
                continue;
            }
            Step::Idle | Step::Receive => return Ok(()),
        };
        let (kind, length) = sent.map_err(|error| {
            requester.abandon();
            RunError::Transport(error)
        })?;
        let received = answer.get_mut(..length).unwrap_or_default();
        match requester.receive(clock.now(), kind, received).map_err(RunError::Spdm)? {
            Event::Continue => {}
            event => show(event),
        }
    }
}
