//! Bytes that nobody ought to send.

use std::vec::Vec;

use proptest::prelude::*;

use super::support::{OTHER, PRIMARY, RANGES, device, device_in, payload, set, te};
use crate::tests::shared::as_answer;
use crate::tsp::{
    CheckDelayedCompletion, GetCapabilities, GetConfiguration, GetVersion, HEADER_SIZE, MIN_ANSWER,
    ReportFetch, Request, Response, SetTeState, State, answer, decode_request, decode_response,
};
use crate::{GetReport, Malformed, NoResponse};

#[test]
fn nothing_is_answered_outside_of_sessions() {
    let mut device = device_in(State::ConfigLocked);
    for request in [Request::GetVersion, Request::GetConfiguration, te(1)] {
        let answered = device.respond(None, &payload(&request), &mut [0; 256]);
        assert_eq!(answered, Err(NoResponse::NoSession), "{request}");
    }
    assert!(!device.hardware().is_trusted(RANGES[0].start));
}

#[test]
fn without_a_header_there_is_nothing_to_answer() {
    let mut device = device();
    let whole = payload(&Request::GetVersion);
    for length in 0..HEADER_SIZE {
        let answered = device.respond(Some(PRIMARY), &whole[..length], &mut [0; 256]);
        assert_eq!(answered, Err(NoResponse::Malformed(Malformed::Short)), "{length}");
    }
    let answered = device.respond(Some(PRIMARY), &[0, 0x10, 0x81, 0, 0], &mut [0; 256]);
    assert_eq!(answered, Err(NoResponse::Malformed(Malformed::Protocol(0))));
}

#[test]
fn nothing_changes_where_the_answer_has_no_room() {
    let mut device = device_in(State::ConfigUnlocked);
    let mut answer = [0; MIN_ANSWER];
    let lock = payload(&Request::LockConfiguration);
    assert_eq!(device.respond(Some(PRIMARY), &lock, &mut answer[1..]), Err(NoResponse::NoRoom));
    assert_eq!(device.state(), State::ConfigUnlocked);
    let configuration = payload(&Request::GetConfiguration);
    assert_eq!(device.respond(Some(PRIMARY), &configuration, &mut answer), Ok(MIN_ANSWER));
}

/// A payload that gets far: a right header, more often than not.
fn any_payload() -> impl Strategy<Value = Vec<u8>> {
    let body = prop_oneof![
        3 => Just(std::vec![0, 0]),
        1 => proptest::collection::vec(any::<u8>(), 0..40),
        1 => proptest::collection::vec(0..2_u8, 350..=350),
        1 => proptest::collection::vec(0..4_u8, 6..=6),
        1 => proptest::collection::vec(0..2_u8, 30..=30),
    ];
    let right = (prop_oneof![4 => 0x81..0x8f_u8, 1 => any::<u8>()], body)
        .prop_map(|(code, body)| [&[1, 0x10, code], &body[..]].concat());
    prop_oneof![
        8 => right,
        1 => proptest::collection::vec(any::<u8>(), 0..64),
        2 => Just(payload(&set())),
        2 => Just(payload(&te(1))),
    ]
}

proptest! {
    #[test]
    fn a_device_survives_any_host(
        dialogue in proptest::collection::vec((any_payload(), any::<bool>(), 0..16_u8), 1..24),
        room in 150..300_usize,
    ) {
        let mut device = device();
        let mut answer = [0; 300];
        for (request, is_primary, event) in dialogue {
            let session = if is_primary { PRIMARY } else { OTHER };
            if let Ok(length) = device.respond(Some(session), &request, &mut answer[..room]) {
                let (header, response) = decode_response(&answer[..length]).unwrap();
                prop_assert_eq!(header.version, 0x10);
                let is_error = matches!(response, Response::Error(_));
                prop_assert!(is_error || decode_request(&request).is_ok());
                let is_answer = header.code == request.get(2).map_or(0, |code| code & 0x7f);
                prop_assert!(is_error || is_answer || matches!(response, Response::Delayed(_)));
            }
            match event {
                0 => device.ended(session),
                1 => device.violated(),
                2 => device.hardware_mut().put_off(1),
                3 => prop_assert!(!device.joined(session, 0)),
                _ => {}
            }
        }
    }

    #[test]
    fn a_host_survives_any_device(
        answers in proptest::collection::vec(any_answer(), 1..12),
        portion: u16,
        room in 0..256_usize,
    ) {
        let mut buffer = [0; 256];
        let mut fetch = ReportFetch::new(&mut buffer[..room], portion);
        for bytes in &answers {
            let _ = answer(&GetVersion, bytes);
            let _ = answer(&GetCapabilities, bytes);
            let _ = answer(&GetConfiguration, bytes);
            let _ = answer(&SetTeState { is_trusted: true, ranges: &RANGES }, bytes);
            let _ = answer(&CheckDelayedCompletion, bytes);
            if let Ok(portion) = answer(&GetReport { offset: 0, length: portion }, bytes) {
                let _ = fetch.take(portion);
            }
        }
        let _ = fetch.finish();
    }
}

/// An answer that gets far.
fn any_answer() -> impl Strategy<Value = Vec<u8>> {
    any_payload().prop_map(as_answer)
}
