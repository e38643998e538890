//! What an operation is made of: its requests, and what their answers mean.

use core::time::Duration;

use super::encapsulated::{Next, Talk};
use super::keeping::Update;
use super::open::{Opening, Stage};
use super::{Core, Endpoint, Event, Failure, certificate, connect, vendor};
use crate::Version;
use crate::connection::Connection;
use crate::error::{Misuse, Reason};
use crate::identity::Identities;
use crate::message::{Challenge, EndSession, GetMeasurements, Header, Heartbeat, Request, SLOTS, Writer};
use crate::session::{Seating, Session, Sessions};
use crate::transcript::{Part, Record, Transcripts};

/// What is in work. What it hashes, and what a session gets its secret from, are kept beside it ([`Core`]).
#[derive(Clone, Copy)]
pub enum Operation {
    None,
    Connect(connect::Stage),
    Digests,
    Certificate(certificate::Fetch),
    Challenge(Challenge),
    Measurements(GetMeasurements),
    Vendor(vendor::Asked),
    Bytes,
    Open(Opening),
    /// What the responder asks outside of sessions.
    Talk(Talk),
    Heartbeat,
    Update(Update),
    End(EndSession),
}

impl Operation {
    const fn next_request(&self) -> Request {
        match self {
            Self::Connect(stage) => stage.request(),
            Self::Digests => Request::GetDigests,
            Self::Certificate(_) => Request::GetCertificate,
            Self::Challenge(_) => Request::Challenge,
            Self::Measurements(_) => Request::GetMeasurements,
            Self::Open(opening) => opening.stage.request(),
            Self::Talk(talk) => talk.request(),
            Self::Heartbeat => Request::Heartbeat,
            Self::Update(_) => Request::KeyUpdate,
            Self::End(_) => Request::EndSession,
            Self::Vendor(_) | Self::Bytes | Self::None => Request::VendorDefined,
        }
    }
}

/// A request that was to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoded {
    /// It is, and belongs to this transcript.
    Ready(Option<Part>),
    /// It is not: a signature of this side takes time.
    Later(Duration),
}

impl<E: Endpoint> Core<E> {
    /// Whether there is anything that a responder could ask of this side.
    const TALKS: bool = E::Sessions::PRESENT || E::Identities::PRESENT;

    /// The version that messages are in.
    pub fn version(&self) -> Version {
        self.draft.version.unwrap_or(Version::V1_0)
    }

    /// Nothing holds any more: no connection, no session.
    pub fn forget(&mut self) {
        self.draft = connect::Draft::default();
        self.connection = None;
        self.transcripts = Transcripts::new();
        self.lane = None;
        self.digests = [None; SLOTS as usize];
        self.parts.sessions.seats_mut().fill_with(|| None);
        for part in [Part::Connection, Part::Authentication, Part::Measurements] {
            self.parts.record.reset(part);
        }
    }

    pub fn reset(&mut self, part: Part) {
        self.transcripts.reset(part);
        self.parts.record.reset(part);
    }

    /// The operation has failed. What was agreed on stays where both sides know how far they are; what measurements
    /// add up to does not outlive a refusal, nor does a negotiation or a handshake that is half done. In a session it is
    /// the session that is lost, and not the connection.
    pub fn fail(&mut self, failure: Failure) {
        let operation = core::mem::replace(&mut self.operation, Operation::None);
        (self.running, self.half, self.secret) = (None, Default::default(), Default::default());
        self.renewed = false;
        // A peer that refuses new keys which this side uses already has others.
        let verifies = matches!(operation, Operation::Update(update) if update.verifies());
        match self.lane {
            Some(id) if verifies => self.parts.sessions.seats_mut().end(id),
            Some(id) => self.fail_in(id, failure),
            None if failure == Failure::Unclear || matches!(operation, Operation::Connect(_)) => {
                self.forget()
            }
            None => {}
        }
        if failure == Failure::Refused {
            let are_swapped = self.swap_measurements();
            self.reset(Part::Measurements);
            self.swap_back(are_swapped);
        }
        self.lane = None;
    }

