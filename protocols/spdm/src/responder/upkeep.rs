//! HEARTBEAT, KEY_UPDATE and END_SESSION (DSP0274 1.3, 10.20, 10.21 and 10.24).

use super::{After, Answer, Core, Endpoint, Refused};
use crate::message::{EndSession, EndSessionAck, Header, Heartbeat, KeyOperation, KeyUpdate, Reader, Writer};
use crate::session::{Seating, Sessions};

impl<E: Endpoint> Core<E> {
    /// That something was heard of the requester counts already as its record opened.
    pub(super) fn heartbeat(&mut self, reader: &Reader<'_>, out: &mut [u8]) -> Result<Answer, Refused> {
        let (heartbeat, _) = Heartbeat::decode(reader)?;
        if self.here()?.terms.heartbeat.is_zero() {
            return Err(Refused::UNEXPECTED);
        }
        let mut writer = Writer::new(out);
        heartbeat.encode(self.version, false, &mut writer)?;
        Ok(Answer::Ready(writer.length()))
    }

    pub(super) fn key_update(
        &mut self,
        header: Header,
        reader: &Reader<'_>,
        out: &mut [u8],
    ) -> Result<Answer, Refused> {
        let (update, _) = KeyUpdate::decode(header, reader)?;
        let id = self.lane.ok_or(Refused::SESSION_REQUIRED)?;
        let provider = &self.parts.provider;
        let session = self.parts.sessions.seats_mut().session_mut(id).ok_or(Refused::SESSION_REQUIRED)?;
        let is_verifying = update.operation == KeyOperation::VerifyNewKey;
        // New keys are verified under themselves; until they are, there are no newer ones.
        if is_verifying != session.notes.is_updating || is_verifying && session.expects_renewed() {
            return Err(Refused::INVALID);
        }
        let done = match update.operation {
            // The acknowledgement goes under the new key already.
            KeyOperation::UpdateAllKeys => session.renew_outgoing(provider),
            KeyOperation::UpdateKey | KeyOperation::VerifyNewKey => Some(()),
        };
        done.ok_or(Refused::UNSPECIFIED)?;
        session.notes.is_updating = !is_verifying;
        if !is_verifying {
            session.expect_renewed();
        }
        let mut writer = Writer::new(out);
        update.encode(self.version, false, &mut writer)?;
        Ok(Answer::Ready(writer.length()))
    }

    /// Nothing that was negotiated is kept over a reset, so there is nothing to clear.
    pub(super) fn end_session_request(
        &mut self,
        header: Header,
        reader: &Reader<'_>,
        out: &mut [u8],
    ) -> Result<Answer, Refused> {
        EndSession::decode(header, reader)?;
        let id = self.lane.ok_or(Refused::SESSION_REQUIRED)?;
        let mut writer = Writer::new(out);
        EndSessionAck.encode(self.version, &mut writer)?;
        self.after = After::End(id);
        Ok(Answer::Ready(writer.length()))
    }
}
