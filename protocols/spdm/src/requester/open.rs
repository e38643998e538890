//! KEY_EXCHANGE and PSK_EXCHANGE (DSP0274 1.3, 10.16 and 10.18): a session begins.

use core::fmt;
use core::time::Duration;

use lanewarden_crypto::{Digest, KeyExchange as _, Provider};

use super::encapsulated::Talk;
use super::parts::PartsOf;
use super::{Core, Endpoint, Event, Operation};
use crate::Version;
use crate::connection::Connection;
use crate::error::{Misuse, Reason, Violation};
use crate::identity::Identities;
use crate::message::{
    Header, KeyExchange, KeyExchangeRsp, MAX_SECURED_OPAQUE, MutualAuthentication, OPAQUE_FORMAT_1,
    OpaqueFormat, PskExchange, PskExchangeRsp, Reader, Request, RequesterFlags, ResponderFlags,
    SecuredChoice, SecuredOffer, SecuredVersions, SessionPolicy, SummaryKind, Writer,
};
use crate::session::{
    HandshakeSecret, Keep, RecordForm, Seating, Session, SessionHash, Sessions, Side, Terms,
};
use crate::signing::Purpose;

/// What a session is to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionRequest {
    /// The slot whose key vouches for the device; of no meaning with a pre-shared key.
    pub slot: u8,
    /// With a summary of these measurements.
    pub summary: SummaryKind,
    /// What is wanted of the session.
    pub policy: SessionPolicy,
}

/// A key that both sides have from before. It is never printed.
#[derive(Clone, Copy)]
pub struct PresharedKey<'k> {
    /// By what the device finds it.
    pub hint: &'k [u8],
    /// The key.
    pub key: &'k [u8],
}

impl fmt::Debug for PresharedKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PresharedKey").field("hint", &self.hint).finish_non_exhaustive()
    }
}

/// What came of an exchange. The handshake goes on after it.
#[derive(Clone, Copy, Debug)]
pub struct Exchanged<'a> {
    /// The session's number.
    pub session: u32,
    /// The digest of the measurements; empty where none was asked for.
    pub summary: &'a [u8],
    /// Whatever the device said beside.
    pub opaque: &'a [u8],
    /// Within which time the device wants to hear of the session; zero where it does not mind.
    pub heartbeat: Duration,
    /// How the device wants the requester to prove who it is.
    pub mutual: MutualAuthentication,
    /// Whether the session is open already: with a pre-shared key and a device that gives no context. Otherwise
    /// [`Event::Opened`] follows.
    pub is_open: bool,
}

/// A session on its way.
#[derive(Clone, Copy)]
pub struct Opening {
    pub stage: Stage,
    pub wanted: SessionRequest,
    /// This side's half of the session's number.
    own_id: u16,
    /// The session's number, once it has one.
    pub id: u32,
    /// The slot of its own that this side proves itself with.
    pub proof: Option<u8>,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Exchange,
    PskExchange,
    Talk(Talk),
    Finish,
    PskFinish,
}

impl Stage {
    pub const fn request(self) -> Request {
        match self {
            Self::Exchange => Request::KeyExchange,
            Self::PskExchange => Request::PskExchange,
            Self::Talk(talk) => talk.request(),
            Self::Finish => Request::Finish,
            Self::PskFinish => Request::PskFinish,
        }
    }
}

impl<E: Endpoint> Core<E> {
    pub fn begin_exchange(&mut self, wanted: SessionRequest) -> Result<(), Reason> {
        self.needs(ResponderFlags::KEY_EX, "key exchange (KEY_EX_CAP)")?;
        let connection = self.check_session(wanted)?;
        let group = connection.group.ok_or(Reason::NoCommonAlgorithm("group for key exchange"))?;
        self.key_of(wanted.slot)?;
        let prepared = self.prepared.take().filter(|half| half.group() == group);
        let half = prepared.map_or_else(|| self.parts.provider.key_exchange(group), Ok)?;
        self.half.put(half);
        let opening = self.opening(wanted, Stage::Exchange);
        self.operation = Operation::Open(opening);
        Ok(())
    }

