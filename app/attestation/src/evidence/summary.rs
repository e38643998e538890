//! The summary, for machines.

use lanewarden_crypto::{Hash, HashAlgorithm, Provider};
use lanewarden_spdm::message::{ResponderFlags, SummaryKind, ValueType};
use lanewarden_spdm::signing::Purpose;
use serde::{Deserialize, Serialize};

use crate::facts::{Facts, Measured, MeasurementFact};
use crate::record::Signed;

const SCHEMA: &str = "lanewarden.evidence/1";

/// What does not follow from what was signed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Circumstances {
    /// Where the device was.
    pub address: String,
    /// What its configuration space said that it is, as a certificate names it.
    pub device: String,
    /// When, in Unix seconds.
    pub time_s: u64,
    /// What its attester thought of it.
    pub verdict: String,
    /// And why.
    pub reason: Option<String>,
}

/// The summary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    schema: String,
    /// What does not follow from what was signed.
    pub circumstances: Circumstances,
    spdm_version: String,
    capabilities: Vec<String>,
    hash_algorithm: String,
    signature_algorithm: String,
    measurement_hash_algorithm: Option<String>,
    slot: u8,
    chain_digest_hex: String,
    challenge: Proof,
    summary_kind: u8,
    summary_digest_hex: Option<String>,
    measurement: Option<Proof>,
    measurements: Vec<Measurement>,
    /// SHA-256 of the summary with this field empty.
    checksum_hex: String,
}

/// One signature and what it is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Proof {
    context: String,
    requester_nonce_hex: String,
    responder_nonce_hex: String,
    /// The lengths of the messages in the transcript, in order: first of the connection, where it is in it.
    connection_lengths: Vec<usize>,
    message_lengths: Vec<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Measurement {
    index: u8,
    kind: String,
    raw: bool,
    value_hex: String,
}

impl Summary {
    /// Of these facts.
    pub(crate) fn new(
        facts: &Facts,
        challenge: &Signed,
        measured: Option<&Signed>,
        circumstances: Circumstances,
    ) -> Self {
        let proof = Proof::new(
            Purpose::CHALLENGE_AUTH,
            [&facts.requester_nonce, &facts.responder_nonce],
            &challenge.connection,
            &challenge.messages,
        );
        let connection = |signed: &Signed| {
            if facts.has_connection() { signed.connection.clone() } else { Vec::new() }
        };
        let measurement = facts.measured.as_ref().zip(measured).map(|(fact, signed)| {
            let Measured { requester_nonce, responder_nonce, .. } = fact;
            let nonces = [requester_nonce, responder_nonce];
            Proof::new(Purpose::MEASUREMENTS, nonces, &connection(signed), &signed.messages)
        });
        Self {
            schema: SCHEMA.to_owned(),
            circumstances,
            spdm_version: facts.version.to_string(),
            capabilities: capabilities(facts.flags),
            hash_algorithm: facts.hash.to_string(),
            signature_algorithm: facts.signature.to_string(),
            measurement_hash_algorithm: facts.measurement_hash.map(|hash| hash.to_string()),
            slot: facts.slot,
            chain_digest_hex: hex(facts.chain_digest.as_bytes()),
            challenge: proof,
            summary_kind: facts.summary_kind as u8,
            summary_digest_hex: facts.summary.map(|digest| hex(digest.as_bytes())),
            measurement,
            measurements: facts.measurements().iter().map(Measurement::new).collect(),
            checksum_hex: String::new(),
        }
    }

    /// The bytes of the file: the same facts give the same bytes.
    ///
    /// # Errors
    /// Where JSON cannot be made of it.
    pub(crate) fn to_bytes<P: Provider>(&self, provider: &P) -> Result<Vec<u8>, serde_json::Error> {
        let unsummed = Self { checksum_hex: String::new(), ..self.clone() };
        let sum = provider.hash(HashAlgorithm::Sha256).map(|mut hash| {
            serde_json::to_vec(&unsummed).map(|bytes| {
                hash.update(&bytes);
                hex(hash.finish().as_bytes())
            })
        });
        let summed = Self { checksum_hex: sum.transpose()?.unwrap_or_default(), ..unsummed };
        let mut bytes = serde_json::to_vec_pretty(&summed)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads a file. Whether it is true is another matter.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// Takes the transcript of the challenge apart.
    pub(crate) fn challenge(&self, transcript: &[u8], signature: &[u8]) -> Option<Signed> {
        self.challenge.split(transcript, signature)
    }

    /// Takes the transcript of the measurements apart.
    pub(crate) fn measured(&self, transcript: &[u8], signature: &[u8]) -> Option<Signed> {
        self.measurement.as_ref()?.split(transcript, signature)
    }

    /// Whether there are signed measurements.
    pub(crate) const fn has_measurements(&self) -> bool {
        self.measurement.is_some()
    }
}

impl Proof {
    fn new(purpose: Purpose, nonces: [&[u8; 32]; 2], connection: &[Vec<u8>], messages: &[Vec<u8>]) -> Self {
        let [requester, responder] = nonces;
        Self {
            context: purpose.text().to_owned(),
            requester_nonce_hex: hex(requester),
            responder_nonce_hex: hex(responder),
            connection_lengths: connection.iter().map(Vec::len).collect(),
            message_lengths: messages.iter().map(Vec::len).collect(),
        }
    }

    fn split(&self, transcript: &[u8], signature: &[u8]) -> Option<Signed> {
        let mut rest = transcript;
        let connection = pieces(&mut rest, &self.connection_lengths)?;
        let messages = pieces(&mut rest, &self.message_lengths)?;
        rest.is_empty().then(|| Signed { connection, messages, signature: signature.to_vec() })
    }
}

fn pieces(rest: &mut &[u8], lengths: &[usize]) -> Option<Vec<Vec<u8>>> {
    let piece = |length: &usize| {
        let (piece, after) = rest.split_at_checked(*length)?;
        *rest = after;
        Some(piece.to_vec())
    };
    lengths.iter().map(piece).collect()
}

impl Measurement {
    fn new(fact: &MeasurementFact) -> Self {
        let kind = fact.kind.map_or("other specification".to_owned(), |kind| ValueType(kind).to_string());
        Self { index: fact.index, kind, raw: fact.is_raw, value_hex: hex(&fact.value) }
    }
}

fn capabilities(flags: ResponderFlags) -> Vec<String> {
    let named = flags.iter_names().map(|(name, _)| name.to_owned());
    named.collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Facts {
    /// Whether the connection is part of what signs measurements: from 1.2 on.
    pub(crate) fn has_connection(&self) -> bool {
        self.version >= lanewarden_spdm::Version::V1_2
    }

    /// Whether the record of measurements is the one that the challenge's summary is over; `None` where that cannot be
    /// told.
    pub(crate) fn fits_summary<P: Provider>(&self, provider: &P) -> Option<bool> {
        let summary = self.summary.filter(|_| self.summary_kind == SummaryKind::All)?;
        let measured = self.measured.as_ref().filter(|measured| measured.is_whole)?;
        let mut hash = provider.hash(self.hash)?;
        hash.update(&measured.record);
        Some(hash.finish() == summary)
    }
}
