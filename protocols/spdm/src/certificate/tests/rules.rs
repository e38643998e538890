//! Chains that break one rule each.

use lanewarden_crypto::Provider;
use rcgen::{BasicConstraints, CustomExtension, IsCa, Issuer, KeyUsagePurpose, date_time_ymd};

use super::support::*;
use crate::certificate::*;

with_every_provider! {
    a_chain_without_a_trust_anchor_is_not_trusted
    an_anchor_with_the_right_name_and_another_key_is_none
    the_root_hash_must_be_that_of_the_root
    the_root_hash_must_be_that_of_the_anchor_where_the_root_is_left_out
    every_certificate_must_be_valid_now
    the_anchor_must_be_valid_too
    the_first_and_the_last_second_are_valid
    times_are_not_looked_at_without_a_time
    a_revoked_certificate_is_not_trusted
    a_revoked_anchor_is_not_trusted
    the_issuers_name_must_be_the_subject_above
    a_wrong_signature_is_found_wherever_it_is
    an_issuer_must_be_a_ca
    an_issuer_must_have_the_key_usage_for_it
    an_anchor_must_be_a_ca
    a_path_length_bounds_the_cas_below
    the_anchors_path_length_counts
    a_critical_extension_must_be_known
    a_signature_of_an_unknown_kind_is_not_trusted
    several_reasons_are_all_kept
}

fn a_chain_without_a_trust_anchor_is_not_trusted<P: Provider + Copy>(provider: P) {
    let chain = pki(3, |_, _| {});
    let other = pki(1, |_, parameters| parameters.distinguished_name = name("another"));
    for bytes in [chain.whole(), chain.without_root()] {
        let found = reasons(provider, &bytes, &other.certificates[0]);
        assert_eq!(found, [Distrust::NoAnchor { named: false }]);
    }
}

fn an_anchor_with_the_right_name_and_another_key_is_none<P: Provider + Copy>(provider: P) {
    let (chain, other) = (pki(3, |_, _| {}), pki(3, |_, _| {}));
    for bytes in [chain.whole(), chain.without_root()] {
        let found = reasons(provider, &bytes, &other.certificates[0]);
        assert_eq!(found, [Distrust::NoAnchor { named: true }]);
    }
}

fn the_root_hash_must_be_that_of_the_root<P: Provider + Copy>(provider: P) {
    let pki = pki(3, |_, _| {});
    let mut chain = pki.whole();
    chain[4] ^= 1;
    assert_eq!(reasons(provider, &chain, &pki.certificates[0]), [Distrust::RootHash]);
}

fn the_root_hash_must_be_that_of_the_anchor_where_the_root_is_left_out<P: Provider + Copy>(provider: P) {
    let pki = pki(3, |_, _| {});
    let chain = encode(&pki.certificates[1..], &pki.certificates[1]);
    assert_eq!(reasons(provider, &chain, &pki.certificates[0]), [Distrust::RootHash]);
}

fn every_certificate_must_be_valid_now<P: Provider + Copy>(provider: P) {
    for wrong in 0..4 {
        let old = pki(4, |level, parameters| {
            if level == wrong {
                parameters.not_after = date_time_ymd(2025, 1, 1);
            }
        });
        let place = Place::Chain(wrong as u32);
        assert_eq!(old.reasons(provider), [Distrust::Expired { place, not_after: 1_735_689_600 }]);
        let young = pki(4, |level, parameters| {
            if level == wrong {
                parameters.not_before = date_time_ymd(2035, 1, 1);
            }
        });
        assert_eq!(young.reasons(provider), [Distrust::NotYetValid { place, not_before: 2_051_222_400 }]);
    }
}

fn the_anchor_must_be_valid_too<P: Provider + Copy>(provider: P) {
    let pki = pki(3, |level, parameters| {
        if level == 0 {
            parameters.not_after = date_time_ymd(2025, 1, 1);
        }
    });
    let expired = Distrust::Expired { place: Place::Anchor, not_after: 1_735_689_600 };
    assert_eq!(reasons(provider, &pki.without_root(), &pki.certificates[0]), [expired]);
    let mut renewed = pki.parameters[0].clone();
    renewed.not_after = date_time_ymd(2045, 1, 1);
    let renewed = renewed.self_signed(&pki.keys[0]).unwrap();
    let chain = encode(&pki.certificates[1..], renewed.der());
    let anchors = [pki.certificates[0].as_slice(), renewed.der()];
    let anchors = AnchorList::new(&anchors, 1).unwrap();
    let rules = Rules::responder(HASH, Some(NOW));
    assert!(judge_by(provider, &chain, rules, &anchors, &NoRevocations).unwrap().is_trusted());
}

