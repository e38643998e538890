//! GET_ENCAPSULATED_REQUEST and DELIVER_ENCAPSULATED_RESPONSE (DSP0274 1.3, 10.22 and 10.23): what the responder asks.
//! It asks for digests, certificates and a challenge to authenticate the requester, and for new keys of its own.

use lanewarden_crypto::{Digest, Hash};

use super::parts::Asked;
use super::{Answer, Core, Endpoint, HashOf, Refused, Responder};
use crate::Version;
use crate::message::{
    Challenge, DeliverEncapsulatedResponse, EncapsulatedPayload, EncapsulatedRequest,
    EncapsulatedResponseAck, ErrorCode, ErrorMessage, GetCertificate, GetEncapsulatedRequest, Header,
    KeyOperation, KeyUpdate, NoRoom, Reader, Request, RequesterFlags, ResponderFlags, Response, SummaryKind,
    Writer,
};
use crate::session::{Keep, Seating, Sessions};

/// Bytes around a portion of a chain: the heads of DELIVER_ENCAPSULATED_RESPONSE and CERTIFICATE.
const AROUND_PORTION: u32 = 4 + 8;

/// What is asked of the requester, one request after the other.
pub struct Flow<E: Endpoint> {
    /// The lane that it is asked in.
    lane: Option<u32>,
    pub(super) aim: Aim,
    /// What is asked, or is to be asked next.
    ask: Ask,
    /// Whether it has been asked, and is still to be answered.
    is_out: bool,
    /// The number of the last request.
    id: u8,
    /// What a challenge is signed over; where there is one in the end.
    pub(super) transcript: Asked<E, HashOf<E>>,
    pub(super) chain: Asked<E, Chain<E>>,
}

/// What it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim {
    /// The key that a session's FINISH is signed with.
    Handshake(u32),
    /// To know the requester outside of sessions.
    Requester,
    /// New keys of the responder in a session.
    Keys(u32),
}

/// One thing that is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    Digests,
    Certificate,
    Challenge,
    /// New keys, or that they work; with the tag.
    Keys(KeyUpdate),
}

/// A chain that comes in portions.
pub struct Chain<E: Endpoint> {
    /// What DIGESTS said of it.
    pub digest: Digest,
    pub hash: HashOf<E>,
    /// Bytes that have come.
    pub received: u16,
    /// Bytes that there are; known from the first portion on.
    pub total: Option<u32>,
}

impl<E: Endpoint> Flow<E> {
    pub(super) fn new(lane: Option<u32>, aim: Aim, ask: Ask) -> Self {
        let (transcript, chain) = Default::default();
        Self { lane, aim, ask, is_out: false, id: 0, transcript, chain }
    }

    /// It counts as asked.
    pub(super) fn asked(mut self) -> Self {
        self.is_out = true;
        self
    }

    pub(super) fn belongs_to(&self, session: u32) -> bool {
        self.lane == Some(session) || self.aim == Aim::Handshake(session)
    }

    pub(super) fn said(&mut self, bytes: &[u8]) {
        if let Some(transcript) = self.transcript.get_mut() {
            transcript.update(bytes);
        }
    }
}

impl<E: Endpoint, B: AsRef<[u8]> + AsMut<[u8]>> Responder<E, B> {
    /// New keys of the responder are to be agreed on in a session, when its requester next asks whether there is
    /// something to do. False where that cannot be: there is no such session, the other side does not do it, or
    /// something else is asked already.
    pub fn ask_key_update(&mut self, session: u32) -> bool {
        self.core.ask_key_update(session).is_some()
    }
}

impl<E: Endpoint> Core<E> {
    fn ask_key_update(&mut self, id: u32) -> Option<()> {
        let is_common = self.flags().contains(ResponderFlags::KEY_UPD)
            && self.requester.contains(RequesterFlags::KEY_UPD)
            && self.takes_encapsulated();
        let is_free = self.flow.get().is_none() && self.session(id)?.is_established();
        if !is_common || !is_free {
            return None;
        }
        let ask = Ask::Keys(self.fresh_update(KeyOperation::UpdateKey).ok()?);
        self.flow.put(Flow::new(Some(id), Aim::Keys(id), ask));
        Some(())
    }

