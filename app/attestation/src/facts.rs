//! What follows from the messages that were signed, and from nothing else.
//!
//! The one who attested a device and the one who verifies its evidence elsewhere work out the same facts from the same
//! bytes.

use lanewarden_crypto::{Digest, HashAlgorithm, SignatureAlgorithm};
use lanewarden_spdm::Version;
use lanewarden_spdm::message::{
    Algorithms, Block, Capabilities, CertificatePortion, Challenge, ChallengeAuth, Code, Digests, Format,
    GetMeasurements, Header, Malformed, MeasurementHash, Measurements, Nonce, Operation, Reader, Request,
    ResponderFlags, Response, SummaryKind,
};

use crate::record::Signed;

/// Why nothing follows from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FactsError {
    /// A message is wrong in itself.
    #[error("message {place}: {error}")]
    Malformed {
        /// Which, from 1.
        place: usize,
        /// How.
        error: Malformed,
    },
    /// A message is not the one that belongs there.
    #[error("message {place} is {found}, and {expected} belongs there")]
    Order {
        /// Which, from 1.
        place: usize,
        /// What it is.
        found: Code,
        /// What belongs there.
        expected: Code,
    },
    /// There are fewer messages than there must be.
    #[error("messages are missing")]
    Missing,
    /// Version or algorithms are none that are known here.
    #[error("the negotiation does not name one {0}")]
    Negotiation(&'static str),
    /// Two messages contradict each other.
    #[error("the messages contradict each other: {0}")]
    Contradiction(&'static str),
}

/// A measurement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeasurementFact {
    /// Its index.
    pub index: u8,
    /// What it is of: the type of DMTF, `None` where it follows another specification.
    pub kind: Option<u8>,
    /// Whether the value is as measured, and not a digest of it.
    pub is_raw: bool,
    /// The value.
    pub value: Vec<u8>,
}

impl From<Block<'_>> for MeasurementFact {
    fn from(block: Block<'_>) -> Self {
        match block.value() {
            Some((kind, is_raw, value)) => {
                Self { index: block.index, kind: Some(kind.0), is_raw, value: value.to_vec() }
            }
            None => Self { index: block.index, kind: None, is_raw: true, value: block.measurement.to_vec() },
        }
    }
}

/// Measurements and the nonces around them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    /// The requester's nonce.
    pub requester_nonce: Nonce,
    /// The responder's nonce.
    pub responder_nonce: Nonce,
    /// The slot whose key signs.
    pub slot: u8,
    /// Whether all were asked for, as they are reported and not raw.
    pub is_whole: bool,
    /// The record, byte for byte.
    pub record: Vec<u8>,
}

/// What follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The version.
    pub version: Version,
    /// What the device said it can.
    pub flags: ResponderFlags,
    /// The hash.
    pub hash: HashAlgorithm,
    /// The device's signatures.
    pub signature: SignatureAlgorithm,
    /// How measurements are made.
    pub measurement_hash: Option<MeasurementHash>,
    /// The slot.
    pub slot: u8,
    /// The digest of the slot's chain.
    pub chain_digest: Digest,
    /// The chain, where it was read in this connection.
    pub chain: Vec<u8>,
    /// The requester's nonce.
    pub requester_nonce: Nonce,
    /// The responder's nonce.
    pub responder_nonce: Nonce,
    /// Over which measurements the summary is.
    pub summary_kind: SummaryKind,
    /// The summary of the measurements, where one was asked for.
    pub summary: Option<Digest>,
    /// The measurements that were signed.
    pub measured: Option<Measured>,
}

/// Messages one after the other, each looked at once.
struct Messages<'a> {
    messages: std::slice::Iter<'a, Vec<u8>>,
    place: usize,
}

impl<'a> Messages<'a> {
    fn new(messages: &'a [Vec<u8>]) -> Self {
        Self { messages: messages.iter(), place: 0 }
    }