    fn fail_in(&mut self, id: u32, failure: Failure) {
        let Some(session) = self.parts.sessions.seats_mut().session_mut(id) else { return };
        if failure == Failure::Unclear || !session.is_established() {
            self.parts.sessions.seats_mut().end(id);
        } else {
            session.keep_keys();
        }
    }

    /// Puts the measurements of the session in work in the place of those outside of sessions, or back, before it ends;
    /// whether it has any.
    fn swap_measurements(&mut self) -> bool {
        let session = self.lane.and_then(|id| self.parts.sessions.seats_mut().session_mut(id));
        let measurements = session.and_then(Session::measurements);
        measurements.map(|measurements| self.transcripts.swap_measurements(measurements)).is_some()
    }

    fn swap_back(&mut self, are_swapped: bool) {
        if are_swapped {
            self.swap_measurements();
        }
    }

    /// A request goes out. It ends transcripts (DSP0274 1.3, 10.10.1 and 10.12.1), and becomes part of its own.
    pub fn ask(&mut self, request: Request, part: Option<Part>, message: &[u8]) -> Result<(), Reason> {
        let are_swapped = self.swap_measurements();
        let asked = self.ask_here(request, part, message);
        self.swap_back(are_swapped);
        asked
    }

    fn ask_here(&mut self, request: Request, part: Option<Part>, message: &[u8]) -> Result<(), Reason> {
        if request != Request::GetMeasurements {
            self.reset(Part::Measurements);
        }
        let is_known = request.since() <= self.version();
        let begins = request == Request::GetDigests && self.lane.is_none();
        if begins || is_known && request.ends_authentication() {
            self.reset(Part::Authentication);
        }
        if matches!(request, Request::KeyExchange | Request::PskExchange) {
            self.ask_exchange(request, message)?;
        }
        let Some(part) = part else { return Ok(()) };
        self.parts.record.request(part, message);
        Ok(self.transcripts.request(part, message)?)
    }

    /// The connection, which an operation is not begun without.
    pub fn agreed(&self) -> Result<Connection, Reason> {
        self.connection.ok_or(Reason::Misuse(Misuse::NotConnected))
    }

    pub const fn next_request(&self) -> Request {
        self.operation.next_request()
    }

    /// The session whose records the next message goes in; none in a handshake in the clear.
    pub fn secured_lane(&self) -> Option<u32> {
        let session = self.parts.sessions.seats().session(self.lane?)?;
        (session.is_established() || !session.terms.in_the_clear).then_some(session.id())
    }

    pub fn encode(&mut self, chunks: Option<u32>, writer: &mut Writer<'_>) -> Result<Encoded, Reason> {
        let version = self.version();
        // What is said of an identity in a session is in no transcript.
        let authentication = self.lane.is_none().then_some(Part::Authentication);
        let part = match self.operation {
            Operation::Connect(stage) => {
                self.encode_connect(stage, chunks, writer)?;
                Some(Part::Connection)
            }
            Operation::Digests => {
                let code = Request::GetDigests.byte();
                Header { version: version.byte(), code, param1: 0, param2: 0 }.encode(writer)?;
                authentication
            }
            Operation::Certificate(fetch) => {
                fetch.request(self.settings.transfer_size).encode(version, writer)?;
                authentication
            }
            Operation::Challenge(challenge) => {
                challenge.encode(version, writer)?;
                Some(Part::Authentication)
            }
            Operation::Measurements(request) => {
                request.encode(version, writer)?;
                Some(Part::Measurements)
            }
            // Without room for sessions there are none, and no code for them either.
            Operation::Open(opening) if E::Sessions::PRESENT => return self.encode_open(&opening, writer),
            Operation::Talk(talk) if Self::TALKS => return self.encode_talk(talk, writer),
            Operation::Heartbeat => {
                Heartbeat.encode(version, true, writer)?;
                None
            }
            Operation::Update(update) if E::Sessions::PRESENT => {
                self.encode_update(update, self.lane_id()?, writer)?;
                None
            }
            Operation::End(end) => {
                end.encode(version, writer)?;
                None
            }
            _ => return Err(Reason::NoRoom),
        };
        Ok(Encoded::Ready(part))
    }

