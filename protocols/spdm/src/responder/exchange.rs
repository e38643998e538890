//! KEY_EXCHANGE (DSP0274 1.3, 10.16), and how any session begins.

use core::time::Duration;

use lanewarden_crypto::{AeadAlgorithm, Group, KeyExchange as _, Provider};

use super::{After, Answer, Core, Endpoint, Job, PartsOf, Refused, Then};
use crate::Version;
use crate::connection::Connection;
use crate::message::{
    Header, KeyExchange, KeyExchangeRsp, MAX_AEAD_LIMIT, MAX_SECURED_OPAQUE, MutualAuthentication, NoRoom,
    OPAQUE_FORMAT_1, OpaqueFormat, Reader, Request, RequesterFlags, ResponderFlags, SecuredChoice,
    SecuredOffer, SecuredVersions, SessionPolicy, SummaryKind, Writer,
};
use crate::session::{
    HandshakeSecret, Notes, RecordForm, Seating, Session, SessionHash, Sessions, Side, Terms,
};
use crate::signing::Purpose;

/// A provisioned key's slot, in a whole byte and in four bits.
pub const PROVISIONED: u8 = 0xff;
const PROVISIONED_NIBBLE: u8 = 0xf;

/// What the responder says of secured messages.
pub struct Chosen {
    bytes: [u8; MAX_SECURED_OPAQUE],
    length: usize,
    /// The lower limit of both sides.
    pub limit: u8,
}

