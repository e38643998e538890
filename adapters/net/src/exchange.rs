//! What a requester runs over.

use std::time::Duration;

use lanewarden_spdm::binding::MessageKind;

use crate::TransportError;

/// A way to one responder.
///
/// Messages go out and come in as the session layer has them: a plain message begins with its SPDM version, a secured
/// one with its session ID. Where the transport pads messages to whole DWs (DOE), the answer comes with its padding.
pub trait Exchange {
    /// Sends one message, waits up to `timeout` for its answer, writes it to the front of `answer` and returns its
    /// length in bytes.
    ///
    /// The answer is of the request's kind, or plain: a responder that has lost the session says so outside it
    /// (DSP0274, ERROR with InvalidSession). [`Exchange::answered`] tells which.
    ///
    /// # Errors
    /// [`TransportError`]. After all but those with [`Blame::Caller`](crate::Blame::Caller) the way is dead.
    fn exchange(
        &mut self,
        kind: MessageKind,
        request: &[u8],
        answer: &mut [u8],
        timeout: Duration,
    ) -> Result<usize, TransportError>;

    /// The kind of the answer that came last; plain before any.
    fn answered(&self) -> MessageKind;
}

impl<E: Exchange + ?Sized> Exchange for &mut E {
    fn exchange(
        &mut self,
        kind: MessageKind,
        request: &[u8],
        answer: &mut [u8],
        timeout: Duration,
    ) -> Result<usize, TransportError> {
        (**self).exchange(kind, request, answer, timeout)
    }

    fn answered(&self) -> MessageKind {
        (**self).answered()
    }
}
