use der::{Decode, Encode};
use lanewarden_crypto::{Curve, Digest, HashAlgorithm, RsaSize, SignatureAlgorithm};
use p256::ecdsa::signature::Verifier;
use rsa::pkcs8::DecodePublicKey;
use sha2::{Digest as _, Sha256};
use x509_cert::Certificate;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};

use super::*;
use crate::spec::{IdentitySpec, Role, TcbInfo};

const SEED: [u8; 32] = [7; 32];

fn parsed(der: &[u8]) -> Certificate {
    Certificate::from_der(der).unwrap()
}

fn made(spec: &IdentitySpec) -> Identity {
    Identity::generate(&Seed::new(SEED), spec).unwrap()
}

fn with_mistake(mistake: Mistake) -> Certificate {
    let leaf = LeafSpec { mistake: Some(mistake), ..LeafSpec::default() };
    parsed(made(&IdentitySpec { leaf, ..IdentitySpec::default() }).leaf())
}

/// Whether the P-384 key of one signed the other over SHA-384.
fn signed_by(issuer: &Certificate, certificate: &Certificate) -> bool {
    let key = issuer.tbs_certificate().subject_public_key_info().to_der().unwrap();
    let key = p384::ecdsa::VerifyingKey::from_public_key_der(&key).unwrap();
    let signature = p384::ecdsa::DerSignature::try_from(certificate.signature().raw_bytes()).unwrap();
    key.verify(&certificate.tbs_certificate().to_der().unwrap(), &signature).is_ok()
}

fn extension(certificate: &Certificate, oid: &str) -> Option<(bool, Vec<u8>)> {
    let extensions = certificate.tbs_certificate().extensions()?;
    let found = extensions.iter().find(|extension| extension.extn_id.to_string() == oid)?;
    Some((found.critical, found.extn_value.as_bytes().to_vec()))
}

#[test]
fn each_certificate_is_signed_by_the_one_above() {
    let identity = made(&IdentitySpec::default());
    let chain: Vec<Certificate> = identity.chain().iter().map(|der| parsed(der)).collect();
    assert_eq!(chain.len(), 3);
    assert!(signed_by(&chain[0], &chain[0]));
    for pair in chain.windows(2) {
        assert!(signed_by(&pair[0], &pair[1]));
        assert_eq!(pair[0].tbs_certificate().subject(), pair[1].tbs_certificate().issuer());
    }
}

#[test]
fn only_authorities_are_authorities() {
    let constraints = |der: &Vec<u8>| {
        let (critical, value) =
            parsed(der).tbs_certificate().get_extension::<BasicConstraints>().unwrap().unwrap();
        assert!(critical);
        (value.ca, value.path_len_constraint)
    };
    let chain = made(&IdentitySpec::default());
    let found: Vec<_> = chain.chain().iter().map(constraints).collect();
    assert_eq!(found, [(true, Some(1)), (true, Some(0)), (false, None)]);
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    for algorithm in [
        SignatureAlgorithm::Ecdsa(Curve::P256),
        SignatureAlgorithm::Ecdsa(Curve::P384),
        SignatureAlgorithm::Ecdsa(Curve::P521),
        SignatureAlgorithm::Ed25519,
        SignatureAlgorithm::RsaPkcs1(RsaSize::Bits2048),
        SignatureAlgorithm::RsaPss(RsaSize::Bits2048),
    ] {
        let spec = IdentitySpec::of(algorithm, HashAlgorithm::Sha512);
        let (one, two) = (made(&spec), made(&spec));
        assert_eq!((one.chain(), one.key()), (two.chain(), two.key()), "{algorithm}");
    }
}

#[test]
fn the_bytes_stay_the_same_from_release_to_release() {
    let digest = |algorithm| {
        let chain = made(&IdentitySpec::of(algorithm, HashAlgorithm::Sha384)).chain_der();
        Sha256::digest(chain)[..4].to_vec()
    };
    assert_eq!(digest(SignatureAlgorithm::Ecdsa(Curve::P384)), [123, 16, 46, 119]);
    assert_eq!(digest(SignatureAlgorithm::Ed25519), [22, 88, 90, 197]);
}

#[test]
fn seeds_that_nobody_knows_differ() {
    let identity = || Identity::generate(&Seed::random().unwrap(), &IdentitySpec::default()).unwrap();
    assert_ne!(identity().key(), identity().key());
}

#[test]
fn devices_of_one_authority_share_its_certificates_only() {
    let authority = Authority::new(&Seed::new(SEED), &AuthoritySpec::default()).unwrap();
    let issue = |label| {
        let seed = Seed::new(SEED).derive(label).unwrap();
        authority.issue(&seed, &LeafSpec::default()).unwrap()
    };
    let (one, two) = (issue("one"), issue("two"));
    assert_eq!(one.root(), authority.root().unwrap());
    assert_eq!(one.chain()[..2], *authority.certificates());
    assert_eq!(one.chain()[..2], two.chain()[..2]);
    assert_ne!(one.leaf(), two.leaf());
    assert_ne!(one.key(), two.key());
    let serial = |identity: &Identity| parsed(identity.leaf()).tbs_certificate().serial_number().clone();
    assert_ne!(serial(&one), serial(&two));
}

