//! Each transition, in three groups: what is allowed in a state, what is refused, what events do.

use super::support::{
    INTERFACE, LOCK, NONCE, OTHER, OWNER, STRANGER, ask, device, device_in, exchange, payload, random, start,
    updatable,
};
use crate::{
    BINDING_NOT_LOCKED, ErrorCode, FOREIGN_SESSION, Lock, LockFlags, MmioRange, NoEntropy, NonceView,
    RangeAttributes, Request, Response, State, Violation, decode_response,
};

const LOCK_IT: Request<'static> = Request::LockInterface(LOCK);
const STOP: Request<'static> = Request::StopInterface;
const REPORT: Request<'static> = Request::GetReport { offset: 0, length: 64 };
const WRONG_STATE: Result<(), ErrorCode> = Err(ErrorCode::INVALID_INTERFACE_STATE);

// What is allowed.

#[test]
fn a_lock_takes_an_unlocked_interface_to_locked() {
    let mut device = device();
    assert_eq!(device.state(INTERFACE), Some(State::ConfigUnlocked));
    assert_eq!(ask(&mut device, OWNER, &LOCK_IT), Ok(()));
    assert_eq!(device.state(INTERFACE), Some(State::ConfigLocked));
    assert_eq!(device.interfaces()[0].session(), Some(OWNER));
    assert_eq!(device.state(OTHER), Some(State::ConfigUnlocked), "the other is its own");
}

#[test]
fn the_nonce_takes_a_locked_interface_to_run() {
    let mut device = device_in(State::ConfigLocked);
    assert_eq!(ask(&mut device, OWNER, &start()), Ok(()));
    assert_eq!(device.state(INTERFACE), Some(State::Run));
    assert!(device.hardware().interface(INTERFACE).unwrap().runs());
}

#[test]
fn a_stop_unlocks_from_every_other_state() {
    for state in [State::ConfigLocked, State::Run, State::Error] {
        let mut device = device_in(state);
        assert_eq!(ask(&mut device, OWNER, &STOP), Ok(()), "{state}");
        assert_eq!(device.state(INTERFACE), Some(State::ConfigUnlocked), "{state}");
        assert_eq!(device.interfaces()[0].session(), None, "{state}");
        let interface = device.hardware().interface(INTERFACE).unwrap();
        assert!(!interface.runs() && interface.broken().is_none(), "{state}");
    }
}

#[test]
fn what_was_stopped_can_be_locked_again_by_anyone() {
    let mut device = device_in(State::Run);
    ask(&mut device, OWNER, &STOP).unwrap();
    assert_eq!(ask(&mut device, STRANGER, &LOCK_IT), Ok(()));
    assert_eq!(device.interfaces()[0].session(), Some(STRANGER));
}

#[test]
fn a_report_is_there_while_locked_and_while_running() {
    for state in [State::ConfigLocked, State::Run] {
        let mut device = device_in(state);
        assert_eq!(ask(&mut device, OWNER, &REPORT), Ok(()), "{state}");
        assert_eq!(device.state(INTERFACE), Some(state));
    }
}

#[test]
fn streams_are_bound_and_unbound_while_running() {
    let mut device = device_in(State::Run);
    for stream in [0, 127, 128, 255] {
        assert_eq!(ask(&mut device, OWNER, &Request::BindStream(stream)), Ok(()), "{stream}");
        assert_eq!(ask(&mut device, OWNER, &Request::BindStream(stream)), Err(ErrorCode::INVALID_REQUEST));
    }
    let interface = device.hardware().interface(INTERFACE).unwrap();
    assert!(interface.streams().eq([0, 127, 128, 255]));
    assert_eq!(ask(&mut device, OWNER, &Request::UnbindStream(127)), Ok(()));
    assert_eq!(ask(&mut device, OWNER, &Request::UnbindStream(127)), Err(ErrorCode::INVALID_REQUEST));
    assert_eq!(ask(&mut device, OWNER, &Request::BindStream(9)), Ok(()), "there is room for four");
    assert_eq!(ask(&mut device, OWNER, &Request::BindStream(10)), Err(ErrorCode::INVALID_REQUEST));
    assert_eq!(ask(&mut device, OWNER, &Request::UnbindStream(10)), Err(ErrorCode::INVALID_REQUEST));
    ask(&mut device, OWNER, &STOP).unwrap();
    assert_eq!(device.hardware().interface(INTERFACE).unwrap().streams().count(), 0);
}

