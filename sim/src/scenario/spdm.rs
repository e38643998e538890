//! How functions answer SPDM, and who vouches for them.

mod check;
mod names;

use std::time::Duration;

use lanewarden_spdm::Version;
use lanewarden_spdm::crypto::{Curve, HashAlgorithm, SignatureAlgorithm};
use serde::Deserialize;

pub(crate) use check::{check_authorities, longest_message};
pub use names::{AlgorithmName, Date, HashName, MeasurementKind, VersionName};

use super::value::HexBytes;

/// The authority that issues certificates where a table names none; it need not be in `[[authorities]]`.
pub const DEFAULT_AUTHORITY: &str = "default";

/// How a function answers SPDM at each of its mailboxes that speak it, once responders are attached. Every key has a
/// default; without any, the function attests, and there is nothing wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Spdm {
    /// Whether it has certificates and answers challenges. Without, it negotiates, and that is all.
    pub attests: bool,
    /// The versions it lists; `["1.0", "1.1", "1.2", "1.3"]` if not given.
    pub versions: Vec<VersionName>,
    /// What it signs with, `"ECDSA-P384"` if not given.
    pub algorithm: AlgorithmName,
    /// Its hash, for transcripts and measurements, `"SHA-384"` if not given.
    pub hash: HashName,
    /// How many certificates its chain has, root and leaf counted, 2 to 16; 3 if not given.
    pub certificates: u8,
    /// The slots that hold its chain, of 0 to 7; `[0]` if not given.
    pub slots: Vec<u8>,
    /// Who issues its certificate: the name of one of `[[authorities]]`; `"default"` if not given.
    pub authority: String,
    /// What it measures, in ascending order of indices. Not given, it has a ROM, firmware, the version of that, and a
    /// configuration.
    pub measurements: Option<Vec<Measurement>>,
    /// The longest message it takes or sends at once, in bytes: 64 at least, and 8 less than its mailbox takes at the
    /// most, which is what it is if not given. Longer ones go in chunks.
    pub transfer_size: Option<u32>,
    /// Within how many seconds it wants to be heard of in a session, which ends at twice that; without a bound if not
    /// given.
    pub heartbeat_s: u8,
    /// How it puts its signatures off; not at all if not given.
    pub not_ready: Option<NotReady>,
    /// What is wrong with it; nothing if not given.
    pub misbehave: Option<Misbehaviour>,
}

impl Default for Spdm {
    fn default() -> Self {
        Self {
            attests: true,
            versions: Version::ALL.map(VersionName).to_vec(),
            algorithm: AlgorithmName(SignatureAlgorithm::Ecdsa(Curve::P384)),
            hash: HashName(HashAlgorithm::Sha384),
            certificates: 3,
            slots: vec![0],
            authority: DEFAULT_AUTHORITY.to_owned(),
            measurements: None,
            transfer_size: None,
            heartbeat_s: 0,
            not_ready: None,
            misbehave: None,
        }
    }
}

/// A measurement: what was measured, or its digest.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measurement {
    /// Its index, 1 to 254.
    pub index: u8,
    /// What it is of. Of code and configuration a digest is told, or the bytes themselves where the requester asks for
    /// that; all else is told as it is.
    pub kind: MeasurementKind,
    /// What was measured, 1024 bytes at the most.
    pub raw: Option<HexBytes>,
    /// Its digest, as long as the digests of `hash`; for code and configuration.
    pub digest: Option<HexBytes>,
    /// Whether it is of the trusted computing base; so it is if not said.
    #[serde(default = "yes")]
    pub tcb: bool,
}

const fn yes() -> bool {
    true
}

/// Signatures come late: the answer is ResponseNotReady at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotReady {
    /// How often each one is put off; once if not given.
    #[serde(default = "once")]
    pub times: u8,
    /// For how long each time, in microseconds.
    pub wait_us: u32,
}

