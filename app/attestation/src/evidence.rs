//! What a device has shown, for others to judge without the device.
//!
//! Everything in a summary that matters follows from the messages that were signed ([`Facts`]); who verifies a folder
//! works it out again and writes the same summary, byte for byte. What follows from nothing (when, which device, what
//! its attester thought of it) is covered by a checksum only, and so against accidents only: the signature says nothing
//! of it.

mod summary;
mod verify;

use std::path::Path;

use lanewarden_crypto::Provider;
use lanewarden_store::{EvidenceFile, EvidenceWriter, Existing, StoreError};

use crate::facts::{Facts, FactsError};
use crate::record::{Said, Signed};
use crate::report::Report;

pub use summary::{Circumstances, Summary};
pub use verify::{Verified, VerifyError, verify};

/// Why no evidence was written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The device was not asked to prove anything, or did not.
    #[error("there is nothing signed to keep")]
    Nothing,
    /// The chain was remembered and not read.
    #[error("the certificate chain was not read")]
    NoChain,
    /// What was signed does not make sense.
    #[error("what was signed makes no evidence: {0}")]
    Facts(#[from] FactsError),
    /// The folder.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The summary cannot be written.
    #[error("the summary: {0}")]
    Summary(#[from] serde_json::Error),
}

/// Writes the evidence of an attestation into a folder.
///
/// # Errors
/// [`WriteError`].
pub fn write<P: Provider>(
    provider: &P,
    folder: &Path,
    said: &Said,
    report: &Report,
    circumstances: Circumstances,
) -> Result<(), WriteError> {
    let challenge = said.challenge.as_ref().ok_or(WriteError::Nothing)?;
    let measured = said.measured.as_ref();
    let facts = Facts::derive(challenge, measured)?;
    let chain = report.chain.as_ref().map(|chain| chain.bytes.as_slice()).unwrap_or_default();
    if chain.is_empty() {
        return Err(WriteError::NoChain);
    }
    let summary = Summary::new(&facts, challenge, measured, circumstances).to_bytes(provider)?;
    let mut writer = EvidenceWriter::new(folder, Existing::Replace)?;
    writer.write(EvidenceFile::Summary, &summary)?;
    writer.write(EvidenceFile::Chain, chain)?;
    writer.write(EvidenceFile::ChallengeTranscript, &transcript(challenge, true))?;
    writer.write(EvidenceFile::ChallengeSignature, &challenge.signature)?;
    if let Some(signed) = measured {
        writer.write(EvidenceFile::MeasurementTranscript, &transcript(signed, facts.has_connection()))?;
        writer.write(EvidenceFile::MeasurementSignature, &signed.signature)?;
        let record = facts.measured.as_ref().map(|measured| measured.record.as_slice());
        writer.write(EvidenceFile::Measurements, record.unwrap_or_default())?;
    }
    Ok(writer.finish()?)
}

/// What a signature is over.
fn transcript(signed: &Signed, with_connection: bool) -> Vec<u8> {
    let connection = if with_connection { signed.connection.as_slice() } else { &[] };
    connection.iter().chain(&signed.messages).flatten().copied().collect()
}
