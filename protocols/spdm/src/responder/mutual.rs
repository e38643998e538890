//! Who the requester is: digests, certificates and a challenge with the roles turned round, and when they are asked for.

use lanewarden_crypto::{Hash, Provider, SignatureAlgorithm};

use super::encapsulated::{Aim, Ask, Chain, Flow};
use super::{Core, Endpoint, HashOf, Refused, Requesters};
use crate::Version;
use crate::message::{
    CertificatePortion, ChallengeAuth, Digests, Header, MutualAuthentication, Reader, RequesterFlags,
    ResponderFlags, SLOTS,
};
use crate::session::Keep;
use crate::signing::{Purpose, ToSign};

impl<E: Endpoint> Core<E> {
    /// Whether both sides can.
    pub(super) fn authenticates_requesters(&self) -> bool {
        self.flags().contains(ResponderFlags::MUT_AUTH) && self.requester.contains(RequesterFlags::MUT_AUTH)
    }

    /// Whether a chain can be asked for.
    fn can_ask_for_chain(&self) -> bool {
        self.authenticates_requesters()
            && self.takes_encapsulated()
            && self.requester.contains(RequesterFlags::CERT)
            && self.settings.requester_slot < SLOTS
    }

    fn requester_signature(&self) -> Result<SignatureAlgorithm, Refused> {
        self.agreed()?.requester_signature.ok_or(Refused::INVALID)
    }

    /// How the requester is to prove who it is in the handshake of a session.
    pub(super) fn mutual_of_handshake(&mut self) -> Result<MutualAuthentication, Refused> {
        let wanted = self.settings.mutual;
        if !E::Requesters::PRESENT || wanted == MutualAuthentication::None {
            return Ok(MutualAuthentication::None);
        }
        let slot = self.settings.requester_slot;
        let can = match self.requester_signature() {
            Err(_) => false,
            Ok(signature) if wanted == MutualAuthentication::Direct => {
                self.authenticates_requesters() && self.parts.requesters.known(slot, signature).is_some()
            }
            Ok(_) => self.can_ask_for_chain(),
        };
        match can {
            true => Ok(wanted),
            false if self.settings.mutual_required => Err(Refused::POLICY),
            false => Ok(MutualAuthentication::None),
        }
    }

    /// A handshake waits for the requester's chain.
    pub(super) fn begin_handshake(&mut self, session: u32, mutual: MutualAuthentication) {
        let is_clear = self.session(session).is_some_and(|one| one.terms.in_the_clear);
        let flow = Flow::new((!is_clear).then_some(session), Aim::Handshake(session), Ask::Digests);
        let is_asked = mutual == MutualAuthentication::EncapsulatedDigests;
        self.flow.put(if is_asked { flow.asked() } else { flow });
    }

    /// Whether the requester is challenged in turn.
    pub(super) fn asks_back(&self) -> bool {
        E::Requesters::PRESENT
            && self.settings.basic_mutual
            && self.version >= Version::V1_1
            && self.can_ask_for_chain()
            && self.requester.contains(RequesterFlags::CHAL)
            && self.requester_signature().is_ok()
    }

    /// The requester is to be challenged in turn.
    pub(super) fn begin_basic(&mut self) {
        let mut flow = Flow::<E>::new(None, Aim::Requester, Ask::Digests);
        if let Some(turned) = self.fresh_turned() {
            flow.transcript.put(turned);
        }
        self.flow.put(flow);
        self.is_requester_known = false;
    }

    /// What the requester signs begins with what was negotiated, from 1.2 on.
    fn fresh_turned(&self) -> Option<HashOf<E>> {
        if self.version >= Version::V1_2 {
            return self.transcripts.connection().cloned();
        }
        self.parts.provider.hash(self.agreed().ok()?.hash)
    }

