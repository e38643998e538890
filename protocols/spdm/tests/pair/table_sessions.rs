//! Every code in every state that a session brings, on both sides, as tables that a person can read.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use lanewarden_spdm::message::{ErrorCode, KeyOperation, MutualAuthentication};
use lanewarden_spdm::requester::Step;

use crate::support::*;
use crate::table::{meaning, outcome, request, spans};

type Between<'r> = Middle<'r, PartsTalking<LeakyKit>>;

const STATES: [&str; 9] = [
    "outside, with sessions on offer",
    "outside, after a handshake in the clear has begun",
    "outside, beside an open session",
    "in a handshake with a key exchange",
    "in a handshake with a shared key",
    "in a handshake that asked for digests",
    "in an open session",
    "in an open session that awaits new keys",
    "in an open session that asked for new keys",
];

/// A responder in that state, and the lane that it is spoken to in.
fn in_state(state: usize, story: impl FnOnce(&mut Between<'_>, Option<u32>)) {
    let mutual =
        if state == 5 { MutualAuthentication::EncapsulatedDigests } else { MutualAuthentication::None };
    let clear = state == 1;
    let own = responder::Settings { mutual, handshake_in_the_clear: clear, ..settings() };
    let asked = requester::Settings { handshake_in_the_clear: clear, ..only(Version::V1_2) };
    let mut responder = talker::<LeakyKit, true>(own);
    if matches!(state, 2 | 6..) {
        let (_, mut tap, id) = tapped(&mut responder, asked);
        match state {
            7 => drop(tap.middle.ask(Some(id), &[0x12, 0xe9, 1, 0])),
            8 => {
                assert!(tap.middle.responder.ask_key_update(id));
                tap.middle.ask(Some(id), &[0x12, 0xea, 0, 0]).unwrap();
            }
            _ => {}
        }
        return story(&mut tap.middle, (state != 2).then_some(id));
    }
    let mut asker = Caller::<AwsLcKit>::new(asked);
    let mut tap = Tap::new(&mut responder, through);
    asker.meet_over(&mut tap);
    if state == 0 {
        return story(&mut tap.middle, None);
    }
    asker.begin(state == 4);
    let Step::Send { kind, message, .. } = asker.requester.poll(asker.now).unwrap() else { panic!() };
    let message = message.to_vec();
    tap.carry(asker.now, kind, &message);
    let id = tap.middle.known[0].id;
    story(&mut tap.middle, (state != 1).then_some(id));
}

/// A well-formed request of that code.
fn of_session(version: u8, code: u8, exchange: &[u8]) -> Vec<u8> {
    match code {
        0xe4 => [&[version, code][..], &exchange[2..]].concat(),
        0xe5 | 0xe7 => [&[version, code, 0, 0][..], &[7; 48]].concat(),
        0xe6 => [
            &[version, 0xe6, 0, 0, 1, 0, 4, 0, 32, 0, 16, 0][..],
            b"hint",
            &[7; 32],
            &[1, 0, 0, 0, 0, 0, 5, 0, 1, 1, 1, 0, 0x11, 0, 0, 0],
        ]
        .concat(),
        0xe9 => vec![version, code, 1, 0],
        0xeb => vec![version, code, 1, 0, version, 0x69, 1, 0],
        _ => request(version, code),
    }
}

/// A KEY_EXCHANGE as it should be.
fn key_exchange() -> Vec<u8> {
    let mut responder = talker::<LeakyKit, true>(settings());
    let mut asker = Caller::<AwsLcKit>::new(only(Version::V1_2));
    asker.meet(&mut responder);
    asker.begin(false);
    let Step::Send { message, .. } = asker.requester.poll(asker.now).unwrap() else { panic!() };
    message.to_vec()
}

/// What comes of a request, and of the sessions there are.
fn told(state: usize, message: &[u8]) -> String {
    let mut told = String::new();
    in_state(state, |middle, lane| {
        let before = middle.responder.sessions().count();
        let open =
            |middle: &Between<'_>| middle.responder.sessions().filter(|one| one.is_established()).count();
        let opened = open(middle);
        told = outcome(middle.ask(lane, message).as_deref());
        match middle.responder.sessions().count() {
            after if after < before => told.push_str(", and the session ends"),
            after if after > before => told.push_str(", and a session begins"),
            _ => {}
        }
        assert!(open(middle) <= opened, "nothing opens by itself");
        assert!(middle.responder.sessions().all(|one| !middle.responder.is_requester_known(Some(one.id()))));
        assert!(!middle.responder.is_requester_known(None));
    });
    told
}

#[test]
fn every_request_in_every_state_of_a_session_has_its_answer() {
    let (mut table, exchange) = (String::new(), key_exchange());
    for (state, name) in STATES.iter().enumerate() {
        writeln!(table, "{name}").unwrap();
        for version in [0x10, 0x11, 0x12, 0x13] {
            let mut lines: BTreeMap<String, Vec<u8>> = BTreeMap::new();
            for code in (0x80..=0xff).chain([0x01, 0x7f]) {
                let told = told(state, &of_session(version, code, &exchange));
                lines.entry(told).or_default().push(code);
            }
            for (told, codes) in lines {
                writeln!(table, "  {version:02x} {told}: {}", spans(&codes)).unwrap();
            }
        }
    }
    insta::assert_snapshot!(table);
}

const ASKED: [(&str, u8); 10] = [
    ("KEY_EXCHANGE", 0xe4),
    ("FINISH", 0xe5),
    ("PSK_EXCHANGE", 0xe6),
    ("PSK_FINISH", 0xe7),
    ("GET_ENCAPSULATED_REQUEST in a handshake", 0xea),
    ("DELIVER_ENCAPSULATED_RESPONSE in a handshake", 0xeb),
    ("HEARTBEAT", 0xe8),
    ("KEY_UPDATE", 0xe9),
    ("END_SESSION", 0xec),
    ("GET_ENCAPSULATED_REQUEST in a session", 0xea),
];

/// What a requester that has asked so makes of an answer.
fn heard(place: usize, answer: &[u8]) -> String {
    let mutual = match place {
        4 => MutualAuthentication::Encapsulated,
        5 => MutualAuthentication::EncapsulatedDigests,
        _ => MutualAuthentication::None,
    };
    let mut responder = talker::<LeakyKit, true>(responder::Settings { mutual, ..settings() });
    let mut asker = Caller::<AwsLcKit>::new(only(Version::V1_2));
    let answer_code = answer[1];
    let is_replaced = std::cell::Cell::new(false);
    let mut tap = Tap::new(&mut responder, |middle: &mut Between<'_>, lane, message: &[u8]| {
        if message[1] != ASKED[place].1 {
            return middle.ask(lane, message).unwrap();
        }
        is_replaced.set(true);
        answer.to_vec()
    });
    asker.meet_over(&mut tap);
    asker.begin(matches!(place, 2 | 3));
    if place > 5 {
        let id = opened(&asker.drive(&mut tap).unwrap());
        let within = &mut asker.requester.within(id);
        match place {
            6 => within.heartbeat(),
            7 => within.update_keys(KeyOperation::UpdateKey),
            8 => within.end(false),
            _ => within.encapsulated(),
        }
        .unwrap();
    }
    loop {
        let Step::Send { kind, message, .. } = asker.requester.poll(asker.now).unwrap() else { panic!() };
        let message = message.to_vec();
        let (kind, mut answer) = tap.carry(asker.now, kind, &message);
        let event = asker.requester.receive(asker.now, kind, &mut answer);
        if !is_replaced.get() {
            event.unwrap();
            continue;
        }
        let is_error = event.is_err();
        let mut meaning = meaning(event);
        if asker.requester.connection().is_none() {
            meaning.push_str(", and nothing holds any more");
        } else if place != 0 && place != 2 && asker.requester.sessions().count() == 0 {
            meaning.push_str(", and the session ends");
        }
        // What is due is taken: FINISH_RSP in a record has nothing to say beyond that it is there.
        let is_open = place > 5 || meaning == "Opened" && matches!(answer_code, 0x65 | 0x67);
        assert!(is_error || asker.requester.sessions().all(|one| one.is_established() == is_open));
        return meaning;
    }
}

