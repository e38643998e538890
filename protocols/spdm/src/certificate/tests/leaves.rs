//! Leaves that break one rule each, or have no key that can be used.

use lanewarden_crypto::{KeyError, Provider};
use rcgen::{BasicConstraints, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose};

use super::rules::replace_all;
use super::support::*;
use super::surgery::rebuild;
use crate::certificate::*;

with_every_provider! {
    a_leaf_must_not_be_a_ca
    a_leaf_must_not_sign_certificates
    a_leaf_must_have_the_key_usage_to_sign
    a_leafs_extended_usages_must_allow_its_role
    a_leaf_must_have_version_3
    a_leafs_key_must_be_of_a_known_kind
    a_leafs_point_must_be_on_its_curve
    a_leaf_alone_keeps_to_the_rules_of_leaves
}

fn with_leaf<P: Provider + Copy>(
    provider: P,
    change: impl Fn(&mut rcgen::CertificateParams),
) -> Vec<Distrust> {
    let pki = pki(3, |level, parameters| {
        if level == 2 {
            change(parameters);
        }
    });
    pki.reasons(provider)
}

fn a_leaf_must_not_be_a_ca<P: Provider + Copy>(provider: P) {
    let ca = IsCa::Ca(BasicConstraints::Unconstrained);
    assert_eq!(with_leaf(provider, |leaf| leaf.is_ca = ca), [Distrust::LeafIsCa { index: 2 }]);
    assert_eq!(with_leaf(provider, |leaf| leaf.is_ca = IsCa::ExplicitNoCa), []);
}

fn a_leaf_must_not_sign_certificates<P: Provider + Copy>(provider: P) {
    let found = with_leaf(provider, |leaf| leaf.key_usages.push(KeyUsagePurpose::KeyCertSign));
    assert_eq!(found, [Distrust::LeafSignsCertificates { index: 2 }]);
}

fn a_leaf_must_have_the_key_usage_to_sign<P: Provider + Copy>(provider: P) {
    for usages in [vec![], vec![KeyUsagePurpose::KeyAgreement, KeyUsagePurpose::DecipherOnly]] {
        let found = with_leaf(provider, |leaf| leaf.key_usages = usages.clone());
        assert_eq!(found, [Distrust::LeafCannotSign { index: 2 }]);
    }
}

fn a_leafs_extended_usages_must_allow_its_role<P: Provider + Copy>(provider: P) {
    use ExtendedKeyUsagePurpose::{Any, Other, ServerAuth};
    let dmtf = |last| Other(vec![1, 3, 6, 1, 4, 1, 412, 274, last]);
    for (usages, responder, requester) in [
        (vec![], true, true),
        (vec![ServerAuth], false, false),
        (vec![ServerAuth, Any], true, true),
        (vec![dmtf(3)], true, false),
        (vec![dmtf(4)], false, true),
        (vec![dmtf(4), ServerAuth, dmtf(3)], true, true),
    ] {
        let pki = pki(2, |level, parameters| {
            if level == 1 {
                parameters.extended_key_usages = usages.clone();
            }
        });
        let anchors = [pki.certificates[0].as_slice()];
        let anchors = AnchorList::new(&anchors, 1).unwrap();
        for (role, allowed) in [(Role::Responder, responder), (Role::Requester, requester)] {
            let rules = Rules { role, ..Rules::responder(HASH, Some(NOW)) };
            let validated = judge_by(provider, &pki.whole(), rules, &anchors, &NoRevocations).unwrap();
            let expected = (!allowed).then_some(Distrust::LeafUsage { index: 1 });
            assert_eq!(validated.distrust.first().copied(), expected, "{usages:?} as {role:?}");
        }
    }
}

fn a_leaf_must_have_version_3<P: Provider + Copy>(provider: P) {
    for version in [1, 2] {
        let mut pki = pki(3, |_, _| {});
        pki.certificates[2] = rebuild(&pki, 2, |fields| {
            fields.truncate(7);
            match version {
                1 => drop(fields.remove(0)),
                _ => fields[0] = vec![0xA0, 3, 2, 1, 1],
            }
        });
        // Without extensions, which came with version 3, it has no key usage either.
        let expected = [Distrust::LeafVersion { index: 2, version }, Distrust::LeafCannotSign { index: 2 }];
        assert_eq!(pki.reasons(provider), expected);
    }
}

fn a_leafs_key_must_be_of_a_known_kind<P: Provider + Copy>(provider: P) {
    let mut pki = pki(3, |_, _| {});
    // secp256r1 becomes the curve before it.
    replace_all(&mut pki.certificates[2], oids::P256.as_bytes(), &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 6]);
    let refused = judge(provider, &pki.whole(), &pki.certificates[0]).unwrap_err();
    assert_eq!(refused, ChainError::LeafKey { index: 2, error: KeyError::Unsupported });
}

fn a_leafs_point_must_be_on_its_curve<P: Provider + Copy>(provider: P) {
    let mut pki = pki(3, |_, _| {});
    pki.certificates[2] = rebuild(&pki, 2, |fields| *fields[6].last_mut().unwrap() ^= 1);
    let refused = judge(provider, &pki.whole(), &pki.certificates[0]).unwrap_err();
    assert_eq!(refused, ChainError::LeafKey { index: 2, error: KeyError::Invalid });
}

fn a_leaf_alone_keeps_to_the_rules_of_leaves<P: Provider + Copy>(provider: P) {
    let pki = pki(1, |_, parameters| parameters.key_usages = vec![]);
    assert_eq!(pki.reasons(provider), [Distrust::LeafCannotSign { index: 0 }]);
}
