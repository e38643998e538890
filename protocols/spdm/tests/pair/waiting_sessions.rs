//! Answers that are put off, and messages in chunks, in sessions and over every binding.

use lanewarden_spdm::binding::{Binding, MessageKind};
use lanewarden_spdm::message::{ErrorCode, Registry, VendorMessage};
use lanewarden_spdm::requester::MeasurementRequest;

use crate::support::*;

const BINDINGS: [Binding; 3] = [Binding::DOE, Binding::MCTP, Binding::TCP];

/// Who is busy so often before each message in a session is heard, and says so in the session.
fn busy(
    mut times: u32,
) -> impl FnMut(&mut Middle<'_, PartsTalking<LeakyKit>>, Option<u32>, &[u8]) -> Vec<u8> {
    let most = times;
    move |middle, lane, message| {
        if lane.is_some() && times > 0 {
            times -= 1;
            return vec![message[0], 0x7f, 3, 0];
        }
        times = most;
        middle.ask(lane, message).unwrap()
    }
}

/// What was sent is sealed again, under the next number: a record is never sent twice.
#[test]
fn a_request_to_a_busy_device_is_sealed_again() {
    for binding in BINDINGS {
        for is_psk in [false, true] {
            let own = responder::Settings { binding, ..settings() };
            let mut responder = talker::<LeakyKit, true>(own);
            let mut asker = Caller::<AwsLcKit>::new(requester::Settings { binding, ..only(Version::V1_2) });
            let mut tap = Tap::new(&mut responder, busy(3));
            tap.middle.form.binding = binding;
            asker.meet_over(&mut tap);
            asker.begin(is_psk);
            let id = opened(&asker.drive(&mut tap).unwrap());
            asker.requester.within(id).measurements(MeasurementRequest::all_signed(0)).unwrap();
            let seen = asker.drive(&mut tap).unwrap();
            assert!(matches!(seen[..], [Seen::Measured { transcript: Some(_), .. }]));
            for length in [0, 1, 1000] {
                let payload = vec![5; length];
                let message = VendorMessage { registry: Registry::PCI_SIG_PROTOCOLS, payload: &payload };
                asker.requester.within(id).vendor(&message).unwrap();
                assert_eq!(asker.drive(&mut tap).unwrap(), [Seen::Vendor(payload)]);
            }
            assert_eq!(responder.parts_mut().vendor.heard.len(), 3, "each was heard once");
        }
    }
}

#[test]
fn a_device_that_is_busy_for_ever_is_given_up_with_its_session() {
    let mut responder = talker::<LeakyKit, true>(settings());
    let (mut asker, tap, id) = tapped(&mut responder, only(Version::V1_2));
    asker.requester.within(id).heartbeat().unwrap();
    let error = asker.drive(&mut tap.with(busy(u32::MAX))).unwrap_err();
    assert_eq!(error.reason, Reason::PutOff);
    assert_eq!(error.blame(), Blame::Time);
    assert_eq!(asker.requester.sessions().count(), 0);
}

const LENGTHS: [usize; 9] = [0, 1, 20, 40, 60, 150, 200, 1000, 4000];

fn long(length: usize) -> Vec<u8> {
    (0..251).cycle().take(length).collect()
}

/// Long messages both ways: each chunk goes in a record of its own, and is put off before it is heard.
#[test]
fn chunks_to_a_busy_device_are_sealed_again() {
    for binding in BINDINGS {
        let own = responder::Settings { binding, transfer_size: 200, ..settings() };
        let mut responder = talker::<LeakyKit, true>(own);
        let asked = requester::Settings { binding, transfer_size: 200, ..only(Version::V1_3) };
        let mut asker = Caller::<AwsLcKit>::new(asked);
        let mut tap = Tap::new(&mut responder, through);
        tap.middle.form.binding = binding;
        asker.meet_over(&mut tap);
        asker.begin(true);
        let id = opened(&asker.drive(&mut tap).unwrap());
        let mut tap = tap.with(busy(2));
        for length in LENGTHS {
            let payload = long(length);
            let message = VendorMessage { registry: Registry::PCI_SIG_PROTOCOLS, payload: &payload };
            asker.requester.within(id).vendor(&message).unwrap();
            assert_eq!(asker.drive(&mut tap).unwrap(), [Seen::Vendor(payload)], "{length}");
        }
        assert_eq!(responder.parts_mut().vendor.heard.len(), LENGTHS.len(), "each was heard once");
    }
}

