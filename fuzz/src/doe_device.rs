//! The mailbox from the device's side, under any sequence of accesses, answers and times.

use std::time::Duration;

use lanewarden_doe::{Device, DeviceEvent, Protocol};
use lanewarden_pci::registers::doe::{self, Status};
use lanewarden_time::Instant;

use crate::input::Input;

/// Small, so that a fuzzer reaches its ends.
const ROOM: usize = 64;

/// Drives a device: each step is a byte that says what happens, and what that needs.
pub fn doe_device(data: &[u8]) {
    let mut input = Input::new(data);
    let mut device = Device::new([0; ROOM], [0; ROOM], input.byte() & 1 != 0);
    let mut now = Instant::ORIGIN;
    while !input.is_empty() {
        step(&mut device, &mut input, &mut now);
        check(&device);
    }
    settle(&mut device, now);
}

fn step(device: &mut Device<[u8; ROOM]>, input: &mut Input<'_>, now: &mut Instant) {
    let choice = input.byte();
    match choice & 0x0f {
        0..=3 => {
            let event = device.write(doe::WRITE_MAILBOX, input.dword(), *now);
            assert_eq!(event, DeviceEvent::Nothing, "one DW makes no object");
        }
        4 => _ = device.write(doe::CONTROL, 1 << 31 | u32::from(input.byte()) & !1, *now),
        5 => assert_eq!(device.write(doe::CONTROL, 1, *now), DeviceEvent::Aborted),
        6 => _ = device.write(doe::READ_MAILBOX, 0, *now),
        7 => _ = device.write(u16::from(input.byte()), input.dword(), *now),
        8 => answer(device, input, *now),
        9 => device.answer_raw(input.counted(), due(input, *now)),
        10 => device.discard(),
        11 => device.fail(),
        12 => device.hold_busy(choice & 0x10 != 0),
        13 => device.set_abort_time(Duration::from_millis(input.byte().into())),
        14 => device.reset(),
        _ => {
            *now = due(input, *now);
            device.tick(*now);
        }
    }
}

/// An answer is taken whole or refused, and a refused one leaves the request where it is.
fn answer(device: &mut Device<[u8; ROOM]>, input: &mut Input<'_>, now: Instant) {
    let [vendor, kind, connection] = input.array();
    let protocol = Protocol::new(u16::from(vendor), kind);
    let was_asked = device.request().is_some();
    let answered = device.answer(protocol, connection.into(), input.counted(), due(input, now));
    if was_asked {
        assert_eq!(device.request().is_some(), answered.is_err());
    }
}

fn due(input: &mut Input<'_>, now: Instant) -> Instant {
    now + Duration::from_millis(input.byte().into())
}

/// What a host sees fits together, whatever happened.
fn check(device: &Device<[u8; ROOM]>) {
    let status = device.status();
    assert_eq!(device.read(doe::STATUS), status.bits());
    assert!(!status.contains(Status::READY | Status::ERROR), "no answer waits in a mailbox in error");
    if !status.contains(Status::READY) {
        assert_eq!(device.read(doe::READ_MAILBOX), 0, "nothing is read where nothing waits");
    }
    if let Some((header, payload)) = device.request() {
        assert!(status.contains(Status::BUSY), "a device at work takes no second object");
        assert_eq!(header.payload_len(), payload.len());
    }
}

/// From every state an abort leads back to an idle mailbox once its time is over.
fn settle(device: &mut Device<[u8; ROOM]>, now: Instant) {
    device.hold_busy(false);
    device.write(doe::CONTROL, 1, now);
    let end = device.deadline().unwrap_or(now);
    assert!(end.since(now) <= Duration::from_millis(255), "an abort ends");
    device.tick(end);
    let left = device.status() - Status::INTERRUPT;
    assert_eq!(left, Status::empty(), "an abort leaves nothing behind");
}
