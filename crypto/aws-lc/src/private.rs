//! Private keys that lie in memory.

use core::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair};
use lanewarden_crypto::{
    Curve, Digest, PublicKey, RsaSize, SignError, SignatureAlgorithm, Signed, Signer, Signing,
};
use zeroize::Zeroizing;

use crate::{ecdsa, rsa};

/// What kind of private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// On a curve.
    Ec(Curve),
    /// For Ed25519.
    Ed25519,
    /// RSA with the exponent 65537.
    Rsa(RsaSize),
}

/// Why there is no private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrivateKeyError {
    /// It is no PKCS#8 DER, its halves do not belong together, or it is of a kind that is not known here.
    #[error("this is not a private key of a known kind in PKCS#8 DER")]
    Rejected,
    /// The library failed.
    #[error("no private key could be made")]
    Failed,
}

/// A private key in PKCS#8 DER (RFC 5958). Wiped when it is dropped, and never printed.
#[derive(Clone)]
pub struct Pkcs8(Zeroizing<Vec<u8>>);

impl Pkcs8 {
    /// Makes a fresh private key.
    ///
    /// # Errors
    /// [`PrivateKeyError::Failed`].
    pub fn generate(kind: KeyKind) -> Result<Self, PrivateKeyError> {
        let der = match kind {
            KeyKind::Ec(curve) => EcdsaKeyPair::generate(ecdsa::signing(curve))
                .and_then(|pair| Ok(pair.to_pkcs8v1()?.as_ref().to_vec())),
            KeyKind::Ed25519 => {
                Ed25519KeyPair::generate().and_then(|pair| Ok(pair.to_pkcs8v1()?.as_ref().to_vec()))
            }
            KeyKind::Rsa(size) => RsaKeyPair::generate(key_size_of(size))
                .and_then(|pair| Ok(AsDer::<Pkcs8V1Der<'_>>::as_der(&pair)?.as_ref().to_vec())),
        };
        der.map(|der| Self(der.into())).map_err(|_| PrivateKeyError::Failed)
    }

    /// The DER.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Pkcs8 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pkcs8(..)")
    }
}

fn key_size_of(size: RsaSize) -> KeySize {
    match size {
        RsaSize::Bits2048 => KeySize::Rsa2048,
        RsaSize::Bits3072 => KeySize::Rsa3072,
        RsaSize::Bits4096 => KeySize::Rsa4096,
    }
}

/// A private key that signs at once. Clones share it; it is never printed, and the library wipes it with the last one.
#[derive(Clone)]
pub struct PrivateKey(Arc<Kind>);

enum Kind {
    Ecdsa(Curve, EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa { key: rsa::Key, modulus: Vec<u8>, exponent: Vec<u8> },
}

impl PrivateKey {
    /// A private key from PKCS#8 DER (RFC 5958).
    ///
    /// # Errors
    /// [`PrivateKeyError::Rejected`].
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, PrivateKeyError> {
        let kind = || ecdsa_from(der).or_else(|| ed25519_from(der)).or_else(|| rsa_from(der));
        is_whole(der).then(kind).flatten().map(|kind| Self(Arc::new(kind))).ok_or(PrivateKeyError::Rejected)
    }

    /// Makes a fresh one.
    ///
    /// # Errors
    /// [`PrivateKeyError::Failed`].
    pub fn generate(kind: KeyKind) -> Result<Self, PrivateKeyError> {
        Self::from_pkcs8(Pkcs8::generate(kind)?.as_bytes()).map_err(|_| PrivateKeyError::Failed)
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        match &*self.0 {
            Kind::Ecdsa(curve, _) => KeyKind::Ec(*curve),
            Kind::Ed25519(_) => KeyKind::Ed25519,
            Kind::Rsa { key, .. } => KeyKind::Rsa(key.size()),
        }
    }

    /// Its public half.
    #[must_use]
    pub fn public_key(&self) -> PublicKey<'_> {
        match &*self.0 {
            Kind::Ecdsa(curve, pair) => {
                let point = pair.public_key().as_ref().get(1..).unwrap_or_default();
                PublicKey::Ec { curve: *curve, point }
            }
            Kind::Ed25519(pair) => {
                PublicKey::Ed25519(pair.public_key().as_ref().first_chunk().unwrap_or(&[0; 32]))
            }
            Kind::Rsa { modulus, exponent, .. } => PublicKey::Rsa { modulus, exponent },
        }
    }
}

/// Whether nothing follows the outermost sequence; the library does not ask, where the key is on a curve.
fn is_whole(der: &[u8]) -> bool {
    match der {
        [0x30, length, rest @ ..] if *length < 0x80 => rest.len() == usize::from(*length),
        [0x30, 0x81, length, rest @ ..] => rest.len() == usize::from(*length),
        [0x30, 0x82, high, low, rest @ ..] => rest.len() == usize::from(u16::from_be_bytes([*high, *low])),
        _ => false,
    }
}

fn ecdsa_from(der: &[u8]) -> Option<Kind> {
    [Curve::P256, Curve::P384, Curve::P521].into_iter().find_map(|curve| {
        EcdsaKeyPair::from_pkcs8(ecdsa::signing(curve), der).ok().map(|pair| Kind::Ecdsa(curve, pair))
    })
}

/// Version 1 has the seed only, version 2 the public key too.
fn ed25519_from(der: &[u8]) -> Option<Kind> {
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok().map(Kind::Ed25519)
}

fn rsa_from(der: &[u8]) -> Option<Kind> {
    let key = rsa::Key::private(der)?;
    let (modulus, exponent) = key.numbers()?;
    Some(Kind::Rsa { key, modulus, exponent })
}

impl Signer for PrivateKey {
    fn supports(&self, algorithm: SignatureAlgorithm) -> bool {
        self.public_key().suits(algorithm)
    }

    fn sign(
        &mut self,
        algorithm: SignatureAlgorithm,
        signed: Signed<'_>,
        signature: &mut [u8],
    ) -> Result<Signing, SignError> {
        let refused = SignError::Unsupported(algorithm);
        if !self.supports(algorithm) {
            return Err(refused);
        }
        let out = signature.get_mut(..algorithm.signature_size()).ok_or(SignError::NoRoom)?;
        let done = match (&*self.0, signed) {
            (Kind::Ecdsa(curve, pair), Signed::Digest(digest)) => sign_ecdsa(*curve, pair, digest, out),
            (Kind::Ed25519(pair), Signed::Message { bytes, .. }) => {
                pair.try_sign(bytes).is_ok_and(|made| put(made.as_ref(), out))
            }
            (Kind::Rsa { key, .. }, Signed::Digest(digest)) => match algorithm {
                SignatureAlgorithm::RsaPss(_) => key.sign_pss(digest, out),
                _ => key.sign_pkcs1(digest, out),
            },
            _ => return Err(refused),
        };
        done.then_some(Signing::Done).ok_or(SignError::Failed)
    }
}

fn sign_ecdsa(curve: Curve, pair: &EcdsaKeyPair, digest: &Digest, out: &mut [u8]) -> bool {
    let made = ecdsa::fitted(curve, digest).and_then(|digest| pair.sign_digest(&digest).ok());
    made.is_some_and(|made| put(made.as_ref(), out))
}

/// Whether a signature has the length of its place.
fn put(made: &[u8], out: &mut [u8]) -> bool {
    let fits = made.len() == out.len();
    if fits {
        out.copy_from_slice(made);
    }
    fits
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({:?}, ..)", self.kind())
    }
}
