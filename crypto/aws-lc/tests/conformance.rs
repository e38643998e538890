//! The known answers and the refusals that every provider must show.

use lanewarden_aws_lc::{AwsLc, KeyKind, Pkcs8, PrivateKey};
use lanewarden_crypto::{AeadAlgorithm, Curve, Group, Provider, Signer};
use lanewarden_crypto_conformance::{self as conformance, Coverage};

fn all(checked: usize) -> Coverage {
    Coverage { checked, skipped: 0 }
}

#[test]
fn hashes_and_macs_are_the_standards() {
    assert_eq!(conformance::hashes(&AwsLc), all(108));
    assert_eq!(conformance::macs(&AwsLc), all(42));
}

#[test]
fn ecdsa_takes_every_hash_on_every_curve() {
    assert_eq!(conformance::ecdsa(&AwsLc), all(36));
    assert_eq!(conformance::ecdsa_refusals(&AwsLc), all(3));
}

#[test]
fn ed25519_is_strict() {
    assert_eq!(conformance::ed25519(&AwsLc), all(4));
    assert_eq!(conformance::ed25519_refusals(&AwsLc), all(18));
}

#[test]
fn rsa_takes_every_hash_with_every_size() {
    assert_eq!(conformance::rsa(&AwsLc), all(36));
    assert_eq!(conformance::rsa_refusals(&AwsLc), all(18));
}

#[test]
fn every_key_signs_and_nothing_else_is_a_key() {
    let make = |der: &[u8]| PrivateKey::from_pkcs8(der).ok().map(|key| Box::new(key) as Box<dyn Signer>);
    assert_eq!(conformance::signers(&AwsLc, make), all(10));
}

#[test]
fn halves_of_an_exchange_meet_in_every_group() {
    assert_eq!(conformance::exchanges(&AwsLc), all(6));
    assert_eq!(conformance::exchange_refusals(&AwsLc), all(23));
}

#[test]
fn ciphers_open_what_was_sealed_and_nothing_else() {
    assert_eq!(conformance::aeads(&AwsLc), all(8));
}

#[test]
fn keys_go_to_any_thread_and_are_not_printed() {
    fn is_shared<T: Clone + Send + Sync>(_: &T) {}
    let pkcs8 = Pkcs8::generate(KeyKind::Ec(Curve::P384)).unwrap();
    let key = PrivateKey::from_pkcs8(pkcs8.as_bytes()).unwrap();
    let public = AwsLc.verifying_key(&key.public_key()).unwrap();
    is_shared(&key);
    is_shared(&public);
    assert_eq!(format!("{key:?} {pkcs8:?}"), "PrivateKey(Ec(P384), ..) Pkcs8(..)");
    let cipher = AwsLc.aead(AeadAlgorithm::Aes128Gcm, &[0x42; 16]).unwrap();
    assert_eq!(format!("{cipher:?}"), "Aead(Aes128Gcm, ..)");
    let half = AwsLc.key_exchange(Group::Secp521r1).unwrap();
    assert_eq!(format!("{half:?}"), "KeyExchange(Secp521r1, ..)");
}
