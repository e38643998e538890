//! Writes the inputs that honest conversations are, each under a name that says what it is. What was added by hand, or
//! found by a fuzzer, stays as it is:
//!
//! ```text
//! cargo test -p lanewarden-fuzz --lib write_the_corpus -- --ignored
//! ```

use std::fs;
use std::path::Path;
use std::time::Duration;

use lanewarden_crypto::{Curve, HashAlgorithm, SignatureAlgorithm};
use lanewarden_decode::capture::{CaptureWriter, Direction, LinkType};
use lanewarden_identity::{AuthoritySpec, Identity, IdentitySpec, Seed, pem};
use lanewarden_net::emulator::{Command, Head, Payload, Transport};
use lanewarden_spdm::Version;
use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::message::{
    Code, DeliverEncapsulatedResponse, EncapsulatedPayload, EncapsulatedRequest, EncapsulatedResponseAck,
    EndSession, EndSessionAck, Finish, FinishRsp, Format, GetEncapsulatedRequest, Heartbeat, KeyExchange,
    KeyExchangeRsp, KeyOperation, KeyUpdate, MutualAuthentication, NoRoom, OpaqueFormat, PskExchange,
    PskExchangeRsp, PskFinish, PskFinishRsp, SecuredChoice, SecuredOffer, SecuredVersion, SecuredVersions,
    SessionPolicy, SummaryKind, Writer,
};

use crate::session_requester::honest as sessions_of;
use crate::spdm_message::Message;
use crate::spdm_requester::{conversation, honest};
use crate::stub::{Device, chain, leaf, resigned, revocation_list, root};

fn keep(target: &str, name: &str, parts: &[&[u8]]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    fs::write(folder.join(name), parts.concat()).unwrap();
}

fn number(version: Version) -> u8 {
    Version::ALL.into_iter().zip(0..).find(|(other, _)| *other == version).unwrap().1
}

fn suffix(version: Version) -> String {
    version.to_string().replace('.', "_")
}

#[test]
#[ignore = "it writes into the tree"]
fn write_the_corpus() {
    messages();
    sessions();
    requester();
    responder();
    records();
    asking_in_sessions();
    asked_in_sessions();
    certificates();
    captures();
    frames();
    evidence();
    files();
}

fn messages() {
    for version in [Version::V1_0, Version::V1_3] {
        let honest = conversation(0, 0x18 + 4 + number(version));
        let plain = conversation(0, 4 + number(version));
        for (request, answer) in plain.iter().chain(&honest) {
            let summary = u8::from(request[1] == 0x83 && request[3] != 0);
            let signed = u8::from(request[1] == 0xe0 && request[2] & 1 != 0);
            for message in [request, answer] {
                let name = Code(message[1]).to_string().to_lowercase();
                let what = [0b0100 | number(version), summary | signed << 1];
                keep("spdm_message", &format!("{name}_{}", suffix(version)), &[&what, message]);
            }
        }
    }
}

/// What is said to begin, keep and end a session: with a summary, a public value of 96 bytes, and verify data.
fn sessions() {
    for version in [Version::V1_1, Version::V1_3] {
        for message in session(version) {
            let name = Code(message[1]).to_string().to_lowercase();
            let what = [0b0100 | number(version), 0b101];
            keep("spdm_message", &format!("{name}_{}", suffix(version)), &[&what, &message]);
        }
    }
}

fn session(version: Version) -> Vec<Vec<u8>> {
    let format = OpaqueFormat::of(version);
    let offer = SecuredOffer { versions: SecuredVersions::ALL, aead_limit: 64 };
    let choice = SecuredChoice { version: SecuredVersion::V1_1, aead_limit: 24 };
    let offer = built(|writer| offer.encode(format, writer));
    let choice = built(|writer| choice.encode(format, writer));
    let mut all = exchanges(version, &offer, &choice).to_vec();
    all.extend(shared(version, &offer, &choice));
    all.extend(life(version));
    all
}

