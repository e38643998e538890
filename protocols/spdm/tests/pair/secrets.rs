//! Secrets do not show where values are printed.

use lanewarden_spdm::message::KeyOperation;
use lanewarden_spdm::requester::PresharedKey;
use lanewarden_spdm::session::HandshakeSecret;

use crate::support::*;

/// Runs of bytes that would tell of a secret, as they are printed: decimal lists, and hexadecimal in three ways.
fn shapes(secret: &[u8]) -> Vec<String> {
    let joined = |bytes: &[u8], between: &str, shape: fn(&u8) -> String| {
        bytes.iter().map(shape).collect::<Vec<_>>().join(between)
    };
    let run = &secret[..8];
    vec![
        joined(run, ", ", |byte| byte.to_string()),
        joined(run, "", |byte| format!("{byte:02x}")),
        joined(run, " ", |byte| format!("{byte:02x}")),
        joined(run, ", ", |byte| format!("{byte:02x}")),
        joined(run, ", ", |byte| format!("{byte:#04x}")),
        joined(run, ",\n    ", |byte| byte.to_string()),
    ]
}

fn check(what: &str, printed: &[String], secrets: &[Vec<u8>]) {
    for printed in printed {
        for secret in secrets {
            for shape in shapes(secret) {
                assert!(!printed.contains(&shape), "{what}: {printed}");
            }
            let text = String::from_utf8_lossy(secret);
            assert!(!printed.contains(&*text), "{what}: {printed}");
        }
    }
}

#[test]
fn nothing_that_is_printed_shows_a_secret() {
    for is_psk in [false, true] {
        let mut responder = talker::<LeakyKit, true>(settings());
        let mut asker = Caller::<AwsLcKit>::new(only(Version::V1_2));
        let mut printed = Vec::new();
        let mut secrets: Vec<Vec<u8>> = vec![b"a key that both have".to_vec()];
        let mut tap = Tap::new(&mut responder, through);
        asker.meet_over(&mut tap);
        asker.begin(is_psk);
        // What each looks like in the handshake, as after it.
        for _ in 0..3 {
            let now = asker.now;
            printed.push(format!("{:?} {:#?}", asker.requester, asker.requester));
            printed.push(format!("{:?}", tap.middle.responder));
            printed.extend(asker.requester.sessions().map(|session| format!("{session:?} {session:#?}")));
            printed.extend(tap.middle.responder.sessions().map(|session| format!("{session:?}")));
            let step = asker.requester.poll(now).unwrap();
            let requester::Step::Send { kind, message, .. } = step else { break };
            let message = message.to_vec();
            let (kind, mut answer) = tap.carry(now, kind, &message);
            let event = asker.requester.receive(now, kind, &mut answer);
            printed.push(format!("{event:?}"));
        }
        let known = &mut tap.middle.known[0];
        secrets.push(leaked_or_key(is_psk));
        secrets.extend(known.secrets());
        known.settle();
        secrets.extend(known.secrets());
        let id = known.id;
        asker.requester.within(id).update_keys(KeyOperation::UpdateAllKeys).unwrap();
        asker.drive(&mut tap).unwrap();
        secrets.extend(tap.middle.known[0].secrets());
        printed.push(format!("{:?} {:?}", asker.requester, tap.middle.responder));
        printed.extend(asker.requester.sessions().map(|session| format!("{session:?} {session:#?}")));
        printed.push(format!("{:?}", tap.middle.responder.parts_mut().sessions));
        check("both sides", &printed, &secrets);
        assert!(secrets.iter().all(|secret| secret.len() >= 20));
    }
}

fn leaked_or_key(is_psk: bool) -> Vec<u8> {
    if is_psk { b"a key that both have".to_vec() } else { leaked() }
}

#[test]
fn building_blocks_do_not_print_what_they_hold() {
    let hash =
        lanewarden_spdm::session::SessionHash { version: Version::V1_2, algorithm: HashAlgorithm::Sha256 };
    let provider = AwsLcKit::provider();
    let key = b"a key that both have";
    let handshake = HandshakeSecret::from_psk(&provider, hash, key).unwrap();
    let both = handshake.directions(&provider, &digest_of(HashAlgorithm::Sha256, b"th")).unwrap();
    let finished = both.requester.finished_key(&provider).unwrap();
    let master = handshake.master(&provider).unwrap();
    let keys = both.requester.traffic_keys(&provider, lanewarden_crypto::AeadAlgorithm::Aes256Gcm).unwrap();
    let secrets = [
        both.requester.as_bytes().to_vec(),
        both.responder.as_bytes().to_vec(),
        keys.salt.to_vec(),
        key.to_vec(),
    ];
    let psk = PresharedKey { hint: b"hint", key };
    let printed = [
        format!("{handshake:?} {master:?} {both:?} {both:#?} {finished:?} {keys:?}"),
        format!("{psk:?} {psk:#?}"),
        format!("{:?}", lanewarden_spdm::session::Channel::new(keys, 64)),
    ];
    check("building blocks", &printed, &secrets);
}
