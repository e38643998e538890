//! Messages of other MCTP types in a session (DSP0276 1.2, 7). They are not SPDM's: the requester protects them, and
//! neither waits for their answers nor repeats them.

use core::ops::Range;

use lanewarden_time::Instant;

use super::{Core, Endpoint, Failure, PartsOf, Within};
use crate::binding::Content;
use crate::error::{Misuse, Reason, Violation};
use crate::session::{Seating, Session, Sessions};

impl<E: Endpoint, B: AsRef<[u8]> + AsMut<[u8]>> Within<'_, E, B> {
    /// Seals a message of an MCTP type that stands at `message` in the buffer, with
    /// [`RecordForm::head`](crate::session::RecordForm::head) bytes of room before it and
    /// [`RecordForm::TAIL`](crate::session::RecordForm::TAIL) behind it. Gives where the record stands.
    ///
    /// # Errors
    /// [`Misuse::InWork`] during an operation, [`Misuse::NoSession`], or
    /// [`SealError`](crate::session::SealError).
    pub fn seal(
        &mut self,
        message_type: u8,
        buffer: &mut [u8],
        message: Range<usize>,
    ) -> Result<Range<usize>, Reason> {
        let id = self.session;
        let session = self.idle()?.established(id)?;
        Ok(session.seal(Content::Mctp(message_type), buffer, message)?)
    }

    /// Opens a record that came, where it stands: gives the MCTP type and the message.
    ///
    /// # Errors
    /// As [`Within::seal`]; where the record does not open, or is of an SPDM message, the session has ended.
    pub fn open<'a>(&mut self, now: Instant, record: &'a mut [u8]) -> Result<(u8, &'a [u8]), Reason> {
        let id = self.session;
        let core = self.idle()?;
        core.established(id)?;
        let PartsOf::<E> { provider, sessions, .. } = &mut core.parts;
        let session = sessions.seats_mut().session_mut(id).ok_or(Misuse::NoSession)?;
        let opened = session.open(provider, now, record);
        let opened = opened.map_err(Reason::from).and_then(|opened| match opened.content {
            Content::Mctp(kind) => Ok((kind, opened.message)),
            Content::Spdm => Err(Violation::Unasked.into()),
        });
        let (kind, message) = opened.inspect_err(|_| {
            core.lane = Some(id);
            core.fail(Failure::Unclear);
        })?;
        Ok((kind, record.get(message).unwrap_or_default()))
    }

    fn idle(&mut self) -> Result<&mut Core<E>, Reason> {
        match self.requester.is_idle() {
            true => Ok(&mut self.requester.core),
            false => Err(Misuse::InWork.into()),
        }
    }
}

impl<E: Endpoint> Core<E> {
    fn established(&mut self, id: u32) -> Result<&mut Session<E::Provider>, Reason> {
        let session = self.parts.sessions.seats_mut().session_mut(id);
        session.filter(|session| session.is_established()).ok_or(Misuse::NoSession.into())
    }
}
