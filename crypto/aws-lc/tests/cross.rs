//! Two providers that know nothing of each other: what one makes, the other takes.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)] // helpers of tests

use lanewarden_aws_lc::{AwsLc, KeyKind, Pkcs8, PrivateKey};
use lanewarden_crypto::{
    Aead, AeadAlgorithm, Curve, Digest, Group, Hash, HashAlgorithm, KeyExchange, Provider, PublicKey,
    RsaSize, SignatureAlgorithm, Signed, Signer, Signing, VerifyError, VerifyingKey,
};
use lanewarden_rustcrypto::{OsRandom, RsaPrivateKey, RustCrypto};
use proptest::prelude::*;

const OTHER: RustCrypto<OsRandom> = RustCrypto::new(OsRandom);
const GROUPS: [Group; 6] = [
    Group::Ffdhe2048,
    Group::Ffdhe3072,
    Group::Ffdhe4096,
    Group::Secp256r1,
    Group::Secp384r1,
    Group::Secp521r1,
];
const CURVES: [Curve; 3] = [Curve::P256, Curve::P384, Curve::P521];
const SIZES: [RsaSize; 3] = [RsaSize::Bits2048, RsaSize::Bits3072, RsaSize::Bits4096];

fn digest(algorithm: HashAlgorithm, message: &[u8]) -> Digest {
    let mut hash = AwsLc.hash(algorithm).unwrap();
    hash.update(message);
    hash.finish()
}

fn sign(signer: &mut impl Signer, algorithm: SignatureAlgorithm, signed: Signed<'_>) -> Vec<u8> {
    let mut signature = vec![0; algorithm.signature_size()];
    assert_eq!(signer.sign(algorithm, signed, &mut signature), Ok(Signing::Done));
    signature
}

/// Both providers take it, and neither takes it with one bit turned.
fn both_take(key: &PublicKey<'_>, algorithm: SignatureAlgorithm, signed: Signed<'_>, signature: &[u8]) {
    let mut wrong = signature.to_vec();
    wrong[signature.len() / 2] ^= 4;
    for (good, expected) in [(signature, Ok(())), (&wrong, Err(VerifyError::Mismatch))] {
        let ours = AwsLc.verifying_key(key).unwrap().verify(algorithm, signed, good);
        let theirs = OTHER.verifying_key(key).unwrap().verify(algorithm, signed, good);
        assert_eq!((ours, theirs), (expected, expected), "{algorithm}, {signed:?}");
    }
}

#[test]
fn ecdsa_of_each_is_taken_by_both_with_every_hash() {
    for curve in CURVES {
        let pkcs8 = Pkcs8::generate(KeyKind::Ec(curve)).unwrap();
        let mut ours = PrivateKey::from_pkcs8(pkcs8.as_bytes()).unwrap();
        let mut theirs = lanewarden_rustcrypto::PrivateKey::from_pkcs8(pkcs8.as_bytes()).unwrap();
        theirs.with_public_key(|key| assert_eq!(*key, ours.public_key()));
        let key = ours.clone();
        for hash in HashAlgorithm::ALL {
            let (algorithm, digest) = (SignatureAlgorithm::Ecdsa(curve), digest(hash, b"of both"));
            let signed = Signed::Digest(&digest);
            both_take(&key.public_key(), algorithm, signed, &sign(&mut ours, algorithm, signed));
            both_take(&key.public_key(), algorithm, signed, &sign(&mut theirs, algorithm, signed));
        }
    }
}

#[test]
fn ed25519_of_each_is_the_same_and_taken_by_both() {
    let pkcs8 = Pkcs8::generate(KeyKind::Ed25519).unwrap();
    let mut ours = PrivateKey::from_pkcs8(pkcs8.as_bytes()).unwrap();
    let mut theirs = lanewarden_rustcrypto::PrivateKey::from_pkcs8(pkcs8.as_bytes()).unwrap();
    theirs.with_public_key(|key| assert_eq!(*key, ours.public_key()));
    let signed = Signed::Message { bytes: b"of both", context: b"left out" };
    let signature = sign(&mut ours, SignatureAlgorithm::Ed25519, signed);
    assert_eq!(signature, sign(&mut theirs, SignatureAlgorithm::Ed25519, signed));
    both_take(&ours.public_key(), SignatureAlgorithm::Ed25519, signed, &signature);
}

