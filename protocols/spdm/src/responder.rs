//! The responder: the side that is asked.
//!
//! # Driving contract
//! Every message that comes goes to [`Responder::respond`], with the time it is and whether it came as a secured one;
//! the answer, if there is one, is there before it returns. A [signer](lanewarden_crypto::Signer) that needs time makes
//! the answer ResponseNotReady; the requester calls for it again, and the signer is asked again then.
//!
//! What a responder can do follows from what it is made of ([`Parts`]): a capability is claimed where the part behind
//! it is there, and cannot be claimed otherwise.

mod challenge;
mod chunks;
mod identity;
mod measurements;
mod negotiation;
mod parts;
mod vendor;

use core::fmt;

use lanewarden_crypto::{Digest, Provider, Signing};
use lanewarden_time::Instant;

use crate::binding::MessageKind;
use crate::connection::Connection;
use crate::identity::{Identities, PortionError};
use crate::message::{
    AsymmetricAlgorithms, Code, ErrorCode, ErrorMessage, HashAlgorithms, Header, NoRoom, NotReady, Reader,
    Request, RequesterFlags, ResponderFlags, Sizes, Writer,
};
use crate::signing::ToSign;
use crate::transcript::{Full, Part, Record, Transcripts};
use crate::{Version, Versions};

pub use parts::{Endpoint, Measurement, MeasurementSource, Parts, PartsOf, Support, Value, VendorHandler};
pub use vendor::{Registered, VendorFunction};

use parts::HashOf;

/// Room before an answer: the head of its first chunk, where it goes in chunks. The head of each further chunk is
/// written over the chunk before it.
const HEADROOM: usize = 16;
/// Bytes of an answer that must fit: the longest that comes before sizes are known, and every ERROR.
const LEAST_ROOM: usize = 64;
/// Bytes of the longest request that is answered with a signature: a GET_MEASUREMENTS of 1.3.
const LONGEST_SIGNED: usize = 45;

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

/// A signature to be made, and the request that it answers.
#[derive(Clone, Debug)]
struct Job {
    request: Request,
    part: Part,
    slot: u8,
    to_sign: ToSign,
    asked: [u8; LONGEST_SIGNED],
    length: usize,
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
}

/// An answer, written.
enum Answer {
    /// Whole, so long.
    Ready(usize),
    /// So long without its signature, which takes this time.
    Later(usize, core::time::Duration),
}

/// A request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Refused {
    code: ErrorCode,
    data: u8,
}

impl Refused {
    const INVALID: Self = Self { code: ErrorCode::INVALID_REQUEST, data: 0 };
    const UNEXPECTED: Self = Self { code: ErrorCode::UNEXPECTED_REQUEST, data: 0 };
    const UNSPECIFIED: Self = Self { code: ErrorCode::UNSPECIFIED, data: 0 };

    const fn unsupported(code: u8) -> Self {
        Self { code: ErrorCode::UNSUPPORTED_REQUEST, data: code }
    }

    /// As a version can say it: codes that came later have no meaning before.
    fn message(self, version: Version) -> ErrorMessage<'static> {
        let is_known = version >= Version::V1_2 || self.code != ErrorCode::RESPONSE_TOO_LARGE;
        let code = if is_known { self.code } else { ErrorCode::UNSPECIFIED };
        ErrorMessage { code, data: self.data, extended: &[] }
    }
}

impl From<crate::message::Malformed> for Refused {
    fn from(_: crate::message::Malformed) -> Self {
        Self::INVALID
    }
}

impl From<NoRoom> for Refused {
    fn from(_: NoRoom) -> Self {
        Self { code: ErrorCode::RESPONSE_TOO_LARGE, data: 0 }
    }
}

impl From<PortionError> for Refused {
    fn from(error: PortionError) -> Self {
        match error {
            PortionError::Nothing => Self::INVALID,
            PortionError::NoRoom => NoRoom.into(),
        }
    }
}

impl From<Full> for Refused {
    fn from(_: Full) -> Self {
        Self::UNSPECIFIED
    }
}

