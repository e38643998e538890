//! Cryptography for hosted programs, by AWS-LC.
//!
//! [`AwsLc`] is a provider without state; [`PrivateKey`] is a signer whose key lies in memory. Everything goes through
//! the safe interface of aws-lc-rs but RSA, which has no SHA-3 there, and FFDHE, which is not there: `ffi` calls the library
//! for them, and is the only module that may hold `unsafe`.
#![deny(unsafe_code)]

mod aead;
mod ecdsa;
mod ed25519;
mod exchange;
#[allow(unsafe_code)]
mod ffi;
mod hash;
mod private;
mod rsa;
mod verifying;

use lanewarden_crypto::{
    AeadAlgorithm, Digest, ExchangeError, Group, HashAlgorithm, KeyError, Provider, PublicKey, RandomError,
    SignatureAlgorithm,
};

pub use aead::Aead;
pub use exchange::KeyExchange;
pub use hash::Hash;
pub use private::{KeyKind, Pkcs8, PrivateKey, PrivateKeyError};
pub use verifying::VerifyingKey;

/// The provider. It has no state: one is as good as another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AwsLc;

impl Provider for AwsLc {
    type Hash = Hash;
    type VerifyingKey = VerifyingKey;
    type KeyExchange = KeyExchange;
    type Aead = Aead;

    fn hash(&self, algorithm: HashAlgorithm) -> Option<Hash> {
        Some(Hash::new(algorithm))
    }

    fn hmac(&self, algorithm: HashAlgorithm, key: &[u8], parts: &[&[u8]]) -> Option<Digest> {
        Some(hash::hmac(algorithm, key, parts))
    }

    fn verifies(&self, _algorithm: SignatureAlgorithm, _hash: HashAlgorithm) -> bool {
        true
    }

    fn verifying_key(&self, key: &PublicKey<'_>) -> Result<VerifyingKey, KeyError> {
        VerifyingKey::new(key)
    }

    fn exchanges(&self, _group: Group) -> bool {
        true
    }

    fn key_exchange(&self, group: Group) -> Result<KeyExchange, ExchangeError> {
        KeyExchange::new(group)
    }

    fn aead(&self, algorithm: AeadAlgorithm, key: &[u8]) -> Option<Aead> {
        Aead::new(algorithm, key)
    }

    fn random(&self, out: &mut [u8]) -> Result<(), RandomError> {
        aws_lc_rs::rand::fill(out).map_err(|_| RandomError)
    }
}
