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

mod capabilities;
mod certificate;
mod challenge;
mod connect;
mod digests;
mod flight;
mod measurements;
mod operation;
mod parts;
mod run;
mod vendor;

use core::fmt;
use core::time::Duration;

use lanewarden_crypto::{Digest, Provider};
use lanewarden_time::Instant;

use crate::binding::MessageKind;
use crate::connection::Connection;
use crate::error::{Error, Misuse, Reason};
use crate::message::{
    AsymmetricAlgorithms, CertificatePortion, Digests, HashAlgorithms, NoRoom, Request, SLOTS, VendorMessage,
    Writer,
};
use crate::transcript::{Record, Transcripts};
use crate::{Version, Versions};

pub use challenge::{Authenticated, ChallengeRequest};
pub use measurements::{Measured, MeasurementRequest};
pub use parts::{Endpoint, KeyOf, Parts, PartsOf};
pub use run::{RunError, Transport, run};

use flight::{Flight, HEADROOM, Mode};
use parts::HashOf;

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
}

#[derive(Clone, Copy, Debug)]
enum State {
    Idle,
    /// The operation's next request is to be made.
    Prepare,
    Send(Flight),
    Await(Flight),
    Pause(Instant, Flight),
}

/// All but the buffer.
struct Core<E: Endpoint> {
    parts: Parts<E::Provider, E::Record>,
    settings: Settings,
    /// What has been said so far of the connection, while it is negotiated.
    draft: connect::Draft,
    connection: Option<Connection>,
    transcripts: Transcripts<HashOf<E>>,
    operation: Operation<HashOf<E>>,
    digests: [Option<Digest>; SLOTS as usize],
    key: Option<(u8, PeerKey<KeyOf<E>>)>,
}

enum Operation<H> {
    None,
    Connect(connect::Stage),
    Digests,
    Certificate(certificate::Fetch<H>),
    Challenge(crate::message::Challenge),
    Measurements(crate::message::GetMeasurements),
    Vendor(vendor::Asked),
    Bytes,
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

impl<P: Provider, R: Record, B: AsRef<[u8]> + AsMut<[u8]>> Requester<Parts<P, R>, B> {
    /// A requester of these parts. The buffer is [`MIN_BUFFER`] bytes long at least; as long as
    /// [`Settings::transfer_size`] or longer, it lets answers come in chunks.
    pub fn new(parts: Parts<P, R>, settings: Settings, buffer: B) -> Self {
        let core = Core {
            parts,
            settings,
            draft: connect::Draft::default(),
            connection: None,
            transcripts: Transcripts::new(),
            operation: Operation::None,
            digests: [None; SLOTS as usize],
            key: None,
        };
        Self { core, buffer, state: State::Idle }
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
        let version = self.core.version();
        self.compose(Request::VendorDefined, |writer| request.encode(version, true, writer))
    }

    /// Sends a request as it is, and hands its answer over as it is; an ERROR other than those that put off is an
    /// error here too. Transcripts of measurements begin anew. What goes this way is in no transcript here: after
    /// GET_MEASUREMENTS or a negotiation, [`Requester::connect`] comes before anything that is signed, and after what
    /// belongs to a challenge, [`Requester::digests`].
    ///
    /// # Errors
    /// [`Misuse`], and [`Reason::NoRoom`] where the buffer does not hold it.
    pub fn request(&mut self, message: &[u8]) -> Result<(), Error> {
        let code = message.get(1).copied().and_then(Request::from_byte).unwrap_or(Request::VendorDefined);
        self.start(code, |core| {
            core.operation = Operation::Bytes;
            if matches!(code, Request::GetDigests | Request::GetCertificate | Request::Challenge) {
                core.digests = [None; SLOTS as usize];
            }
            Ok(())
        })?;
        self.compose(code, |writer| writer.bytes(message))
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
            State::Prepare | State::Send(_) => self.core.fail(Failure::Unsaid),
            State::Await(_) | State::Pause(..) => self.core.fail(Failure::Unclear),
        }
    }

