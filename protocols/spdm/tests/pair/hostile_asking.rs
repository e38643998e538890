//! What a requester makes of a responder that asks what it must not, or for ever.

use lanewarden_spdm::message::{KeyOperation, MutualAuthentication};

use crate::support::*;

use MutualAuthentication::{Direct, Encapsulated, EncapsulatedDigests};

type Between<'r> = Middle<'r, PartsTalking<LeakyKit>>;

/// A requester that asks in an open session whether there is something to do, and whatever the hook makes of it.
fn talked(mut hook: impl FnMut(&[u8]) -> Vec<u8>) -> (Result<Vec<Seen>, Error>, usize) {
    let mut responder = talker::<LeakyKit, true>(settings());
    let (mut asker, tap, id) = tapped(&mut responder, only(Version::V1_2));
    let mut tap = tap.with(|_: &mut Between<'_>, _: Option<u32>, message: &[u8]| hook(message));
    asker.requester.within(id).encapsulated().unwrap();
    let seen = asker.drive(&mut tap);
    (seen, asker.requester.sessions().count())
}

/// What is delivered as the answer to one encapsulated request.
fn delivered(request: &[u8]) -> Vec<u8> {
    let mut kept = Vec::new();
    let (seen, count) = talked(|message| {
        if message[1] == 0xea {
            return [&[0x12, 0x6a, 9, 0], request].concat();
        }
        kept = message.to_vec();
        vec![0x12, 0x6b, 0, 0, 9, 0, 0, 0]
    });
    assert_eq!(seen.unwrap(), [Seen::Heard]);
    assert_eq!(count, 1);
    assert_eq!(kept[..4], [0x12, 0xeb, 9, 0]);
    kept[4..].to_vec()
}

#[test]
fn an_encapsulated_update_is_of_one_key_and_is_verified_under_it() {
    assert_eq!(delivered(&[0x12, 0xe9, 1, 5]), [0x12, 0x69, 1, 5]);
    // All keys, a verification of nothing, and what is no operation.
    for operation in [0, 2, 3, 4] {
        assert_eq!(delivered(&[0x12, 0xe9, operation, 5])[..3], [0x12, 0x7f, 1], "{operation}");
    }
    // After an update, another one and a verification under the old key.
    for second in [1, 3] {
        let (mut answers, mut asked) = (Vec::new(), 0);
        let (seen, _) = talked(|message| {
            asked += 1;
            answers.push(message.to_vec());
            match asked {
                1 => vec![0x12, 0x6a, 1, 0, 0x12, 0xe9, 1, 5],
                2 => vec![0x12, 0x6b, 2, 1, 1, 0, 0, 0, 0x12, 0xe9, second, 6],
                _ => vec![0x12, 0x6b, 0, 0, 2, 0, 0, 0],
            }
        });
        assert_eq!(seen.unwrap(), [Seen::Heard]);
        assert_eq!(answers[1][4..], [0x12, 0x69, 1, 5]);
        assert_eq!(answers[2][4..7], [0x12, 0x7f, 1]);
    }
}

#[test]
fn what_must_not_be_asked_in_a_session_is_refused() {
    let challenge = [&[0x12, 0x83, 0, 0][..], &[7; 32]].concat();
    assert_eq!(
        delivered(&challenge)[..3],
        [0x12, 0x7f, 1],
        "nothing is signed that the transcript does not hold"
    );
    assert_eq!(delivered(&[0x11, 0x81, 0, 0])[..3], [0x12, 0x7f, 0x41]);
    for code in (0x80..=0xff).filter(|code| ![0x81, 0x82, 0x83, 0xe9].contains(code)) {
        assert_eq!(delivered(&[0x12, code, 0, 0])[..4], [0x12, 0x7f, 7, code]);
    }
    assert_eq!(delivered(&[0x12, 0x82, 5, 0, 0, 0, 0xff, 0])[..3], [0x12, 0x7f, 1], "there is no such slot");
    assert_eq!(delivered(&[0x12, 0x82, 0, 0, 0xff, 0xff, 1, 0])[..3], [0x12, 0x7f, 1], "behind the end");
}

#[test]
fn acknowledgements_follow_what_was_delivered() {
    for ack in [
        [0x12, 0x6b, 0, 0, 8, 0, 0, 0].to_vec(),
        [0x12, 0x6b, 0, 0].to_vec(),
        [0x12, 0x6b, 0, 3, 9, 0, 0, 0].to_vec(),
        [0x12, 0x6b, 0, 2, 9, 0, 0, 0, 8].to_vec(),
        [0x12, 0x6b, 1, 1, 9, 0, 0, 0].to_vec(),
        [0x12, 0x6a, 1, 0, 0x12, 0x81, 0, 0].to_vec(),
    ] {
        let (seen, count) =
            talked(
                |message| {
                    if message[1] == 0xea { vec![0x12, 0x6a, 9, 0, 0x12, 0x81, 0, 0] } else { ack.clone() }
                },
            );
        assert_eq!(seen.unwrap_err().blame(), Blame::Peer, "{ack:02x?}");
        assert_eq!(count, 0);
    }
}

#[test]
fn a_responder_does_not_ask_for_ever() {
    let mut id = 0_u8;
    let (seen, count) = talked(|message| {
        id = id.wrapping_add(1);
        let request = [0x12, 0x82, 0, 0, 0, 0, 1, 0];
        if message[1] == 0xea {
            return [&[0x12, 0x6a, id, 0][..], &request].concat();
        }
        [&[0x12, 0x6b, id, 1, message[2], 0, 0, 0][..], &request].concat()
    });
    let error = seen.unwrap_err();
    assert_eq!(error.reason, Reason::Violation(Violation::Encapsulated));
    assert_eq!(count, 0);
}

/// A responder whose KEY_EXCHANGE_RSP asks for what the requester did not offer.
#[test]
fn who_did_not_offer_to_prove_itself_is_not_asked_to() {
    for (mutual, byte) in [(Direct, 1), (Encapsulated, 2), (EncapsulatedDigests, 4)] {
        let mut responder = talker::<LeakyKit, true>(settings());
        let parts = requester::Parts::new(AwsLcKit::provider())
            .with_sessions(lanewarden_spdm::session::seats::<_, 1>());
        let mut asker = requester::Requester::new(parts, only(Version::V1_2), vec![0; 0x3000]);
        let mut tap = Tap::new(&mut responder, |middle: &mut Between<'_>, lane, message: &[u8]| {
            let mut answer = middle.ask(lane, message).unwrap();
            if message[1] == 0xe4 {
                assert_eq!(answer[6], 0);
                answer[6] = byte;
            }
            answer
        });
        let mut now = lanewarden_spdm::Instant::ORIGIN;
        asker.connect().unwrap();
        drive(&mut asker, &mut now, &mut tap).unwrap();
        asker.digests().unwrap();
        drive(&mut asker, &mut now, &mut tap).unwrap();
        let chain = *asker.digest(0).unwrap();
        asker.know(0, requester::PeerKey { key: AwsLcKit::verifying_key(P256, 0), chain });
        asker.key_exchange(Default::default()).unwrap();
        let error = drive(&mut asker, &mut now, &mut tap).unwrap_err();
        assert_eq!(error.reason, Reason::Violation(Violation::MutualAuthentication), "{mutual:?}");
        assert_eq!(error.blame(), Blame::Peer);
        assert_eq!(asker.sessions().count(), 0);
    }
}