    fn fresh_update(&self, operation: KeyOperation) -> Result<KeyUpdate, Refused> {
        let [tag, ..] = self.fresh_nonce()?;
        Ok(KeyUpdate { operation, tag })
    }

    pub(super) fn takes_encapsulated(&self) -> bool {
        self.flags().takes_encapsulated(self.version) && self.requester.takes_encapsulated(self.version)
    }

    /// While something that was asked is to be answered, nothing else is taken.
    pub(super) fn check_flow(&self, request: Request) -> Result<(), Refused> {
        let passes = matches!(
            request,
            Request::GetVersion
                | Request::DeliverEncapsulatedResponse
                | Request::GetEncapsulatedRequest
                | Request::ChunkSend
                | Request::ChunkGet
                | Request::RespondIfReady
        );
        let is_out = self.flow.has(|flow| flow.is_out);
        if is_out && !passes { Err(Refused::IN_FLIGHT) } else { Ok(()) }
    }

    #[inline(never)]
    pub(super) fn encapsulated_request(
        &mut self,
        reader: &Reader<'_>,
        out: &mut [u8],
    ) -> Result<Answer, Refused> {
        GetEncapsulatedRequest::decode(reader)?;
        let here = self.flow.take_if(|flow| flow.lane == self.lane).ok_or(Refused::NO_PENDING)?;
        if here.is_out {
            self.flow.put(here);
            return Err(Refused::IN_FLIGHT);
        }
        let mut flow = here;
        flow.id = flow.id.wrapping_add(1);
        let mut writer = Writer::new(out);
        EncapsulatedRequest::encode_head(self.version, flow.id, &mut writer)?;
        self.put(&mut flow, &mut writer)?;
        self.flow.put(flow);
        Ok(Answer::Ready(writer.length()))
    }

    /// Writes what is asked.
    fn put(&self, flow: &mut Flow<E>, writer: &mut Writer<'_>) -> Result<(), Refused> {
        let (version, slot) = (self.version, self.settings.requester_slot);
        let start = writer.length();
        match flow.ask {
            Ask::Digests => {
                let code = Request::GetDigests.byte();
                Header { version: version.byte(), code, param1: 0, param2: 0 }.encode(writer)?;
            }
            Ask::Certificate => {
                let offset = flow.chain.get().map_or(0, |chain| chain.received);
                let length = self.portion_asked();
                GetCertificate { slot, size_only: false, offset, length }.encode(version, writer)?;
            }
            Ask::Challenge => {
                let nonce = self.fresh_nonce()?;
                let asked = Challenge { slot, summary: SummaryKind::None, nonce, context: [0; 8] };
                asked.encode(version, writer)?;
            }
            Ask::Keys(update) => update.encode(version, true, writer)?,
        }
        flow.is_out = true;
        flow.said(writer.written().get(start..).unwrap_or_default());
        Ok(())
    }

    /// The longest portion of a chain that comes at once.
    pub(super) fn portion_asked(&self) -> u16 {
        let room = self.settings.transfer_size.saturating_sub(AROUND_PORTION);
        u16::try_from(room).unwrap_or(u16::MAX)
    }

    #[inline(never)]
    pub(super) fn encapsulated_response(
        &mut self,
        header: Header,
        reader: &Reader<'_>,
        out: &mut [u8],
    ) -> Result<Answer, Refused> {
        let is_here = self.flow.has(|flow| flow.lane == self.lane && flow.is_out);
        if !is_here {
            return Err(Refused::UNEXPECTED);
        }
        let delivered = DeliverEncapsulatedResponse::decode(header, reader)?;
        let flow = self.flow.take_if(|flow| flow.id == delivered.id).ok_or(Refused::INVALID)?;
        self.heard_of_handshake(&flow);
        // What does not fit ends it all.
        self.go_on(flow, delivered.response, out)
    }

