//! The responder: the side that is asked.
//!
//! # Driving contract
//! Every message that comes goes to [`Responder::respond`], with the time it is and whether it came as a secured one;
//! the answer, if there is one, is there before it returns. A [signer](lanewarden_crypto::Signer) that needs time makes
//! the answer ResponseNotReady; the requester calls for it again, and the signer is asked again then.
//!
//! What a responder can do follows from what it is made of ([`Parts`]): a capability is claimed where the part behind
//! it is there, and cannot be claimed otherwise.
//!
//! A session has a lane of its own: what is asked in it is answered in it, and what it has begun goes on in it. The
//! caller asks [`Responder::deadline`] when to call [`Responder::expire`]; every message that comes does that too.

mod admission;
mod challenge;
mod chunks;
mod encapsulated;
mod exchange;
mod finish;
mod identity;
mod lanes;
mod measurements;
mod mutual;
mod negotiation;
mod parts;
mod psk;
mod refused;
mod serve;
mod upkeep;
mod vendor;

use core::fmt;

use lanewarden_crypto::{Digest, Provider, Signing, TAG_SIZE};
use lanewarden_time::Instant;

use crate::binding::Binding;
use crate::connection::Connection;
use crate::identity::Identities;
use crate::message::{
    AeadAlgorithms, AsymmetricAlgorithms, DheGroups, HashAlgorithms, Header, MAX_AEAD_LIMIT,
    MutualAuthentication, NoRoom, Reader, Request, RequesterFlags, Sizes,
};
use crate::session::{RecordForm, Seating, Sessions};
use crate::signing::{Purpose, ToSign};
use crate::transcript::{Part, Record, Transcripts};
use crate::{Version, Versions};

pub use parts::{
    Context, Endpoint, Measurement, MeasurementSource, Parts, PartsOf, PresharedKeys, Requesters, Support,
    Value, VendorHandler,
};
pub use vendor::{Registered, VendorFunction};

use encapsulated::Flow;
use parts::{Asked, HashOf, Kept, KeyOf};
use refused::Refused;

/// Room before an answer for the head of its first chunk, where it goes in chunks. The head of each further chunk is
/// written over the chunk before it.
const CHUNK_HEADROOM: usize = 16;
/// Bytes of an answer that must fit: the longest that comes before sizes are known, and every ERROR.
const LEAST_ROOM: usize = 64;

/// What a responder speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Versions.
    pub versions: Versions,
    /// Signatures, as far as its keys make them.
    pub asymmetric: AsymmetricAlgorithms,
    /// Hashes, as far as the provider has them; also for measurements.
    pub hashes: HashAlgorithms,
    /// The longest message it takes at once, in bytes; 42 at the least.
    pub transfer_size: u32,
    /// The longest message it sends at once, in bytes; `None` for as long as it takes. Requests are short and answers are
    /// not, so a device that is short of memory may take much less than it sends.
    pub answer_size: Option<u32>,
    /// The time its signatures take: 2 to the power of this, in microseconds.
    pub ct_exponent: u8,
    /// How records look on the transport.
    pub binding: Binding,
    /// Groups for key exchange, as far as the provider has them.
    pub dhe: DheGroups,
    /// Ciphers, as far as the provider has them.
    pub aead: AeadAlgorithms,
    /// Whether messages in sessions are encrypted where the requester can; else they are authenticated only.
    pub encrypt: bool,
    /// Whether the handshake goes in the clear where the requester can do that.
    pub handshake_in_the_clear: bool,
    /// Within how many seconds a requester is to be heard of in a session that it opened; at twice that the session
    /// ends. 0 for no such bound.
    pub heartbeat: u8,
    /// A key of a session protects 2 to the power of this many messages, at the most.
    pub aead_limit: u8,
    /// How a requester is to prove who it is when it opens a session with a key exchange, where it can.
    pub mutual: MutualAuthentication,
    /// Whether a requester that cannot prove who it is opens no session with a key exchange.
    pub mutual_required: bool,
    /// Whether a requester is to prove who it is after it has challenged the responder, where it can.
    pub basic_mutual: bool,
    /// The requester's slot that is to sign; 255 for a key that was provisioned, with
    /// [`MutualAuthentication::Direct`] only.
    pub requester_slot: u8,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            versions: Versions::ALL,
            asymmetric: AsymmetricAlgorithms::spoken(Version::V1_3),
            hashes: HashAlgorithms::spoken(),
            transfer_size: 0x11f8,
            answer_size: None,
            ct_exponent: 17,
            binding: Binding::DOE,
            dhe: DheGroups::spoken(),
            aead: AeadAlgorithms::spoken(),
            encrypt: true,
            handshake_in_the_clear: false,
            heartbeat: 0,
            aead_limit: MAX_AEAD_LIMIT,
            mutual: MutualAuthentication::None,
            mutual_required: false,
            basic_mutual: false,
            requester_slot: 0,
        }
    }
}

