//! Public keys.

#[cfg(feature = "rsa")]
use alloc::boxed::Box;
use core::fmt;

use ecdsa::elliptic_curve;
use lanewarden_crypto::{Curve, Digest, KeyError, PublicKey, SignatureAlgorithm, Signed, VerifyError};
use p256::NistP256;
use p384::NistP384;
#[cfg(feature = "p521")]
use p521::NistP521;

use crate::ec;

/// A public key, read once.
#[derive(Clone)]
pub struct VerifyingKey(Kind);

#[derive(Clone)]
enum Kind {
    P256(elliptic_curve::PublicKey<NistP256>),
    P384(elliptic_curve::PublicKey<NistP384>),
    #[cfg(feature = "p521")]
    P521(elliptic_curve::PublicKey<NistP521>),
    Ed25519(ed25519_dalek::VerifyingKey),
    #[cfg(feature = "rsa")]
    Rsa(Box<crate::rsa::Key>),
}

impl VerifyingKey {
    pub(crate) fn new(key: &PublicKey<'_>) -> Result<Self, KeyError> {
        let kind = match *key {
            PublicKey::Ec { curve: Curve::P256, point } => p256(point),
            PublicKey::Ec { curve: Curve::P384, point } => p384(point),
            #[cfg(feature = "p521")]
            PublicKey::Ec { curve: Curve::P521, point } => p521(point),
            PublicKey::Ed25519(point) => ed25519(point),
            #[cfg(feature = "rsa")]
            PublicKey::Rsa { modulus, exponent } => {
                Some(Kind::Rsa(Box::new(crate::rsa::Key::new(modulus, exponent)?)))
            }
            #[cfg(not(all(feature = "p521", feature = "rsa")))]
            _ => return Err(KeyError::Unsupported),
        };
        kind.map(Self).ok_or(KeyError::Invalid)
    }
}

// Each by itself, so that a key of one kind does not take the stack of all.

#[inline(never)]
fn p256(point: &[u8]) -> Option<Kind> {
    ec::point(point).map(Kind::P256)
}

#[inline(never)]
fn p384(point: &[u8]) -> Option<Kind> {
    ec::point(point).map(Kind::P384)
}

#[cfg(feature = "p521")]
#[inline(never)]
fn p521(point: &[u8]) -> Option<Kind> {
    ec::point(point).map(Kind::P521)
}

/// A key that is not written in the one canonical way, or lies in the small subgroup (any signature could be made to fit
/// one), is none.
#[inline(never)]
fn ed25519(point: &[u8; 32]) -> Option<Kind> {
    let key = ed25519_dalek::VerifyingKey::from_bytes(point).ok()?;
    let is_canonical = key.to_edwards().compress().as_bytes() == point;
    (is_canonical && !key.is_weak()).then_some(Kind::Ed25519(key))
}

impl lanewarden_crypto::VerifyingKey for VerifyingKey {
    fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        signed: Signed<'_>,
        signature: &[u8],
    ) -> Result<(), VerifyError> {
        let fits = match (&self.0, algorithm) {
            (Kind::P256(key), SignatureAlgorithm::Ecdsa(Curve::P256)) => {
                ec::verify(key, digest_in(signed)?, signature)
            }
            (Kind::P384(key), SignatureAlgorithm::Ecdsa(Curve::P384)) => {
                ec::verify(key, digest_in(signed)?, signature)
            }
            #[cfg(feature = "p521")]
            (Kind::P521(key), SignatureAlgorithm::Ecdsa(Curve::P521)) => {
                ec::verify(key, digest_in(signed)?, signature)
            }
            (Kind::Ed25519(key), SignatureAlgorithm::Ed25519) => {
                verify_ed25519(key, message_in(signed)?, signature)
            }
            #[cfg(feature = "rsa")]
            (Kind::Rsa(key), SignatureAlgorithm::RsaPkcs1(size)) if key.size() == size => {
                key.verify_pkcs1(digest_in(signed)?, signature)?
            }
            #[cfg(feature = "rsa")]
            (Kind::Rsa(key), SignatureAlgorithm::RsaPss(size)) if key.size() == size => {
                key.verify_pss(digest_in(signed)?, signature)?
            }
            _ => false,
        };
        fits.then_some(()).ok_or(VerifyError::Mismatch)
    }
}

fn digest_in(signed: Signed<'_>) -> Result<&Digest, VerifyError> {
    match signed {
        Signed::Digest(digest) => Ok(digest),
        Signed::Message { .. } => Err(VerifyError::Unsupported),
    }
}

fn message_in(signed: Signed<'_>) -> Result<&[u8], VerifyError> {
    match signed {
        Signed::Message { bytes, .. } => Ok(bytes),
        Signed::Digest(_) => Err(VerifyError::Unsupported),
    }
}

/// Strictly: an R in the small subgroup is none either.
#[inline(never)]
fn verify_ed25519(key: &ed25519_dalek::VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
    ed25519_dalek::Signature::from_slice(signature)
        .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok())
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::P256(_) => f.write_str("VerifyingKey(P256)"),
            Kind::P384(_) => f.write_str("VerifyingKey(P384)"),
            #[cfg(feature = "p521")]
            Kind::P521(_) => f.write_str("VerifyingKey(P521)"),
            Kind::Ed25519(_) => f.write_str("VerifyingKey(Ed25519)"),
            #[cfg(feature = "rsa")]
            Kind::Rsa(key) => write!(f, "VerifyingKey(Rsa {:?})", key.size()),
        }
    }
}
