//! Chains that are right.

use lanewarden_crypto::{Curve, Hash, HashAlgorithm, Provider, Signed, VerifyingKey};
use rcgen::{
    CustomExtension, ExtendedKeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384,
    PKCS_ECDSA_P521_SHA256, PKCS_ECDSA_P521_SHA384, PKCS_ECDSA_P521_SHA512, PKCS_ED25519, PKCS_RSA_SHA256,
    PKCS_RSA_SHA384, PKCS_RSA_SHA512, SigningKey,
};

use super::support::*;
use crate::certificate::*;

with_every_provider! {
    a_chain_of_any_depth_is_trusted
    a_chain_may_leave_its_root_out
    a_leaf_may_be_the_trust_anchor_itself
    every_algorithm_of_a_chain_is_known
    a_leafs_key_checks_what_its_owner_signs
    dice_extensions_may_be_critical
    the_leaf_says_which_device_it_is_for
    the_marks_tell_the_model_of_the_device
    the_chain_digest_is_that_of_all_bytes
    the_validity_is_the_shortest
    a_large_chain_has_four_bytes_of_length
    a_root_may_be_the_anchors_name_and_key_in_another_certificate
}

fn a_chain_of_any_depth_is_trusted<P: Provider + Copy>(provider: P) {
    for count in 1..=6 {
        let pki = pki(count, |_, _| {});
        let validated = judge(provider, &pki.whole(), &pki.certificates[0]).unwrap();
        assert_eq!(validated.distrust, Reasons::default(), "{count} certificates");
        assert_eq!(validated.leaf.index() as usize, count - 1);
        assert_eq!(validated.checked_at, Some(NOW));
    }
}

fn a_chain_may_leave_its_root_out<P: Provider + Copy>(provider: P) {
    for count in 2..=6 {
        let pki = pki(count, |_, _| {});
        assert_eq!(reasons(provider, &pki.without_root(), &pki.certificates[0]), []);
    }
}

fn a_leaf_may_be_the_trust_anchor_itself<P: Provider + Copy>(provider: P) {
    let pki = pki(2, |_, _| {});
    let leaf = &pki.certificates[1];
    assert_eq!(reasons(provider, &encode(&pki.certificates[1..], leaf), leaf), []);
}

fn every_algorithm_of_a_chain_is_known<P: Provider + Copy>(provider: P) {
    for algorithm in [
        &PKCS_ECDSA_P256_SHA256,
        &PKCS_ECDSA_P384_SHA384,
        &PKCS_ECDSA_P521_SHA256,
        &PKCS_ECDSA_P521_SHA384,
        &PKCS_ECDSA_P521_SHA512,
        &PKCS_ED25519,
        &PKCS_RSA_SHA256,
        &PKCS_RSA_SHA384,
        &PKCS_RSA_SHA512,
    ] {
        let pki = signed_with(&[algorithm, &PKCS_ECDSA_P256_SHA256, algorithm], |_, _| {});
        assert_eq!(pki.reasons(provider), [], "{algorithm:?}");
    }
}

fn a_leafs_key_checks_what_its_owner_signs<P: Provider + Copy>(provider: P) {
    let pki = signed_with(&[&PKCS_ED25519, &PKCS_ECDSA_P384_SHA384, &PKCS_ED25519], |_, _| {});
    let leaf = judge(provider, &pki.whole(), &pki.certificates[0]).unwrap().leaf;
    assert!(leaf.suits(lanewarden_crypto::SignatureAlgorithm::Ed25519));
    assert!(!leaf.suits(lanewarden_crypto::SignatureAlgorithm::Ecdsa(Curve::P256)));
    let signature = pki.keys[2].sign(b"a nonce").unwrap();
    let check = |bytes| {
        let signed = Signed::Message { bytes, context: &[] };
        leaf.key().verify(lanewarden_crypto::SignatureAlgorithm::Ed25519, signed, &signature)
    };
    check(b"a nonce").unwrap();
    check(b"another").unwrap_err();
}

fn dice_extensions_may_be_critical<P: Provider + Copy>(provider: P) {
    for arc in [1, 4, 5, 9] {
        let pki = pki(4, |level, parameters| {
            if level >= 2 {
                let mut extension =
                    CustomExtension::from_oid_content(&[2, 23, 133, 5, 4, arc], vec![0x30, 0]);
                extension.set_criticality(true);
                parameters.custom_extensions = vec![extension];
            }
        });
        assert_eq!(pki.reasons(provider), []);
        let leaf = Certificate::parse(&pki.certificates[3]).unwrap();
        let dice: Vec<_> = leaf.extensions().filter(Extension::is_dice).collect();
        assert_eq!(dice.len(), 1);
        assert_eq!((dice[0].critical, dice[0].value), (true, [0x30, 0].as_slice()));
    }
}

