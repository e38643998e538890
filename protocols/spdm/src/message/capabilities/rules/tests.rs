use super::super::Sizes;
use super::*;

const SESSIONS: [Version; 3] = [Version::V1_1, Version::V1_2, Version::V1_3];

/// What both sides of a session with certificates say.
const REQUESTER: RequesterFlags =
    RequesterFlags::KEY_EX.union(RequesterFlags::ENCRYPT).union(RequesterFlags::MAC);
const RESPONDER: ResponderFlags = ResponderFlags::KEY_EX
    .union(ResponderFlags::ENCRYPT)
    .union(ResponderFlags::MAC)
    .union(ResponderFlags::CERT);

fn requester(flags: RequesterFlags, versions: &[Version], rule: Option<&str>) {
    for version in versions {
        assert_eq!(flags.contradiction(*version), rule, "{version} {flags:?}");
    }
}

fn responder(flags: ResponderFlags, versions: &[Version], rule: Option<&str>) {
    for version in versions {
        assert_eq!(flags.contradiction(*version), rule, "{version} {flags:?}");
    }
}

#[test]
fn what_a_session_takes_contradicts_nothing() {
    use RequesterFlags as Q;
    use ResponderFlags as S;
    requester(Q::empty(), &Version::ALL, None);
    requester(REQUESTER, &SESSIONS, None);
    requester(Q::PSK | Q::MAC, &SESSIONS, None);
    let more = Q::HBEAT | Q::KEY_UPD | Q::HANDSHAKE_IN_THE_CLEAR | Q::EVENT | Q::CHUNK;
    requester(REQUESTER | more | Q::CERT | Q::MUT_AUTH | Q::ENCAP, &SESSIONS, None);
    responder(S::CERT | S::CHAL | S::MEAS_SIGNED, &Version::ALL, None);
    responder(RESPONDER, &SESSIONS, None);
    responder(S::PSK_WITH_CONTEXT | S::MAC, &SESSIONS, None);
    responder(S::PSK | S::ENCRYPT | S::MAC, &SESSIONS, None);
    let more = S::HBEAT | S::KEY_UPD | S::HANDSHAKE_IN_THE_CLEAR | S::EVENT | S::CHUNK;
    responder(RESPONDER | more | S::MUT_AUTH | S::ENCAP, &SESSIONS, None);
}

#[test]
fn values_that_are_reserved_are_named() {
    use RequesterFlags as Q;
    use ResponderFlags as S;
    let psk = Some("PSK_CAP has a reserved value");
    requester(Q::PSK_RESERVED | Q::MAC, &SESSIONS, psk);
    requester(Q::PSK_RESERVED | Q::PSK | Q::MAC, &SESSIONS, psk);
    responder(S::PSK | S::PSK_WITH_CONTEXT | S::MAC, &SESSIONS, psk);
    responder(S::MEAS | S::MEAS_SIGNED, &Version::ALL, Some("MEAS_CAP has a reserved value"));
    let endpoint = Some("EP_INFO_CAP has a reserved value");
    requester(Q::EP_INFO | Q::EP_INFO_SIGNED, &[Version::V1_3], endpoint);
    responder(S::EP_INFO | S::EP_INFO_SIGNED, &[Version::V1_3], endpoint);
    let keys = Some("MULTI_KEY_CAP has a reserved value");
    requester(Q::CERT | Q::MULTI_KEY_ONLY | Q::MULTI_KEY_NEGOTIATED, &[Version::V1_3], keys);
    let several = S::MULTI_KEY_ONLY | S::MULTI_KEY_NEGOTIATED | S::GET_KEY_PAIR_INFO;
    responder(S::CERT | several, &[Version::V1_3], keys);
}

