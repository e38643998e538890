//! A provider that tells the secrets of key exchanges.

use std::cell::RefCell;

use lanewarden_aws_lc::AwsLc;
use lanewarden_crypto::{
    AeadAlgorithm, ExchangeError, Group, KeyError, KeyExchange, PublicKey, RandomError, Signer,
};

use super::*;

thread_local! {
    /// The secret of the last key exchange.
    static SHARED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The secret of the last key exchange with [`Leaky`].
pub fn leaked() -> Vec<u8> {
    SHARED.with_borrow(Clone::clone)
}

/// AWS-LC, which tells the secrets of key exchanges.
#[derive(Clone, Debug)]
pub struct Leaky;

pub struct LeakyHalf(<AwsLc as Provider>::KeyExchange);

impl KeyExchange for LeakyHalf {
    fn group(&self) -> Group {
        self.0.group()
    }

    fn public(&self, out: &mut [u8]) -> Result<(), ExchangeError> {
        self.0.public(out)
    }

    fn agree<R>(self, peer: &[u8], with: impl FnOnce(&[u8]) -> R) -> Result<R, ExchangeError> {
        self.0.agree(peer, |shared| {
            SHARED.set(shared.to_vec());
            with(shared)
        })
    }
}

impl Provider for Leaky {
    type Hash = <AwsLc as Provider>::Hash;
    type VerifyingKey = <AwsLc as Provider>::VerifyingKey;
    type KeyExchange = LeakyHalf;
    type Aead = <AwsLc as Provider>::Aead;

    fn hash(&self, algorithm: HashAlgorithm) -> Option<Self::Hash> {
        AwsLc.hash(algorithm)
    }

    fn hmac(&self, algorithm: HashAlgorithm, key: &[u8], parts: &[&[u8]]) -> Option<Digest> {
        AwsLc.hmac(algorithm, key, parts)
    }

    fn verifies(&self, algorithm: SignatureAlgorithm, hash: HashAlgorithm) -> bool {
        AwsLc.verifies(algorithm, hash)
    }

    fn verifying_key(&self, key: &PublicKey<'_>) -> Result<Self::VerifyingKey, KeyError> {
        AwsLc.verifying_key(key)
    }

    fn exchanges(&self, group: Group) -> bool {
        AwsLc.exchanges(group)
    }

    fn key_exchange(&self, group: Group) -> Result<LeakyHalf, ExchangeError> {
        AwsLc.key_exchange(group).map(LeakyHalf)
    }

    fn aead(&self, algorithm: AeadAlgorithm, key: &[u8]) -> Option<Self::Aead> {
        AwsLc.aead(algorithm, key)
    }

    fn random(&self, out: &mut [u8]) -> Result<(), RandomError> {
        AwsLc.random(out)
    }
}

pub struct LeakyKit;

impl Kit for LeakyKit {
    type Provider = Leaky;

    fn provider() -> Leaky {
        Leaky
    }

    fn signer(algorithm: SignatureAlgorithm, number: u8) -> Box<dyn Signer> {
        AwsLcKit::signer(algorithm, number)
    }
}