impl<E: Endpoint, B> fmt::Debug for Responder<E, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Responder").field("phase", &self.core.phase).finish_non_exhaustive()
    }
}

impl<P, I, M, V, R, B> Responder<Parts<P, I, M, V, R>, B>
where
    Parts<P, I, M, V, R>: Endpoint<Provider = P, Identities = I, Measurements = M, Vendor = V, Record = R>,
    P: Provider,
    B: AsRef<[u8]> + AsMut<[u8]>,
{
    /// A responder of these parts.
    ///
    /// The buffer holds the longest answer and 16 bytes; twice as long as [`Settings::transfer_size`] or longer, it
    /// lets messages go in chunks.
    pub fn new(parts: Parts<P, I, M, V, R>, settings: Settings, buffer: B) -> Self {
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
        };
        Self { core, buffer, start: HEADROOM, held: Held::None, incoming: None, handle: 0 }
    }
}

impl<E: Endpoint, B: AsRef<[u8]> + AsMut<[u8]>> Responder<E, B> {
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
        self.drop_work();
    }

    fn drop_work(&mut self) {
        (self.held, self.incoming, self.start) = (Held::None, None, HEADROOM);
        self.core.job = None;
    }

    /// The request that goes on with a message that is on its way in chunks, in or out.
    const fn transfer(&self) -> Option<Request> {
        match self.held {
            _ if self.incoming.is_some() => Some(Request::ChunkSend),
            Held::Large(_) => Some(Request::ChunkGet),
            _ => None,
        }
    }

    /// Answers a message. What is no request is not answered: two responders would keep each other busy for ever.
    pub fn respond(
        &mut self,
        now: Instant,
        kind: MessageKind,
        message: &mut [u8],
    ) -> Option<(MessageKind, &[u8])> {
        let _ = now;
        if kind == MessageKind::Secured {
            return None;
        }
        let mut reader = Reader::new(message);
        let header = Header::decode(&mut reader).ok().filter(|header| Code(header.code).is_request())?;
        let range = match self.dispatch(header, &mut reader, message) {
            Ok(range) => range,
            Err(refused) => self.refuse(header, refused),
        };
        Some((MessageKind::Plain, self.buffer.as_ref().get(range)?))
    }

    fn dispatch(
        &mut self,
        header: Header,
        reader: &mut Reader<'_>,
        message: &[u8],
    ) -> Result<core::ops::Range<usize>, Refused> {
        let interrupts = header.code != Request::GetVersion.byte()
            && self.transfer().is_some_and(|request| request.byte() != header.code);
        if interrupts {
            return Err(Refused::UNEXPECTED);
        }
        let request = self.core.admit(header, &self.held)?;
        match request {
            Request::ChunkSend => return self.take_chunk(header, reader),
            Request::ChunkGet => return self.give_chunk(header, reader),
            Request::RespondIfReady => return self.respond_if_ready(header),
            _ => {}
        }
        self.drop_work();
        let out = self.buffer.as_mut().get_mut(HEADROOM..).unwrap_or_default();
        let answer = self.core.answer(request, header, message, out)?;
        self.deliver(answer)
    }

    /// The answer as it is, or what has to be said instead.
    fn deliver(&mut self, answer: Answer) -> Result<core::ops::Range<usize>, Refused> {
        let length = match answer {
            Answer::Ready(length) => length,
            Answer::Later(length, wait) => {
                let request = self.core.job.as_ref().map_or(Request::Challenge, |job| job.request);
                let token = self.next_handle();
                self.held = Held::Unsigned { length, token };
                let exponent = NotReady::exponent_for(wait);
                let extended = [exponent, request.byte(), token, 2];
                let error =
                    ErrorMessage { code: ErrorCode::RESPONSE_NOT_READY, data: 0, extended: &extended };
                // Before the answer that is kept.
                return self.small_error(&error);
            }
        };
        let transfer = usize::try_from(self.core.transfer_to_requester()).unwrap_or(usize::MAX);
        if length <= transfer {
            return Ok(self.start..self.start.saturating_add(length));
        }
        self.hold_large(length)
    }

    /// An ERROR in the room before the answer.
    fn small_error(&mut self, error: &ErrorMessage<'_>) -> Result<core::ops::Range<usize>, Refused> {
        let version = self.core.version.byte();
        let front = self.start.saturating_sub(HEADROOM);
        let room = self.buffer.as_mut().get_mut(front..self.start).unwrap_or_default();
        let mut writer = Writer::new(room);
        error.encode(version, &mut writer)?;
        Ok(front..front.saturating_add(writer.length()))
    }

    /// An ERROR. It ends what was in work, but no transfer in chunks: nothing gets in the way of that but GET_VERSION
    /// (DSP0274 1.3, 10.26).
    fn refuse(&mut self, header: Header, refused: Refused) -> core::ops::Range<usize> {
        let version = self.core.error_version(header, refused);
        if self.transfer().is_none() {
            self.drop_work();
            self.core.reset(Part::Measurements);
        }
        // Behind what has come in, before what goes out.
        let front = self.start.saturating_sub(HEADROOM);
        let room = self.buffer.as_mut().get_mut(front..).unwrap_or_default();
        let mut writer = Writer::new(room);
        // Nothing can be said without a buffer.
        let _ = refused.message(version).encode(version.byte(), &mut writer);
        front..front.saturating_add(writer.length())
    }

    fn respond_if_ready(&mut self, header: Header) -> Result<core::ops::Range<usize>, Refused> {
        let Held::Unsigned { length, token } = self.held else { return Err(Refused::UNEXPECTED) };
        let request = self.core.job.as_ref().map(|job| job.request.byte());
        if request != Some(header.param1) || header.param2 != token {
            return Err(Refused::INVALID);
        }
        self.held = Held::None;
        let out = self.buffer.as_mut().get_mut(self.start..).unwrap_or_default();
        let answer = self.core.sign(length, out)?;
        self.deliver(answer)
    }

    fn next_handle(&mut self) -> u8 {
        self.handle = self.handle.wrapping_add(1);
        self.handle
    }
}

