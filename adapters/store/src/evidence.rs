//! What a device has shown, in a folder that others can check without the device.
//!
//! A folder holds the files of [`EvidenceFile`] and nothing else: no other file, no folder, no symbolic link (one may
//! lead to the folder itself). What the files say is not judged here. Who verifies a folder works out everything that
//! matters from what was signed, and compares it with the summary; digests of files would not help, since whoever
//! changes a file can change them too.

use std::path::{Path, PathBuf};

mod reader;
mod writer;

pub use reader::EvidenceReader;
pub use writer::{EvidenceWriter, Existing};

/// A file of an evidence folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EvidenceFile {
    /// What was found, schema `lanewarden.evidence/1`. Always there.
    Summary,
    /// The chain of certificates as received, with its header (DSP0274 1.3, 10.6). Always there.
    Chain,
    /// The messages that the answer to CHALLENGE is signed over: M1.
    ChallengeTranscript,
    /// The signature over them.
    ChallengeSignature,
    /// The messages that measurements are signed over: L1.
    MeasurementTranscript,
    /// The signature over them.
    MeasurementSignature,
    /// The record of measurements.
    Measurements,
}

impl EvidenceFile {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Summary,
        Self::Chain,
        Self::ChallengeTranscript,
        Self::ChallengeSignature,
        Self::MeasurementTranscript,
        Self::MeasurementSignature,
        Self::Measurements,
    ];

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Summary => "summary.json",
            Self::Chain => "chain.der",
            Self::ChallengeTranscript => "transcript-challenge.bin",
            Self::ChallengeSignature => "signature-challenge.bin",
            Self::MeasurementTranscript => "transcript-measurements.bin",
            Self::MeasurementSignature => "signature-measurements.bin",
            Self::Measurements => "measurements.bin",
        }
    }

    /// Bytes there may be. A record of measurements counts its length in 24 bits, and transcripts hold several.
    #[must_use]
    pub const fn limit(self) -> u64 {
        match self {
            Self::Summary => 4 << 20,
            Self::Chain => 1 << 20,
            Self::ChallengeTranscript => 4 << 20,
            Self::MeasurementTranscript => 64 << 20,
            Self::Measurements => 16 << 20,
            Self::ChallengeSignature | Self::MeasurementSignature => 64 << 10,
        }
    }

    fn named(name: &std::ffi::OsStr) -> Option<Self> {
        Self::ALL.into_iter().find(|file| name == file.name())
    }

    /// The file without which this one says nothing.
    const fn needs(self) -> Option<Self> {
        match self {
            Self::Summary => Some(Self::Chain),
            Self::Chain => Some(Self::Summary),
            Self::ChallengeTranscript => Some(Self::ChallengeSignature),
            Self::ChallengeSignature => Some(Self::ChallengeTranscript),
            Self::MeasurementTranscript => Some(Self::MeasurementSignature),
            Self::MeasurementSignature => Some(Self::MeasurementTranscript),
            Self::Measurements => None,
        }
    }

    fn path(self, folder: &Path) -> PathBuf {
        folder.join(self.name())
    }
}

/// A file that is missing beside these, if any.
fn missing(there: impl Fn(EvidenceFile) -> bool) -> Option<EvidenceFile> {
    let always = [EvidenceFile::Summary, EvidenceFile::Chain].into_iter();
    let needed = EvidenceFile::ALL.into_iter().filter(|&file| there(file)).filter_map(EvidenceFile::needs);
    always.chain(needed).find(|&file| !there(file))
}

#[cfg(test)]
mod tests;
