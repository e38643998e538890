//! Whom to trust no more.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use der::{Decode, Encode};
use lanewarden_spdm::certificate::CertificateId;
use sha2::{Digest, Sha256};
use x509_cert::certificate::Raw;
use x509_cert::crl::{CertificateList, RevokedCert};
use x509_cert::ext::Extension;

use crate::error::StoreError;
use crate::file;
use crate::pem::{self, Part};

/// Entries that are taken from a file.
pub const MAX_REVOCATIONS: usize = 1 << 20;
/// Bytes of a file.
const MAX_FILE: u64 = 64 << 20;
/// What a SEQUENCE in DER begins with, and no line of text that is accepted.
const SEQUENCE: u8 = 0x30;

/// The revoked certificates of a file.
///
/// The file is text, with lines like `sha256:` and the SHA-256 of a certificate's DER in hexadecimal digits (colons
/// between the bytes do no harm), comments after `#`, and any number of lists of revoked certificates (RFC 5280, 5) as
/// PEM; or one such list as DER. The file is trusted, and so are the lists in it: nobody checks their signatures or asks
/// whether there are newer ones. It may not be writable by everyone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revocations {
    fingerprints: BTreeSet<Vec<u8>>,
    /// Serial numbers (big-endian, without leading zeros) by issuer (DER of the name).
    serials: BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>>,
}

impl Revocations {
    /// Reads a file.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn load(path: &Path) -> Result<Self, StoreError> {
        let bytes = file::read_trusted(path, MAX_FILE)?;
        let mut revocations = Self::default();
        revocations.read(path, &bytes)?;
        if revocations.len() > MAX_REVOCATIONS {
            let path = path.to_owned();
            return Err(StoreError::TooMany { path, what: "revoked certificates", limit: MAX_REVOCATIONS });
        }
        Ok(revocations)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.serials.values().map(BTreeSet::len).fold(self.fingerprints.len(), usize::saturating_add)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn read(&mut self, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        if bytes.first() == Some(&SEQUENCE) {
            return self.list(path, bytes);
        }
        for part in pem::parts(bytes).map_err(|source| StoreError::Pem { path: path.to_owned(), source })? {
            match part {
                Part::Text { line, text } => self.text(path, line, text)?,
                Part::Block { label, der } if label == "X509 CRL" => self.list(path, &der)?,
                Part::Block { label, .. } => {
                    return Err(StoreError::NoRevocations { path: path.to_owned(), what: label });
                }
            }
        }
        Ok(())
    }

    fn text(&mut self, path: &Path, first: usize, text: &[u8]) -> Result<(), StoreError> {
        for (number, line) in text.split(|&byte| byte == b'\n').enumerate() {
            let wrong = || StoreError::Line { path: path.to_owned(), line: first.saturating_add(number) };
            self.fingerprints.extend(entry(line).ok_or_else(wrong)?.map(Vec::from));
        }
        Ok(())
    }

    fn list(&mut self, path: &Path, der: &[u8]) -> Result<(), StoreError> {
        let no_list = |source: der::Error| StoreError::NoRevocations {
            path: path.to_owned(),
            what: source.to_string(),
        };
        let list = CertificateList::<Raw>::from_der(der).map_err(no_list)?.tbs_cert_list;
        let issuer = list.issuer.to_der().map_err(no_list)?;
        let entries = list.revoked_certificates.unwrap_or_default();
        let own = list.crl_extensions.iter().flatten();
        let of_entries = entries.iter().filter_map(|entry| entry.crl_entry_extensions.as_ref()).flatten();
        if own.chain(of_entries).any(|extension: &Extension| extension.critical) {
            return Err(StoreError::CriticalExtension(path.to_owned()));
        }
        self.serials.entry(issuer).or_default().extend(entries.iter().map(serial));
        Ok(())
    }
}

impl lanewarden_spdm::certificate::Revocations for Revocations {
    /// A number for this very set, the same wherever it was read; another set has another. It does not grow.
    fn generation(&self) -> u64 {
        let mut all = Sha256::new();
        // The byte in front keeps the three kinds apart.
        let mut add = |kind: u8, bytes: &Vec<u8>| all.update([&[kind][..], &Sha256::digest(bytes)].concat());
        self.fingerprints.iter().for_each(|fingerprint| add(0, fingerprint));
        for (issuer, serials) in &self.serials {
            add(1, issuer);
            serials.iter().for_each(|serial| add(2, serial));
        }
        all.finalize().first_chunk().copied().map_or(0, u64::from_be_bytes)
    }

    fn is_revoked(&self, certificate: &CertificateId<'_>) -> bool {
        self.fingerprints.contains(certificate.fingerprint.as_bytes())
            || self
                .serials
                .get(certificate.issuer)
                .is_some_and(|serials| serials.contains(certificate.serial))
    }
}

fn serial(entry: &RevokedCert<Raw>) -> Vec<u8> {
    entry.serial_number.as_bytes().iter().copied().skip_while(|&byte| byte == 0).collect()
}

/// A line: nothing, or a fingerprint; `None` if it is neither.
fn entry(line: &[u8]) -> Option<Option<[u8; 32]>> {
    let line = std::str::from_utf8(line).ok()?;
    let line = line.split_once('#').map_or(line, |(before, _)| before).trim();
    if line.is_empty() {
        return Some(None);
    }
    let (name, digits) = line.split_once(':')?;
    if !name.trim_end().eq_ignore_ascii_case("sha256") {
        return None;
    }
    fingerprint(digits.trim_start()).map(Some)
}

/// 64 digits, or 32 pairs of them with colons between.
fn fingerprint(digits: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = match digits.len() {
        64 => digits.bytes().collect(),
        95 => pairs(digits)?,
        _ => return None,
    };
    let mut fingerprint = [0; 32];
    let (pairs, _) = digits.as_chunks::<2>();
    for (byte, &[high, low]) in fingerprint.iter_mut().zip(pairs) {
        *byte = nibble(high)? << 4 | nibble(low)?;
    }
    (pairs.len() == fingerprint.len()).then_some(fingerprint)
}

/// The digits of pairs with colons between.
fn pairs(digits: &str) -> Option<Vec<u8>> {
    let pair = |pair: &str| <[u8; 2]>::try_from(pair.as_bytes()).ok();
    digits.split(':').map(pair).collect::<Option<Vec<_>>>().map(|pairs| pairs.concat())
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests;
