//! What a requester makes of a responder that does not keep to the handshake.

use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::message::{KeyOperation, Request};

use crate::support::*;

const WAYS: [(bool, bool); 3] = [(false, false), (false, true), (true, false)];

/// The error of a requester whose answer to this request was changed so.
fn refused(
    (is_psk, clear): (bool, bool),
    version: Version,
    request: u8,
    mut change: impl FnMut(&mut Vec<u8>),
) -> Error {
    let own = responder::Settings { handshake_in_the_clear: clear, ..settings() };
    let mut responder = talker::<LeakyKit, true>(own);
    let mut asker =
        Caller::<AwsLcKit>::new(requester::Settings { handshake_in_the_clear: clear, ..only(version) });
    let mut tap = Tap::new(&mut responder, |middle: &mut Middle<'_, _>, lane, message: &[u8]| {
        let mut answer = middle.ask(lane, message).unwrap();
        if message[1] == request {
            change(&mut answer);
        }
        answer
    });
    asker.meet_over(&mut tap);
    asker.begin(is_psk);
    let error = asker.drive(&mut tap).unwrap_err();
    assert_eq!(asker.requester.sessions().count(), 0, "{error}");
    error
}

/// Row by row: every bit of an answer that begins a session is covered by a signature or by verify data.
#[test]
fn one_bit_of_the_answer_to_an_exchange_opens_no_session() {
    for way in WAYS {
        let request = if way.0 { 0xe6 } else { 0xe4 };
        let (mut place, mut length) = (0, 1);
        while place < length {
            let error = refused(way, Version::V1_2, request, |answer| {
                length = answer.len();
                answer[place] ^= 1 << (place % 8);
            });
            assert_eq!(error.blame(), Blame::Peer, "{place}: {error}");
            place += 1;
        }
    }
}

#[test]
fn an_answer_to_an_exchange_is_as_long_as_it_must_be() {
    for way in WAYS {
        let request = if way.0 { 0xe6 } else { 0xe4 };
        for cut in [1, 4, 48, 100] {
            let error = refused(way, Version::V1_3, request, |answer| answer.truncate(answer.len() - cut));
            assert_eq!(error.blame(), Blame::Peer);
        }
        let error = refused(way, Version::V1_3, request, |answer| answer.extend([0; 4]));
        assert_eq!(error.blame(), Blame::Peer);
    }
}

#[test]
fn finish_is_answered_by_its_own_answer_and_no_other() {
    for way in WAYS {
        let (request, right) = if way.0 { (0xe7, 0x67) } else { (0xe5, 0x65) };
        for code in (0..0x7f).filter(|code| *code != right) {
            let error = refused(way, Version::V1_2, request, |answer| answer[1] = code);
            assert!(matches!(error.reason, Reason::WrongResponse(wrong) if wrong.0 == code), "{error}");
            assert_eq!(error.blame(), Blame::Peer);
        }
        let error = refused(way, Version::V1_2, request, |answer| *answer = vec![0x12, 0x7f, 6, 0]);
        assert_eq!(error.blame(), Blame::PeerCannot);
        let error = refused(way, Version::V1_2, request, |answer| answer[0] = 0x11);
        assert!(matches!(error.reason, Reason::WrongVersion(0x11)));
        let error = refused(way, Version::V1_2, request, |answer| answer.extend([1]));
        assert!(matches!(error.reason, Reason::Malformed(_)), "{error}");
    }
}

#[test]
fn one_bit_of_the_responders_verify_data_ends_a_handshake_in_the_clear() {
    for version in [Version::V1_1, Version::V1_2, Version::V1_3] {
        for place in 4..52 {
            let error = refused((false, true), version, 0xe5, |answer| answer[place] ^= 0x10);
            assert_eq!(error.reason, Reason::WrongVerifyData);
        }
    }
}

/// Parameters of FINISH_RSP are reserved, and in TH2: a session that opened with others has other keys.
#[test]
fn keys_differ_where_what_was_said_differs() {
    let mut responder = talker::<LeakyKit, true>(settings());
    let mut asker = Caller::<AwsLcKit>::new(only(Version::V1_2));
    let mut tap = Tap::new(&mut responder, |middle: &mut Middle<'_, _>, lane, message: &[u8]| {
        let mut answer = middle.ask(lane, message).unwrap();
        if message[1] == 0xe5 {
            answer[2] ^= 1;
        }
        answer
    });
    asker.meet_over(&mut tap);
    asker.begin(false);
    let id = opened(&asker.drive(&mut tap).unwrap());
    asker.requester.within(id).heartbeat().unwrap();
    let now = asker.now;
    let requester::Step::Send { kind, message, .. } = asker.requester.poll(now).unwrap() else { panic!() };
    let record = message.to_vec();
    let (_, answer) = Line(tap.middle.responder).carry(now, kind, &record);
    let error = asker.requester.receive(now, MessageKind::Secured, &mut answer.clone()).unwrap_err();
    assert!(matches!(error.reason, Reason::Open(_)), "{error}");
    assert_eq!(asker.requester.sessions().count(), 0);
    assert_eq!(responder.sessions().count(), 0);
}

