//! Key exchange on the curves. The library has no FFDHE.

use core::fmt;

use aws_lc_rs::agreement::{self, Algorithm, ECDH_P256, ECDH_P384, ECDH_P521, PrivateKey, UnparsedPublicKey};
use lanewarden_crypto::{Curve, ExchangeError, Group};

use crate::ecdsa::Sec1;

pub(crate) fn algorithm_of(group: Group) -> Option<(Curve, &'static Algorithm)> {
    match group {
        Group::Secp256r1 => Some((Curve::P256, &ECDH_P256)),
        Group::Secp384r1 => Some((Curve::P384, &ECDH_P384)),
        Group::Secp521r1 => Some((Curve::P521, &ECDH_P521)),
        Group::Ffdhe2048 | Group::Ffdhe3072 | Group::Ffdhe4096 => None,
    }
}

/// One side's half of a key exchange.
pub struct KeyExchange {
    group: Group,
    curve: Curve,
    algorithm: &'static Algorithm,
    private: PrivateKey,
    public: agreement::PublicKey,
}

impl KeyExchange {
    pub(crate) fn new(group: Group) -> Result<Self, ExchangeError> {
        let (curve, algorithm) = algorithm_of(group).ok_or(ExchangeError::Unsupported)?;
        let private = PrivateKey::generate(algorithm).map_err(|_| ExchangeError::Failed)?;
        let public = private.compute_public_key().map_err(|_| ExchangeError::Failed)?;
        Ok(Self { group, curve, algorithm, private, public })
    }
}

impl lanewarden_crypto::KeyExchange for KeyExchange {
    fn group(&self) -> Group {
        self.group
    }

    fn public(&self, out: &mut [u8]) -> Result<(), ExchangeError> {
        let point = self.public.as_ref().get(1..).unwrap_or_default();
        out.get_mut(..point.len()).ok_or(ExchangeError::NoRoom)?.copy_from_slice(point);
        Ok(())
    }

    fn agree<R>(self, peer: &[u8], with: impl FnOnce(&[u8]) -> R) -> Result<R, ExchangeError> {
        let point = Sec1::new(self.curve, peer).ok_or(ExchangeError::InvalidPeer)?;
        let peer = UnparsedPublicKey::new(self.algorithm, point.as_bytes());
        // The library keeps the secret on the heap, and wipes it in the end.
        agreement::agree(&self.private, peer, ExchangeError::InvalidPeer, |secret| Ok(with(secret)))
    }
}

impl fmt::Debug for KeyExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyExchange({:?}, ..)", self.group)
    }
}