    /// A handshake in the clear is heard of in the clear.
    fn heard_of_handshake(&mut self, flow: &Flow<E>) {
        let now = self.now;
        let Aim::Handshake(id) = flow.aim else { return };
        if let Some(session) = self.session_mut(id) {
            session.heard = now;
        }
    }

    fn go_on(&mut self, mut flow: Flow<E>, response: &[u8], out: &mut [u8]) -> Result<Answer, Refused> {
        let next = self.hear(&mut flow, response)?;
        let (id, ack_id) = (flow.id.wrapping_add(1), (self.version >= Version::V1_2).then_some(flow.id));
        let mut writer = Writer::new(out);
        let Some(ask) = next else {
            let ack = EncapsulatedResponseAck { id: 0, ack_id, payload: self.last_word(&flow) };
            ack.encode(self.version, &mut writer)?;
            return Ok(Answer::Ready(writer.length()));
        };
        let ack = EncapsulatedResponseAck { id, ack_id, payload: EncapsulatedPayload::Request(&[]) };
        ack.encode(self.version, &mut writer)?;
        (flow.ask, flow.id) = (ask, id);
        self.put(&mut flow, &mut writer)?;
        self.flow.put(flow);
        Ok(Answer::Ready(writer.length()))
    }

    /// Nothing more is asked. Which slot is to sign is said where it is not the first.
    fn last_word(&self, flow: &Flow<E>) -> EncapsulatedPayload<'static> {
        match (flow.aim, self.settings.requester_slot) {
            (Aim::Handshake(_), slot) if slot != 0 => EncapsulatedPayload::Slot(slot),
            _ => EncapsulatedPayload::None,
        }
    }

    /// Takes an answer in; what is to be asked next, if anything is.
    fn hear(&mut self, flow: &mut Flow<E>, response: &[u8]) -> Result<Option<Ask>, Refused> {
        let mut reader = Reader::new(response);
        let header = Header::decode(&mut reader).map_err(|_| Refused::INVALID)?;
        if header.version != self.version.byte() {
            return Err(Refused::RESPONSE_CODE);
        }
        if header.code == Response::Error.byte() {
            let error = ErrorMessage::decode(header, &reader);
            // Who takes time is not waited for: there is no way to ask again (DSP0274 1.3, 10.23).
            let ends = error.code == ErrorCode::RESPONSE_NOT_READY;
            return if ends { Ok(None) } else { Err(Refused::RESPONSE_CODE) };
        }
        let expected = match flow.ask {
            Ask::Digests => Response::Digests,
            Ask::Certificate => Response::Certificate,
            Ask::Challenge => Response::ChallengeAuth,
            Ask::Keys(_) => Response::KeyUpdateAck,
        };
        if header.code != expected.byte() {
            return Err(Refused::RESPONSE_CODE);
        }
        let heard = match flow.ask {
            Ask::Digests => self.hear_digests(flow, header, &mut reader, response),
            Ask::Certificate => self.hear_portion(flow, header, &mut reader, response),
            Ask::Challenge => self.hear_proof(flow, header, &mut reader, response),
            Ask::Keys(update) => self.hear_update(flow, update, header, &reader),
        };
        heard.map_err(|_| Refused::RESPONSE_CODE)
    }

    /// The requester knows of new keys: from here on they are in use, and it is to show that they work.
    fn hear_update(
        &mut self,
        flow: &Flow<E>,
        asked: KeyUpdate,
        header: Header,
        reader: &Reader<'_>,
    ) -> Result<Option<Ask>, Refused> {
        let (ack, _) = KeyUpdate::decode(header, reader)?;
        let Aim::Keys(id) = flow.aim else { return Err(Refused::UNSPECIFIED) };
        if ack != asked {
            return Err(Refused::INVALID);
        }
        if asked.operation == KeyOperation::VerifyNewKey {
            return Ok(None);
        }
        let next = self.fresh_update(KeyOperation::VerifyNewKey)?;
        let session = self.parts.sessions.seats_mut().session_mut(id).ok_or(NoRoom)?;
        session.renew_outgoing(&self.parts.provider).ok_or(NoRoom)?;
        Ok(Some(Ask::Keys(next)))
    }
}
