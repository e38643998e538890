//! The requester: the side that asks.
//!
//! # Driving contract
//! An operation is begun ([`Requester::connect`], [`Requester::digests`] and so on). Then [`Requester::poll`] says what to
//! do next, again and again:
//! * [`Step::Send`]: send this message, and give its answer to [`Requester::receive`];
//! * [`Step::Wait`]: call again at that time;
//! * [`Step::Idle`]: the operation has ended; begin another.
//!
//! [`Requester::receive`] tells what an answer meant. An error of either ends the operation. When no answer comes at
//! all, [`Requester::abandon`] does. [`run`] is the blocking loop over that.
//!
//! After an ERROR, and after a request that was not sent, the connection holds. After anything else that goes wrong it
//! does not ([`Requester::connection`]): the sides may differ in what they take for said.
//!
//! Answers that are late, too long or refused for the moment (ResponseNotReady, LargeResponse, Busy) are seen to here,
//! within [`Settings::patience`].

mod application;
mod capabilities;
mod certificate;
mod challenge;
mod connect;
mod digests;
mod encapsulated;
mod finish;
mod flight;
mod keeping;
mod measurements;
mod offer;
mod open;
mod operation;
mod outgoing;
mod parts;
mod run;
mod vendor;
mod within;

use core::fmt;
use core::time::Duration;

use lanewarden_crypto::{Digest, Group, Provider};
use lanewarden_time::Instant;

use crate::binding::{Binding, MessageKind};
use crate::connection::Connection;
use crate::error::{Error, Misuse, Reason};
use crate::identity::Identities;
use crate::message::{
    AeadAlgorithms, AsymmetricAlgorithms, CertificatePortion, DheGroups, Digests, HashAlgorithms, Request,
    SLOTS, VendorMessage, Writer,
};
use crate::session::{HandshakeSecret, Keep, Seating, Session, Sessions, UNLIMITED};
use crate::transcript::{Record, Transcripts};
use crate::{Version, Versions};

pub use challenge::{Authenticated, ChallengeRequest};
pub use measurements::{Measured, MeasurementRequest};
pub use open::{Exchanged, PresharedKey, SessionRequest};
pub use parts::{Endpoint, KeyOf, Parts, PartsOf};
pub use run::{RunError, Transport, run};
pub use within::Within;

use flight::{Flight, HEADROOM, Mode, Seen};
use operation::{Encoded, Operation};
use outgoing::Outgoing;
use parts::{HalfOf, HashOf, Kept};

/// Bytes of the least buffer a requester can be given.
pub const MIN_BUFFER: usize = 160;

/// What a requester offers and how long it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The versions it speaks.
    pub versions: Versions,
    /// The signatures it accepts, as far as the provider checks them.
    pub asymmetric: AsymmetricAlgorithms,
    /// The hashes it accepts, as far as the provider has them.
    pub hashes: HashAlgorithms,
    /// What it exchanges keys in, as far as the provider knows how.
    pub dhe: DheGroups,
    /// The ciphers of sessions, as far as the provider has them.
    pub aead: AeadAlgorithms,
    /// Whether sessions encrypt, where the peer does; they authenticate in any case.
    pub encrypt: bool,
    /// Whether the handshake of a session goes in the clear, where the peer wants that too.
    pub handshake_in_the_clear: bool,
    /// How records look on the way: what the transport says of that.
    pub binding: Binding,
    /// Keys of a session protect 2 to the power of this many messages.
    pub aead_limit: u8,
    /// The longest message the driver can receive at once, in bytes; 42 at the least.
    pub transfer_size: u32,
    /// How long a message takes there and back, at the most.
    pub round_trip: Duration,
    /// How long the peer may put an answer off, in all.
    pub patience: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            versions: Versions::ALL,
            asymmetric: AsymmetricAlgorithms::spoken(Version::V1_3),
            hashes: HashAlgorithms::spoken(),
            dhe: DheGroups::spoken(),
            aead: AeadAlgorithms::spoken(),
            encrypt: true,
            handshake_in_the_clear: false,
            binding: Binding::DOE,
            aead_limit: UNLIMITED,
            transfer_size: 0x1200,
            round_trip: Duration::from_secs(1),
            patience: Duration::from_secs(30),
        }
    }
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Send this, and give the answer to [`Requester::receive`].
    Send {
        /// Whether it is secured by a session.
        kind: MessageKind,
        /// The message.
        message: &'a [u8],
        /// How long the answer may take.
        within: Duration,
    },
    /// An answer is awaited.
    Receive,
    /// Call again at this time.
    Wait(Instant),
    /// Nothing is in work.
    Idle,
}

