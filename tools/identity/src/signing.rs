//! How certificates are signed.

use der::asn1::{Any, Null};
use der::oid::ObjectIdentifier;
use lanewarden_crypto::{HashAlgorithm, SignatureAlgorithm};
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::signature::{RandomizedSigner, SignatureEncoding, Signer};
use rsa::pkcs1::RsaPssParams;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use x509_cert::spki::AlgorithmIdentifierOwned;

use crate::error::GenerateError;
use crate::key::PrivateKey;
use crate::seed::Seed;

const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");

/// The hashes that certificates are signed over here.
#[derive(Clone, Copy)]
enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    fn of(hash: HashAlgorithm) -> Option<Self> {
        match hash {
            HashAlgorithm::Sha256 => Some(Self::Sha256),
            HashAlgorithm::Sha384 => Some(Self::Sha384),
            HashAlgorithm::Sha512 => Some(Self::Sha512),
            _ => None,
        }
    }

    /// RFC 5758, 3.2.
    fn with_ecdsa(self) -> ObjectIdentifier {
        match self {
            Self::Sha256 => ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2"),
            Self::Sha384 => ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3"),
            Self::Sha512 => ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4"),
        }
    }

    /// RFC 4055, 5.
    fn with_rsa(self) -> ObjectIdentifier {
        match self {
            Self::Sha256 => ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11"),
            Self::Sha384 => ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12"),
            Self::Sha512 => ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13"),
        }
    }

    fn pss_parameters(self) -> Result<Any, der::Error> {
        match self {
            Self::Sha256 => Any::encode_from(&RsaPssParams::new::<Sha256>(32)),
            Self::Sha384 => Any::encode_from(&RsaPssParams::new::<Sha384>(48)),
            Self::Sha512 => Any::encode_from(&RsaPssParams::new::<Sha512>(64)),
        }
    }

    fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha384 => Sha384::digest(message).to_vec(),
            Self::Sha512 => Sha512::digest(message).to_vec(),
        }
    }
}

/// An algorithm with its hash: one that certificates are signed with.
#[derive(Clone, Copy)]
pub(crate) struct Method {
    algorithm: SignatureAlgorithm,
    hash: Hash,
}

impl Method {
    pub(crate) fn new(algorithm: SignatureAlgorithm, hash: HashAlgorithm) -> Result<Self, GenerateError> {
        // Ed25519 has its own.
        let hash = if algorithm.is_pure() { Some(Hash::Sha512) } else { Hash::of(hash) }
            .ok_or(GenerateError::Unsupported { algorithm, hash })?;
        Ok(Self { algorithm, hash })
    }

    pub(crate) fn algorithm(self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// As a certificate names it.
    pub(crate) fn identifier(self) -> Result<AlgorithmIdentifierOwned, der::Error> {
        let (oid, parameters) = match self.algorithm {
            SignatureAlgorithm::Ecdsa(_) => (self.hash.with_ecdsa(), None),
            SignatureAlgorithm::Ed25519 => (ED25519, None),
            SignatureAlgorithm::RsaPkcs1(_) => (self.hash.with_rsa(), Some(Any::encode_from(&Null)?)),
            SignatureAlgorithm::RsaPss(_) => (RSA_PSS, Some(self.hash.pss_parameters()?)),
        };
        Ok(AlgorithmIdentifierOwned { oid, parameters })
    }

    /// Signs as certificates are signed: ECDSA's two numbers in DER (RFC 3279, 2.2.3), without randomness (RFC 6979);
    /// the salt of PSS comes from the seed.
    pub(crate) fn sign(
        self,
        key: &PrivateKey,
        message: &[u8],
        seed: &Seed,
    ) -> Result<Vec<u8>, GenerateError> {
        match key {
            PrivateKey::P256(key) => {
                let key = p256::ecdsa::SigningKey::from(key);
                prehashed::<p256::ecdsa::DerSignature>(&key, &self.hash.digest(message))
            }
            PrivateKey::P384(key) => {
                let key = p384::ecdsa::SigningKey::from(key);
                prehashed::<p384::ecdsa::DerSignature>(&key, &self.hash.digest(message))
            }
            PrivateKey::P521(key) => {
                let key = p521::ecdsa::SigningKey::from(key);
                prehashed::<p521::ecdsa::DerSignature>(&key, &widened(self.hash.digest(message)))
            }
            PrivateKey::Ed25519(key) => Ok(key.sign(message).to_bytes().to_vec()),
            PrivateKey::Rsa(key) => self.rsa(key, message, seed),
        }
    }

    fn rsa(self, key: &rsa::PrivateKey, message: &[u8], seed: &Seed) -> Result<Vec<u8>, GenerateError> {
        let pss = matches!(self.algorithm, SignatureAlgorithm::RsaPss(_));
        match (self.hash, pss) {
            (Hash::Sha256, false) => signed(&rsa::pkcs1v15::SigningKey::<Sha256>::new(key.clone()), message),
            (Hash::Sha384, false) => signed(&rsa::pkcs1v15::SigningKey::<Sha384>::new(key.clone()), message),
            (Hash::Sha512, false) => signed(&rsa::pkcs1v15::SigningKey::<Sha512>::new(key.clone()), message),
            (Hash::Sha256, true) => salted(&rsa::pss::SigningKey::<Sha256>::new(key.clone()), message, seed),
            (Hash::Sha384, true) => salted(&rsa::pss::SigningKey::<Sha384>::new(key.clone()), message, seed),
            (Hash::Sha512, true) => salted(&rsa::pss::SigningKey::<Sha512>::new(key.clone()), message, seed),
        }
    }
}

/// The same number in 64 bytes: a digest shorter than half of P-521's scalars is not taken as it is.
fn widened(digest: Vec<u8>) -> Vec<u8> {
    let mut wide = vec![0; 64_usize.saturating_sub(digest.len())];
    wide.extend(digest);
    wide
}

fn prehashed<S: SignatureEncoding>(
    key: &impl PrehashSigner<S>,
    digest: &[u8],
) -> Result<Vec<u8>, GenerateError> {
    key.sign_prehash(digest).map(|signature| signature.to_vec()).map_err(|_| GenerateError::Key)
}

fn signed(key: &impl Signer<rsa::pkcs1v15::Signature>, message: &[u8]) -> Result<Vec<u8>, GenerateError> {
    key.try_sign(message).map(|signature| signature.to_vec()).map_err(|_| GenerateError::Key)
}

fn salted(
    key: &impl RandomizedSigner<rsa::pss::Signature>,
    message: &[u8],
    seed: &Seed,
) -> Result<Vec<u8>, GenerateError> {
    let mut salt = seed.stream("salt", "")?;
    key.try_sign_with_rng(&mut salt, message)
        .map(|signature| signature.to_vec())
        .map_err(|_| GenerateError::Key)
}
