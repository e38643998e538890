//! From GET_VERSION to MEASUREMENTS, as it should be.

use lanewarden_spdm::message::SummaryKind;
use lanewarden_spdm::requester::{ChallengeRequest, MIN_BUFFER, MeasurementRequest};

use crate::support::*;

stories! {
    fn every_version_goes_from_the_first_message_to_signed_measurements<Asker, Asked>() {
        for version in Version::ALL {
            let mut responder = Device::new::<Asked>(P256, &[0]).responder::<Asked>(Default::default(), 0x3000);
            let mut wire = |message: &[u8]| responder.say(message);
            let mut client = Client::<Asker>::new(only(version), 0x2000);
            client.meet(&[0], &mut wire).unwrap();
            let proof = client.challenge(ChallengeRequest::default(), &mut wire).unwrap();
            assert!(matches!(proof, Seen::Authenticated { slot: 0, .. }), "{proof:?}");
            let measured = client.measurements(MeasurementRequest::all_signed(0), &mut wire).unwrap();
            let Seen::Measured { blocks, transcript: Some(_), .. } = measured else { panic!("{measured:?}") };
            assert_eq!(blocks.len(), 4);
            assert_eq!(client.requester.connection().unwrap().version, version);
        }
    }

    fn the_newest_version_that_both_speak_is_taken<Asker, Asked>() {
        let settings = responder::Settings {
            versions: Versions::between(Version::V1_0, Version::V1_2),
            ..Default::default()
        };
        let mut responder = Device::new::<Asked>(P256, &[0]).responder::<Asked>(settings, 0x3000);
        let mut wire = |message: &[u8]| responder.say(message);
        let mut client = Client::<Asker>::new(Default::default(), 0x2000);
        client.connect(&mut wire).unwrap();
        assert_eq!(client.requester.connection().unwrap().version, Version::V1_2);
        let refused = Client::<Asker>::new(only(Version::V1_3), 0x2000).connect(&mut wire).unwrap_err();
        assert_eq!(refused.reason, Reason::NoCommonVersion);
    }

    fn each_slot_has_a_chain_and_a_key_of_its_own<Asker, Asked>() {
        let mut responder = Device::new::<Asked>(P256, &[0, 3, 7]).responder::<Asked>(Default::default(), 0x3000);
        let mut wire = |message: &[u8]| responder.say(message);
        let mut client = Client::<Asker>::new(Default::default(), 0x2000);
        client.connect(&mut wire).unwrap();
        let seen = client.digests(&mut wire).unwrap();
        let [Seen::Digests(digests)] = &seen[..] else { panic!("{seen:?}") };
        assert_eq!(digests.iter().map(|(slot, _)| *slot).collect::<Vec<_>>(), [0, 3, 7]);
        for slot in [0, 3, 7] {
            let chain = client.certificate(slot, &mut wire).unwrap();
            assert_eq!(usize::from(u16::from_le_bytes([chain[0], chain[1]])), chain.len());
            assert!(chain.ends_with(&certificate(700, 0x80 | slot)), "the leaf is at the end");
            let root = digest_of(HashAlgorithm::Sha384, &certificate(600, slot));
            assert_eq!(&chain[4..52], root.as_bytes());
            client.trust(slot);
            let request = ChallengeRequest { slot, ..Default::default() };
            client.challenge(request, &mut wire).unwrap();
            client.measurements(MeasurementRequest::all_signed(slot), &mut wire).unwrap();
        }
        assert_eq!(client.requester.digest(1), None);
        let refused = client.certificate(1, &mut wire).unwrap_err();
        assert_eq!((refused.reason, refused.blame()), (Misuse::NoDigest.into(), Blame::Caller));
    }

    fn a_challenge_brings_a_summary_of_the_measurements_where_it_is_asked_for<Asker, Asked>() {
        let mut responder = Device::new::<Asked>(P256, &[0]).responder::<Asked>(Default::default(), 0x3000);
        let mut wire = |message: &[u8]| responder.say(message);
        let mut client = Client::<Asker>::new(Default::default(), 0x2000);
        client.meet(&[0], &mut wire).unwrap();
        let block = |index: u8, kind: u8, value: &[u8]| {
            let size = u8::try_from(value.len()).unwrap();
            [&[index, 1, size + 3, 0, kind, size, 0], value].concat()
        };
        let hashed = |value: &[u8]| digest_of(HashAlgorithm::Sha384, value);
        let tcb = [
            block(1, 0, hashed(b"rom").as_bytes()),
            block(2, 1, hashed(b"firmware").as_bytes()),
        ].concat();
        let all = [
            tcb.clone(),
            block(3, 3, hashed(b"configuration").as_bytes()),
            block(0x10, 0x87, &[7, 0, 0, 0, 0, 0, 0, 0]),
        ].concat();
        let expected = [
            (SummaryKind::None, vec![]),
            (SummaryKind::Tcb, digest_of(HashAlgorithm::Sha384, &tcb).as_bytes().to_vec()),
            (SummaryKind::All, digest_of(HashAlgorithm::Sha384, &all).as_bytes().to_vec()),
        ];
        for (kind, expected) in expected {
            let request = ChallengeRequest { summary: kind, context: *b"a word..", ..Default::default() };
            let proof = client.challenge(request, &mut wire).unwrap();
            let Seen::Authenticated { summary, .. } = proof else { panic!("{proof:?}") };
            assert_eq!(summary, expected, "{kind:?}");
        }
    }

    /// Digests and certificates need not be asked for again: M1 is then the connection and the challenge alone.
    fn a_known_device_is_challenged_again_without_its_certificates<Asker, Asked>() {
        for version in Version::ALL {
            let mut responder = Device::new::<Asked>(P256, &[0]).responder::<Asked>(Default::default(), 0x3000);
            let mut wire = |message: &[u8]| responder.say(message);
            let mut client = Client::<Asker>::new(only(version), 0x2000);
            client.meet(&[0], &mut wire).unwrap();
            for _ in 0..3 {
                client.challenge(ChallengeRequest::default(), &mut wire).unwrap();
            }
            client.connect(&mut wire).unwrap();
            let refused = client.challenge(ChallengeRequest::default(), &mut wire).unwrap_err();
            assert_eq!(refused.reason, Misuse::NoDigest.into(), "a new connection knows no digests");
            client.digests(&mut wire).unwrap();
            client.challenge(ChallengeRequest::default(), &mut wire).unwrap();
        }
    }

    /// DSP0274 1.3, 10.8: offset 0 and length 0xffff ask for the whole chain, which comes in chunks where they are spoken.
    fn all_of_a_chain_is_given_where_it_is_asked_for_and_can_go_in_chunks<Asker, Asked>() {
        // A buffer that is shorter than a message makes a requester that speaks no chunks.
        for (buffer, transfer_size, portion) in [(0x2000, 64, 1352), (MIN_BUFFER, 170, 162_u16)] {
            let mut responder = Device::new::<Asked>(P256, &[0]).responder::<Asked>(Default::default(), 0x3000);
            let mut wire = |message: &[u8]| responder.say(message);
            let settings = requester::Settings { transfer_size, ..Default::default() };
            let mut client = Client::<Asker>::new(settings, buffer);
            client.connect(&mut wire).unwrap();
            client.requester.request(&[0x13, 0x82, 0, 0, 0, 0, 0xff, 0xff]).unwrap();
            let seen = client.drive(&mut wire).unwrap();
            let [Seen::Answer(answer)] = &seen[..] else { panic!("{seen:?}") };
            assert_eq!(answer[4..6], u16::to_le_bytes(portion));
            assert_eq!(answer[6..8], u16::to_le_bytes(1352 - portion));
            assert_eq!(answer.len(), usize::from(portion) + 8);
        }
    }
}