impl<E: Endpoint> Core<E> {
    fn forget(&mut self) {
        self.phase = Phase::Start;
        self.version = Version::V1_0;
        self.requester = RequesterFlags::empty();
        self.requester_sizes = None;
        self.transcripts = Transcripts::new();
        (self.job, self.chain) = (None, None);
        for part in [Part::Connection, Part::Authentication, Part::Measurements] {
            self.parts.record.reset(part);
        }
    }

    fn reset(&mut self, part: Part) {
        self.transcripts.reset(part);
        self.parts.record.reset(part);
    }

    /// Whether a request may come now: of a version that is spoken, supported, and in its place.
    fn admit(&mut self, header: Header, held: &Held) -> Result<Request, Refused> {
        let code = header.code;
        let version = self.check_version(header)?;
        let request = Request::from_byte(code).filter(|request| request.since() <= version);
        let request = request.ok_or(Refused::unsupported(code))?;
        if !self.supports(request) {
            self.touch(request);
            return Err(Refused::unsupported(code));
        }
        let in_place = match request {
            Request::GetVersion => true,
            Request::GetCapabilities => self.phase == Phase::Version,
            Request::NegotiateAlgorithms => self.phase == Phase::Capabilities,
            Request::ChunkSend => matches!(self.phase, Phase::Capabilities | Phase::Connected(_)),
            Request::ChunkGet => matches!(held, Held::Large(_)),
            Request::RespondIfReady => matches!(held, Held::Unsigned { .. }),
            _ => matches!(self.phase, Phase::Connected(_)),
        };
        if !in_place {
            return Err(Refused::UNEXPECTED);
        }
        self.touch(request);
        Ok(request)
    }

    /// GET_VERSION is 1.0, GET_CAPABILITIES chooses a version, and all else is of the chosen one.
    fn check_version(&self, header: Header) -> Result<Version, Refused> {
        let mismatch = Refused { code: ErrorCode::VERSION_MISMATCH, data: 0 };
        let version =
            Version::from_byte(header.version).filter(|version| self.settings.versions.contains(*version));
        let fits = match (self.phase, header.code) {
            (_, code) if code == Request::GetVersion.byte() => {
                return if header.version == Version::V1_0.byte() {
                    Ok(Version::V1_0)
                } else {
                    Err(mismatch)
                };
            }
            (Phase::Start | Phase::Version, _) => true,
            (Phase::Capabilities | Phase::Connected(_), _) => version == Some(self.version),
        };
        version.filter(|_| fits).ok_or(mismatch)
    }

