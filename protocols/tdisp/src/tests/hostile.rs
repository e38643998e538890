//! Bytes that nobody ought to send.

use std::vec::Vec;

use proptest::prelude::*;

use super::shared::as_answer;
use super::support::{INTERFACE, NONCE, OWNER, STRANGER, device, device_in, exchange, payload, random};
use crate::{
    GetCapabilities, GetReport, GetState, GetVersion, HEADER_SIZE, Host, LockInterface, MIN_ANSWER,
    Malformed, NoResponse, ReportFetch, Request, Response, StartInterface, State, StopInterface, Vendor,
    decode_request, decode_response,
};

#[test]
fn nothing_is_answered_outside_of_sessions() {
    let mut device = device_in(State::ConfigLocked);
    for request in [Request::GetVersion, Request::GetState, super::support::start(), Request::StopInterface] {
        let answered = device.respond(None, random, &payload(INTERFACE, &request), &mut [0; 64]);
        assert_eq!(answered, Err(NoResponse::NoSession), "{request}");
    }
    assert_eq!(device.state(INTERFACE), Some(State::ConfigLocked));
}

#[test]
fn without_a_header_there_is_nothing_to_answer() {
    let mut device = device();
    let whole = payload(INTERFACE, &Request::GetState);
    for length in 0..HEADER_SIZE {
        let answered = device.respond(Some(OWNER), random, &whole[..length], &mut [0; 64]);
        assert_eq!(answered, Err(NoResponse::Malformed(Malformed::Short)), "{length}");
    }
    let mut other = whole;
    other[0] = 0;
    let answered = device.respond(Some(OWNER), random, &other, &mut [0; 64]);
    assert_eq!(answered, Err(NoResponse::Malformed(Malformed::Protocol(0))));
}

#[test]
fn nothing_changes_where_the_answer_has_no_room() {
    let mut device = device();
    let lock = payload(INTERFACE, &Request::LockInterface(super::support::LOCK));
    let mut answer = [0; MIN_ANSWER];
    let answered = device.respond(Some(OWNER), random, &lock, &mut answer[1..]);
    assert_eq!(answered, Err(NoResponse::NoRoom));
    assert_eq!(device.state(INTERFACE), Some(State::ConfigUnlocked));
    assert_eq!(device.respond(Some(OWNER), random, &lock, &mut answer), Ok(MIN_ANSWER));
}

#[test]
fn an_error_names_what_is_not_supported() {
    let mut device = device();
    let answer = exchange(&mut device, OWNER, &payload(INTERFACE, &Request::Vendor(&[])));
    let Response::Error(error) = decode_response(&answer).unwrap().1 else { panic!("no error") };
    assert_eq!((error.code, error.data), (crate::ErrorCode::UNSUPPORTED_REQUEST, 0x8b));
}

/// A payload that gets far: a right header, more often than not.
fn any_payload() -> impl Strategy<Value = Vec<u8>> {
    let body = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..40),
        Just(NONCE.to_vec()),
        proptest::collection::vec(0..4_u8, 20..=20),
        proptest::collection::vec(0..4_u8, 4..=4),
    ];
    let code = prop_oneof![4 => 0x81..=0x8b_u8, 1 => any::<u8>()];
    let right = (code, body).prop_map(|(code, body)| {
        let mut payload = payload(INTERFACE, &Request::GetState);
        payload[2] = code;
        payload.extend(body);
        payload
    });
    prop_oneof![8 => right, 1 => proptest::collection::vec(any::<u8>(), 0..64)]
}

proptest! {
    #[test]
    fn a_device_survives_any_host(
        dialogue in proptest::collection::vec((any_payload(), any::<bool>(), 0..16_u8), 1..24),
        room in 0..96_usize,
    ) {
        let mut device = device();
        let mut answer = [0; 96];
        for (request, is_owner, event) in dialogue {
            let session = if is_owner { OWNER } else { STRANGER };
            if let Ok(length) = device.respond(Some(session), random, &request, &mut answer[..room]) {
                let (header, response) = decode_response(&answer[..length]).unwrap();
                prop_assert_eq!(header.version, 0x10);
                let is_error = matches!(response, Response::Error(_));
                prop_assert!(is_error || decode_request(&request).is_ok());
                prop_assert!(is_error || header.code == request[2] & 0x7f);
            }
            match event {
                0 => device.ended(session),
                1 => device.violated(INTERFACE, crate::Violation::Other),
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
        let host = Host::new(INTERFACE);
        let mut buffer = [0; 256];
        let mut fetch = ReportFetch::new(&mut buffer[..room], portion);
        for answer in &answers {
            let _ = host.answer(&GetVersion, answer);
            let _ = host.answer(&GetCapabilities::default(), answer);
            let _ = host.answer(&LockInterface(crate::Lock::default()), answer);
            let _ = host.answer(&GetState, answer);
            let _ = host.answer(&StartInterface::new(crate::Nonce::new(NONCE)), answer);
            let _ = host.answer(&StopInterface, answer);
            let _ = host.answer(&Vendor(&[]), answer);
            let question = GetReport { offset: 0, length: portion };
            if let Ok(portion) = host.answer(&question, answer) {
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
