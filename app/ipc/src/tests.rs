//! The interfaces as texts against the types, errors there and back, and an independent peer.

mod interfaces;
mod peer;

use std::path::Path;

use lanewarden_broker::{Busy, Denial, Loss, Refusal};
use lanewarden_doe::{Error, Holder, Phase, Protocol};
use lanewarden_pci::AccessError;
use proptest::prelude::*;

use crate::machine::Functions;
use crate::mailbox::{Exchange, Object};
use crate::{Base64, Call, Client, Envelope, Fault, Incoming, Replied, Reply, frame};

fn round_trip(fault: &Fault) -> Fault {
    let text = serde_json::to_string(fault).unwrap();
    let replied: Replied<'_> = serde_json::from_str(&text).unwrap();
    replied.result::<Object>().unwrap().unwrap_err()
}

fn errors() -> Vec<Error> {
    let protocol = Protocol::CXL_TABLE_ACCESS;
    vec![
        Error::Access { phase: Phase::Await, source: AccessError::OutOfRange(0x104) },
        Error::Access { phase: Phase::Begin, source: AccessError::System(5) },
        Error::Access { phase: Phase::Abort, source: AccessError::Gone },
        Error::Blocked(Holder::UnreadAnswer),
        Error::Faulted(Phase::Write),
        Error::Timeout,
        Error::WrongProtocol { expected: protocol, seen: Protocol::CMA_SPDM },
        Error::WrongConnection { expected: 7, seen: 4095 },
        Error::BadLength,
        Error::TooLong { length: 1 << 20, room: 64 },
        Error::Truncated,
        Error::Overrun,
        Error::Cancelled,
        Error::Dead,
    ]
}

/// A failed exchange is told as it was, so that what is said of it does not depend on the way.
#[test]
fn errors_of_the_mailbox_arrive_as_they_were() {
    for error in errors() {
        let Fault::Refused { refused, .. } = round_trip(&Refusal::Failed(error).into()) else { panic!() };
        assert_eq!((refused.word, refused.failure), ("failed", Some(error)));
        assert_eq!(refused.message, error.to_string());
    }
}

fn refusals() -> Vec<Refusal> {
    let losses = [Loss::Urgent, Loss::Detached, Loss::Silent, Loss::Turn, Loss::Uncollected];
    let mut refusals: Vec<_> = losses.map(Refusal::Preempted).to_vec();
    refusals.extend([Refusal::Cancelled, Refusal::Dead, Refusal::Gone]);
    refusals.extend([Busy::Firmware, Busy::Requests, Busy::Waited(None)].map(Refusal::Busy));
    refusals.extend([Denial::Permission, Denial::Unclaimed].map(Refusal::Denied));
    refusals
}

fn others() -> Vec<Fault> {
    let access = [
        AccessError::Denied,
        AccessError::Lockdown,
        AccessError::Refused,
        AccessError::Claimed,
        AccessError::Gone,
    ];
    let mut faults: Vec<_> = access.map(Fault::Access).to_vec();
    faults.extend([Fault::NotDone("why".into()), Fault::SessionEnded("why".into())]);
    faults.extend([Fault::NotLocked, Fault::PermissionDenied, Fault::MethodNotFound("a.b.C".into())]);
    faults.extend([Fault::InterfaceNotFound("a.b".into()), Fault::InvalidParameter("no address".into())]);
    faults
}

/// One of each kind.
fn faults() -> Vec<Fault> {
    let failures = errors().into_iter().map(Refusal::Failed);
    failures.chain(refusals()).map(Fault::from).chain(others()).collect()
}

#[test]
fn every_refusal_arrives_with_its_word_and_its_reason() {
    for refusal in refusals() {
        let fault = Fault::from(refusal);
        assert_eq!(round_trip(&fault), fault);
        assert_eq!(fault.to_string(), refusal.to_string());
    }
}

#[test]
fn other_errors_arrive_as_they_were() {
    for fault in others() {
        assert_eq!(round_trip(&fault), fault);
    }
}

fn exchange() -> Exchange {
    Exchange {
        address: "0000:0d:00.0".parse().unwrap(),
        generation: None,
        mailbox: 0x160,
        vendor: 0x1e98,
        kind: 2,
        or_type: None,
        connection: None,
        payload: Base64(vec![0, 0, 0, 0]),
        longest: 1024,
        patience_ms: None,
    }
}

#[test]
fn a_call_is_one_line_that_a_person_can_read() {
    insta::assert_snapshot!(
        frame::message(&Envelope::new(&exchange())).unwrap(),
        @r#"{"method":"org.lanewarden.Mailbox1.Exchange","parameters":{"address":"0000:0d:00.0","mailbox":352,"vendor":7832,"type":2,"payload":"AAAAAA==","longest":1024}}"#
    );
}

#[test]
fn parameters_may_be_left_out_where_there_are_none() {
    let method = Functions::METHOD;
    for parameters in ["", r#","parameters":{}"#, r#","parameters":null"#] {
        let text = format!(r#"{{"method":"{method}"{parameters}}}"#);
        let call: Incoming<'_> = serde_json::from_str(&text).unwrap();
        assert_eq!(call.parameters::<Functions>(), Ok(Functions {}));
    }
}

#[test]
fn a_wrong_parameter_is_named() {
    let text = r#"{"method":"org.lanewarden.Mailbox1.Exchange","parameters":{"address":"nowhere"}}"#;
    let call: Incoming<'_> = serde_json::from_str(text).unwrap();
    let Err(Fault::InvalidParameter(why)) = call.parameters::<Exchange>() else { panic!() };
    assert!(why.contains("not an address"), "{why}");
}

#[test]
fn a_message_that_is_too_long_is_not_sent() {
    let long = Exchange { payload: Base64(vec![0; frame::MAX_MESSAGE]), ..exchange() };
    assert!(matches!(frame::message(&Envelope::new(&long)), Err(frame::FrameError::TooLong)));
}

/// The longest object that there can be fits into a message.
#[test]
fn the_longest_object_fits() {
    let object = Object { vendor: 1, kind: 0, payload: Base64(vec![0xff; (1 << 20) - 8]) };
    assert!(frame::message(&Reply::new(&object)).is_ok());
}

#[tokio::test]
async fn nobody_there_is_an_error_of_the_system() {
    let error = Client::connect(Path::new("/nowhere/socket")).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
}

proptest! {
    /// What comes is a call, a reply, or neither; nothing else happens.
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,200}") {
        if let Ok(call) = serde_json::from_str::<Incoming<'_>>(&text) {
            let _ = call.parameters::<Exchange>();
        }
        if let Ok(replied) = serde_json::from_str::<Replied<'_>>(&text) {
            let _ = replied.result::<Object>();
        }
    }

    #[test]
    fn any_error_is_read(name in "[a-zA-Z.0-9]{0,40}", parameters in ".{0,100}") {
        let _ = Fault::read(&name, &parameters).to_string();
    }
}
