//! Devices, and somebody between, that lie before anything is agreed on.

use lanewarden_spdm::message::{Code, ErrorCode};
use lanewarden_spdm::requester::ChallengeRequest;

use crate::support::*;

/// Whatever `change` does to the messages, the negotiation seems to go well; the signature tells.
fn found_out_at_the_signature<Asker: Kit, Asked: Kit>(
    mut ask: impl FnMut(&mut Vec<u8>),
    answer: impl FnMut(&[u8], &mut Vec<u8>),
) -> lanewarden_spdm::Connection {
    let mut responder = Device::new::<Asked>(P256, &[0]).responder::<Asked>(Default::default(), 0x3000);
    let mut device = meddle::<Asked>(&mut responder, answer);
    let mut wire = |message: &[u8]| {
        let mut message = message.to_vec();
        ask(&mut message);
        device(&message)
    };
    let mut client = Client::<Asker>::new(Default::default(), 0x2000);
    client.meet(&[0], &mut wire).unwrap();
    let connection = *client.requester.connection().unwrap();
    let found = client.challenge(ChallengeRequest::default(), &mut wire).unwrap_err();
    assert_eq!((found.reason, found.blame()), (Reason::WrongSignature, Blame::Peer));
    connection
}

/// What comes of a negotiation with one answer changed.
fn negotiate<Asker: Kit, Asked: Kit>(
    version: Version,
    code: u8,
    change: impl Fn(&mut Vec<u8>),
) -> Result<Vec<Seen>, Error> {
    let mut responder = Device::new::<Asked>(P256, &[0]).responder::<Asked>(Default::default(), 0x3000);
    let mut wire = meddle::<Asked>(&mut responder, |_, answer| {
        if answer[1] == code {
            change(answer);
        }
    });
    let mut client = Client::<Asker>::new(only(version), 0x2000);
    let result = client.connect(&mut wire);
    assert_eq!(client.requester.connection().is_some(), result.is_ok());
    result
}

fn flags(value: u32) -> impl Fn(&mut Vec<u8>) {
    move |answer| answer[8..12].copy_from_slice(&value.to_le_bytes())
}

fn word(at: usize, value: u32) -> impl Fn(&mut Vec<u8>) {
    move |answer| answer[at..at + 4].copy_from_slice(&value.to_le_bytes())
}

fn violation(result: Result<Vec<Seen>, Error>) -> Violation {
    let error = result.unwrap_err();
    assert_eq!(error.blame(), Blame::Peer, "{error}");
    match error.reason {
        Reason::Violation(violation) => violation,
        other => panic!("{other}"),
    }
}

