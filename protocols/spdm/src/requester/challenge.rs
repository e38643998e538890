//! CHALLENGE (DSP0274 1.3, 10.10).

use lanewarden_crypto::{Digest, Provider, VerifyError};

use super::encapsulated::Talk;
use super::{Core, Endpoint, Event, Operation};
use crate::error::{Misuse, Reason, Violation};
use crate::message::{
    Challenge, ChallengeAuth, Context, Header, Nonce, Reader, RequesterFlags, ResponderFlags, SummaryKind,
};
use crate::signing::{Purpose, ToSign};
use crate::transcript::{Part, Record};

/// The slot in the attributes of CHALLENGE_AUTH, and the wish for mutual authentication of 1.0 and 1.1.
const SLOT: u8 = 0xf;
const MUTUAL: u8 = 0x80;

/// What a device is asked to prove.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChallengeRequest {
    /// That it holds the key of this slot.
    pub slot: u8,
    /// With a summary of these measurements.
    pub summary: SummaryKind,
    /// Over this nonce; a fresh one where there is none.
    pub nonce: Option<Nonce>,
    /// With this context, from 1.3 on.
    pub context: Context,
}

/// What a device has proved.
#[derive(Clone, Copy, Debug)]
pub struct Authenticated<'a> {
    /// With the key of which slot.
    pub slot: u8,
    /// The requester's nonce.
    pub requester_nonce: Nonce,
    /// Its answer.
    pub answer: ChallengeAuth<'a>,
    /// The digest of what was said, which the signature is over.
    pub transcript: Digest,
}

impl<E: Endpoint> Core<E> {
    pub fn begin_challenge(&mut self, request: ChallengeRequest) -> Result<(), Reason> {
        self.needs(ResponderFlags::CHAL, "answer to challenges (CHAL_CAP)")?;
        if request.summary != SummaryKind::None {
            self.needs(ResponderFlags::MEAS | ResponderFlags::MEAS_SIGNED, "measurements (MEAS_CAP)")?;
        }
        self.key_of(request.slot)?;
        let ChallengeRequest { slot, summary, nonce, context } = request;
        let nonce = nonce.map_or_else(|| self.fresh_nonce(), Ok)?;
        self.operation = Operation::Challenge(Challenge { slot, summary, nonce, context });
        Ok(())
    }

    pub fn fresh_nonce(&self) -> Result<Nonce, Reason> {
        let mut nonce = Nonce::default();
        self.parts.provider.random(&mut nonce).map_err(|_| Reason::NoRandomness)?;
        Ok(nonce)
    }

    /// The key that belongs to what DIGESTS told of a slot.
    pub fn key_of(&self, slot: u8) -> Result<&super::KeyOf<E>, Reason> {
        let expected = self.expected_digest(slot)?;
        let known = self.key.as_ref().filter(|(of, key)| *of == slot && key.chain == expected);
        known.map(|(_, peer)| &peer.key).ok_or(Reason::Misuse(Misuse::NoKey))
    }

    pub fn complete_challenge<'a>(
        &mut self,
        asked: &Challenge,
        message: &'a [u8],
    ) -> Result<Event<'a>, Reason> {
        let format = self.agreed()?.format();
        let mut reader = Reader::new(message);
        let header = Header::decode(&mut reader)?;
        let with_summary = asked.summary != SummaryKind::None;
        let (answer, unsigned, _) = ChallengeAuth::decode(format, with_summary, header, &mut reader)?;
        self.check_auth(asked, &answer)?;
        let signed = message.get(..unsigned).unwrap_or_default();
        let transcript = self.verify(Purpose::CHALLENGE_AUTH, asked.slot, signed, answer.signature)?;
        self.parts.record.response(Part::Authentication, signed);
        self.parts.record.signature(Part::Authentication, answer.signature);
        self.reset(Part::Authentication);
        if answer.attributes & MUTUAL != 0 {
            self.operation = Operation::Talk(Talk::asking());
        }
        let (slot, requester_nonce) = (asked.slot, asked.nonce);
        Ok(Event::Authenticated(Authenticated { slot, requester_nonce, answer, transcript }))
    }

    fn check_auth(&self, asked: &Challenge, answer: &ChallengeAuth<'_>) -> Result<(), Reason> {
        let slot = answer.attributes & SLOT;
        if slot != asked.slot || answer.slots & 1_u8.wrapping_shl(slot.into()) == 0 {
            return Err(Violation::Slot(slot).into());
        }
        if answer.attributes & MUTUAL != 0 && !self.is_provable()? {
            return Err(Violation::MutualAuthentication.into());
        }
        if self.expected_digest(asked.slot)?.as_bytes() != answer.chain_digest {
            return Err(Violation::ChainDigest.into());
        }
        let has_context = self.version() >= crate::Version::V1_3;
        if has_context && answer.context != asked.context {
            return Err(Violation::Context.into());
        }
        Ok(())
    }

    /// Holds a signature against what has been said, up to and with this part of the answer.
    pub fn verify(
        &self,
        purpose: Purpose,
        slot: u8,
        answer: &[u8],
        signature: &[u8],
    ) -> Result<Digest, Reason> {
        let connection = self.agreed()?;
        let missing = Reason::NoHash(connection.hash);
        let transcript = self.transcripts.digest(answer).ok_or(missing)?;
        let to_sign =
            ToSign::new(&self.parts.provider, connection.version, purpose, &transcript).ok_or(missing)?;
        self.check_signature(&to_sign, slot, signature)?;
        Ok(transcript)
    }

    /// Whether both have said that this side proves who it is, and have agreed on how.
    pub fn is_provable(&self) -> Result<bool, Reason> {
        let connection = self.agreed()?;
        Ok(connection.requester.contains(RequesterFlags::MUT_AUTH)
            && connection.flags.contains(ResponderFlags::MUT_AUTH)
            && connection.requester_signature.is_some())
    }

    /// Holds a signature of the device against what it signs.
    pub fn check_signature(&self, to_sign: &ToSign, slot: u8, signature: &[u8]) -> Result<(), Reason> {
        let algorithm = self.agreed()?.signature.ok_or(Reason::Incapable("signature algorithm"))?;
        match to_sign.verify(self.key_of(slot)?, algorithm, signature) {
            Ok(()) => Ok(()),
            Err(VerifyError::Mismatch) => Err(Reason::WrongSignature),
            Err(VerifyError::Unsupported) => Err(Reason::NotVerifiable),
        }
    }
}