    /// The next, whose header has been read and has this code.
    fn next(&mut self, code: u8) -> Result<(Header, Reader<'a>, &'a [u8]), FactsError> {
        let message = self.messages.next().ok_or(FactsError::Missing)?;
        self.place = self.place.saturating_add(1);
        let mut reader = Reader::new(message);
        let header = Header::decode(&mut reader).map_err(|error| self.malformed(error))?;
        if header.code == code {
            return Ok((header, reader, message));
        }
        Err(FactsError::Order { place: self.place, found: Code(header.code), expected: Code(code) })
    }

    fn request(&mut self, request: Request) -> Result<(Header, Reader<'a>, &'a [u8]), FactsError> {
        self.next(request.byte())
    }

    fn response(&mut self, response: Response) -> Result<(Header, Reader<'a>, &'a [u8]), FactsError> {
        self.next(response.byte())
    }

    const fn malformed(&self, error: Malformed) -> FactsError {
        FactsError::Malformed { place: self.place, error }
    }

    /// A message ends where it ends: in evidence there is no padding.
    fn whole<T>(&self, decoded: Result<(T, usize), Malformed>, message: &[u8]) -> Result<T, FactsError> {
        let (value, length) = decoded.map_err(|error| self.malformed(error))?;
        let excess = message.len().saturating_sub(length);
        if excess == 0 { Ok(value) } else { Err(self.malformed(Malformed::Trailing(excess))) }
    }

    fn left(&self) -> usize {
        self.messages.len()
    }
}

/// What was negotiated.
struct Negotiated {
    version: Version,
    flags: ResponderFlags,
    hash: HashAlgorithm,
    signature: SignatureAlgorithm,
    measurement_hash: Option<MeasurementHash>,
}

impl Negotiated {
    fn derive(connection: &[Vec<u8>]) -> Result<Self, FactsError> {
        let mut messages = Messages::new(connection);
        messages.request(Request::GetVersion)?;
        messages.response(Response::Version)?;
        messages.request(Request::GetCapabilities)?;
        let (header, mut reader, message) = messages.response(Response::Capabilities)?;
        let version = Version::from_byte(header.version).ok_or(FactsError::Negotiation("version"))?;
        let said = Capabilities::<ResponderFlags>::decode(version, &mut reader);
        let flags = messages.whole(said, message)?.flags;
        messages.request(Request::NegotiateAlgorithms)?;
        let (header, mut reader, message) = messages.response(Response::Algorithms)?;
        let chosen = messages.whole(Algorithms::decode(version, header, &mut reader), message)?;
        if messages.left() > 0 {
            return Err(FactsError::Contradiction("more than a negotiation"));
        }
        Ok(Self {
            version,
            flags,
            hash: chosen.hash.single().ok_or(FactsError::Negotiation("hash"))?,
            signature: chosen.asymmetric.single().ok_or(FactsError::Negotiation("signature algorithm"))?,
            measurement_hash: chosen.measurement_hash.single(),
        })
    }

    /// Signatures stand apart from the messages.
    fn format(&self) -> Format {
        Format { version: self.version, digest: self.hash.size(), signature: 0 }
    }
}

impl Facts {
    /// Works them out.
    ///
    /// # Errors
    /// [`FactsError`].
    pub fn derive(challenge: &Signed, measured: Option<&Signed>) -> Result<Self, FactsError> {
        let negotiated = Negotiated::derive(&challenge.connection)?;
        if measured.is_some_and(|measured| measured.connection != challenge.connection) {
            return Err(FactsError::Contradiction("two connections"));
        }
        let mut facts = Self::of_challenge(&negotiated, &challenge.messages)?;
        facts.measured =
            measured.map(|measured| Measured::derive(&negotiated, &measured.messages)).transpose()?;
        if facts.measured.as_ref().is_some_and(|measured| measured.slot != facts.slot) {
            return Err(FactsError::Contradiction("two slots"));
        }
        Ok(facts)
    }

