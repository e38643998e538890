//! Handshakes in every wrong order, with somebody between who knows the secrets.

use lanewarden_spdm::message::ErrorCode;

use crate::support::*;

fn own(clear: bool) -> responder::Settings {
    responder::Settings { handshake_in_the_clear: clear, ..settings() }
}

fn asked(version: Version, clear: bool) -> requester::Settings {
    requester::Settings { handshake_in_the_clear: clear, ..only(version) }
}

const VERSIONS: [Version; 3] = [Version::V1_1, Version::V1_2, Version::V1_3];

/// What stands in 1.1 for what it has no code for.
fn since_1_2(version: Version, code: ErrorCode) -> ErrorCode {
    if version >= Version::V1_2 { code } else { ErrorCode::UNSPECIFIED }
}

#[test]
fn a_tap_that_changes_nothing_is_not_seen() {
    for (version, clear) in [(Version::V1_1, false), (Version::V1_2, true), (Version::V1_3, false)] {
        let mut responder = talker::<LeakyKit, true>(own(clear));
        let mut tap = Tap::new(&mut responder, through);
        let mut asker = Caller::<AwsLcKit>::new(asked(version, clear));
        asker.meet_over(&mut tap);
        for is_psk in [false, true] {
            asker.begin(is_psk);
            let id = opened(&asker.drive(&mut tap).unwrap());
            asker.requester.within(id).digests().unwrap();
            asker.drive(&mut tap).unwrap();
        }
    }
}

/// A session that began with a key exchange is not finished as one of a shared key: no signature of the responder's
/// would have to be checked, nor any of the requester's.
#[test]
fn a_key_exchange_is_not_finished_by_psk_finish() {
    for version in VERSIONS {
        for clear in [false, true] {
            in_handshake(own(clear), asked(version, clear), false, |middle, _, finish| {
                let id = middle.known[0].id;
                let head = [version.byte(), 0xe7, 0, 0];
                let psk_finish = [&head[..], &middle.known[0].proof(&head)].concat();
                let answer = middle.ask(Some(id), &psk_finish).unwrap();
                assert_eq!(code(&answer), ErrorCode::UNEXPECTED_REQUEST);
                let answer = middle.ask(None, &psk_finish).unwrap();
                assert_eq!(code(&answer), since_1_2(version, ErrorCode::SESSION_REQUIRED));
                assert!(!middle.responder.session(id).unwrap().is_established());
                // The right one is taken still.
                assert_eq!(middle.ask((!clear).then_some(id), finish).unwrap()[1], 0x65);
                assert!(middle.responder.session(id).unwrap().is_established());
            });
        }
    }
}

#[test]
fn a_shared_key_is_not_finished_by_finish() {
    for version in VERSIONS {
        for clear in [false, true] {
            in_handshake(own(clear), asked(version, clear), true, |middle, lane, psk_finish| {
                let id = middle.known[0].id;
                let head = [version.byte(), 0xe5, 0, 0];
                let finish = [&head[..], &middle.known[0].proof(&head)].concat();
                let answer = middle.ask(Some(id), &finish).unwrap();
                assert_eq!(code(&answer), ErrorCode::UNEXPECTED_REQUEST);
                let answer = middle.ask(None, &finish).unwrap();
                assert_eq!(code(&answer), since_1_2(version, ErrorCode::SESSION_REQUIRED));
                assert!(!middle.responder.session(id).unwrap().is_established());
                assert_eq!(middle.ask(lane, psk_finish).unwrap()[1], 0x67);
                assert!(middle.responder.session(id).unwrap().is_established());
            });
        }
    }
}

/// FINISH that goes with the records of the handshake is not taken in the clear, nor the other way round.
#[test]
fn finish_goes_where_the_handshake_goes() {
    for version in VERSIONS {
        for clear in [false, true] {
            in_handshake(own(clear), asked(version, clear), false, |middle, lane, finish| {
                let id = middle.known[0].id;
                let wrong = if clear { Some(id) } else { None };
                let expected = if clear {
                    ErrorCode::UNEXPECTED_REQUEST
                } else {
                    since_1_2(version, ErrorCode::SESSION_REQUIRED)
                };
                assert_eq!(code(&middle.ask(wrong, finish).unwrap()), expected);
                assert!(!middle.responder.session(id).unwrap().is_established());
                assert_eq!(middle.ask(lane, finish).unwrap()[1], 0x65);
            });
        }
    }
}