fn the_first_and_the_last_second_are_valid<P: Provider + Copy>(provider: P) {
    let pki = pki(2, |_, _| {});
    let anchors = [pki.certificates[0].as_slice()];
    let anchors = AnchorList::new(&anchors, 1).unwrap();
    for (now, valid) in [(START - 1, false), (START, true), (END, true), (END + 1, false)] {
        let rules = Rules::responder(HASH, Some(now));
        let validated = judge_by(provider, &pki.whole(), rules, &anchors, &NoRevocations).unwrap();
        assert_eq!(validated.is_trusted(), valid, "{now}");
    }
}

fn times_are_not_looked_at_without_a_time<P: Provider + Copy>(provider: P) {
    let pki = pki(2, |_, parameters| parameters.not_after = date_time_ymd(2021, 1, 1));
    let anchors = [pki.certificates[0].as_slice()];
    let anchors = AnchorList::new(&anchors, 1).unwrap();
    let rules = Rules::responder(HASH, None);
    let validated = judge_by(provider, &pki.whole(), rules, &anchors, &NoRevocations).unwrap();
    assert!(validated.is_trusted());
    assert_eq!(validated.checked_at, None);
}

fn a_revoked_certificate_is_not_trusted<P: Provider + Copy>(provider: P) {
    let pki = pki(4, |_, _| {});
    for (index, der) in pki.certificates.iter().enumerate() {
        let certificate = Certificate::parse(der).unwrap();
        let fingerprint = digest(&provider, lanewarden_crypto::HashAlgorithm::Sha256, der).unwrap();
        let by_serial =
            Revoked::Serial { issuer: certificate.issuer().as_der(), serial: certificate.serial() };
        let by_fingerprint = Revoked::Fingerprint(fingerprint.as_bytes().try_into().unwrap());
        for entry in [by_serial, by_fingerprint] {
            let found = revoked(provider, &pki.whole(), &pki.certificates[0], &[entry]);
            assert_eq!(found, [Distrust::Revoked(Place::Chain(index as u32))]);
        }
    }
    let root = Certificate::parse(&pki.certificates[0]).unwrap();
    let other = Revoked::Serial { issuer: root.subject().as_der(), serial: &[77] };
    assert_eq!(revoked(provider, &pki.whole(), &pki.certificates[0], &[other]), []);
}

fn a_revoked_anchor_is_not_trusted<P: Provider + Copy>(provider: P) {
    let pki = pki(3, |_, _| {});
    let root = Certificate::parse(&pki.certificates[0]).unwrap();
    let entry = Revoked::Serial { issuer: root.issuer().as_der(), serial: root.serial() };
    let found = revoked(provider, &pki.without_root(), &pki.certificates[0], &[entry]);
    assert_eq!(found, [Distrust::Revoked(Place::Anchor)]);
}

fn revoked<P: Provider + Copy>(
    provider: P,
    chain: &[u8],
    anchor: &[u8],
    entries: &[Revoked<'_>],
) -> Vec<Distrust> {
    let anchors = [anchor];
    let anchors = AnchorList::new(&anchors, 1).unwrap();
    let rules = Rules::responder(HASH, Some(NOW));
    let validated = judge_by(provider, chain, rules, &anchors, &RevocationList::new(entries, 1)).unwrap();
    validated.distrust.iter().copied().collect()
}

fn the_issuers_name_must_be_the_subject_above<P: Provider + Copy>(provider: P) {
    let mut pki = pki(3, |_, _| {});
    let mut renamed = pki.parameters[1].clone();
    renamed.distinguished_name = name("somebody else");
    let issuer = Issuer::from_params(&renamed, &pki.keys[1]);
    pki.certificates[2] = pki.parameters[2].signed_by(&pki.keys[2], &issuer).unwrap().der().to_vec();
    assert_eq!(pki.reasons(provider), [Distrust::Issuer { index: 2 }]);
}

fn a_wrong_signature_is_found_wherever_it_is<P: Provider + Copy>(provider: P) {
    for wrong in 1..4 {
        let mut pki = pki(4, |_, _| {});
        *pki.certificates[wrong].last_mut().unwrap() ^= 1;
        assert_eq!(pki.reasons(provider), [Distrust::Signature { index: wrong as u32 }]);
    }
    let pki = pki(1, |_, _| {});
    let mut root = pki.certificates[0].clone();
    *root.last_mut().unwrap() ^= 1;
    let found = reasons(provider, &encode(&[root.clone()], &root), &pki.certificates[0]);
    assert_eq!(found, [Distrust::NoAnchor { named: true }, Distrust::Signature { index: 0 }]);
}

fn an_issuer_must_be_a_ca<P: Provider + Copy>(provider: P) {
    let pki = pki(4, |level, parameters| {
        if level == 2 {
            parameters.is_ca = IsCa::ExplicitNoCa;
        }
    });
    assert_eq!(pki.reasons(provider), [Distrust::NotCa(Place::Chain(2))]);
}

fn an_issuer_must_have_the_key_usage_for_it<P: Provider + Copy>(provider: P) {
    for usages in [vec![], vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::CrlSign]] {
        let pki = pki(4, |level, parameters| {
            if level == 1 {
                parameters.key_usages = usages.clone();
            }
        });
        assert_eq!(pki.reasons(provider), [Distrust::NoCertSign(Place::Chain(1))]);
    }
}