fn built(write: impl Fn(&mut Writer<'_>) -> Result<(), NoRoom>) -> Vec<u8> {
    let mut room = [0; 1024];
    let mut writer = Writer::new(&mut room);
    write(&mut writer).unwrap();
    writer.written().to_vec()
}

fn exchanges(version: Version, offer: &[u8], choice: &[u8]) -> [Vec<u8>; 4] {
    let asked = KeyExchange {
        summary: SummaryKind::All,
        slot: 0,
        session_id: 0x1234,
        policy: SessionPolicy::TERMINATION_POLICY,
        random: [1; 32],
        exchange: &[2; 96],
        opaque: offer,
    };
    let answered = KeyExchangeRsp {
        heartbeat: 20,
        session_id: 0x5678,
        mutual: MutualAuthentication::Direct,
        slot: 1,
        random: [3; 32],
        exchange: &[4; 96],
        summary: &[5; 48],
        opaque: choice,
        signature: &[6; 64],
        verify_data: &[7; 48],
    };
    let finish = Finish { slot: 1, signature: Some(&[6; 64]), verify_data: &[7; 48] };
    [
        built(|writer| asked.encode(version, writer)),
        built(|writer| {
            answered.encode_unsigned(version, writer)?;
            writer.bytes(answered.signature)?;
            writer.bytes(answered.verify_data)
        }),
        built(|writer| finish.encode(version, writer)),
        built(|writer| FinishRsp { verify_data: &[7; 48] }.encode(version, writer)),
    ]
}

fn shared(version: Version, offer: &[u8], choice: &[u8]) -> [Vec<u8>; 4] {
    let asked = PskExchange {
        summary: SummaryKind::Tcb,
        policy: SessionPolicy::empty(),
        session_id: 0x1234,
        hint: b"hint",
        context: &[1; 32],
        opaque: offer,
    };
    let answered = PskExchangeRsp {
        heartbeat: 0,
        session_id: 0x5678,
        summary: &[2; 48],
        context: &[3; 32],
        opaque: choice,
        verify_data: &[4; 48],
    };
    [
        built(|writer| asked.encode(version, writer)),
        built(|writer| {
            answered.encode_unverified(version, writer)?;
            writer.bytes(answered.verify_data)
        }),
        built(|writer| PskFinish { verify_data: &[5; 48] }.encode(version, writer)),
        built(|writer| PskFinishRsp.encode(version, writer)),
    ]
}

fn life(version: Version) -> [Vec<u8>; 10] {
    let update = KeyUpdate { operation: KeyOperation::UpdateAllKeys, tag: 7 };
    let inner = [version.byte(), 0x81, 0, 0];
    let next = EncapsulatedPayload::Request(&inner);
    [
        built(|writer| Heartbeat.encode(version, true, writer)),
        built(|writer| Heartbeat.encode(version, false, writer)),
        built(|writer| update.encode(version, true, writer)),
        built(|writer| update.encode(version, false, writer)),
        built(|writer| EndSession { clear_state: true }.encode(version, writer)),
        built(|writer| EndSessionAck.encode(version, writer)),
        built(|writer| GetEncapsulatedRequest.encode(version, writer)),
        built(|writer| EncapsulatedRequest { id: 1, request: &inner }.encode(version, writer)),
        built(|writer| DeliverEncapsulatedResponse { id: 1, response: &inner }.encode(version, writer)),
        built(|writer| {
            EncapsulatedResponseAck { id: 2, ack_id: Some(1), payload: next }.encode(version, writer)
        }),
    ]
}

fn requester() {
    for version in Version::ALL {
        let shape = 4 + number(version);
        keep("spdm_requester", &format!("honest_{}", suffix(version)), &[&[0, shape]]);
        let answers = conversation(0, shape).into_iter().map(|(_, answer)| long(&answer));
        keep(
            "spdm_requester",
            &format!("recorded_{}", suffix(version)),
            &[&[1, shape], &answers.collect::<Vec<_>>().concat()],
        );
    }
    keep("spdm_requester", "honest_in_chunks", &[&[0x10, 0x10]]);
    keep("spdm_requester", "honest_not_ready", &[&[0, 0x40]]);
    keep("spdm_requester", "honest_other_slot", &[&[0, 0x80]]);
    keep("spdm_requester", "honest_short_buffer", &[&[0, 0x20]]);
    let not_ready = conversation(0, 0x40).into_iter().map(|(_, answer)| long(&answer));
    keep("spdm_requester", "recorded_not_ready", &[&[1, 0], &not_ready.collect::<Vec<_>>().concat()]);
    let changed: [(&str, usize, &[u8]); 10] = [
        ("version_of_the_future", 0, &[1, 7, 0, 0x7f]),
        ("capabilities_changed", 1, &[1, 9, 0, 0xff]),
        ("algorithms_changed", 2, &[1, 12, 0, 1]),
        ("digest_changed", 3, &[1, 9, 0, 1]),
        ("certificate_cut", 4, &[2, 100, 0]),
        ("certificate_changed", 4, &[1, 100, 1, 1]),
        ("signature_changed", 5, &[1, 205, 0, 1]),
        ("challenge_busy", 5, &[5, 3, 0, 0]),
        ("challenge_large_response", 5, &[5, 0x0f, 0, 1, 9]),
        ("an_answer_of_before", 8, &[6]),
    ];
    for (name, place, change) in changed {
        keep("spdm_requester", name, &[&[0, 0], &vec![0; place], change]);
    }
    let always = |code| [&[4, 0, 0x10, 0x7f, code, 0][..]].concat();
    keep("spdm_requester", "busy_for_ever", &[&[1, 0], &always(3)]);
}

fn long(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).unwrap().to_le_bytes(), bytes].concat()
}

