//! A record has exactly the bytes that are signed, and padding is not among them.

use lanewarden_spdm::Part;
use lanewarden_spdm::message::Operation;
use lanewarden_spdm::requester::{ChallengeRequest, MeasurementRequest};
use lanewarden_spdm::responder::Responder;

use crate::support::*;

/// Both sides record, every message is padded by so many bytes, and signatures take time.
fn recorded<Asker: Kit, Asked: Kit>(version: Version, padding: usize, slow: u32) {
    let parts = made(Asked::provider(), Device::new::<Asked>(P256, &[0]).slow(slow), Firmware::default(), ());
    let transfer_size = if version >= Version::V1_2 { 100 } else { 0x1000 };
    let settings = responder::Settings { transfer_size, ..Default::default() };
    let mut responder = Responder::new(parts.with_record(Bytes::default()), settings, vec![0; 0x3000]);
    let mut wire = |message: &[u8]| {
        let padded = [message, &[0; 3][..padding]].concat();
        [responder.say(&padded).as_slice(), &[0; 3][..padding]].concat()
    };
    let settings = requester::Settings { transfer_size, ..only(version) };
    let mut client = Client::<Asker, Bytes>::recording(settings, 0x2000, Bytes::default());
    client.meet(&[0], &mut wire).unwrap();
    let mut transcripts = Vec::new();
    for _ in 0..2 {
        let Seen::Authenticated { transcript, .. } =
            client.challenge(ChallengeRequest::default(), &mut wire).unwrap()
        else {
            panic!("no proof")
        };
        transcripts.push(transcript);
        client.digests(&mut wire).unwrap();
    }
    let one = MeasurementRequest {
        operation: Operation::Index(1),
        signed: None,
        ..MeasurementRequest::all_signed(0)
    };
    client.measurements(one, &mut wire).unwrap();
    let Seen::Measured { transcript: Some(transcript), .. } =
        client.measurements(MeasurementRequest::all_signed(0), &mut wire).unwrap()
    else {
        panic!("no signature")
    };
    transcripts.push(transcript);
    let asker = client.requester.record();
    let connection = asker.part(Part::Connection);
    assert_eq!(connection, responder.record().part(Part::Connection));
    assert_eq!(asker.signed, responder.record().signed);
    assert_eq!(asker.signed.len(), 3);
    for ((part, bytes, _), transcript) in asker.signed.iter().zip(transcripts) {
        let with_connection = *part == Part::Authentication || version >= Version::V1_2;
        let front = if with_connection { connection } else { &[] };
        assert_eq!(
            digest_of(HashAlgorithm::Sha384, &[front, bytes].concat()),
            transcript,
            "{version} {part:?}"
        );
    }
}

stories! {
    fn both_records_are_the_bytes_that_are_signed<Asker, Asked>() {
        for version in Version::ALL {
            recorded::<Asker, Asked>(version, 0, 0);
            recorded::<Asker, Asked>(version, 0, 2);
        }
    }

    fn padding_is_in_no_transcript<Asker, Asked>() {
        for version in Version::ALL {
            for padding in 1..4 {
                recorded::<Asker, Asked>(version, padding, 1);
            }
        }
    }
}
