//! Who provides.

use crate::{
    Aead, AeadAlgorithm, Digest, ExchangeError, Group, Hash, HashAlgorithm, KeyError, KeyExchange, PublicKey,
    SignatureAlgorithm, VerifyingKey,
};

/// There is no randomness to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the source of randomness failed")]
pub struct RandomError;

/// Algorithms and randomness. A value, not a global: any number of them live in one program.
pub trait Provider {
    /// Its hashes.
    type Hash: Hash;
    /// Its public keys.
    type VerifyingKey: VerifyingKey;
    /// Its halves of key exchanges.
    type KeyExchange: KeyExchange;
    /// Its ciphers.
    type Aead: Aead;

    /// A new hash; `None` where the provider does not have it.
    fn hash(&self, algorithm: HashAlgorithm) -> Option<Self::Hash>;

    /// The digest of these parts, one after the other; `None` where the provider does not have the hash.
    fn digest(&self, algorithm: HashAlgorithm, parts: &[&[u8]]) -> Option<Digest> {
        let mut hash = self.hash(algorithm)?;
        parts.iter().for_each(|part| hash.update(part));
        Some(hash.finish())
    }

    /// The HMAC (FIPS 198-1) of these parts, one after the other, under this key; `None` where the provider does not have
    /// its hash. As a [`Digest`] it is compared in constant time.
    fn hmac(&self, algorithm: HashAlgorithm, key: &[u8], parts: &[&[u8]]) -> Option<Digest>;

    /// Whether signatures of this algorithm over digests of that hash can be checked. The hash does not matter to an
    /// algorithm that is pure.
    fn verifies(&self, algorithm: SignatureAlgorithm, hash: HashAlgorithm) -> bool;

    /// Makes a public key ready for use.
    ///
    /// # Errors
    /// [`KeyError`].
    fn verifying_key(&self, key: &PublicKey<'_>) -> Result<Self::VerifyingKey, KeyError>;

    /// Whether [`Provider::key_exchange`] knows this group.
    fn exchanges(&self, group: Group) -> bool;

    /// This side's half of a key exchange, with a fresh private value.
    ///
    /// # Errors
    /// [`ExchangeError`].
    fn key_exchange(&self, group: Group) -> Result<Self::KeyExchange, ExchangeError>;

    /// A cipher under this key; `None` where the provider does not have it, or the key is not as long as
    /// [`AeadAlgorithm::key_size`] says.
    fn aead(&self, algorithm: AeadAlgorithm, key: &[u8]) -> Option<Self::Aead>;

    /// Fills a buffer from a cryptographic source.
    ///
    /// # Errors
    /// [`RandomError`]; what stands in the buffer is then of no use.
    fn random(&self, out: &mut [u8]) -> Result<(), RandomError>;
}

impl<P: Provider + ?Sized> Provider for &P {
    type Hash = P::Hash;
    type VerifyingKey = P::VerifyingKey;
    type KeyExchange = P::KeyExchange;
    type Aead = P::Aead;

    fn hash(&self, algorithm: HashAlgorithm) -> Option<Self::Hash> {
        (**self).hash(algorithm)
    }

    fn digest(&self, algorithm: HashAlgorithm, parts: &[&[u8]]) -> Option<Digest> {
        (**self).digest(algorithm, parts)
    }

    fn hmac(&self, algorithm: HashAlgorithm, key: &[u8], parts: &[&[u8]]) -> Option<Digest> {
        (**self).hmac(algorithm, key, parts)
    }

    fn verifies(&self, algorithm: SignatureAlgorithm, hash: HashAlgorithm) -> bool {
        (**self).verifies(algorithm, hash)
    }

    fn verifying_key(&self, key: &PublicKey<'_>) -> Result<Self::VerifyingKey, KeyError> {
        (**self).verifying_key(key)
    }

    fn exchanges(&self, group: Group) -> bool {
        (**self).exchanges(group)
    }

    fn key_exchange(&self, group: Group) -> Result<Self::KeyExchange, ExchangeError> {
        (**self).key_exchange(group)
    }

    fn aead(&self, algorithm: AeadAlgorithm, key: &[u8]) -> Option<Self::Aead> {
        (**self).aead(algorithm, key)
    }

    fn random(&self, out: &mut [u8]) -> Result<(), RandomError> {
        (**self).random(out)
    }
}
