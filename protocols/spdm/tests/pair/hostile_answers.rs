//! Devices, and somebody between, that lie about who they are and what they run.

use lanewarden_spdm::message::{ErrorCode, Malformed, Operation};
use lanewarden_spdm::requester::{ChallengeRequest, MeasurementRequest};

use crate::support::*;

/// The version, all the answers of one code changed, and what came of a challenge and of signed measurements.
fn challenge<Asker: Kit, Asked: Kit>(
    version: Version,
    change: impl FnMut(&[u8], &mut Vec<u8>),
) -> Result<Seen, Error> {
    let mut responder = Device::new::<Asked>(P256, &[0, 1]).responder::<Asked>(Default::default(), 0x3000);
    let mut wire = meddle::<Asked>(&mut responder, change);
    let mut client = Client::<Asker>::new(only(version), 0x2000);
    client.meet(&[0], &mut wire)?;
    client.challenge(ChallengeRequest { context: *b"a word..", ..Default::default() }, &mut wire)
}

fn measure<Asker: Kit, Asked: Kit>(
    version: Version,
    request: MeasurementRequest,
    change: impl FnMut(&[u8], &mut Vec<u8>),
) -> Result<Seen, Error> {
    let mut responder = Device::new::<Asked>(P256, &[0, 1]).responder::<Asked>(Default::default(), 0x3000);
    let mut wire = meddle::<Asked>(&mut responder, change);
    let mut client = Client::<Asker>::new(only(version), 0x2000);
    client.meet(&[0], &mut wire)?;
    client.measurements(request, &mut wire)
}

fn broken(result: Result<Seen, Error>) -> Reason {
    let error = result.unwrap_err();
    assert_eq!(error.blame(), Blame::Peer, "{error}");
    error.reason
}

/// A change to the answers of one code.
fn at(code: u8, mut change: impl FnMut(&mut Vec<u8>)) -> impl FnMut(&[u8], &mut Vec<u8>) {
    move |_, answer| {
        if answer[1] == code {
            change(answer);
        }
    }
}

const AUTH: u8 = 0x03;
const MEASUREMENTS: u8 = 0x60;
const CERTIFICATE: u8 = 0x02;

fn index(index: u8) -> MeasurementRequest {
    MeasurementRequest {
        operation: Operation::Index(index),
        signed: None,
        ..MeasurementRequest::all_signed(0)
    }
}