#[test]
fn pages_leave_the_trusted_domain_while_running_and_are_back_at_the_next_lock() {
    let mut device = device_in(State::Run);
    let outside = RangeAttributes::NON_TEE;
    assert_eq!(ask(&mut device, OWNER, &Request::SetMmioAttribute(updatable(outside))), Ok(()));
    assert_eq!(attributes(&mut device), RangeAttributes::UPDATABLE | RangeAttributes::NON_TEE);
    ask(&mut device, OWNER, &STOP).unwrap();
    ask(&mut device, OWNER, &LOCK_IT).unwrap();
    assert_eq!(attributes(&mut device), RangeAttributes::UPDATABLE);
}

/// Of the second range in the report.
fn attributes(device: &mut super::support::Device) -> RangeAttributes {
    let request = Request::GetReport { offset: 0, length: u16::MAX };
    let answer = exchange(device, OWNER, &payload(INTERFACE, &request));
    let Response::Report(portion) = decode_response(&answer).unwrap().1 else { panic!("no report") };
    crate::Report::parse(portion.bytes).unwrap().ranges().nth(1).unwrap().attributes
}

// What is refused. Nothing changes by it.

#[test]
fn nothing_but_an_unlocked_interface_can_be_locked() {
    for state in [State::ConfigLocked, State::Run, State::Error] {
        let mut device = device_in(state);
        assert_eq!(ask(&mut device, OWNER, &LOCK_IT), WRONG_STATE, "{state}");
        assert_eq!(device.state(INTERFACE), Some(state));
    }
}

#[test]
fn nothing_but_a_locked_interface_can_be_started() {
    for state in [State::ConfigUnlocked, State::Run, State::Error] {
        let mut device = device_in(state);
        assert_eq!(ask(&mut device, OWNER, &start()), WRONG_STATE, "{state}");
        assert_eq!(device.state(INTERFACE), Some(state));
    }
}

#[test]
fn an_unlocked_interface_cannot_be_stopped() {
    assert_eq!(ask(&mut device(), OWNER, &STOP), WRONG_STATE);
}

#[test]
fn there_is_no_report_before_a_lock_and_after_an_error() {
    for state in [State::ConfigUnlocked, State::Error] {
        assert_eq!(ask(&mut device_in(state), OWNER, &REPORT), WRONG_STATE, "{state}");
    }
}

#[test]
fn streams_and_pages_change_only_while_running() {
    for state in [State::ConfigUnlocked, State::ConfigLocked, State::Error] {
        let mut device = device_in(state);
        for request in [
            Request::BindStream(1),
            Request::UnbindStream(1),
            Request::SetMmioAttribute(updatable(RangeAttributes::empty())),
        ] {
            assert_eq!(ask(&mut device, OWNER, &request), WRONG_STATE, "{state}, {request}");
        }
    }
}

#[test]
fn a_wrong_nonce_starts_nothing_and_the_right_one_still_does() {
    let mut device = device_in(State::ConfigLocked);
    let mut wrong = NONCE;
    wrong[31] ^= 1;
    let request = Request::StartInterface(NonceView::new(&wrong));
    assert_eq!(ask(&mut device, OWNER, &request), Err(ErrorCode::INVALID_NONCE));
    assert_eq!(device.state(INTERFACE), Some(State::ConfigLocked));
    assert_eq!(ask(&mut device, OWNER, &start()), Ok(()));
}

#[test]
fn a_nonce_starts_once() {
    let mut device = device_in(State::Run);
    ask(&mut device, OWNER, &STOP).unwrap();
    assert_eq!(ask(&mut device, OWNER, &start()), WRONG_STATE);
    let lock = payload(INTERFACE, &LOCK_IT);
    let other = |bytes: &mut [u8; 32]| {
        bytes.fill(1);
        Ok(())
    };
    device.respond(Some(OWNER), other, &lock, &mut [0; 64]).unwrap();
    assert_eq!(ask(&mut device, OWNER, &start()), Err(ErrorCode::INVALID_NONCE), "of the last lock");
    let request = Request::StartInterface(NonceView::new(&[1; 32]));
    assert_eq!(ask(&mut device, OWNER, &request), Ok(()));
}

