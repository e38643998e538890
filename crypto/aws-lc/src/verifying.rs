//! Public keys.

use core::fmt;
use std::sync::Arc;

use aws_lc_rs::signature::{ED25519, ParsedPublicKey};
use lanewarden_crypto::{Curve, Digest, KeyError, PublicKey, SignatureAlgorithm, Signed, VerifyError};

use crate::ecdsa::{self, Sec1};
use crate::{ed25519, rsa};

/// A public key, read once. Clones share it.
#[derive(Clone)]
pub struct VerifyingKey(Arc<Kind>);

enum Kind {
    Ecdsa(Curve, ParsedPublicKey),
    Ed25519(ParsedPublicKey),
    Rsa(rsa::Key),
}

impl VerifyingKey {
    pub(crate) fn new(key: &PublicKey<'_>) -> Result<Self, KeyError> {
        let kind = match *key {
            PublicKey::Rsa { modulus, exponent } => Kind::Rsa(rsa::Key::public(modulus, exponent)?),
            PublicKey::Ec { curve, point } => {
                let point = Sec1::new(curve, point).ok_or(KeyError::Invalid)?;
                let parsed = ParsedPublicKey::new(ecdsa::verification(curve), point.as_bytes());
                Kind::Ecdsa(curve, parsed.map_err(|_| KeyError::Invalid)?)
            }
            PublicKey::Ed25519(point) if ed25519::is_key(point) => {
                Kind::Ed25519(ParsedPublicKey::new(&ED25519, point).map_err(|_| KeyError::Invalid)?)
            }
            PublicKey::Ed25519(_) => return Err(KeyError::Invalid),
        };
        Ok(Self(Arc::new(kind)))
    }
}

impl lanewarden_crypto::VerifyingKey for VerifyingKey {
    fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        signed: Signed<'_>,
        signature: &[u8],
    ) -> Result<(), VerifyError> {
        let fits = match (&*self.0, algorithm, signed) {
            (Kind::Ecdsa(curve, key), SignatureAlgorithm::Ecdsa(wanted), _) if *curve == wanted => {
                verify_ecdsa(*curve, key, digest_in(signed)?, signature)
            }
            (Kind::Ed25519(key), SignatureAlgorithm::Ed25519, Signed::Message { bytes, .. }) => {
                verify_ed25519(key, bytes, signature)
            }
            (Kind::Ed25519(_), SignatureAlgorithm::Ed25519, Signed::Digest(_)) => {
                return Err(VerifyError::Unsupported);
            }
            (Kind::Rsa(key), SignatureAlgorithm::RsaPkcs1(size), _) if key.size() == size => {
                key.verify_pkcs1(digest_in(signed)?, signature)
            }
            (Kind::Rsa(key), SignatureAlgorithm::RsaPss(size), _) if key.size() == size => {
                key.verify_pss(digest_in(signed)?, signature)
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

fn verify_ecdsa(curve: Curve, key: &ParsedPublicKey, digest: &Digest, signature: &[u8]) -> bool {
    ecdsa::fitted(curve, digest).is_some_and(|digest| key.verify_digest_sig(&digest, signature).is_ok())
}

fn verify_ed25519(key: &ParsedPublicKey, message: &[u8], signature: &[u8]) -> bool {
    signature.first_chunk().is_some_and(ed25519::is_sound) && key.verify_sig(message, signature).is_ok()
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Kind::Ecdsa(curve, _) => write!(f, "VerifyingKey({curve:?})"),
            Kind::Ed25519(_) => f.write_str("VerifyingKey(Ed25519)"),
            Kind::Rsa(key) => write!(f, "VerifyingKey(Rsa {:?})", key.size()),
        }
    }
}
