//! Data objects: as bytes, as a host reads them from a hostile device, as a device takes them from a hostile host.

use std::cell::Cell;
use std::time::Duration;

use lanewarden_doe::{
    ABORT_TIME, ANSWER_TIME, Device, DeviceEvent, FREE_TIME, Mailbox, Object, Policy, Protocol, Request,
    exchange,
};
use lanewarden_pci::registers::doe::{self, Control, Doe};
use lanewarden_pci::{AccessError, ConfigSpace};
use lanewarden_time::{Clock, Instant};

use crate::input::Input;

const OFFSET: u16 = 0x100;

/// What a peer may send and this side takes, in bytes.
const ROOM: usize = 4096;

/// Parses an object, sends it to a device as registers are written, and lets a device answer with it.
pub fn doe_object(data: &[u8]) {
    bytes(data);
    written(data);
    hostile(data);
}

/// An object that can be parsed is written as it was, but for reserved bits.
fn bytes(data: &[u8]) {
    let Ok(object) = Object::parse(data) else { return };
    let mut out = vec![0; data.len()];
    let length = object.write_to(&mut out).expect("what was read fits where it came from");
    assert_eq!(Object::parse(&out[..length]), Ok(object));
}

/// The device's side takes a whole object and nothing else.
fn written(data: &[u8]) {
    let mut device = Device::new(vec![0; ROOM], vec![0; ROOM], false);
    for dword in data.chunks_exact(4) {
        let value = u32::from_le_bytes(dword.try_into().unwrap());
        device.write(doe::WRITE_MAILBOX, value, Instant::ORIGIN);
    }
    let event = device.write(doe::CONTROL, Control::GO.bits(), Instant::ORIGIN);
    match device.request() {
        Some((header, payload)) => {
            assert_eq!(event, DeviceEvent::Received);
            assert_eq!(header.payload_len(), payload.len());
            assert_eq!(payload, &data[8..8 + payload.len()], "the object is what was written");
        }
        None => assert_eq!(event, DeviceEvent::Dropped),
    }
}

/// Two exchanges with a device whose registers hold anything: both end in bounded time.
fn hostile(data: &[u8]) {
    let mut input = Input::new(data);
    let [policy, vendor, kind] = input.array();
    let policy = Policy { single_agent: policy & 1 != 0, abort_first: policy & 2 != 0, ..Policy::default() };
    let protocol = Protocol::new(u16::from(vendor), kind);
    let capability =
        Doe { offset: OFFSET, version: 2, interrupt: None, attention: false, async_messages: false };
    let mut mailbox = Mailbox::new(capability, vec![0; ROOM], policy);
    let payload = input.counted();
    let mut device = Hostile { input, accesses: 0 };
    let clock = Virtual::default();
    for _ in 0..2 {
        let (start, before) = (clock.now(), device.accesses);
        let answer =
            exchange(&mut mailbox, &mut device, &clock, &Request::new(protocol, payload)).map(<[u8]>::len);
        assert!(clock.now().since(start) <= LONGEST, "an exchange ends in time");
        assert!(device.accesses - before <= MOST_ACCESSES, "an exchange ends after so many accesses");
        if let Ok(length) = answer {
            assert!(length <= ROOM, "an answer fits its buffer");
        }
    }
}

/// An abort, the wait for somebody else, the answer, and an abort again, with a little for the polls between.
const LONGEST: Duration = Duration::from_millis(4100);

const _: () = assert!(ABORT_TIME.as_secs() * 2 + FREE_TIME.as_secs() + ANSWER_TIME.as_secs() == 4);

/// Far more than polls of four seconds and the largest object need, far less than for ever.
const MOST_ACCESSES: u64 = 2 * 262_144 + 4 * 1024;

/// A device that answers each read with the next four bytes; once they are used up, with zero.
struct Hostile<'a> {
    input: Input<'a>,
    accesses: u64,
}

impl ConfigSpace for Hostile<'_> {
    fn read(&mut self, _: u16) -> Result<u32, AccessError> {
        self.accesses += 1;
        Ok(self.input.dword())
    }

    fn write(&mut self, offset: u16, _: u32) -> Result<(), AccessError> {
        self.accesses += 1;
        assert!((OFFSET..OFFSET + doe::SIZE).contains(&offset), "nothing is written outside the capability");
        Ok(())
    }

    fn size(&self) -> u16 {
        4096
    }
}

/// A clock that stands where the last wait has put it.
#[derive(Default)]
struct Virtual(Cell<Instant>);

impl Clock for Virtual {
    fn now(&self) -> Instant {
        self.0.get()
    }

    fn wait_until(&self, deadline: Instant) {
        assert!(deadline > self.0.get(), "every wait ends later than it begins");
        self.0.set(deadline);
    }
}
