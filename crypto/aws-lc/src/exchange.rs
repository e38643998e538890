//! Key exchange on the curves and in the groups of RFC 7919.

use core::fmt;

use aws_lc_rs::agreement::{self, Algorithm, ECDH_P256, ECDH_P384, ECDH_P521, PrivateKey, UnparsedPublicKey};
use lanewarden_crypto::{Curve, ExchangeError, Group};
use zeroize::Zeroizing;

use crate::ecdsa::Sec1;
use crate::ffi;

/// Bytes of the longest private number of FFDHE.
const MAX_PRIVATE: usize = 48;
/// Bytes of the longest prime.
const MAX_PRIME: usize = 512;

/// One side's half of a key exchange.
pub struct KeyExchange {
    group: Group,
    half: Half,
}

enum Half {
    Point { curve: Curve, private: PrivateKey, public: agreement::PublicKey },
    // On the heap: what is moved would leave its bytes behind.
    Number { private: Box<Zeroizing<[u8; MAX_PRIVATE]>>, public: Vec<u8> },
}

impl KeyExchange {
    pub(crate) fn new(group: Group) -> Result<Self, ExchangeError> {
        let half = match group {
            Group::Secp256r1 => Half::point(Curve::P256, &ECDH_P256),
            Group::Secp384r1 => Half::point(Curve::P384, &ECDH_P384),
            Group::Secp521r1 => Half::point(Curve::P521, &ECDH_P521),
            Group::Ffdhe2048 | Group::Ffdhe3072 | Group::Ffdhe4096 => Half::number(group),
        };
        Ok(Self { group, half: half.ok_or(ExchangeError::Failed)? })
    }
}

impl Half {
    fn point(curve: Curve, algorithm: &'static Algorithm) -> Option<Self> {
        let private = PrivateKey::generate(algorithm).ok()?;
        let public = private.compute_public_key().ok()?;
        Some(Self::Point { curve, private, public })
    }

    fn number(group: Group) -> Option<Self> {
        let mut private = Box::new(Zeroizing::new([0; MAX_PRIVATE]));
        aws_lc_rs::rand::fill(private.get_mut(..group.private_size())?).ok()?;
        let mut public = vec![0; group.public_size()];
        power(group, &[2], &private, &mut public)?;
        Some(Self::Number { private, public })
    }
}

fn power(group: Group, base: &[u8], private: &[u8; MAX_PRIVATE], out: &mut [u8]) -> Option<()> {
    ffi::power(group.prime()?, base, private.get(..group.private_size())?, out)
}

impl lanewarden_crypto::KeyExchange for KeyExchange {
    fn group(&self) -> Group {
        self.group
    }

    fn public(&self, out: &mut [u8]) -> Result<(), ExchangeError> {
        let out = out.get_mut(..self.group.public_size()).ok_or(ExchangeError::NoRoom)?;
        match &self.half {
            Half::Point { public, .. } => out.copy_from_slice(public.as_ref().get(1..).unwrap_or_default()),
            Half::Number { public, .. } => out.copy_from_slice(public),
        }
        Ok(())
    }

    fn agree<R>(self, peer: &[u8], with: impl FnOnce(&[u8]) -> R) -> Result<R, ExchangeError> {
        match self.half {
            Half::Point { curve, private, .. } => {
                let point = Sec1::new(curve, peer).ok_or(ExchangeError::InvalidPeer)?;
                let peer = UnparsedPublicKey::new(private.algorithm(), point.as_bytes());
                // The library keeps the secret on the heap, and wipes it in the end.
                agreement::agree(&private, peer, ExchangeError::InvalidPeer, |secret| Ok(with(secret)))
            }
            Half::Number { private, .. } => {
                self.group.admits(peer).then_some(()).ok_or(ExchangeError::InvalidPeer)?;
                let mut room = Zeroizing::new([0; MAX_PRIME]);
                let secret = room.get_mut(..self.group.secret_size()).ok_or(ExchangeError::Failed)?;
                power(self.group, peer, &private, secret).ok_or(ExchangeError::Failed)?;
                Ok(with(secret))
            }
        }
    }
}

impl fmt::Debug for KeyExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyExchange({:?}, ..)", self.group)
    }
}
