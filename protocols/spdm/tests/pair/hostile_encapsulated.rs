//! Requests of the responder that do not follow each other as they must, on both sides.

use lanewarden_spdm::message::{ErrorCode, MutualAuthentication};

use crate::support::*;

use MutualAuthentication::{Direct, Encapsulated, EncapsulatedDigests};

fn own(mutual: MutualAuthentication, clear: bool) -> responder::Settings {
    responder::Settings { mutual, handshake_in_the_clear: clear, ..settings() }
}

fn asked(clear: bool) -> requester::Settings {
    requester::Settings { handshake_in_the_clear: clear, ..only(Version::V1_2) }
}

/// A handshake whose messages to the responder are changed: it opens nothing, and nobody is known.
fn spliced(mutual: MutualAuthentication, clear: bool, mut change: impl FnMut(&mut Vec<u8>)) -> Error {
    let mut responder = talker::<LeakyKit, true>(own(mutual, clear));
    // What is seen to here is not left to whoever judges chains.
    responder.parts_mut().requesters.is_gullible = true;
    let mut asker = Caller::<AwsLcKit>::new(asked(clear));
    let mut tap = Tap::new(&mut responder, |middle: &mut Middle<'_, _>, lane, message: &[u8]| {
        let mut message = message.to_vec();
        change(&mut message);
        middle.ask(lane, &message).unwrap()
    });
    asker.meet_over(&mut tap);
    if mutual == Direct {
        let hash = tap.middle.responder.connection().unwrap().hash;
        tap.middle.responder.parts_mut().requesters.known =
            Some((own_digest(hash), LeakyKit::verifying_key(P256, 3)));
    }
    asker.begin(false);
    let error = asker.drive(&mut tap).unwrap_err();
    assert_eq!(asker.requester.sessions().count(), 0);
    assert!(responder.sessions().all(|session| !session.is_established()), "{error}");
    for id in responder.sessions().map(lanewarden_spdm::session::Session::id).collect::<Vec<_>>() {
        assert!(!responder.is_requester_known(Some(id)));
    }
    error
}

fn refusal(error: &Error) -> ErrorCode {
    let Reason::Refused(refusal) = error.reason else { panic!("{error}") };
    refusal.code
}

#[test]
fn one_bit_of_the_proof_proves_nothing() {
    for mutual in [Direct, Encapsulated, EncapsulatedDigests] {
        for clear in [false, true] {
            for place in (4..4 + 64 + 48).step_by(3) {
                let error = spliced(mutual, clear, |message| {
                    if message[1] == 0xe5 {
                        message[place] ^= 4;
                    }
                });
                assert_eq!(refusal(&error), ErrorCode::DECRYPT_ERROR);
            }
            // Without a signature, and of another slot.
            let error = spliced(mutual, clear, |message| {
                if message[1] == 0xe5 {
                    *message = [&[0x12, 0xe5, 0, 0], &message[68..]].concat();
                }
            });
            assert_eq!(refusal(&error), ErrorCode::INVALID_REQUEST);
            for slot in [1, 7, 0xff] {
                let error = spliced(mutual, clear, |message| {
                    if message[1] == 0xe5 {
                        message[3] = slot;
                    }
                });
                assert_eq!(refusal(&error), ErrorCode::INVALID_REQUEST, "{slot}");
            }
        }
    }
}

/// A signature of another handshake with the same peer, in every combination of ways, with verify data that fits.
#[test]
fn a_proof_is_of_the_session_that_it_was_made_in() {
    let finish_of = |mutual| {
        let mut kept = Vec::new();
        let error = spliced(mutual, false, |message| {
            if message[1] == 0xe5 {
                kept.clone_from(message);
                message[4] ^= 1;
            }
        });
        assert_eq!(refusal(&error), ErrorCode::DECRYPT_ERROR);
        kept
    };
    for of in [Direct, Encapsulated, EncapsulatedDigests] {
        let other = finish_of(of);
        for mutual in [Direct, Encapsulated, EncapsulatedDigests] {
            let mut responder = talker::<LeakyKit, true>(own(mutual, false));
            let mut asker = Caller::<AwsLcKit>::new(asked(false));
            let mut tap = Tap::new(&mut responder, |middle: &mut Middle<'_, _>, lane, message: &[u8]| {
                if message[1] != 0xe5 {
                    return middle.ask(lane, message).unwrap();
                }
                let head = &other[..68];
                let hash = middle.responder.connection().unwrap().hash;
                let proof = middle.known[0].proof(&[own_digest(hash).as_bytes(), head].concat());
                middle.ask(lane, &[head, &proof].concat()).unwrap()
            });
            asker.meet_over(&mut tap);
            if mutual == Direct {
                let hash = tap.middle.responder.connection().unwrap().hash;
                tap.middle.responder.parts_mut().requesters.known =
                    Some((own_digest(hash), LeakyKit::verifying_key(P256, 3)));
            }
            asker.begin(false);
            let error = asker.drive(&mut tap).unwrap_err();
            assert_eq!(refusal(&error), ErrorCode::DECRYPT_ERROR);
            assert_eq!(responder.sessions().count(), 0);
        }
    }
}