const fn once() -> u8 {
    1
}

impl NotReady {
    /// How long each time.
    #[must_use]
    pub const fn wait(self) -> Duration {
        Duration::from_micros(self.wait_us as u64)
    }
}

/// What is wrong with a device that speaks SPDM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Misbehaviour {
    /// Its signatures do not fit what was said.
    WrongSignature,
    /// Its own certificate is out of date.
    ExpiredChain,
    /// Its certificate comes from an authority that nobody here knows.
    UnknownAnchor,
    /// It measures something else than it summed up in CHALLENGE_AUTH.
    ChangedMeasurement,
    /// Somebody between takes away all versions but the oldest, or the measurements of a device with one version; the
    /// device signs what it said itself.
    Downgrade,
    /// It answers challenges with what it said to an earlier one.
    Replay,
    /// Its answers are bytes without sense.
    Garbage,
    /// Its signatures are put off for ever.
    EndlessNotReady,
    /// Its chunks are longer than they may be; from 1.2 on.
    OversizedChunk,
    /// It does not answer.
    Silent,
    /// It has the certificate of another device.
    OtherCertificate,
    /// When a session begins it does not know the secret that was agreed on.
    WrongVerifyData,
    /// What it says in sessions is changed on the way.
    SpoiledRecords,
}

impl Misbehaviour {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::WrongSignature,
        Self::ExpiredChain,
        Self::UnknownAnchor,
        Self::ChangedMeasurement,
        Self::Downgrade,
        Self::Replay,
        Self::Garbage,
        Self::EndlessNotReady,
        Self::OversizedChunk,
        Self::Silent,
        Self::OtherCertificate,
        Self::WrongVerifyData,
        Self::SpoiledRecords,
    ];

    /// Whether nothing is wrong with it as long as no session is opened.
    #[must_use]
    pub const fn is_of_sessions(self) -> bool {
        matches!(self, Self::WrongVerifyData | Self::SpoiledRecords)
    }

    /// Its name in a scenario.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::WrongSignature => "wrong_signature",
            Self::ExpiredChain => "expired_chain",
            Self::UnknownAnchor => "unknown_anchor",
            Self::ChangedMeasurement => "changed_measurement",
            Self::Downgrade => "downgrade",
            Self::Replay => "replay",
            Self::Garbage => "garbage",
            Self::EndlessNotReady => "endless_not_ready",
            Self::OversizedChunk => "oversized_chunk",
            Self::Silent => "silent",
            Self::OtherCertificate => "other_certificate",
            Self::WrongVerifyData => "wrong_verify_data",
            Self::SpoiledRecords => "spoiled_records",
        }
    }
}

/// Who issues certificates. The root of each is one that the machine's owner trusts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authority {
    /// What it is called; `"default"` for the one that issues where no other is named.
    pub name: String,
    /// What it signs with, `"ECDSA-P384"` if not given.
    #[serde(default = "p384")]
    pub algorithm: AlgorithmName,
    /// The hash it signs over, one of SHA-2, `"SHA-384"` if not given; of no meaning to Ed25519.
    #[serde(default = "sha384")]
    pub hash: HashName,
    /// When its certificates, and those that it issues, are valid; 2024 to 2053 if not given.
    pub validity: Option<Validity>,
}

impl Default for Authority {
    fn default() -> Self {
        Self { name: DEFAULT_AUTHORITY.to_owned(), algorithm: p384(), hash: sha384(), validity: None }
    }
}

const fn p384() -> AlgorithmName {
    AlgorithmName(SignatureAlgorithm::Ecdsa(Curve::P384))
}

const fn sha384() -> HashName {
    HashName(HashAlgorithm::Sha384)
}

/// When certificates are valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validity {
    /// From the beginning of this day, as in `2024-01-01`; in UTC.
    pub from: Date,
    /// Until the beginning of this day.
    pub until: Date,
}

#[cfg(test)]
mod tests;