#[test]
fn long_messages_go_in_chunks_over_every_binding() {
    for binding in BINDINGS {
        for encrypt in [false, true] {
            for transfer_size in [42, 64, 200] {
                let own = responder::Settings { binding, transfer_size, encrypt, ..settings() };
                let mut responder = talker::<AwsLcKit, true>(own);
                let asked = requester::Settings { binding, transfer_size, ..only(Version::V1_3) };
                let mut asker = Caller::<AwsLcKit>::new(asked);
                asker.meet(&mut responder);
                let id = opened(&asker.exchange(&mut responder).unwrap());
                LENGTHS.iter().for_each(|length| asker.echo(id, *length, &mut responder));
            }
        }
    }
}

/// A long answer is fetched in the session that it was asked for in, and nothing comes between.
#[test]
fn an_answer_in_chunks_is_of_its_session_alone() {
    let mut responder = talker::<LeakyKit, true>(responder::Settings { transfer_size: 200, ..settings() });
    let asked = requester::Settings { transfer_size: 200, ..only(Version::V1_2) };
    let mut asker = Caller::<AwsLcKit>::new(asked);
    let mut tap = Tap::new(&mut responder, through);
    asker.meet_over(&mut tap);
    let mut open = || {
        asker.begin(true);
        opened(&asker.drive(&mut tap).unwrap())
    };
    let (one, two) = (open(), open());
    let middle = &mut tap.middle;
    for id in [one, two] {
        middle.session(id).settle();
    }
    let portion = [0x12, 0x82, 0, 0, 0, 0, 0x2c, 1];
    let echo = [&[0x12, 0xfe, 0, 0, 3, 0, 2, 1, 0, 150, 0][..], &[6; 150]].concat();
    assert_eq!(middle.ask(Some(one), &echo).unwrap()[1], 0x7e, "it is short enough");
    let signed = [&[0x12, 0xe0, 1, 0xff][..], &[7; 32], &[0]].concat();
    let large = middle.ask(Some(one), &signed).unwrap();
    assert_eq!(code(&large), ErrorCode::LARGE_RESPONSE);
    let get = |sequence| [0x12, 0x86, 0, large[4], sequence, 0];
    let first = middle.ask(Some(one), &get(0)).unwrap();
    assert_eq!(first[1], 0x06);
    for lane in [Some(two), None] {
        for message in [&get(0)[..], &get(1), &portion, &[0x12, 0x81, 0, 0], &[0x12, 0xec, 0, 0]] {
            assert_eq!(code(&middle.ask(lane, message).unwrap()), ErrorCode::UNEXPECTED_REQUEST);
        }
    }
    // A record that does not open ends the other session, and spoils nothing here.
    let mut forged = middle.record(two, &[0x12, 0xe8, 0, 0]);
    *forged.last_mut().unwrap() ^= 1;
    middle.raw(MessageKind::Secured, &forged).unwrap();
    assert!(middle.responder.session(two).is_none());
    let mut whole = first[12..].to_vec();
    for sequence in 1.. {
        let chunk = middle.ask(Some(one), &get(sequence)).unwrap();
        assert_eq!(chunk[1], 0x06, "{chunk:02x?}");
        whole.extend(&chunk[12..]);
        if chunk[2] & 1 != 0 {
            break;
        }
    }
    // Four measurements are told, and the answer has none of what came between.
    let whole = &whole[4..];
    assert_eq!(whole[..2], [0x12, 0x60]);
    assert_eq!(whole[4], 4);
    let ended = middle.responder.end_session(one);
    assert!(
        ended && middle.ask(None, &[0x12, 0x81, 0, 0]).unwrap()[1] == 0x01,
        "what was held ends with its session"
    );
}