fn responder() {
    let all: &[u8] = &[1, 2, 0, 0, 0, 3, 0, 2, 4, 0xff, 0x80, 4, 1, 0, 5, 3, 1, 2, 3];
    for version in 0..4 {
        keep("spdm_responder", &format!("everything_1_{version}"), &[&[0, 0, 0, version, 0], all]);
    }
    for (parts, name) in [
        (1, "without_vendor"),
        (2, "without_measurements"),
        (3, "identities_only"),
        (4, "without_identities"),
        (5, "measurements_only"),
        (6, "vendor_only"),
        (7, "nothing"),
    ] {
        keep("spdm_responder", name, &[&[parts, 0, 0, 3, 0], all]);
    }
    keep("spdm_responder", "not_ready", &[&[8, 0, 0, 3, 0, 1, 3, 0, 0, 7, 7]]);
    keep("spdm_responder", "not_ready_and_large", &[&[8, 2, 0, 3, 2, 3, 0, 0, 7, 6, 6, 6, 6, 6, 6]]);
    keep("spdm_responder", "large_answer", &[&[0, 0, 0, 3, 2, 4, 0xff, 0x80], &[6; 20]]);
    keep("spdm_responder", "large_request", &[&[0, 2, 0, 2, 0], &[12, 30, 1].repeat(8)]);
    keep("spdm_responder", "large_request_interrupted", &[&[0, 2, 0, 2, 0, 12, 30, 1, 1, 12, 30, 1]]);
    keep("spdm_responder", "small_buffer", &[&[0, 4, 0, 3, 0], all]);
    keep("spdm_responder", "not_in_order", &[&[0, 0, 3, 0, 0, 1, 0, 3, 0, 10, 11, 1]]);
    keep("spdm_responder", "no_request", &[&[0, 0, 9, 4, 0x10, 0x04, 0, 0, 9, 1, 0x10]]);
    keep("spdm_responder", "damaged", &[&[0, 0, 0, 2, 0, 13, 3, 0, 1, 3, 7, 13, 4, 0xff, 0x81, 1, 0x10]]);
}

fn records() {
    let honest: &[u8] = &[2, 4, 0x11, 0xe8, 0, 0];
    let changed = |kind: u8, at: u8| [&[3, kind, at, 0, 1][..], &honest[1..], &[2, 0, 9]].concat();
    for form in [0, 1, 2, 4, 5, 6, 8] {
        let all =
            [honest, &changed(0, 6), &changed(1, 9), &changed(2, 0), &changed(3, 4), &[4], honest].concat();
        keep("session_record", &format!("honest_and_changed_{form}"), &[&[form, 0], &all]);
    }
    keep("session_record", "arbitrary", &[&[0, 0, 0, 30], &SESSION_ID, &[20, 0], &[7; 24]]);
    keep("session_record", "a_body_that_nobody_sealed", &[&[1, 0, 1, 24], &[7; 24]]);
    keep(
        "session_record",
        "padding",
        &[&[0, 0, 3, 2, 0, 0, 0, 2, 5, 5, 3, 0, 0, 0, 3, 2, 0, 0, 0, 2, 5, 5, 4, 0, 0, 0, 0]],
    );
    keep("session_record", "taken_back", &[&[1, 0, 5, 2, 8, 8, 5, 0, 2, 1, 1]]);
    keep(
        "session_record",
        "lengths_that_lie",
        &[&[1, 0, 6, 5, 9, 0, 5, 1, 2, 6, 5, 3, 0, 5, 1, 2, 6, 4, 3, 0, 6, 1, 6, 1, 0]],
    );
    keep("session_record", "used_up", &[&[0, 2], &honest.repeat(10), &[4, 5, 1, 1]]);
    keep("session_record", "used_up_at_once", &[&[4, 1], &honest.repeat(2), &[0, 4, 4, 3, 2, 1]]);
    keep(
        "session_record",
        "no_room",
        &[&[0, 0, 7, 3, 6, 30], &[1; 30], &[7, 8, 10, 40], &[2; 40], &[7, 9, 8, 4, 1, 1, 1, 1]],
    );
}