#[test]
fn chains_are_as_long_as_asked() {
    let of = |certificates| AuthoritySpec { certificates, ..AuthoritySpec::default() };
    let spec = IdentitySpec { authority: of(0), ..IdentitySpec::default() };
    let alone = made(&spec);
    assert_eq!(alone.root(), alone.leaf());
    assert!(signed_by(&parsed(alone.leaf()), &parsed(alone.leaf())));
    let spec = IdentitySpec { authority: of(MAX_CERTIFICATES - 1), ..IdentitySpec::default() };
    assert_eq!(made(&spec).chain().len(), MAX_CERTIFICATES);
    let refused = Authority::new(&Seed::new(SEED), &of(MAX_CERTIFICATES));
    assert!(matches!(refused.err(), Some(GenerateError::TooLong(17))));
}

#[test]
fn a_leaf_says_what_it_may_do() {
    let of = |role| {
        let leaf = LeafSpec { role, ..LeafSpec::default() };
        let certificate = parsed(made(&IdentitySpec { leaf, ..IdentitySpec::default() }).leaf());
        let (_, usage) = certificate.tbs_certificate().get_extension::<KeyUsage>().unwrap().unwrap();
        assert!(usage.digital_signature() && !usage.key_cert_sign());
        extension(&certificate, "2.5.29.37").unwrap().1
    };
    // SEQUENCE of 1.3.6.1.4.1.412.274.3 and .4.
    let responder = [0x06, 0x0a, 0x2b, 6, 1, 4, 1, 0x83, 0x1c, 0x82, 0x12, 3];
    let requester = [0x06, 0x0a, 0x2b, 6, 1, 4, 1, 0x83, 0x1c, 0x82, 0x12, 4];
    assert_eq!(of(Role::Responder), [&[0x30, 12][..], &responder].concat());
    assert_eq!(of(Role::Requester), [&[0x30, 12][..], &requester].concat());
    assert_eq!(of(Role::Both), [&[0x30, 24][..], &responder, &requester].concat());
}

#[test]
fn the_pci_name_stands_where_pcie_wants_it() {
    let name = "Vendor=144d:Device=a80a:CC=010802:REV=00";
    let leaf = LeafSpec { pci_name: Some(name.to_owned()), ..LeafSpec::default() };
    let certificate = parsed(made(&IdentitySpec { leaf, ..IdentitySpec::default() }).leaf());
    // GeneralNames, otherName [0], 2.23.147, [0] EXPLICIT, UTF8String.
    let head = [0x30, 51, 0xa0, 49, 0x06, 3, 0x67, 0x81, 0x13, 0xa0, 42, 0x0c, 40];
    assert_eq!(extension(&certificate, "2.5.29.17"), Some((false, [&head[..], name.as_bytes()].concat())));
    assert_eq!(extension(&parsed(made(&IdentitySpec::default()).leaf()), "2.5.29.17"), None);
}

#[test]
fn the_firmware_stands_in_a_critical_extension() {
    let info = TcbInfo {
        vendor: "V".to_owned(),
        model: "M".to_owned(),
        version: "1.2".to_owned(),
        svn: 200,
        firmware: Digest::new(HashAlgorithm::Sha256, &[9; 32]).unwrap(),
    };
    let leaf = LeafSpec { tcb_info: Some(info), ..LeafSpec::default() };
    let certificate = parsed(made(&IdentitySpec { leaf, ..IdentitySpec::default() }).leaf());
    let mut expected =
        vec![0x30, 64, 0x80, 1, b'V', 0x81, 1, b'M', 0x82, 3, b'1', b'.', b'2', 0x83, 2, 0, 200];
    expected.extend([0xa6, 47, 0x30, 45, 0x06, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 0x04, 32]);
    expected.extend([9; 32]);
    assert_eq!(extension(&certificate, "2.23.133.5.4.1"), Some((true, expected)));
}

#[test]
fn times_are_the_default_or_as_mistaken() {
    let of = |certificate: &Certificate| {
        let validity = certificate.tbs_certificate().validity();
        (validity.not_before.to_string(), validity.not_after.to_string())
    };
    let times = |from: &str, to: &str| (format!("{from}T00:00:00Z"), format!("{to}T00:00:00Z"));
    assert_eq!(of(&parsed(made(&IdentitySpec::default()).leaf())), times("2024-01-01", "2054-01-01"));
    assert_eq!(of(&with_mistake(Mistake::Expired)), times("2024-01-01", "2024-01-02"));
    assert_eq!(of(&with_mistake(Mistake::NotYetValid)), times("2053-12-31", "2054-01-01"));
}

