//! Sessions from their beginning to their end, between the two roles, and what a responder makes of what does not belong.

use core::time::Duration;

use lanewarden_spdm::Instant;
use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::message::{ErrorCode, MutualAuthentication};
use lanewarden_spdm::requester::{ChallengeRequest, MeasurementRequest, Requester, SessionRequest};
use lanewarden_spdm::session::seats;

use crate::support::*;

/// The ways of opening a session that a story is told for.
const SESSION_VERSIONS: [Version; 3] = [Version::V1_1, Version::V1_2, Version::V1_3];

/// Every way that the handshake can go, with every way that messages go.
fn every_setting(mut story: impl FnMut(Version, responder::Settings, requester::Settings)) {
    for version in SESSION_VERSIONS {
        for in_the_clear in [false, true] {
            for encrypt in [false, true] {
                let own = responder::Settings {
                    handshake_in_the_clear: in_the_clear,
                    transfer_size: 0x200,
                    ..settings()
                };
                let asked = requester::Settings {
                    handshake_in_the_clear: in_the_clear,
                    encrypt,
                    transfer_size: 0x200,
                    ..only(version)
                };
                story(version, own, asked);
            }
        }
    }
}

stories! {
    fn a_session_with_a_key_exchange_serves_from_beginning_to_end<A, B>() {
        every_setting(|version, own, asked| {
            let (own, asked) = if version == Version::V1_1 {
                (responder::Settings { transfer_size: 0x1200, ..own }, requester::Settings { transfer_size: 0x1200, ..asked })
            } else {
                (own, asked)
            };
            let mut responder = talker::<B, true>(own);
            let mut asker = Caller::<A>::new(asked);
            asker.meet(&mut responder);
            let seen = asker.exchange(&mut responder).unwrap();
            let id = opened(&seen);
            assert!(responder.session(id).unwrap().is_established());
            asker.use_and_end(id, false, &mut responder);
        });
    }

    fn a_session_with_a_shared_key_serves_from_beginning_to_end<A, B>() {
        for version in SESSION_VERSIONS {
            let mut responder = talker::<B, true>(settings());
            let mut asker = Caller::<A>::new(only(version));
            asker.meet(&mut responder);
            let id = opened(&asker.psk(&mut responder).unwrap());
            asker.use_and_end(id, false, &mut responder);
            let mut responder = talker::<B, false>(settings());
            let mut asker = Caller::<A>::new(only(version));
            asker.meet(&mut responder);
            let id = opened(&asker.psk(&mut responder).unwrap());
            asker.use_and_end(id, false, &mut responder);
        }
    }

    fn a_requester_proves_who_it_is_in_every_way<A, B>() {
        use MutualAuthentication::{Direct, Encapsulated, EncapsulatedDigests};
        for mutual in [Direct, Encapsulated, EncapsulatedDigests] {
            every_setting(|version, own, asked| {
                let large = if version == Version::V1_1 { 0x1200 } else { 0x200 };
                let own = responder::Settings { mutual, transfer_size: large, ..own };
                let asked = requester::Settings { transfer_size: large, ..asked };
                let mut responder = talker::<B, true>(own);
                let mut asker = Caller::<A>::new(asked);
                asker.meet(&mut responder);
                if mutual == Direct {
                    let hash = responder.connection().unwrap().hash;
                    let digest = own_digest(hash);
                    responder.parts_mut().requesters.known = Some((digest, B::verifying_key(P256, 3)));
                }
                let seen = asker.exchange(&mut responder).unwrap();
                let id = opened(&seen);
                assert!(responder.is_requester_known(Some(id)));
                assert!(!responder.is_requester_known(None));
                assert_eq!(responder.parts_mut().requesters.portions > 0, mutual != Direct);
                asker.use_and_end(id, true, &mut responder);
            });
        }
    }

    fn a_requester_that_was_met_before_is_not_asked_for_its_chain<A, B>() {
        let own = responder::Settings { mutual: MutualAuthentication::Encapsulated, ..settings() };
        let mut responder = talker::<B, true>(own);
        let mut asker = Caller::<A>::new(Default::default());
        asker.meet(&mut responder);
        let digest = own_digest(responder.connection().unwrap().hash);
        responder.parts_mut().requesters.known = Some((digest, B::verifying_key(P256, 3)));
        let id = opened(&asker.exchange(&mut responder).unwrap());
        assert!(responder.is_requester_known(Some(id)));
        assert_eq!(responder.parts_mut().requesters.portions, 0);
    }

    fn a_requester_is_challenged_in_turn<A, B>() {
        for version in SESSION_VERSIONS {
            let mut responder = talker::<B, true>(responder::Settings { basic_mutual: true, ..settings() });
            let mut asker = Caller::<A>::new(only(version));
            asker.meet(&mut responder);
            asker.requester.challenge(ChallengeRequest::default()).unwrap();
            let seen = asker.drive(&mut Line(&mut responder)).unwrap();
            assert!(matches!(seen[0], Seen::Authenticated { .. }), "{version}: {seen:?}");
            assert!(responder.is_requester_known(None), "{version}");
        }
    }

    fn a_signature_that_takes_time_opens_a_session_all_the_same<A, B>() {
        for version in SESSION_VERSIONS {
            let mut responder = slow_talker::<B, true>(settings(), 2);
            let mut asker = Caller::<A>::new(only(version));
            asker.meet(&mut responder);
            let id = opened(&asker.exchange(&mut responder).unwrap());
            asker.use_and_end(id, false, &mut responder);
        }
    }

    fn an_answer_goes_in_chunks_in_a_session<A, B>() {
        for transfer_size in [42, 64, 0x100] {
            for encrypt in [false, true] {
                let mut responder = talker::<B, true>(responder::Settings { transfer_size, encrypt, ..settings() });
                let asked = requester::Settings { transfer_size, ..only(Version::V1_3) };
                let mut asker = Caller::<A>::new(asked);
                asker.meet(&mut responder);
                let id = opened(&asker.exchange(&mut responder).unwrap());
                for length in [0, 1, 30, 200, 1000, 4000] {
                    asker.echo(id, length, &mut responder);
                }
            }
        }
    }

    fn two_sessions_do_not_mix_and_a_third_has_no_room<A, B>() {
        let mut responder = talker::<B, true>(settings());
        let mut asker = Caller::<A>::new(Default::default());
        asker.meet(&mut responder);
        let one = opened(&asker.exchange(&mut responder).unwrap());
        let two = opened(&asker.psk(&mut responder).unwrap());
        assert_ne!(one >> 16, two >> 16);
        let part = MeasurementRequest { signed: None, ..MeasurementRequest::all_signed(0) };
        for (id, request) in [(one, part), (two, part), (one, MeasurementRequest::all_signed(0)), (two, MeasurementRequest::all_signed(0))] {
            asker.requester.within(id).measurements(request).unwrap();
            asker.drive(&mut Line(&mut responder)).unwrap();
            asker.echo(if id == one { two } else { one }, 40, &mut responder);
        }
        asker.requester.measurements(MeasurementRequest::all_signed(0)).unwrap();
        asker.drive(&mut Line(&mut responder)).unwrap();
        asker.requester.connect().unwrap();
        asker.drive(&mut Line(&mut responder)).unwrap();
        assert_eq!(responder.sessions().count(), 0, "who begins anew has no sessions");
        assert_eq!(asker.requester.sessions().count(), 0);
        assert_eq!(responder.parts_mut().vendor.ended, [one, two]);
    }

    fn a_session_that_is_not_heard_of_ends<A, B>() {
        let mut responder = talker::<B, true>(settings());
        let mut asker = Caller::<A>::new(Default::default());
        asker.meet(&mut responder);
        let id = opened(&asker.exchange(&mut responder).unwrap());
        let end = Instant::ORIGIN + Duration::from_secs(20);
        assert_eq!(responder.deadline(), Some(end));
        responder.expire(Instant::ORIGIN + Duration::from_millis(19_999));
        assert!(responder.session(id).is_some());
        asker.now = Instant::ORIGIN + Duration::from_secs(15);
        asker.requester.within(id).heartbeat().unwrap();
        asker.drive(&mut Line(&mut responder)).unwrap();
        responder.expire(end);
        assert_eq!(responder.deadline(), Some(Instant::ORIGIN + Duration::from_secs(35)));
        responder.expire(Instant::ORIGIN + Duration::from_secs(35));
        assert!(responder.session(id).is_none());
        assert_eq!(responder.parts_mut().vendor.ended, [id]);
        assert_eq!(responder.deadline(), None);
    }

    fn a_reset_ends_all_sessions_and_then_tells_what_hangs_on_them<A, B>() {
        let mut responder = talker::<B, true>(settings());
        let mut asker = Caller::<A>::new(Default::default());
        asker.meet(&mut responder);
        let ids = [(); 2].map(|()| opened(&asker.exchange(&mut responder).unwrap()));
        assert_eq!(responder.parts_mut().vendor.resets, []);
        responder.reset();
        assert_eq!(responder.sessions().count(), 0);
        assert_eq!(responder.parts_mut().vendor.ended, ids);
        assert_eq!(responder.parts_mut().vendor.resets, [2]);
    }

    fn a_record_that_does_not_open_ends_its_session_and_no_other<A, B>() {
        let mut responder = talker::<B, true>(settings());
        let mut asker = Caller::<A>::new(Default::default());
        asker.meet(&mut responder);
        let one = opened(&asker.exchange(&mut responder).unwrap());
        let two = opened(&asker.exchange(&mut responder).unwrap());
        let mut unknown = [&0x1234_5678_u32.to_le_bytes()[..], &[20, 0], &[0; 20]].concat();
        assert_eq!(responder.respond(Instant::ORIGIN, MessageKind::Secured, &mut unknown), None);
        let mut forged = [&one.to_le_bytes()[..], &[20, 0], &[0; 20]].concat();
        let (kind, _) = responder.respond(Instant::ORIGIN, MessageKind::Secured, &mut forged).unwrap();
        assert_eq!(kind, MessageKind::Secured, "the error is sealed");
        assert!(responder.session(one).is_none());
        asker.echo(two, 10, &mut responder);
    }

    fn a_handshake_is_finished_once_and_with_what_was_said<A, B>() {
        for version in SESSION_VERSIONS {
            for place in [4, 10, 35] {
                let own = responder::Settings { handshake_in_the_clear: true, ..settings() };
                let mut responder = talker::<B, true>(own);
                let mut asker = Caller::<A>::new(requester::Settings { handshake_in_the_clear: true, ..only(version) });
                asker.meet(&mut responder);
                let mut changed = Meddler { responder: &mut responder, before: |message: &mut Vec<u8>| {
                    if message[1] == 0xe5 {
                        message[place] ^= 1;
                    }
                }};
                asker.requester.key_exchange(SessionRequest::default()).unwrap();
                let refused = asker.drive(&mut changed).unwrap_err();
                assert!(matches!(refused.reason, Reason::Refused(refusal) if refusal.code == ErrorCode::DECRYPT_ERROR), "{refused}");
                assert_eq!(responder.sessions().count(), 0, "the session has ended");
            }
            let own = responder::Settings { handshake_in_the_clear: true, ..settings() };
            let mut responder = talker::<B, true>(own);
            let mut asker = Caller::<A>::new(requester::Settings { handshake_in_the_clear: true, ..only(version) });
            asker.meet(&mut responder);
            let mut finish = Vec::new();
            let mut kept = Meddler { responder: &mut responder, before: |message: &mut Vec<u8>| {
                if message[1] == 0xe5 {
                    finish.clone_from(message);
                }
            }};
            asker.requester.key_exchange(SessionRequest::default()).unwrap();
            let id = opened(&asker.drive(&mut kept).unwrap());
            assert_eq!(responder.say(&finish)[1..3], [0x7f, ErrorCode::UNEXPECTED_REQUEST.0]);
            asker.echo(id, 10, &mut responder);
        }
    }

    fn a_handshake_waits_for_the_proof_that_was_asked_for<A, B>() {
        use MutualAuthentication::{Encapsulated, EncapsulatedDigests};
        for (mutual, code) in [(Encapsulated, ErrorCode::INVALID_REQUEST), (EncapsulatedDigests, ErrorCode::REQUEST_IN_FLIGHT)] {
            let own = responder::Settings { handshake_in_the_clear: true, mutual, ..settings() };
            let mut responder = talker::<B, true>(own);
            let mut asker = Caller::<A>::new(requester::Settings { handshake_in_the_clear: true, ..only(Version::V1_2) });
            asker.meet(&mut responder);
            // FINISH without a signature, and with one of a chain that was not shown, before all else.
            let mut early = Meddler { responder: &mut responder, before: |message: &mut Vec<u8>| {
                match message[1] {
                    0xea => *message = [&[0x12, 0xe5, 0, 0][..], &[7; 48]].concat(),
                    0xeb => *message = [&[0x12, 0xe5, 1, 0][..], &[7; 64 + 48]].concat(),
                    _ => {}
                }
            }};
            asker.requester.key_exchange(SessionRequest::default()).unwrap();
            let refused = asker.drive(&mut early).unwrap_err();
            assert!(matches!(refused.reason, Reason::Refused(refusal) if refusal.code == code), "{refused}");
            let signed = [&[0x12, 0xe5, 1, 0][..], &[7; 64 + 48]].concat();
            assert_eq!(responder.say(&signed)[2], code.0, "{mutual:?}");
            assert!(responder.sessions().all(|session| !session.is_established()));
            assert_eq!(responder.say(&[0x12, 0xe7, 0, 0])[2], if code == ErrorCode::REQUEST_IN_FLIGHT { code.0 } else { ErrorCode::SESSION_REQUIRED.0 });
        }
    }

    fn a_chain_that_is_not_trusted_proves_nothing<A, B>() {
        let own = responder::Settings { mutual: MutualAuthentication::Encapsulated, ..settings() };
        let mut responder = talker::<B, true>(own);
        let mut asker = Caller::<A>::new(Default::default());
        asker.requester.connect().unwrap();
        let mut identity = Device::new::<A>(P256, &[0]);
        // The chain is trusted to have key 3; this one signs with another.
        identity.0[0].signer = A::signer(P256, 4);
        let parts = requester::Parts::new(A::provider()).with_sessions(seats()).with_identities(identity);
        asker.requester = Requester::new(parts, Default::default(), vec![0; 0x3000]);
        asker.meet(&mut responder);
        let refused = asker.exchange(&mut responder).unwrap_err();
        assert!(matches!(refused.reason, Reason::Refused(refusal) if refusal.code == ErrorCode::DECRYPT_ERROR), "{refused}");
        assert_eq!(responder.sessions().count(), 0);
    }

    fn who_cannot_prove_who_it_is_opens_no_session_where_that_is_required<A, B>() {
        for (required, is_open) in [(false, true), (true, false)] {
            let own = responder::Settings {
                mutual: MutualAuthentication::Direct,
                mutual_required: required,
                ..settings()
            };
            let mut responder = talker::<B, true>(own);
            let mut asker = Caller::<A>::new(Default::default());
            asker.meet(&mut responder);
            let seen = asker.exchange(&mut responder);
            assert_eq!(seen.is_ok(), is_open, "{seen:?}");
            assert_eq!(responder.sessions().count(), usize::from(is_open));
        }
    }

    fn there_are_as_many_sessions_as_seats<A, B>() {
        let mut responder = talker::<B, true>(settings());
        let mut asker = Caller::<A>::new(Default::default());
        asker.meet(&mut responder);
        for _ in 0..2 {
            asker.psk(&mut responder).unwrap();
        }
        // Another requester takes the same line, whose room is used up.
        let exchange = [
            &[0x13, 0xe6, 0, 0, 1, 0, 4, 0, 32, 0, 16, 0][..], b"hint", &[7; 32],
            &[1, 0, 0, 0, 0, 0, 5, 0, 1, 1, 1, 0, 0x11, 0, 0, 0],
        ].concat();
        assert_eq!(responder.say(&exchange)[..3], [0x13, 0x7f, ErrorCode::SESSION_LIMIT_EXCEEDED.0]);
        let first = responder.sessions().next().unwrap().id();
        assert!(responder.end_session(first) && !responder.end_session(first));
        assert_eq!(responder.say(&exchange)[..2], [0x13, 0x66]);
        assert!(responder.sessions().all(|session| session.id() != first), "its number is not used again at once");
    }

    fn what_belongs_to_a_session_is_refused_outside<A, B>() {
        for version in SESSION_VERSIONS {
            let mut responder = talker::<B, true>(settings());
            let mut asker = Caller::<A>::new(only(version));
            asker.meet(&mut responder);
            let code = if version >= Version::V1_2 { ErrorCode::SESSION_REQUIRED } else { ErrorCode::UNSPECIFIED };
            for request in [0xe5, 0xe7, 0xe8, 0xe9, 0xec] {
                let answer = responder.say(&[version.byte(), request, 1, 0]);
                assert_eq!(answer, [version.byte(), 0x7f, code.0, 0], "{request:#x}");
            }
            let none = if version >= Version::V1_3 { ErrorCode::NO_PENDING_REQUESTS } else { ErrorCode::UNEXPECTED_REQUEST };
            assert_eq!(responder.say(&[version.byte(), 0xea, 0, 0])[2], none.0);
            assert_eq!(responder.say(&[version.byte(), 0xeb, 0, 0, 1, 1, 0, 0])[2], ErrorCode::UNEXPECTED_REQUEST.0);
        }
    }

    fn what_does_not_belong_into_a_session_is_refused_there<A, B>() {
        for version in SESSION_VERSIONS {
            let mut responder = talker::<B, true>(settings());
            let mut asker = Caller::<A>::new(only(version));
            asker.meet(&mut responder);
            let id = opened(&asker.exchange(&mut responder).unwrap());
            for request in [0x83, 0x84, 0xe1, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7] {
                let first = if request == 0x84 { 0x10 } else { version.byte() };
                asker.requester.within(id).request(&[first, request, 0, 0]).unwrap();
                let refused = asker.drive(&mut Line(&mut responder)).unwrap_err();
                let Reason::Refused(refusal) = refused.reason else { panic!("{request:#x}: {refused}") };
                assert_eq!(refusal.code, ErrorCode::UNEXPECTED_REQUEST, "{request:#x}");
            }
            asker.requester.within(id).request(&[version.byte(), 0xe9, 3, 7]).unwrap();
            let refused = asker.drive(&mut Line(&mut responder)).unwrap_err();
            assert!(matches!(refused.reason, Reason::Refused(refusal) if refusal.code == ErrorCode::INVALID_REQUEST));
            asker.echo(id, 10, &mut responder);
        }
    }
}