    /// Writes PSK_EXCHANGE at once, so that nothing of the key has to be kept.
    pub fn begin_psk(
        &mut self,
        wanted: SessionRequest,
        psk: PresharedKey<'_>,
        writer: &mut Writer<'_>,
    ) -> Result<(), Reason> {
        self.needs(ResponderFlags::PSK | ResponderFlags::PSK_WITH_CONTEXT, "pre-shared keys (PSK_CAP)")?;
        let connection = self.check_session(wanted)?;
        let hash = session_hash(&connection);
        let secret = HandshakeSecret::from_psk(&self.parts.provider, hash, psk.key);
        let secret = secret.ok_or(Reason::NoSessionCrypto)?;
        let opening = self.opening(wanted, Stage::PskExchange);
        let mut room = [0; MAX_SECURED_OPAQUE];
        let opaque = self.secured_offer(&connection, &mut room)?;
        let request = PskExchange {
            summary: wanted.summary,
            policy: wanted.policy,
            session_id: opening.own_id,
            hint: psk.hint,
            context: &self.fresh_nonce()?,
            opaque,
        };
        request.encode(connection.version, writer)?;
        self.secret.put(secret);
        self.operation = Operation::Open(opening);
        Ok(())
    }

    fn opening(&mut self, wanted: SessionRequest, stage: Stage) -> Opening {
        self.last_id = self.last_id.wrapping_add(1).max(1);
        let own_id = self.last_id;
        Opening { stage, wanted, own_id, id: 0, proof: None }
    }

    /// What every session needs.
    fn check_session(&mut self, wanted: SessionRequest) -> Result<Connection, Reason> {
        let connection = self.agreed()?;
        if self.parts.sessions.seats_mut().free().is_none() {
            return Err(Misuse::SessionLimit.into());
        }
        if wanted.summary != SummaryKind::None {
            self.needs(ResponderFlags::MEAS | ResponderFlags::MEAS_SIGNED, "measurements (MEAS_CAP)")?;
        }
        connection.protection().ok_or(Reason::Incapable("authenticated messages (MAC_CAP)"))?;
        connection.aead.ok_or(Reason::NoCommonAlgorithm("cipher for sessions"))?;
        let has_format = connection.version < Version::V1_2 || connection.opaque_format == OPAQUE_FORMAT_1;
        if has_format { Ok(connection) } else { Err(Reason::NoCommonAlgorithm("form of opaque data")) }
    }