fn an_anchor_must_be_a_ca<P: Provider + Copy>(provider: P) {
    let pki = pki(3, |level, parameters| {
        if level == 0 {
            parameters.is_ca = IsCa::NoCa;
            parameters.key_usages = vec![];
        }
    });
    let found = reasons(provider, &pki.without_root(), &pki.certificates[0]);
    assert_eq!(found, [Distrust::NotCa(Place::Anchor)]);
}

fn a_path_length_bounds_the_cas_below<P: Provider + Copy>(provider: P) {
    // Five certificates have three CAs below the root.
    for (level, bound, wrong) in
        [(0, 3, None), (0, 2, Some(3)), (1, 2, None), (1, 1, Some(3)), (2, 0, Some(3))]
    {
        let pki = pki(5, |at, parameters| {
            if at == level {
                parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(bound));
            }
        });
        let expected: Vec<_> =
            wrong.into_iter().map(|index| Distrust::PathLength(Place::Chain(index))).collect();
        assert_eq!(pki.reasons(provider), expected, "bound {bound} at {level}");
    }
}

fn the_anchors_path_length_counts<P: Provider + Copy>(provider: P) {
    let pki = pki(4, |level, parameters| {
        if level == 0 {
            parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
        }
    });
    let found = reasons(provider, &pki.without_root(), &pki.certificates[0]);
    assert_eq!(found, [Distrust::PathLength(Place::Chain(1))]);
}

fn a_critical_extension_must_be_known<P: Provider + Copy>(provider: P) {
    for critical in [true, false] {
        let pki = pki(3, |level, parameters| {
            let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
            extension.set_criticality(critical);
            if level == 1 {
                parameters.custom_extensions = vec![extension];
            }
        });
        let oid = ObjectIdentifier::new_unwrap("1.2.3.4");
        let expected = Distrust::UnknownCritical { place: Place::Chain(1), oid };
        assert_eq!(pki.reasons(provider), if critical { vec![expected] } else { vec![] });
    }
}

fn a_signature_of_an_unknown_kind_is_not_trusted<P: Provider + Copy>(provider: P) {
    let mut pki = pki(3, |_, _| {});
    // ecdsa-with-SHA256 becomes ecdsa-with-SHA224.
    replace_all(
        &mut pki.certificates[2],
        oids::ECDSA_SHA256.as_bytes(),
        &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 1],
    );
    assert_eq!(pki.reasons(provider), [Distrust::UnsupportedSignature { index: 2 }]);
}

pub fn replace_all(bytes: &mut [u8], from: &[u8], to: &[u8]) {
    let mut found = 0;
    for at in 0..=bytes.len() - from.len() {
        if bytes[at..].starts_with(from) {
            bytes[at..at + to.len()].copy_from_slice(to);
            found += 1;
        }
    }
    assert!(found > 0);
}

fn several_reasons_are_all_kept<P: Provider + Copy>(provider: P) {
    let pki = pki(12, |_, parameters| parameters.not_after = date_time_ymd(2025, 1, 1));
    let validated = judge(provider, &pki.whole(), &pki.certificates[0]).unwrap();
    let expired = |index| Distrust::Expired { place: Place::Chain(index), not_after: 1_735_689_600 };
    assert_eq!(validated.distrust.first(), Some(&expired(0)));
    assert_eq!(validated.distrust.iter().last(), Some(&expired(MAX_REASONS as u32 - 1)));
    assert_eq!(validated.distrust.count(), 12);
}