    /// The version of an ERROR: that of the request where it is spoken, else the oldest, which everyone knows.
    fn error_version(&self, header: Header, refused: Refused) -> Version {
        let asked =
            Version::from_byte(header.version).filter(|asked| self.settings.versions.contains(*asked));
        match self.phase {
            Phase::Capabilities | Phase::Connected(_) => self.version,
            _ if refused.code == ErrorCode::VERSION_MISMATCH => Version::V1_0,
            _ => asked.unwrap_or(Version::V1_0),
        }
    }

    fn supports(&self, request: Request) -> bool {
        let flags = self.flags();
        match request {
            Request::GetVersion
            | Request::GetCapabilities
            | Request::NegotiateAlgorithms
            | Request::RespondIfReady => true,
            Request::GetDigests | Request::GetCertificate => flags.contains(ResponderFlags::CERT),
            Request::Challenge => flags.contains(ResponderFlags::CHAL),
            Request::GetMeasurements => flags.intersects(ResponderFlags::MEAS | ResponderFlags::MEAS_SIGNED),
            Request::ChunkSend | Request::ChunkGet => self.may_chunk(),
            Request::VendorDefined => E::Vendor::PRESENT,
            _ => false,
        }
    }

    /// Which transcripts a request ends, whatever comes of it (DSP0274 1.3, 10.10.1 and 10.12.1).
    fn touch(&mut self, request: Request) {
        let goes_on = matches!(request, Request::ChunkSend | Request::ChunkGet | Request::RespondIfReady);
        if !goes_on && request != Request::GetMeasurements {
            self.reset(Part::Measurements);
        }
        if request.ends_authentication() {
            self.reset(Part::Authentication);
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
            _ => Err(Refused::unsupported(header.code)),
        }
    }

    /// Request and answer count as said.
    fn said(&mut self, part: Part, request: &[u8], answer: &[u8]) -> Result<(), Refused> {
        self.parts.record.request(part, request);
        self.parts.record.response(part, answer);
        self.transcripts.request(part, request)?;
        Ok(self.transcripts.response(answer)?)
    }

    /// Signs what stands in `out`, and puts the signature after it.
    fn sign(&mut self, length: usize, out: &mut [u8]) -> Result<Answer, Refused> {
        let job = self.job.take().ok_or(Refused::UNEXPECTED)?;
        let Phase::Connected(connection) = self.phase else { return Err(Refused::UNEXPECTED) };
        let algorithm = connection.signature.ok_or(Refused::UNSPECIFIED)?;
        let end = length.checked_add(algorithm.signature_size()).ok_or(NoRoom)?;
        let (answer, rest) = out.split_at_mut_checked(length).ok_or(NoRoom)?;
        let room = rest.get_mut(..algorithm.signature_size()).ok_or(NoRoom)?;
        let signer = self.parts.identities.signer(job.slot).ok_or(Refused::INVALID)?;
        match signer.sign(algorithm, job.to_sign.signed(algorithm), room) {
            Ok(Signing::Done) => {
                self.parts.record.request(job.part, job.asked.get(..job.length).unwrap_or_default());
                self.parts.record.response(job.part, answer);
                self.parts.record.signature(job.part, room);
                self.reset(job.part);
                Ok(Answer::Ready(end))
            }
            Ok(Signing::Pending(wait)) => {
                self.job = Some(job);
                Ok(Answer::Later(length, wait))
            }
            Err(_) => Err(Refused::UNSPECIFIED),
        }
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
        self.requester_sizes.map_or(u32::MAX, |sizes| sizes.transfer).min(own)
    }

    fn may_chunk(&self) -> bool {
        self.chunk_room.is_some()
            && self.version >= Version::V1_2
            && self.requester.contains(RequesterFlags::CHUNK)
    }
}