#[test]
fn mistakes_are_made_as_asked() {
    let (_, constraints) = with_mistake(Mistake::Authority)
        .tbs_certificate()
        .get_extension::<BasicConstraints>()
        .unwrap()
        .unwrap();
    assert!(constraints.ca);
    let (_, usage) = with_mistake(Mistake::NoDigitalSignature)
        .tbs_certificate()
        .get_extension::<KeyUsage>()
        .unwrap()
        .unwrap();
    assert!(!usage.digital_signature());
    let unknown = extension(&with_mistake(Mistake::UnknownCritical), "1.3.6.1.4.1.32473.1");
    assert!(matches!(unknown, Some((true, _))));
}

#[test]
fn a_wrong_issuer_key_is_the_only_mistake_of_the_signature() {
    let issuer = parsed(&made(&IdentitySpec::default()).chain()[1]);
    for mistake in Mistake::ALL {
        let leaf = with_mistake(mistake);
        assert_eq!(signed_by(&issuer, &leaf), mistake != Mistake::WrongIssuerKey, "{mistake:?}");
        assert_eq!(leaf.tbs_certificate().issuer(), issuer.tbs_certificate().subject());
    }
}

#[test]
fn authority_and_device_may_have_keys_of_two_kinds() {
    let spec = IdentitySpec {
        leaf: LeafSpec { algorithm: SignatureAlgorithm::Ed25519, ..LeafSpec::default() },
        ..IdentitySpec::default()
    };
    let identity = made(&spec);
    assert_eq!(identity.kind(), KeyKind::Ed25519);
    assert!(signed_by(&parsed(&identity.chain()[1]), &parsed(identity.leaf())));
}

#[test]
fn what_makes_no_certificate_is_refused() {
    let hash = HashAlgorithm::Sha3_256;
    let sha3 = AuthoritySpec { hash, ..AuthoritySpec::default() };
    let refused = |spec: &AuthoritySpec| Authority::new(&Seed::new(SEED), spec).err().unwrap();
    assert!(matches!(refused(&sha3), GenerateError::Unsupported { hash: HashAlgorithm::Sha3_256, .. }));
    let name = AuthoritySpec { name: "x".repeat(60), ..AuthoritySpec::default() };
    assert!(matches!(refused(&name), GenerateError::Name(_)));
    let validity = Validity { not_before: 1, not_after: 0 };
    let backwards = AuthoritySpec { validity, ..AuthoritySpec::default() };
    assert!(matches!(refused(&backwards), GenerateError::Validity { .. }));
    let validity = Validity { not_before: 0, not_after: u64::MAX };
    let endless = AuthoritySpec { validity, ..AuthoritySpec::default() };
    assert!(matches!(refused(&endless), GenerateError::Validity { .. }));
}

#[test]
fn secrets_are_not_printed() {
    let identity = made(&IdentitySpec::default());
    assert_eq!(format!("{:?}", Seed::new(SEED)), "Seed(..)");
    assert!(format!("{identity:?}").starts_with("Identity { kind: Ec(P384), certificate_sizes: ["));
    assert!(format!("{identity:?}").ends_with("], .. }"));
}

/// What is made here is what the project's own reader of certificates takes.
#[test]
fn the_reader_of_certificates_finds_what_was_put_in() {
    use lanewarden_spdm::certificate::{Certificate, DeviceIdentity, ExtendedUsage};
    let device = DeviceIdentity {
        vendor_id: 0x144d,
        device_id: 0xa80a,
        class_code: 0x01_0802,
        revision: 0,
        subsystem: Some((0x144d, 0xa801)),
        serial: Some(0x0123_4567_89ab_cdef),
    };
    for algorithm in [
        SignatureAlgorithm::Ecdsa(Curve::P256),
        SignatureAlgorithm::Ecdsa(Curve::P384),
        SignatureAlgorithm::Ecdsa(Curve::P521),
        SignatureAlgorithm::Ed25519,
        SignatureAlgorithm::RsaPkcs1(RsaSize::Bits2048),
        SignatureAlgorithm::RsaPss(RsaSize::Bits2048),
    ] {
        let mut spec = IdentitySpec::of(algorithm, HashAlgorithm::Sha384);
        spec.leaf.pci_name = Some(device.to_string());
        let identity = made(&spec);
        for der in identity.chain() {
            let certificate = Certificate::parse(der).unwrap();
            assert!(certificate.scheme().is_some(), "{algorithm}");
            assert!(certificate.key().kind().unwrap().suits(algorithm), "{algorithm}");
            assert_eq!(certificate.unknown_critical(), None);
        }
        let leaf = Certificate::parse(identity.leaf()).unwrap();
        assert_eq!(leaf.identity().check(&device), Ok(()));
        assert_eq!(leaf.extended_key_usage(), Some(ExtendedUsage::RESPONDER_AUTH));
    }
}