fn the_leaf_says_which_device_it_is_for<P: Provider + Copy>(provider: P) {
    let pki = pki(3, |_, _| {});
    let leaf = judge(provider, &pki.whole(), &pki.certificates[0]).unwrap().leaf;
    leaf.identity().check(&DEVICE).unwrap();
    let other = DeviceIdentity { device_id: 0x0D59, ..DEVICE };
    assert_eq!(leaf.identity().check(&other), Err(IdentityError::Differs(IdentityField::Device)));
}

fn the_marks_tell_the_model_of_the_device<P: Provider + Copy>(provider: P) {
    let mark = |last| {
        let mut content = vec![0x30, 0x0E, 0x30, 0x0C, 6, 10, 0x2B, 6, 1, 4, 1, 0x83, 0x1C, 0x82, 0x12];
        content.push(last);
        vec![CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 412, 274, 6], content)]
    };
    let pki = pki(4, |level, parameters| match level {
        2 => parameters.custom_extensions = mark(2),
        3 => parameters.custom_extensions = mark(5),
        _ => {}
    });
    let leaf = judge(provider, &pki.whole(), &pki.certificates[0]).unwrap().leaf;
    assert_eq!(leaf.hints(), ModelHints { hardware_identity: Some(2), mutable: Some(3) });
}

fn the_chain_digest_is_that_of_all_bytes<P: Provider + Copy>(provider: P) {
    let pki = pki(3, |_, parameters| {
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any];
    });
    let chain = pki.whole();
    let validated = judge(provider, &chain, &pki.certificates[0]).unwrap();
    let mut hash = provider.hash(HASH).unwrap();
    hash.update(&chain);
    let expected = hash.finish();
    assert_eq!(validated.leaf.chain_digest(), &expected);
    assert_eq!(validated.remember_as.digest, expected);
    let key = Certificate::parse(&pki.certificates[2]).unwrap().key().as_der().to_vec();
    assert_eq!(validated.leaf.key_digest(), &digest(&provider, HashAlgorithm::Sha256, &key).unwrap());
}

fn the_validity_is_the_shortest<P: Provider + Copy>(provider: P) {
    let pki = pki(4, |level, parameters| match level {
        1 => parameters.not_after = rcgen::date_time_ymd(2035, 1, 1),
        2 => parameters.not_before = rcgen::date_time_ymd(2025, 1, 1),
        _ => {}
    });
    let leaf = judge(provider, &pki.whole(), &pki.certificates[0]).unwrap().leaf;
    assert_eq!(leaf.validity(), Validity { not_before: 1_735_689_600, not_after: 2_051_222_400 });
}

fn a_large_chain_has_four_bytes_of_length<P: Provider + Copy>(provider: P) {
    let pki = pki(2, |_, parameters| {
        let filler = vec![0; 3000];
        parameters.custom_extensions = vec![CustomExtension::from_oid_content(&[1, 2, 3], filler)];
    });
    let mut many = vec![pki.certificates[0].clone(); 20];
    many.push(pki.certificates[1].clone());
    let chain = encode(&many, &pki.certificates[0]);
    assert!(chain.len() > 65_535);
    let anchors = [pki.certificates[0].as_slice()];
    let anchors = AnchorList::new(&anchors, 1).unwrap();
    let standard = Rules::responder(HASH, Some(NOW));
    let rules = Rules { format: ChainFormat::Large, max_length: 1 << 20, ..standard };
    let validated = judge_by(provider, &chain, rules, &anchors, &NoRevocations).unwrap();
    assert_eq!(validated.distrust, Reasons::default());
    assert_eq!(validated.leaf.index(), 20);
    let cut = judge_by(provider, &chain, standard, &anchors, &NoRevocations).unwrap_err();
    assert!(matches!(cut, ChainError::PastEnd { .. } | ChainError::Excess(_)), "{cut:?}");
}

fn a_root_may_be_the_anchors_name_and_key_in_another_certificate<P: Provider + Copy>(provider: P) {
    let pki = pki(3, |_, _| {});
    let mut renewed = pki.parameters[0].clone();
    renewed.serial_number = Some(99.into());
    let renewed = renewed.self_signed(&pki.keys[0]).unwrap();
    assert_eq!(reasons(provider, &pki.whole(), renewed.der()), []);
}
