//! The provider.

use std::cell::Cell;
use std::rc::Rc;

use lanewarden_crypto::{
    Aead, AeadAlgorithm, AeadError, Digest, ExchangeError, Group, Hash, HashAlgorithm, KeyError, KeyExchange,
    MAX_DIGEST_SIZE, Mac, NONCE_SIZE, Provider, PublicKey, RandomError, SignatureAlgorithm, Signed, Tag,
    VerifyError, VerifyingKey,
};

/// FNV-1a over 64 bits, spread to the size of a digest. "Random" bytes count up; a key signs with its public half.
#[derive(Clone, Debug, Default)]
pub struct Stub(Rc<Cell<u64>>);

/// A hash in work.
#[derive(Clone, Debug)]
pub struct StubHash {
    algorithm: HashAlgorithm,
    state: u64,
}

impl StubHash {
    fn new(algorithm: HashAlgorithm) -> Self {
        let mut hash = Self { algorithm, state: 0xcbf2_9ce4_8422_2325 };
        Hash::update(&mut hash, algorithm.name().as_bytes());
        hash
    }
}

impl Hash for StubHash {
    fn algorithm(&self) -> HashAlgorithm {
        self.algorithm
    }

    fn update(&mut self, bytes: &[u8]) {
        let step = |state: u64, byte: &u8| (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        self.state = bytes.iter().fold(self.state, step);
    }

    fn finish(self) -> Digest {
        let mut bytes = [0; MAX_DIGEST_SIZE];
        let bytes = &mut bytes[..self.algorithm.size()];
        spread(self.state, bytes);
        Digest::new(self.algorithm, bytes).unwrap()
    }
}

impl Mac for StubHash {
    fn update(&mut self, bytes: &[u8]) {
        Hash::update(self, bytes);
    }

    fn finish(self) -> Digest {
        Hash::finish(self)
    }
}

/// Splitmix64.
fn spread(mut state: u64, out: &mut [u8]) {
    for chunk in out.chunks_mut(8) {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        chunk.copy_from_slice(&(mixed ^ mixed >> 31).to_le_bytes()[..chunk.len()]);
    }
}

/// The signature of whoever has this public key.
pub fn sign(key: &[u8], algorithm: SignatureAlgorithm, signed: Signed<'_>) -> Vec<u8> {
    let mut hash = StubHash::new(HashAlgorithm::Sha512);
    let (bytes, context): (&[u8], &[u8]) = match signed {
        Signed::Digest(digest) => (digest.as_bytes(), digest.algorithm().name().as_bytes()),
        Signed::Message { bytes, context } => (bytes, context),
    };
    for part in [key, algorithm.name().as_bytes(), bytes, context] {
        Hash::update(&mut hash, &part.len().to_le_bytes());
        Hash::update(&mut hash, part);
    }
    let mut signature = vec![0; algorithm.signature_size()];
    spread(hash.state, &mut signature);
    signature
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StubKey(pub Vec<u8>);

impl VerifyingKey for StubKey {
    fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        signed: Signed<'_>,
        signature: &[u8],
    ) -> Result<(), VerifyError> {
        if sign(&self.0, algorithm, signed) == signature { Ok(()) } else { Err(VerifyError::Mismatch) }
    }
}

/// What nobody asks for yet.
#[derive(Clone, Copy, Debug)]
pub enum Never {}

impl KeyExchange for Never {
    fn group(&self) -> Group {
        match *self {}
    }

    fn public(&self, _: &mut [u8]) -> Result<(), ExchangeError> {
        match *self {}
    }

    fn agree<R>(self, _: &[u8], _: impl FnOnce(&[u8]) -> R) -> Result<R, ExchangeError> {
        match self {}
    }
}

impl Aead for Never {
    fn seal(&self, _: &[u8; NONCE_SIZE], _: &[u8], _: &mut [u8]) -> Result<Tag, AeadError> {
        match *self {}
    }

    fn open(&self, _: &[u8; NONCE_SIZE], _: &[u8], _: &mut [u8], _: &Tag) -> Result<(), AeadError> {
        match *self {}
    }
}

impl Provider for Stub {
    type Hash = StubHash;
    type Mac = StubHash;
    type VerifyingKey = StubKey;
    type KeyExchange = Never;
    type Aead = Never;

    fn hash(&self, algorithm: HashAlgorithm) -> Option<StubHash> {
        Some(StubHash::new(algorithm))
    }

    fn hmac(&self, algorithm: HashAlgorithm, key: &[u8]) -> Option<StubHash> {
        let mut hash = StubHash::new(algorithm);
        Hash::update(&mut hash, key);
        Some(hash)
    }

    fn verifies(&self, _: SignatureAlgorithm, _: HashAlgorithm) -> bool {
        true
    }

    fn verifying_key(&self, key: &PublicKey<'_>) -> Result<StubKey, KeyError> {
        Ok(StubKey(match key {
            PublicKey::Rsa { modulus, exponent } => [*modulus, *exponent].concat(),
            PublicKey::Ec { point, .. } => point.to_vec(),
            PublicKey::Ed25519(key) => key.to_vec(),
        }))
    }

    fn exchanges(&self, _: Group) -> bool {
        false
    }

    fn key_exchange(&self, _: Group) -> Result<Never, ExchangeError> {
        Err(ExchangeError::Unsupported)
    }

    fn aead(&self, _: AeadAlgorithm, _: &[u8]) -> Option<Never> {
        None
    }

    fn random(&self, out: &mut [u8]) -> Result<(), RandomError> {
        self.0.set(self.0.get() + 1);
        spread(self.0.get(), out);
        Ok(())
    }
}