#[test]
fn no_randomness_no_lock() {
    let mut device = device();
    let lock = payload(INTERFACE, &LOCK_IT);
    let mut answer = [0; 64];
    let length = device.respond(Some(OWNER), |_| Err(NoEntropy), &lock, &mut answer).unwrap();
    let Response::Error(error) = decode_response(&answer[..length]).unwrap().1 else { panic!("an error") };
    assert_eq!(error.code, ErrorCode::INSUFFICIENT_ENTROPY);
    assert_eq!(device.state(INTERFACE), Some(State::ConfigUnlocked));
}

#[test]
fn the_state_is_looked_at_before_the_flags_and_before_randomness_is_drawn() {
    let mut device = device_in(State::ConfigLocked);
    let lock = Lock { flags: LockFlags::all(), ..LOCK };
    let lock = payload(INTERFACE, &Request::LockInterface(lock));
    let mut answer = [0; 64];
    let length = device.respond(Some(OWNER), |_| panic!("drawn"), &lock, &mut answer).unwrap();
    let Response::Error(error) = decode_response(&answer[..length]).unwrap().1 else { panic!("an error") };
    assert_eq!(error.code, ErrorCode::INVALID_INTERFACE_STATE);
}

#[test]
fn what_the_device_cannot_fix_is_not_locked() {
    let mut device = device();
    for flags in [LockFlags::ALL_REQUEST_REDIRECT, LockFlags::from_bits_retain(0x8000)] {
        let request = Request::LockInterface(Lock { flags, ..LOCK });
        assert_eq!(ask(&mut device, OWNER, &request), Err(ErrorCode::INVALID_REQUEST), "{flags:?}");
    }
    device.hardware_mut().set_default_stream(Some(3));
    assert_eq!(ask(&mut device, OWNER, &LOCK_IT), Err(ErrorCode::INVALID_DEVICE_CONFIGURATION));
    device.hardware_mut().set_default_stream(None);
    device.hardware_mut().set_lockable(false);
    assert_eq!(ask(&mut device, OWNER, &LOCK_IT), Err(ErrorCode::INVALID_DEVICE_CONFIGURATION));
    assert_eq!(device.state(INTERFACE), Some(State::ConfigUnlocked));
}

#[test]
fn no_stream_is_bound_that_the_lock_did_not_ask_for() {
    let mut device = device();
    let lock = Lock { flags: LockFlags::empty(), ..LOCK };
    ask(&mut device, OWNER, &Request::LockInterface(lock)).unwrap();
    ask(&mut device, OWNER, &start()).unwrap();
    assert_eq!(ask(&mut device, OWNER, &Request::BindStream(1)), Err(BINDING_NOT_LOCKED));
}

#[test]
fn only_pages_that_the_report_calls_updatable_change() {
    let mut device = device_in(State::Run);
    let range = updatable(RangeAttributes::NON_TEE);
    for wrong in [
        MmioRange { id: 0, ..range },
        MmioRange { first_page: range.first_page - 1, ..range },
        MmioRange { pages: range.pages + 1, ..range },
        MmioRange { pages: 0, ..range },
        MmioRange { first_page: u64::MAX, ..range },
        MmioRange { first_page: 0x15_0000, pages: 4, id: 0, ..range },
    ] {
        let request = Request::SetMmioAttribute(wrong);
        assert_eq!(ask(&mut device, OWNER, &request), Err(ErrorCode::INVALID_REQUEST), "{wrong}");
    }
}

#[test]
fn another_session_may_look_and_no_more() {
    for state in [State::ConfigLocked, State::Run, State::Error] {
        let mut device = device_in(state);
        for request in [Request::GetVersion, Request::GetCapabilities { tsm: 0 }, Request::GetState] {
            assert_eq!(ask(&mut device, STRANGER, &request), Ok(()), "{state}, {request}");
        }
        assert_eq!(ask(&mut device, STRANGER, &STOP), Err(FOREIGN_SESSION), "{state}");
        assert_eq!(device.state(INTERFACE), Some(state));
    }
    let mut device = device_in(State::ConfigLocked);
    assert_eq!(ask(&mut device, STRANGER, &start()), Err(FOREIGN_SESSION), "not even with the nonce");
    assert_eq!(ask(&mut device, STRANGER, &REPORT), Err(FOREIGN_SESSION));
    let mut device = device_in(State::Run);
    for request in [
        REPORT,
        Request::BindStream(1),
        Request::UnbindStream(1),
        Request::SetMmioAttribute(updatable(RangeAttributes::empty())),
    ] {
        assert_eq!(ask(&mut device, STRANGER, &request), Err(FOREIGN_SESSION), "{request}");
    }
}

