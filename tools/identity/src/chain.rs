//! Certificates in any order, brought into the order of a chain.

use der::{Decode, Reader, SliceReader};
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::spki::SubjectPublicKeyInfoRef;

use crate::spec::MAX_CERTIFICATES;

/// Why certificates are no chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// Something is no certificate.
    #[error("a certificate is not valid DER of X.509")]
    NoCertificate,
    /// More than [`MAX_CERTIFICATES`].
    #[error("more than {MAX_CERTIFICATES} certificates")]
    TooMany,
    /// None is of this key.
    #[error("no certificate is of this private key: add the one that was issued for it")]
    NoLeaf,
    /// The way up to the root is broken.
    #[error("the certificate of the issuer \"{}\" is missing: add it", .0.escape_debug())]
    NoIssuer(String),
    /// Some are not needed.
    #[error("{0} certificates are not part of the chain: take them out")]
    Stray(usize),
}

/// The certificates of DER that stand one after another.
pub(crate) fn split(bytes: &[u8]) -> Result<Vec<&[u8]>, ChainError> {
    let mut reader = SliceReader::new(bytes).map_err(|_| ChainError::NoCertificate)?;
    let mut certificates = Vec::new();
    while !reader.is_finished() {
        certificates.push(reader.tlv_bytes().map_err(|_| ChainError::NoCertificate)?);
        if certificates.len() > MAX_CERTIFICATES {
            return Err(ChainError::TooMany);
        }
    }
    Ok(certificates)
}

/// Root first, down to the certificate of this key (a `SubjectPublicKeyInfo`). Whether the signatures are right is for
/// those to find out who are to trust it. A certificate that is there twice counts once.
pub(crate) fn ordered(mut certificates: Vec<Vec<u8>>, key: &[u8]) -> Result<Vec<Vec<u8>>, ChainError> {
    certificates.sort();
    certificates.dedup();
    if certificates.len() > MAX_CERTIFICATES {
        return Err(ChainError::TooMany);
    }
    let mut left = certificates.into_iter().map(Link::new).collect::<Result<Vec<_>, _>>()?;
    let key = SubjectPublicKeyInfoRef::from_der(key).map_err(|_| ChainError::NoLeaf)?;
    let mut chain = vec![take(&mut left, |link| link.is_of(&key)).ok_or(ChainError::NoLeaf)?];
    while let Some(issuer) = chain.last().and_then(Link::issuer) {
        let above = take(&mut left, |link| *link.parsed.tbs_certificate().subject() == issuer);
        chain.push(above.ok_or_else(|| ChainError::NoIssuer(issuer.to_string()))?);
    }
    if !left.is_empty() {
        return Err(ChainError::Stray(left.len()));
    }
    Ok(chain.into_iter().rev().map(|link| link.der).collect())
}

fn take(links: &mut Vec<Link>, which: impl FnMut(&Link) -> bool) -> Option<Link> {
    let at = links.iter().position(which)?;
    Some(links.remove(at))
}

struct Link {
    der: Vec<u8>,
    parsed: CertificateInner<Raw>,
}

impl Link {
    fn new(der: Vec<u8>) -> Result<Self, ChainError> {
        let parsed = CertificateInner::from_der(&der).map_err(|_| ChainError::NoCertificate)?;
        Ok(Self { der, parsed })
    }

    fn is_of(&self, key: &SubjectPublicKeyInfoRef<'_>) -> bool {
        let own = self.parsed.tbs_certificate().subject_public_key_info();
        own.subject_public_key.raw_bytes() == key.subject_public_key.raw_bytes()
    }

    /// Who stands above; `None` for a root.
    fn issuer(&self) -> Option<x509_cert::name::Name> {
        let tbs = self.parsed.tbs_certificate();
        (tbs.issuer() != tbs.subject()).then(|| tbs.issuer().clone())
    }
}