/// The last acknowledgement of a handshake names a slot: one that there is not, one that is not the asked one, none.
#[test]
fn the_slot_that_is_to_sign_is_one_that_there_is() {
    for slot in [1, 7, 8, 0xff] {
        let own = responder::Settings { mutual: Encapsulated, ..settings() };
        let mut responder = talker::<LeakyKit, true>(own);
        let mut asker = Caller::<AwsLcKit>::new(only(Version::V1_2));
        let mut finishes = 0;
        let mut tap = Tap::new(&mut responder, |middle: &mut Between<'_>, lane, message: &[u8]| {
            finishes += u32::from(message[1] == 0xe5);
            let answer = middle.ask(lane, message).unwrap();
            if answer[1] == 0x6b && answer[3] == 0 {
                [&answer[..3], &[2], &answer[4..], &[slot]].concat()
            } else {
                answer
            }
        });
        asker.meet_over(&mut tap);
        asker.begin(false);
        let error = asker.drive(&mut tap).unwrap_err();
        assert_eq!(error.blame(), Blame::Peer, "{error}");
        assert_eq!(asker.requester.sessions().count(), 0);
        assert_eq!(finishes, 0, "nothing is signed");
    }
}

/// A key update has no place in a handshake, whatever else is asked there.
#[test]
fn keys_are_not_updated_in_a_handshake() {
    let own = responder::Settings { mutual: Encapsulated, ..settings() };
    let mut responder = talker::<LeakyKit, true>(own);
    let mut asker = Caller::<AwsLcKit>::new(only(Version::V1_2));
    let mut told = Vec::new();
    let mut tap = Tap::new(&mut responder, |middle: &mut Between<'_>, lane, message: &[u8]| {
        match message[1] {
            0xea => vec![0x12, 0x6a, 9, 0, 0x12, 0xe9, KeyOperation::UpdateKey as u8, 0],
            0xeb if message[2] == 9 => {
                told = message[4..].to_vec();
                // Then what was to be asked.
                let asked = middle.ask(lane, &[0x12, 0xea, 0, 0]).unwrap();
                [&[0x12, 0x6b, asked[2], 1, 9, 0, 0, 0][..], &asked[4..]].concat()
            }
            _ => middle.ask(lane, message).unwrap(),
        }
    });
    asker.meet_over(&mut tap);
    asker.begin(false);
    let id = opened(&asker.drive(&mut tap).unwrap());
    assert_eq!(told[..3], [0x12, 0x7f, 1]);
    assert!(responder.is_requester_known(Some(id)));
}
