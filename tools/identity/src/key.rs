//! Private keys: from a seed, from PKCS#8, to PKCS#8, and what the public half looks like in a certificate.

use chacha20::ChaCha20Rng;
use der::{Decode, Document, SecretDocument};
use ed25519_dalek::pkcs8::KeypairBytes;
use lanewarden_crypto::{Curve, RsaSize, SignatureAlgorithm};
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey, PrivateKeyInfoRef};
use rsa::traits::PublicKeyParts;

use crate::error::GenerateError;
use crate::seed::Seed;

/// What kind of key it is. RSA keys serve both of RSA's algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// RSA.
    Rsa(RsaSize),
    /// A point on a curve.
    Ec(Curve),
    /// Ed25519.
    Ed25519,
}

impl KeyKind {
    /// The kind an algorithm signs with.
    #[must_use]
    pub const fn of(algorithm: SignatureAlgorithm) -> Self {
        match algorithm {
            SignatureAlgorithm::RsaPkcs1(size) | SignatureAlgorithm::RsaPss(size) => Self::Rsa(size),
            SignatureAlgorithm::Ecdsa(curve) => Self::Ec(curve),
            SignatureAlgorithm::Ed25519 => Self::Ed25519,
        }
    }

    /// Whether this algorithm signs with such a key.
    #[must_use]
    pub fn suits(self, algorithm: SignatureAlgorithm) -> bool {
        self == Self::of(algorithm)
    }
}

/// A private key. All of its kinds wipe themselves.
pub(crate) enum PrivateKey {
    P256(p256::SecretKey),
    P384(p384::SecretKey),
    P521(p521::SecretKey),
    Ed25519(Box<ed25519_dalek::SigningKey>),
    Rsa(Box<rsa::PrivateKey>),
}

/// Draws of a scalar before giving up. One fails with a chance of 2^-32 (P-256), or none to speak of.
const DRAWS: u8 = 16;

impl PrivateKey {
    pub(crate) fn from_seed(kind: KeyKind, seed: &Seed, label: &str) -> Result<Self, GenerateError> {
        match kind {
            KeyKind::Ec(Curve::P256) => scalar(seed, label, |bytes: &mut [u8; 32]| {
                p256::SecretKey::from_slice(bytes).ok().map(Self::P256)
            }),
            KeyKind::Ec(Curve::P384) => scalar(seed, label, |bytes: &mut [u8; 48]| {
                p384::SecretKey::from_slice(bytes).ok().map(Self::P384)
            }),
            KeyKind::Ec(Curve::P521) => scalar(seed, label, |bytes: &mut [u8; 66]| {
                // 521 bits: of the first byte, one.
                bytes[0] &= 1;
                p521::SecretKey::from_slice(bytes).ok().map(Self::P521)
            }),
            KeyKind::Ed25519 => {
                let secret = seed.expand("ed25519", label)?;
                Ok(Self::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(&secret))))
            }
            KeyKind::Rsa(size) => rsa(size, &mut seed.stream("rsa", label)?),
        }
    }

    /// Reads PKCS#8 (RFC 5958); `None` for kinds and sizes that are not taken, and for what is no key.
    pub(crate) fn from_pkcs8(der: &[u8]) -> Option<Self> {
        p256::SecretKey::from_pkcs8_der(der)
            .map(Self::P256)
            .or_else(|_| p384::SecretKey::from_pkcs8_der(der).map(Self::P384))
            .or_else(|_| p521::SecretKey::from_pkcs8_der(der).map(Self::P521))
            .or_else(|_| {
                ed25519_dalek::SigningKey::from_pkcs8_der(der).map(|key| Self::Ed25519(Box::new(key)))
            })
            .or_else(|_| rsa::PrivateKey::from_pkcs8_der(der).map(|key| Self::Rsa(Box::new(key))))
            .ok()
            .filter(|key| key.kind().is_some())
    }

    /// Whether it is meant to be PKCS#8, usable or not.
    pub(crate) fn is_pkcs8(der: &[u8]) -> bool {
        PrivateKeyInfoRef::from_der(der).is_ok()
    }

    /// `None` for RSA of another size than those there are names for.
    pub(crate) fn kind(&self) -> Option<KeyKind> {
        Some(match self {
            Self::P256(_) => KeyKind::Ec(Curve::P256),
            Self::P384(_) => KeyKind::Ec(Curve::P384),
            Self::P521(_) => KeyKind::Ec(Curve::P521),
            Self::Ed25519(_) => KeyKind::Ed25519,
            Self::Rsa(key) => KeyKind::Rsa(rsa_size(key.size())?),
        })
    }

    /// PKCS#8 as other programs take it: with the public key for ECDSA (RFC 5915), without for Ed25519, where version 2
    /// of the structure would be needed, which OpenSSL does not read.
    pub(crate) fn to_pkcs8(&self) -> Result<SecretDocument, GenerateError> {
        match self {
            Self::P256(key) => key.to_pkcs8_der(),
            Self::P384(key) => key.to_pkcs8_der(),
            Self::P521(key) => key.to_pkcs8_der(),
            Self::Ed25519(key) => {
                KeypairBytes { secret_key: key.to_bytes(), public_key: None }.to_pkcs8_der()
            }
            Self::Rsa(key) => key.to_pkcs8_der(),
        }
        .map_err(|_| GenerateError::Key)
    }

    /// The public half, a `SubjectPublicKeyInfo`.
    pub(crate) fn public(&self) -> Result<Document, GenerateError> {
        match self {
            Self::P256(key) => key.public_key().to_public_key_der(),
            Self::P384(key) => key.public_key().to_public_key_der(),
            Self::P521(key) => key.public_key().to_public_key_der(),
            Self::Ed25519(key) => key.verifying_key().to_public_key_der(),
            Self::Rsa(key) => key.to_public_key().to_public_key_der(),
        }
        .map_err(|_| GenerateError::Key)
    }
}

/// The first of several draws that is a scalar of the curve (FIPS 186-5, A.2.2).
fn scalar<const N: usize>(
    seed: &Seed,
    label: &str,
    mut key: impl FnMut(&mut [u8; N]) -> Option<PrivateKey>,
) -> Result<PrivateKey, GenerateError> {
    for draw in 0..DRAWS {
        let mut bytes = seed.expand(&format!("ecdsa {N} {draw}"), label)?;
        if let Some(key) = key(&mut bytes) {
            return Ok(key);
        }
    }
    Err(GenerateError::Key)
}

fn rsa(size: RsaSize, random: &mut ChaCha20Rng) -> Result<PrivateKey, GenerateError> {
    let bits = size.size().saturating_mul(8);
    let key = rsa::PrivateKey::new(random, bits).map_err(|_| GenerateError::Key)?;
    Ok(PrivateKey::Rsa(Box::new(key)))
}

fn rsa_size(bytes: usize) -> Option<RsaSize> {
    [RsaSize::Bits2048, RsaSize::Bits3072, RsaSize::Bits4096].into_iter().find(|size| size.size() == bytes)
}
