extern crate std;

use std::format;

use lanewarden_aws_lc::AwsLc;
use lanewarden_crypto::Aead;
use lanewarden_rustcrypto::{OsRandom, RustCrypto};

use super::*;

const HASH: SessionHash = SessionHash { version: Version::V1_2, algorithm: HashAlgorithm::Sha384 };

fn digest(fill: u8) -> Digest {
    Digest::new(HashAlgorithm::Sha384, &[fill; 48]).unwrap()
}

fn handshake(hash: SessionHash, shared: &[u8]) -> HandshakeSecret {
    HandshakeSecret::from_exchange(&AwsLc, hash, shared).unwrap()
}

#[test]
fn two_providers_derive_the_same() {
    let other = RustCrypto::new(OsRandom);
    for algorithm in HashAlgorithm::ALL {
        let hash = SessionHash { algorithm, ..HASH };
        let th = Digest::new(algorithm, &[9; 64][..algorithm.size()]).unwrap();
        let (ours, theirs) = (
            HandshakeSecret::from_psk(&AwsLc, hash, b"psk"),
            HandshakeSecret::from_psk(&other, hash, b"psk"),
        );
        let (ours, theirs) = (ours.unwrap(), theirs.unwrap());
        assert_eq!(ours.directions(&AwsLc, &th), theirs.directions(&other, &th));
        let exported = |master: MasterSecret| master.exporter(&other, &th).unwrap();
        assert_eq!(exported(ours.master(&AwsLc).unwrap()), exported(theirs.master(&other).unwrap()));
    }
}

#[test]
fn every_secret_differs_from_every_other() {
    let handshake = handshake(HASH, b"shared");
    let early = handshake.directions(&AwsLc, &digest(1)).unwrap();
    let master = handshake.master(&AwsLc).unwrap();
    let late = master.directions(&AwsLc, &digest(1)).unwrap();
    let finished = [&early.requester, &early.responder].map(|secret| secret.finished_key(&AwsLc).unwrap().0);
    let next = late.requester.next(&AwsLc).unwrap();
    let export = master.exporter(&AwsLc, &digest(1)).unwrap();
    let all = [
        &handshake.0,
        &master.0,
        &early.requester,
        &early.responder,
        &late.requester,
        &late.responder,
        &finished[0],
        &finished[1],
        &next,
        &export,
    ];
    for (at, secret) in all.iter().enumerate() {
        assert!(all[at + 1..].iter().all(|other| secret != other));
    }
}

#[test]
fn a_secret_depends_on_version_transcript_and_what_was_shared() {
    let secret = |version, shared: &[u8], th| {
        let hash = SessionHash { version, ..HASH };
        handshake(hash, shared).directions(&AwsLc, &digest(th)).unwrap().requester.as_bytes().to_vec()
    };
    let first = secret(Version::V1_2, b"shared", 1);
    assert_eq!(first, secret(Version::V1_2, b"shared", 1));
    assert_ne!(first, secret(Version::V1_3, b"shared", 1));
    assert_ne!(first, secret(Version::V1_2, b"Shared", 1));
    assert_ne!(first, secret(Version::V1_2, b"shared", 2));
}

#[test]
fn the_salt_of_a_pre_shared_key_is_another_from_1_3_on() {
    let both = |version| {
        let hash = SessionHash { version, ..HASH };
        (HandshakeSecret::from_psk(&AwsLc, hash, b"shared").unwrap(), handshake(hash, b"shared"))
    };
    for version in [Version::V1_1, Version::V1_2] {
        let (psk, exchange) = both(version);
        assert_eq!(psk, exchange);
    }
    let (psk, exchange) = both(Version::V1_3);
    assert_ne!(psk, exchange);
}

#[test]
fn verify_data_is_of_one_key_and_one_transcript() {
    let sides = handshake(HASH, b"shared").directions(&AwsLc, &digest(1)).unwrap();
    let (ours, theirs) =
        (sides.requester.finished_key(&AwsLc).unwrap(), sides.responder.finished_key(&AwsLc).unwrap());
    let data = ours.verify_data(&AwsLc, &digest(2)).unwrap();
    assert_eq!(ours.verifies(&AwsLc, &digest(2), data.as_bytes()), Some(true));
    assert_eq!(ours.verifies(&AwsLc, &digest(3), data.as_bytes()), Some(false));
    assert_eq!(theirs.verifies(&AwsLc, &digest(2), data.as_bytes()), Some(false));
    assert_eq!(ours.verifies(&AwsLc, &digest(2), &data.as_bytes()[..47]), Some(false));
    for at in 0..48 {
        let mut wrong = data.as_bytes().to_vec();
        wrong[at] ^= 1;
        assert_eq!(ours.verifies(&AwsLc, &digest(2), &wrong), Some(false));
    }
}

#[test]
fn a_digest_of_another_hash_is_refused() {
    let other = Digest::new(HashAlgorithm::Sha3_384, &[1; 48]).unwrap();
    let handshake = handshake(HASH, b"shared");
    assert_eq!(handshake.directions(&AwsLc, &other), None);
    let finished = handshake.directions(&AwsLc, &digest(1)).unwrap().requester.finished_key(&AwsLc).unwrap();
    assert_eq!(finished.verify_data(&AwsLc, &other), None);
    assert_eq!(finished.verifies(&AwsLc, &other, &[0; 48]), None);
}

#[test]
fn each_cipher_gets_a_key_of_its_length() {
    let secret = handshake(HASH, b"shared").0;
    let seal = |algorithm| {
        let keys = secret.traffic_keys(&AwsLc, algorithm).unwrap();
        keys.aead.seal(&keys.salt, b"", &mut [0; 16]).unwrap()
    };
    let tags =
        [AeadAlgorithm::Aes128Gcm, AeadAlgorithm::Aes256Gcm, AeadAlgorithm::ChaCha20Poly1305].map(seal);
    assert!(tags[0] != tags[1] && tags[1] != tags[2]);
}

#[test]
fn nothing_of_a_secret_is_printed() {
    let handshake = handshake(HASH, b"shared");
    let sides = handshake.directions(&AwsLc, &digest(1)).unwrap();
    assert_eq!(format!("{handshake:?}"), "HandshakeSecret(Secret(..))");
    assert_eq!(format!("{sides:?}"), "Directions { requester: Secret(..), responder: Secret(..) }");
    let keys = sides.requester.traffic_keys(&AwsLc, AeadAlgorithm::Aes256Gcm).unwrap();
    assert_eq!(format!("{keys:?}"), "TrafficKeys(..)");
}