/// Opens a session with a key exchange, and one with a shared key, after a negotiation of this version.
fn both_sessions(version: u8, mutual: u8) -> Vec<u8> {
    let connect: &[u8] = &[0, version, 0xff];
    let proof: &[u8] = match mutual {
        2 => &[6, 3, 0, 8, 0, 0, 8, 0, 0],
        3 => &[8, 0, 0, 8, 0, 0],
        _ => &[],
    };
    let proof_in_the_clear: Vec<u8> = proof.to_vec();
    [connect, &[1, 2, 0, 0, 0], &proof_in_the_clear, &[3, 0, 0, 0], &[2, 0, 0, 0x13, 0, 0, 0]].concat()
}

fn asked_in_sessions() {
    let useful: &[u8] =
        &[6, 0, 0, 6, 1, 1, 6, 1, 3, 6, 1, 2, 6, 1, 3, 0x16, 4, 0, 6, 5, 1, 6, 6, 0, 3, 1, 2, 3];
    let keys: &[u8] = &[11, 6, 3, 0, 8, 0, 0, 8, 0, 0];
    let end: &[u8] = &[6, 2, 0, 9, 0x16, 2, 0, 9, 0x19];
    for version in 1..4 {
        for form in [0, 1, 5, 10] {
            for mutual in [0, 1] {
                let all = [&[mutual, form][..], &both_sessions(version, mutual), useful, keys, end].concat();
                keep(
                    "session_responder",
                    &format!("everything_1_{version}_form_{form}_way_{mutual}"),
                    &[&all],
                );
            }
        }
        for mutual in [2, 3] {
            let all = [&[mutual, 0][..], &both_sessions(version, mutual), useful, end].concat();
            keep("session_responder", &format!("proven_1_{version}_way_{mutual}"), &[&all]);
        }
    }
    let begun: &[u8] = &[0, 3, 0xff, 1, 0, 0, 0, 0];
    let open: &[u8] = &[0, 3, 0xff, 1, 0, 0, 0, 0, 3, 0, 0, 0];
    for (name, form, parts) in [
        ("finish_changed", 0, &[begun, &[3, 0, 9, 1, 9]][..]),
        ("finish_changed_in_the_clear", 2, &[begun, &[3, 0, 9, 1, 9]]),
        ("finish_sealed_where_it_goes_in_the_clear", 2, &[begun, &[3, 1, 0, 0, 3, 0, 0, 0]]),
        ("finish_twice", 0, &[open, &[3, 0, 0, 0]]),
        ("exchange_changed", 0, &[&begun[..6], &[60, 1, 3, 0, 0, 0]]),
        ("three_exchanges", 0, &[begun, &begun[3..], &begun[3..], &[0x13, 0, 0, 0]]),
        ("three_exchanges_in_the_clear", 2, &[begun, &begun[3..], &begun[3..], &[3, 0, 0, 0]]),
        ("record_changed", 0, &[open, &[7, 12, 1, 9]]),
        ("record_of_nobody", 0, &[open, &[12, 24, 9, 9, 9, 9, 20, 0], &[7; 20]]),
        ("anything_sealed", 0, &[open, &[5, 4, 0x13, 0x84, 0, 0, 5, 0, 5, 2, 0x13, 0xec]]),
        ("not_heard_of", 0, &[open, &[10, 19, 6, 0, 0, 10, 21, 9]]),
        ("new_negotiation", 0, &[open, &[0, 2, 0xff, 9]]),
        ("reset", 0, &[open, &[13, 9]]),
        ("without_mac", 0, &[&[0, 3, 6], &open[3..]]),
    ] {
        keep("session_responder", name, &[&[0, form], &parts.concat()]);
    }
    keep(
        "session_responder",
        "without_context",
        &[&[8, 0, 0, 3, 0xff, 2, 0, 0], &[6, 6, 0, 1, 7, 6, 2, 0, 9]],
    );
    keep("session_responder", "proof_of_another", &[&[1, 0], begun, &[3, 2, 0, 0, 9]]);
    keep("session_responder", "not_ready", &[&[0x20, 0], open, &[6, 0, 0]]);
}

