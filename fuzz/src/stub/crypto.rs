//! The provider.

use std::cell::{Cell, RefCell};
use std::hint::black_box;
use std::rc::Rc;

use lanewarden_crypto::{
    AeadAlgorithm, Digest, ExchangeError, Group, Hash, HashAlgorithm, KeyError, MAX_DIGEST_SIZE, Provider,
    PublicKey, RandomError, SignatureAlgorithm, Signed, VerifyError, VerifyingKey,
};

use super::aead::{Seen, StubAead};
use super::exchange::StubExchange;

/// FNV-1a over 64 bits, spread to the size of a digest. "Random" bytes count up; a key signs with its public half.
#[derive(Clone, Debug, Default)]
pub struct Stub {
    count: Rc<Cell<u64>>,
    seen: Rc<RefCell<Seen>>,
}

impl Stub {
    /// One whose "random" bytes are not those of others.
    pub fn numbered(number: u32) -> Self {
        let stub = Self::default();
        stub.count.set(u64::from(number) << 32);
        stub
    }

    /// What was done with its keys.
    pub fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }

    /// A cipher that it has made.
    pub fn cipher(&self, key: u64) -> StubAead {
        StubAead::known(key, &self.seen)
    }
}

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

    fn fresh(&self) -> Self {
        Self::new(self.algorithm)
    }
}

/// A hash of these parts, each after its length.
pub(super) fn digest_of(parts: &[&[u8]]) -> u64 {
    let mut hash = StubHash::new(HashAlgorithm::Sha512);
    for part in parts {
        Hash::update(&mut hash, &part.len().to_le_bytes());
        Hash::update(&mut hash, part);
    }
    hash.state
}

/// Whether both are the same, without a fuzzer learning what it would take: it sees what words are compared with, and
/// puts that into its inputs.
pub(super) fn is_same(one: &[u8], other: &[u8]) -> bool {
    let differs = |all: u8, (one, other): (&u8, &u8)| black_box(all | black_box(one ^ other));
    one.len() == other.len() && one.iter().zip(other).fold(0, differs) == 0
}

/// Splitmix64.
pub(super) fn spread(mut state: u64, out: &mut [u8]) {
    for chunk in out.chunks_mut(8) {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        chunk.copy_from_slice(&(mixed ^ mixed >> 31).to_le_bytes()[..chunk.len()]);
    }
}

/// The signature of whoever has this public key.
pub fn sign(key: &[u8], algorithm: SignatureAlgorithm, signed: Signed<'_>) -> Vec<u8> {
    let (bytes, context): (&[u8], &[u8]) = match signed {
        Signed::Digest(digest) => (digest.as_bytes(), digest.algorithm().name().as_bytes()),
        Signed::Message { bytes, context } => (bytes, context),
    };
    let state = digest_of(&[key, algorithm.name().as_bytes(), bytes, context]);
    let mut signature = vec![0; algorithm.signature_size()];
    spread(state, &mut signature);
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
        if is_same(&sign(&self.0, algorithm, signed), signature) {
            Ok(())
        } else {
            Err(VerifyError::Mismatch)
        }
    }
}

impl Provider for Stub {
    type Hash = StubHash;
    type VerifyingKey = StubKey;
    type KeyExchange = StubExchange;
    type Aead = StubAead;

    fn hash(&self, algorithm: HashAlgorithm) -> Option<StubHash> {
        Some(StubHash::new(algorithm))
    }

    fn hmac(&self, algorithm: HashAlgorithm, key: &[u8], parts: &[&[u8]]) -> Option<Digest> {
        let mut hash = StubHash::new(algorithm);
        hash.update(key);
        parts.iter().for_each(|part| hash.update(part));
        Some(hash.finish())
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
        true
    }

    fn key_exchange(&self, group: Group) -> Result<StubExchange, ExchangeError> {
        let mut private = [0; 8];
        self.random(&mut private).map_err(|_| ExchangeError::Failed)?;
        Ok(StubExchange::new(group, u64::from_le_bytes(private)))
    }

    fn aead(&self, algorithm: AeadAlgorithm, key: &[u8]) -> Option<StubAead> {
        StubAead::new(algorithm, key, &self.seen)
    }

    fn random(&self, out: &mut [u8]) -> Result<(), RandomError> {
        self.count.set(self.count.get() + 1);
        spread(self.count.get(), out);
        Ok(())
    }
}
