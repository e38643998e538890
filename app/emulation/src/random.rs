//! Chance that repeats: everything random of an emulated device comes from the seed of its machine.

use std::sync::{Arc, Mutex, PoisonError};

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use lanewarden_aws_lc::{Aead, AwsLc, Hash, VerifyingKey};
use lanewarden_crypto::{
    AeadAlgorithm, ExchangeError, Group, HashAlgorithm, KeyError, Provider, PublicKey, RandomError,
    SignatureAlgorithm,
};
use lanewarden_rustcrypto::{KeyExchange, RandomSource, RustCrypto};
use sha2::{Digest, Sha256};

/// 32 bytes for one purpose, by its label.
pub(crate) fn bytes(seed: u64, label: &str) -> [u8; 32] {
    Sha256::new()
        .chain_update(b"lanewarden emulation 1\0")
        .chain_update(seed.to_le_bytes())
        .chain_update(label.as_bytes())
        .finalize()
        .into()
}

/// A stream of bytes; clones draw from the same.
#[derive(Clone)]
pub(crate) struct Stream(Arc<Mutex<ChaCha20Rng>>);

impl Stream {
    pub fn new(seed: u64, label: &str) -> Self {
        Self(Arc::new(Mutex::new(ChaCha20Rng::from_seed(bytes(seed, label)))))
    }

    pub fn draw(&self, out: &mut [u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(out);
    }
}

impl RandomSource for Stream {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> {
        self.draw(out);
        Ok(())
    }
}

/// AWS-LC with chance that repeats. It does not let others choose the keys that it exchanges, so those are made by
/// another.
#[derive(Clone)]
pub(crate) struct Repeatable(pub Stream);

impl Repeatable {
    fn exchanging(&self) -> RustCrypto<Stream> {
        RustCrypto::new(self.0.clone())
    }
}

impl Provider for Repeatable {
    type Hash = Hash;
    type VerifyingKey = VerifyingKey;
    type KeyExchange = KeyExchange;
    type Aead = Aead;

    fn hash(&self, algorithm: HashAlgorithm) -> Option<Hash> {
        AwsLc.hash(algorithm)
    }

    fn hmac(
        &self,
        algorithm: HashAlgorithm,
        key: &[u8],
        parts: &[&[u8]],
    ) -> Option<lanewarden_crypto::Digest> {
        AwsLc.hmac(algorithm, key, parts)
    }

    fn verifies(&self, algorithm: SignatureAlgorithm, hash: HashAlgorithm) -> bool {
        AwsLc.verifies(algorithm, hash)
    }

    fn verifying_key(&self, key: &PublicKey<'_>) -> Result<VerifyingKey, KeyError> {
        AwsLc.verifying_key(key)
    }

    fn exchanges(&self, group: Group) -> bool {
        self.exchanging().exchanges(group)
    }

    fn key_exchange(&self, group: Group) -> Result<KeyExchange, ExchangeError> {
        self.exchanging().key_exchange(group)
    }

    fn aead(&self, algorithm: AeadAlgorithm, key: &[u8]) -> Option<Aead> {
        AwsLc.aead(algorithm, key)
    }

    fn random(&self, out: &mut [u8]) -> Result<(), RandomError> {
        self.0.draw(out);
        Ok(())
    }
}