stories! {
    fn a_downgrade_of_the_version_is_found_out<Asker, Asked>() {
        let connection = found_out_at_the_signature::<Asker, Asked>(|_| {}, |ask, answer| {
            if ask[1] == 0x84 {
                *answer = vec![0x10, 4, 0, 0, 0, 1, 0, 0x11];
            }
        });
        assert_eq!(connection.version, Version::V1_1);
    }

    fn a_downgrade_of_the_devices_capabilities_is_found_out<Asker, Asked>() {
        // Measurements, but without a signature.
        let connection = found_out_at_the_signature::<Asker, Asked>(|_| {}, |ask, answer| {
            if ask[1] == 0xe1 {
                answer[8] ^= 0b1_1000;
            }
        });
        assert!(connection.flags.contains(lanewarden_spdm::message::ResponderFlags::MEAS));
    }

    fn a_downgrade_of_the_requesters_capabilities_is_found_out<Asker, Asked>() {
        found_out_at_the_signature::<Asker, Asked>(|ask| {
            if ask[1] == 0xe1 {
                // No chunks, and so no longer messages.
                ask[10] = 0;
                ask.copy_within(12..16, 16);
            }
        }, |_, _| {});
    }

    fn a_downgrade_of_the_algorithms_is_found_out<Asker, Asked>() {
        let connection = found_out_at_the_signature::<Asker, Asked>(|ask| {
            if ask[1] == 0xe3 {
                ask[12..16].copy_from_slice(&[1, 0, 0, 0]);
            }
        }, |_, _| {});
        assert_eq!(connection.hash, HashAlgorithm::Sha256);
        let connection = found_out_at_the_signature::<Asker, Asked>(|_| {}, |ask, answer| {
            if ask[1] == 0xe3 {
                // Measurements are raw.
                answer[8] = 1;
            }
        });
        assert_eq!(connection.measurement_hash, Some(lanewarden_spdm::message::MeasurementHash::RawOnly));
    }

    fn capabilities_that_contradict_each_other_are_refused<Asker, Asked>() {
        let broken: [(Version, u32); 12] = [
            (Version::V1_0, 0x1e),     // MEAS with a reserved value
            (Version::V1_0, 0x04),     // CHAL without CERT
            (Version::V1_0, 0x26),     // MEAS_FRESH without MEAS
            (Version::V1_1, 0x10),     // signed measurements without CERT
            (Version::V1_1, 0x1_0006), // CERT and PUB_KEY_ID
            (Version::V1_1, 0x0206),   // KEY_EX without ENCRYPT or MAC
            (Version::V1_1, 0x00c6),   // ENCRYPT and MAC without an exchange
            (Version::V1_1, 0x0cc6),   // PSK with a reserved value
            (Version::V1_2, 0x2_2006), // HBEAT without a session
            (Version::V1_2, 0x2_8006), // HANDSHAKE_IN_THE_CLEAR without KEY_EX
            (Version::V1_3, 0xc2_0006), // EP_INFO with a reserved value
            (Version::V1_3, 0xc02_0006), // MULTI_KEY with a reserved value
        ];
        for (version, value) in broken {
            let found = violation(negotiate::<Asker, Asked>(version, 0x61, flags(value)));
            assert!(matches!(found, Violation::Capabilities(_)), "{version} {value:#x}: {found}");
        }
        let no_chunks = violation(negotiate::<Asker, Asked>(Version::V1_2, 0x61, flags(0x16)));
        assert_eq!(no_chunks, Violation::Capabilities("MaxSPDMmsgSize needs CHUNK_CAP"));
    }

    fn two_algorithms_or_one_that_was_not_offered_are_no_choice<Asker, Asked>() {
        let choose = |at, value| violation(negotiate::<Asker, Asked>(Version::V1_3, 0x63, word(at, value)));
        for two in [0x90, 0x11, 0x200, 0x800, 0x8000_0000] {
            assert_eq!(choose(12, two), Violation::Choice("the signature algorithm"), "{two:#x}");
        }
        for two in [3, 0x21, 0x40, 0x8000_0000] {
            assert_eq!(choose(16, two), Violation::Choice("the hash algorithm"), "{two:#x}");
        }
        for two in [0, 3, 0x80, 0x100] {
            assert_eq!(choose(8, two), Violation::Choice("the measurement hash"), "{two:#x}");
        }
        let byte = |at: usize, value: u8| {
            violation(negotiate::<Asker, Asked>(Version::V1_3, 0x63, move |answer| answer[at] = value))
        };
        for two in [0, 2, 3] {
            assert_eq!(byte(6, two), Violation::Choice("the measurement specification"));
        }
        for unasked in [1, 3, 0x10] {
            assert_eq!(byte(7, unasked), Violation::Choice("other parameters"));
        }
        // Ed25519 is not offered before 1.2.
        let early = violation(negotiate::<Asker, Asked>(Version::V1_1, 0x63, word(12, 0x400)));
        assert_eq!(early, Violation::Choice("the signature algorithm"));
        let structure = violation(negotiate::<Asker, Asked>(Version::V1_3, 0x63, |answer| {
            (answer[2], answer[4]) = (1, 40);
            answer.extend([2, 0x20, 8, 0]);
        }));
        assert_eq!(structure, Violation::Choice("an algorithm"));
        let extended = violation(negotiate::<Asker, Asked>(Version::V1_3, 0x63, |answer| {
            (answer[32], answer[4]) = (1, 40);
            answer.extend([0; 4]);
        }));
        assert_eq!(extended, Violation::Choice("an algorithm"));
    }

    fn no_algorithm_at_all_is_an_honest_answer<Asker, Asked>() {
        for (at, name) in [(12, "signature algorithm"), (16, "hash algorithm")] {
            let refused = negotiate::<Asker, Asked>(Version::V1_2, 0x63, word(at, 0)).unwrap_err();
            assert_eq!((refused.reason, refused.blame()), (Reason::NoCommonAlgorithm(name), Blame::PeerCannot));
        }
    }

    /// Bits that were reserved then say nothing.
    fn what_a_version_reserves_is_ignored<Asker, Asked>() {
        negotiate::<Asker, Asked>(Version::V1_1, 0x63, |answer| answer[7] = 0xff).unwrap();
        negotiate::<Asker, Asked>(Version::V1_0, 0x61, |answer| answer[9] = 0xff).unwrap();
        negotiate::<Asker, Asked>(Version::V1_0, 0x63, |answer| answer[2] = 7).unwrap();
    }

    fn the_longest_list_of_versions_is_read<Asker, Asked>() {
        let mut list = vec![0x10, 4, 0, 0, 0, 255];
        (0..255_u16).for_each(|entry| list.extend(if entry == 200 { [0, 0x12] } else { [0, 0x20 + u8::try_from(entry % 64).unwrap()] }));
        let connection = found_out_at_the_signature::<Asker, Asked>(|_| {}, |ask, answer| {
            if ask[1] == 0x84 {
                answer.clone_from(&list);
            }
        });
        assert_eq!(connection.version, Version::V1_2);
    }

    fn a_request_that_comes_back_is_no_answer<Asker, Asked>() {
        let mut wire = |message: &[u8]| message.to_vec();
        let refused = Client::<Asker>::new(Default::default(), 0x2000).connect(&mut wire).unwrap_err();
        assert_eq!((refused.reason, refused.blame()), (Reason::WrongResponse(Code(0x84)), Blame::Peer));
        for code in [0xe1, 0xe3, 0x81, 0x82, 0x83, 0xe0, 0xfe, 0xe8] {
            let mut responder = Device::new::<Asked>(P256, &[0]).responder::<Asked>(Default::default(), 0x3000);
            let mut wire = meddle::<Asked>(&mut responder, |ask, answer| {
                if ask[1] == code {
                    *answer = ask.to_vec();
                }
            });
            let mut client = Client::<Asker>::new(Default::default(), 0x2000);
            let all = |client: &mut Client<Asker>, wire: &mut dyn FnMut(&[u8]) -> Vec<u8>| {
                let mut wire = |message: &[u8]| wire(message);
                client.meet(&[0], &mut wire)?;
                client.challenge(ChallengeRequest::default(), &mut wire)?;
                client.measurements(requester::MeasurementRequest::all_signed(0), &mut wire)?;
                client.requester.request(&[0x13, code, 0, 0])?;
                client.drive(&mut wire).map(|_| ())
            };
            let refused = all(&mut client, &mut wire).unwrap_err();
            assert_eq!(refused.reason, Reason::WrongResponse(Code(code)));
        }
    }

    fn an_error_is_of_the_version_that_was_agreed_on<Asker, Asked>() {
        let error = |version: u8, code: ErrorCode| {
            let mut responder = Device::new::<Asked>(P256, &[0]).responder::<Asked>(Default::default(), 0x3000);
            let mut wire = meddle::<Asked>(&mut responder, |ask, answer| {
                if ask[1] == 0x81 {
                    *answer = vec![version, 0x7f, code.0, 0];
                }
            });
            let mut client = Client::<Asker>::new(only(Version::V1_2), 0x2000);
            client.connect(&mut wire).unwrap();
            client.digests(&mut wire).unwrap_err().reason
        };
        assert_eq!(error(0x13, ErrorCode::BUSY), Reason::WrongVersion(0x13));
        assert_eq!(error(0x10, ErrorCode::INVALID_REQUEST), Reason::WrongVersion(0x10));
        assert_eq!(error(0x99, ErrorCode::VERSION_MISMATCH), Reason::WrongVersion(0x99));
        assert!(matches!(error(0x10, ErrorCode::VERSION_MISMATCH), Reason::Refused(_)));
    }

    fn every_error_reaches_the_caller_with_all_it_says<Asker, Asked>() {
        for code in 0..=0xff {
            // Those that put off are seen to: Busy, ResponseNotReady, LargeResponse.
            if [0x03, 0x42, 0x0f].contains(&code) {
                continue;
            }
            let mut responder = Device::new::<Asked>(P256, &[0]).responder::<Asked>(Default::default(), 0x3000);
            let mut wire = meddle::<Asked>(&mut responder, |ask, answer| {
                if ask[1] == 0x81 {
                    *answer = [&[0x13, 0x7f, code, 0x55][..], &[0xab; 32]].concat();
                }
            });
            let mut client = Client::<Asker>::new(Default::default(), 0x2000);
            client.connect(&mut wire).unwrap();
            let refused = client.digests(&mut wire).unwrap_err();
            assert_eq!(refused.blame(), Blame::PeerCannot);
            let Reason::Refused(refusal) = refused.reason else { panic!("{refused}") };
            assert_eq!((refusal.code.0, refusal.data, refusal.extended()), (code, 0x55, &[0xab; 32][..]));
            let anew = [ErrorCode::REQUEST_RESYNCH, ErrorCode::VERSION_MISMATCH].contains(&refusal.code);
            assert_eq!(client.requester.connection().is_none(), anew, "what was agreed on holds, but for two");
        }
    }
}