#[test]
fn nothing_of_an_open_session_is_taken_before_the_handshake_is_over() {
    for version in VERSIONS {
        for (is_psk, clear) in [(false, false), (false, true), (true, false)] {
            in_handshake(own(clear), asked(version, clear), is_psk, |middle, lane, finish| {
                let id = middle.known[0].id;
                let vendor = [version.byte(), 0xfe, 0, 0, 3, 0, 2, 1, 0, 0, 0];
                for request in [0x81, 0x82, 0x83, 0xe0, 0xe1, 0xe3, 0xe4, 0xe6, 0xe8, 0xe9, 0xec, 0xff] {
                    let answer = middle.ask(Some(id), &[version.byte(), request, 1, 0]).unwrap();
                    assert_eq!(code(&answer), ErrorCode::UNEXPECTED_REQUEST, "{version} {request:#x}");
                }
                assert_eq!(code(&middle.ask(Some(id), &vendor).unwrap()), ErrorCode::UNEXPECTED_REQUEST);
                let version_of = middle.ask(Some(id), &[0x10, 0x84, 0, 0]).unwrap();
                assert_eq!(code(&version_of), ErrorCode::UNEXPECTED_REQUEST);
                assert_eq!(middle.responder.parts_mut().vendor.heard, []);
                assert!(!middle.responder.is_requester_known(Some(id)));
                // What was refused is in no transcript.
                assert!(matches!(middle.ask(lane, finish).unwrap()[1], 0x65 | 0x67));
            });
        }
    }
}

#[test]
fn a_record_under_the_keys_to_come_ends_the_handshake() {
    for is_psk in [false, true] {
        in_handshake(own(false), asked(Version::V1_2, false), is_psk, |middle, lane, finish| {
            let id = middle.known[0].id;
            // The keys that follow from the transcript as it stands: FINISH has not been said.
            let mut early = middle.known.pop().unwrap();
            early.establish();
            middle.known.push(early);
            let record = middle.record(id, &[0x12, 0x81, 0, 0]);
            let answer = middle.raw(lanewarden_spdm::binding::MessageKind::Secured, &record);
            assert!(answer.is_some(), "the error is sealed");
            assert!(middle.responder.session(id).is_none());
            assert_eq!(middle.responder.parts_mut().vendor.ended, [id]);
            assert_eq!(middle.raw(lanewarden_spdm::binding::MessageKind::Secured, &record), None);
            assert_eq!(lane, Some(id));
            let _ = finish;
        });
    }
}

#[test]
fn one_bit_of_finish_ends_the_session_or_is_refused() {
    for (is_psk, clear) in [(false, false), (false, true), (true, false)] {
        let mut length = 3;
        let mut place = 2;
        while place < length {
            in_handshake(own(clear), asked(Version::V1_2, clear), is_psk, |middle, lane, finish| {
                let id = middle.known[0].id;
                length = finish.len();
                let mut changed = finish.to_vec();
                changed[place] ^= 1;
                let answer = middle.ask(lane, &changed).unwrap();
                // Bit 0 of param1 says that there is a signature.
                let is_short = place == 2 && !is_psk;
                let expected = if is_short { ErrorCode::INVALID_REQUEST } else { ErrorCode::DECRYPT_ERROR };
                assert_eq!(code(&answer), expected, "{place}");
                assert_eq!(middle.responder.session(id).is_some(), is_short);
                assert!(middle.responder.sessions().all(|session| !session.is_established()));
            });
            place += 1;
        }
    }
}

#[test]
fn finish_is_as_long_as_it_must_be() {
    for (is_psk, clear) in [(false, false), (false, true), (true, false)] {
        in_handshake(own(clear), asked(Version::V1_2, clear), is_psk, |middle, lane, finish| {
            for wrong in [
                &finish[..4],
                &finish[..finish.len() - 1],
                &[finish, &[1]].concat(),
                &[finish, &[0; 4]].concat(),
            ] {
                assert_eq!(code(&middle.ask(lane, wrong).unwrap()), ErrorCode::INVALID_REQUEST);
            }
            assert!(matches!(middle.ask(lane, finish).unwrap()[1], 0x65 | 0x67));
        });
    }
}

/// GET_VERSION in the clear ends every session, one in the middle of its handshake too.
#[test]
fn who_begins_anew_has_no_handshake_either() {
    for (is_psk, clear) in [(false, false), (false, true), (true, false)] {
        in_handshake(own(clear), asked(Version::V1_2, clear), is_psk, |middle, lane, finish| {
            let id = middle.known[0].id;
            assert_eq!(middle.ask(None, &[0x10, 0x84, 0, 0]).unwrap()[1], 0x04);
            assert_eq!(middle.responder.sessions().count(), 0);
            assert_eq!(middle.responder.parts_mut().vendor.ended, [id]);
            let answer = if lane.is_some() {
                let record = middle.record(id, finish);
                middle.raw(lanewarden_spdm::binding::MessageKind::Secured, &record)
            } else {
                middle.ask(None, finish)
            };
            assert!(answer.is_none_or(|answer| answer[1] == 0x7f));
        });
    }
}
