//! Private keys that lie in memory.

use core::fmt;

use ecdsa::elliptic_curve::SecretKey;
use ecdsa::elliptic_curve::pkcs8::PrivateKeyInfoRef;
use ed25519_dalek::Signer as _;
use lanewarden_crypto::{Curve, Digest, PublicKey, SignError, SignatureAlgorithm, Signed, Signer, Signing};
use p256::NistP256;
use p384::NistP384;
#[cfg(feature = "p521")]
use p521::NistP521;

use crate::{ec, hash};

/// Bytes of the longest point: P-521's.
const MAX_POINT: usize = 132;

/// Why there is no private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrivateKeyError {
    /// It is no PKCS#8 DER, no scalar of its curve, its halves do not belong together, or it is of a kind that is not
    /// known here.
    #[error("this is not a private key of a known kind")]
    Rejected,
}

/// A private key on a curve or for Ed25519, that signs at once and needs no randomness. Wiped when it is dropped, and
/// never printed.
#[derive(Clone)]
pub struct PrivateKey(Kind);

#[derive(Clone)]
enum Kind {
    P256(SecretKey<NistP256>),
    P384(SecretKey<NistP384>),
    #[cfg(feature = "p521")]
    P521(SecretKey<NistP521>),
    Ed25519(ed25519_dalek::SigningKey),
}

impl PrivateKey {
    /// A key on a curve from its scalar: big-endian, [`Curve::size`] bytes.
    ///
    /// # Errors
    /// [`PrivateKeyError::Rejected`].
    pub fn from_scalar(curve: Curve, scalar: &[u8]) -> Result<Self, PrivateKeyError> {
        if scalar.len() != curve.size() {
            return Err(PrivateKeyError::Rejected);
        }
        let kind = match curve {
            Curve::P256 => SecretKey::from_slice(scalar).ok().map(Kind::P256),
            Curve::P384 => SecretKey::from_slice(scalar).ok().map(Kind::P384),
            #[cfg(feature = "p521")]
            Curve::P521 => SecretKey::from_slice(scalar).ok().map(Kind::P521),
            #[cfg(not(feature = "p521"))]
            Curve::P521 => None,
        };
        kind.map(Self).ok_or(PrivateKeyError::Rejected)
    }

    /// An Ed25519 key from its seed (RFC 8032, 5.1.5).
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(Kind::Ed25519(ed25519_dalek::SigningKey::from_bytes(seed)))
    }

    /// A private key from PKCS#8 DER (RFC 5958).
    ///
    /// # Errors
    /// [`PrivateKeyError::Rejected`].
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, PrivateKeyError> {
        let info = || PrivateKeyInfoRef::try_from(der).ok();
        let kind = info()
            .and_then(|info| SecretKey::try_from(info).ok())
            .map(Kind::P256)
            .or_else(|| SecretKey::try_from(info()?).ok().map(Kind::P384))
            .or_else(|| p521_from(info()?))
            .or_else(|| ed25519_dalek::SigningKey::try_from(info()?).ok().map(Kind::Ed25519));
        kind.map(Self).ok_or(PrivateKeyError::Rejected)
    }

    /// Shows its public half.
    pub fn with_public_key<T>(&self, show: impl FnOnce(&PublicKey<'_>) -> T) -> T {
        let mut point = [0; MAX_POINT];
        let (curve, length) = match &self.0 {
            Kind::Ed25519(key) => return show(&PublicKey::Ed25519(key.verifying_key().as_bytes())),
            Kind::P256(secret) => (Curve::P256, ec::write_public(secret, &mut point)),
            Kind::P384(secret) => (Curve::P384, ec::write_public(secret, &mut point)),
            #[cfg(feature = "p521")]
            Kind::P521(secret) => (Curve::P521, ec::write_public(secret, &mut point)),
        };
        let point = point.get(..length.unwrap_or_default()).unwrap_or_default();
        show(&PublicKey::Ec { curve, point })
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        match &self.0 {
            Kind::P256(_) => SignatureAlgorithm::Ecdsa(Curve::P256),
            Kind::P384(_) => SignatureAlgorithm::Ecdsa(Curve::P384),
            #[cfg(feature = "p521")]
            Kind::P521(_) => SignatureAlgorithm::Ecdsa(Curve::P521),
            Kind::Ed25519(_) => SignatureAlgorithm::Ed25519,
        }
    }

    fn sign_digest(&self, digest: &Digest, out: &mut [u8]) -> Option<bool> {
        match &self.0 {
            _ if !hash::knows(digest.algorithm()) => None,
            Kind::P256(secret) => Some(ec::sign(secret, digest, out)),
            Kind::P384(secret) => Some(ec::sign(secret, digest, out)),
            #[cfg(feature = "p521")]
            Kind::P521(secret) => Some(ec::sign(secret, digest, out)),
            Kind::Ed25519(_) => None,
        }
    }

    // By itself, so that a signature on a curve does not take the stack of this one.
    #[inline(never)]
    fn sign_message(&self, message: &[u8], out: &mut [u8]) -> Option<bool> {
        let Kind::Ed25519(key) = &self.0 else { return None };
        let signature = key.try_sign(message).ok().map(|signature| signature.to_bytes());
        Some(signature.is_some_and(|signature| {
            out.copy_from_slice(&signature);
            true
        }))
    }
}

#[cfg(feature = "p521")]
fn p521_from(info: PrivateKeyInfoRef<'_>) -> Option<Kind> {
    SecretKey::try_from(info).ok().map(Kind::P521)
}

#[cfg(not(feature = "p521"))]
fn p521_from(_info: PrivateKeyInfoRef<'_>) -> Option<Kind> {
    None
}

impl Signer for PrivateKey {
    fn supports(&self, algorithm: SignatureAlgorithm) -> bool {
        self.algorithm() == algorithm
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
        let done = match signed {
            Signed::Digest(digest) => self.sign_digest(digest, out),
            Signed::Message { bytes, .. } => self.sign_message(bytes, out),
        };
        done.ok_or(refused)?.then_some(Signing::Done).ok_or(SignError::Failed)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({}, ..)", self.algorithm())
    }
}

#[cfg(test)]
mod tests {
    use ecdsa::elliptic_curve::zeroize::ZeroizeOnDrop;

    use super::*;

    /// It compiles only for types that wipe themselves.
    fn is_wiped<T: ZeroizeOnDrop>() {}

    #[test]
    fn what_holds_a_secret_is_wiped_when_it_is_dropped() {
        is_wiped::<SecretKey<NistP256>>();
        is_wiped::<SecretKey<NistP384>>();
        #[cfg(feature = "p521")]
        is_wiped::<SecretKey<NistP521>>();
        is_wiped::<ed25519_dalek::SigningKey>();
        #[cfg(feature = "rsa")]
        is_wiped::<rsa::PrivateKey>();
        is_wiped::<crate::aead::Aes256Gcm>();
        is_wiped::<chacha20poly1305::ChaCha20Poly1305>();
    }
}