fn asking_in_sessions() {
    for version in 1..4 {
        for who in [0, 2, 4, 6, 8, 0x34] {
            for form in [0, 1, 2, 5, 10] {
                let name = format!("honest_1_{version}_way_{who:x}_form_{form}");
                keep("session_requester", &name, &[&[who, version, form]]);
            }
        }
    }
    keep("session_requester", "honest_in_chunks", &[&[4, 0x2b, 0]]);
    // The places of the messages of the first session, and what is done there.
    let changed: [(&str, usize, &[u8]); 14] = [
        ("exchange_changed", 5, &[1, 9, 0, 1]),
        ("exchange_asked_otherwise", 5, &[0x41, 9, 0, 1]),
        ("exchange_replaced", 5, &[4, 4, 0x13, 0x64, 0, 0]),
        ("finish_changed", 6, &[1, 9, 0, 1]),
        ("finish_changed_inside", 6, &[0x11, 3, 0, 1]),
        ("finish_asked_otherwise_inside", 6, &[0x51, 9, 0, 1]),
        ("busy_inside", 7, &[0x15, 3, 0, 0]),
        ("refused_inside", 7, &[0x15, 6, 0, 0]),
        ("session_lost", 7, &[0x85, 6, 0, 0]),
        ("plain_answer", 7, &[0x80]),
        ("measurements_changed_inside", 9, &[0x11, 60, 0, 1]),
        ("key_update_tag_changed", 11, &[0x11, 3, 0, 1]),
        ("record_of_before", 9, &[6]),
        ("device_reset", 8, &[9]),
    ];
    for (name, place, change) in changed {
        keep("session_requester", name, &[&[0, 3, 0], &vec![0; place], change]);
    }
    let inner: &[u8] = &[0x1b, 4, 4, 0x13, 0x81, 0, 0];
    keep("session_requester", "encapsulated_digests_inside", &[&[4, 3, 0], &[0; 6], inner, inner]);
    keep(
        "session_requester",
        "encapsulated_anything_inside",
        &[&[4, 3, 0], &[0; 6], &[0x1b, 4, 4, 0x13, 0xe0, 0, 0]],
    );
    keep("session_requester", "arbitrary", &[&[1, 0, 0, 0], &long(&[0x10, 4, 0, 0, 0, 1, 0, 0x13])]);
}

const SESSION_ID: [u8; 4] = [4, 3, 2, 1];

fn certificates() {
    let (root_certificate, both) = Device::certificates_of(0);
    let whole = chain(HashAlgorithm::Sha384, &both, &root_certificate);
    keep("certificates", "root", &[&[0], &root_certificate]);
    keep("certificates", "leaf", &[&[0], &resigned(&leaf(0), &root(), |_| ())]);
    keep("certificates", "revocation_list", &[&[1], &revocation_list(&root())]);
    keep("certificates", "chain", &[&[2, 3, 50, 200, 7], &whole]);
    keep("certificates", "chain_cut", &[&[2, 3, 50, 200, 7], &whole[..whole.len() - 9]]);
    keep("certificates", "honest_chain", &[&[3, 0, 1, 2, 3]]);
    keep("certificates", "reserved_bytes_changed", &[&[3, 9, 9, 9, 9, 0, 2, 0, 7]]);
    let [last, more, ..] = (whole.len() - 1).to_le_bytes();
    keep("certificates", "signature_changed", &[&[3, 9, 9, 9, 9, 0, last, more, 1]]);
    keep("certificates", "leaf_signed_anew", &[&[4, 9, 9, 9, 9]]);
    keep("certificates", "name_signed_anew", &[&[4, 9, 9, 9, 9, 0, 40, 0, 0x80]]);
    keep("certificates", "leaf_in_a_chain", &[&[5, 9, 9, 9, 9], &resigned(&leaf(0), &root(), |_| ())]);
    for (name, spec) in identities() {
        let identity = Identity::generate(&Seed::new([7; 32]), &spec).unwrap();
        keep("certificates", &format!("leaf_of_{name}"), &[&[0], identity.leaf()]);
    }
}