    #[inline(never)]
    fn encode_open(&mut self, opening: &Opening, writer: &mut Writer<'_>) -> Result<Encoded, Reason> {
        match opening.stage {
            Stage::Exchange => {
                self.encode_exchange(opening, writer)?;
                Ok(Encoded::Ready(None))
            }
            Stage::PskExchange => Err(Reason::NoRoom),
            Stage::Talk(talk) => self.encode_talk(talk, writer),
            Stage::Finish => self.encode_finish(opening, writer),
            Stage::PskFinish => self.encode_psk_finish(opening, writer),
        }
    }

    /// A whole answer with the right code. The operation goes on where it is still there afterwards.
    pub fn complete<'a>(&mut self, message: &'a [u8]) -> Result<Event<'a>, Reason> {
        let are_swapped = self.swap_measurements();
        let event = self.complete_here(message);
        self.swap_back(are_swapped);
        if let Ok(Event::Ended(id)) = event {
            self.parts.sessions.seats_mut().end(id);
            self.lane = None;
        }
        event
    }

    fn complete_here<'a>(&mut self, message: &'a [u8]) -> Result<Event<'a>, Reason> {
        match core::mem::replace(&mut self.operation, Operation::None) {
            // Without room for sessions there are none, and no code for them either.
            Operation::Open(opening) if E::Sessions::PRESENT => self.complete_open(opening, message),
            operation => self.complete_other(operation, message),
        }
    }

    #[inline(never)]
    fn complete_other<'a>(&mut self, operation: Operation, message: &'a [u8]) -> Result<Event<'a>, Reason> {
        match operation {
            Operation::Connect(stage) => self.complete_connect(stage, message),
            Operation::Digests => self.complete_digests(message),
            Operation::Certificate(fetch) => self.complete_certificate(fetch, message),
            Operation::Challenge(challenge) => self.complete_challenge(&challenge, message),
            Operation::Measurements(request) => self.complete_measurements(&request, message),
            Operation::Vendor(asked) => Self::complete_vendor(&asked, message),
            Operation::Talk(talk) if Self::TALKS => match self.complete_talk(talk, message)? {
                Next::Answer(talk) => {
                    self.operation = Operation::Talk(talk);
                    Ok(Event::Continue)
                }
                Next::Done | Next::Slot(_) => {
                    self.running = None;
                    Ok(Event::Heard)
                }
            },
            Operation::Heartbeat => self.complete_heartbeat(message),
            Operation::Update(update) if E::Sessions::PRESENT => self.complete_update(update, message),
            Operation::End(_) => self.complete_end(message),
            _ => Ok(Event::Answer(message)),
        }
    }

    fn complete_open<'a>(&mut self, opening: Opening, message: &'a [u8]) -> Result<Event<'a>, Reason> {
        match opening.stage {
            Stage::Exchange => self.complete_exchange(opening, message),
            Stage::PskExchange => self.complete_psk(opening, message),
            Stage::Talk(talk) => self.complete_talk_within(opening, talk, message),
            Stage::Finish => self.complete_finish(&opening, message),
            Stage::PskFinish => self.complete_psk_finish(&opening, message),
        }
    }

    fn complete_talk_within<'a>(
        &mut self,
        mut opening: Opening,
        talk: Talk,
        message: &'a [u8],
    ) -> Result<Event<'a>, Reason> {
        opening.stage = match self.complete_talk(talk, message)? {
            Next::Answer(talk) => Stage::Talk(talk),
            next => {
                opening.proof = Some(if let Next::Slot(slot) = next { slot } else { 0 });
                Stage::Finish
            }
        };
        self.operation = Operation::Open(opening);
        Ok(Event::Continue)
    }

    /// The answer counts as said.
    pub fn said(&mut self, part: Part, answer: &[u8]) -> Result<(), Reason> {
        self.parts.record.response(part, answer);
        Ok(self.transcripts.response(answer)?)
    }
}