stories! {
    fn an_answer_of_before_does_not_do_again<Asker, Asked>() {
        for version in Version::ALL {
            for code in [AUTH, MEASUREMENTS] {
                let mut first: Option<Vec<u8>> = None;
                let mut responder = Device::new::<Asked>(P256, &[0]).responder::<Asked>(Default::default(), 0x3000);
                let mut wire = meddle::<Asked>(&mut responder, |_, answer| {
                    if answer[1] == code {
                        *answer = first.get_or_insert_with(|| answer.clone()).clone();
                    }
                });
                let mut client = Client::<Asker>::new(only(version), 0x2000);
                client.meet(&[0], &mut wire).unwrap();
                let mut prove = || {
                    client.challenge(ChallengeRequest::default(), &mut wire)?;
                    client.measurements(MeasurementRequest::all_signed(0), &mut wire)
                };
                prove().unwrap();
                assert_eq!(broken(prove()), Reason::WrongSignature, "{version}");
            }
        }
    }

    fn one_bit_anywhere_in_what_is_signed_is_found_out<Asker, Asked>() {
        for version in Version::ALL {
            // In the certificates, and then in the proof: its nonce, its opaque length and its signature.
            let honest = challenge::<Asker, Asked>(version, |_, _| {});
            assert!(honest.is_ok());
            for from_the_end in [1, 40, 64, 80] {
                let turned = challenge::<Asker, Asked>(version, at(AUTH, |answer| {
                    let place = answer.len() - from_the_end;
                    answer[place] ^= 1;
                }));
                let reason = broken(turned);
                assert!(
                    matches!(reason, Reason::WrongSignature | Reason::Malformed(_) | Reason::Violation(Violation::Context)),
                    "{version} {from_the_end}: {reason}"
                );
            }
            for place in [9, 20, 60] {
                let turned = measure::<Asker, Asked>(version, MeasurementRequest::all_signed(0), at(MEASUREMENTS, |answer| {
                    answer[12 + place] ^= 1;
                }));
                let reason = broken(turned);
                assert!(!matches!(reason, Reason::Refused(_)), "{version} {place}: {reason}");
            }
        }
    }

    fn another_key_does_not_sign_for_this_chain<Asker, Asked>() {
        let mut device = Device::new::<Asked>(P256, &[0]);
        device.0[0].signer = Asked::signer(P256, 5);
        let mut responder = device.responder::<Asked>(Default::default(), 0x3000);
        let mut wire = |message: &[u8]| responder.say(message);
        let mut client = Client::<Asker>::new(Default::default(), 0x2000);
        client.meet(&[0], &mut wire).unwrap();
        assert_eq!(broken(client.challenge(ChallengeRequest::default(), &mut wire)), Reason::WrongSignature);
        assert_eq!(client.requester.connection(), None, "there is nothing to go on from");
        client.meet(&[0], &mut wire).unwrap();
        let measured = client.measurements(MeasurementRequest::all_signed(0), &mut wire);
        assert_eq!(broken(measured), Reason::WrongSignature);
    }

    /// A signature over a challenge is none over measurements, and one of 1.2 is none of 1.3: the prefix differs.
    fn a_signature_does_not_serve_another_transcript<Asker, Asked>() {
        for version in Version::ALL {
            let mut proof = Vec::new();
            let mut responder = Device::new::<Asked>(P256, &[0]).responder::<Asked>(Default::default(), 0x3000);
            let mut wire = meddle::<Asked>(&mut responder, |_, answer| {
                let place = answer.len().saturating_sub(64);
                match answer[1] {
                    AUTH => proof = answer[place..].to_vec(),
                    MEASUREMENTS => answer[place..].copy_from_slice(&proof),
                    _ => {}
                }
            });
            let mut client = Client::<Asker>::new(only(version), 0x2000);
            client.meet(&[0], &mut wire).unwrap();
            client.challenge(ChallengeRequest::default(), &mut wire).unwrap();
            let measured = client.measurements(MeasurementRequest::all_signed(0), &mut wire);
            assert_eq!(broken(measured), Reason::WrongSignature);
        }
    }

    fn a_chain_that_is_not_the_one_of_its_digest_is_refused<Asker, Asked>() {
        let swapped = challenge::<Asker, Asked>(Version::V1_2, at(CERTIFICATE, |answer| {
            let last = answer.len() - 1;
            answer[last] ^= 1;
        }));
        assert_eq!(broken(swapped), Violation::ChainDigest.into());
        let told = challenge::<Asker, Asked>(Version::V1_2, at(0x01, |answer| answer[4] ^= 1));
        assert_eq!(broken(told), Violation::ChainDigest.into());
        let proved = challenge::<Asker, Asked>(Version::V1_2, at(AUTH, |answer| answer[4] ^= 1));
        assert_eq!(broken(proved), Violation::ChainDigest.into());
    }

    fn a_key_is_used_for_its_own_chain_only<Asker, Asked>() {
        let mut responder = Device::new::<Asked>(P256, &[0]).responder::<Asked>(Default::default(), 0x3000);
        let mut client = Client::<Asker>::new(Default::default(), 0x2000);
        client.meet(&[0], &mut |message: &[u8]| responder.say(message)).unwrap();
        responder.parts_mut().identities.0[0].certificates = certificate(999, 7);
        let mut wire = |message: &[u8]| responder.say(message);
        client.digests(&mut wire).unwrap();
        let refused = client.challenge(ChallengeRequest::default(), &mut wire).unwrap_err();
        assert_eq!((refused.reason, refused.blame()), (Misuse::NoKey.into(), Blame::Caller));
    }

    fn a_chain_has_an_end<Asker, Asked>() {
        let portion = |bytes: &[u8], remainder: u16| {
            let length = u16::try_from(bytes.len()).unwrap();
            [&[0x12, 2, 0, 0][..], &length.to_le_bytes(), &remainder.to_le_bytes(), bytes].concat()
        };
        let fetch = |answers: &dyn Fn(u16) -> Vec<u8>| {
            let mut turn = 0;
            challenge::<Asker, Asked>(Version::V1_2, move |ask, answer| {
                if ask[1] == 0x82 {
                    *answer = answers(turn);
                    turn += 1;
                }
            })
        };
        assert_eq!(broken(fetch(&|_| portion(&[], 9))), Violation::Remainder.into(), "nothing");
        assert_eq!(broken(fetch(&|_| portion(&[7; 9], 100))), Violation::Remainder.into(), "no less than before");
        assert_eq!(broken(fetch(&|_| portion(&[7; 9], u16::MAX))), Violation::Remainder.into(), "more than can be");
        let jumps = |turn| portion(&[7; 9], if turn == 0 { 100 } else { 92 });
        assert_eq!(broken(fetch(&jumps)), Violation::Remainder.into(), "less than was sent");
        let crumbs = |turn: u16| portion(&[7], 60_000 - turn);
        assert_eq!(broken(fetch(&crumbs)), Violation::TooManyPortions.into(), "byte by byte");
        let more = |turn| if turn == 0 { portion(&[7; 100], 10) } else { portion(&[7; 11], 0) };
        assert_eq!(broken(fetch(&more)), Violation::MoreThanAsked { asked: 10, sent: 11 }.into());
        let longer = |_| portion(&[7; 0x1200], 1);
        assert_eq!(broken(fetch(&longer)), Reason::TooLong { length: 0x1208, room: 0x1200 }, "than it was told");
        let short = |_| portion(&[7; 9], 0);
        assert_eq!(broken(fetch(&short)), Violation::ChainDigest.into(), "whole, and another");
        let cut = |_| portion(&[7; 9], 0)[..12].to_vec();
        assert_eq!(broken(fetch(&cut)), Malformed::Short.into());
    }

    fn an_answer_is_about_the_slot_that_was_asked_for<Asker, Asked>() {
        let other = challenge::<Asker, Asked>(Version::V1_2, at(AUTH, |answer| answer[2] = 1));
        assert_eq!(broken(other), Violation::Slot(1).into());
        let not_there = challenge::<Asker, Asked>(Version::V1_2, at(AUTH, |answer| answer[3] = 0b10));
        assert_eq!(broken(not_there), Violation::Slot(0).into(), "its own mask does not have it");
        let chain = challenge::<Asker, Asked>(Version::V1_2, at(CERTIFICATE, |answer| answer[2] = 1));
        assert_eq!(broken(chain), Violation::Slot(1).into());
        let measured = measure::<Asker, Asked>(
            Version::V1_2,
            MeasurementRequest::all_signed(0),
            at(MEASUREMENTS, |answer| answer[3] = 1),
        );
        assert_eq!(broken(measured), Violation::Slot(1).into());
    }

    fn the_requesters_context_comes_back<Asker, Asked>() {
        let proved = challenge::<Asker, Asked>(Version::V1_3, at(AUTH, |answer| {
            let place = answer.len() - 64 - 1;
            answer[place] ^= 1;
        }));
        assert_eq!(broken(proved), Violation::Context.into());
        let measured = measure::<Asker, Asked>(Version::V1_3, index(1), at(MEASUREMENTS, |answer| {
            let place = answer.len() - 1;
            answer[place] ^= 1;
        }));
        assert_eq!(broken(measured), Violation::Context.into());
    }

    fn mutual_authentication_was_not_offered<Asker, Asked>() {
        for version in [Version::V1_0, Version::V1_1] {
            let wished = challenge::<Asker, Asked>(version, at(AUTH, |answer| answer[2] |= 0x80));
            assert_eq!(broken(wished), Violation::MutualAuthentication.into());
        }
    }

    fn measurements_are_those_that_were_asked_for<Asker, Asked>() {
        let wrong = |request, change: &dyn Fn(&mut Vec<u8>)| {
            broken(measure::<Asker, Asked>(Version::V1_2, request, at(MEASUREMENTS, change)))
        };
        assert_eq!(wrong(index(1), &|answer| answer[8] = 2), Violation::Measurements.into(), "another index");
        let all = MeasurementRequest { operation: Operation::All, ..index(1) };
        let twice = |answer: &mut Vec<u8>| answer[8 + 7 + 48] = 1;
        assert_eq!(wrong(all, &twice), Violation::Measurements.into(), "one index twice");
        assert_eq!(wrong(all, &|answer| answer[9] = 2), Violation::Measurements.into(), "a specification of its own");
        let count = MeasurementRequest { operation: Operation::Count, ..index(1) };
        let blocks = |answer: &mut Vec<u8>| {
            (answer[4], answer[5]) = (1, 8);
            let block = [1, 1, 4, 0, 0, 1, 0, 9];
            answer.splice(8..8, block);
        };
        assert_eq!(wrong(count, &blocks), Violation::Measurements.into(), "not only the number");
        assert!(matches!(wrong(index(1), &|answer| answer[5] = 0xff), Reason::Malformed(_)));
    }

    fn a_large_response_needs_chunks_on_both_sides<Asker, Asked>() {
        for code in [0xe1, 0xe3, 0x81] {
            let mut responder = Device::new::<Asked>(P256, &[0]).responder::<Asked>(Default::default(), 0x3000);
            let mut wire = meddle::<Asked>(&mut responder, |ask, answer| {
                if ask[1] == code {
                    *answer = vec![ask[0], 0x7f, 0x0f, 0, 1];
                }
            });
            // Its buffer is too short for that.
            let mut client = Client::<Asker>::new(Default::default(), 0x1000);
            let refused = match client.connect(&mut wire) {
                Ok(_) => client.digests(&mut wire).unwrap_err(),
                Err(error) => error,
            };
            assert_eq!(refused.reason, Violation::ErrorInWrongPlace(ErrorCode::LARGE_RESPONSE).into());
            assert_eq!(refused.blame(), Blame::Peer);
        }
    }

    /// A device that has said it cannot is not asked.
    fn what_a_device_cannot_is_not_asked_for<Asker, Asked>() {
        let parts = made(Asked::provider(), (), (), ());
        let mut responder = responder::Responder::new(parts, Default::default(), vec![0; 0x3000]);
        let mut wire = |message: &[u8]| responder.say(message);
        let mut client = Client::<Asker>::new(Default::default(), 0x2000);
        client.connect(&mut wire).unwrap();
        for refused in [
            client.requester.digests().unwrap_err(),
            client.requester.certificate(0).unwrap_err(),
            client.requester.challenge(ChallengeRequest::default()).unwrap_err(),
            client.requester.measurements(index(1)).unwrap_err(),
        ] {
            assert_eq!(refused.blame(), Blame::PeerCannot);
            assert!(matches!(refused.reason, Reason::Incapable(_)));
        }
    }
}