    /// What to do next.
    ///
    /// # Errors
    /// Where the next request cannot be made; the operation has then ended.
    pub fn poll(&mut self, now: Instant) -> Result<Step<'_>, Error> {
        match self.state {
            State::Idle => return Ok(Step::Idle),
            State::Await(_) => return Ok(Step::Receive),
            State::Pause(until, _) if now < until => return Ok(Step::Wait(until)),
            State::Pause(_, flight) => self.state = State::Send(flight),
            State::Prepare => self.prepare()?,
            State::Send(_) => {}
        }
        let State::Send(flight) = self.state else { return Ok(Step::Idle) };
        let flight = self.choose_mode(flight).map_err(|reason| self.end(flight.request, reason))?;
        let flight = self.say(flight).map_err(|reason| self.end(flight.request, reason))?;
        let (version, transfer) = (self.core.version(), self.core.peer_transfer());
        let within = self.core.answer_time(flight.request);
        self.state = State::Await(flight);
        let State::Await(flight) = &mut self.state else { return Ok(Step::Idle) };
        let step = flight.request;
        // There is room: a request was written into the buffer before.
        let message = flight.frame(version, self.buffer.as_mut(), transfer);
        let message = message.ok_or(Error { step, reason: Reason::NoRoom })?;
        Ok(Step::Send { kind: MessageKind::Plain, message, within })
    }

    /// Takes the answer to what was sent last.
    ///
    /// # Errors
    /// Where the answer is not what it should be, or refuses; the operation has then ended.
    pub fn receive<'a>(
        &'a mut self,
        now: Instant,
        kind: MessageKind,
        answer: &'a mut [u8],
    ) -> Result<Event<'a>, Error> {
        let _ = kind;
        let State::Await(mut flight) = self.state else {
            return Err(Error { step: Request::GetVersion, reason: Misuse::NotAwaiting.into() });
        };
        let step = flight.request;
        self.state = State::Idle;
        let seen = flight.sort(&self.core, self.buffer.as_mut(), now, answer);
        let message = match seen {
            Ok(flight::Seen::Whole(message)) => message,
            Ok(flight::Seen::Reassembled(length)) => self.buffer.as_ref().get(..length).unwrap_or_default(),
            Ok(flight::Seen::Again) => {
                self.state = State::Send(flight);
                return Ok(Event::Continue);
            }
            Ok(flight::Seen::Later(until)) => {
                self.state = State::Pause(until, flight);
                return Ok(Event::Continue);
            }
            Err(reason) => {
                // A refusal leaves things as they are on both sides.
                let is_refused = !flight.in_transfer() && reason.is_plain_refusal();
                self.core.fail(if is_refused { Failure::Refused } else { Failure::Unclear });
                return Err(Error { step, reason });
            }
        };
        match self.core.complete(message) {
            Ok((event, goes_on)) => {
                self.state = if goes_on { State::Prepare } else { State::Idle };
                Ok(event)
            }
            Err(reason) => {
                self.core.fail(Failure::Unclear);
                Err(Error { step, reason })
            }
        }
    }

    fn start(
        &mut self,
        step: Request,
        begin: impl FnOnce(&mut Core<E>) -> Result<(), Reason>,
    ) -> Result<(), Error> {
        self.check_idle(step)?;
        if self.core.connection.is_none() {
            return Err(Error { step, reason: Misuse::NotConnected.into() });
        }
        begin(&mut self.core).map_err(|reason| Error { step, reason })?;
        self.state = State::Prepare;
        Ok(())
    }

    fn check_idle(&self, step: Request) -> Result<(), Error> {
        match self.state {
            State::Idle => Ok(()),
            _ => Err(Error { step, reason: Misuse::InWork.into() }),
        }
    }

    /// Makes the operation's next request.
    fn prepare(&mut self) -> Result<(), Error> {
        let chunks = self.chunk_room();
        let request = self.core.next_request();
        let buffer = self.buffer.as_mut().get_mut(HEADROOM..).unwrap_or_default();
        let mut writer = Writer::new(buffer);
        let part = self.core.encode(chunks, &mut writer);
        let length = writer.length();
        match part {
            Ok(part) => {
                self.state = State::Send(Flight::new(request, part, length));
                Ok(())
            }
            Err(NoRoom) => Err(self.end(request, Reason::NoRoom)),
        }
    }

    /// Makes a request that the caller gave.
    fn compose(
        &mut self,
        request: Request,
        encode: impl FnOnce(&mut Writer<'_>) -> Result<(), NoRoom>,
    ) -> Result<(), Error> {
        let buffer = self.buffer.as_mut().get_mut(HEADROOM..).unwrap_or_default();
        let mut writer = Writer::new(buffer);
        let encoded = encode(&mut writer);
        let length = writer.length();
        match encoded {
            Ok(()) => {
                self.state = State::Send(Flight::new(request, None, length));
                Ok(())
            }
            Err(NoRoom) => Err(self.end(request, Reason::NoRoom)),
        }
    }

    /// A request that goes out for the first time counts as said: it ends transcripts, and becomes part of one.
    fn say(&mut self, mut flight: Flight) -> Result<Flight, Reason> {
        if !core::mem::replace(&mut flight.is_said, true) {
            let end = flight.length.saturating_add(HEADROOM);
            let message = self.buffer.as_ref().get(HEADROOM..end).unwrap_or_default();
            self.core.ask(flight.request, flight.part, message)?;
        }
        Ok(flight)
    }

    /// A request longer than the peer takes at once goes in chunks, where both can do that.
    fn choose_mode(&self, mut flight: Flight) -> Result<Flight, Reason> {
        let length = u32::try_from(flight.length).unwrap_or(u32::MAX);
        if flight.mode != Mode::Plain || length <= self.core.peer_transfer() {
            return Ok(flight);
        }
        if !self.core.may_chunk() || length > self.core.peer_message() {
            return Err(Reason::PeerTakesLess { length });
        }
        flight.mode = Mode::ChunkSend { sequence: 0, sent: 0 };
        Ok(flight)
    }

    /// The longest message that can come in chunks; `None` where the buffer is no longer than what comes at once.
    fn chunk_room(&self) -> Option<u32> {
        let room = u32::try_from(self.buffer.as_ref().len()).unwrap_or(u32::MAX);
        (room >= self.core.settings.transfer_size).then_some(room)
    }

    fn end(&mut self, step: Request, reason: Reason) -> Error {
        self.abandon();
        Error { step, reason }
    }
}