/// What an answer meant.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// There is more to do: poll.
    Continue,
    /// Version, capabilities and algorithms are agreed on; [`Requester::connection`] has them.
    Connected,
    /// The digests of the chains.
    Digests(Digests<'a>),
    /// A portion of a chain. After the last, whose remainder is 0, the chain is known to be the one of DIGESTS.
    Portion(CertificatePortion<'a>),
    /// The device has proved that it holds the key of its leaf certificate.
    Authenticated(Authenticated<'a>),
    /// Measurements; where they were asked to be signed, the signature fits.
    Measured(Measured<'a>),
    /// A vendor's answer.
    Vendor(VendorMessage<'a>),
    /// The answer to a request that was given as bytes: whole, with its header.
    Answer(&'a [u8]),
    /// Keys have been exchanged, and the device has shown that it has them. The handshake goes on.
    Exchanged(Exchanged<'a>),
    /// The session of this number is open.
    Opened(u32),
    /// The device knows that somebody is there, in the session of this number.
    Alive(u32),
    /// The session of this number has new keys, and they work.
    Renewed(u32),
    /// The session of this number has ended.
    Ended(u32),
    /// What the device wanted to ask has been answered.
    Heard,
}

/// A key and the chain it was taken from. The requester uses it for that chain only.
#[derive(Clone, Debug)]
pub struct PeerKey<K> {
    /// The leaf's key.
    pub key: K,
    /// The digest of the whole chain.
    pub chain: Digest,
}

/// The requester. `E` is what it is made of ([`Parts`]); `B` holds a request and, after it, the parts of a long answer.
pub struct Requester<E: Endpoint, B> {
    core: Core<E>,
    buffer: B,
    state: State,
    outgoing: Outgoing,
}

#[derive(Clone, Debug)]
enum State {
    Idle,
    /// The operation's next request is to be made.
    Prepare,
    /// The same, at this time: it takes a signature that takes time.
    Sign(Instant),
    Send(Flight),
    Await(Flight),
    Pause(Instant, Flight),
}

/// All but the buffer.
struct Core<E: Endpoint> {
    parts: PartsOf<E>,
    settings: Settings,
    /// What has been said so far of the connection, while it is negotiated.
    draft: connect::Draft,
    connection: Option<Connection>,
    transcripts: Transcripts<HashOf<E>>,
    operation: Operation,
    /// What the operation in work hashes: a chain, or what was said with the roles turned round, which a challenge of this
    /// side is over.
    running: Option<HashOf<E>>,
    /// This side's half of the key exchange in work, until the other is there.
    half: Kept<E, HalfOf<E>>,
    /// The session that the operation in work is in.
    lane: Option<u32>,
    /// Whether the last record came under new keys, the first time.
    renewed: bool,
    /// This side's half of the number of the session that was opened last.
    last_id: u16,
    /// This side's half of the next key exchange, where it was made ahead.
    prepared: Kept<E, HalfOf<E>>,
    /// The handshake secret that follows from a pre-shared key, until it is of use.
    secret: Kept<E, HandshakeSecret>,
    /// The time, as it was told last.
    now: Instant,
    digests: [Option<Digest>; SLOTS as usize],
    key: Option<(u8, PeerKey<KeyOf<E>>)>,
}

/// What came of an answer.
enum Sorted<'a> {
    /// It is whole.
    Whole(&'a [u8]),
    /// It is whole, of this length, at the front of the buffer.
    Reassembled(usize),
    /// The request goes on.
    GoesOn,
}

/// How an operation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    /// Nothing of it was said.
    Unsaid,
    /// The peer has refused: both sides know how far they are.
    Refused,
    /// Nobody knows how far the other side is.
    Unclear,
}

impl<E: Endpoint, B> fmt::Debug for Requester<E, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Requester");
        shown.field("connection", &self.core.connection).field("state", &self.state).finish_non_exhaustive()
    }
}

impl<P, R, S, I, B> Requester<Parts<P, R, S, I>, B>
where
    P: Provider,
    R: Record,
    S: Sessions<P>,
    I: Identities,
    B: AsRef<[u8]> + AsMut<[u8]>,
{
    /// A requester of these parts. The buffer is [`MIN_BUFFER`] bytes long at least; as long as
    /// [`Settings::transfer_size`] or longer, it lets answers come in chunks.
    pub fn new(parts: Parts<P, R, S, I>, settings: Settings, buffer: B) -> Self {
        let core = Core {
            parts,
            settings,
            draft: connect::Draft::default(),
            connection: None,
            transcripts: Transcripts::new(),
            operation: Operation::None,
            running: None,
            half: Default::default(),
            lane: None,
            renewed: false,
            last_id: 0,
            prepared: Default::default(),
            secret: Default::default(),
            now: Instant::ORIGIN,
            digests: [None; SLOTS as usize],
            key: None,
        };
        Self { core, buffer, state: State::Idle, outgoing: Outgoing::default() }
    }
}

impl<E: Endpoint, B: AsRef<[u8]> + AsMut<[u8]>> Requester<E, B> {
    /// What was agreed on; `None` before, and after a failure that took it away.
    pub fn connection(&self) -> Option<&Connection> {
        self.core.connection.as_ref()
    }

    /// The record.
    pub const fn record(&self) -> &E::Record {
        &self.core.parts.record
    }

    /// The record, to be taken from.
    pub const fn record_mut(&mut self) -> &mut E::Record {
        &mut self.core.parts.record
    }

    /// What belongs to a slot: the key of its leaf certificate, whoever has judged the chain. It is used as long as the
    /// slot's digest is that of the chain it was taken from, and until another is known: there is room for one.
    pub fn know(&mut self, slot: u8, key: PeerKey<KeyOf<E>>) {
        self.core.key = Some((slot, key));
    }

    /// The digest of a slot's chain, as DIGESTS told it.
    pub fn digest(&self, slot: u8) -> Option<&Digest> {
        self.core.digests.get(usize::from(slot)).and_then(Option::as_ref)
    }

    /// Agrees on version, capabilities and algorithms. Whatever was agreed on before is forgotten, on both sides.
    ///
    /// # Errors
    /// [`Misuse::InWork`].
    pub fn connect(&mut self) -> Result<(), Error> {
        self.check_idle(Request::GetVersion)?;
        self.core.forget();
        self.core.operation = Operation::Connect(connect::Stage::Version);
        self.state = State::Prepare;
        Ok(())
    }

    /// Asks for the digests of all chains.
    ///
    /// # Errors
    /// [`Misuse`], and [`Reason::Incapable`] where the device has no certificates.
    pub fn digests(&mut self) -> Result<(), Error> {
        self.start(Request::GetDigests, Core::begin_digests)
    }

    /// Asks for the chain of a slot, portion by portion. Its digest is known from [`Requester::digests`].
    ///
    /// # Errors
    /// As [`Requester::digests`], and [`Misuse::NoDigest`].
    pub fn certificate(&mut self, slot: u8) -> Result<(), Error> {
        self.start(Request::GetCertificate, |core| core.begin_certificate(slot))
    }

    /// Asks the device to prove that it holds the key of a slot. The key is [known](Requester::know).
    ///
    /// # Errors
    /// [`Misuse`], [`Reason::Incapable`], and [`Reason::NoRandomness`].
    pub fn challenge(&mut self, request: ChallengeRequest) -> Result<(), Error> {
        self.start(Request::Challenge, |core| core.begin_challenge(request))
    }

    /// Asks for measurements.
    ///
    /// # Errors
    /// As [`Requester::challenge`].
    pub fn measurements(&mut self, request: MeasurementRequest) -> Result<(), Error> {
        self.start(Request::GetMeasurements, |core| core.begin_measurements(request))
    }

    /// Sends a vendor's request.
    ///
    /// # Errors
    /// [`Misuse`], and [`Reason::NoRoom`] where the buffer does not hold it.
    pub fn vendor(&mut self, request: &VendorMessage<'_>) -> Result<(), Error> {
        self.start(Request::VendorDefined, |core| core.begin_vendor(request))?;
        self.compose_vendor(request)
    }

    fn compose_vendor(&mut self, request: &VendorMessage<'_>) -> Result<(), Error> {
        let version = self.core.version();
        self.compose(Request::VendorDefined, |_, writer| Ok(request.encode(version, true, writer)?))
    }

    /// Sends a request as it is, and hands its answer over as it is; an ERROR other than those that put off is an
    /// error here too. Transcripts of measurements begin anew. What goes this way is in no transcript here: after
    /// GET_MEASUREMENTS or a negotiation, [`Requester::connect`] comes before anything that is signed, and after what
    /// belongs to a challenge, [`Requester::digests`].
    ///
    /// # Errors
    /// [`Misuse`], and [`Reason::NoRoom`] where the buffer does not hold it.
    pub fn request(&mut self, message: &[u8]) -> Result<(), Error> {
        let code = Self::code_of(message);
        self.start(code, |core| core.begin_bytes(code))?;
        self.compose_bytes(code, message)
    }

    fn code_of(message: &[u8]) -> Request {
        message.get(1).copied().and_then(Request::from_byte).unwrap_or(Request::VendorDefined)
    }

    fn compose_bytes(&mut self, code: Request, message: &[u8]) -> Result<(), Error> {
        self.compose(code, |_, writer| Ok(writer.bytes(message)?))
    }

    /// Opens a session with the key of a slot, which is [known](Requester::know): KEY_EXCHANGE, whatever the device
    /// wants of this side's own identity, and FINISH.
    ///
    /// # Errors
    /// [`Misuse`], [`Reason::Incapable`], and [`Reason::NoCommonAlgorithm`].
    pub fn key_exchange(&mut self, wanted: SessionRequest) -> Result<(), Error> {
        self.start(Request::KeyExchange, |core| core.begin_exchange(wanted))
    }

    /// Opens a session with a key that both have from before.
    ///
    /// # Errors
    /// As [`Requester::key_exchange`], and [`Reason::NoRoom`] where the buffer does not hold the hint.
    pub fn psk_exchange(&mut self, wanted: SessionRequest, psk: PresharedKey<'_>) -> Result<(), Error> {
        self.start(Request::PskExchange, |_| Ok(()))?;
        self.compose(Request::PskExchange, |core, writer| core.begin_psk(wanted, psk, writer))
    }

    /// Makes this side's half of the next key exchange ahead of it, in the group that was agreed on or is to be.
    ///
    /// # Errors
    /// [`Reason::Exchange`].
    pub fn prepare_exchange(&mut self, group: Group) -> Result<(), Error> {
        let half = self.core.parts.provider.key_exchange(group);
        let half = half.map_err(|error| Error { step: Request::KeyExchange, reason: error.into() })?;
        self.core.prepared.put(half);
        Ok(())
    }

    /// Takes the key and the digest of a slot's chain as known, without DIGESTS: they were authenticated before.
    pub fn pin(&mut self, slot: u8, key: PeerKey<KeyOf<E>>) {
        if let Some(digest) = self.core.digests.get_mut(usize::from(slot)) {
            *digest = Some(key.chain);
        }
        self.know(slot, key);
    }

    /// The sessions that there are.
    pub fn sessions(&self) -> impl Iterator<Item = &Session<E::Provider>> {
        self.core.parts.sessions.seats().iter().flatten()
    }

    /// The session that is to be kept alive next with [`Within::heartbeat`], and when: half a period after the device
    /// was heard of last. `None` where no device minds.
    pub fn heartbeat_due(&self) -> Option<(u32, Instant)> {
        let due = |session: &Session<E::Provider>| {
            let half = session.terms.heartbeat.checked_div(2).filter(|half| !half.is_zero())?;
            session.is_established().then_some((session.id(), session.heard + half))
        };
        self.sessions().filter_map(due).min_by_key(|(_, at)| *at)
    }

    /// Ends the operation in work; no answer has come, or none is wanted any more.
    ///
    /// Nobody knows then whether the device has heard what was sent, and what it takes for said. Transcripts would
    /// differ, and an honest device would seem to sign wrongly: what was agreed on is forgotten, and
    /// [`Requester::connect`] comes next.
    pub fn abandon(&mut self) {
        match core::mem::replace(&mut self.state, State::Idle) {
            State::Idle => {}
            State::Send(flight) if flight.is_said => self.core.fail(Failure::Unclear),
            State::Prepare | State::Sign(_) | State::Send(_) => self.core.fail(Failure::Unsaid),
            State::Await(_) | State::Pause(..) => self.core.fail(Failure::Unclear),
        }
    }

    /// What to do next.
    ///
    /// # Errors
    /// Where the next request cannot be made; the operation has then ended.
    pub fn poll(&mut self, now: Instant) -> Result<Step<'_>, Error> {
        self.core.now = now;
        let flight = match core::mem::replace(&mut self.state, State::Idle) {
            State::Idle => return Ok(Step::Idle),
            State::Await(flight) => {
                self.state = State::Await(flight);
                return Ok(Step::Receive);
            }
            State::Pause(until, flight) if now < until => {
                self.state = State::Pause(until, flight);
                return Ok(Step::Wait(until));
            }
            State::Sign(until) if now < until => {
                self.state = State::Sign(until);
                return Ok(Step::Wait(until));
            }
            State::Prepare | State::Sign(_) => match self.prepare(now)? {
                Some(flight) => flight,
                None => return self.wait(),
            },
            State::Pause(_, flight) | State::Send(flight) => flight,
        };
        self.send(flight)
    }

    /// What to wait for, where nothing is sent.
    const fn wait(&self) -> Result<Step<'_>, Error> {
        match self.state {
            State::Sign(until) => Ok(Step::Wait(until)),
            _ => Ok(Step::Idle),
        }
    }

    fn send(&mut self, mut flight: Flight) -> Result<Step<'_>, Error> {
        let step = flight.request;
        let said = flight.is_said;
        match self.make(&mut flight) {
            Ok(()) => {
                let (kind, within) = (flight.kind(), self.core.answer_time(step));
                self.state = State::Await(flight);
                Ok(Step::Send { kind, message: self.outgoing.bytes(self.buffer.as_ref()), within })
            }
            Err(reason) => {
                self.core.fail(if said { Failure::Unclear } else { Failure::Unsaid });
                Err(Error { step, reason })
            }
        }
    }

    /// Makes the next message of a flight, and seals it where it goes in a session.
    fn make(&mut self, flight: &mut Flight) -> Result<(), Reason> {
        self.choose_mode(flight)?;
        self.say(flight)?;
        let (version, transfer) = (self.core.version(), self.core.transfer_in(flight.lane));
        // There is room: a request was written into the buffer before.
        flight.frame(version, self.buffer.as_mut(), transfer, &mut self.outgoing).ok_or(Reason::NoRoom)?;
        if let Some(id) = flight.lane {
            let session = self.core.parts.sessions.seats_mut().session_mut(id).ok_or(Misuse::NoSession)?;
            self.outgoing.seal(session, self.buffer.as_mut())?;
        }
        Ok(())
    }

    /// Takes the answer to what was sent last, which is opened where it stands.
    ///
    /// # Errors
    /// Where the answer is not what it should be, or refuses; the operation has then ended.
    pub fn receive<'a>(
        &'a mut self,
        now: Instant,
        kind: MessageKind,
        answer: &'a mut [u8],
    ) -> Result<Event<'a>, Error> {
        self.core.now = now;
        let State::Await(flight) = core::mem::replace(&mut self.state, State::Idle) else {
            return Err(Error { step: Request::GetVersion, reason: Misuse::NotAwaiting.into() });
        };
        let step = flight.request;
        let message = match self.sort(flight, now, kind, answer)? {
            Sorted::Whole(message) => message,
            Sorted::Reassembled(length) => self.buffer.as_ref().get(..length).unwrap_or_default(),
            Sorted::GoesOn => return Ok(Event::Continue),
        };
        let completed = self.core.complete(message);
        if completed.is_err() {
            self.core.fail(Failure::Unclear);
        } else if matches!(self.core.operation, Operation::None) {
            self.core.lane = None;
        } else {
            self.state = State::Prepare;
        }
        completed.map_err(|reason| Error { step, reason })
    }

    /// What came of an answer to a request on its way; where that is not over, it goes on.
    // What it needs is gone when the answer is looked into.
    #[inline(never)]
    fn sort<'a>(
        &mut self,
        mut flight: Flight,
        now: Instant,
        kind: MessageKind,
        answer: &'a mut [u8],
    ) -> Result<Sorted<'a>, Error> {
        let opened = self.core.open(flight.lane, kind, answer);
        let seen = opened.and_then(|answer| flight.sort(&self.core, self.buffer.as_mut(), now, answer));
        match seen {
            Ok(Seen::Whole(message)) => Ok(Sorted::Whole(message)),
            Ok(Seen::Reassembled(length)) => Ok(Sorted::Reassembled(length)),
            Ok(Seen::Again) => {
                self.restore(flight.lane, false);
                self.state = State::Send(flight);
                Ok(Sorted::GoesOn)
            }
            Ok(Seen::Later(until)) => {
                self.restore(flight.lane, true);
                self.state = State::Pause(until, flight);
                Ok(Sorted::GoesOn)
            }
            Err(reason) => {
                // A refusal leaves things as they are on both sides, but a record that did not open ends its session.
                let is_over = flight.lane.is_some() && reason.is_unopened();
                let is_refused = !flight.in_transfer() && !is_over && reason.is_plain_refusal();
                self.core.fail(if is_refused { Failure::Refused } else { Failure::Unclear });
                Err(Error { step: flight.request, reason })
            }
        }
    }

    /// The request goes on, or goes out again: the buffer holds it as it was.
    fn restore(&mut self, lane: Option<u32>, whole: bool) {
        let session = lane.and_then(|id| self.core.parts.sessions.seats().session(id));
        self.outgoing.restore(session, self.buffer.as_mut(), whole);
    }

    fn start(
        &mut self,
        step: Request,
        begin: impl FnOnce(&mut Core<E>) -> Result<(), Reason>,
    ) -> Result<(), Error> {
        self.start_in(None, step, begin)
    }

    fn start_in(
        &mut self,
        lane: Option<u32>,
        step: Request,
        begin: impl FnOnce(&mut Core<E>) -> Result<(), Reason>,
    ) -> Result<(), Error> {
        self.check_idle(step)?;
        if self.core.connection.is_none() {
            return Err(Error { step, reason: Misuse::NotConnected.into() });
        }
        self.core.lane = lane;
        let begun = begin(&mut self.core);
        if begun.is_err() {
            self.core.lane = None;
        }
        begun.map_err(|reason| Error { step, reason })?;
        self.state = State::Prepare;
        Ok(())
    }

    const fn is_idle(&self) -> bool {
        matches!(self.state, State::Idle)
    }

    fn check_idle(&self, step: Request) -> Result<(), Error> {
        match self.is_idle() {
            true => Ok(()),
            false => Err(Error { step, reason: Misuse::InWork.into() }),
        }
    }

    /// Makes the operation's next request; `None` where a signature of this side takes time.
    fn prepare(&mut self, now: Instant) -> Result<Option<Flight>, Error> {
        let chunks = self.chunk_room();
        let request = self.core.next_request();
        let buffer = self.buffer.as_mut().get_mut(HEADROOM..).unwrap_or_default();
        let mut writer = Writer::new(buffer);
        let encoded = self.core.encode(chunks, &mut writer);
        let length = writer.length();
        match encoded {
            Ok(Encoded::Ready(part)) => {
                Ok(Some(Flight::new(request, part, length, self.core.secured_lane())))
            }
            Ok(Encoded::Later(wait)) => {
                self.state = State::Sign(now + wait);
                Ok(None)
            }
            Err(reason) => {
                self.core.fail(Failure::Unsaid);
                Err(Error { step: request, reason })
            }
        }
    }

    /// Makes a request that the caller gave.
    fn compose(
        &mut self,
        request: Request,
        encode: impl FnOnce(&mut Core<E>, &mut Writer<'_>) -> Result<(), Reason>,
    ) -> Result<(), Error> {
        let buffer = self.buffer.as_mut().get_mut(HEADROOM..).unwrap_or_default();
        let mut writer = Writer::new(buffer);
        let encoded = encode(&mut self.core, &mut writer);
        let length = writer.length();
        match encoded {
            Ok(()) => {
                let lane = self.core.secured_lane();
                self.state = State::Send(Flight::new(request, None, length, lane));
                Ok(())
            }
            Err(reason) => {
                self.abandon();
                Err(Error { step: request, reason })
            }
        }
    }

    /// A request that goes out for the first time counts as said: it ends transcripts, and becomes part of one.
    fn say(&mut self, flight: &mut Flight) -> Result<(), Reason> {
        if core::mem::replace(&mut flight.is_said, true) {
            return Ok(());
        }
        let end = flight.length.saturating_add(HEADROOM);
        let message = self.buffer.as_ref().get(HEADROOM..end).unwrap_or_default();
        self.core.ask(flight.request, flight.part, message)
    }

    /// A request longer than the peer takes at once goes in chunks, where both can do that.
    fn choose_mode(&self, flight: &mut Flight) -> Result<(), Reason> {
        let length = u32::try_from(flight.length).unwrap_or(u32::MAX);
        if flight.mode != Mode::Plain || length <= self.core.transfer_in(flight.lane) {
            return Ok(());
        }
        if !self.core.may_chunk() || length > self.core.peer_message() {
            return Err(Reason::PeerTakesLess { length });
        }
        flight.mode = Mode::ChunkSend { sequence: 0, sent: 0 };
        Ok(())
    }

    /// The longest message that can come in chunks; `None` where the buffer is no longer than what comes at once.
    fn chunk_room(&self) -> Option<u32> {
        let room = u32::try_from(self.buffer.as_ref().len()).unwrap_or(u32::MAX);
        (room >= self.core.settings.transfer_size).then_some(room)
    }
}
