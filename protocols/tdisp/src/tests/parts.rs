//! Hardware with other parts than the emulated one, and hardware that refuses.

use std::vec::Vec;

use super::support::{INTERFACE, LOCK, NONCE, OWNER, payload, random, start, updatable};
use crate::{
    Attributes, ErrorCode, Features, Hardware, InterfaceId, Lock, LockFlags, MmioRange, NonceView,
    RangeAttributes, ReportBuilder, ReportHead, Request, RequestCode, Responder, Response, State,
    VendorMessages, Violation, decode_response,
};

/// Nothing but what every device has, and a vendor's messages where `vendor` says how long its answer is.
#[derive(Default)]
struct Bare {
    refuses: Option<ErrorCode>,
    vendor: Option<usize>,
    /// A report; with it pages can be changed.
    report: Vec<u8>,
    called: Vec<&'static str>,
}

impl Bare {
    fn call(&mut self, what: &'static str) -> Result<(), ErrorCode> {
        self.called.push(what);
        self.refuses.map_or(Ok(()), Err)
    }
}

impl Hardware for Bare {
    fn features(&self, _: InterfaceId) -> Features {
        Features { dsm: 5, lock_flags: LockFlags::LOCK_MSIX | LockFlags::BIND_P2P, address_width: 39 }
    }

    fn lock(&mut self, _: InterfaceId, _: &Lock) -> Result<(), ErrorCode> {
        self.call("lock")
    }

    fn report(&self, _: InterfaceId) -> &[u8] {
        &self.report
    }

    fn start(&mut self, _: InterfaceId) -> Result<(), ErrorCode> {
        self.call("start")
    }

    fn stop(&mut self, _: InterfaceId) -> Result<(), ErrorCode> {
        self.call("stop")
    }

    fn broken(&mut self, _: InterfaceId, _: Violation) {
        self.called.push("broken");
    }

    fn attributes(&mut self) -> Option<&mut dyn Attributes> {
        (!self.report.is_empty()).then_some(self as &mut dyn Attributes)
    }

    fn vendor(&mut self) -> Option<&mut dyn VendorMessages> {
        self.vendor.is_some().then_some(self as &mut dyn VendorMessages)
    }
}

impl Attributes for Bare {
    fn set(&mut self, _: InterfaceId, _: &MmioRange) -> Result<(), ErrorCode> {
        self.call("set")
    }
}

impl VendorMessages for Bare {
    fn answer(
        &mut self,
        session: u32,
        interface: InterfaceId,
        request: &[u8],
        answer: &mut [u8],
    ) -> Result<usize, ErrorCode> {
        assert_eq!((session, interface), (OWNER, INTERFACE));
        self.call("vendor")?;
        answer[..request.len()].copy_from_slice(request);
        Ok(self.vendor.unwrap())
    }
}

type Device = Responder<Bare, 1>;

fn ask<T>(device: &mut Device, request: &Request<'_>, told: impl FnOnce(Response<'_>) -> T) -> T {
    let mut answer = [0; 64];
    let length = device.respond(Some(OWNER), random, &payload(INTERFACE, request), &mut answer).unwrap();
    told(decode_response(&answer[..length]).unwrap().1)
}

fn code(response: Response<'_>) -> Option<ErrorCode> {
    match response {
        Response::Error(error) => Some(error.code),
        _ => None,
    }
}

fn device(hardware: Bare) -> Device {
    Device::new(hardware, [INTERFACE])
}

fn lock() -> Request<'static> {
    Request::LockInterface(Lock { flags: LockFlags::LOCK_MSIX, ..LOCK })
}

#[test]
fn what_is_claimed_follows_from_the_parts() {
    let mut bare = device(Bare::default());
    ask(&mut bare, &Request::GetCapabilities { tsm: 0 }, |answer| {
        let Response::Capabilities(claims) = answer else { panic!("no capabilities") };
        assert_eq!(claims.requests.0[..2], [0xfe, 0], "seven requests");
        assert_eq!(claims.lock_flags, LockFlags::LOCK_MSIX, "no streams to bind");
        assert_eq!((claims.dsm, claims.address_width), (5, 39));
        assert_eq!((claims.requests_this, claims.requests_all), (1, 1));
    });
    let mut vendor = device(Bare { vendor: Some(0), ..Bare::default() });
    ask(&mut vendor, &Request::GetCapabilities { tsm: 0 }, |answer| {
        let Response::Capabilities(claims) = answer else { panic!("no capabilities") };
        assert!(claims.requests.contains(RequestCode::Vendor));
    });
}

