//! Keys that are used up, and updates of keys that do not go as they must.

use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::message::{ErrorCode, KeyOperation};
use lanewarden_spdm::session::SealError;

use crate::support::*;

const UPDATE: [u8; 4] = [0x12, 0xe9, 1, 7];
const UPDATE_ALL: [u8; 4] = [0x12, 0xe9, 2, 7];
const VERIFY: [u8; 4] = [0x12, 0xe9, 3, 8];
const ALIVE: [u8; 4] = [0x12, 0xe8, 0, 0];

fn v1_2() -> requester::Settings {
    only(Version::V1_2)
}

#[test]
fn a_second_update_waits_for_the_first_to_be_verified() {
    for (first, second) in
        [(UPDATE, UPDATE), (UPDATE, UPDATE_ALL), (UPDATE_ALL, UPDATE), (UPDATE_ALL, UPDATE_ALL)]
    {
        for is_under_new in [false, true] {
            let mut responder = talker::<LeakyKit, true>(settings());
            let (_, mut tap, id) = tapped(&mut responder, v1_2());
            let middle = &mut tap.middle;
            assert_eq!(middle.ask(Some(id), &first).unwrap(), [0x12, 0x69, first[2], 7]);
            if is_under_new {
                middle.session(id).up.renew();
            }
            assert_eq!(code(&middle.ask(Some(id), &second).unwrap()), ErrorCode::INVALID_REQUEST);
            if !is_under_new {
                middle.session(id).up.renew();
            }
            assert_eq!(middle.ask(Some(id), &VERIFY).unwrap(), [0x12, 0x69, 3, 8]);
            assert_eq!(middle.session(id).down.renewals, u32::from(first == UPDATE_ALL));
            assert_eq!(middle.ask(Some(id), &second).unwrap(), [0x12, 0x69, second[2], 7]);
        }
    }
}

#[test]
fn new_keys_are_verified_under_themselves_and_after_an_update() {
    let mut responder = talker::<LeakyKit, true>(settings());
    let (_, mut tap, id) = tapped(&mut responder, v1_2());
    let middle = &mut tap.middle;
    assert_eq!(
        code(&middle.ask(Some(id), &VERIFY).unwrap()),
        ErrorCode::INVALID_REQUEST,
        "there is no update"
    );
    for update in [UPDATE, UPDATE_ALL] {
        middle.ask(Some(id), &update).unwrap();
        assert_eq!(
            code(&middle.ask(Some(id), &VERIFY).unwrap()),
            ErrorCode::INVALID_REQUEST,
            "under the old key"
        );
        middle.session(id).up.renew();
        assert_eq!(middle.ask(Some(id), &VERIFY).unwrap()[1], 0x69);
        assert_eq!(
            code(&middle.ask(Some(id), &VERIFY).unwrap()),
            ErrorCode::INVALID_REQUEST,
            "it is verified"
        );
    }
    for operation in [0, 4, 0xff] {
        let answer = middle.ask(Some(id), &[0x12, 0xe9, operation, 0]).unwrap();
        assert_eq!(code(&answer), ErrorCode::INVALID_REQUEST);
    }
    assert_eq!(middle.ask(Some(id), &ALIVE).unwrap()[1], 0x68);
}

#[test]
fn an_old_key_is_of_no_use_once_the_new_one_was_seen() {
    let mut responder = talker::<LeakyKit, true>(settings());
    let (_, mut tap, id) = tapped(&mut responder, v1_2());
    let middle = &mut tap.middle;
    middle.ask(Some(id), &UPDATE).unwrap();
    let old = middle.record(id, &ALIVE);
    middle.session(id).up.renew();
    middle.ask(Some(id), &VERIFY).unwrap();
    let refused = middle.raw(MessageKind::Secured, &old).unwrap();
    assert_eq!(code(&middle.opened(id, &refused)), ErrorCode::DECRYPT_ERROR);
    assert!(responder.session(id).is_none());
}

