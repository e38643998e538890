//! Certificates made by another program (`tests/data/make.py`), with what OpenSSL 3.0 prints of them.

use lanewarden_crypto::{Curve, HashAlgorithm, Provider, PublicKey, RsaSize, SignatureAlgorithm};

use super::support::*;
use crate::certificate::*;

/// The bytes of a file of hexadecimal digits.
macro_rules! data {
    ($name:literal) => {
        bytes(include_str!(concat!("../../../tests/data/", $name, ".hex")))
    };
}

fn bytes(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

with_every_provider! {
    a_chain_of_pss_and_sha3_is_trusted
    an_ed25519_certificate_signs_itself
    a_list_of_revoked_certificates_is_its_issuers
    fingerprints_are_those_of_the_other_program
}

#[test]
fn an_rsa_root_is_read() {
    let der = data!("root");
    let root = Certificate::parse(&der).unwrap();
    assert_eq!(root.version(), 3);
    assert_eq!(hex(root.serial()), "ff112233445566");
    assert_eq!(root.scheme(), Some(SignatureScheme::RsaPss(HashAlgorithm::Sha384)));
    assert_eq!(root.subject().to_string(), "C=DE, O=Ex\\, \\u{c4}mple, CN=Root");
    assert!(root.is_self_issued());
    assert_eq!(root.validity(), Validity { not_before: 1_577_934_245, not_after: 2_845_249_445 });
    assert_eq!(root.basic_constraints(), BasicConstraints { ca: true, path_length: Some(2) });
    assert_eq!(root.key_usage(), Some(KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN));
    assert_eq!(root.key().kind(), Some(KeyKind::Rsa { size: Some(RsaSize::Bits2048), pss_only: false }));
    let Some(PublicKey::Rsa { modulus, exponent }) = root.key().key() else { panic!() };
    assert_eq!((modulus.len(), exponent), (256, [1, 0, 1].as_slice()));
}

#[test]
fn a_sub_ca_is_read() {
    let der = data!("sub");
    let sub = Certificate::parse(&der).unwrap();
    assert_eq!(sub.serial(), [2]);
    assert_eq!(sub.scheme(), Some(SignatureScheme::RsaPkcs1(HashAlgorithm::Sha3_256)));
    assert_eq!(sub.validity(), Validity { not_before: 1_609_459_200, not_after: 2_524_607_999 });
    assert_eq!(sub.basic_constraints(), BasicConstraints { ca: true, path_length: None });
    assert_eq!(sub.key().kind(), Some(KeyKind::Ec(Curve::P384)));
    let texts: Vec<_> = sub.issuer().attributes().map(|attribute| attribute.text).collect();
    assert_eq!(texts, [Some("DE"), Some("Ex, \u{c4}mple"), Some("Root")]);
}

#[test]
fn a_leaf_is_read() {
    let der = data!("leaf");
    let leaf = Certificate::parse(&der).unwrap();
    assert_eq!(hex(leaf.serial()), "1234567890abcdef1234567890abcdef12345678");
    assert_eq!(leaf.scheme(), Some(SignatureScheme::Ecdsa(HashAlgorithm::Sha3_512)));
    assert_eq!(leaf.validity(), Validity { not_before: 1_709_164_800, not_after: 2_524_608_000 });
    assert_eq!(leaf.basic_constraints(), BasicConstraints::default());
    let usage = KeyUsage::DIGITAL_SIGNATURE | KeyUsage::NON_REPUDIATION | KeyUsage::KEY_AGREEMENT;
    assert_eq!(leaf.key_usage(), Some(usage | KeyUsage::DECIPHER_ONLY));
    assert_eq!(leaf.extended_key_usage(), Some(ExtendedUsage::RESPONDER_AUTH));
    leaf.identity().check(&DEVICE).unwrap();
    assert_eq!(leaf.device_info(), Some("ACME:WIDGET:1234567890"));
    assert_eq!(leaf.marks(), SpdmMarks::HARDWARE_IDENTITY | SpdmMarks::MUTABLE);
    assert_eq!(leaf.unknown_critical(), None);
    assert_eq!(leaf.key().kind(), Some(KeyKind::Ec(Curve::P521)));
    let oids: Vec<_> = leaf.extensions().map(|extension| extension.oid.to_string()).collect();
    let expected =
        ["2.5.29.19", "2.5.29.15", "2.5.29.37", "2.5.29.17", "1.3.6.1.4.1.412.274.6", "2.23.133.5.4.1"];
    assert_eq!(oids, expected);
}

#[test]
fn a_tcb_info_is_read() {
    let der = data!("leaf");
    let leaf = Certificate::parse(&der).unwrap();
    let extension = leaf.extensions().find(|extension| extension.oid == oids::TCG_DICE_TCB_INFO).unwrap();
    let info = TcbInfo::parse(extension.value).unwrap();
    assert_eq!((info.vendor, info.model, info.version), (Some("ACME"), Some("Widget"), None));
    assert_eq!((info.svn, info.layer), (Some(7), None));
    assert_eq!(info.flags, Some([7, 0x80].as_slice()));
    let firmware: Vec<_> = info.firmware().collect();
    assert_eq!(firmware.len(), 1);
    assert_eq!(firmware[0].algorithm, oids::SHA256);
    assert_eq!(firmware[0].digest, (0..32).collect::<Vec<u8>>());
}

fn a_chain_of_pss_and_sha3_is_trusted<P: Provider + Copy>(provider: P) {
    let certificates = [data!("root"), data!("sub"), data!("leaf")];
    let validated = judge(provider, &encode(&certificates, &certificates[0]), &certificates[0]).unwrap();
    assert_eq!(validated.distrust, Reasons::default());
    assert!(validated.leaf.suits(SignatureAlgorithm::Ecdsa(Curve::P521)));
    assert_eq!(validated.leaf.validity(), Validity { not_before: 1_709_164_800, not_after: 2_524_607_999 });
    let root = Certificate::parse(&certificates[0]).unwrap();
    let key = provider.verifying_key(&root.key().key().unwrap()).unwrap();
    root.verify(&provider, &key, root.key().kind().unwrap()).unwrap();
    let mut changed = certificates[0].clone();
    *changed.last_mut().unwrap() ^= 1;
    let changed = Certificate::parse(&changed).unwrap();
    changed.verify(&provider, &key, root.key().kind().unwrap()).unwrap_err();
}

fn an_ed25519_certificate_signs_itself<P: Provider + Copy>(provider: P) {
    let der = data!("one");
    let one = Certificate::parse(&der).unwrap();
    assert_eq!(one.validity(), Validity { not_before: 0, not_after: 253_402_300_799 });
    let key = provider.verifying_key(&one.key().key().unwrap()).unwrap();
    one.verify(&provider, &key, one.key().kind().unwrap()).unwrap();
}

fn a_list_of_revoked_certificates_is_its_issuers<P: Provider + Copy>(provider: P) {
    let (der, sub, leaf, root) = (data!("list"), data!("sub"), data!("leaf"), data!("root"));
    let list = Crl::parse(&der).unwrap();
    let [sub, leaf, root] = [&sub, &leaf, &root].map(|der| Certificate::parse(der).unwrap());
    list.verify(&provider, &sub).unwrap();
    assert_eq!(list.verify(&provider, &root), Err(CrlError::Issuer));
    assert_eq!((list.this_update(), list.next_update()), (1_767_225_600, Some(1_798_761_600)));
    assert!(list.is_current(1_767_225_600) && list.is_current(1_798_761_600));
    assert!(!list.is_current(1_767_225_599) && !list.is_current(1_798_761_601));
    let entries: Vec<_> = list.entries().collect();
    assert_eq!(entries, [CrlEntry { serial: leaf.serial(), revoked_at: 1_735_689_600 }]);
    assert!(list.revokes(leaf.serial()) && !list.revokes(sub.serial()));
    let mut changed = der.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert!(matches!(Crl::parse(&changed).unwrap().verify(&provider, &sub), Err(CrlError::Signature(_))));
    for end in 0..der.len() {
        Crl::parse(&der[..end]).unwrap_err();
    }
}

fn fingerprints_are_those_of_the_other_program<P: Provider + Copy>(provider: P) {
    for (der, fingerprint, key) in [
        (
            data!("root"),
            "aee41421f420149b5c1e242b207e0341df60db3df2801ef310d6e17aef3cc4c5",
            "5d63caad50aa37c5a3b0658def0439d50c186daca9689c7683cf8e3a4a44cebb",
        ),
        (
            data!("one"),
            "43d5c0074c2b96a7cb3aa0c6098eaff2dcc9d8774f3dfec457156032cfe35f28",
            "b72c5f36567e13ef2d389cae36ad298b45528f23587ca9474c9501e7d0589294",
        ),
    ] {
        let sha256 = |bytes| digest(&provider, HashAlgorithm::Sha256, bytes).unwrap();
        let certificate = Certificate::parse(&der).unwrap();
        assert_eq!(hex(sha256(certificate.as_der()).as_bytes()), fingerprint);
        assert_eq!(hex(sha256(certificate.key().as_der()).as_bytes()), key);
    }
}
