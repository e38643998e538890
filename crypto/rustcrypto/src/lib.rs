//! Cryptography without an operating system, by RustCrypto.
//!
//! [`RustCrypto`] is the provider; whoever makes one gives it a [`RandomSource`]. [`PrivateKey`] is a signer whose key
//! lies in memory; it needs no randomness, since its signatures are deterministic (RFC 6979, RFC 8032).
//!
//! Without features there are SHA-2, HMAC, P-256 and P-384 (signatures and key exchange), Ed25519 and the ciphers, and nothing allocates. Features add to
//! that: `p521`, `ffdhe`, `sha3`, `rsa` (with a heap) and `std` (the operating system's randomness).
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "rsa")]
extern crate alloc;

mod aead;
mod ec;
mod exchange;
#[cfg(feature = "ffdhe")]
mod ffdhe;
mod hash;
mod private;
mod random;
#[cfg(feature = "rsa")]
mod rsa;
mod verifying;

use lanewarden_crypto::{
    AeadAlgorithm, Curve, Digest, ExchangeError, Group, HashAlgorithm, KeyError, Provider, PublicKey,
    RandomError, SignatureAlgorithm,
};

pub use aead::Aead;
pub use exchange::KeyExchange;
pub use hash::Hash;
pub use private::{PrivateKey, PrivateKeyError};
#[cfg(feature = "std")]
pub use random::OsRandom;
pub use random::RandomSource;
#[cfg(feature = "rsa")]
pub use rsa::RsaPrivateKey;
pub use verifying::VerifyingKey;

/// The provider, with its source of randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct RustCrypto<R> {
    random: R,
}

impl<R: RandomSource> RustCrypto<R> {
    /// A provider whose private values come from this source.
    pub const fn new(random: R) -> Self {
        Self { random }
    }
}

impl<R: RandomSource> Provider for RustCrypto<R> {
    type Hash = Hash;
    type VerifyingKey = VerifyingKey;
    type KeyExchange = KeyExchange;
    type Aead = Aead;

    fn hash(&self, algorithm: HashAlgorithm) -> Option<Hash> {
        Hash::new(algorithm)
    }

    fn digest(&self, algorithm: HashAlgorithm, parts: &[&[u8]]) -> Option<Digest> {
        hash::digest(algorithm, parts)
    }

    fn hmac(&self, algorithm: HashAlgorithm, key: &[u8], parts: &[&[u8]]) -> Option<Digest> {
        hash::hmac(algorithm, key, parts)
    }

    fn verifies(&self, algorithm: SignatureAlgorithm, hash: HashAlgorithm) -> bool {
        match algorithm {
            SignatureAlgorithm::RsaPkcs1(_) | SignatureAlgorithm::RsaPss(_) => {
                cfg!(feature = "rsa") && hash::knows(hash)
            }
            // Only RSA looks at the name of the hash.
            SignatureAlgorithm::Ecdsa(Curve::P521) => cfg!(feature = "p521"),
            SignatureAlgorithm::Ecdsa(_) | SignatureAlgorithm::Ed25519 => true,
        }
    }

    fn verifying_key(&self, key: &PublicKey<'_>) -> Result<VerifyingKey, KeyError> {
        VerifyingKey::new(key)
    }

    fn exchanges(&self, group: Group) -> bool {
        exchange::knows(group)
    }

    fn key_exchange(&self, group: Group) -> Result<KeyExchange, ExchangeError> {
        KeyExchange::new(group, &self.random)
    }

    fn aead(&self, algorithm: AeadAlgorithm, key: &[u8]) -> Option<Aead> {
        Aead::new(algorithm, key)
    }

    fn random(&self, out: &mut [u8]) -> Result<(), RandomError> {
        self.random.fill(out)
    }
}
