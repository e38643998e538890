//! Whom to trust.

use std::path::{Path, PathBuf};

use lanewarden_spdm::certificate::{Certificate, CertificateError, TrustAnchors};
use sha2::{Digest, Sha256};

use crate::error::StoreError;
use crate::file;
use crate::pem::{self, Part};

/// Certificates that are taken from a folder, and files that are looked at.
pub const MAX_ANCHORS: usize = 1024;
/// Bytes of a file.
const MAX_FILE: u64 = 4 << 20;
const ENDINGS: [&str; 4] = ["pem", "crt", "cer", "der"];

/// The certificates of a folder.
///
/// Files that end in `.pem`, `.crt`, `.cer` or `.der` are read: one certificate in DER, or any number in PEM. They hold
/// certificates only. Others do not matter, but are [named](Anchors::skipped). Symbolic links are followed, since the
/// folders that distributions make are full of them; a certificate that is there twice counts once. Neither the folder
/// nor a file may be writable by everyone.
#[derive(Clone, Debug)]
pub struct Anchors {
    /// In the order of their bytes.
    anchors: Vec<Anchor>,
    generation: u64,
    skipped: Vec<PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Anchor {
    der: Vec<u8>,
    /// DER of the name.
    subject: Vec<u8>,
}

impl Anchors {
    /// Reads a folder. One that is empty trusts nobody.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn load(folder: &Path) -> Result<Self, StoreError> {
        file::check_trusted(folder)?;
        let (certificates, skipped): (Vec<_>, Vec<_>) =
            file::list(folder, MAX_ANCHORS)?.into_iter().partition(|path| is_certificate(path));
        let mut anchors = Vec::new();
        for path in certificates {
            anchors.extend(of_file(&path)?);
            if anchors.len() > MAX_ANCHORS {
                let path = folder.to_owned();
                return Err(StoreError::TooMany { path, what: "certificates", limit: MAX_ANCHORS });
            }
        }
        anchors.sort();
        anchors.dedup();
        Ok(Self { generation: generation(&anchors), anchors, skipped })
    }

    /// Anchors that the caller has, in DER; none trusts nobody.
    ///
    /// # Errors
    /// [`CertificateError`] of the first that is none.
    pub fn of<'c>(certificates: impl IntoIterator<Item = &'c [u8]>) -> Result<Self, CertificateError> {
        let named = |der: &[u8]| {
            let subject = Certificate::parse(der)?.subject().as_der().to_vec();
            Ok(Anchor { der: der.to_vec(), subject })
        };
        let mut anchors =
            certificates.into_iter().map(named).collect::<Result<Vec<_>, CertificateError>>()?;
        anchors.sort();
        anchors.dedup();
        Ok(Self { generation: generation(&anchors), anchors, skipped: Vec::new() })
    }

    /// DER of each, in the order of their bytes.
    pub fn certificates(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.anchors.iter().map(|anchor| anchor.der.as_slice())
    }

    /// Files of the folder that were not read.
    #[must_use]
    pub fn skipped(&self) -> &[PathBuf] {
        &self.skipped
    }
}

impl TrustAnchors for Anchors {
    /// A number for this very set, the same wherever it was read; another set has another. It does not grow.
    fn generation(&self) -> u64 {
        self.generation
    }

    fn find(&self, subject: &[u8], number: usize) -> Option<&[u8]> {
        let named = self.anchors.iter().filter(|anchor| anchor.subject == subject);
        named.map(|anchor| anchor.der.as_slice()).nth(number)
    }
}

fn is_certificate(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

fn of_file(path: &Path) -> Result<Vec<Anchor>, StoreError> {
    let bytes = file::read_trusted(path, MAX_FILE)?;
    if !pem::is_pem(&bytes) {
        return Ok(vec![anchor(path, bytes)?]);
    }
    let parts = pem::parts(&bytes).map_err(|source| StoreError::Pem { path: path.to_owned(), source })?;
    parts.into_iter().filter_map(|part| of_part(path, part)).collect()
}

fn of_part(path: &Path, part: Part<'_>) -> Option<Result<Anchor, StoreError>> {
    match part {
        Part::Text { .. } => None,
        Part::Block { label, der } if label == "CERTIFICATE" => Some(anchor(path, der)),
        Part::Block { label, .. } => {
            Some(Err(StoreError::NoCertificate { path: path.to_owned(), what: label }))
        }
    }
}

fn anchor(path: &Path, der: Vec<u8>) -> Result<Anchor, StoreError> {
    match Certificate::parse(&der) {
        Ok(certificate) => Ok(Anchor { subject: certificate.subject().as_der().to_vec(), der }),
        Err(error) => Err(StoreError::NoCertificate { path: path.to_owned(), what: error.to_string() }),
    }
}

/// From the digests of all, one after another, so that no two sets run together.
fn generation(anchors: &[Anchor]) -> u64 {
    let mut all = Sha256::new();
    anchors.iter().for_each(|anchor| all.update(Sha256::digest(&anchor.der)));
    all.finalize().first_chunk().copied().map_or(0, u64::from_be_bytes)
}

#[cfg(test)]
mod tests;