/// The responder. `E` is what it is made of ([`Parts`]); `B` holds an answer, and with chunks a request too.
pub struct Responder<E: Endpoint, B> {
    core: Core<E>,
    buffer: B,
    /// Where in the buffer the answer begins.
    start: usize,
    held: Held,
    incoming: Option<chunks::Incoming>,
    /// In which lane that was begun.
    owner: Option<u32>,
    /// What a tag was written over, and where.
    covered: Option<(usize, [u8; TAG_SIZE])>,
    handle: u8,
}

/// An answer that has not gone out as it is.
#[derive(Clone, Copy, Debug)]
enum Held {
    None,
    /// It is fetched in chunks.
    Large(chunks::Outgoing),
    /// Its signature is still to come, and it is called for by this token.
    Unsigned {
        length: usize,
        token: u8,
    },
}

/// A signature to be made, and what it is for.
struct Job {
    request: Request,
    slot: u8,
    purpose: Purpose,
    /// The digest of what was said.
    transcript: Digest,
    then: Then,
}

/// What follows a signature.
#[derive(Clone, Copy)]
enum Then {
    /// A part begins anew.
    Part(Part),
    /// A session begins: the one that has its place.
    Session,
}

/// What becomes of a session once the answer is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    Nothing,
    Establish(u32),
    End(u32),
}

/// How far the negotiation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing has been said.
    Start,
    /// VERSION has.
    Version,
    /// CAPABILITIES has.
    Capabilities,
    /// ALGORITHMS has.
    Connected(Connection),
}

/// All but the buffer.
struct Core<E: Endpoint> {
    settings: Settings,
    parts: PartsOf<E>,
    phase: Phase,
    version: Version,
    requester: RequesterFlags,
    requester_sizes: Option<Sizes>,
    /// The longest message that can come in chunks; `None` where the buffer is too short for it.
    chunk_room: Option<u32>,
    transcripts: Transcripts<HashOf<E>>,
    /// The signature in work.
    job: Option<Job>,
    /// The digest that was worked out last, and of which slot's chain.
    chain: Option<(u8, Digest)>,
    /// When the message came that is being answered.
    now: Instant,
    /// The session that it came in.
    lane: Option<u32>,
    after: After,
    /// The session whose handshake goes in the clear, the last one that began.
    clear: Option<u32>,
    /// The responder's half of the last session's number.
    last_half: u16,
    /// What is asked of the requester.
    flow: Kept<E, Flow<E>>,
    /// The requester's key that was shown last: its slot, the digest of the chain, the key.
    shown: Asked<E, (u8, Digest, KeyOf<E>)>,
    /// Whether the requester has proven outside of sessions who it is.
    is_requester_known: bool,
}

/// An answer, written.
enum Answer {
    /// Whole, so long.
    Ready(usize),
    /// So long without its signature, which is to be made.
    Unsigned(usize),
    /// So long without its signature, which takes this time.
    Later(usize, core::time::Duration),
}

impl<E: Endpoint, B> fmt::Debug for Responder<E, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Responder").field("phase", &self.core.phase).finish_non_exhaustive()
    }
}

impl<P, I, M, V, R, S, K, Q, B> Responder<Parts<P, I, M, V, R, S, K, Q>, B>
where
    P: Provider,
    I: Identities,
    M: MeasurementSource,
    V: VendorHandler,
    R: Record,
    S: Sessions<P>,
    K: PresharedKeys,
    Q: Requesters<P>,
    B: AsRef<[u8]> + AsMut<[u8]>,
{
    /// A responder of these parts.
    ///
    /// The buffer holds the longest answer and [`Responder::HEADROOM`] and [`Responder::TAIL`]; twice as long as
    /// [`Settings::transfer_size`] or longer, it lets messages go in chunks.
    pub fn new(parts: Parts<P, I, M, V, R, S, K, Q>, settings: Settings, buffer: B) -> Self {
        let half = u32::try_from(buffer.as_ref().len() / 2).unwrap_or(u32::MAX);
        let core = Core {
            settings,
            parts,
            phase: Phase::Start,
            version: Version::V1_0,
            requester: RequesterFlags::empty(),
            requester_sizes: None,
            chunk_room: (half >= settings.transfer_size).then_some(half),
            transcripts: Transcripts::new(),
            job: None,
            chain: None,
            now: Instant::ORIGIN,
            lane: None,
            after: After::Nothing,
            clear: None,
            last_half: 0,
            flow: Default::default(),
            shown: Default::default(),
            is_requester_known: false,
        };
        Self {
            core,
            buffer,
            start: Self::HEADROOM,
            held: Held::None,
            incoming: None,
            owner: None,
            covered: None,
            handle: 0,
        }
    }
}

