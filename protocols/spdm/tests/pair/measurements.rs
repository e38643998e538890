//! All the ways to ask for measurements.

use lanewarden_spdm::message::Operation;
use lanewarden_spdm::requester::{ChallengeRequest, MeasurementRequest};

use crate::support::*;

fn ask(operation: Operation, signed: Option<u8>, raw: bool) -> MeasurementRequest {
    MeasurementRequest { operation, signed, nonce: None, raw, context: *b"a word.." }
}

/// The number there is, the blocks, and what was signed.
type Content = (u8, Vec<(u8, bool, Vec<u8>)>, Option<Digest>);

fn measured(seen: Seen) -> Content {
    match seen {
        Seen::Measured { total, blocks, transcript } => (total, blocks, transcript),
        other => panic!("{other:?}"),
    }
}

stories! {
    fn they_are_counted_and_asked_for_one_by_one<Asker, Asked>() {
        let mut responder = Device::new::<Asked>(P256, &[0]).responder::<Asked>(Default::default(), 0x3000);
        let mut wire = |message: &[u8]| responder.say(message);
        let mut client = Client::<Asker>::new(Default::default(), 0x2000);
        client.meet(&[0], &mut wire).unwrap();
        let counted = client.measurements(ask(Operation::Count, None, false), &mut wire).unwrap();
        assert_eq!(measured(counted), (4, vec![], None));
        let one = client.measurements(ask(Operation::Index(2), None, false), &mut wire).unwrap();
        let digest = digest_of(HashAlgorithm::Sha384, b"firmware").as_bytes().to_vec();
        assert_eq!(measured(one), (0, vec![(2, false, digest)], None));
        let refused = client.measurements(ask(Operation::Index(9), None, false), &mut wire).unwrap_err();
        assert!(matches!(refused.reason, Reason::Refused(_)), "{refused}");
        for index in [0, 0xff] {
            let refused = client.measurements(ask(Operation::Index(index), None, false), &mut wire).unwrap_err();
            assert_eq!(refused.reason, Misuse::Index.into());
        }
    }

    fn raw_values_come_from_1_2_on<Asker, Asked>() {
        for version in [Version::V1_2, Version::V1_3] {
            let mut responder = Device::new::<Asked>(P256, &[0]).responder::<Asked>(Default::default(), 0x3000);
            let mut wire = |message: &[u8]| responder.say(message);
            let mut client = Client::<Asker>::new(only(version), 0x2000);
            client.meet(&[0], &mut wire).unwrap();
            let all = client.measurements(ask(Operation::All, Some(0), true), &mut wire).unwrap();
            let (_, blocks, transcript) = measured(all);
            assert_eq!(blocks[1], (2, true, b"firmware".to_vec()));
            assert!(transcript.is_some());
        }
        let mut responder = Device::new::<Asked>(P256, &[0]).responder::<Asked>(Default::default(), 0x3000);
        let mut wire = |message: &[u8]| responder.say(message);
        let mut client = Client::<Asker>::new(only(Version::V1_1), 0x2000);
        client.connect(&mut wire).unwrap();
        let refused = client.measurements(ask(Operation::All, None, true), &mut wire).unwrap_err();
        assert_eq!(refused.reason, Misuse::Version.into());
    }

    /// The signature at the end is over all that was said since the last one; up to 1.1 without the connection
    /// before it.
    fn one_by_one_with_the_last_signed_is_one_transcript<Asker, Asked>() {
        for version in Version::ALL {
            let mut responder = Device::new::<Asked>(P256, &[0]).responder::<Asked>(Default::default(), 0x3000);
            let mut said = Vec::new();
            let mut wire = |message: &[u8]| {
                let answer = responder.say(message);
                said.push((message.to_vec(), answer.clone()));
                answer
            };
            let mut client = Client::<Asker>::new(only(version), 0x2000);
            client.meet(&[0], &mut wire).unwrap();
            for index in [1, 2, 3] {
                client.measurements(ask(Operation::Index(index), None, false), &mut wire).unwrap();
            }
            let last = client.measurements(ask(Operation::Index(0x10), Some(0), false), &mut wire).unwrap();
            let (_, _, Some(transcript)) = measured(last) else { panic!("not signed") };
            let again = client.measurements(MeasurementRequest::all_signed(0), &mut wire).unwrap();
            assert!(measured(again).2.is_some(), "the transcript has begun anew");
            let connection = if version >= Version::V1_2 { &said[..3] } else { &[] };
            let measurements = &said[said.len() - 5..said.len() - 1];
            let mut bytes: Vec<u8> =
                connection.iter().chain(measurements).flat_map(|(ask, answer)| [ask.clone(), answer.clone()].concat()).collect();
            bytes.truncate(bytes.len() - 64);
            assert_eq!(transcript, digest_of(HashAlgorithm::Sha384, &bytes), "{version}");
        }
    }

    fn anything_in_between_begins_the_transcript_anew_on_both_sides<Asker, Asked>() {
        for version in Version::ALL {
            let mut responder = Device::new::<Asked>(P256, &[0]).responder::<Asked>(Default::default(), 0x3000);
            let mut wire = |message: &[u8]| responder.say(message);
            let mut client = Client::<Asker>::new(only(version), 0x2000);
            client.meet(&[0], &mut wire).unwrap();
            let one = ask(Operation::Index(1), None, false);
            let signed = MeasurementRequest::all_signed(0);
            // A challenge, digests, a refused measurement, an unsupported request.
            client.measurements(one, &mut wire).unwrap();
            client.challenge(ChallengeRequest::default(), &mut wire).unwrap();
            client.measurements(signed, &mut wire).unwrap();
            client.measurements(one, &mut wire).unwrap();
            client.digests(&mut wire).unwrap();
            client.measurements(signed, &mut wire).unwrap();
            client.measurements(one, &mut wire).unwrap();
            client.measurements(ask(Operation::Index(0x99), None, false), &mut wire).unwrap_err();
            client.measurements(signed, &mut wire).unwrap();
            for code in [0xe8, 0xc0, 0xfe] {
                client.measurements(one, &mut wire).unwrap();
                client.requester.request(&[version.byte(), code, 0, 0]).unwrap();
                client.drive(&mut wire).unwrap_err();
                client.measurements(signed, &mut wire).unwrap();
            }
        }
    }

    fn before_1_1_only_slot_0_signs_measurements<Asker, Asked>() {
        let mut responder = Device::new::<Asked>(P256, &[0, 1]).responder::<Asked>(Default::default(), 0x3000);
        let mut wire = |message: &[u8]| responder.say(message);
        let mut client = Client::<Asker>::new(only(Version::V1_0), 0x2000);
        client.meet(&[0, 1], &mut wire).unwrap();
        let refused = client.measurements(MeasurementRequest::all_signed(1), &mut wire).unwrap_err();
        assert_eq!(refused.reason, Misuse::Version.into());
    }
}
