//! Each transition, in three groups: what is allowed in a state, what is refused, what events do.

use super::support::{OTHER, PRIMARY, ask, device, device_in, exchange, payload, set, te, wanted};
use crate::tsp::{
    Algorithms, Configuration, ConfigurationFeatures, ErrorCode, MemoryRange, Ranges, Request, Response,
    Role, Secondary, State, decode_response,
};

const WRONG_STATE: Result<(), ErrorCode> = Err(ErrorCode::INVALID_SECURITY_STATE);
const LOCK: Request<'static> = Request::LockConfiguration;
const REPORT: Request<'static> = Request::GetReport { offset: 0, length: 16 };

fn configuration(device: &mut super::support::Device) -> (Configuration, State) {
    let answer = exchange(device, PRIMARY, &payload(&Request::GetConfiguration));
    match decode_response(&answer).unwrap().1 {
        Response::Configuration(configuration, state) => (configuration, state),
        other => panic!("{other}"),
    }
}

// What is allowed.

#[test]
fn the_first_session_that_asks_for_the_version_is_primary() {
    let mut device = device();
    assert_eq!(device.role(PRIMARY), Role::Other);
    ask(&mut device, OTHER, &Request::GetCapabilities).unwrap();
    assert_eq!(device.role(OTHER), Role::Other, "that is another question");
    ask(&mut device, PRIMARY, &Request::GetVersion).unwrap();
    ask(&mut device, OTHER, &Request::GetVersion).unwrap();
    assert_eq!((device.role(PRIMARY), device.role(OTHER)), (Role::Primary, Role::Other));
}

#[test]
fn an_unlocked_device_is_configured_more_than_once() {
    let mut device = device_in(State::ConfigUnlocked);
    assert_eq!(configuration(&mut device), (Configuration::default(), State::ConfigUnlocked));
    assert_eq!(ask(&mut device, PRIMARY, &set()), Ok(()));
    assert_eq!(configuration(&mut device), (wanted(), State::ConfigUnlocked));
    let special = ConfigurationFeatures::SPECIAL_PURPOSE_MEMORY;
    let request = Request::SetConfiguration(Configuration { features: special, ..wanted() }, Secondary::NONE);
    assert_eq!(ask(&mut device, PRIMARY, &request), Ok(()));
    let none = ConfigurationFeatures::empty();
    let told = Configuration { features: none, ..wanted() };
    assert_eq!(configuration(&mut device), (told, State::ConfigUnlocked), "it is said to a device only");
}

#[test]
fn a_lock_keeps_the_configuration() {
    let mut device = device_in(State::ConfigLocked);
    assert_eq!(configuration(&mut device), (wanted(), State::ConfigLocked));
}

#[test]
fn a_report_is_there_before_the_lock_and_after() {
    for state in [State::ConfigUnlocked, State::ConfigLocked] {
        assert_eq!(ask(&mut device_in(state), PRIMARY, &REPORT), Ok(()), "{state}");
    }
}

#[test]
fn memory_becomes_a_trusted_domain_s_and_is_given_back() {
    let mut device = device_in(State::ConfigLocked);
    assert_eq!(ask(&mut device, PRIMARY, &te(1)), Ok(()));
    let trusted = |device: &super::support::Device, address| device.hardware().is_trusted(address);
    assert!(trusted(&device, 0x10_0000) && trusted(&device, 0x10_ffff));
    assert!(!trusted(&device, 0xf_ffff) && !trusted(&device, 0x11_0000));
    let middle = [MemoryRange { start: 0x10_4000, length: 0x1000 }];
    let request = Request::SetTeState { state: 0, ranges: Ranges::new(&middle) };
    assert_eq!(ask(&mut device, PRIMARY, &request), Ok(()));
    assert!(trusted(&device, 0x10_3fff) && trusted(&device, 0x10_5000));
    assert!(!trusted(&device, 0x10_4000) && !trusted(&device, 0x10_4fff));
    assert_eq!(ask(&mut device, PRIMARY, &te(0)), Ok(()));
    assert!(!trusted(&device, 0x10_0000) && !trusted(&device, 0x10_5000));
}