impl<E: Endpoint, B: AsRef<[u8]> + AsMut<[u8]>> Responder<E, B> {
    /// Bytes of the buffer before an answer.
    pub const HEADROOM: usize =
        if E::Sessions::PRESENT { CHUNK_HEADROOM + RecordForm::HEADROOM } else { CHUNK_HEADROOM };
    /// Bytes of the buffer behind an answer.
    pub const TAIL: usize = if E::Sessions::PRESENT { RecordForm::TAIL } else { 0 };

    /// What was agreed on; `None` before.
    pub const fn connection(&self) -> Option<&Connection> {
        match &self.core.phase {
            Phase::Connected(connection) => Some(connection),
            _ => None,
        }
    }

    /// What it is made of. Certificates may be other ones afterwards.
    pub const fn parts_mut(&mut self) -> &mut PartsOf<E> {
        self.core.chain = None;
        &mut self.core.parts
    }

    /// The record.
    pub const fn record(&self) -> &E::Record {
        &self.core.parts.record
    }

    /// Forgets what was agreed on, as a reset does.
    pub fn reset(&mut self) {
        self.core.forget();
        self.core.parts.vendor.reset();
        self.drop_work();
    }

    fn drop_work(&mut self) {
        (self.held, self.incoming, self.start) = (Held::None, None, Self::HEADROOM);
        self.core.drop_job();
    }

    /// The request that goes on with a message that is on its way in chunks, in or out.
    const fn transfer(&self) -> Option<Request> {
        match self.held {
            _ if self.incoming.is_some() => Some(Request::ChunkSend),
            Held::Large(_) => Some(Request::ChunkGet),
            _ => None,
        }
    }
}

impl<E: Endpoint> Core<E> {
    fn forget(&mut self) {
        self.phase = Phase::Start;
        self.version = Version::V1_0;
        self.requester = RequesterFlags::empty();
        self.requester_sizes = None;
        self.transcripts = Transcripts::new();
        self.chain = None;
        self.drop_job();
        self.end_sessions();
        (self.shown, self.is_requester_known) = (Default::default(), false);
        for part in [Part::Connection, Part::Authentication, Part::Measurements] {
            self.parts.record.reset(part);
        }
    }

    fn reset(&mut self, part: Part) {
        if part != Part::Measurements || self.measures_here() {
            self.transcripts.reset(part);
        }
        if self.lane.is_none() {
            self.parts.record.reset(part);
        }
    }

    fn answer(
        &mut self,
        request: Request,
        header: Header,
        message: &[u8],
        out: &mut [u8],
    ) -> Result<Answer, Refused> {
        let mut reader = Reader::new(message);
        Header::decode(&mut reader)?;
        match request {
            Request::GetVersion => self.version(&reader, message, out),
            Request::GetCapabilities => self.capabilities(header, &mut reader, message, out),
            Request::NegotiateAlgorithms => self.algorithms(header, &mut reader, message, out),
            Request::GetDigests => self.digests(&reader, message, out),
            Request::GetCertificate => self.certificate(header, &mut reader, message, out),
            Request::Challenge => self.challenge(header, &mut reader, message, out),
            Request::GetMeasurements => self.measurements(header, &mut reader, message, out),
            Request::VendorDefined => self.vendor(&mut reader, out),
            request if E::Sessions::PRESENT => {
                self.answer_of_session(request, header, &mut reader, message, out)
            }
            _ => Err(Refused::unsupported(header.code)),
        }
    }

    #[inline(never)]
    fn answer_of_session(
        &mut self,
        request: Request,
        header: Header,
        reader: &mut Reader<'_>,
        message: &[u8],
        out: &mut [u8],
    ) -> Result<Answer, Refused> {
        match request {
            Request::KeyExchange => self.key_exchange(header, reader, message, out),
            Request::Finish => self.finish(header, reader, message, out),
            Request::PskExchange if E::Psk::PRESENT => self.psk_exchange(header, reader, message, out),
            Request::PskFinish if E::Psk::PRESENT => self.psk_finish(reader, message, out),
            Request::Heartbeat => self.heartbeat(reader, out),
            Request::KeyUpdate => self.key_update(header, reader, out),
            Request::EndSession => self.end_session_request(header, reader, out),
            Request::GetEncapsulatedRequest => self.encapsulated_request(reader, out),
            Request::DeliverEncapsulatedResponse => self.encapsulated_response(header, reader, out),
            _ => Err(Refused::unsupported(header.code)),
        }
    }

