//! GET_ENCAPSULATED_REQUEST and DELIVER_ENCAPSULATED_RESPONSE (DSP0274 1.3, 10.22): the responder asks, and this side
//! answers: for digests, certificates and a challenge to authenticate it, and for new keys.

use lanewarden_crypto::{Digest, Hash, Provider, Signing};

use super::operation::Encoded;
use super::parts::{HashOf, PartsOf};
use super::{Core, Endpoint};
use crate::Version;
use crate::error::{Misuse, Reason, Violation};
use crate::identity::{self, Identities, PortionError, SlotChain};
use crate::message::{
    Challenge, ChallengeAuth, DeliverEncapsulatedResponse, Digests, EncapsulatedPayload, EncapsulatedRequest,
    EncapsulatedResponseAck, ErrorCode, ErrorMessage, GetCertificate, GetEncapsulatedRequest, HEADER_SIZE,
    Header, KeyOperation, KeyUpdate, Malformed, Reader, Request, SLOTS, SummaryKind, Writer, finish,
};
use crate::session::{Seating, Sessions};
use crate::signing::Purpose;
use crate::transcript::Part;

/// Bytes of CERTIFICATE before the portion.
const PORTION_HEAD: usize = 8;
/// Requests in one go, at the most: a chain in the smallest portions, and a few.
const MOST_ROUNDS: u16 = 4096;
/// Bytes of the longest signature of a requester: RSA with 4096 bits.
const MAX_SIGNATURE: usize = 512;

/// Requests and answers with the roles turned round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Talk {
    /// What is to be answered; `None` where it is still to be asked for.
    told: Option<Told>,
    /// Its number.
    id: u8,
    rounds: u16,
}

/// What the responder asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Digests,
    Certificate(GetCertificate),
    Challenge(Challenge),
    Update(KeyUpdate),
    /// Something that is refused.
    Refused(ErrorCode, u8),
}

/// How it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// There is something to answer.
    Answer(Talk),
    /// There is no more to ask.
    Done,
    /// There is no more to ask, and this slot is to sign.
    Slot(u8),
}

impl Talk {
    /// The responder has something to ask, and is asked for it.
    pub const fn asking() -> Self {
        Self { told: None, id: 0, rounds: 0 }
    }

    /// The responder wants digests, and it is known already.
    pub const fn asked_digests() -> Self {
        Self { told: Some(Told::Digests), id: 0, rounds: 0 }
    }

    pub const fn request(self) -> Request {
        if self.told.is_some() {
            Request::DeliverEncapsulatedResponse
        } else {
            Request::GetEncapsulatedRequest
        }
    }
}

impl<E: Endpoint> Core<E> {
    #[inline(never)]
    pub fn encode_talk(&mut self, talk: Talk, writer: &mut Writer<'_>) -> Result<Encoded, Reason> {
        let version = self.version();
        let Some(told) = talk.told else {
            self.running = self.fresh_turned();
            GetEncapsulatedRequest.encode(version, writer)?;
            return Ok(Encoded::Ready(None));
        };
        DeliverEncapsulatedResponse::encode_head(version, talk.id, writer)?;
        let before = writer.length();
        match told {
            Told::Digests => self.tell_digests(writer)?,
            Told::Certificate(asked) => self.tell_certificate(asked, writer)?,
            Told::Challenge(asked) => return self.tell_proof(&asked, before, writer),
            Told::Update(update) => update.encode(version, false, writer)?,
            Told::Refused(code, data) => {
                ErrorMessage { code, data, extended: &[] }.encode(version.byte(), writer)?;
                return Ok(Encoded::Ready(None));
            }
        }
        let answer = writer.written().get(before..).unwrap_or_default();
        if let Some(turned) = &mut self.running {
            turned.update(answer);
        }
        Ok(Encoded::Ready(None))
    }

    /// What a challenge of this side is signed over begins with what was negotiated, from 1.2 on. Outside sessions only
    /// is there such a challenge.
    fn fresh_turned(&self) -> Option<HashOf<E>> {
        if self.lane.is_some() {
            return None;
        }
        if self.version() >= Version::V1_2 {
            self.transcripts.connection().cloned()
        } else {
            self.parts.provider.hash(self.connection?.hash)
        }
    }

