//! FINISH (DSP0274 1.3, 10.17).

use lanewarden_crypto::VerifyError;

use super::{After, Answer, Core, Endpoint, Refused, Requesters};
use crate::message::{Ends, Finish, FinishRsp, Header, MutualAuthentication, Reader, Writer};
use crate::session::{Keep, Seating, Sessions};
use crate::signing::{Purpose, ToSign};

impl<E: Endpoint> Core<E> {
    #[inline(never)]
    pub(super) fn finish(
        &mut self,
        header: Header,
        reader: &mut Reader<'_>,
        message: &[u8],
        out: &mut [u8],
    ) -> Result<Answer, Refused> {
        let id = self.lane.or(self.clear).ok_or(Refused::SESSION_REQUIRED)?;
        let (asked, ends) = Finish::decode(self.agreed()?.requester_format(), header, reader)?;
        let mutual = self.session(id).ok_or(Refused::SESSION_REQUIRED)?.notes.mutual;
        if asked.signature.is_some() != (mutual != MutualAuthentication::None) {
            return Err(Refused::INVALID);
        }
        if let Some(signature) = asked.signature {
            self.check_proof(id, asked.slot, message.get(..ends.signed).unwrap_or_default(), signature)?;
        }
        self.hear_finish(id, message, ends, asked.verify_data)?;
        self.answer_finish(id, out)
    }

    /// The signature of the requester: over all that was said, the digest of its chain, and what stands before it.
    fn check_proof(&mut self, id: u32, slot: u8, head: &[u8], signature: &[u8]) -> Result<(), Refused> {
        let algorithm = self.agreed()?.requester_signature.ok_or(Refused::INVALID)?;
        let notes = self.session(id).ok_or(Refused::SESSION_REQUIRED)?.notes;
        if notes.mutual == MutualAuthentication::Direct {
            self.show_known(id, slot)?;
        }
        let session = self.parts.sessions.seats_mut().session_mut(id).ok_or(Refused::SESSION_REQUIRED)?;
        let (_, digest) = session.notes.shown.filter(|(shown, _)| *shown == slot).ok_or(Refused::INVALID)?;
        let shown = self.shown.get().filter(|(of, chain, _)| *of == slot && *chain == digest);
        let (_, _, key) = shown.ok_or(Refused::UNEXPECTED)?;
        let transcript = session.transcript(&[digest.as_bytes(), head]).ok_or(Refused::UNEXPECTED)?;
        let to_sign = ToSign::new(&self.parts.provider, self.version, Purpose::FINISH, &transcript);
        match to_sign.ok_or(Refused::UNSPECIFIED)?.verify(key, algorithm, signature) {
            Ok(()) => {
                session.said(digest.as_bytes());
                session.notes.is_mutual = true;
                Ok(())
            }
            Err(VerifyError::Unsupported) => Err(Refused::UNSPECIFIED),
            Err(VerifyError::Mismatch) => {
                self.after = After::End(id);
                Err(Refused::DECRYPT)
            }
        }
    }

    /// The key that was asked for is one that is known from before.
    fn show_known(&mut self, id: u32, slot: u8) -> Result<(), Refused> {
        let algorithm = self.agreed()?.requester_signature.ok_or(Refused::INVALID)?;
        if slot != self.settings.requester_slot {
            return Err(Refused::INVALID);
        }
        let known = self.parts.requesters.known(slot, algorithm);
        let (digest, key) = known.ok_or(Refused::INVALID)?;
        self.shown.put((slot, digest, key));
        let session = self.session_mut(id).ok_or(Refused::SESSION_REQUIRED)?;
        session.notes.shown = Some((slot, digest));
        Ok(())
    }

    /// FINISH counts as said, and its verify data is over what was said before it. Where it is not, the session ends.
    fn hear_finish(
        &mut self,
        id: u32,
        message: &[u8],
        ends: Ends,
        verify_data: &[u8],
    ) -> Result<(), Refused> {
        let session = self.parts.sessions.seats_mut().session_mut(id).ok_or(Refused::SESSION_REQUIRED)?;
        session.said(message.get(..ends.signature).unwrap_or_default());
        if session.verifies(&self.parts.provider, verify_data) != Some(true) {
            self.after = After::End(id);
            return Err(Refused::DECRYPT);
        }
        session.said(verify_data);
        Ok(())
    }

    /// FINISH_RSP still goes under the keys of the handshake, or in the clear with verify data.
    fn answer_finish(&mut self, id: u32, out: &mut [u8]) -> Result<Answer, Refused> {
        // Whatever goes wrong from here on, there is no second FINISH.
        self.after = After::End(id);
        let mut writer = Writer::new(out);
        FinishRsp::encode_head(self.version, &mut writer)?;
        let session = self.parts.sessions.seats_mut().session_mut(id).ok_or(Refused::SESSION_REQUIRED)?;
        session.said(writer.written());
        session.heard = self.now;
        let mut length = writer.length();
        if session.terms.in_the_clear {
            length = self.put_verify_data(id, length, out)?;
        }
        self.after = After::Establish(id);
        Ok(Answer::Ready(length))
    }
}