#[test]
fn every_answer_in_every_state_of_a_session_has_its_meaning() {
    let mut table = String::new();
    for (place, (name, _)) in ASKED.iter().enumerate() {
        writeln!(table, "{name} was asked").unwrap();
        for version in [0x10, 0x11, 0x12, 0x13] {
            let mut lines: BTreeMap<String, Vec<u8>> = BTreeMap::new();
            for code in (0..=0xff).filter(|code| *code != 0x7f && (version == 0x12 || code % 16 == 5)) {
                lines.entry(heard(place, &[version, code, 0, 0])).or_default().push(code);
            }
            for (meaning, codes) in lines {
                writeln!(table, "  {version:02x} {meaning}: {}", spans(&codes)).unwrap();
            }
        }
        let mut lines: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for error in 0..=0xff {
            lines.entry(heard(place, &[0x12, 0x7f, error, 0])).or_default().push(error);
        }
        for (meaning, codes) in lines {
            let names = codes.iter().map(|code| ErrorCode(*code).to_string()).collect::<Vec<_>>();
            let names = if codes.len() > 4 { format!("{} errors", codes.len()) } else { names.join(", ") };
            writeln!(table, "  ERROR {meaning}: {names}").unwrap();
        }
    }
    insta::assert_snapshot!(table);
}