/// The chain that comes is the one that DIGESTS told of.
#[test]
fn a_chain_is_not_swapped_between_digests_and_certificate() {
    for mutual in [Encapsulated, EncapsulatedDigests] {
        for clear in [false, true] {
            // DELIVER_ENCAPSULATED_RESPONSE with DIGESTS: the digest; with CERTIFICATE: the chain.
            for (code, place) in [(0x01, 8), (0x01, 55), (0x02, 8 + 8), (0x02, 8 + 400), (0x02, 8 + 8 + 1300)]
            {
                let error = spliced(mutual, clear, |message| {
                    if message[1] == 0xeb && message[5] == code {
                        message[place] ^= 1;
                    }
                });
                let expected = ErrorCode::INVALID_RESPONSE_CODE;
                assert_eq!(refusal(&error), expected, "{mutual:?} {code} {place}");
            }
        }
    }
}

#[test]
fn portions_that_cannot_be_end_the_flow() {
    let certificate = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut is_first = true;
        let error = spliced(Encapsulated, false, |message| {
            if message[1] == 0xeb && message[5] == 0x02 && core::mem::take(&mut is_first) {
                change(message);
            }
        });
        assert_eq!(refusal(&error), ErrorCode::INVALID_RESPONSE_CODE);
    };
    certificate(&|message| message[6] = 1);
    // Longer than it says, shorter than it says, and nothing with a rest.
    certificate(&|message| message[8] = message[8].wrapping_sub(4));
    certificate(&|message| message[9] += 1);
    certificate(&|message| {
        message.truncate(12);
        message[8..12].copy_from_slice(&[0, 0, 0xff, 0]);
    });
    // Longer than was asked for.
    certificate(&|message| {
        message.resize(12 + 0x2000, 7);
        message[8..12].copy_from_slice(&[0, 0x20, 0, 0]);
    });
    // A rest that would not end within what a chain may have.
    certificate(&|message| message[10..12].copy_from_slice(&[0xff, 0xff]));
}

#[test]
fn what_is_delivered_has_the_number_and_the_code_that_were_asked_for() {
    for mutual in [Encapsulated, EncapsulatedDigests] {
        for delta in [1, 0x7f, 0xff] {
            let error = spliced(mutual, false, |message| {
                if message[1] == 0xeb {
                    message[2] = message[2].wrapping_add(delta);
                }
            });
            assert_eq!(refusal(&error), ErrorCode::INVALID_REQUEST);
        }
        for code in (0..=0xff).filter(|code| *code != 1) {
            let error = spliced(mutual, false, |message| {
                if message[1] == 0xeb && message[5] == 1 {
                    message[5] = code;
                }
            });
            // ResponseNotReady ends the flow as well, and FINISH is not signed by a chain that was not shown.
            assert!(
                matches!(refusal(&error), ErrorCode::INVALID_RESPONSE_CODE | ErrorCode::INVALID_REQUEST),
                "{code}"
            );
        }
    }
}

#[test]
fn nothing_else_is_taken_while_an_answer_is_awaited() {
    in_handshake(own(EncapsulatedDigests, false), asked(false), false, |middle, lane, deliver| {
        assert_eq!(deliver[1], 0xeb);
        let id = middle.known[0].id;
        for request in [0x81, 0x82, 0xe5, 0xe7, 0xe8, 0xe9, 0xec] {
            let answer = middle.ask(lane, &[0x12, request, 1, 0]).unwrap();
            assert_eq!(code(&answer), ErrorCode::REQUEST_IN_FLIGHT, "{request:#x}");
            let answer = middle.ask(None, &[0x12, request, 1, 0]).unwrap();
            assert_eq!(code(&answer), ErrorCode::REQUEST_IN_FLIGHT, "{request:#x}");
        }
        // Nor is it delivered in another lane.
        assert_eq!(code(&middle.ask(None, deliver).unwrap()), ErrorCode::UNEXPECTED_REQUEST);
        assert_eq!(code(&middle.ask(None, &[0x12, 0xea, 0, 0]).unwrap()), ErrorCode::UNEXPECTED_REQUEST);
        assert_eq!(code(&middle.ask(lane, &[0x12, 0xea, 0, 0]).unwrap()), ErrorCode::REQUEST_IN_FLIGHT);
        assert!(!middle.responder.ask_key_update(id));
        assert_eq!(middle.ask(lane, deliver).unwrap()[1], 0x6b);
    });
}

/// The challenge of the requester, outside of sessions: every byte of the answer is signed or checked.
#[test]
fn one_bit_of_the_requesters_challenge_auth_proves_nothing() {
    let mut length = 10;
    let mut place = 4;
    while place < length {
        let own = responder::Settings { basic_mutual: true, ..settings() };
        let mut responder = talker::<LeakyKit, true>(own);
        let mut asker = Caller::<AwsLcKit>::new(asked(false));
        let mut tap = Tap::new(&mut responder, |middle: &mut Middle<'_, _>, lane, message: &[u8]| {
            let mut message = message.to_vec();
            if message[1] == 0xeb && message[5] == 0x03 {
                length = message.len();
                message[place] ^= 1;
            }
            middle.ask(lane, &message).unwrap()
        });
        asker.meet_over(&mut tap);
        asker.requester.challenge(Default::default()).unwrap();
        let error = asker.drive(&mut tap).unwrap_err();
        assert!(matches!(error.reason, Reason::Refused(_)), "{place}: {error}");
        assert!(!responder.is_requester_known(None), "{place}");
        place += 1;
    }
    assert!(length > 100);
}
