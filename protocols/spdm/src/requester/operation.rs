//! What an operation is made of: its requests, and what their answers mean.

use super::{Core, Endpoint, Event, Failure, Operation, connect};
use crate::Version;
use crate::connection::Connection;
use crate::error::{Misuse, Reason};
use crate::message::{Header, NoRoom, Request, SLOTS, Writer};
use crate::transcript::{Full, Part, Record, Transcripts};

impl<E: Endpoint> Core<E> {
    /// The version that messages are in.
    pub fn version(&self) -> Version {
        self.draft.version.unwrap_or(Version::V1_0)
    }

    pub fn forget(&mut self) {
        self.draft = connect::Draft::default();
        self.connection = None;
        self.transcripts = Transcripts::new();
        self.digests = [None; SLOTS as usize];
        for part in [Part::Connection, Part::Authentication, Part::Measurements] {
            self.parts.record.reset(part);
        }
    }

    pub fn reset(&mut self, part: Part) {
        self.transcripts.reset(part);
        self.parts.record.reset(part);
    }

    /// The operation has failed. What was agreed on stays where both sides know how far they are; what measurements
    /// add up to does not outlive a refusal, nor does a negotiation that is half done.
    pub fn fail(&mut self, failure: Failure) {
        if failure == Failure::Unclear || matches!(self.operation, Operation::Connect(_)) {
            self.forget();
        }
        if failure == Failure::Refused {
            self.reset(Part::Measurements);
        }
        self.operation = Operation::None;
    }

    /// A request goes out. It ends transcripts (DSP0274 1.3, 10.10.1 and 10.12.1), and becomes part of its own.
    pub fn ask(&mut self, request: Request, part: Option<Part>, message: &[u8]) -> Result<(), Reason> {
        if request != Request::GetMeasurements {
            self.reset(Part::Measurements);
        }
        let is_known = request.since() <= self.version();
        if request == Request::GetDigests || is_known && request.ends_authentication() {
            self.reset(Part::Authentication);
        }
        let Some(part) = part else { return Ok(()) };
        self.parts.record.request(part, message);
        self.transcripts.request(part, message).map_err(|Full| Reason::NoRoom)
    }

    /// The connection, which an operation is not begun without.
    pub fn agreed(&self) -> Result<Connection, Reason> {
        self.connection.ok_or(Reason::Misuse(Misuse::NotConnected))
    }

    pub fn next_request(&self) -> Request {
        match &self.operation {
            Operation::Connect(stage) => stage.request(),
            Operation::Digests => Request::GetDigests,
            Operation::Certificate(_) => Request::GetCertificate,
            Operation::Challenge(_) => Request::Challenge,
            Operation::Measurements(_) => Request::GetMeasurements,
            Operation::Vendor(_) | Operation::Bytes | Operation::None => Request::VendorDefined,
        }
    }

    pub fn encode(&mut self, chunks: Option<u32>, writer: &mut Writer<'_>) -> Result<Option<Part>, NoRoom> {
        let version = self.version();
        match &self.operation {
            Operation::Connect(stage) => {
                let stage = *stage;
                self.encode_connect(stage, chunks, writer)?;
                Ok(Some(Part::Connection))
            }
            Operation::Digests => {
                let header = Header {
                    version: version.byte(),
                    code: Request::GetDigests.byte(),
                    param1: 0,
                    param2: 0,
                };
                header.encode(writer)?;
                Ok(Some(Part::Authentication))
            }
            Operation::Certificate(fetch) => {
                fetch.request(self.settings.transfer_size).encode(version, writer)?;
                Ok(Some(Part::Authentication))
            }
            Operation::Challenge(challenge) => {
                challenge.encode(version, writer)?;
                Ok(Some(Part::Authentication))
            }
            Operation::Measurements(request) => {
                request.encode(version, writer)?;
                Ok(Some(Part::Measurements))
            }
            Operation::Vendor(_) | Operation::Bytes | Operation::None => Err(NoRoom),
        }
    }

    /// A whole answer with the right code. Returns whether the operation goes on.
    pub fn complete<'a>(&mut self, message: &'a [u8]) -> Result<(Event<'a>, bool), Reason> {
        let event = match &self.operation {
            Operation::Connect(stage) => {
                let stage = *stage;
                self.complete_connect(stage, message)?
            }
            Operation::Digests => self.complete_digests(message)?,
            Operation::Certificate(_) => self.complete_certificate(message)?,
            Operation::Challenge(challenge) => {
                let challenge = *challenge;
                self.complete_challenge(&challenge, message)?
            }
            Operation::Measurements(request) => {
                let request = *request;
                self.complete_measurements(&request, message)?
            }
            Operation::Vendor(asked) => {
                let asked = *asked;
                Self::complete_vendor(&asked, message)?
            }
            Operation::Bytes | Operation::None => Event::Answer(message),
        };
        let goes_on = match event {
            Event::Continue => true,
            Event::Portion(portion) => portion.remainder > 0,
            _ => false,
        };
        if !goes_on {
            self.operation = Operation::None;
        }
        Ok((event, goes_on))
    }

    /// The answer counts as said.
    pub fn said(&mut self, part: Part, answer: &[u8]) -> Result<(), Reason> {
        self.parts.record.response(part, answer);
        self.transcripts.response(answer).map_err(|Full| Reason::NoRoom)
    }
}
