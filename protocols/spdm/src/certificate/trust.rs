//! Whom to trust, and whom no more. Neither ever comes from a peer.

use lanewarden_crypto::Digest;

use super::{Certificate, CertificateError};

/// How many trust anchors of one name are tried.
pub const MAX_CANDIDATES: usize = 16;

/// The certificates that are trusted by themselves.
pub trait TrustAnchors {
    /// Grows with every change, so that what was trusted before is not taken for granted.
    fn generation(&self) -> u64;

    /// Of the anchors with this subject (the DER of its Name), the one with this number, as DER.
    fn find(&self, subject: &[u8], number: usize) -> Option<&[u8]>;
}

impl<T: TrustAnchors + ?Sized> TrustAnchors for &T {
    fn generation(&self) -> u64 {
        (**self).generation()
    }

    fn find(&self, subject: &[u8], number: usize) -> Option<&[u8]> {
        (**self).find(subject, number)
    }
}

/// Trust anchors in memory.
#[derive(Clone, Copy, Debug)]
pub struct AnchorList<'a> {
    certificates: &'a [&'a [u8]],
    generation: u64,
}

impl<'a> AnchorList<'a> {
    /// Anchors, each one certificate in DER.
    ///
    /// # Errors
    /// [`CertificateError`] of the first that is none.
    pub fn new(certificates: &'a [&'a [u8]], generation: u64) -> Result<Self, CertificateError> {
        certificates.iter().try_for_each(|der| Certificate::parse(der).map(drop))?;
        Ok(Self { certificates, generation })
    }
}

impl TrustAnchors for AnchorList<'_> {
    fn generation(&self) -> u64 {
        self.generation
    }

    fn find(&self, subject: &[u8], number: usize) -> Option<&[u8]> {
        let named = |der: &&&[u8]| {
            Certificate::parse(der).is_ok_and(|certificate| certificate.subject().as_der() == subject)
        };
        self.certificates.iter().filter(named).nth(number).copied()
    }
}

/// A certificate as lists of revoked ones name it.
#[derive(Clone, Copy, Debug)]
pub struct CertificateId<'a> {
    /// The issuer: the DER of its Name.
    pub issuer: &'a [u8],
    /// The serial number, big-endian, without leading zeros.
    pub serial: &'a [u8],
    /// SHA-256 of the whole certificate.
    pub fingerprint: &'a Digest,
}

/// The certificates that are trusted no more.
pub trait Revocations {
    /// Grows with every change.
    fn generation(&self) -> u64;

    /// Whether this one is among them.
    fn is_revoked(&self, certificate: &CertificateId<'_>) -> bool;
}

impl<T: Revocations + ?Sized> Revocations for &T {
    fn generation(&self) -> u64 {
        (**self).generation()
    }

    fn is_revoked(&self, certificate: &CertificateId<'_>) -> bool {
        (**self).is_revoked(certificate)
    }
}

/// Nothing has been revoked, as far as is known here.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoRevocations;

impl Revocations for NoRevocations {
    fn generation(&self) -> u64 {
        0
    }

    fn is_revoked(&self, _certificate: &CertificateId<'_>) -> bool {
        false
    }
}

/// An entry of a [`RevocationList`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revoked<'a> {
    /// By issuer and serial number.
    Serial {
        /// The DER of the issuer's Name.
        issuer: &'a [u8],
        /// Big-endian, without leading zeros.
        serial: &'a [u8],
    },
    /// By the SHA-256 of the whole certificate.
    Fingerprint([u8; 32]),
}

/// Revoked certificates in memory.
#[derive(Clone, Copy, Debug)]
pub struct RevocationList<'a> {
    entries: &'a [Revoked<'a>],
    generation: u64,
}

impl<'a> RevocationList<'a> {
    /// A list.
    #[must_use]
    pub const fn new(entries: &'a [Revoked<'a>], generation: u64) -> Self {
        Self { entries, generation }
    }
}

impl Revocations for RevocationList<'_> {
    fn generation(&self) -> u64 {
        self.generation
    }

    fn is_revoked(&self, certificate: &CertificateId<'_>) -> bool {
        self.entries.iter().any(|entry| match entry {
            Revoked::Serial { issuer, serial } => {
                *issuer == certificate.issuer && *serial == certificate.serial
            }
            Revoked::Fingerprint(fingerprint) => fingerprint == certificate.fingerprint.as_bytes(),
        })
    }
}
