//! The same seed gives the same bytes.

use crate::support::{World, one};

/// All that a device says to a host that asks for what does not need a nonce of its own.
fn said(seed: u64, spdm: &str) -> Vec<Vec<u8>> {
    let world = World::new(&one(spdm).replace("seed = 7", &format!("seed = {seed}")));
    let mut host = world.host("drive");
    host.connect().unwrap();
    host.chain(&world.emulation.anchors()).unwrap();
    host.requester
        .challenge(lanewarden_spdm::requester::ChallengeRequest {
            nonce: Some([9; 32]),
            ..Default::default()
        })
        .unwrap();
    host.run(|_| {}).unwrap();
    std::mem::take(&mut host.wire.heard)
}

#[test]
fn a_machine_says_the_same_each_time() {
    for spdm in [
        "{}",
        "{ algorithm = \"Ed25519\" }",
        "{ algorithm = \"RSAPSS-2048\" }",
        "{ algorithm = \"RSASSA-2048\" }",
        "{ algorithm = \"ECDSA-P521\" }",
    ] {
        assert_eq!(said(7, spdm), said(7, spdm), "{spdm}");
    }
}

#[test]
fn another_seed_gives_other_keys_and_nonces() {
    let (one, other) = (said(7, "{}"), said(8, "{}"));
    let different = one.iter().zip(&other).filter(|(one, other)| one != other).count();
    assert_eq!((one.len(), other.len(), different), (6, 6, 3), "DIGESTS, CERTIFICATE, CHALLENGE_AUTH");
}
