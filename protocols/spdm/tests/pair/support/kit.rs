//! Both providers, with the same keys.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};

use lanewarden_aws_lc::{AwsLc, KeyKind, Pkcs8};
use lanewarden_crypto::{Provider, SignatureAlgorithm, Signer};
use lanewarden_rustcrypto::{OsRandom, RsaPrivateKey, RustCrypto};

/// A provider, and signers that go with it.
pub trait Kit {
    type Provider: Provider + Clone;

    fn provider() -> Self::Provider;

    /// A signer with the key of this kind and number: the same for every kit.
    fn signer(algorithm: SignatureAlgorithm, number: u8) -> Box<dyn Signer>;

    /// The public half of that key.
    fn verifying_key(
        algorithm: SignatureAlgorithm,
        number: u8,
    ) -> <Self::Provider as Provider>::VerifyingKey {
        let key = lanewarden_aws_lc::PrivateKey::from_pkcs8(pkcs8(algorithm, number).as_bytes()).unwrap();
        Self::provider().verifying_key(&key.public_key()).unwrap()
    }
}

pub struct AwsLcKit;

impl Kit for AwsLcKit {
    type Provider = AwsLc;

    fn provider() -> AwsLc {
        AwsLc
    }

    fn signer(algorithm: SignatureAlgorithm, number: u8) -> Box<dyn Signer> {
        Box::new(lanewarden_aws_lc::PrivateKey::from_pkcs8(pkcs8(algorithm, number).as_bytes()).unwrap())
    }
}

pub struct RustCryptoKit;

impl Kit for RustCryptoKit {
    type Provider = RustCrypto<OsRandom>;

    fn provider() -> RustCrypto<OsRandom> {
        RustCrypto::new(OsRandom)
    }

    fn signer(algorithm: SignatureAlgorithm, number: u8) -> Box<dyn Signer> {
        let pkcs8 = pkcs8(algorithm, number);
        match key_kind(algorithm) {
            KeyKind::Rsa(_) => Box::new(RsaPrivateKey::from_pkcs8(pkcs8.as_bytes(), OsRandom).unwrap()),
            _ => Box::new(lanewarden_rustcrypto::PrivateKey::from_pkcs8(pkcs8.as_bytes()).unwrap()),
        }
    }
}

/// The kind of key that an algorithm takes.
pub fn key_kind(algorithm: SignatureAlgorithm) -> KeyKind {
    match algorithm {
        SignatureAlgorithm::RsaPkcs1(size) | SignatureAlgorithm::RsaPss(size) => KeyKind::Rsa(size),
        SignatureAlgorithm::Ecdsa(curve) => KeyKind::Ec(curve),
        SignatureAlgorithm::Ed25519 => KeyKind::Ed25519,
    }
}

/// Keys are made once in a run.
fn pkcs8(algorithm: SignatureAlgorithm, number: u8) -> Pkcs8 {
    static KEYS: OnceLock<Mutex<HashMap<String, Pkcs8>>> = OnceLock::new();
    let kind = key_kind(algorithm);
    let mut keys = KEYS.get_or_init(Mutex::default).lock().unwrap();
    keys.entry(format!("{kind:?} {number}")).or_insert_with(|| Pkcs8::generate(kind).unwrap()).clone()
}
