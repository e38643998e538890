//! A provider that does no work, so that only the protocol's own code is left to be measured. The compiler cannot see
//! that.

use core::hint::black_box;

use lanewarden_crypto::{
    Aead, AeadAlgorithm, AeadError, Digest, ExchangeError, Group, Hash, HashAlgorithm, KeyError, KeyExchange,
    MAX_DIGEST_SIZE, NONCE_SIZE, Provider, PublicKey, RandomError, SignError, SignatureAlgorithm, Signed,
    Signer, Signing, Tag, VerifyError, VerifyingKey,
};

/// Says yes to everything. It is provider, key and cipher.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stub;

/// Takes everything in.
#[derive(Clone, Copy, Debug)]
pub struct StubHash(HashAlgorithm);

impl StubHash {
    #[inline(never)]
    fn digest(self) -> Digest {
        let bytes = black_box([0; MAX_DIGEST_SIZE]);
        let digest = Digest::new(self.0, bytes.get(..self.0.size()).unwrap_or_default());
        #[expect(clippy::expect_used, reason = "it has the size of its algorithm")]
        digest.expect("a digest has its algorithm's size")
    }
}

impl Hash for StubHash {
    fn algorithm(&self) -> HashAlgorithm {
        self.0
    }

    #[inline(never)]
    fn update(&mut self, bytes: &[u8]) {
        black_box(bytes);
    }

    fn finish(self) -> Digest {
        self.digest()
    }

    fn fresh(&self) -> Self {
        *self
    }
}

impl Provider for Stub {
    type Hash = StubHash;
    type VerifyingKey = Self;
    type KeyExchange = Self;
    type Aead = Self;

    #[inline(never)]
    fn hash(&self, algorithm: HashAlgorithm) -> Option<StubHash> {
        black_box(Some(StubHash(algorithm)))
    }

    #[inline(never)]
    fn digest(&self, algorithm: HashAlgorithm, parts: &[&[u8]]) -> Option<Digest> {
        black_box(parts);
        black_box(Some(StubHash(algorithm).digest()))
    }

    #[inline(never)]
    fn hmac(&self, algorithm: HashAlgorithm, _: &[u8], parts: &[&[u8]]) -> Option<Digest> {
        black_box(parts);
        black_box(Some(StubHash(algorithm).digest()))
    }

    #[inline(never)]
    fn verifies(&self, _: SignatureAlgorithm, _: HashAlgorithm) -> bool {
        black_box(true)
    }

    #[inline(never)]
    fn verifying_key(&self, key: &PublicKey<'_>) -> Result<Self, KeyError> {
        black_box(key);
        black_box(Ok(Self))
    }

    fn exchanges(&self, _: Group) -> bool {
        black_box(true)
    }

    fn key_exchange(&self, _: Group) -> Result<Self, ExchangeError> {
        black_box(Ok(Self))
    }

    fn aead(&self, _: AeadAlgorithm, _: &[u8]) -> Option<Self> {
        black_box(Some(Self))
    }

    #[inline(never)]
    fn random(&self, out: &mut [u8]) -> Result<(), RandomError> {
        black_box(out);
        black_box(Ok(()))
    }
}

impl VerifyingKey for Stub {
    #[inline(never)]
    fn verify(&self, _: SignatureAlgorithm, signed: Signed<'_>, signature: &[u8]) -> Result<(), VerifyError> {
        black_box((signed, signature));
        black_box(Ok(()))
    }
}

impl Signer for Stub {
    fn supports(&self, _: SignatureAlgorithm) -> bool {
        black_box(true)
    }

    fn sign(
        &mut self,
        _: SignatureAlgorithm,
        signed: Signed<'_>,
        out: &mut [u8],
    ) -> Result<Signing, SignError> {
        black_box((signed, out));
        black_box(Ok(Signing::Done))
    }
}

impl KeyExchange for Stub {
    fn group(&self) -> Group {
        black_box(Group::Secp384r1)
    }

    fn public(&self, out: &mut [u8]) -> Result<(), ExchangeError> {
        black_box(out);
        Ok(())
    }

    fn agree<R>(self, peer: &[u8], with: impl FnOnce(&[u8]) -> R) -> Result<R, ExchangeError> {
        Ok(with(black_box(peer)))
    }
}

impl Aead for Stub {
    fn seal(&self, _: &[u8; NONCE_SIZE], _: &[u8], in_out: &mut [u8]) -> Result<Tag, AeadError> {
        black_box(in_out);
        Err(AeadError::TooLong)
    }

    fn open(&self, _: &[u8; NONCE_SIZE], _: &[u8], in_out: &mut [u8], _: &Tag) -> Result<(), AeadError> {
        black_box(in_out);
        Ok(())
    }
}