#[test]
fn a_key_exchange_protects_what_follows() {
    let rule = Some("a key exchange needs ENCRYPT_CAP or MAC_CAP");
    requester(RequesterFlags::KEY_EX, &SESSIONS, rule);
    requester(RequesterFlags::PSK, &SESSIONS, rule);
    responder(ResponderFlags::CERT | ResponderFlags::KEY_EX, &SESSIONS, rule);
    responder(ResponderFlags::PSK, &SESSIONS, rule);
    responder(ResponderFlags::PSK_WITH_CONTEXT, &SESSIONS, rule);
}

#[test]
fn what_belongs_to_sessions_is_nothing_without_them() {
    use RequesterFlags as Q;
    use ResponderFlags as S;
    let rule = Some("what belongs to sessions needs a key exchange");
    for flags in [Q::ENCRYPT, Q::MAC, Q::HBEAT, Q::KEY_UPD] {
        requester(flags, &SESSIONS, rule);
    }
    for flags in [S::ENCRYPT, S::MAC, S::HBEAT, S::KEY_UPD] {
        responder(flags, &SESSIONS, rule);
    }
    requester(Q::EVENT, &[Version::V1_3], rule);
    responder(S::EVENT, &[Version::V1_3], rule);
    requester(Q::EVENT, &[Version::V1_1, Version::V1_2], None);
    responder(S::EVENT, &[Version::V1_1, Version::V1_2], None);
}

#[test]
fn a_handshake_in_the_clear_needs_certificates_of_the_exchange() {
    use RequesterFlags as Q;
    use ResponderFlags as S;
    let rule = Some("HANDSHAKE_IN_THE_CLEAR_CAP needs KEY_EX_CAP");
    requester(Q::HANDSHAKE_IN_THE_CLEAR, &SESSIONS, rule);
    requester(Q::HANDSHAKE_IN_THE_CLEAR | Q::PSK | Q::MAC, &SESSIONS, rule);
    responder(S::HANDSHAKE_IN_THE_CLEAR | S::PSK | S::MAC, &SESSIONS, rule);
    responder(S::CERT | S::HANDSHAKE_IN_THE_CLEAR, &SESSIONS, rule);
}

#[test]
fn who_proves_who_it_is_has_a_key_and_an_occasion() {
    use RequesterFlags as Q;
    use ResponderFlags as S;
    let key = Some("CHAL_CAP and MUT_AUTH_CAP need CERT_CAP or PUB_KEY_ID_CAP");
    requester(Q::CHAL, &SESSIONS, key);
    requester(REQUESTER | Q::MUT_AUTH | Q::ENCAP, &SESSIONS, key);
    responder(S::CHAL, &Version::ALL, key);
    responder(S::PSK | S::MAC | S::MUT_AUTH | S::ENCAP, &SESSIONS, key);
    let occasion = Some("MUT_AUTH_CAP needs KEY_EX_CAP or CHAL_CAP");
    requester(Q::CERT | Q::MUT_AUTH | Q::ENCAP, &SESSIONS, occasion);
    responder(S::PUB_KEY_ID | S::MUT_AUTH | S::ENCAP, &SESSIONS, occasion);
    requester(Q::CERT | Q::CHAL | Q::MUT_AUTH | Q::ENCAP, &SESSIONS, None);
    let one = Some("CERT_CAP and PUB_KEY_ID_CAP exclude each other");
    requester(Q::CERT | Q::PUB_KEY_ID, &SESSIONS, one);
    responder(S::CERT | S::PUB_KEY_ID, &SESSIONS, one);
}

#[test]
fn mutual_authentication_goes_by_encapsulated_requests_in_1_1() {
    use RequesterFlags as Q;
    use ResponderFlags as S;
    let rule = Some("MUT_AUTH_CAP needs ENCAP_CAP in 1.1");
    requester(REQUESTER | Q::CERT | Q::MUT_AUTH, &[Version::V1_1], rule);
    responder(RESPONDER | S::MUT_AUTH, &[Version::V1_1], rule);
    requester(REQUESTER | Q::CERT | Q::MUT_AUTH, &[Version::V1_2, Version::V1_3], None);
    responder(RESPONDER | S::MUT_AUTH, &[Version::V1_2, Version::V1_3], None);
}

