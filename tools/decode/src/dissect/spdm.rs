//! SPDM messages (DSP0274).

mod authentication;
mod measurements;
mod negotiation;
mod session;
mod transfer;
mod vendor;

use std::fmt::Display;

use lanewarden_spdm::Version;
use lanewarden_spdm::crypto::{AeadAlgorithm, HashAlgorithm};
use lanewarden_spdm::message::{Code, Header, Malformed, Reader, Request, Response};
use lanewarden_spdm::session::{Protection, SessionHash};

use super::chain::Chains;
use super::large::Large;
use super::{Carried, Shown};
use crate::capture::Direction;
use crate::{Field, Protocol, Value};

/// What decoding needs of what was said before.
#[derive(Debug, Default)]
pub struct State {
    /// The sizes of digests, and of the signatures of the responder and of the requester; and the hash, where it is known
    /// here.
    digest: Option<usize>,
    signatures: [Option<usize>; 2],
    /// The size of the public values of a key exchange.
    exchange: Option<usize>,
    /// Whether the requester, and the responder, would have the handshake of a session in the clear.
    clear: [Option<bool>; 2],
    /// Whether the requester, and the responder, can encrypt.
    encrypts: [Option<bool>; 2],
    hash: Option<HashAlgorithm>,
    /// The cipher of sessions, where it is known here.
    aead: Option<AeadAlgorithm>,
    /// The version that was agreed on.
    version: Option<Version>,
    /// What the requester asked last, and what the responder asked in encapsulated requests.
    asked: [Asked; 2],
    /// Chains of the responder, and of the requester.
    chains: [Chains; 2],
    large_request: Large,
    large_response: Large,
}

/// What was asked last.
#[derive(Clone, Copy, Debug, Default)]
struct Asked {
    /// `None` where it is not known.
    request: Option<Request>,
    /// Whether the answer has a summary of measurements.
    summary: bool,
    /// Whether the answer is signed.
    signed: bool,
    /// Where the portion of a chain begins.
    offset: u16,
}

/// One message that is being read.
struct Reading<'a> {
    version: Version,
    header: Header,
    reader: Reader<'a>,
    /// 0 for a message of its own, 1 for an encapsulated one.
    side: usize,
}

/// What it says.
#[derive(Default)]
struct Content {
    gist: String,
    fields: Vec<Field>,
    error: Option<String>,
    carries: Option<Carried>,
}

/// Why it cannot be read.
enum Unread {
    /// It is wrong.
    Malformed(Malformed),
    /// Something is not known, and why.
    Unknown(&'static str),
}

impl From<Malformed> for Unread {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl Content {
    fn new(gist: &impl Display, fields: Vec<Field>) -> Self {
        Self { gist: gist.to_string(), fields, ..Self::default() }
    }
}

impl State {
    /// What the secrets and records of sessions are made with; `None` where it has not been said.
    pub fn terms(&self) -> Option<(SessionHash, AeadAlgorithm, Protection)> {
        let hash = SessionHash { version: self.version?, algorithm: self.hash? };
        let [requester, responder] = self.encrypts;
        let protection =
            if requester? && responder? { Protection::Encrypted } else { Protection::Authenticated };
        Some((hash, self.aead?, protection))
    }

    /// Takes a message apart.
    pub fn show(&mut self, bytes: &[u8], encapsulated: bool) -> Shown {
        let mut reader = Reader::new(bytes);
        let header = match Header::decode(&mut reader) {
            Ok(header) => header,
            Err(error) => return Shown::new(Protocol::Spdm, "SPDM", "").wrong(error),
        };
        let code = Code(header.code);
        let direction = if code.is_request() { Direction::ToResponder } else { Direction::ToRequester };
        let mut shown = Shown::new(Protocol::Spdm, code.to_string(), "");
        (shown.code, shown.direction) = (Some(header.code), Some(direction));
        let (version, newer) = match (Version::from_byte(header.version), header.version) {
            (Some(version), _) => (version, false),
            // As far as the rules have stayed.
            (None, 0x14..=0x1f) => (Version::V1_3, true),
            (None, other) => {
                let error = format!("{}.{} is no version of SPDM", other >> 4, other & 0xf);
                return shown.with(bare(header, reader)).wrong(error);
            }
        };
        let reading = Reading { version, header, reader, side: usize::from(encapsulated) };
        match self.read(reading) {
            Ok(Content { gist, mut fields, error, carries }) => {
                fields.insert(0, version_field(header));
                Shown { gist, fields, error, carries, ..shown }
            }
            Err(Unread::Malformed(error)) if !newer => shown.with(bare(header, reader)).wrong(error),
            Err(Unread::Malformed(_)) => {
                let gist = format!("{}; not as in 1.3", outline(header, reader));
                Shown { gist, ..shown }.with(bare(header, reader))
            }
            Err(Unread::Unknown(why)) => {
                let gist = format!("{}; {why}", outline(header, reader));
                Shown { gist, ..shown }.with(bare(header, reader))
            }
        }
    }

    fn read(&mut self, reading: Reading<'_>) -> Result<Content, Unread> {
        if let Some(request) = Request::from_byte(reading.header.code) {
            return self.request(request, reading);
        }
        match Response::from_byte(reading.header.code) {
            Some(response) => self.response(response, reading),
            None => Err(Unread::Unknown("a code of no name")),
        }
    }