    pub(super) fn hear_digests(
        &mut self,
        flow: &mut Flow<E>,
        header: Header,
        reader: &mut Reader<'_>,
        response: &[u8],
    ) -> Result<Option<Ask>, Refused> {
        let algorithm = self.agreed()?.hash;
        let (digests, length) = Digests::decode(self.version, algorithm.size(), header, reader)?;
        let (slot, signature) = (self.settings.requester_slot, self.requester_signature()?);
        let digest =
            digests.digest(slot).and_then(|digest| lanewarden_crypto::Digest::new(algorithm, digest));
        let digest = digest.ok_or(Refused::INVALID)?;
        flow.said(response.get(..length).unwrap_or_default());
        // A chain that is known from before need not come again.
        let known = self.parts.requesters.known(slot, signature).filter(|(known, _)| *known == digest);
        if let Some((_, key)) = known {
            self.shown.put((slot, digest, key));
            return self.after_chain(flow);
        }
        self.parts.requesters.begin(slot, &digest, signature);
        let hash = self.parts.provider.hash(algorithm).ok_or(Refused::UNSPECIFIED)?;
        flow.chain.put(Chain { digest, hash, received: 0, total: None });
        Ok(Some(Ask::Certificate))
    }

    pub(super) fn hear_portion(
        &mut self,
        flow: &mut Flow<E>,
        header: Header,
        reader: &mut Reader<'_>,
        response: &[u8],
    ) -> Result<Option<Ask>, Refused> {
        let (portion, length) = CertificatePortion::decode(header, reader)?;
        let count = u16::try_from(portion.bytes.len()).map_err(|_| Refused::INVALID)?;
        let chain = flow.chain.get_mut().ok_or(Refused::UNSPECIFIED)?;
        chain.received = chain.received.checked_add(count).ok_or(Refused::INVALID)?;
        let total = u32::from(chain.received).saturating_add(portion.remainder.into());
        let is_as_asked = portion.slot == self.settings.requester_slot
            && count > 0
            && count <= self.portion_asked()
            && *chain.total.get_or_insert(total) == total;
        if !is_as_asked || !self.parts.requesters.portion(portion.bytes) {
            return Err(Refused::INVALID);
        }
        chain.hash.update(portion.bytes);
        flow.said(response.get(..length).unwrap_or_default());
        if portion.remainder > 0 {
            return Ok(Some(Ask::Certificate));
        }
        self.end_chain(flow)
    }

    /// The chain is whole. It has to be the one that DIGESTS told of, and to be trusted.
    fn end_chain(&mut self, flow: &mut Flow<E>) -> Result<Option<Ask>, Refused> {
        let chain = flow.chain.take().ok_or(Refused::UNSPECIFIED)?;
        if chain.hash.finish() != chain.digest {
            return Err(Refused::INVALID);
        }
        let key = self.parts.requesters.finish().ok_or(Refused::INVALID)?;
        self.shown.put((self.settings.requester_slot, chain.digest, key));
        self.after_chain(flow)
    }

    /// The requester's key is there: FINISH is to be signed with it, or a challenge.
    fn after_chain(&mut self, flow: &Flow<E>) -> Result<Option<Ask>, Refused> {
        let Aim::Handshake(id) = flow.aim else { return Ok(Some(Ask::Challenge)) };
        let shown = self.shown.get().map(|(slot, digest, _)| (*slot, *digest));
        self.session_mut(id).ok_or(Refused::UNSPECIFIED)?.notes.shown = shown;
        Ok(None)
    }

    pub(super) fn hear_proof(
        &mut self,
        flow: &mut Flow<E>,
        header: Header,
        reader: &mut Reader<'_>,
        response: &[u8],
    ) -> Result<Option<Ask>, Refused> {
        let connection = self.agreed()?;
        let (answer, signed, _) =
            ChallengeAuth::decode(connection.requester_format(), false, header, reader)?;
        let slot = self.settings.requester_slot;
        let (_, digest, key) = self.shown.get().ok_or(Refused::UNSPECIFIED)?;
        let is_as_asked = answer.attributes == slot
            && answer.slots & 1_u8.wrapping_shl(slot.into()) != 0
            && answer.chain_digest == digest.as_bytes()
            && answer.context == [0; 8];
        if !is_as_asked {
            return Err(Refused::INVALID);
        }
        flow.said(response.get(..signed).unwrap_or_default());
        let transcript = flow.transcript.take().ok_or(Refused::UNSPECIFIED)?.finish();
        let purpose = Purpose::REQUESTER_CHALLENGE_AUTH;
        let to_sign = ToSign::new(&self.parts.provider, self.version, purpose, &transcript);
        let to_sign = to_sign.ok_or(Refused::UNSPECIFIED)?;
        let signature = self.requester_signature()?;
        to_sign.verify(key, signature, answer.signature).map_err(|_| Refused::INVALID)?;
        self.is_requester_known = true;
        Ok(None)
    }
}
