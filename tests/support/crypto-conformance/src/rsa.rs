//! RSA.

use lanewarden_crypto::{
    Digest, HashAlgorithm, KeyError, Provider, PublicKey, RsaSize, SignatureAlgorithm, Signed, VerifyError,
};

use crate::answers::{self, Answer, SIZES};
use crate::{Case, Coverage};

const DATA: &str = include_str!("../data/rsa.txt");

struct Key {
    size: RsaSize,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

impl Key {
    fn public(&self) -> PublicKey<'_> {
        PublicKey::Rsa { modulus: &self.modulus, exponent: &self.exponent }
    }
}

fn keys() -> impl Iterator<Item = Key> {
    let answers = answers::read(DATA).into_iter().filter(|answer| answer.kind() == "rsa");
    answers.map(|answer| Key {
        size: answer.named(&SIZES),
        modulus: answer.bytes("modulus"),
        exponent: answer.bytes("exponent"),
    })
}

/// Looks at all signatures of two kinds, PKCS #1 and PSS.
fn each_signature<P: Provider>(
    provider: &P,
    kinds: [&str; 2],
    look: impl Fn(&P::VerifyingKey, &Case<'_>),
) -> Coverage {
    let mut coverage = Coverage::default();
    for key in keys() {
        for answer in answers::read(DATA) {
            if !kinds.contains(&answer.kind()) || answer.named(&SIZES) != key.size {
                continue;
            }
            let algorithm = algorithm_of(&answer, kinds[0], key.size);
            let known = provider.verifies(algorithm, answer.hash());
            coverage.count(known);
            let (digest, signature) = (answer.digest(), answer.bytes("signature"));
            let signed = Signed::Digest(&digest);
            let case = Case { key: key.public(), algorithm, signed, signature: &signature };
            match provider.verifying_key(&key.public()) {
                Ok(ready) if known => look(&ready, &case),
                Ok(ready) => case.is(&ready, Err(VerifyError::Unsupported), "with a hash that is not there"),
                Err(error) => assert_eq!((error, known), (KeyError::Unsupported, false)),
            }
        }
    }
    coverage
}

fn algorithm_of(answer: &Answer, pkcs1: &str, size: RsaSize) -> SignatureAlgorithm {
    if answer.kind() == pkcs1 { SignatureAlgorithm::RsaPkcs1(size) } else { SignatureAlgorithm::RsaPss(size) }
}

/// RSASSA-PKCS1-v1_5 and RSASSA-PSS of every size with every hash.
pub fn rsa(provider: &impl Provider) -> Coverage {
    each_signature(provider, ["pkcs1", "pss"], |key, case| {
        case.holds(key);
        let Signed::Digest(digest) = case.signed else { panic!("{:?}", case.signed) };
        let message = Signed::Message { bytes: digest.as_bytes(), context: &[] };
        Case { signed: message, ..*case }.is(key, Err(VerifyError::Unsupported), "a message, not a digest");
        let mut bytes = digest.as_bytes().to_vec();
        bytes[3] ^= 1;
        let other = Digest::new(digest.algorithm(), &bytes).unwrap();
        Case { signed: Signed::Digest(&other), ..*case }.is_refused(key, "a bit of the digest is turned");
        for hash in HashAlgorithm::ALL.into_iter().filter(|hash| *hash != digest.algorithm()) {
            if let (Some(other), true) =
                (Digest::new(hash, digest.as_bytes()), provider.verifies(case.algorithm, hash))
            {
                Case { signed: Signed::Digest(&other), ..*case }.is_refused(key, "another hash");
            }
        }
    })
}

/// Signatures that are formed wrongly, and keys that are none.
pub fn rsa_refusals(provider: &impl Provider) -> Coverage {
    for key in keys() {
        refuse_keys(provider, &key);
    }
    each_signature(provider, ["no-pkcs1", "no-pss"], |key, case| {
        case.is_refused(key, "see the data");
        let PublicKey::Rsa { modulus, .. } = case.key else { panic!("{:?}", case.key) };
        let (zero, most) = (vec![0; modulus.len()], vec![0xff; modulus.len()]);
        for number in [&zero[..], modulus, &most] {
            case.with(number).is_refused(key, "a number that means nothing");
        }
    })
}

fn refuse_keys(provider: &impl Provider, key: &Key) {
    let known = provider.verifies(SignatureAlgorithm::RsaPss(key.size), HashAlgorithm::Sha256);
    let refused = |modulus: &[u8], exponent: &[u8], error: KeyError, what: &str| {
        let made = provider.verifying_key(&PublicKey::Rsa { modulus, exponent });
        let expected = if known { error } else { KeyError::Unsupported };
        assert_eq!(made.err(), Some(expected), "{:?}: {what}", key.size);
    };
    let size = key.size.size();
    let mut even = key.modulus.clone();
    even[size - 1] &= 0xfe;
    refused(&even, &key.exponent, KeyError::Invalid, "an even modulus");
    let mut short = key.modulus.clone();
    short[0] = 0x7f;
    refused(&short, &key.exponent, KeyError::Invalid, "a modulus that is a bit short");
    refused(&[&[0], &key.modulus[..]].concat(), &key.exponent, KeyError::Invalid, "a leading zero");
    refused(&key.modulus[..128], &key.exponent, KeyError::Invalid, "1024 bits");
    refused(&[], &key.exponent, KeyError::Invalid, "no modulus");
    let longer = [&key.modulus[..], &[1]].concat();
    refused(&longer, &key.exponent, KeyError::Unsupported, "a size that has no algorithm");
    for exponent in [&[][..], &[0], &[1], &[2], &[1, 0, 0], &[0, 1, 0, 1], &[2, 0, 0, 0, 1], &key.modulus] {
        refused(&key.modulus, exponent, KeyError::Invalid, "no exponent");
    }
}