#[test]
fn what_takes_long_is_asked_after() {
    let mut device = device_in(State::ConfigLocked);
    device.hardware_mut().put_off(5);
    let answer = exchange(&mut device, PRIMARY, &payload(&te(1)));
    assert_eq!(decode_response(&answer).unwrap().1, Response::Delayed(5));
    assert!(!device.hardware().is_trusted(0x10_0000));
    for request in [te(0), Request::GetConfiguration, REPORT, LOCK] {
        assert_eq!(ask(&mut device, PRIMARY, &request), Err(ErrorCode::BUSY), "{request}");
    }
    assert_eq!(ask(&mut device, PRIMARY, &Request::GetCapabilities), Ok(()));
    let check = payload(&Request::CheckDelayedCompletion);
    device.hardware_mut().put_off(3);
    let answer = exchange(&mut device, PRIMARY, &check);
    assert_eq!(decode_response(&answer).unwrap().1, Response::Delayed(3));
    let answer = exchange(&mut device, PRIMARY, &check);
    assert_eq!(decode_response(&answer).unwrap().1, Response::Completed);
    assert!(device.hardware().is_trusted(0x10_0000));
    let nothing = ask(&mut device, PRIMARY, &Request::CheckDelayedCompletion);
    assert_eq!(nothing, Err(ErrorCode::INVALID_REQUEST), "all is done");
}

// What is refused. Nothing changes by it.

#[test]
fn a_locked_device_is_not_configured_and_not_locked_again() {
    let mut device = device_in(State::ConfigLocked);
    assert_eq!(ask(&mut device, PRIMARY, &set()), WRONG_STATE);
    assert_eq!(ask(&mut device, PRIMARY, &LOCK), Err(ErrorCode::ALREADY_LOCKED));
    assert_eq!(configuration(&mut device), (wanted(), State::ConfigLocked));
}

#[test]
fn an_unlocked_device_has_no_trusted_memory() {
    assert_eq!(ask(&mut device_in(State::ConfigUnlocked), PRIMARY, &te(1)), WRONG_STATE);
}

#[test]
fn a_broken_device_does_nothing() {
    let mut device = device_in(State::Error);
    for request in [set(), Request::GetConfiguration, REPORT, LOCK, te(0)] {
        assert_eq!(ask(&mut device, PRIMARY, &request), WRONG_STATE, "{request}");
    }
    assert_eq!(device.state(), State::Error);
}

#[test]
fn a_configuration_is_one_that_the_device_can_do() {
    let mut device = device_in(State::ConfigUnlocked);
    let other = Configuration { algorithm: Algorithms::AES_XTS_128, ..wanted() };
    let one = Secondary { valid: 1, ..Secondary::NONE };
    for request in [
        Request::SetConfiguration(other, Secondary::NONE),
        Request::SetConfiguration(Configuration { ckid_base: 0, ..wanted() }, one),
    ] {
        assert_eq!(ask(&mut device, PRIMARY, &request), Err(ErrorCode::INVALID_REQUEST), "{request}");
    }
    assert_eq!(configuration(&mut device).0, Configuration::default());
    assert!(!device.joined(OTHER, 0), "no secondary session has a key");
}

#[test]
fn ranges_are_memory_of_the_device() {
    let mut device = device_in(State::ConfigLocked);
    let refused = Err(ErrorCode::INVALID_REQUEST);
    let good = MemoryRange { start: 0, length: 0x40 };
    for bad in [
        MemoryRange { start: 0x40, length: 0 },
        MemoryRange { start: u64::MAX, length: 1 },
        MemoryRange { start: 0x1f_ffc0, length: 0x41 },
    ] {
        let ranges = [good, bad];
        let request = Request::SetTeState { state: 1, ranges: Ranges::new(&ranges) };
        assert_eq!(ask(&mut device, PRIMARY, &request), refused, "{request}");
    }
    assert!(!device.hardware().is_trusted(0), "all of them, or none");
    let many = [good; 33];
    for (count, expected) in [(0, refused), (1, Ok(())), (32, Ok(())), (33, refused)] {
        let request = Request::SetTeState { state: 1, ranges: Ranges::new(&many[..count]) };
        assert_eq!(ask(&mut device, PRIMARY, &request), expected, "{count}");
    }
    assert_eq!(ask(&mut device, PRIMARY, &te(2)), refused, "no such state");
}

