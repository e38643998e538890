//! FINISH and PSK_FINISH (DSP0274 1.3, 10.17 and 10.19): a handshake ends.

use lanewarden_crypto::{Digest, Signing};

use super::open::Opening;
use super::operation::Encoded;
use super::parts::PartsOf;
use super::{Core, Endpoint, Event};
use crate::error::{Misuse, Reason, Violation};
use crate::identity::{Identities, SlotChain};
use crate::message::{Finish, FinishRsp, Header, PskFinish, PskFinishRsp, Reader, Writer};
use crate::session::{Seating, Session, Sessions};
use crate::signing::{Purpose, ToSign};

/// Bytes of the longest signature of a requester: RSA with 4096 bits.
const MAX_SIGNATURE: usize = 512;

impl<E: Endpoint> Core<E> {
    /// The session that is being opened, and the other parts.
    fn handshake(&mut self, id: u32) -> Result<&mut Session<E::Provider>, Reason> {
        self.parts.sessions.seats_mut().session_mut(id).ok_or(Reason::Misuse(Misuse::NoSession))
    }

    /// FINISH, with a signature where this side is to prove who it is (DSP0274 1.3, 10.17.1).
    pub fn encode_finish(&mut self, opening: &Opening, writer: &mut Writer<'_>) -> Result<Encoded, Reason> {
        let version = self.version();
        Finish::encode_head(version, opening.proof, writer)?;
        if let Some(slot) = opening.proof {
            let chain = self.own_digest(slot)?;
            let session = self.parts.sessions.seats().session(opening.id).ok_or(Misuse::NoSession)?;
            let transcript = session.transcript(&[chain.as_bytes(), writer.written()]);
            let mut signature = [0; MAX_SIGNATURE];
            let length = match self.sign(slot, Purpose::FINISH, transcript, &mut signature)? {
                (Signing::Pending(wait), _) => return Ok(Encoded::Later(wait)),
                (Signing::Done, length) => length,
            };
            self.handshake(opening.id)?.said(chain.as_bytes());
            writer.bytes(signature.get(..length).unwrap_or_default())?;
        }
        self.prove(opening.id, writer)
    }

    pub fn encode_psk_finish(
        &mut self,
        opening: &Opening,
        writer: &mut Writer<'_>,
    ) -> Result<Encoded, Reason> {
        PskFinish::encode_head(self.version(), writer)?;
        self.prove(opening.id, writer)
    }

    /// Puts verify data at the end.
    fn prove(&mut self, id: u32, writer: &mut Writer<'_>) -> Result<Encoded, Reason> {
        let PartsOf::<E> { provider, sessions, .. } = &mut self.parts;
        let session = sessions.seats_mut().session_mut(id).ok_or(Misuse::NoSession)?;
        session.said(writer.written());
        let proof = session.verify_data(provider).ok_or(Reason::NoSessionCrypto)?;
        session.said(proof.as_bytes());
        writer.bytes(proof.as_bytes())?;
        Ok(Encoded::Ready(None))
    }

    #[inline(never)]
    pub fn complete_finish<'a>(&mut self, opening: &Opening, message: &[u8]) -> Result<Event<'a>, Reason> {
        let format = self.agreed()?.format();
        let in_the_clear = self.handshake(opening.id)?.terms.in_the_clear;
        let mut reader = Reader::new(message);
        Header::decode(&mut reader)?;
        let (answer, unverified, _) = FinishRsp::decode(format, in_the_clear, &mut reader)?;
        self.handshake(opening.id)?.said(message.get(..unverified).unwrap_or_default());
        if in_the_clear {
            let PartsOf::<E> { provider, sessions, .. } = &mut self.parts;
            let session = sessions.seats_mut().session_mut(opening.id).ok_or(Misuse::NoSession)?;
            match session.verifies(provider, answer.verify_data) {
                Some(true) => session.said(answer.verify_data),
                Some(false) => return Err(Reason::WrongVerifyData),
                None => return Err(Reason::NoSessionCrypto),
            }
        }
        self.establish(opening.id)
    }

    #[inline(never)]
    pub fn complete_psk_finish<'a>(
        &mut self,
        opening: &Opening,
        message: &[u8],
    ) -> Result<Event<'a>, Reason> {
        let mut reader = Reader::new(message);
        Header::decode(&mut reader)?;
        let (_, length) = PskFinishRsp::decode(&reader)?;
        self.handshake(opening.id)?.said(message.get(..length).unwrap_or_default());
        self.establish(opening.id)
    }

    pub fn establish<'a>(&mut self, id: u32) -> Result<Event<'a>, Reason> {
        let PartsOf::<E> { provider, sessions, record, .. } = &mut self.parts;
        let session = sessions.seats_mut().session_mut(id).ok_or(Misuse::NoSession)?;
        session.establish(provider).ok_or(Reason::NoSessionCrypto)?;
        session.show_secrets(record);
        Ok(Event::Opened(id))
    }

    /// The digest of a chain of its own.
    pub fn own_digest(&self, slot: u8) -> Result<Digest, Reason> {
        let algorithm = self.agreed()?.hash;
        let certificates = self.parts.identities.certificates(slot);
        let certificates = certificates.ok_or(Reason::Violation(Violation::MutualAuthentication))?;
        let chain = SlotChain::new(&self.parts.provider, algorithm, certificates);
        let digest = chain.and_then(|chain| chain.digest(&self.parts.provider, algorithm));
        digest.ok_or(Reason::NoHash(algorithm))
    }

    /// Signs a transcript with a key of its own; gives the length of the signature too.
    pub fn sign(
        &mut self,
        slot: u8,
        purpose: Purpose,
        transcript: Option<Digest>,
        signature: &mut [u8],
    ) -> Result<(Signing, usize), Reason> {
        let connection = self.agreed()?;
        let missing = Reason::NoHash(connection.hash);
        let algorithm = connection.requester_signature.ok_or(Reason::NotSigned)?;
        let to_sign =
            ToSign::new(&self.parts.provider, connection.version, purpose, &transcript.ok_or(missing)?);
        let to_sign = to_sign.ok_or(missing)?;
        let signer = self.parts.identities.signer(slot).ok_or(Violation::MutualAuthentication)?;
        let signed = signer.sign(algorithm, to_sign.signed(algorithm), signature);
        Ok((signed.map_err(|_| Reason::NotSigned)?, algorithm.signature_size()))
    }
}