#[test]
fn the_answer_to_a_sealed_finish_is_sealed() {
    for is_psk in [false, true] {
        let mut responder = talker::<LeakyKit, true>(settings());
        let mut asker = Caller::<AwsLcKit>::new(only(Version::V1_2));
        asker.meet(&mut responder);
        asker.begin(is_psk);
        let now = asker.now;
        for answers in 0..2 {
            let requester::Step::Send { kind, message, .. } = asker.requester.poll(now).unwrap() else {
                panic!()
            };
            let message = message.to_vec();
            let (kind, mut answer) = if answers == 0 {
                Line(&mut responder).carry(now, kind, &message)
            } else {
                (MessageKind::Plain, vec![0x12, if is_psk { 0x67 } else { 0x65 }, 0, 0])
            };
            let received = asker.requester.receive(now, kind, &mut answer);
            if answers == 1 {
                let error = received.unwrap_err();
                assert_eq!(error.reason, Reason::Violation(Violation::Lane));
                assert_eq!(error.blame(), Blame::Peer);
            }
        }
        assert_eq!(asker.requester.sessions().count(), 0);
    }
}

#[test]
fn a_session_that_has_ended_is_not_used_any_more() {
    let mut responder = talker::<LeakyKit, true>(settings());
    let mut asker = Caller::<AwsLcKit>::new(only(Version::V1_2));
    asker.meet(&mut responder);
    let id = opened(&asker.psk(&mut responder).unwrap());
    // The device ends it by itself: what comes in it is not answered.
    assert!(responder.end_session(id));
    asker.requester.within(id).heartbeat().unwrap();
    let now = asker.now;
    let requester::Step::Send { kind, message, .. } = asker.requester.poll(now).unwrap() else { panic!() };
    assert_eq!(responder.respond(now, kind, &mut message.to_vec()), None);
    // Whoever says so outside of the session is believed no more than that nothing can be done.
    let error = asker.requester.receive(now, MessageKind::Plain, &mut [0x12, 0x7f, 2, 0]).unwrap_err();
    assert!(matches!(error.reason, Reason::SessionLost(_)));
    assert_eq!(error.blame(), Blame::PeerCannot);
    for begun in [
        asker.requester.within(id).digests(),
        asker.requester.within(id).heartbeat(),
        asker.requester.within(id).update_keys(KeyOperation::UpdateKey),
        asker.requester.within(id).encapsulated(),
        asker.requester.within(id).end(false),
        asker.requester.within(id).request(&[0x12, Request::GetDigests.byte(), 0, 0]),
    ] {
        assert_eq!(begun.unwrap_err().reason, Reason::Misuse(Misuse::NoSession));
    }
    let id = opened(&asker.psk(&mut responder).unwrap());
    asker.echo(id, 5, &mut responder);
    asker.requester.within(id).end(false).unwrap();
    asker.drive(&mut Line(&mut responder)).unwrap();
    assert_eq!(asker.requester.within(id).heartbeat().unwrap_err().reason, Reason::Misuse(Misuse::NoSession));
}

/// A handshake that is not over is no session to the caller.
#[test]
fn a_session_is_not_used_before_it_is_open() {
    let mut responder = talker::<LeakyKit, true>(settings());
    let mut asker = Caller::<AwsLcKit>::new(only(Version::V1_2));
    asker.meet(&mut responder);
    asker.begin(false);
    let now = asker.now;
    let requester::Step::Send { kind, message, .. } = asker.requester.poll(now).unwrap() else { panic!() };
    let message = message.to_vec();
    let (kind, mut answer) = Line(&mut responder).carry(now, kind, &message);
    asker.requester.receive(now, kind, &mut answer).unwrap();
    let id = asker.requester.sessions().next().unwrap().id();
    assert_eq!(asker.requester.within(id).digests().unwrap_err().reason, Reason::Misuse(Misuse::InWork));
    asker.requester.abandon();
    assert_eq!(asker.requester.sessions().count(), 0);
    assert_eq!(asker.requester.within(id).digests().unwrap_err().blame(), Blame::Caller);
}