    fn tell_digests(&mut self, writer: &mut Writer<'_>) -> Result<(), Reason> {
        let algorithm = self.agreed()?.requester_signature;
        let slots = identity::usable(&mut self.parts.identities, algorithm);
        Digests::encode_header(self.version(), slots, slots, writer)?;
        for slot in (0..SLOTS).filter(|slot| slots & 1_u8.wrapping_shl(u32::from(*slot)) != 0) {
            writer.bytes(self.own_digest(slot)?.as_bytes())?;
        }
        Ok(())
    }

    fn tell_certificate(&mut self, asked: GetCertificate, writer: &mut Writer<'_>) -> Result<(), Reason> {
        let (version, algorithm) = (self.version(), self.agreed()?.hash);
        let room = usize::try_from(self.peer_transfer()).unwrap_or(usize::MAX);
        let room = room.min(usize::from(u16::MAX)).saturating_sub(HEADER_SIZE + PORTION_HEAD);
        let PartsOf::<E> { provider, identities, .. } = &self.parts;
        let certificates = identities.certificates(asked.slot).unwrap_or_default();
        let Some(chain) = SlotChain::new(provider, algorithm, certificates) else {
            return refuse(version, ErrorCode::INVALID_REQUEST, writer);
        };
        let room = room.min(writer.rest().len().saturating_sub(PORTION_HEAD));
        match chain.write_portion(asked, room, version, writer) {
            Ok(()) => Ok(()),
            Err(PortionError::Nothing) => refuse(version, ErrorCode::INVALID_REQUEST, writer),
            Err(PortionError::NoRoom) => Err(Reason::NoRoom),
        }
    }

    /// CHALLENGE_AUTH of this side.
    fn tell_proof(
        &mut self,
        asked: &Challenge,
        before: usize,
        writer: &mut Writer<'_>,
    ) -> Result<Encoded, Reason> {
        let (version, connection) = (self.version(), self.agreed()?);
        let slots = identity::usable(&mut self.parts.identities, connection.requester_signature);
        if self.running.is_none() || slots & 1_u8.checked_shl(asked.slot.into()).unwrap_or(0) == 0 {
            refuse(version, ErrorCode::INVALID_REQUEST, writer)?;
            return Ok(Encoded::Ready(None));
        }
        let chain: Digest = self.own_digest(asked.slot)?;
        let answer = ChallengeAuth {
            attributes: asked.slot,
            slots,
            chain_digest: chain.as_bytes(),
            nonce: self.fresh_nonce()?,
            summary: &[],
            opaque: &[],
            context: asked.context,
            signature: &[],
        };
        answer.encode_unsigned(version, writer)?;
        let signed = writer.written().get(before..).unwrap_or_default();
        let transcript = self.running.as_ref().map(|turned| turned.fork(&[signed]));
        let mut signature = [0; MAX_SIGNATURE];
        match self.sign(asked.slot, Purpose::REQUESTER_CHALLENGE_AUTH, transcript, &mut signature)? {
            (Signing::Pending(wait), _) => Ok(Encoded::Later(wait)),
            (Signing::Done, length) => {
                writer.bytes(signature.get(..length).unwrap_or_default())?;
                Ok(Encoded::Ready(None))
            }
        }
    }

    #[inline(never)]
    pub fn complete_talk(&mut self, talk: Talk, message: &[u8]) -> Result<Next, Reason> {
        let mut reader = Reader::new(message);
        let header = Header::decode(&mut reader)?;
        if talk.told.is_none() {
            let asked = EncapsulatedRequest::decode(header, &reader)?;
            return self.take_request(talk, asked.id, asked.request).map(Next::Answer);
        }
        let ack = EncapsulatedResponseAck::decode(self.version(), header, &mut reader)?;
        if ack.ack_id.is_some_and(|id| id != talk.id) {
            return Err(Violation::Encapsulated.into());
        }
        match ack.payload {
            EncapsulatedPayload::None => Ok(Next::Done),
            EncapsulatedPayload::Slot(slot) => Ok(Next::Slot(slot)),
            EncapsulatedPayload::Request(request) => {
                self.take_request(talk, ack.id, request).map(Next::Answer)
            }
        }
    }