// What events do.

#[test]
fn a_violation_takes_a_locked_or_running_interface_to_error() {
    for state in [State::ConfigLocked, State::Run] {
        for why in [
            Violation::Configuration,
            Violation::FunctionReset,
            Violation::StreamInsecure,
            Violation::SessionEnded,
            Violation::Other,
        ] {
            let mut device = device_in(state);
            let _ = ask(&mut device, OWNER, &Request::BindStream(1));
            device.violated(INTERFACE, why);
            assert_eq!(device.state(INTERFACE), Some(State::Error), "{state}, {why:?}");
            let interface = device.hardware().interface(INTERFACE).unwrap();
            assert_eq!((interface.runs(), interface.broken()), (false, Some(why)));
            assert_eq!(interface.streams().count(), 0);
        }
    }
}

#[test]
fn a_violation_leaves_what_is_not_protected() {
    let mut device = device();
    device.violated(INTERFACE, Violation::FunctionReset);
    assert_eq!(device.state(INTERFACE), Some(State::ConfigUnlocked));
    let mut device = device_in(State::Error);
    device.violated(INTERFACE, Violation::FunctionReset);
    assert_eq!(device.state(INTERFACE), Some(State::Error));
    let interface = device.hardware().interface(INTERFACE).unwrap();
    assert_eq!(interface.broken(), Some(Violation::Other), "the first is kept");
}

#[test]
fn a_violation_is_of_one_interface() {
    let mut device = device_in(State::Run);
    device.violated(OTHER, Violation::FunctionReset);
    assert_eq!(device.state(INTERFACE), Some(State::Run));
}

#[test]
fn a_nonce_does_not_outlive_an_error() {
    let mut device = device_in(State::ConfigLocked);
    device.violated(INTERFACE, Violation::Configuration);
    assert_eq!(ask(&mut device, OWNER, &start()), WRONG_STATE);
}

#[test]
fn the_end_of_its_session_breaks_an_interface_and_anyone_may_stop_it() {
    for state in [State::ConfigLocked, State::Run, State::Error] {
        let mut device = device_in(state);
        device.ended(OWNER);
        assert_eq!(device.state(INTERFACE), Some(State::Error), "{state}");
        assert!(device.hardware().interface(INTERFACE).unwrap().broken().is_some(), "{state}");
        assert_eq!(device.interfaces()[0].session(), None);
        assert_eq!(ask(&mut device, STRANGER, &STOP), Ok(()), "{state}");
        assert_eq!(device.state(INTERFACE), Some(State::ConfigUnlocked), "{state}");
    }
}

#[test]
fn the_end_of_another_session_is_nothing_to_it() {
    for state in State::ALL {
        let mut device = device_in(state);
        device.ended(STRANGER);
        assert_eq!(device.state(INTERFACE), Some(state));
    }
}

#[test]
fn a_session_with_the_number_of_one_that_is_over_is_another() {
    let mut device = device_in(State::Run);
    device.ended(OWNER);
    assert_eq!(ask(&mut device, OWNER, &REPORT), WRONG_STATE);
    assert_eq!(ask(&mut device, OWNER, &STOP), Ok(()), "as anyone may");
}

#[test]
fn a_reset_of_the_device_unlocks() {
    for state in State::ALL {
        let mut device = device_in(state);
        device.reset();
        assert_eq!(device.state(INTERFACE), Some(State::ConfigUnlocked), "{state}");
        let lock = payload(INTERFACE, &LOCK_IT);
        device.respond(Some(STRANGER), random, &lock, &mut [0; 64]).unwrap();
        assert_eq!(device.interfaces()[0].session(), Some(STRANGER));
    }
}
