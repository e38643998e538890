//! Hardware with secondary sessions, and hardware that refuses.

use std::vec::Vec;

use super::support::{OTHER, PRIMARY, device, payload, te, wanted};
use crate::tsp::{
    Capabilities, Completion, Configuration, ConfigurationSupport, Emulated, ErrorCode, Hardware,
    MemoryRange, Ranges, Request, Responder, Response, Role, Secondary, State, decode_response,
};

/// As the emulated one, with two secondary sessions.
struct Multiple {
    inner: Emulated,
    keys: Vec<[u8; 32]>,
    refuses: Option<ErrorCode>,
    unconfigured: usize,
    broken: usize,
    /// How often memory changed.
    changes: usize,
}

impl Hardware for Multiple {
    fn capabilities(&self) -> Capabilities {
        let mut capabilities = self.inner.capabilities();
        capabilities.configuration |= ConfigurationSupport::ADDITIONAL_SESSIONS;
        capabilities.secondary_sessions = 2;
        capabilities
    }

    fn configure(&mut self, _: &Configuration, secondary: &Secondary<'_>) -> Result<(), ErrorCode> {
        self.refuses.map_or(Ok(()), Err)?;
        self.keys = (0..4).filter_map(|session| secondary.key(session).copied()).collect();
        Ok(())
    }

    fn unconfigure(&mut self) {
        self.unconfigured += 1;
    }

    fn lock(&mut self) -> Result<(), ErrorCode> {
        self.refuses.map_or(Ok(()), Err)
    }

    fn report(&self) -> &[u8] {
        &[]
    }

    fn set_te_state(&mut self, is_trusted: bool, ranges: &Ranges<'_>) -> Result<Completion, ErrorCode> {
        self.refuses.map_or(Ok(()), Err)?;
        self.changes += 1;
        self.inner.set_te_state(is_trusted, ranges)
    }

    fn check(&mut self) -> Result<Completion, ErrorCode> {
        self.refuses.map_or(Ok(()), Err)?;
        self.inner.check()
    }

    fn broken(&mut self) {
        self.broken += 1;
    }
}

type Device = Responder<Multiple>;

fn multiple() -> Device {
    let inner = Emulated::new(0x20_0000);
    Device::new(Multiple { inner, keys: Vec::new(), refuses: None, unconfigured: 0, broken: 0, changes: 0 })
}

fn ask(device: &mut Device, session: u32, request: &Request<'_>) -> Option<ErrorCode> {
    let mut answer = [0; 256];
    let length = device.respond(Some(session), &payload(request), &mut answer).unwrap();
    match decode_response(&answer[..length]).unwrap().1 {
        Response::Error(error) => Some(error.code),
        _ => None,
    }
}

const KEYS: [u8; 128] = [0x5a; 128];

fn set(valid: u16) -> Request<'static> {
    Request::SetConfiguration(wanted(), Secondary { valid, ckid_type: 0, keys: &KEYS })
}

#[test]
fn secondary_sessions_have_the_keys_of_the_configuration() {
    let mut device = multiple();
    assert_eq!(ask(&mut device, PRIMARY, &Request::GetVersion), None);
    assert!(!device.joined(OTHER, 0), "before the configuration");
    assert_eq!(ask(&mut device, PRIMARY, &set(7)), Some(ErrorCode::INVALID_REQUEST), "three");
    assert_eq!(ask(&mut device, PRIMARY, &set(1)), None);
    assert_eq!(device.hardware().keys, [[0x5a; 32]]);
    assert!(!device.joined(OTHER, 1) && !device.joined(OTHER, 4) && !device.joined(OTHER, usize::MAX));
    assert_eq!(device.role(OTHER), Role::Other);
    assert!(device.joined(OTHER, 0));
    assert_eq!(device.role(OTHER), Role::Secondary);
    assert_eq!(ask(&mut device, OTHER, &Request::LockConfiguration), Some(ErrorCode::NO_PRIVILEGE));
    assert_eq!(ask(&mut device, OTHER, &set(0)), Some(ErrorCode::NO_PRIVILEGE));
    assert_eq!(ask(&mut device, OTHER, &Request::GetConfiguration), None);
    assert_eq!(ask(&mut device, PRIMARY, &Request::LockConfiguration), None);
    assert_eq!(ask(&mut device, OTHER, &te(1)), None);
    device.ended(OTHER);
    assert_eq!(device.role(OTHER), Role::Other);
}