#[test]
fn other_sessions_see_what_the_device_can_do_and_no_more() {
    for state in State::ALL {
        let mut device = device_in(state);
        assert_eq!(ask(&mut device, OTHER, &Request::GetVersion), Ok(()));
        assert_eq!(ask(&mut device, OTHER, &Request::GetCapabilities), Ok(()));
        for request in
            [set(), Request::GetConfiguration, REPORT, LOCK, te(1), Request::CheckDelayedCompletion]
        {
            assert_eq!(ask(&mut device, OTHER, &request), Err(ErrorCode::NO_PRIVILEGE), "{state}, {request}");
        }
    }
}

// What events do.

#[test]
fn a_violation_breaks_a_locked_device_only() {
    let mut device = device_in(State::ConfigUnlocked);
    device.violated();
    assert_eq!(device.state(), State::ConfigUnlocked);
    let mut device = device_in(State::ConfigLocked);
    device.violated();
    assert_eq!(device.state(), State::Error);
    device.violated();
    assert_eq!(device.state(), State::Error);
}

#[test]
fn a_violation_ends_what_is_not_done() {
    let mut device = device_in(State::ConfigLocked);
    device.hardware_mut().put_off(5);
    ask(&mut device, PRIMARY, &te(1)).unwrap();
    device.violated();
    let check = Request::CheckDelayedCompletion;
    assert_eq!(ask(&mut device, PRIMARY, &check), Err(ErrorCode::INVALID_REQUEST));
    assert!(!device.hardware().is_trusted(0x10_0000));
}

#[test]
fn an_unlocked_device_forgets_its_configuration_with_the_primary_session() {
    let mut device = device_in(State::ConfigUnlocked);
    ask(&mut device, PRIMARY, &set()).unwrap();
    device.ended(PRIMARY);
    assert_eq!(device.role(PRIMARY), Role::Other);
    ask(&mut device, OTHER, &Request::GetVersion).unwrap();
    assert_eq!(device.role(OTHER), Role::Primary);
    let answer = exchange(&mut device, OTHER, &payload(&Request::GetConfiguration));
    let expected = Response::Configuration(Configuration::default(), State::ConfigUnlocked);
    assert_eq!(decode_response(&answer).unwrap().1, expected);
}

#[test]
fn a_locked_device_outlives_its_primary_session_and_takes_no_other() {
    for state in [State::ConfigLocked, State::Error] {
        let mut device = device_in(state);
        device.ended(PRIMARY);
        assert_eq!(device.state(), state);
        for session in [OTHER, PRIMARY] {
            ask(&mut device, session, &Request::GetVersion).unwrap();
            assert_eq!(device.role(session), Role::Other, "{state}, {session:#x}");
        }
    }
}

#[test]
fn the_end_of_another_session_is_nothing_to_the_device() {
    let mut device = device_in(State::ConfigUnlocked);
    ask(&mut device, PRIMARY, &set()).unwrap();
    device.ended(OTHER);
    assert_eq!(device.role(PRIMARY), Role::Primary);
    assert_eq!(configuration(&mut device).0, wanted());
}

#[test]
fn a_reset_unlocks_and_forgets() {
    for state in State::ALL {
        let mut device = device_in(state);
        device.reset();
        assert_eq!((device.state(), device.role(PRIMARY)), (State::ConfigUnlocked, Role::Other), "{state}");
        ask(&mut device, PRIMARY, &Request::GetVersion).unwrap();
        assert_eq!(configuration(&mut device).0, Configuration::default(), "{state}");
    }
}

#[test]
fn memory_in_more_pieces_than_there_is_room_for_is_refused_and_stays() {
    let mut device = device_in(State::ConfigLocked);
    let piece = |place: u64| [MemoryRange { start: place * 0x80, length: 0x40 }];
    for place in 0..64 {
        let ranges = piece(place);
        let request = Request::SetTeState { state: 1, ranges: Ranges::new(&ranges) };
        assert_eq!(ask(&mut device, PRIMARY, &request), Ok(()), "{place}");
    }
    let ranges = piece(64);
    let request = Request::SetTeState { state: 1, ranges: Ranges::new(&ranges) };
    assert_eq!(ask(&mut device, PRIMARY, &request), Err(ErrorCode::UNSPECIFIED));
    let hole = [MemoryRange { start: 0x10, length: 0x10 }];
    let request = Request::SetTeState { state: 0, ranges: Ranges::new(&hole) };
    assert_eq!(ask(&mut device, PRIMARY, &request), Err(ErrorCode::UNSPECIFIED), "one piece more");
    assert!(device.hardware().is_trusted(0x10) && !device.hardware().is_trusted(64 * 0x80));
}
