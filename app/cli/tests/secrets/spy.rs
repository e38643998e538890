//! A provider of cryptography that takes down all secrets of its sessions. Whoever is at the other end has the same.

use std::sync::{Arc, Mutex};

use lanewarden_aws_lc::AwsLc;
use lanewarden_crypto::{
    AeadAlgorithm, Digest, ExchangeError, Group, HashAlgorithm, KeyError, KeyExchange, Provider, PublicKey,
    RandomError, SignatureAlgorithm,
};

/// A secret, and what it is: the label that it was derived with, or what is said of it here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub what: String,
    pub bytes: Vec<u8>,
    /// The secret that it was derived from.
    pub from: Vec<u8>,
}

/// What the secret of a session begins with: that of a key exchange, or a pre-shared key.
pub const MATERIAL: &str = "shared";

/// The provider. Its clones take down in the same place.
#[derive(Clone, Default)]
pub struct Spy(Arc<Mutex<Told>>);

#[derive(Default)]
struct Told {
    secrets: Vec<Known>,
    public: Vec<u8>,
}

impl Spy {
    /// The secrets so far, in their order.
    pub fn known(&self) -> Vec<Known> {
        self.0.lock().unwrap().secrets.clone()
    }

    /// The other side's public value of the last exchange of keys.
    pub fn public(&self) -> Vec<u8> {
        self.0.lock().unwrap().public.clone()
    }

    fn learn(&self, what: &str, from: &[u8], bytes: &[u8]) {
        let known = Known { what: what.to_owned(), bytes: bytes.to_vec(), from: from.to_vec() };
        self.0.lock().unwrap().secrets.push(known);
    }

    /// What came of an HMAC (DSP0274 1.3, 12.2 and 12.3): of HKDF-Expand, what it asks for at its front; of HKDF-Extract,
    /// all; what a finished key makes is no secret.
    fn learn_of(&self, key: &[u8], message: &[u8], code: &Digest) {
        if let Some((length, text)) =
            message.split_first_chunk::<2>().filter(|(_, text)| text.starts_with(b"spdm1."))
        {
            let labels = ["req hs data", "rsp hs data", "req app data", "rsp app data", "exp master"];
            let labels = labels.into_iter().chain(["derived", "finished", "key", "iv", "traffic upd"]);
            let label = labels.into_iter().find(|label| text[8..].starts_with(label.as_bytes())).unwrap();
            self.learn(label, key, &code.as_bytes()[..usize::from(u16::from_le_bytes(*length))]);
        } else if !self.known().iter().any(|known| known.what == "finished" && known.bytes == key) {
            let is_first = message.iter().any(|byte| *byte != 0);
            if is_first {
                self.learn(MATERIAL, &[], message);
            }
            self.learn(if is_first { "handshake" } else { "master" }, key, code.as_bytes());
        }
    }
}

/// A half of an exchange, whose other half is taken down.
pub struct SpyExchange(<AwsLc as Provider>::KeyExchange, Spy);

impl KeyExchange for SpyExchange {
    fn group(&self) -> Group {
        self.0.group()
    }

    fn public(&self, out: &mut [u8]) -> Result<(), ExchangeError> {
        self.0.public(out)
    }

    fn agree<R>(self, peer: &[u8], with: impl FnOnce(&[u8]) -> R) -> Result<R, ExchangeError> {
        self.1.0.lock().unwrap().public = peer.to_vec();
        self.0.agree(peer, with)
    }
}

impl Provider for Spy {
    type Hash = <AwsLc as Provider>::Hash;
    type VerifyingKey = <AwsLc as Provider>::VerifyingKey;
    type KeyExchange = SpyExchange;
    type Aead = <AwsLc as Provider>::Aead;

    fn hash(&self, algorithm: HashAlgorithm) -> Option<Self::Hash> {
        AwsLc.hash(algorithm)
    }

    fn hmac(&self, algorithm: HashAlgorithm, key: &[u8], parts: &[&[u8]]) -> Option<Digest> {
        let code = AwsLc.hmac(algorithm, key, parts)?;
        self.learn_of(key, &parts.concat(), &code);
        Some(code)
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

    fn key_exchange(&self, group: Group) -> Result<Self::KeyExchange, ExchangeError> {
        AwsLc.key_exchange(group).map(|half| SpyExchange(half, self.clone()))
    }

    fn aead(&self, algorithm: AeadAlgorithm, key: &[u8]) -> Option<Self::Aead> {
        AwsLc.aead(algorithm, key)
    }

    fn random(&self, out: &mut [u8]) -> Result<(), RandomError> {
        AwsLc.random(out)
    }
}
