//! What a host believes.

use std::format;
use std::vec::Vec;

use super::support::{INTERFACE, LOCK, NONCE, OTHER};
use crate::{
    BindStream, Blame, Capabilities, Error, ErrorAnswer, ErrorCode, GetCapabilities, GetReport, GetState,
    GetVersion, Host, LockInterface, Malformed, Nonce, NonceView, Portion, Question, Refusal, RequestCode,
    Response, ResponseCode, SetMmioAttribute, StartInterface, State, StopInterface, UnbindStream, Vendor,
};

const HOST: Host = Host::new(INTERFACE);

fn answer(response: &Response<'_>) -> Vec<u8> {
    let mut buffer = [0; 256];
    let length = response.encode(INTERFACE, &mut buffer).unwrap();
    buffer[..length].to_vec()
}

fn error<Q: Question>(question: &Q, payload: &[u8]) -> Error {
    match HOST.answer(question, payload) {
        Err(error) => error,
        Ok(_) => panic!("believed"),
    }
}

/// Every question with its request's type.
fn each_question(mut check: impl FnMut(RequestCode, &dyn Fn(&[u8]) -> Option<Error>)) {
    let start = StartInterface::new(Nonce::new(NONCE));
    let attribute = SetMmioAttribute(crate::MmioRange::default());
    check(RequestCode::GetVersion, &|bytes| HOST.answer(&GetVersion, bytes).err());
    check(RequestCode::GetCapabilities, &|bytes| HOST.answer(&GetCapabilities::default(), bytes).err());
    check(RequestCode::LockInterface, &|bytes| HOST.answer(&LockInterface(LOCK), bytes).err());
    check(RequestCode::GetReport, &|bytes| HOST.answer(&GetReport { offset: 0, length: 4 }, bytes).err());
    check(RequestCode::GetState, &|bytes| HOST.answer(&GetState, bytes).err());
    check(RequestCode::StartInterface, &|bytes| HOST.answer(&start, bytes).err());
    check(RequestCode::StopInterface, &|bytes| HOST.answer(&StopInterface, bytes).err());
    check(RequestCode::BindStream, &|bytes| HOST.answer(&BindStream(1), bytes).err());
    check(RequestCode::UnbindStream, &|bytes| HOST.answer(&UnbindStream(1), bytes).err());
    check(RequestCode::SetMmioAttribute, &|bytes| HOST.answer(&attribute, bytes).err());
    check(RequestCode::Vendor, &|bytes| HOST.answer(&Vendor(b""), bytes).err());
}

fn each_answer() -> [Response<'static>; 11] {
    [
        Response::Version(&[0x10]),
        Response::Capabilities(Capabilities::default()),
        Response::Locked(NonceView::new(&NONCE)),
        Response::Report(Portion { bytes: b"abcd", remainder: 0 }),
        Response::State(State::Run),
        Response::Started,
        Response::Stopped,
        Response::Bound,
        Response::Unbound,
        Response::AttributeSet,
        Response::Vendor(b"v"),
    ]
}

#[test]
fn each_question_has_one_answer() {
    each_question(|code, ask| {
        for response in each_answer() {
            let given = response.code();
            let expected = (given != ResponseCode::To(code)).then_some(Error::WrongAnswer { given });
            assert_eq!(ask(&answer(&response)), expected, "{code}: {given}");
        }
    });
}

#[test]
fn every_answer_is_of_the_version_the_protocol_and_the_interface() {
    each_question(|code, ask| {
        let place = RequestCode::ALL.iter().position(|known| *known == code).unwrap();
        let right = answer(&each_answer()[place]);
        let with = |at: usize, value| {
            let mut wrong = right.clone();
            wrong[at] = value;
            ask(&wrong).unwrap()
        };
        assert_eq!(with(0, 0), Error::Malformed(Malformed::Protocol(0)), "{code}");
        assert_eq!(with(1, 0x11), Error::Version(0x11), "{code}");
        assert_eq!(with(2, 0x42), Error::Malformed(Malformed::Code(0x42)), "{code}");
        assert_eq!(with(5, 0xf0), Error::Interface { asked: INTERFACE, given: OTHER }, "{code}");
        assert_eq!(ask(&right[..16]), Some(Error::Malformed(Malformed::Short)), "{code}");
    });
}