/// With every hash on the smallest size, and with one on the others: the library in Rust takes its time.
#[test]
fn rsa_of_each_is_taken_by_both() {
    for size in SIZES {
        let pkcs8 = Pkcs8::generate(KeyKind::Rsa(size)).unwrap();
        let mut ours = PrivateKey::from_pkcs8(pkcs8.as_bytes()).unwrap();
        let mut theirs = RsaPrivateKey::from_pkcs8(pkcs8.as_bytes(), OsRandom).unwrap();
        theirs.with_public_key(|key| assert_eq!(*key, ours.public_key()));
        let key = ours.clone();
        let hashes =
            if size == RsaSize::Bits2048 { &HashAlgorithm::ALL[..] } else { &HashAlgorithm::ALL[1..2] };
        for hash in hashes {
            let digest = digest(*hash, b"of both");
            let signed = Signed::Digest(&digest);
            for algorithm in [SignatureAlgorithm::RsaPkcs1(size), SignatureAlgorithm::RsaPss(size)] {
                both_take(&key.public_key(), algorithm, signed, &sign(&mut ours, algorithm, signed));
                both_take(&key.public_key(), algorithm, signed, &sign(&mut theirs, algorithm, signed));
            }
        }
    }
}

#[test]
fn both_come_to_the_same_secret() {
    for group in GROUPS {
        let (ours, theirs) = (AwsLc.key_exchange(group).unwrap(), OTHER.key_exchange(group).unwrap());
        let (mut here, mut there) = (vec![0; group.public_size()], vec![0; group.public_size()]);
        ours.public(&mut here).unwrap();
        theirs.public(&mut there).unwrap();
        let ours = ours.agree(&there, <[u8]>::to_vec).unwrap();
        assert_eq!(theirs.agree(&here, |theirs| theirs == ours), Ok(true));
        assert_eq!(ours.len(), group.secret_size());
    }
}

fn any_algorithm() -> impl Strategy<Value = AeadAlgorithm> {
    prop::sample::select(vec![
        AeadAlgorithm::Aes128Gcm,
        AeadAlgorithm::Aes256Gcm,
        AeadAlgorithm::ChaCha20Poly1305,
    ])
}

fn seal_and_open(sealer: &impl Aead, opener: &impl Aead, nonce: [u8; 12], associated: &[u8], message: &[u8]) {
    let mut buffer = message.to_vec();
    let mut tag = sealer.seal(&nonce, associated, &mut buffer).unwrap();
    let sealed = buffer.clone();
    opener.open(&nonce, associated, &mut buffer, &tag).unwrap();
    assert_eq!(buffer, message);
    tag[7] ^= 1;
    assert!(opener.open(&nonce, associated, &mut sealed.clone(), &tag).is_err());
}

proptest! {
    #[test]
    fn what_one_seals_the_other_opens(
        algorithm in any_algorithm(),
        key: [u8; 32],
        nonce: [u8; 12],
        associated in prop::collection::vec(any::<u8>(), 0..80),
        message in prop::collection::vec(any::<u8>(), 0..700),
    ) {
        let key = &key[..algorithm.key_size()];
        let (ours, theirs) = (AwsLc.aead(algorithm, key).unwrap(), OTHER.aead(algorithm, key).unwrap());
        seal_and_open(&ours, &theirs, nonce, &associated, &message);
        seal_and_open(&theirs, &ours, nonce, &associated, &message);
    }

    #[test]
    fn both_hash_and_authenticate_alike_however_the_message_is_cut(
        algorithm in prop::sample::select(&HashAlgorithm::ALL[..]),
        key in prop::collection::vec(any::<u8>(), 0..300),
        message in prop::collection::vec(any::<u8>(), 0..700),
        cut: prop::sample::Index,
    ) {
        let (front, back) = message.split_at(cut.index(message.len() + 1));
        let (mut ours, mut theirs) = (AwsLc.hash(algorithm).unwrap(), OTHER.hash(algorithm).unwrap());
        ours.update(front);
        ours.update(back);
        theirs.update(&message);
        prop_assert_eq!(ours.finish(), theirs.finish());
        let ours = AwsLc.hmac(algorithm, &key, &[front, back]);
        prop_assert!(ours.is_some());
        prop_assert_eq!(ours, OTHER.hmac(algorithm, &key, &[&message]));
    }
}
