//! Key exchange on the curves, and which groups there are.

use core::fmt;

use ecdsa::elliptic_curve::SecretKey;
use lanewarden_crypto::{ExchangeError, Group};
use p256::NistP256;
use p384::NistP384;
#[cfg(feature = "p521")]
use p521::NistP521;

#[cfg(feature = "ffdhe")]
use crate::ffdhe::Ffdhe;
use crate::{RandomSource, ec};

/// Whether there is such a group.
pub(crate) const fn knows(group: Group) -> bool {
    match group {
        Group::Secp256r1 | Group::Secp384r1 => true,
        Group::Secp521r1 => cfg!(feature = "p521"),
        Group::Ffdhe2048 | Group::Ffdhe3072 | Group::Ffdhe4096 => cfg!(feature = "ffdhe"),
    }
}

/// One side's half of a key exchange. Wiped when it is dropped, and never printed.
pub struct KeyExchange(Half);

enum Half {
    P256(SecretKey<NistP256>),
    P384(SecretKey<NistP384>),
    #[cfg(feature = "p521")]
    P521(SecretKey<NistP521>),
    #[cfg(feature = "ffdhe")]
    Ffdhe(Ffdhe),
}

impl KeyExchange {
    pub(crate) fn new(group: Group, random: &impl RandomSource) -> Result<Self, ExchangeError> {
        Ok(Self(match group {
            Group::Secp256r1 => Half::P256(ec::draw(32, 0xff, random)?),
            Group::Secp384r1 => Half::P384(ec::draw(48, 0xff, random)?),
            #[cfg(feature = "p521")]
            Group::Secp521r1 => Half::P521(ec::draw(66, 0x01, random)?),
            #[cfg(feature = "ffdhe")]
            Group::Ffdhe2048 | Group::Ffdhe3072 | Group::Ffdhe4096 => {
                Half::Ffdhe(Ffdhe::draw(group, random)?)
            }
            #[cfg(not(all(feature = "ffdhe", feature = "p521")))]
            _ => return Err(ExchangeError::Unsupported),
        }))
    }
}

impl lanewarden_crypto::KeyExchange for KeyExchange {
    fn group(&self) -> Group {
        match &self.0 {
            Half::P256(_) => Group::Secp256r1,
            Half::P384(_) => Group::Secp384r1,
            #[cfg(feature = "p521")]
            Half::P521(_) => Group::Secp521r1,
            #[cfg(feature = "ffdhe")]
            Half::Ffdhe(ffdhe) => ffdhe.group,
        }
    }

    fn public(&self, out: &mut [u8]) -> Result<(), ExchangeError> {
        let written = match &self.0 {
            Half::P256(secret) => ec::write_public(secret, out),
            Half::P384(secret) => ec::write_public(secret, out),
            #[cfg(feature = "p521")]
            Half::P521(secret) => ec::write_public(secret, out),
            #[cfg(feature = "ffdhe")]
            Half::Ffdhe(ffdhe) => return ffdhe.public(out),
        };
        written.map(|_| ()).ok_or(ExchangeError::NoRoom)
    }

    fn agree<R>(self, peer: &[u8], with: impl FnOnce(&[u8]) -> R) -> Result<R, ExchangeError> {
        match &self.0 {
            Half::P256(secret) => ec::agree(secret, peer).map(|secret| with(secret.raw_secret_bytes())),
            Half::P384(secret) => ec::agree(secret, peer).map(|secret| with(secret.raw_secret_bytes())),
            #[cfg(feature = "p521")]
            Half::P521(secret) => ec::agree(secret, peer).map(|secret| with(secret.raw_secret_bytes())),
            #[cfg(feature = "ffdhe")]
            Half::Ffdhe(ffdhe) => ffdhe.agree(peer, with),
        }
    }
}

impl fmt::Debug for KeyExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyExchange({:?}, ..)", lanewarden_crypto::KeyExchange::group(self))
    }
}
