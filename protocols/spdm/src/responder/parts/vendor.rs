//! Whoever answers vendor-defined requests.

use crate::message::{ErrorCode, Registry};

/// Where a vendor-defined request comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The session it came in; `None` outside of sessions.
    pub session: Option<u32>,
    /// Whether the requester has proven who it is: in this session's handshake, or outside of sessions by a challenge
    /// of the responder's. A key that both share is no such proof.
    pub mutual: bool,
}

/// Answers vendor-defined requests, and what else is said in sessions.
pub trait VendorHandler {
    /// Whether there is one.
    const PRESENT: bool = true;

    /// Answers a request of this registry: writes the payload of the answer and returns its length.
    ///
    /// # Errors
    /// The code of the ERROR to answer with; [`ErrorCode::UNSUPPORTED_REQUEST`] for a registry it does not know.
    fn handle(
        &mut self,
        context: Context,
        registry: Registry<'_>,
        request: &[u8],
        answer: &mut [u8],
    ) -> Result<usize, ErrorCode>;

    /// Answers a message of another MCTP type that came in an established session (DSP0276 1.2, 7): writes the body of
    /// the answer, which is of the same type, and returns its length. `None` for no answer.
    fn message(
        &mut self,
        context: Context,
        message_type: u8,
        message: &[u8],
        answer: &mut [u8],
    ) -> Option<usize> {
        let _ = (context, message_type, message, answer);
        None
    }

    /// A session is over, in whatever way: what hangs on it ends too.
    fn ended(&mut self, session: u32) {
        let _ = session;
    }

    /// The responder was reset, after its sessions have ended: nothing of before holds.
    fn reset(&mut self) {}
}

impl VendorHandler for () {
    const PRESENT: bool = false;

    fn handle(&mut self, _: Context, _: Registry<'_>, _: &[u8], _: &mut [u8]) -> Result<usize, ErrorCode> {
        Err(ErrorCode::UNSUPPORTED_REQUEST)
    }
}