fn identities() -> [(&'static str, IdentitySpec); 3] {
    let of = |algorithm, hash| {
        let authority = AuthoritySpec { certificates: 1, algorithm, hash, ..AuthoritySpec::default() };
        IdentitySpec { authority, ..IdentitySpec::of(algorithm, hash) }
    };
    [
        ("p256", of(SignatureAlgorithm::Ecdsa(Curve::P256), HashAlgorithm::Sha256)),
        ("p384", of(SignatureAlgorithm::Ecdsa(Curve::P384), HashAlgorithm::Sha384)),
        ("ed25519", of(SignatureAlgorithm::Ed25519, HashAlgorithm::Sha512)),
    ]
}

fn captures() {
    for (name, link) in [("mctp", LinkType::Mctp), ("doe", LinkType::Doe), ("ip", LinkType::Ip)] {
        keep("capture", name, &[&recorded(link, &conversation(0, 0))]);
    }
    keep("capture", "chunks", &[&recorded(LinkType::Mctp, &conversation(0x10, 0x10))]);
    let doe = recorded(LinkType::Doe, &conversation(0, 5));
    keep("capture", "cut", &[&doe[..doe.len() / 2]]);
    keep("capture", "pcapng", &[&next_generation(&doe)]);
    let mut secured = CaptureWriter::new(Vec::new(), LinkType::Mctp).unwrap();
    let sealed = [1, 0, 2, 0, 7, 0, 4, 0, 9, 9, 9, 9];
    secured.message(Duration::ZERO, Direction::ToResponder, MessageKind::Secured, &sealed).unwrap();
    keep("capture", "secured", &[&secured.into_inner()]);
}

fn recorded(link: LinkType, conversation: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let mut writer = CaptureWriter::new(Vec::new(), link).unwrap();
    for (request, answer) in conversation {
        for (direction, message) in [(Direction::ToResponder, request), (Direction::ToRequester, answer)] {
            writer.message(Duration::from_secs(1), direction, MessageKind::Plain, message).unwrap();
        }
    }
    writer.into_inner()
}

/// The packets of a classic file in the blocks of a pcapng.
fn next_generation(classic: &[u8]) -> Vec<u8> {
    let block = |kind: u32, body: &[u8]| {
        let padding = vec![0; body.len().next_multiple_of(4) - body.len()];
        let length = u32::try_from(body.len() + padding.len() + 12).unwrap().to_le_bytes();
        [&kind.to_le_bytes(), &length, body, &padding, &length].concat()
    };
    let section = [&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat();
    let mut file = [block(0x0a0d_0d0a, &section), block(1, &[0x24, 1, 0, 0, 0, 0, 1, 0])].concat();
    let mut rest = &classic[24..];
    while let Some((head, behind)) = rest.split_at_checked(16) {
        let length = usize::try_from(u32::from_le_bytes(head[8..12].try_into().unwrap())).unwrap();
        let (packet, behind) = behind.split_at(length);
        file.extend(block(6, &[&[0; 12], &head[8..16], packet].concat()));
        rest = behind;
    }
    file
}

fn frames() {
    let message = [0x10, 0x84, 0, 0];
    for (transport, name) in Transport::ALL.into_iter().zip(["none", "mctp", "doe", "tcp"]) {
        let mut payload = Vec::new();
        Payload::wrap(transport, MessageKind::Plain, &message, &mut payload).unwrap();
        let size = u32::try_from(payload.len()).unwrap();
        let head = Head { command: Command::NORMAL, transport: transport.number(), size }.encode();
        keep("transport_frames", &format!("frame_{name}"), &[&[0], &head, &payload]);
    }
    keep("transport_frames", "tcp", &[&[1, 6, 0, 1, 5], &message]);
    keep("transport_frames", "tcp_role_inquiry", &[&[1, 0, 0, 1, 0xbf]]);
    keep("transport_frames", "tcp_refusal", &[&[1, 2, 0, 1, 0xc1]]);
    keep("transport_frames", "mctp_packet", &[&[2, 1, 8, 9, 0xc8, 5], &message]);
    keep("transport_frames", "mctp_secured", &[&[7, 6], &message]);
    keep("transport_frames", "object_too_long", &[&[11, 1, 0, 1, 0, 9, 0, 0, 0], &message]);
}

fn evidence() {
    for (name, which) in [("1_0", 0), ("1_1", 1), ("1_2", 2), ("1_3", 3), ("without_measurements", 4)] {
        keep("evidence", &format!("untouched_{name}"), &[&[which]]);
    }
    for (name, file) in [
        ("summary", 0),
        ("chain", 1),
        ("challenge", 2),
        ("challenge_signature", 3),
        ("measurements", 4),
        ("measurement_signature", 5),
        ("record", 6),
    ] {
        keep("evidence", &format!("{name}_changed"), &[&[3, file, 3, 4, 0, 30, 0, 1]]);
        keep("evidence", &format!("{name}_missing"), &[&[3, file, 0]]);
    }
    keep("evidence", "signatures_exchanged", &[&[2, 3, 2, 5]]);
    keep("evidence", "transcripts_exchanged", &[&[2, 2, 2, 4]]);
}

fn files() {
    let (root_certificate, _) = Device::certificates_of(0);
    let text = pem::certificate(&root_certificate).unwrap();
    keep("trust_files", "anchor_der", &[&[4], &root_certificate]);
    keep("trust_files", "anchor_pem", &[&[0], text.as_bytes()]);
    keep("trust_files", "two_anchors", &[&[0], b"the root\n", text.as_bytes(), text.as_bytes()]);
    let fingerprint = format!("# lost\nsha256: {}\n", "ab".repeat(32));
    let colons = format!("sha256:{}\n", ["cd"; 32].join(":"));
    keep("trust_files", "fingerprints", &[&[1], fingerprint.as_bytes(), colons.as_bytes()]);
    keep("trust_files", "revocation_list", &[&[1], &revocation_list(&root())]);
    for (name, spec) in identities() {
        let identity = Identity::generate(&Seed::new([7; 32]), &spec).unwrap();
        let certificates: String =
            identity.chain().iter().rev().map(|der| pem::certificate(der).unwrap()).collect();
        keep(
            "trust_files",
            &format!("identity_{name}"),
            &[&[2], &long(identity.key()), certificates.as_bytes()],
        );
        keep(
            "trust_files",
            &format!("identity_{name}_der"),
            &[&[6], &long(identity.key()), &identity.chain_der()],
        );
    }
}

/// The seeds are worth something: an honest run has every operation done.
#[test]
fn nobody_between_lets_everything_be_done() {
    for version in Version::ALL {
        assert_eq!(honest(0, 4 + number(version)), Ok(()), "{version}");
    }
    for shape in [0, 0x40, 0x80, 0x18] {
        assert_eq!(honest(0, shape), Ok(()), "{shape:#x}");
    }
}

/// So are those of sessions: each of them can be read.
#[test]
fn seeds_of_sessions_can_be_read() {
    for version in [Version::V1_1, Version::V1_3] {
        for bytes in session(version) {
            let format = Format { version, digest: 48, signature: 64 };
            let message = Message {
                format,
                exchange: 96,
                with_summary: true,
                is_signed: false,
                with_verify_data: true,
                bytes: &bytes,
            };
            assert!(message.check(), "{version} {bytes:02x?}");
        }
    }
}

/// Sessions are opened in every way, and serve for everything.
#[test]
fn nobody_between_lets_every_session_be_used() {
    for version in 1..4 {
        for (who, proven) in [(0, 0), (2, 2), (4, 2), (6, 2), (8, 0), (0x10, 0), (0x34, 2)] {
            for form in 0..12 {
                let shape = [who, version, form];
                assert_eq!(sessions_of(shape), (Ok(()), 4, proven), "{shape:?}");
            }
        }
    }
    for sizes in [0x14, 0x28, 0x3c] {
        assert_eq!(sessions_of([4, sizes | 3, 0]), (Ok(()), 4, 2), "{sizes:#x}");
    }
}

/// A partner that works sessions out anew has the same secrets as the responder, and proves who it is.
#[test]
fn a_partner_finishes_both_sessions() {
    for version in 1..4 {
        for (mutual, forms) in [(0, 0..12), (1, 0..12)] {
            for form in forms {
                let all = [&[mutual, form][..], &both_sessions(version, mutual)].concat();
                let expected = [2, usize::from(mutual)];
                assert_eq!(crate::session_responder::counted(&all), expected, "{version} {mutual} {form}");
            }
        }
        for mutual in [2, 3] {
            let all = [&[mutual, 0][..], &both_sessions(version, mutual)].concat();
            assert_eq!(crate::session_responder::counted(&all), [2, 1], "{version} {mutual}");
        }
    }
}
