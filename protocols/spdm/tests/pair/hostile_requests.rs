//! Hosts that ask for what there is not, and in the wrong way.

use lanewarden_spdm::message::{ErrorCode, Registry};
use lanewarden_spdm::requester::ChallengeRequest;
use lanewarden_spdm::responder::{Context, Parts, Responder, VendorHandler};

use crate::support::*;

struct Long;

impl VendorHandler for Long {
    fn handle(
        &mut self,
        _: Context,
        _: Registry<'_>,
        request: &[u8],
        answer: &mut [u8],
    ) -> Result<usize, ErrorCode> {
        answer[..200].fill(0xaa);
        answer[..request.len().min(200)].copy_from_slice(&request[..request.len().min(200)]);
        Ok(200)
    }
}

type Talker<K> = Responder<Parts<<K as Kit>::Provider, Device, Firmware, Long>, Vec<u8>>;

/// A responder that has been spoken to up to ALGORITHMS, with messages of 42 bytes.
fn connected<K: Kit>(version: u8) -> Talker<K> {
    let parts = made(K::provider(), Device::new::<K>(P256, &[0]), Firmware::default(), Long);
    let settings = responder::Settings { transfer_size: 64, ..Default::default() };
    let mut responder = Responder::new(parts, settings, vec![0; 0x800]);
    negotiate::<K>(&mut responder, version);
    responder
}

fn negotiate<K: Kit>(responder: &mut Talker<K>, version: u8) {
    say::<K>(responder, &[0x10, 0x84, 0, 0]);
    let length = match version {
        0x10 => 4,
        0x11 => 12,
        _ => 20,
    };
    let mut ask = vec![version, 0xe1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 42, 0, 0, 0, 0, 8, 0, 0];
    if version < 0x12 {
        ask[10] = 0;
    }
    say::<K>(responder, &ask[..length]);
    let mut offer = vec![version, 0xe3, 0, 0, 32, 0, 1, 2, 0x10, 0, 0, 0, 1, 0, 0, 0];
    offer.resize(32, 0);
    say::<K>(responder, &offer);
    assert!(responder.connection().is_some());
}

fn say<K: Kit>(responder: &mut Talker<K>, message: &[u8]) -> Vec<u8> {
    responder.say(message)
}

fn vendor(length: u8) -> Vec<u8> {
    let mut message = vec![0x12, 0xfe, 0, 0, 3, 0, 2, 1, 0, length, 0];
    message.extend(0..length);
    message
}

fn chunk(last: bool, handle: u8, sequence: u8, total: Option<u8>, data: &[u8]) -> Vec<u8> {
    let size = u8::try_from(data.len()).unwrap();
    let mut message = vec![0x12, 0x85, u8::from(last), handle, sequence, 0, 0, 0, size, 0, 0, 0];
    message.extend(total.iter().flat_map(|total| [*total, 0, 0, 0]));
    message.extend(data);
    message
}

const INVALID: [u8; 4] = [0x12, 0x7f, 1, 0];
const UNEXPECTED: [u8; 4] = [0x12, 0x7f, 4, 0];