impl Chosen {
    pub fn opaque(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl<E: Endpoint> Core<E> {
    #[inline(never)]
    pub(super) fn key_exchange(
        &mut self,
        header: Header,
        reader: &mut Reader<'_>,
        message: &[u8],
        out: &mut [u8],
    ) -> Result<Answer, Refused> {
        let connection = self.agreed()?;
        let group = connection.group.ok_or(Refused::INVALID)?;
        let (asked, length) = KeyExchange::decode(self.version, group.public_size(), header, reader)?;
        self.check_wishes(asked.summary, asked.policy)?;
        if !self.is_usable(asked.slot)? {
            return Err(Refused::INVALID);
        }
        let chosen = self.choose_secured(asked.opaque)?;
        let in_the_clear = connection.handshakes_in_the_clear();
        let mutual = self.mutual_of_handshake()?;
        let half = self.next_half(in_the_clear)?;
        let terms = Terms { in_the_clear, ..self.terms(&connection, asked.session_id, half, chosen.limit)? };
        let summary = self.summary(asked.summary)?;
        let answer = KeyExchangeRsp {
            heartbeat: self.heartbeat_of(&connection),
            session_id: half,
            mutual,
            slot: self.slot_asked_for(mutual),
            random: self.fresh_nonce()?,
            exchange: &[],
            summary: summary.as_ref().map(AsRef::as_ref).unwrap_or_default(),
            opaque: chosen.opaque(),
            signature: &[],
            verify_data: &[],
        };
        let mut writer = Writer::new(out);
        answer.encode_head(self.version, &mut writer)?;
        let secret = self.agree(group, asked.exchange, terms.hash, writer.room(group.public_size())?)?;
        answer.encode_tail(&mut writer)?;
        let notes = Notes { policy: asked.policy, mutual, ..Notes::default() };
        let request = message.get(..length).unwrap_or_default();
        let chain = self.chain_digest(asked.slot)?;
        self.reserve(terms, notes, secret, &[chain.as_bytes(), request, writer.written()])?;
        self.prepare_exchange(asked.slot, writer.length())
    }

    /// Writes this side's public value, and gives the secret that follows from it and the other's.
    #[inline(never)]
    fn agree(
        &self,
        group: Group,
        peer: &[u8],
        hash: SessionHash,
        public: &mut [u8],
    ) -> Result<HandshakeSecret, Refused> {
        let provider = &self.parts.provider;
        let exchange = provider.key_exchange(group)?;
        exchange.public(public)?;
        let secret = exchange.agree(peer, |shared| HandshakeSecret::from_exchange(provider, hash, shared));
        secret?.ok_or(Refused::UNSPECIFIED)
    }

    /// A session takes its place; TH is what was negotiated, and these after it.
    #[inline(never)]
    pub(super) fn reserve(
        &mut self,
        terms: Terms,
        notes: Notes,
        secret: HandshakeSecret,
        said: &[&[u8]],
    ) -> Result<(), Refused> {
        let transcript = self.transcripts.connection().cloned().ok_or(Refused::UNEXPECTED)?;
        let seat = self.parts.sessions.seats_mut().free().ok_or(Refused::SESSION_LIMIT)?;
        let session = Session::reserve(seat, Side::Responder, terms, secret, transcript);
        session.notes = notes;
        said.iter().for_each(|bytes| session.said(bytes));
        Ok(())
    }

    /// Makes ready what is signed of a key exchange.
    fn prepare_exchange(&mut self, slot: u8, unsigned: usize) -> Result<Answer, Refused> {
        let format = self.agreed()?.format();
        let session = self.parts.sessions.seats_mut().reserved().ok_or(Refused::UNSPECIFIED)?;
        let verify_data = if session.terms.in_the_clear { 0 } else { format.digest };
        let transcript = session.transcript(&[]).ok_or(Refused::UNSPECIFIED)?;
        self.check_length(unsigned.saturating_add(format.signature).saturating_add(verify_data))?;
        let purpose = Purpose::KEY_EXCHANGE_RSP;
        self.job =
            Some(Job { request: Request::KeyExchange, slot, purpose, transcript, then: Then::Session });
        Ok(Answer::Unsigned(unsigned))
    }

    /// The signature of a key exchange stands between `unsigned` and `signed`: the session begins.
    pub(super) fn begin_exchanged(
        &mut self,
        unsigned: usize,
        signed: usize,
        out: &mut [u8],
    ) -> Result<Answer, Refused> {
        let session = self.parts.sessions.seats_mut().reserved().ok_or(Refused::UNEXPECTED)?;
        session.said(out.get(unsigned..signed).unwrap_or_default());
        let (id, mutual) = (session.id(), session.notes.mutual);
        let length = if session.terms.in_the_clear {
            self.begin()?;
            self.clear = Some(id);
            signed
        } else {
            self.begin()?;
            self.put_verify_data(id, signed, out)?
        };
        if mutual.is_encapsulated() {
            self.begin_handshake(id, mutual);
        }
        Ok(Answer::Ready(length))
    }

    /// The session that has its place begins; gives its number.
    pub(super) fn begin(&mut self) -> Result<u32, Refused> {
        let PartsOf::<E> { provider, sessions, record, .. } = &mut self.parts;
        let session = sessions.seats_mut().reserved().ok_or(Refused::UNSPECIFIED)?;
        session.begin(provider, self.now).ok_or(Refused::UNSPECIFIED)?;
        session.show_secrets(record);
        Ok(session.id())
    }

    /// Verify data follows an answer, and is said with it; gives the length of both.
    pub(super) fn put_verify_data(
        &mut self,
        id: u32,
        length: usize,
        out: &mut [u8],
    ) -> Result<usize, Refused> {
        let PartsOf::<E> { provider, sessions, .. } = &mut self.parts;
        let session = sessions.seats_mut().session_mut(id).ok_or(Refused::UNSPECIFIED)?;
        let Some(verify_data) = session.verify_data(provider) else {
            self.after = After::End(id);
            return Err(Refused::UNSPECIFIED);
        };
        let end = length.saturating_add(verify_data.as_bytes().len());
        let Some(room) = out.get_mut(length..end) else {
            self.after = After::End(id);
            return Err(NoRoom.into());
        };
        room.copy_from_slice(verify_data.as_bytes());
        session.said(verify_data.as_bytes());
        Ok(end)
    }

    /// A summary needs measurements, and a subscription to events has no events to subscribe to.
    pub(super) fn check_wishes(&self, summary: SummaryKind, policy: SessionPolicy) -> Result<(), Refused> {
        let measures = self.agreed()?.measurement_hash.is_some();
        if summary != SummaryKind::None && !measures || policy.contains(SessionPolicy::EVENT_ALL) {
            return Err(Refused::INVALID);
        }
        Ok(())
    }

    /// The newest version of secured messages that the requester offers too.
    pub(super) fn choose_secured(&self, opaque: &[u8]) -> Result<Chosen, Refused> {
        let format = OpaqueFormat::of(self.version);
        if self.version >= Version::V1_2 && self.agreed()?.opaque_format != OPAQUE_FORMAT_1 {
            return Err(Refused::INVALID);
        }
        let offer = SecuredOffer::decode(format, opaque)?;
        let version = SecuredVersions::ALL.newest(offer.versions).ok_or(Refused::INVALID)?;
        let own = self.settings.aead_limit.min(MAX_AEAD_LIMIT);
        let mut bytes = [0; MAX_SECURED_OPAQUE];
        let mut writer = Writer::new(&mut bytes);
        SecuredChoice { version, aead_limit: own }.encode(format, &mut writer)?;
        let length = writer.length();
        Ok(Chosen { bytes, length, limit: own.min(offer.aead_limit) })
    }

    /// The responder's half of the next session's number: none that a session has now, and not the one before. A
    /// handshake in the clear that has not ended gives way to the next, as it could not be finished any more.
    pub(super) fn next_half(&mut self, in_the_clear: bool) -> Result<u16, Refused> {
        let stale = self.clear.filter(|id| self.session(*id).is_some_and(|one| !one.is_established()));
        if let Some(id) = stale.filter(|_| in_the_clear) {
            self.end_session(id);
        }
        if self.parts.sessions.seats_mut().free().is_none() {
            return Err(Refused::SESSION_LIMIT);
        }
        let taken = |half: u16| {
            let mut sessions = self.parts.sessions.seats().iter().flatten();
            sessions.any(|session| session.id().wrapping_shr(16) == u32::from(half))
        };
        let mut half = self.last_half.wrapping_add(1);
        while half == 0 || half == u16::MAX || taken(half) {
            half = half.wrapping_add(1);
        }
        self.last_half = half;
        Ok(half)
    }

    /// What a session is agreed to be.
    pub(super) fn terms(
        &self,
        connection: &Connection,
        requester: u16,
        half: u16,
        limit: u8,
    ) -> Result<Terms, Refused> {
        let aead: AeadAlgorithm = connection.aead.ok_or(Refused::INVALID)?;
        let protection = connection.protection().ok_or(Refused::INVALID)?;
        Ok(Terms {
            id: u32::from(half).wrapping_shl(16) | u32::from(requester),
            hash: SessionHash { version: self.version, algorithm: connection.hash },
            aead,
            form: RecordForm { binding: self.settings.binding, protection },
            limit,
            in_the_clear: false,
            is_psk: false,
            heartbeat: Duration::from_secs(self.heartbeat_of(connection).into()),
        })
    }

    /// Seconds within which the requester is to be heard of, where both sides do that.
    pub(super) fn heartbeat_of(&self, connection: &Connection) -> u8 {
        let is_common = connection.flags.contains(ResponderFlags::HBEAT)
            && connection.requester.contains(RequesterFlags::HBEAT);
        if is_common { self.settings.heartbeat } else { 0 }
    }

    /// The requester's slot that is asked for, in four bits; it counts where nothing else is asked.
    fn slot_asked_for(&self, mutual: MutualAuthentication) -> u8 {
        match (mutual, self.settings.requester_slot) {
            (MutualAuthentication::Direct, PROVISIONED) => PROVISIONED_NIBBLE,
            (MutualAuthentication::Direct, slot) => slot,
            _ => 0,
        }
    }
}