    fn request(&mut self, request: Request, mut reading: Reading<'_>) -> Result<Content, Unread> {
        use Request as R;
        let Reading { version, header, ref mut reader, side } = reading;
        // These carry on with a request that was made before.
        if !matches!(request, R::ChunkSend | R::ChunkGet | R::RespondIfReady) {
            self.ask(side, Asked::default());
        }
        let mut asked = Asked { request: Some(request), ..Asked::default() };
        let content = match request {
            R::GetVersion if side == 0 => {
                *self = Self::default();
                Content::default()
            }
            R::GetCapabilities => self.get_capabilities(version, reader)?,
            R::NegotiateAlgorithms => negotiation::negotiate(version, header, reader)?,
            R::GetVersion | R::GetDigests => Content::default(),
            R::GetCertificate => authentication::get_certificate(version, header, reader, &mut asked)?,
            R::Challenge => authentication::challenge(version, header, reader, &mut asked)?,
            R::GetMeasurements => measurements::get(version, header, reader, &mut asked)?,
            R::VendorDefined => vendor::vendor(true, reader)?,
            R::RespondIfReady => return Ok(transfer::respond_if_ready(header)),
            R::ChunkGet => return Ok(transfer::chunk_get(header, reader)?),
            R::ChunkSend => {
                return Ok(transfer::chunk("CHUNK_SEND", header, reader, &mut self.large_request)?);
            }
            R::GetEncapsulatedRequest => transfer::get_encapsulated_request(reader)?,
            R::DeliverEncapsulatedResponse => transfer::deliver_encapsulated_response(header, reader)?,
            R::KeyExchange => self.key_exchange(version, header, reader, &mut asked)?,
            R::Finish => self.finish(&reading)?,
            R::PskExchange => session::psk_exchange(version, header, reader, &mut asked)?,
            R::PskFinish => self.psk_finish(&reading)?,
            R::Heartbeat => session::heartbeat(reader)?,
            R::KeyUpdate => session::key_update(header, reader)?,
            R::EndSession => session::end_session(header, reader)?,
            _ => header_only(header, *reader),
        };
        self.ask(side, asked);
        Ok(content)
    }

    fn response(&mut self, response: Response, mut reading: Reading<'_>) -> Result<Content, Unread> {
        use Response as R;
        let Reading { version, header, ref mut reader, .. } = reading;
        match response {
            R::Version => Ok(negotiation::version(reader)?),
            R::Capabilities => Ok(self.capabilities(version, reader)?),
            R::Algorithms => {
                self.negotiated(header, reader.rest());
                Ok(negotiation::algorithms(version, header, reader)?)
            }
            R::Digests => self.digests(&reading),
            R::Certificate => Ok(self.certificate(&reading)?),
            R::ChallengeAuth => self.challenge_auth(&reading),
            R::Measurements => self.measurements(&reading),
            R::VendorDefined => Ok(vendor::vendor(false, reader)?),
            R::Error => Ok(transfer::error(header, reader)),
            R::ChunkResponse => {
                Ok(transfer::chunk("CHUNK_RESPONSE", header, reader, &mut self.large_response)?)
            }
            R::ChunkSendAck => Ok(transfer::chunk_ack(header, reader)?),
            R::EncapsulatedRequest => Ok(transfer::encapsulated_request(header, reader)?),
            R::EncapsulatedResponseAck => Ok(transfer::encapsulated_ack(version, header, reader)?),
            R::KeyExchangeRsp => Ok(self.key_exchange_rsp(&reading)?),
            R::FinishRsp => self.finish_rsp(&reading),
            R::PskExchangeRsp => Ok(self.psk_exchange_rsp(&reading)?),
            R::PskFinishRsp => Ok(session::psk_finish_rsp(reader)?),
            R::HeartbeatAck => Ok(session::heartbeat(reader)?),
            R::KeyUpdateAck => Ok(session::key_update(header, reader)?),
            R::EndSessionAck => Ok(session::end_session_ack(reader)?),
            _ => Ok(header_only(header, *reader)),
        }
    }

    fn ask(&mut self, side: usize, asked: Asked) {
        if let Some(last) = self.asked.get_mut(side) {
            *last = asked;
        }
    }

    /// What a response answers, where it is this request.
    fn asked(&self, reading: &Reading<'_>, request: Request) -> Option<Asked> {
        self.asked.get(reading.side).copied().filter(|asked| asked.request == Some(request))
    }

    /// The size of the signatures that the sender of a response makes.
    fn signature_size(&self, side: usize) -> Option<usize> {
        self.signatures.get(side).copied().flatten()
    }
}

/// Decodes what ends with a signature; where its size is not known, it is all that is left.
fn signed<T>(size: Option<usize>, decode: impl Fn(usize) -> Result<T, Malformed>) -> Result<T, Malformed> {
    match (size, decode(size.unwrap_or_default())) {
        (None, Err(Malformed::Trailing(rest))) => decode(rest),
        (_, decoded) => decoded,
    }
}

fn version_field(header: Header) -> Field {
    Field::new("version", format!("{}.{}", header.version >> 4, header.version & 0xf))
}

/// What is shown of a message of which no more is known than its header.
fn header_only(header: Header, reader: Reader<'_>) -> Content {
    Content::new(&outline(header, reader), bare(header, reader).split_off(1))
}

fn outline(header: Header, reader: Reader<'_>) -> String {
    let Header { param1, param2, .. } = header;
    match reader.rest().len() {
        0 => format!("parameters {param1:#04x} {param2:#04x}"),
        1 => format!("parameters {param1:#04x} {param2:#04x}, 1 byte more"),
        body => format!("parameters {param1:#04x} {param2:#04x}, {body} bytes more"),
    }
}

/// The fields of a message of which no more is known than its header.
fn bare(header: Header, reader: Reader<'_>) -> Vec<Field> {
    vec![
        version_field(header),
        Field::new("param1", Value::mask(header.param1)),
        Field::new("param2", Value::mask(header.param2)),
        Field::new("body", reader.rest()),
    ]
}