stories! {
    fn certificates_end_where_they_end<Asker, Asked>() {
        let mut responder = connected::<Asked>(0x12);
        let ask = |slot: u8, offset: u16, length: u16| {
            [&[0x12, 0x82, slot, 0][..], &offset.to_le_bytes(), &length.to_le_bytes()].concat()
        };
        let chain = 4 + 32 + 600 + 700;
        for (slot, offset, length) in [
            (0, chain, 1),
            (0, u16::MAX, u16::MAX),
            (0, 0, 0),
            (1, 0, 100),
            (8, 0, 100),
            (15, 0, 100),
        ] {
            assert_eq!(say::<Asked>(&mut responder, &ask(slot, offset, length)), INVALID, "{slot} {offset} {length}");
        }
        let last = say::<Asked>(&mut responder, &ask(0, chain - 1, u16::MAX));
        assert_eq!(last, [0x12, 2, 0, 0, 1, 0, 0, 0, 0x80]);
        let first = say::<Asked>(&mut responder, &ask(0, 0, u16::MAX));
        assert_eq!(first, [0x12, 0x7f, 0x0f, 0, 1], "all of it, in chunks, since it does not go at once");
    }

    fn only_the_size_of_a_chain_is_told_from_1_3_on<Asker, Asked>() {
        let mut responder = connected::<Asked>(0x13);
        let answer = say::<Asked>(&mut responder, &[0x13, 0x82, 0, 1, 0xff, 0xff, 0, 0]);
        let [low, high] = (4_u16 + 32 + 600 + 700).to_le_bytes();
        assert_eq!(answer, [0x13, 2, 0, 0, 0, 0, low, high]);
    }

    fn a_challenge_is_for_a_slot_that_is_there<Asker, Asked>() {
        let mut responder = connected::<Asked>(0x12);
        for (slot, summary) in [(1, 0), (7, 0), (8, 0), (0xff, 0), (0, 2), (0, 0xfe)] {
            let ask = [&[0x12, 0x83, slot, summary][..], &[7; 32]].concat();
            assert_eq!(say::<Asked>(&mut responder, &ask), INVALID, "{slot} {summary}");
        }
        for slot in [1, 15] {
            let ask = [&[0x12, 0xe0, 1, 0xff][..], &[7; 32], &[slot]].concat();
            assert_eq!(say::<Asked>(&mut responder, &ask), INVALID, "{slot}");
        }
    }

    fn who_takes_no_measurements_in_the_form_of_dmtf_gets_none<Asker, Asked>() {
        let mut responder = connected::<Asked>(0x12);
        say::<Asked>(&mut responder, &[0x10, 0x84, 0, 0]);
        say::<Asked>(&mut responder, &[0x12, 0xe1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 42, 0, 0, 0, 0, 8, 0, 0]);
        let mut offer = vec![0x12, 0xe3, 0, 0, 32, 0, 0, 2, 0x10, 0, 0, 0, 1, 0, 0, 0];
        offer.resize(32, 0);
        let algorithms = say::<Asked>(&mut responder, &offer);
        assert_eq!((algorithms[1], algorithms[6], &algorithms[8..12]), (0x63, 0, &[0; 4][..]));
        assert_eq!(say::<Asked>(&mut responder, &[0x12, 0xe0, 0, 0xff]), UNEXPECTED);
        let with_summary = [&[0x12, 0x83, 0, 0xff][..], &[7; 32]].concat();
        assert_eq!(say::<Asked>(&mut responder, &with_summary), INVALID);
    }

    fn what_is_cut_short_or_too_long_is_invalid<Asker, Asked>() {
        let whole: [Vec<u8>; 4] = [
            vec![0x12, 0x82, 0, 0, 0, 0, 9, 0],
            [&[0x12, 0x83, 0, 0][..], &[7; 32]].concat(),
            [&[0x12, 0xe0, 1, 0xff][..], &[7; 32], &[0]].concat(),
            vendor(3),
        ];
        let mut responder = connected::<Asked>(0x12);
        for message in whole {
            assert_ne!(say::<Asked>(&mut responder, &message)[1..4], INVALID[1..]);
            negotiate::<Asked>(&mut responder, 0x12);
            for end in 4..message.len() {
                let refused = say::<Asked>(&mut responder, &message[..end]);
                assert_eq!(refused, INVALID, "{:02x?}", &message[..end]);
            }
            for more in [&[0; 4][..], &[1], &[0, 0, 1], &[0; 5000]] {
                let refused = say::<Asked>(&mut responder, &[&message, more].concat());
                assert_eq!(refused, INVALID);
            }
        }
        for nothing in [&[][..], &[0x12], &[0x12, 0x81, 0], &[0x12, 0x01, 0, 0], &[0x12, 0x7f, 1, 0]] {
            assert_eq!(responder.told(nothing), None, "no request: {nothing:02x?}");
        }
    }

    fn sessions_are_not_supported<Asker, Asked>() {
        let mut responder = connected::<Asked>(0x13);
        for code in [0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xeb, 0xec, 0xed, 0xee, 0xef, 0x87, 0xf0, 0xc3] {
            let refused = say::<Asked>(&mut responder, &[&[0x13, code, 0, 0][..], &[9; 200]].concat());
            assert_eq!(refused, [0x13, 0x7f, 7, code]);
        }
    }

    /// A long request goes on as if nothing had been asked in between; only GET_VERSION ends it.
    fn nothing_gets_between_the_chunks_of_a_request<Asker, Asked>() {
        let mut responder = connected::<Asked>(0x12);
        let request = vendor(60);
        let (first, second) = request.split_at(48);
        say::<Asked>(&mut responder, &chunk(false, 3, 0, Some(71), first));
        for stray in [&[0x12, 0x81, 0, 0][..], &[0x12, 0x86, 0, 1, 0, 0], &[0x12, 0xff, 0x83, 1], &[0x12, 0xc0, 0, 0], &[0x11, 0x81, 0, 0]] {
            assert_eq!(say::<Asked>(&mut responder, stray), UNEXPECTED);
        }
        let ack = say::<Asked>(&mut responder, &chunk(true, 3, 1, None, second));
        assert_eq!(ack[..9], [0x12, 5, 0, 3, 1, 0, 0x12, 0x7f, 0x0f], "the answer is long");
        let handle = ack[10];
        assert_eq!(say::<Asked>(&mut responder, &[0x12, 0x81, 0, 0]), UNEXPECTED, "neither between those of its answer");
        let mut whole: Vec<u8> = vec![];
        for sequence in 0..9 {
            let answer = say::<Asked>(&mut responder, &[0x12, 0x86, 0, handle, sequence, 0]);
            whole.extend(&answer[if sequence == 0 { 16 } else { 12 }..]);
            if answer[2] == 1 {
                break;
            }
        }
        assert_eq!(whole.len(), 211);
        assert_eq!(&whole[11..71], &request[11..]);

        say::<Asked>(&mut responder, &chunk(false, 3, 0, Some(71), first));
        assert_eq!(say::<Asked>(&mut responder, &[0x10, 0x84, 0, 0])[..2], [0x10, 4]);
        assert_eq!(say::<Asked>(&mut responder, &chunk(true, 3, 1, None, second))[1..4], [0x7f, 7, 0x85]);
    }

    fn chunks_of_a_request_come_in_their_order_and_add_up<Asker, Asked>() {
        let request = vendor(60);
        let (first, second) = request.split_at(48);
        let start = chunk(false, 3, 0, Some(71), first);
        let wrong: [(&str, Vec<Vec<u8>>); 9] = [
            ("not the first", vec![chunk(false, 3, 1, None, first)]),
            ("another handle", vec![start.clone(), chunk(true, 4, 1, None, second)]),
            ("one left out", vec![start.clone(), chunk(true, 3, 2, None, second)]),
            ("the first again", vec![start.clone(), start.clone()]),
            ("last too early", vec![chunk(true, 3, 0, Some(71), first)]),
            ("not last at the end", vec![start.clone(), chunk(false, 3, 1, None, second)]),
            ("more than the whole", vec![start.clone(), chunk(true, 3, 1, None, &[7; 24])]),
            ("crumbs", vec![start.clone(), chunk(false, 3, 1, None, &[7])]),
            ("longer than it may be", vec![chunk(false, 3, 0, Some(71), &request[..49])]),
        ];
        for (name, chunks) in wrong {
            let mut responder = connected::<Asked>(0x12);
            let mut answer = vec![];
            for chunk in &chunks {
                answer = say::<Asked>(&mut responder, chunk);
            }
            assert_eq!((answer[1], answer[2], &answer[6..]), (5, 1, &INVALID[..]), "{name}");
            // And it is over with it.
            say::<Asked>(&mut responder, &start);
            assert_eq!(say::<Asked>(&mut responder, &chunk(true, 3, 1, None, second))[7..9], [0x7f, 0x0f], "{name}");
        }
        let mut responder = connected::<Asked>(0x12);
        let mut huge = start;
        huge[12..16].copy_from_slice(&0x401_u32.to_le_bytes());
        assert_eq!(say::<Asked>(&mut responder, &huge)[6..], [0x12, 0x7f, 0x0e, 0]);
        huge[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(say::<Asked>(&mut responder, &huge)[6..], [0x12, 0x7f, 0x0e, 0]);
        for inner in [0x84, 0x85, 0x86] {
            let mut wrapped = request.clone();
            wrapped[1] = inner;
            say::<Asked>(&mut responder, &chunk(false, 3, 0, Some(71), &wrapped[..48]));
            let answer = say::<Asked>(&mut responder, &chunk(true, 3, 1, None, &wrapped[48..]));
            assert_eq!(answer[7], 0x7f, "{inner:#x} does not go in chunks");
        }
    }

    fn an_answer_is_called_for_by_its_token_only<Asker, Asked>() {
        let ask = [&[0x12, 0x83, 0, 0][..], &[7; 32]].concat();
        for (code, token_off) in [(0x83, 1_u8), (0xe0, 0)] {
            let mut responder = connected::<Asked>(0x12);
            responder.parts_mut().identities = Device::new::<Asked>(P256, &[0]).slow(2);
            let not_ready = say::<Asked>(&mut responder, &ask);
            assert_eq!((&not_ready[..4], not_ready[5]), (&[0x12, 0x7f, 0x42, 0][..], 0x83));
            let token = not_ready[6].wrapping_add(token_off);
            assert_eq!(say::<Asked>(&mut responder, &[0x12, 0xff, code, token]), INVALID);
            assert_eq!(say::<Asked>(&mut responder, &[0x12, 0xff, 0x83, not_ready[6]]), UNEXPECTED, "it is gone");
        }
    }

    fn get_version_begins_anew_in_the_middle_of_everything<Asker, Asked>() {
        let challenge = [&[0x12, 0x83, 0, 0][..], &[7; 32]].concat();
        let middles: [&[Vec<u8>]; 5] = [
            &[vec![0x12, 0x81, 0, 0]],
            &[vec![0x12, 0x82, 0, 0, 0, 0, 9, 0], vec![0x12, 0xe0, 0, 1]],
            &[challenge],
            &[vendor(3)],
            &[chunk(false, 3, 0, Some(71), &vendor(60)[..48])],
        ];
        for middle in middles {
            let mut responder = connected::<Asked>(0x12);
            responder.parts_mut().identities = Device::new::<Asked>(P256, &[0]).slow(1);
            for message in middle {
                say::<Asked>(&mut responder, message);
            }
            let mut wire = |message: &[u8]| responder.say(message);
            let mut client = Client::<Asker>::new(Default::default(), 0x2000);
            client.meet(&[0], &mut wire).unwrap();
            client.challenge(ChallengeRequest::default(), &mut wire).unwrap();
        }
    }

    fn capabilities_of_a_requester_that_contradict_each_other_are_refused<Asker, Asked>() {
        let ask = |version: u8, flags: u32, transfer: u32, message: u32| {
            let mut responder = connected::<Asked>(0x12);
            say::<Asked>(&mut responder, &[0x10, 0x84, 0, 0]);
            let mut ask = [&[version, 0xe1, 0, 0, 0, 0, 0, 0][..], &flags.to_le_bytes()].concat();
            if version >= 0x12 {
                ask.extend([transfer.to_le_bytes(), message.to_le_bytes()].concat());
            }
            say::<Asked>(&mut responder, &ask)[1]
        };
        assert_eq!(ask(0x12, 0x2_0000, 42, 100), 0x61);
        assert_eq!(ask(0x12, 0, 100, 100), 0x61);
        for (version, flags, transfer, message) in [
            (0x12, 0, 42, 100),
            (0x12, 0x2_0000, 41, 100),
            (0x12, 0x2_0000, 100, 99),
            (0x11, 0x04, 0, 0),
            (0x11, 0x1_0006, 0, 0),
            (0x11, 0x0206, 0, 0),
            (0x11, 0x00c0, 0, 0),
            (0x13, 0xc2_0000, 42, 100),
        ] {
            assert_eq!(ask(version, flags, transfer, message), 0x7f, "{version:#x} {flags:#x}");
        }
    }

    /// Before 1.2 there was no word for it.
    fn an_answer_that_is_too_long_is_refused_in_the_words_of_the_version<Asker, Asked>() {
        for (version, code) in [(0x10, 5), (0x11, 5)] {
            let mut responder = connected::<Asked>(version);
            let mut ask = vendor(3);
            ask[0] = version;
            assert_eq!(say::<Asked>(&mut responder, &ask), [version, 0x7f, code, 0]);
        }
    }
}