#[test]
fn secondary_sessions_end_with_their_keys() {
    let mut device = multiple();
    ask(&mut device, PRIMARY, &Request::GetVersion);
    ask(&mut device, PRIMARY, &set(3));
    assert!(device.joined(OTHER, 1));
    ask(&mut device, PRIMARY, &set(3));
    assert_eq!(device.role(OTHER), Role::Other, "of another configuration");
    assert!(device.joined(OTHER, 1));
    device.ended(PRIMARY);
    assert_eq!((device.role(OTHER), device.hardware().unconfigured), (Role::Other, 1));
    assert!(!device.joined(OTHER, 1));
}

#[test]
fn hardware_that_refuses_keeps_the_state() {
    let mut device = multiple();
    ask(&mut device, PRIMARY, &Request::GetVersion);
    let steps = [set(0), Request::LockConfiguration, te(1)];
    for request in steps {
        let before = device.state();
        device.hardware_mut().refuses = Some(ErrorCode::BUSY);
        assert_eq!(ask(&mut device, PRIMARY, &request), Some(ErrorCode::BUSY), "{request}");
        assert_eq!(device.state(), before, "{request}");
        device.hardware_mut().refuses = None;
        assert_eq!(ask(&mut device, PRIMARY, &request), None, "{request}");
    }
    device.violated();
    device.violated();
    device.ended(PRIMARY);
    assert_eq!((device.hardware().broken, device.hardware().unconfigured), (1, 0));
}

#[test]
fn what_goes_wrong_late_is_told_once() {
    let mut device = multiple();
    for request in [Request::GetVersion, set(1), Request::LockConfiguration] {
        assert_eq!(ask(&mut device, PRIMARY, &request), None, "{request}");
    }
    assert!(device.joined(OTHER, 0));
    device.hardware_mut().inner.put_off(1);
    assert_eq!(ask(&mut device, PRIMARY, &te(1)), None);
    let check = Request::CheckDelayedCompletion;
    assert_eq!(ask(&mut device, OTHER, &check), Some(ErrorCode::INVALID_REQUEST), "of another session");
    device.hardware_mut().refuses = Some(ErrorCode::UNSPECIFIED);
    assert_eq!(ask(&mut device, PRIMARY, &check), Some(ErrorCode::UNSPECIFIED));
    assert_eq!(ask(&mut device, PRIMARY, &check), Some(ErrorCode::INVALID_REQUEST), "it is over");
}

#[test]
fn the_end_of_a_session_ends_what_it_waits_for() {
    let mut device = multiple();
    for request in [Request::GetVersion, set(1), Request::LockConfiguration] {
        assert_eq!(ask(&mut device, PRIMARY, &request), None, "{request}");
    }
    assert!(device.joined(OTHER, 0));
    device.hardware_mut().inner.put_off(1);
    ask(&mut device, OTHER, &te(1));
    assert_eq!(ask(&mut device, PRIMARY, &te(0)), Some(ErrorCode::BUSY));
    device.ended(OTHER);
    assert_eq!(ask(&mut device, PRIMARY, &te(0)), None);
}

#[test]
fn ranges_are_looked_at_before_the_hardware_is_called() {
    let mut device = multiple();
    for request in [Request::GetVersion, set(0), Request::LockConfiguration] {
        assert_eq!(ask(&mut device, PRIMARY, &request), None, "{request}");
    }
    let bad = [MemoryRange { start: 0, length: 0 }, MemoryRange { start: u64::MAX, length: 1 }];
    for range in &bad {
        let request = Request::SetTeState { state: 1, ranges: Ranges::new(core::slice::from_ref(range)) };
        assert_eq!(ask(&mut device, PRIMARY, &request), Some(ErrorCode::INVALID_REQUEST), "{request}");
    }
    assert_eq!(device.hardware().changes, 0);
}

#[test]
fn a_report_that_is_not_there_is_not_given() {
    let mut device = multiple();
    ask(&mut device, PRIMARY, &Request::GetVersion);
    let request = Request::GetReport { offset: 0, length: 1 };
    assert_eq!(ask(&mut device, PRIMARY, &request), Some(ErrorCode::INVALID_REQUEST));
}

#[test]
fn what_the_emulated_device_claims_can_be_true() {
    let device = device();
    let claims = device.hardware().capabilities();
    assert_eq!(claims.check(), Ok(()));
    assert_eq!(claims.secondary_sessions, 0);
    assert_eq!(wanted().check_against(&claims), Ok(()));
    assert_eq!(device.state(), State::ConfigUnlocked);
    assert!(Emulated::new(0).with_report(&[0; 512]).is_ok());
    assert!(Emulated::new(0).with_report(&[0; 513]).is_err());
}
