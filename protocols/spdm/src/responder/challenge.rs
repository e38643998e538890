//! CHALLENGE (DSP0274 1.3, 10.10).

use lanewarden_crypto::Provider;

use super::{Answer, Core, Endpoint, Job, Refused, Then};
use crate::message::{Challenge, ChallengeAuth, Header, Nonce, Reader, Request, SummaryKind, Writer};
use crate::signing::Purpose;
use crate::transcript::{Part, Record};

/// In the attributes of CHALLENGE_AUTH: the requester is to prove who it is too.
const BASIC_MUTUAL: u8 = 1 << 7;

impl<E: Endpoint> Core<E> {
    pub(super) fn challenge(
        &mut self,
        header: Header,
        reader: &mut Reader<'_>,
        message: &[u8],
        out: &mut [u8],
    ) -> Result<Answer, Refused> {
        let (asked, length) = Challenge::decode(self.version, header, reader)?;
        let measures = self.agreed()?.measurement_hash.is_some();
        if !self.is_usable(asked.slot)? || asked.summary != SummaryKind::None && !measures {
            return Err(Refused::INVALID);
        }
        let chain_digest = self.chain_digest(asked.slot)?;
        let summary = self.summary(asked.summary)?;
        let asks_back = self.asks_back();
        let answer = ChallengeAuth {
            attributes: if asks_back { asked.slot | BASIC_MUTUAL } else { asked.slot },
            slots: self.slots()?,
            chain_digest: chain_digest.as_bytes(),
            nonce: self.fresh_nonce()?,
            summary: summary.as_ref().map(AsRef::as_ref).unwrap_or_default(),
            opaque: &[],
            context: asked.context,
            signature: &[],
        };
        let mut writer = Writer::new(out);
        answer.encode_unsigned(self.version, &mut writer)?;
        let request = message.get(..length).unwrap_or_default();
        let unsigned = writer.length();
        self.prepare(Request::Challenge, Part::Authentication, asked.slot, request, writer.written())?;
        if asks_back {
            self.begin_basic();
        }
        Ok(Answer::Unsigned(unsigned))
    }

    pub(super) fn fresh_nonce(&self) -> Result<Nonce, Refused> {
        let mut nonce = Nonce::default();
        self.parts.provider.random(&mut nonce).map_err(|_| Refused::UNSPECIFIED)?;
        Ok(nonce)
    }

    /// Makes ready what is signed: a part, with this exchange at its end.
    pub(super) fn prepare(
        &mut self,
        request: Request,
        part: Part,
        slot: u8,
        asked: &[u8],
        answer: &[u8],
    ) -> Result<(), Refused> {
        let purpose = match part {
            Part::Measurements => Purpose::MEASUREMENTS,
            Part::Authentication | Part::Connection => Purpose::CHALLENGE_AUTH,
        };
        let signature = self.agreed()?.format().signature;
        self.check_length(answer.len().saturating_add(signature))?;
        self.transcripts.request(part, asked)?;
        let transcript = self.transcripts.digest(answer).ok_or(Refused::UNSPECIFIED)?;
        if self.lane.is_none() {
            self.parts.record.request(part, asked);
        }
        self.job = Some(Job { request, slot, purpose, transcript, then: Then::Part(part) });
        Ok(())
    }
}