    fn secured_offer<'r>(
        &self,
        connection: &Connection,
        room: &'r mut [u8; MAX_SECURED_OPAQUE],
    ) -> Result<&'r [u8], Reason> {
        let offer = SecuredOffer { versions: SecuredVersions::ALL, aead_limit: self.settings.aead_limit };
        let mut writer = Writer::new(room);
        offer.encode(OpaqueFormat::of(connection.version), &mut writer)?;
        let length = writer.length();
        Ok(room.get(..length).unwrap_or_default())
    }

    pub fn encode_exchange(&self, opening: &Opening, writer: &mut Writer<'_>) -> Result<(), Reason> {
        let connection = self.agreed()?;
        let half = self.half.get().ok_or(Reason::NoSessionCrypto)?;
        let request = KeyExchange {
            summary: opening.wanted.summary,
            slot: opening.wanted.slot,
            session_id: opening.own_id,
            policy: opening.wanted.policy,
            random: self.fresh_nonce()?,
            exchange: &[],
            opaque: &[],
        };
        request.encode_head(connection.version, writer)?;
        half.public(writer.room(half.group().public_size())?)?;
        let mut room = [0; MAX_SECURED_OPAQUE];
        Ok(writer.counted(self.secured_offer(&connection, &mut room)?)?)
    }

    /// The request has gone out: the session's transcript begins (DSP0274 1.3, 10.16.1).
    pub fn ask_exchange(&mut self, request: Request, message: &[u8]) -> Result<(), Reason> {
        let Operation::Open(opening) = &self.operation else { return Ok(()) };
        let chain = if request == Request::KeyExchange {
            Some(self.expected_digest(opening.wanted.slot)?)
        } else {
            None
        };
        let chain = chain.as_ref().map(Digest::as_bytes).unwrap_or_default();
        self.transcripts.begin(chain, message).ok_or(Reason::NoSessionCrypto)
    }

    #[inline(never)]
    pub fn complete_exchange<'a>(
        &mut self,
        mut opening: Opening,
        message: &'a [u8],
    ) -> Result<Event<'a>, Reason> {
        let connection = self.agreed()?;
        let in_the_clear = connection.handshakes_in_the_clear();
        let group = connection.group.ok_or(Reason::NoSessionCrypto)?;
        let mut reader = Reader::new(message);
        let header = Header::decode(&mut reader)?;
        let with_summary = opening.wanted.summary != SummaryKind::None;
        let (answer, ends) = KeyExchangeRsp::decode(
            connection.format(),
            group.public_size(),
            with_summary,
            !in_the_clear,
            header,
            &mut reader,
        )?;
        self.check_mutual(&answer)?;
        let choice = SecuredChoice::decode(OpaqueFormat::of(connection.version), answer.opaque)?;
        let signed = message.get(..ends.signed).unwrap_or_default();
        self.verify(Purpose::KEY_EXCHANGE_RSP, opening.wanted.slot, signed, answer.signature)?;
        let secret = self.agree(answer.exchange, session_hash(&connection))?;
        let terms = Terms {
            in_the_clear,
            ..self.terms(&connection, &opening, answer.session_id, answer.heartbeat, choice)?
        };
        let verify_data = (!in_the_clear).then_some(answer.verify_data);
        let said = message.get(..ends.signature).unwrap_or_default();
        self.seat(terms, secret, said, verify_data)?;
        opening.id = terms.id;
        opening.proof = (answer.mutual == MutualAuthentication::Direct).then_some(answer.slot);
        opening.stage = match answer.mutual {
            MutualAuthentication::None | MutualAuthentication::Direct => Stage::Finish,
            MutualAuthentication::Encapsulated => Stage::Talk(Talk::asking()),
            MutualAuthentication::EncapsulatedDigests => Stage::Talk(Talk::asked_digests()),
        };
        self.operation = Operation::Open(opening);
        let (summary, opaque, mutual) = (answer.summary, answer.opaque, answer.mutual);
        let heartbeat = terms.heartbeat;
        let is_open = false;
        Ok(Event::Exchanged(Exchanged { session: terms.id, summary, opaque, heartbeat, mutual, is_open }))
    }

    #[inline(never)]
    fn agree(&mut self, exchange: &[u8], hash: SessionHash) -> Result<HandshakeSecret, Reason> {
        let half = self.half.take().ok_or(Reason::NoSessionCrypto)?;
        let provider = &self.parts.provider;
        let secret = half.agree(exchange, |shared| HandshakeSecret::from_exchange(provider, hash, shared))?;
        secret.ok_or(Reason::NoSessionCrypto)
    }

    /// Mutual authentication is asked only of who has said that it can.
    fn check_mutual(&self, answer: &KeyExchangeRsp<'_>) -> Result<(), Reason> {
        let both = self.is_provable()?;
        let fits = match answer.mutual {
            MutualAuthentication::None => true,
            MutualAuthentication::Direct => both && self.parts.identities.certificates(answer.slot).is_some(),
            MutualAuthentication::Encapsulated | MutualAuthentication::EncapsulatedDigests => both,
        };
        if fits { Ok(()) } else { Err(Violation::MutualAuthentication.into()) }
    }

    fn terms(
        &self,
        connection: &Connection,
        opening: &Opening,
        peer_id: u16,
        heartbeat: u8,
        choice: SecuredChoice,
    ) -> Result<Terms, Reason> {
        let both = connection.requester.contains(RequesterFlags::HBEAT)
            && connection.flags.contains(ResponderFlags::HBEAT);
        let period = if both { heartbeat } else { 0 };
        let id = u32::from(opening.own_id) | u32::from(peer_id).wrapping_shl(16);
        if self.parts.sessions.seats().session(id).is_some() {
            return Err(Violation::SessionId(id).into());
        }
        let protection = connection.protection().ok_or(Reason::NoSessionCrypto)?;
        Ok(Terms {
            id,
            hash: session_hash(connection),
            aead: connection.aead.ok_or(Reason::NoSessionCrypto)?,
            form: RecordForm { binding: self.settings.binding, protection },
            limit: choice.aead_limit.min(self.settings.aead_limit),
            in_the_clear: false,
            is_psk: false,
            heartbeat: Duration::from_secs(period.into()),
        })
    }

    /// Gives the session its place, once the peer has shown that it has the same secrets. `said` is of the answer.
    #[inline(never)]
    fn seat(
        &mut self,
        terms: Terms,
        secret: HandshakeSecret,
        said: &[u8],
        verify_data: Option<&[u8]>,
    ) -> Result<(), Reason> {
        let transcript = self.transcripts.begun().ok_or(Reason::NoSessionCrypto)?;
        let PartsOf::<E> { provider, record, sessions, .. } = &mut self.parts;
        let seat = sessions.seats_mut().free().ok_or(Misuse::SessionLimit)?;
        let session = Session::reserve(seat, Side::Requester, terms, secret, transcript);
        session.said(said);
        let is_right = session
            .begin(provider, self.now)
            .and_then(|()| verify_data.map_or(Some(true), |received| session.verifies(provider, received)));
        if is_right != Some(true) {
            *seat = None;
            return Err(is_right.map_or(Reason::NoSessionCrypto, |_| Reason::WrongVerifyData));
        }
        session.said(verify_data.unwrap_or_default());
        session.show_secrets(record);
        self.lane = Some(terms.id);
        Ok(())
    }

    #[inline(never)]
    pub fn complete_psk<'a>(&mut self, mut opening: Opening, message: &'a [u8]) -> Result<Event<'a>, Reason> {
        let connection = self.agreed()?;
        let mut reader = Reader::new(message);
        let header = Header::decode(&mut reader)?;
        let with_summary = opening.wanted.summary != SummaryKind::None;
        let (answer, unverified, _) =
            PskExchangeRsp::decode(connection.format(), with_summary, header, &mut reader)?;
        let has_context = connection.flags.contains(ResponderFlags::PSK_WITH_CONTEXT);
        if answer.context.is_empty() == has_context {
            return Err(Violation::PskContext.into());
        }
        let choice = SecuredChoice::decode(OpaqueFormat::of(connection.version), answer.opaque)?;
        let secret = self.secret.lift().ok_or(Reason::NoSessionCrypto)?;
        let terms = Terms {
            is_psk: true,
            ..self.terms(&connection, &opening, answer.session_id, answer.heartbeat, choice)?
        };
        let said = message.get(..unverified).unwrap_or_default();
        self.seat(terms, secret, said, Some(answer.verify_data))?;
        if has_context {
            (opening.id, opening.stage) = (terms.id, Stage::PskFinish);
            self.operation = Operation::Open(opening);
        } else {
            self.establish(terms.id)?;
        }
        let (summary, opaque, heartbeat) = (answer.summary, answer.opaque, terms.heartbeat);
        let (mutual, is_open) = (MutualAuthentication::None, !has_context);
        Ok(Event::Exchanged(Exchanged { session: terms.id, summary, opaque, heartbeat, mutual, is_open }))
    }
}

const fn session_hash(connection: &Connection) -> SessionHash {
    SessionHash { version: connection.version, algorithm: connection.hash }
}
