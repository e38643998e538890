//! Algorithms and keys as they are written down.

use lanewarden_crypto::{Curve, HashAlgorithm, PublicKey, RsaSize, SignatureAlgorithm};

use super::support::*;
use super::surgery::tlv;
use crate::certificate::*;

fn named(oid: ObjectIdentifier) -> Vec<u8> {
    tlv(6, oid.as_bytes())
}

/// RSASSA-PSS with these hashes, salt and trailer.
fn pss(hash: ObjectIdentifier, mask: ObjectIdentifier, salt: u8, trailer: &[u8]) -> Vec<u8> {
    let hash = tlv(0x30, &named(hash));
    let mask = tlv(0x30, &[named(oids::MGF1), tlv(0x30, &[named(mask), vec![5, 0]].concat())].concat());
    let parameters =
        [tlv(0xA0, &hash), tlv(0xA1, &mask), tlv(0xA2, &[2, 1, salt]), trailer.to_vec()].concat();
    [named(oids::RSA_PSS), tlv(0x30, &parameters)].concat()
}

#[test]
fn pss_is_known_with_one_hash_and_a_salt_of_its_length() {
    use oids::{SHA3_256, SHA256, SHA384};
    let read = |algorithm: Vec<u8>| SignatureScheme::read(&algorithm);
    let known = |hash| Some(Some(SignatureScheme::RsaPss(hash)));
    assert_eq!(read(pss(SHA256, SHA256, 32, &[])), known(HashAlgorithm::Sha256));
    assert_eq!(read(pss(SHA3_256, SHA3_256, 32, &[])), known(HashAlgorithm::Sha3_256));
    assert_eq!(read(pss(SHA256, SHA256, 20, &[])), Some(None));
    assert_eq!(read(pss(SHA256, SHA384, 32, &[])), Some(None));
    assert_eq!(read(pss(SHA256, SHA256, 32, &[0xA3, 3, 2, 1, 2])), Some(None));
    // All defaults are SHA-1's.
    assert_eq!(read([named(oids::RSA_PSS), vec![0x30, 0]].concat()), Some(None));
    assert_eq!(read(named(oids::RSA_PSS)), None);
    assert_eq!(read([pss(SHA256, SHA256, 32, &[]), vec![5, 0]].concat()), None);
}

#[test]
fn parameters_are_as_the_algorithm_says() {
    let read = |oid, parameters: &[u8]| SignatureScheme::read(&[named(oid), parameters.to_vec()].concat());
    let rsa = Some(Some(SignatureScheme::RsaPkcs1(HashAlgorithm::Sha512)));
    assert_eq!(read(oids::RSA_SHA512, &[5, 0]), rsa);
    assert_eq!(read(oids::RSA_SHA512, &[]), rsa);
    assert_eq!(read(oids::RSA_SHA512, &[5, 1, 0]), None);
    assert_eq!(read(oids::ECDSA_SHA256, &[]), Some(Some(SignatureScheme::Ecdsa(HashAlgorithm::Sha256))));
    assert_eq!(read(oids::ECDSA_SHA256, &[5, 0]), None);
    assert_eq!(read(oids::ED25519, &[5, 0]), None);
    assert_eq!(read(oids::MGF1, &[5, 0]), Some(None));
}

fn info(algorithm: &[u8], bits: &[u8]) -> Vec<u8> {
    tlv(0x30, &[tlv(0x30, algorithm), tlv(3, &[&[0], bits].concat())].concat())
}

#[test]
fn a_key_for_pss_alone_makes_no_other_signature() {
    let modulus = tlv(2, &[&[0], [0xC1; 256].as_slice()].concat());
    let numbers = tlv(0x30, &[modulus, vec![2, 3, 1, 0, 1]].concat());
    for (algorithm, pss_only) in
        [(named(oids::RSA_PSS), true), ([named(oids::RSA), vec![5, 0]].concat(), false)]
    {
        let der = info(&algorithm, &numbers);
        let key = KeyInfo::parse(&der).unwrap();
        let kind = key.kind().unwrap();
        assert_eq!(kind, KeyKind::Rsa { size: Some(RsaSize::Bits2048), pss_only });
        assert!(kind.suits(SignatureAlgorithm::RsaPss(RsaSize::Bits2048)));
        assert!(!kind.suits(SignatureAlgorithm::RsaPss(RsaSize::Bits3072)));
        assert_eq!(kind.suits(SignatureAlgorithm::RsaPkcs1(RsaSize::Bits2048)), !pss_only);
        let sha256 = SignatureScheme::RsaPkcs1(HashAlgorithm::Sha256);
        assert_eq!(sha256.with_key(kind).is_some(), !pss_only);
    }
}

#[test]
fn a_point_is_not_compressed() {
    let algorithm = [named(oids::EC), named(oids::P384)].concat();
    let der = info(&algorithm, &[[4].as_slice(), &[7; 96]].concat());
    let key = KeyInfo::parse(&der).unwrap();
    assert_eq!(key.key(), Some(PublicKey::Ec { curve: Curve::P384, point: &[7; 96] }));
    let der = info(&algorithm, &[[2].as_slice(), &[7; 48]].concat());
    assert_eq!(KeyInfo::parse(&der).unwrap().key(), None);
    assert_eq!(KeyInfo::parse(&info(&algorithm, &[[4].as_slice(), &[7; 95]].concat())), None);
    assert_eq!(KeyInfo::parse(&info(&algorithm, &[])), None);
}

#[test]
fn a_key_stands_alone() {
    let mut der = info(&named(oids::ED25519), &[9; 32]);
    assert_eq!(KeyInfo::parse(&der).unwrap().kind(), Some(KeyKind::Ed25519));
    assert_eq!(KeyInfo::parse(&info(&named(oids::ED25519), &[9; 31])), None);
    der.push(0);
    assert_eq!(KeyInfo::parse(&der), None);
}
