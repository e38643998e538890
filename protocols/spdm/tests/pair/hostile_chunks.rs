//! Chunks that do not fit.

use lanewarden_spdm::message::{ErrorCode, Registry, VendorMessage};

use crate::support::*;

const TRANSFER: usize = 64;

/// Whether it is the last, handle, place, length of the whole, and of the data.
type Chunk = (bool, u8, u16, u32, usize);

/// A device that answers DIGESTS in chunks, as told.
fn fetch<Asker: Kit, Asked: Kit>(chunks: &[Chunk]) -> Reason {
    let mut responder = Device::new::<Asked>(P256, &[0]).responder::<Asked>(Default::default(), 0x3000);
    let mut turn = 0;
    let mut wire = |message: &[u8]| match message[1] {
        0x81 => vec![0x12, 0x7f, 0x0f, 0, 9],
        0x86 => {
            let (last, handle, sequence, total, length) = chunks[turn];
            turn += 1;
            let size = u32::try_from(length).unwrap().to_le_bytes();
            let head =
                [&[0x12, 6, u8::from(last), handle][..], &sequence.to_le_bytes(), &[0; 2], &size].concat();
            let total = if sequence == 0 { total.to_le_bytes().to_vec() } else { vec![] };
            [head, total, vec![0x12; length]].concat()
        }
        _ => responder.say(message),
    };
    let settings = requester::Settings { transfer_size: 64, ..only(Version::V1_2) };
    let mut client = Client::<Asker>::new(settings, 1000);
    client.connect(&mut wire).unwrap();
    let error = client.digests(&mut wire).unwrap_err();
    assert_eq!(error.blame(), Blame::Peer, "{error}");
    assert_eq!(client.requester.connection(), None, "nobody knows what the device still holds");
    error.reason
}

/// A device that acknowledges the chunks of a long request as told.
fn send<Asker: Kit, Asked: Kit>(acks: &[&[u8]]) -> Error {
    let settings = responder::Settings { transfer_size: 64, ..Default::default() };
    let mut responder = Device::new::<Asked>(P256, &[0]).responder::<Asked>(settings, 0x3000);
    let mut turn = 0;
    let mut wire = |message: &[u8]| match message[1] {
        0x85 => {
            turn += 1;
            acks[turn - 1].to_vec()
        }
        _ => responder.say(message),
    };
    let mut client = Client::<Asker>::new(only(Version::V1_2), 0x2000);
    client.connect(&mut wire).unwrap();
    let message = VendorMessage { registry: Registry::PCI_SIG_PROTOCOLS, payload: &[1; 80] };
    client.requester.vendor(&message).unwrap();
    client.drive(&mut wire).unwrap_err()
}

fn is_about_chunks(reason: Reason) -> bool {
    matches!(reason, Reason::Violation(Violation::Chunk(_)))
}

stories! {
    fn chunks_of_an_answer_come_in_their_order_and_add_up<Asker, Asked>() {
        let first = TRANSFER - 16;
        let next = TRANSFER - 12;
        let wrong: [(&str, &[Chunk]); 9] = [
            ("another handle", &[(false, 8, 0, 100, first)]),
            ("another handle later", &[(false, 9, 0, 100, first), (false, 8, 1, 0, next)]),
            ("not the first", &[(false, 9, 1, 0, next)]),
            ("the first again", &[(false, 9, 0, 100, first), (false, 9, 0, 100, first)]),
            ("one left out", &[(false, 9, 0, 200, first), (false, 9, 2, 0, next)]),
            ("last too early", &[(true, 9, 0, 100, first)]),
            ("not last at the end", &[(false, 9, 0, 48, first)]),
            ("more than the whole", &[(false, 9, 0, 49, first), (true, 9, 1, 0, 30)]),
            ("crumbs", &[(false, 9, 0, 500, first), (false, 9, 1, 0, 1)]),
        ];
        for (name, chunks) in wrong {
            assert!(is_about_chunks(fetch::<Asker, Asked>(chunks)), "{name}");
        }
        assert!(is_about_chunks(fetch::<Asker, Asked>(&[(false, 9, 0, 500, first + 1)])), "longer than it may be");
        let huge = Reason::TooLong { length: 1001, room: 1000 };
        assert_eq!(fetch::<Asker, Asked>(&[(false, 9, 0, 1001, first)]), huge);
        let endless = Reason::TooLong { length: u32::MAX, room: 1000 };
        assert_eq!(fetch::<Asker, Asked>(&[(false, 9, 0, u32::MAX, first)]), endless);
        assert!(matches!(fetch::<Asker, Asked>(&[(false, 9, 0, 100, 0)]), Reason::Malformed(_)), "nothing");
        // Whole, and then it is no DIGESTS: every byte of it is 0x12.
        assert!(matches!(fetch::<Asker, Asked>(&[(true, 9, 0, 48, first)]), Reason::WrongResponse(_)));
    }

    fn acknowledgements_are_of_the_chunk_that_was_sent<Asker, Asked>() {
        let wrong: [(&str, &[&[u8]]); 6] = [
            ("another chunk", &[&[0x12, 5, 0, 0, 1, 0]]),
            ("another handle", &[&[0x12, 5, 0, 9, 0, 0]]),
            ("the first again", &[&[0x12, 5, 0, 0, 0, 0], &[0x12, 5, 0, 0, 0, 0]]),
            ("an answer too early", &[&[0x12, 5, 0, 0, 0, 0, 0x12, 0x7e, 0, 0, 3, 0, 2, 1, 0, 0, 0]]),
            ("an early error that is none", &[&[0x12, 5, 1, 0, 0, 0, 0x12, 0x7e, 0, 0, 3, 0, 2, 1, 0, 0, 0]]),
            ("an early error that puts off", &[&[0x12, 5, 1, 0, 0, 0, 0x12, 0x7f, 0x0f, 0, 1]]),
        ];
        for (name, acks) in wrong {
            let error = send::<Asker, Asked>(acks);
            assert!(is_about_chunks(error.reason), "{name}: {error}");
            assert_eq!(error.blame(), Blame::Peer);
        }
        for early in [&[0x12, 5, 1, 0, 0, 0, 0x12, 0x7f, 0x0e, 0][..], &[0x12, 0x7f, 0x0e, 0]] {
            let error = send::<Asker, Asked>(&[early]);
            let Reason::Refused(refusal) = error.reason else { panic!("{error}") };
            assert_eq!(refusal.code, ErrorCode::REQUEST_TOO_LARGE);
        }
        let reflected = send::<Asker, Asked>(&[&[0x12, 0x85, 0, 0, 0, 0]]);
        assert!(matches!(reflected.reason, Reason::WrongResponse(_)));
        let nothing: &[&[u8]] = &[&[0x12, 5, 0, 0, 0, 0], &[0x12, 5, 0, 0, 1, 0]];
        assert!(matches!(send::<Asker, Asked>(nothing).reason, Reason::Malformed(_)), "no answer with the last");
    }
}