#[test]
fn every_question_may_be_refused() {
    let refused = ErrorAnswer { code: ErrorCode::BUSY, data: 7, extended: None };
    let payload = answer(&Response::Error(refused));
    each_question(|code, ask| {
        let refusal = Refusal { code: ErrorCode::BUSY, data: 7 };
        assert_eq!(ask(&payload), Some(Error::Refused(refusal)), "{code}");
    });
}

#[test]
fn a_device_that_does_not_speak_this_version_cannot() {
    let error = error(&GetVersion, &answer(&Response::Version(&[0x20, 0x11])));
    assert_eq!((error, error.blame()), (Error::NoCommonVersion, Blame::PeerCannot));
    let among = answer(&Response::Version(&[0x20, 0x10]));
    assert_eq!(HOST.answer(&GetVersion, &among), Ok(()));
}

#[test]
fn a_portion_is_bounded_by_what_was_asked() {
    let portion = |bytes, remainder| answer(&Response::Report(Portion { bytes, remainder }));
    let question = GetReport { offset: 0, length: 4 };
    assert_eq!(error(&question, &portion(b"abcde", 0)), Error::Portions);
    assert_eq!(error(&question, &portion(b"", 1)), Error::Portions);
    let answer = portion(b"abc", 9);
    assert_eq!(HOST.answer(&question, &answer), Ok(Portion { bytes: b"abc", remainder: 9 }));
}

#[test]
fn errors_blame() {
    let refused = |code| Error::Refused(Refusal { code, data: 0 });
    let table = [
        (refused(ErrorCode::BUSY), Blame::Time),
        (refused(ErrorCode::INVALID_REQUEST), Blame::Caller),
        (refused(ErrorCode::INVALID_INTERFACE_STATE), Blame::Caller),
        (refused(ErrorCode::INVALID_INTERFACE), Blame::Caller),
        (refused(ErrorCode::INVALID_NONCE), Blame::Caller),
        (refused(ErrorCode::UNSUPPORTED_REQUEST), Blame::PeerCannot),
        (refused(ErrorCode::INVALID_DEVICE_CONFIGURATION), Blame::PeerCannot),
        (refused(ErrorCode(0x999)), Blame::PeerCannot),
        (Error::Malformed(Malformed::Short), Blame::Peer),
        (Error::Version(0), Blame::Peer),
        (Error::Interface { asked: INTERFACE, given: OTHER }, Blame::Peer),
        (Error::WrongAnswer { given: ResponseCode::Error }, Blame::Peer),
        (Error::Portions, Blame::Peer),
        (Error::ReportTooLong { length: 9 }, Blame::Here),
    ];
    for (error, blame) in table {
        assert_eq!(error.blame(), blame, "{error}");
    }
}

#[test]
fn errors_speak() {
    let refusal = Error::Refused(Refusal { code: ErrorCode::INVALID_NONCE, data: 0 });
    assert_eq!(format!("{refusal}"), "the device refuses: INVALID_NONCE, data 0x0");
    let other = Error::Interface { asked: INTERFACE, given: OTHER };
    assert_eq!(format!("{other}"), "asked about interface be:1d.7, answered about be:1e.0");
}

#[test]
fn what_starts_an_interface_does_not_print() {
    let start = StartInterface::new(Nonce::new(NONCE));
    assert_eq!(format!("{start:?}"), "StartInterface(Nonce(..))");
    assert_eq!(start.into_nonce().view(), NonceView::new(&NONCE));
}
