//! Anything at all, from either side.

use lanewarden_spdm::message::{Registry, VendorMessage};
use lanewarden_spdm::requester::{ChallengeRequest, Event, MeasurementRequest, Step};
use proptest::prelude::*;

use lanewarden_spdm::binding::MessageKind;

use crate::support::*;

/// A request: well-formed in its head, of any kind, with any body; or bytes.
fn any_request() -> impl Strategy<Value = Vec<u8>> {
    let code = prop_oneof![
        prop::sample::select(vec![0x81_u8, 0x82, 0x83, 0x84, 0x85, 0x86, 0xe0, 0xe1, 0xe3, 0xfe, 0xff]),
        any::<u8>(),
    ];
    let body = prop_oneof![
        Just(vec![]),
        Just([&[0; 6][..], &[2, 0, 42, 0, 0, 0, 0, 8, 0, 0]].concat()),
        Just([&[32, 0, 1, 2, 0x90, 0, 0, 0, 3, 0, 0, 0][..], &[0; 16]].concat()),
        Just(vec![7; 32]),
        Just([&[0, 0, 0, 0, 26, 0, 0, 0, 60, 0, 0, 0][..], &[0x12; 26]].concat()),
        prop::collection::vec(any::<u8>(), 0..80),
    ];
    let version = prop::sample::select(vec![0x10_u8, 0x11, 0x12, 0x12, 0x12, 0x13]);
    let small = prop::sample::select(vec![0_u8, 0, 0, 1, 2, 0xff]);
    prop_oneof![
        9 => (version, code, small.clone(), small, body)
            .prop_map(|(version, code, param1, param2, body)| [&[version, code, param1, param2][..], &body].concat()),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Every request is answered, with something that is an answer, and not longer than the requester takes.
    #[test]
    fn a_responder_answers_whatever_comes(
        requests in prop::collection::vec(any_request(), 1..40),
        transfer_size in prop::sample::select(vec![42_u32, 64, 4600]),
        buffer in prop::sample::select(vec![64_usize, 200, 0x2400]),
        slow in 0_u32..2,
    ) {
        let settings = responder::Settings { transfer_size, ..Default::default() };
        let mut responder = Device::new::<AwsLcKit>(P256, &[0, 2]).slow(slow).responder::<AwsLcKit>(settings, buffer);
        for request in requests {
            let is_request = request.len() >= 4 && request[1] & 0x80 != 0;
            let answer = responder.told(&request);
            prop_assert_eq!(answer.is_some(), is_request);
            if let Some(answer) = answer {
                prop_assert!(answer.len() >= 4 && answer[1] & 0x80 == 0, "{:02x?}", answer);
                prop_assert!(Version::from_byte(answer[0]).is_some());
                let is_answer = answer[1] == 0x7f || answer[1] == request[1] & 0x7f || request[1] == 0xff;
                prop_assert!(is_answer, "{:02x?} to {:02x?}", answer, request);
                prop_assert!(answer.len() <= usize::try_from(transfer_size).unwrap());
            }
        }
    }

    /// What was held is gone after GET_VERSION, whatever came before.
    #[test]
    fn a_responder_is_always_open_to_a_new_beginning(requests in prop::collection::vec(any_request(), 1..40)) {
        let mut responder = Device::new::<AwsLcKit>(P256, &[0]).slow(1).responder::<AwsLcKit>(Default::default(), 0x3000);
        for request in requests {
            responder.told(&request);
        }
        let mut wire = |message: &[u8]| responder.say(message);
        let mut client = Client::<RustCryptoKit>::new(Default::default(), 0x2000);
        client.meet(&[0], &mut wire).unwrap();
        client.challenge(ChallengeRequest::default(), &mut wire).unwrap();
        client.measurements(MeasurementRequest::all_signed(0), &mut wire).unwrap();
    }

    /// A requester takes anything for an answer, ends after so many messages, and takes nothing for a proof.
    #[test]
    fn a_requester_bears_whatever_comes(
        operation in 0..6,
        honest in 0_usize..3,
        answers in prop::collection::vec(any_answer(), 1..30),
    ) {
        let mut responder = Device::new::<AwsLcKit>(P256, &[0]).responder::<AwsLcKit>(Default::default(), 0x3000);
        let settings = requester::Settings { transfer_size: 64, ..only(Version::V1_2) };
        let mut client = Client::<AwsLcKit>::new(settings, 0x2000);
        client.meet(&[0], &mut |message: &[u8]| responder.say(message)).unwrap();
        let requester = &mut client.requester;
        match operation {
            0 => requester.connect(),
            1 => requester.digests(),
            2 => requester.certificate(0),
            3 => requester.challenge(ChallengeRequest::default()),
            4 => requester.measurements(MeasurementRequest::all_signed(0)),
            _ => requester.vendor(&VendorMessage { registry: Registry::PCI_SIG_PROTOCOLS, payload: &[0; 200] }),
        }.unwrap();
        let mut now = client.now;
        let mut sent = 0;
        loop {
            let mut answer = match requester.poll(now) {
                Ok(Step::Send { message, .. }) => {
                    sent += 1;
                    prop_assert!(sent < 4_000, "it goes on for ever");
                    if sent <= honest {
                        responder.say(message)
                    } else {
                        let mut answer = answers[sent % answers.len()].clone();
                        // As often as not of the right kind.
                        if let Some(code) = answer.get_mut(1).filter(|code| **code & 1 == 0) {
                            *code = message[1] & 0x7f;
                        }
                        answer
                    }
                }
                Ok(Step::Wait(until)) => {
                    prop_assert!(until > now);
                    now = until;
                    continue;
                }
                Ok(Step::Idle) | Err(_) => break,
                Ok(Step::Receive) => return Err(TestCaseError::fail("nothing was sent")),
            };
            match requester.receive(now, MessageKind::Plain, &mut answer) {
                Ok(Event::Authenticated(_)) => prop_assert!(sent <= honest, "proved by nothing"),
                Ok(Event::Measured(measured)) => {
                    prop_assert!(measured.transcript.is_some() && sent <= honest, "measured by nothing");
                }
                Ok(_) => {}
                Err(_) => break,
            }
        }
        prop_assert!(requester.poll(now) == Ok(Step::Idle), "an error ends the operation");
    }
}

/// What a host does next.
#[derive(Clone, Copy, Debug)]
enum Act {
    Connect,
    Digests,
    Challenge,
    Measure,
    MeasureSigned,
    Unsupported,
    Long,
    TooLong,
}

fn any_act() -> impl Strategy<Value = Act> {
    prop::sample::select(vec![
        Act::Connect,
        Act::Digests,
        Act::Challenge,
        Act::Challenge,
        Act::Measure,
        Act::Measure,
        Act::MeasureSigned,
        Act::MeasureSigned,
        Act::Unsupported,
        Act::Long,
        Act::TooLong,
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the order, and whatever is lost on the way: where both sides are honest, no signature seems wrong, and
    /// nobody is blamed for what was lost.
    #[test]
    fn an_honest_device_is_never_blamed(
        version in prop::sample::select(&Version::ALL[..]),
        transfer_size in prop::sample::select(vec![42_u32, 0x1000]),
        slow in 0_u32..2,
        acts in prop::collection::vec((any_act(), prop::option::weighted(0.3, 0_usize..4)), 1..25),
    ) {
        let transfer_size = if version >= Version::V1_2 { transfer_size } else { 0x1000 };
        let settings = responder::Settings { transfer_size, ..Default::default() };
        let mut responder = Device::new::<AwsLcKit>(P256, &[0]).slow(slow).responder::<AwsLcKit>(settings, 0x3000);
        let settings = requester::Settings { transfer_size, ..only(version) };
        let mut client = Client::<AwsLcKit>::new(settings, 0x2000);
        for (act, lost) in acts {
            let mut wire = |message: &[u8]| responder.say(message);
            if client.requester.connection().is_none() {
                client.meet(&[0], &mut wire).unwrap();
            }
            if client.requester.digest(0).is_none() {
                client.digests(&mut wire).unwrap();
            }
            let requester = &mut client.requester;
            let measure = MeasurementRequest::all_signed(0);
            match act {
                Act::Connect => requester.connect(),
                Act::Digests => requester.digests(),
                Act::Challenge => requester.challenge(ChallengeRequest::default()),
                Act::Measure => requester.measurements(MeasurementRequest { signed: None, ..measure }),
                Act::MeasureSigned => requester.measurements(measure),
                Act::Unsupported => requester.request(&[version.byte(), 0xe8, 0, 0]),
                Act::Long => requester.vendor(&VendorMessage {
                    registry: Registry::PCI_SIG_PROTOCOLS,
                    payload: &[0; 200],
                }),
                Act::TooLong => requester.vendor(&VendorMessage {
                    registry: Registry::PCI_SIG_PROTOCOLS,
                    payload: &[0; 0x2000],
                }).or_else(|error| {
                    assert_eq!(error.blame(), Blame::Here);
                    Ok::<_, Error>(())
                }),
            }.unwrap();
            // 0 is a change of mind before anything is sent; beyond, so many answers come, and the next is lost.
            if lost == Some(0) {
                requester.abandon();
                continue;
            }
            let mut left = lost.map(|left| left - 1);
            loop {
                let mut answer = match client.requester.poll(client.now).unwrap() {
                    Step::Send { message, .. } => responder.say(message),
                    Step::Wait(until) => {
                        client.now = until;
                        continue;
                    }
                    Step::Idle | Step::Receive => break,
                };
                if left == Some(0) {
                    client.requester.abandon();
                    prop_assert_eq!(client.requester.connection(), None);
                    break;
                }
                left = left.map(|left| left - 1);
                if let Err(error) = client.requester.receive(client.now, MessageKind::Plain, &mut answer) {
                    prop_assert_eq!(error.blame(), Blame::PeerCannot, "{:?}: {}", act, error);
                    break;
                }
            }
        }
    }
}

/// An answer: an ERROR, a chunk, something of the right outer form, or bytes.
fn any_answer() -> impl Strategy<Value = Vec<u8>> {
    let error = (prop::sample::select(vec![3_u8, 0x42, 0x0f, 1, 0x41, 0x43]), any::<[u8; 4]>())
        .prop_map(|(code, extended)| [&[0x12, 0x7f, code, 0][..], &extended].concat());
    let chunk = (0_u8..2, 0_u8..3, any::<bool>()).prop_map(|(handle, sequence, last)| {
        let head = [0x12, 6 | 1, u8::from(last), handle, sequence, 0, 0, 0, 30, 0, 0, 0];
        let total: &[u8] = if sequence == 0 { &[0, 1, 0, 0] } else { &[] };
        [&head[..], total, &[0x12; 30]].concat()
    });
    let other =
        (prop::sample::select(vec![0x10_u8, 0x12]), any::<u8>(), prop::collection::vec(any::<u8>(), 0..120))
            .prop_map(|(version, param, body)| [&[version, 0, 0, param][..], &body].concat());
    let ack = Just(vec![0x12, 0x7f ^ 0x7a, 0, 0, 0, 0]);
    prop_oneof![3 => error, 2 => chunk, 4 => other, 1 => ack, 1 => prop::collection::vec(any::<u8>(), 0..40)]
}