#[test]
fn in_1_2_mutual_authentication_stands_for_encapsulated_requests_too() {
    for version in SESSIONS {
        assert!(RequesterFlags::ENCAP.takes_encapsulated(version));
        assert!(ResponderFlags::ENCAP.takes_encapsulated(version));
        assert_eq!(RequesterFlags::MUT_AUTH.takes_encapsulated(version), version == Version::V1_2);
        assert_eq!(ResponderFlags::MUT_AUTH.takes_encapsulated(version), version == Version::V1_2);
    }
    assert!(!ResponderFlags::KEY_EX.takes_encapsulated(Version::V1_2));
}

#[test]
fn what_is_signed_needs_a_key_to_be_known_by() {
    use RequesterFlags as Q;
    use ResponderFlags as S;
    let exchange = Some("KEY_EX_CAP needs CERT_CAP or PUB_KEY_ID_CAP");
    responder(S::KEY_EX | S::MAC, &SESSIONS, exchange);
    responder(S::KEY_EX | S::MAC | S::PUB_KEY_ID, &SESSIONS, None);
    let measurements = Some("signed measurements need CERT_CAP or PUB_KEY_ID_CAP");
    responder(S::MEAS_SIGNED, &Version::ALL, measurements);
    let endpoint = Some("signed endpoint information needs CERT_CAP or PUB_KEY_ID_CAP");
    requester(Q::EP_INFO_SIGNED, &[Version::V1_3], endpoint);
    responder(S::EP_INFO_SIGNED, &[Version::V1_3], endpoint);
    responder(S::MEAS_FRESH, &Version::ALL, Some("MEAS_FRESH_CAP needs MEAS_CAP"));
}

#[test]
fn several_keys_need_certificates_and_to_be_told_of() {
    use RequesterFlags as Q;
    use ResponderFlags as S;
    let only = &[Version::V1_3];
    let certificates = Some("MULTI_KEY_CAP needs CERT_CAP");
    requester(Q::MULTI_KEY_ONLY | Q::PUB_KEY_ID, only, certificates);
    responder(S::MULTI_KEY_NEGOTIATED | S::GET_KEY_PAIR_INFO, only, certificates);
    responder(S::CERT | S::MULTI_KEY_ONLY, only, Some("MULTI_KEY_CAP needs GET_KEY_PAIR_INFO_CAP"));
    responder(S::CERT | S::MULTI_KEY_ONLY | S::GET_KEY_PAIR_INFO, only, None);
    requester(Q::CERT | Q::MULTI_KEY_NEGOTIATED, only, None);
}

#[test]
fn bits_that_a_version_does_not_know_break_no_rule_of_it() {
    requester(RequesterFlags::all(), &[Version::V1_0], None);
    responder(ResponderFlags::KEY_EX | ResponderFlags::MAC | ResponderFlags::EVENT, &[Version::V1_0], None);
}

#[test]
fn who_takes_no_chunks_takes_nothing_longer() {
    let rule = Some("MaxSPDMmsgSize needs CHUNK_CAP");
    let sizes = Some(Sizes { transfer: 42, message: 43 });
    let request = |flags| Capabilities::<RequesterFlags> { ct_exponent: 0, flags, sizes };
    assert_eq!(request(RequesterFlags::empty()).contradiction(Version::V1_2), rule);
    assert_eq!(request(RequesterFlags::CHUNK).contradiction(Version::V1_2), None);
    let answer = |flags| Capabilities::<ResponderFlags> { ct_exponent: 0, flags, sizes };
    assert_eq!(answer(ResponderFlags::empty()).contradiction(Version::V1_2), rule);
    assert_eq!(answer(ResponderFlags::CHUNK).contradiction(Version::V1_2), None);
    let mac = RequesterFlags::CHUNK | RequesterFlags::MAC;
    assert!(request(mac).contradiction(Version::V1_2).is_some());
}