#[test]
fn what_is_not_claimed_is_not_supported() {
    let mut device = device(Bare::default());
    for request in [
        Request::BindStream(1),
        Request::UnbindStream(1),
        Request::SetMmioAttribute(updatable(RangeAttributes::empty())),
        Request::Vendor(&[]),
    ] {
        assert_eq!(ask(&mut device, &request, code), Some(ErrorCode::UNSUPPORTED_REQUEST), "{request}");
    }
    let request = Request::LockInterface(LOCK);
    assert_eq!(ask(&mut device, &request, code), Some(ErrorCode::INVALID_REQUEST), "streams to bind");
    assert_eq!(device.hardware().called, [] as [&str; 0]);
}

#[test]
fn hardware_that_refuses_keeps_the_state_and_the_nonce() {
    let mut device = device(Bare { refuses: Some(ErrorCode::BUSY), ..Bare::default() });
    let steps = [
        (lock(), State::ConfigLocked),
        (start(), State::Run),
        (Request::StopInterface, State::ConfigUnlocked),
    ];
    for (request, after) in steps {
        let before = device.state(INTERFACE);
        device.hardware_mut().refuses = Some(ErrorCode::BUSY);
        assert_eq!(ask(&mut device, &request, code), Some(ErrorCode::BUSY), "{request}");
        assert_eq!(device.state(INTERFACE), before, "{request}");
        device.hardware_mut().refuses = None;
        assert_eq!(ask(&mut device, &request, code), None, "{request}");
        assert_eq!(device.state(INTERFACE), Some(after), "{request}");
    }
}

#[test]
fn hardware_is_not_called_for_what_is_refused() {
    let mut device = device(Bare::default());
    ask(&mut device, &start(), code).unwrap();
    ask(&mut device, &Request::StopInterface, code).unwrap();
    ask(&mut device, &lock(), |_| ());
    ask(&mut device, &lock(), code).unwrap();
    let wrong = NONCE.map(|byte| !byte);
    ask(&mut device, &Request::StartInterface(NonceView::new(&wrong)), code).unwrap();
    assert_eq!(device.hardware().called, ["lock"]);
    device.violated(INTERFACE, Violation::Other);
    device.violated(INTERFACE, Violation::Other);
    device.ended(OWNER);
    assert_eq!(device.hardware().called, ["lock", "broken"]);
}

#[test]
fn a_report_that_is_not_there_is_not_given() {
    let mut device = device(Bare::default());
    ask(&mut device, &lock(), |_| ());
    let request = Request::GetReport { offset: 0, length: 1 };
    assert_eq!(ask(&mut device, &request, code), Some(ErrorCode::INVALID_REQUEST));
}

#[test]
fn a_vendor_s_messages_are_answered_by_the_vendor() {
    let mut device = device(Bare { vendor: Some(3), ..Bare::default() });
    ask(&mut device, &Request::Vendor(b"hello"), |answer| assert_eq!(answer, Response::Vendor(b"hel")));
    device.hardware_mut().vendor = Some(48);
    assert_eq!(
        ask(&mut device, &Request::Vendor(b"hello"), code),
        Some(ErrorCode::UNSPECIFIED),
        "longer than its room"
    );
    device.hardware_mut().refuses = Some(ErrorCode::VENDOR_SPECIFIC);
    assert_eq!(ask(&mut device, &Request::Vendor(b"hello"), code), Some(ErrorCode::VENDOR_SPECIFIC));
}

#[test]
fn pages_are_looked_up_in_the_report_before_the_hardware_is_called() {
    let range = |first_page, pages, id| {
        let attributes = RangeAttributes::UPDATABLE;
        MmioRange { first_page, pages, attributes, id }
    };
    let mut buffer = [0; 64];
    let builder = ReportBuilder::new(&mut buffer, &ReportHead::default()).unwrap();
    let report = builder.range(&range(8, 4, 1)).unwrap().finish(&[]).unwrap().to_vec();
    let mut device = device(Bare { report, ..Bare::default() });
    ask(&mut device, &lock(), |_| ());
    ask(&mut device, &start(), |_| ());
    let refused = Some(ErrorCode::INVALID_REQUEST);
    for (asked, expected) in [
        (range(8, 4, 1), None),
        (range(9, 1, 1), None),
        (range(9, 0, 1), refused),
        (range(7, 1, 1), refused),
        (range(8, 5, 1), refused),
        (range(8, 4, 2), refused),
        (range(u64::MAX, 4, 1), refused),
    ] {
        assert_eq!(ask(&mut device, &Request::SetMmioAttribute(asked), code), expected, "{asked}");
    }
    assert_eq!(device.hardware().called, ["lock", "start", "set", "set"]);
    device.hardware_mut().report = std::vec![0];
    let request = Request::SetMmioAttribute(range(8, 4, 1));
    assert_eq!(ask(&mut device, &request, code), Some(ErrorCode::UNSPECIFIED), "no report");
}