    fn take_request(&mut self, talk: Talk, id: u8, request: &[u8]) -> Result<Talk, Reason> {
        let rounds = talk.rounds.saturating_add(1);
        if rounds > MOST_ROUNDS {
            return Err(Violation::Encapsulated.into());
        }
        let mut reader = Reader::new(request);
        let header = Header::decode(&mut reader)?;
        let told = match self.sort_request(header, &mut reader) {
            Ok((told, length)) => {
                if let Some(turned) = &mut self.running {
                    turned.update(request.get(..length).unwrap_or_default());
                }
                told
            }
            Err(told) => told,
        };
        Ok(Talk { told: Some(told), id, rounds })
    }

    /// What is asked, and how long the request is; or how it is refused.
    fn sort_request(&mut self, header: Header, reader: &mut Reader<'_>) -> Result<(Told, usize), Told> {
        let malformed = |_: Malformed| Told::Refused(ErrorCode::INVALID_REQUEST, 0);
        let version = self.version();
        if header.version != version.byte() {
            return Err(Told::Refused(ErrorCode::VERSION_MISMATCH, 0));
        }
        let unsupported = Told::Refused(ErrorCode::UNSUPPORTED_REQUEST, header.code);
        match Request::from_byte(header.code).ok_or(unsupported)? {
            Request::KeyUpdate => {
                let (update, length) = KeyUpdate::decode(header, reader).map_err(malformed)?;
                self.take_update(update).map(|told| (told, length))
            }
            _ if !E::Identities::PRESENT => Err(unsupported),
            Request::GetDigests => Ok((Told::Digests, finish(reader).map_err(malformed)?)),
            Request::GetCertificate => {
                let (asked, length) = GetCertificate::decode(version, header, reader).map_err(malformed)?;
                Ok((Told::Certificate(asked), length))
            }
            Request::Challenge => {
                let (asked, length) = Challenge::decode(version, header, reader).map_err(malformed)?;
                if asked.summary != SummaryKind::None {
                    return Err(Told::Refused(ErrorCode::INVALID_REQUEST, 0));
                }
                Ok((Told::Challenge(asked), length))
            }
            _ => Err(unsupported),
        }
    }

    /// The responder's key is to be another one from its next message on; then it shows that it is.
    fn take_update(&mut self, update: KeyUpdate) -> Result<Told, Told> {
        let invalid = Told::Refused(ErrorCode::INVALID_REQUEST, 0);
        let id = self.lane.ok_or(invalid)?;
        let renewed = core::mem::take(&mut self.renewed);
        let session =
            self.parts.sessions.seats_mut().session_mut(id).filter(|session| session.is_established());
        let session = session.ok_or(invalid)?;
        match update.operation {
            KeyOperation::UpdateKey if !session.expects_renewed() => {
                session.expect_renewed();
                Ok(Told::Update(update))
            }
            KeyOperation::VerifyNewKey if renewed => Ok(Told::Update(update)),
            _ => Err(invalid),
        }
    }

    /// Calls for what the responder wants to ask.
    pub fn begin_talk(&mut self) -> Result<(), Reason> {
        let connection = self.agreed()?;
        let both = connection.requester.contains(crate::message::RequesterFlags::ENCAP);
        self.needs(crate::message::ResponderFlags::ENCAP, "encapsulated requests (ENCAP_CAP)")?;
        if !both {
            return Err(Misuse::Version.into());
        }
        self.reset(Part::Authentication);
        self.operation = super::Operation::Talk(Talk::asking());
        Ok(())
    }
}

fn refuse(version: Version, code: ErrorCode, writer: &mut Writer<'_>) -> Result<(), Reason> {
    Ok(ErrorMessage { code, data: 0, extended: &[] }.encode(version.byte(), writer)?)
}