    fn of_challenge(negotiated: &Negotiated, signed: &[Vec<u8>]) -> Result<Self, FactsError> {
        let Negotiated { version, hash, .. } = *negotiated;
        let mut messages = Messages::new(signed);
        messages.request(Request::GetDigests)?;
        let (header, mut reader, message) = messages.response(Response::Digests)?;
        let digests = messages.whole(Digests::decode(version, hash.size(), header, &mut reader), message)?;
        let chain = read_chain(&mut messages)?;
        let (header, mut reader, message) = messages.request(Request::Challenge)?;
        let asked = messages.whole(Challenge::decode(version, header, &mut reader), message)?;
        let (header, mut reader, message) = messages.response(Response::ChallengeAuth)?;
        let with_summary = asked.summary != SummaryKind::None;
        let answer = ChallengeAuth::decode(negotiated.format(), with_summary, header, &mut reader)
            .map(|(answer, _, length)| (answer, length));
        let answer = messages.whole(answer, message)?;
        if digests.digest(asked.slot) != Some(answer.chain_digest) || answer.attributes & 0xf != asked.slot {
            return Err(FactsError::Contradiction("two chains"));
        }
        let digest = |bytes| Digest::new(hash, bytes).ok_or(FactsError::Negotiation("hash"));
        Ok(Self {
            version,
            flags: negotiated.flags,
            hash,
            signature: negotiated.signature,
            measurement_hash: negotiated.measurement_hash,
            slot: asked.slot,
            chain_digest: digest(answer.chain_digest)?,
            chain,
            requester_nonce: asked.nonce,
            responder_nonce: answer.nonce,
            summary_kind: asked.summary,
            summary: if with_summary { Some(digest(answer.summary)?) } else { None },
            measured: None,
        })
    }

    /// The blocks of the record of measurements.
    #[must_use]
    pub fn measurements(&self) -> Vec<MeasurementFact> {
        let record = self.measured.as_ref().map(|measured| measured.record.as_slice()).unwrap_or_default();
        blocks(record)
    }
}

/// The blocks of a record that has been checked.
pub(crate) fn blocks(record: &[u8]) -> Vec<MeasurementFact> {
    let count = lanewarden_spdm::message::Blocks::count_of(record);
    let blocks = count.and_then(|count| lanewarden_spdm::message::Blocks::decode(count, record).ok());
    blocks.iter().flat_map(lanewarden_spdm::message::Blocks::iter).map(Into::into).collect()
}

/// All pairs but the last, which is the challenge.
fn read_chain(messages: &mut Messages<'_>) -> Result<Vec<u8>, FactsError> {
    let mut chain = Vec::new();
    while messages.left() > 2 {
        messages.request(Request::GetCertificate)?;
        let (header, mut reader, message) = messages.response(Response::Certificate)?;
        let portion = messages.whole(CertificatePortion::decode(header, &mut reader), message)?;
        chain.extend_from_slice(portion.bytes);
    }
    Ok(chain)
}

impl Measured {
    fn derive(negotiated: &Negotiated, signed: &[Vec<u8>]) -> Result<Self, FactsError> {
        let mut messages = Messages::new(signed);
        let (mut record, mut is_whole, mut last) = (Vec::new(), false, None);
        while messages.left() > 0 {
            let (header, mut reader, message) = messages.request(Request::GetMeasurements)?;
            let asked = GetMeasurements::decode(negotiated.version, header, &mut reader);
            let asked = messages.whole(asked, message)?;
            let (header, mut reader, message) = messages.response(Response::Measurements)?;
            let answer =
                Measurements::decode(negotiated.format(), asked.signed.is_some(), header, &mut reader);
            let answer = messages.whole(answer.map(|(answer, _, length)| (answer, length)), message)?;
            is_whole = record.is_empty() && asked.operation == Operation::All && !asked.raw;
            record.extend_from_slice(answer.blocks.record());
            last = asked.signed.map(|signed| (signed, answer.nonce));
        }
        let ((requester_nonce, slot), responder_nonce) = last.ok_or(FactsError::Missing)?;
        Ok(Self { requester_nonce, responder_nonce, slot, is_whole, record })
    }
}