#[test]
fn a_key_that_was_not_agreed_on_opens_nothing() {
    for updates in [1, 2] {
        let mut responder = talker::<LeakyKit, true>(settings());
        let (_, mut tap, id) = tapped(&mut responder, v1_2());
        let middle = &mut tap.middle;
        if updates == 2 {
            middle.ask(Some(id), &UPDATE).unwrap();
        }
        for _ in 0..updates {
            middle.session(id).up.renew();
        }
        assert_eq!(code(&middle.ask(Some(id), &VERIFY).unwrap()), ErrorCode::DECRYPT_ERROR);
        assert!(responder.session(id).is_none());
    }
}

/// What a requester makes of an answer to KEY_UPDATE, which the responder does not hear of; with new keys in the way of
/// the answers or without.
fn updated(operation: KeyOperation, is_new: bool, answer: impl Fn(&[u8]) -> Vec<u8>) -> (Error, bool) {
    let mut responder = talker::<LeakyKit, true>(settings());
    let (mut asker, tap, id) = tapped(&mut responder, v1_2());
    let mut tap = tap.with(|middle: &mut Middle<'_, _>, _: Option<u32>, message: &[u8]| {
        if is_new {
            middle.session(id).down.renew();
        }
        answer(message)
    });
    asker.requester.within(id).update_keys(operation).unwrap();
    let error = asker.drive(&mut tap).unwrap_err();
    let is_there = asker.requester.sessions().count() == 1;
    if is_there {
        asker.requester.within(id).heartbeat().unwrap();
        assert_eq!(asker.drive(&mut tap.with(through)).unwrap(), [Seen::Alive(id)]);
    }
    (error, is_there)
}

#[test]
fn an_update_is_acknowledged_as_it_was_asked_for_and_under_the_right_key() {
    use KeyOperation::{UpdateAllKeys, UpdateKey};
    for (operation, is_new) in [(UpdateKey, false), (UpdateAllKeys, true)] {
        for (place, bit) in [(2, 1), (2, 2), (3, 1), (3, 0x80)] {
            let (error, is_there) = updated(operation, is_new, |message| {
                let mut ack = [message[0], 0x69, message[2], message[3]];
                ack[place] ^= bit;
                ack.to_vec()
            });
            assert_eq!(error.blame(), Blame::Peer, "{error}");
            assert!(!is_there);
        }
    }
    let ack = |message: &[u8]| vec![message[0], 0x69, message[2], message[3]];
    let (error, is_there) = updated(UpdateAllKeys, false, ack);
    assert_eq!(error.reason, Reason::Violation(Violation::KeyUpdate), "under the old key");
    assert!(!is_there);
    let (error, is_there) = updated(UpdateKey, true, ack);
    assert!(matches!(error.reason, Reason::Open(_)), "under a new key: {error}");
    assert!(!is_there);
}

#[test]
fn a_refused_update_leaves_the_keys_as_they_are() {
    for operation in [KeyOperation::UpdateKey, KeyOperation::UpdateAllKeys] {
        let (error, is_there) = updated(operation, false, |_| vec![0x12, 0x7f, 4, 0]);
        assert_eq!(error.blame(), Blame::PeerCannot);
        assert!(is_there);
    }
}

#[test]
fn a_refused_verification_ends_the_session() {
    let mut responder = talker::<LeakyKit, true>(settings());
    let (mut asker, tap, id) = tapped(&mut responder, v1_2());
    let mut tap =
        tap.with(
            |middle: &mut Middle<'_, _>, lane: Option<u32>, message: &[u8]| {
                if message[2] == 3 { vec![0x12, 0x7f, 1, 0] } else { middle.ask(lane, message).unwrap() }
            },
        );
    asker.requester.within(id).update_keys(KeyOperation::UpdateKey).unwrap();
    assert_eq!(asker.drive(&mut tap).unwrap_err().blame(), Blame::PeerCannot);
    assert_eq!(asker.requester.sessions().count(), 0);
}

