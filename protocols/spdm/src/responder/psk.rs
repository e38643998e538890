//! PSK_EXCHANGE and PSK_FINISH (DSP0274 1.3, 10.18 and 10.19).

use super::{After, Answer, Core, Endpoint, PresharedKeys, Refused};
use crate::message::{Header, PskExchange, PskExchangeRsp, PskFinish, PskFinishRsp, Reader, Writer};
use crate::session::{HandshakeSecret, Notes, Seating, Sessions, Terms};

impl<E: Endpoint> Core<E> {
    #[inline(never)]
    pub(super) fn psk_exchange(
        &mut self,
        header: Header,
        reader: &mut Reader<'_>,
        message: &[u8],
        out: &mut [u8],
    ) -> Result<Answer, Refused> {
        let connection = self.agreed()?;
        let (asked, length) = PskExchange::decode(self.version, header, reader)?;
        self.check_wishes(asked.summary, asked.policy)?;
        let chosen = self.choose_secured(asked.opaque)?;
        let half = self.next_half(false)?;
        let terms = Terms { is_psk: true, ..self.terms(&connection, asked.session_id, half, chosen.limit)? };
        let key = self.parts.psk.key(asked.hint).ok_or(Refused::INVALID)?;
        let secret = HandshakeSecret::from_psk(&self.parts.provider, terms.hash, key);
        let secret = secret.ok_or(Refused::UNSPECIFIED)?;
        let summary = self.summary(asked.summary)?;
        let context = self.fresh_nonce()?;
        let answer = PskExchangeRsp {
            heartbeat: self.heartbeat_of(&connection),
            session_id: half,
            summary: summary.as_ref().map(AsRef::as_ref).unwrap_or_default(),
            context: if E::Psk::CONTEXT { &context } else { &[] },
            opaque: chosen.opaque(),
            verify_data: &[],
        };
        let mut writer = Writer::new(out);
        answer.encode_unverified(self.version, &mut writer)?;
        let unverified = writer.length();
        self.check_length(unverified.saturating_add(connection.format().digest))?;
        let request = message.get(..length).unwrap_or_default();
        let notes = Notes { policy: asked.policy, ..Notes::default() };
        self.reserve(terms, notes, secret, &[request, writer.written()])?;
        let id = self.begin()?;
        let length = self.put_verify_data(id, unverified, out)?;
        if !E::Psk::CONTEXT {
            self.after = After::Establish(id);
        }
        Ok(Answer::Ready(length))
    }

    pub(super) fn psk_finish(
        &mut self,
        reader: &mut Reader<'_>,
        message: &[u8],
        out: &mut [u8],
    ) -> Result<Answer, Refused> {
        let id = self.lane.ok_or(Refused::SESSION_REQUIRED)?;
        let (asked, unverified, _) = PskFinish::decode(self.agreed()?.format(), reader)?;
        let session = self.parts.sessions.seats_mut().session_mut(id).ok_or(Refused::SESSION_REQUIRED)?;
        session.said(message.get(..unverified).unwrap_or_default());
        if session.verifies(&self.parts.provider, asked.verify_data) != Some(true) {
            self.after = After::End(id);
            return Err(Refused::DECRYPT);
        }
        session.said(asked.verify_data);
        let mut writer = Writer::new(out);
        PskFinishRsp.encode(self.version, &mut writer)?;
        session.said(writer.written());
        self.after = After::Establish(id);
        Ok(Answer::Ready(writer.length()))
    }
}
