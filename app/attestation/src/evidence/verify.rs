//! Judging a folder.

use std::path::Path;

use lanewarden_crypto::{Digest, Hash, Provider};
use lanewarden_spdm::certificate::{ChainError, ChainReader, Distrust, Rules, Validated};
use lanewarden_spdm::message::Nonce;
use lanewarden_spdm::signing::{Purpose, ToSign};
use lanewarden_store::{EvidenceFile, EvidenceReader, StoreError};

use super::{Summary, transcript};
use crate::facts::{Facts, FactsError};
use crate::record::Signed;
use crate::trust::Trust;

/// The longest certificate.
const LONGEST_CERTIFICATE: usize = 0x1_0000;

/// Why a folder is no evidence.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The folder.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The summary is none.
    #[error("summary.json: {0}")]
    Summary(serde_json::Error),
    /// A transcript is not as long as the summary says.
    #[error("{0} is not as long as the summary says")]
    Length(&'static str),
    /// What was signed does not make sense.
    #[error("the transcripts: {0}")]
    Facts(#[from] FactsError),
    /// The chain cannot be read.
    #[error("chain.der: {0}")]
    Chain(#[from] ChainError),
    /// The chain is not the one that was signed.
    #[error("chain.der is not the chain that was signed")]
    OtherChain,
    /// A signature does not fit.
    #[error("{0} does not fit the transcript and the chain's key")]
    Signature(&'static str),
    /// A file says something else than the transcripts.
    #[error("{0} is not what follows from the transcripts")]
    Differs(&'static str),
    /// The provider has no such hash.
    #[error("the crypto provider has not all the algorithms that were used")]
    Unsupported,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The summary, which has been found true.
    pub summary: Summary,
    /// What follows from what was signed.
    pub facts: Facts,
    /// Why the chain is not trusted; empty where it is.
    pub distrust: Vec<Distrust>,
    /// Whether the measurements are those whose summary was signed; `None` where that cannot be told.
    pub fits_summary: Option<bool>,
}

impl Verified {
    /// Whether nothing speaks against the device, other than the nonce, which the caller knows.
    #[must_use]
    pub fn is_trusted(&self) -> bool {
        self.distrust.is_empty() && self.fits_summary != Some(false)
    }

    /// Whether it was made for this nonce, and is no older than that.
    #[must_use]
    pub fn is_fresh(&self, nonce: &Nonce) -> bool {
        self.facts.requester_nonce == *nonce
    }
}

/// Judges a folder under trust of the caller's own: what the folder says of itself is worked out again from what was
/// signed, and has to be the same, byte for byte.
///
/// # Errors
/// [`VerifyError`]: the folder is damaged, or was changed.
pub fn verify<P>(provider: &P, folder: &Path, trust: &Trust<'_, P>) -> Result<Verified, VerifyError>
where
    P: Provider + Clone,
    P::VerifyingKey: Clone,
{
    let reader = EvidenceReader::open(folder)?;
    let file = |file| reader.get(file).unwrap_or_default();
    let summary = Summary::parse(file(EvidenceFile::Summary)).map_err(VerifyError::Summary)?;
    let (challenge, measured) = signed(&summary, &reader)?;
    let facts = Facts::derive(&challenge, measured.as_ref())?;
    let chain = validate(provider, file(EvidenceFile::Chain), &facts, trust)?;
    check_signature(provider, &facts, &chain, Purpose::CHALLENGE_AUTH, &challenge, true)?;
    if let Some(measured) = &measured {
        let with_connection = facts.has_connection();
        check_signature(provider, &facts, &chain, Purpose::MEASUREMENTS, measured, with_connection)?;
    }
    let record = facts.measured.as_ref().map(|measured| measured.record.as_slice());
    if reader.get(EvidenceFile::Measurements) != record {
        return Err(VerifyError::Differs(EvidenceFile::Measurements.name()));
    }
    let again = Summary::new(&facts, &challenge, measured.as_ref(), summary.circumstances.clone());
    let again = again.to_bytes(provider).map_err(VerifyError::Summary)?;
    if again != file(EvidenceFile::Summary) {
        return Err(VerifyError::Differs(EvidenceFile::Summary.name()));
    }
    let fits_summary = facts.fits_summary(provider);
    Ok(Verified { summary, facts, distrust: chain.distrust.iter().copied().collect(), fits_summary })
}

/// The messages of both transcripts, and their signatures.
fn signed(summary: &Summary, reader: &EvidenceReader) -> Result<(Signed, Option<Signed>), VerifyError> {
    use EvidenceFile::{
        ChallengeSignature, ChallengeTranscript, MeasurementSignature, MeasurementTranscript,
    };
    let file = |file| reader.get(file).unwrap_or_default();
    let challenge = summary.challenge(file(ChallengeTranscript), file(ChallengeSignature));
    let challenge = challenge.ok_or(VerifyError::Length(ChallengeTranscript.name()))?;
    if !summary.has_measurements() {
        let differs = reader.get(MeasurementTranscript).is_some();
        let name = MeasurementTranscript.name();
        return if differs { Err(VerifyError::Differs(name)) } else { Ok((challenge, None)) };
    }
    let measured = summary.measured(file(MeasurementTranscript), file(MeasurementSignature));
    let mut measured = measured.ok_or(VerifyError::Length(MeasurementTranscript.name()))?;
    if measured.connection.is_empty() {
        // Up to 1.1 the connection is not in what was signed.
        measured.connection.clone_from(&challenge.connection);
    }
    Ok((challenge, Some(measured)))
}

fn validate<P>(
    provider: &P,
    chain: &[u8],
    facts: &Facts,
    trust: &Trust<'_, P>,
) -> Result<Validated<P>, VerifyError>
where
    P: Provider + Clone,
    P::VerifyingKey: Clone,
{
    if facts.chain != chain {
        return Err(VerifyError::OtherChain);
    }
    let rules = Rules::responder(facts.hash, trust.now());
    let buffer = vec![0; LONGEST_CERTIFICATE];
    let mut reader = ChainReader::new(provider.clone(), trust.anchors(), trust.revocations(), rules, buffer)?;
    reader.push(chain)?;
    let validated = reader.finish()?;
    if *validated.leaf.chain_digest() != facts.chain_digest {
        return Err(VerifyError::OtherChain);
    }
    if !validated.leaf.suits(facts.signature) {
        return Err(VerifyError::Signature(EvidenceFile::ChallengeSignature.name()));
    }
    Ok(validated)
}

fn check_signature<P: Provider>(
    provider: &P,
    facts: &Facts,
    chain: &Validated<P>,
    purpose: Purpose,
    signed: &Signed,
    with_connection: bool,
) -> Result<(), VerifyError> {
    let file = if purpose == Purpose::MEASUREMENTS {
        EvidenceFile::MeasurementSignature
    } else {
        EvidenceFile::ChallengeSignature
    };
    let digest = digest(provider, facts, &transcript(signed, with_connection))?;
    let to_sign = ToSign::new(provider, facts.version, purpose, &digest).ok_or(VerifyError::Unsupported)?;
    let verified = to_sign.verify(chain.leaf.key(), facts.signature, &signed.signature);
    verified.map_err(|_| VerifyError::Signature(file.name()))
}

fn digest<P: Provider>(provider: &P, facts: &Facts, bytes: &[u8]) -> Result<Digest, VerifyError> {
    let mut hash = provider.hash(facts.hash).ok_or(VerifyError::Unsupported)?;
    hash.update(bytes);
    Ok(hash.finish())
}