/// An answer that is put off, by Busy and by ResponseNotReady, at each message of an update.
#[test]
fn an_update_may_be_put_off() {
    for operation in [KeyOperation::UpdateKey, KeyOperation::UpdateAllKeys] {
        for at in [operation as u8, 3] {
            for is_busy in [true, false] {
                let mut responder = talker::<LeakyKit, true>(settings());
                let (mut asker, tap, id) = tapped(&mut responder, v1_2());
                let (mut times, mut kept) = (3, Vec::new());
                let putting_off = |middle: &mut Middle<'_, _>, lane: Option<u32>, message: &[u8]| {
                    if message[1] == 0xe9 {
                        kept = message.to_vec();
                    }
                    if message[1] == 0xe9 && message[2] != at || times == 0 {
                        return middle.ask(lane, &kept).unwrap();
                    }
                    times -= 1;
                    if is_busy { vec![0x12, 0x7f, 3, 0] } else { vec![0x12, 0x7f, 0x42, 0, 1, 0xe9, 5, 2] }
                };
                let mut tap = tap.with(putting_off);
                asker.requester.within(id).update_keys(operation).unwrap();
                assert_eq!(
                    asker.drive(&mut tap).unwrap(),
                    [Seen::Renewed(id)],
                    "{operation:?} {at} {is_busy}"
                );
                asker.requester.within(id).heartbeat().unwrap();
                assert_eq!(asker.drive(&mut tap.with(through)).unwrap(), [Seen::Alive(id)]);
                assert_eq!(times, 0);
            }
        }
    }
}

#[test]
fn a_requester_does_not_use_keys_beyond_their_limit() {
    for (own, asked) in [(2, 64), (64, 2), (2, 3)] {
        let own = responder::Settings { aead_limit: own, ..settings() };
        let mut responder = talker::<LeakyKit, true>(own);
        let mut asker = Caller::<AwsLcKit>::new(requester::Settings { aead_limit: asked, ..v1_2() });
        asker.meet(&mut responder);
        let id = opened(&asker.psk(&mut responder).unwrap());
        for _ in 0..4 {
            asker.requester.within(id).heartbeat().unwrap();
            assert_eq!(asker.drive(&mut Line(&mut responder)).unwrap(), [Seen::Alive(id)]);
        }
        for _ in 0..2 {
            asker.requester.within(id).heartbeat().unwrap();
            let error = asker.drive(&mut Line(&mut responder)).unwrap_err();
            assert_eq!(error.reason, Reason::Seal(SealError::Exhausted));
            assert_eq!(error.blame(), Blame::Caller);
        }
        asker.requester.within(id).update_keys(KeyOperation::UpdateAllKeys).unwrap();
        let error = asker.drive(&mut Line(&mut responder)).unwrap_err();
        assert_eq!(error.reason, Reason::Seal(SealError::Exhausted), "it is too late for new keys");
    }
}

#[test]
fn new_keys_in_time_begin_the_count_anew() {
    let mut responder = talker::<LeakyKit, true>(responder::Settings { aead_limit: 2, ..settings() });
    let mut asker = Caller::<AwsLcKit>::new(v1_2());
    asker.meet(&mut responder);
    let id = opened(&asker.psk(&mut responder).unwrap());
    for _ in 0..10 {
        asker.requester.within(id).heartbeat().unwrap();
        assert_eq!(asker.drive(&mut Line(&mut responder)).unwrap(), [Seen::Alive(id)]);
        asker.requester.within(id).update_keys(KeyOperation::UpdateAllKeys).unwrap();
        assert_eq!(asker.drive(&mut Line(&mut responder)).unwrap(), [Seen::Renewed(id)]);
    }
}

#[test]
fn a_responder_does_not_use_keys_beyond_their_limit() {
    for is_up_renewed in [false, true] {
        let mut responder = talker::<LeakyKit, true>(responder::Settings { aead_limit: 2, ..settings() });
        let (_, mut tap, id) = tapped(&mut responder, v1_2());
        let middle = &mut tap.middle;
        if is_up_renewed {
            middle.ask(Some(id), &UPDATE).unwrap();
            middle.session(id).up.renew();
            middle.ask(Some(id), &VERIFY).unwrap();
        }
        for _ in 0..if is_up_renewed { 2 } else { 4 } {
            assert_eq!(middle.ask(Some(id), &ALIVE).unwrap()[1], 0x68);
        }
        // It cannot even say so: there is no number left to say it under.
        assert_eq!(middle.ask(Some(id), &ALIVE), None);
        assert!(middle.responder.session(id).is_none());
        assert_eq!(responder.parts_mut().vendor.ended, [id]);
    }
}