    /// Request and answer count as said. What is said in sessions of digests and certificates does not.
    fn said(&mut self, part: Part, request: &[u8], answer: &[u8]) -> Result<(), Refused> {
        if self.lane.is_some() && part != Part::Measurements {
            return Ok(());
        }
        if self.lane.is_none() {
            self.parts.record.request(part, request);
            self.parts.record.response(part, answer);
        }
        self.transcripts.request(part, request)?;
        Ok(self.transcripts.response(answer)?)
    }

    /// No signature is in work any more; the secret of a session that was to begin with one is wiped.
    fn drop_job(&mut self) {
        self.job = None;
        if E::Sessions::PRESENT {
            self.parts.sessions.seats_mut().unreserve();
        }
    }

    /// What remains to be done of an answer that stands in `out`: it is signed, and what the signature is for comes about.
    fn conclude(&mut self, answer: Answer, out: &mut [u8]) -> Result<Answer, Refused> {
        let Answer::Unsigned(length) = answer else { return Ok(answer) };
        let concluded = match self.sign(length, out) {
            Ok(Answer::Ready(end)) => self.bring_about(length, end, out),
            signed => signed,
        };
        if !matches!(concluded, Ok(Answer::Later(..))) {
            self.drop_job();
        }
        concluded
    }

    /// What was signed stands before `unsigned`, and its signature between that and `signed`.
    fn bring_about(&mut self, unsigned: usize, signed: usize, out: &mut [u8]) -> Result<Answer, Refused> {
        let part = match self.job.as_ref().ok_or(Refused::UNEXPECTED)?.then {
            Then::Part(part) => part,
            // Without room for sessions there are none, and no code for them either.
            Then::Session if E::Sessions::PRESENT => return self.begin_exchanged(unsigned, signed, out),
            Then::Session => return Err(Refused::UNEXPECTED),
        };
        let (answer, rest) = out.split_at_checked(unsigned).ok_or(NoRoom)?;
        let signature = rest.get(..signed.saturating_sub(unsigned)).ok_or(NoRoom)?;
        self.signed(part, answer, signature);
        Ok(Answer::Ready(signed))
    }

    /// Signs what stands in `out`, and puts the signature after it.
    #[inline(never)]
    fn sign(&mut self, length: usize, out: &mut [u8]) -> Result<Answer, Refused> {
        let job = self.job.as_ref().ok_or(Refused::UNEXPECTED)?;
        let Phase::Connected(connection) = &self.phase else { return Err(Refused::UNEXPECTED) };
        let algorithm = connection.signature.ok_or(Refused::UNSPECIFIED)?;
        let end = length.checked_add(algorithm.signature_size()).ok_or(NoRoom)?;
        let room = out.get_mut(length..end).ok_or(NoRoom)?;
        let to_sign = ToSign::new(&self.parts.provider, self.version, job.purpose, &job.transcript);
        let to_sign = to_sign.ok_or(Refused::UNSPECIFIED)?;
        let signer = self.parts.identities.signer(job.slot).ok_or(Refused::INVALID)?;
        match signer.sign(algorithm, to_sign.signed(algorithm), room) {
            Ok(Signing::Done) => Ok(Answer::Ready(end)),
            Ok(Signing::Pending(wait)) => Ok(Answer::Later(length, wait)),
            Err(_) => Err(Refused::UNSPECIFIED),
        }
    }

    /// A part was signed, and begins anew.
    fn signed(&mut self, part: Part, answer: &[u8], signature: &[u8]) {
        if self.lane.is_none() {
            self.parts.record.response(part, answer);
            self.parts.record.signature(part, signature);
        }
        self.reset(part);
    }

    /// Whether an answer can go out, in one way or another. It is asked before a signature ends a transcript.
    fn check_length(&self, length: usize) -> Result<(), Refused> {
        let whole = self.requester_sizes.filter(|_| self.may_chunk()).map(|sizes| sizes.message);
        let most = whole.unwrap_or_else(|| self.transfer_to_requester());
        let fits = u32::try_from(length).is_ok_and(|length| length <= most);
        if fits { Ok(()) } else { Err(NoRoom.into()) }
    }

    /// The longest message that goes to the requester at once.
    fn transfer_to_requester(&self) -> u32 {
        let own = self.settings.answer_size.unwrap_or(self.settings.transfer_size);
        let peer = self.requester_sizes.map_or(u32::MAX, |sizes| sizes.transfer);
        own.min(peer).min(self.longest_in_lane())
    }

    fn may_chunk(&self) -> bool {
        self.chunk_room.is_some()
            && self.version >= Version::V1_2
            && self.requester.contains(RequesterFlags::CHUNK)
    }
}
