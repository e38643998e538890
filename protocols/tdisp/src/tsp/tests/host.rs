//! What a host believes.

use std::format;
use std::vec::Vec;

use super::support::{RANGES, wanted};
use crate::tsp::{
    Capabilities, CheckDelayedCompletion, Configuration, EncryptionSupport, Error, ErrorAnswer, ErrorCode,
    GetCapabilities, GetConfiguration, GetVersion, LockConfiguration, Question, Refusal, RequestCode,
    Response, ResponseCode, Secondary, SetConfiguration, SetTeState, State, answer,
};
use crate::{Blame, GetReport, Malformed, Portion};

fn bytes(response: &Response<'_>) -> Vec<u8> {
    let mut buffer = [0; 256];
    let length = response.encode(&mut buffer).unwrap();
    buffer[..length].to_vec()
}

fn error<Q: Question>(question: &Q, payload: &[u8]) -> Error {
    match answer(question, payload) {
        Err(error) => error,
        Ok(_) => panic!("believed"),
    }
}

/// Every question with its request's code.
fn each_question(mut check: impl FnMut(RequestCode, &dyn Fn(&[u8]) -> Option<Error>)) {
    let set = SetConfiguration { configuration: wanted(), secondary: Secondary::NONE };
    let te = SetTeState { is_trusted: true, ranges: &RANGES };
    check(RequestCode::GetVersion, &|bytes| answer(&GetVersion, bytes).err());
    check(RequestCode::GetCapabilities, &|bytes| answer(&GetCapabilities, bytes).err());
    check(RequestCode::SetConfiguration, &|bytes| answer(&set, bytes).err());
    check(RequestCode::GetConfiguration, &|bytes| answer(&GetConfiguration, bytes).err());
    check(RequestCode::GetReport, &|bytes| answer(&GetReport { offset: 0, length: 4 }, bytes).err());
    check(RequestCode::LockConfiguration, &|bytes| answer(&LockConfiguration, bytes).err());
    check(RequestCode::SetTeState, &|bytes| answer(&te, bytes).err());
    check(RequestCode::CheckDelayedCompletion, &|bytes| answer(&CheckDelayedCompletion, bytes).err());
}

fn each_answer() -> [Response<'static>; 8] {
    [
        Response::Version(&[0x10]),
        Response::Capabilities(Capabilities::default()),
        Response::ConfigurationSet,
        Response::Configuration(Configuration::default(), State::Error),
        Response::Report(Portion { bytes: b"abcd", remainder: 0 }),
        Response::Locked,
        Response::TeStateSet,
        Response::Completed,
    ]
}

#[test]
fn each_question_has_one_answer() {
    each_question(|code, ask| {
        for response in each_answer() {
            let given = response.code();
            let expected = (given != ResponseCode::To(code)).then_some(Error::WrongAnswer { given });
            assert_eq!(ask(&bytes(&response)), expected, "{code}: {given}");
        }
    });
}

#[test]
fn every_answer_is_of_the_version_and_the_protocol() {
    each_question(|code, ask| {
        let place = RequestCode::ALL.iter().position(|known| *known == code).unwrap();
        let right = bytes(&each_answer()[place]);
        let with = |at: usize, value| {
            let mut wrong = right.clone();
            wrong[at] = value;
            ask(&wrong).unwrap()
        };
        assert_eq!(with(0, 0), Error::Malformed(Malformed::Protocol(0)), "{code}");
        assert_eq!(with(1, 0x11), Error::Version(0x11), "{code}");
        assert_eq!(with(2, 0x42), Error::Malformed(Malformed::Code(0x42)), "{code}");
        assert_eq!(ask(&right[..4]), Some(Error::Malformed(Malformed::Short)), "{code}");
        let longer = [&right[..], &[0]].concat();
        assert_eq!(ask(&longer), Some(Error::Malformed(Malformed::Trailing(1))), "{code}");
    });
}

#[test]
fn every_question_may_be_refused_and_put_off() {
    let refused = ErrorAnswer { code: ErrorCode::BUSY, data: 7, extended: b"later" };
    let (refused, delayed) = (bytes(&Response::Error(refused)), bytes(&Response::Delayed(3)));
    each_question(|code, ask| {
        let refusal = Refusal { code: ErrorCode::BUSY, data: 7 };
        assert_eq!(ask(&refused), Some(Error::Refused(refusal)), "{code}");
        assert_eq!(ask(&delayed), Some(Error::Delayed(3)), "{code}");
    });
}

#[test]
fn a_device_that_does_not_speak_this_version_cannot() {
    let error = error(&GetVersion, &bytes(&Response::Version(&[0x20, 0x11])));
    assert_eq!((error, error.blame()), (Error::NoCommonVersion, Blame::PeerCannot));
}

#[test]
fn a_device_does_not_contradict_itself() {
    let capabilities = Capabilities { encryption: EncryptionSupport::CKID, ..Capabilities::default() };
    let told = error(&GetCapabilities, &bytes(&Response::Capabilities(capabilities)));
    assert_eq!(told, Error::Contradiction("encryption"));
    let configuration = Configuration { out_of_band_granularity: 1, ..Configuration::default() };
    let told = bytes(&Response::Configuration(configuration, State::ConfigLocked));
    assert_eq!(error(&GetConfiguration, &told), Error::Contradiction("granularity out of band"));
}

#[test]
fn a_portion_is_bounded_by_what_was_asked() {
    let portion = |data, remainder| bytes(&Response::Report(Portion { bytes: data, remainder }));
    let question = GetReport { offset: 0, length: 4 };
    assert_eq!(error(&question, &portion(b"abcde", 0)), Error::Portions);
    assert_eq!(error(&question, &portion(b"", 1)), Error::Portions);
}

#[test]
fn errors_blame() {
    let refused = |code| Error::Refused(Refusal { code, data: 0 });
    let table = [
        (refused(ErrorCode::BUSY), Blame::Time),
        (refused(ErrorCode::LONG_EXECUTION_TIME), Blame::Time),
        (refused(ErrorCode::INVALID_REQUEST), Blame::Caller),
        (refused(ErrorCode::NO_PRIVILEGE), Blame::Caller),
        (refused(ErrorCode::INVALID_CKID), Blame::Caller),
        (refused(ErrorCode::INVALID_SECURITY_CONFIGURATION), Blame::Caller),
        (refused(ErrorCode::INVALID_SECURITY_STATE), Blame::Caller),
        (refused(ErrorCode::ALREADY_LOCKED), Blame::Caller),
        (refused(ErrorCode::UNSUPPORTED_REQUEST), Blame::PeerCannot),
        (refused(ErrorCode(0x999)), Blame::PeerCannot),
        (Error::Delayed(1), Blame::Time),
        (Error::Malformed(Malformed::Short), Blame::Peer),
        (Error::Version(0), Blame::Peer),
        (Error::WrongAnswer { given: ResponseCode::Error }, Blame::Peer),
        (Error::Contradiction("x"), Blame::Peer),
        (Error::Portions, Blame::Peer),
        (Error::ReportTooLong { length: 9 }, Blame::Here),
    ];
    for (error, blame) in table {
        assert_eq!(error.blame(), blame, "{error}");
    }
    let text = format!("{}", refused(ErrorCode::NO_PRIVILEGE));
    assert_eq!(text, "the device refuses: NO_PRIVILEGE, data 0x0");
}
