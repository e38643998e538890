//! Registers that hold whatever they like.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)]

use std::cell::Cell;
use std::time::Duration;

use lanewarden_doe::{
    ABORT_TIME, ANSWER_TIME, Device, Discovery, FIRST_POLL_INTERVAL, FREE_TIME, Mailbox, Policy, Protocol,
    Request, exchange,
};
use lanewarden_pci::registers::doe::Doe;
use lanewarden_pci::{AccessError, ConfigSpace};
use lanewarden_time::{Clock, Instant};
use proptest::prelude::*;

/// Reads give what is in the list, over and over; writes go nowhere. Counts accesses.
struct Noise {
    values: Vec<u32>,
    accesses: usize,
}

impl ConfigSpace for Noise {
    fn read(&mut self, _: u16) -> Result<u32, AccessError> {
        self.accesses += 1;
        Ok(self.values[self.accesses % self.values.len()])
    }

    fn write(&mut self, _: u16, _: u32) -> Result<(), AccessError> {
        self.accesses += 1;
        Ok(())
    }

    fn size(&self) -> u16 {
        4096
    }
}

#[derive(Default)]
struct Virtual(Cell<Instant>);

impl Clock for Virtual {
    fn now(&self) -> Instant {
        self.0.get()
    }

    fn wait_until(&self, deadline: Instant) {
        self.0.set(deadline.max(self.now() + Duration::from_nanos(1)));
    }
}

fn capability() -> Doe {
    Doe { offset: 0x100, version: 2, interrupt: Some(0), attention: false, async_messages: false }
}

/// Mostly plausible status values, some of anything.
fn values() -> impl Strategy<Value = Vec<u32>> {
    let status = prop_oneof![Just(0), Just(1), Just(4), Just(0x8000_0000), Just(0x0002_1e98), 0..9_u32];
    prop::collection::vec(prop_oneof![4 => status, 1 => any::<u32>()], 1..40)
}

proptest! {
    /// Row D12: whatever the registers hold, an exchange ends: within its bounds of time, after a bounded number of
    /// accesses, and without a panic.
    #[test]
    fn an_exchange_with_noise_ends(values in values(), single_agent: bool, abort_first: bool, vectors: bool) {
        let clock = Virtual::default();
        let mut noise = Noise { values, accesses: 0 };
        let policy = Policy { single_agent, abort_first, ..Policy::default() };
        let mut mailbox = Mailbox::new(capability(), vec![0; 512], policy);
        mailbox.set_vectors(vectors);
        let _ = exchange(&mut mailbox, &mut noise, &clock, &Request::new(Protocol::CXL_TABLE_ACCESS, &[1]));
        let spent = clock.now().since_origin();
        let bounds = FREE_TIME + ABORT_TIME + FIRST_POLL_INTERVAL + ANSWER_TIME + ABORT_TIME;
        prop_assert!(spent <= bounds + Duration::from_millis(1), "{spent:?}");
        prop_assert!(noise.accesses < 2000, "{} accesses", noise.accesses);
        prop_assert!(!mailbox.is_busy());
    }

    /// Row D12: whatever is written, the device's side keeps to the rules of its registers.
    #[test]
    fn a_device_survives_any_host(writes in prop::collection::vec((0_u16..7, any::<u32>(), any::<bool>()), 0..200)) {
        let mut device = Device::new(vec![0; 64], vec![0; 64], true);
        let mut now = Instant::ORIGIN;
        for (register, value, answer) in writes {
            device.tick(now);
            let _ = device.read(register * 4);
            let _ = device.write(register * 4, value, now);
            if answer && let Some((header, payload)) = device.request() {
                let payload = payload.to_vec();
                device.answer(header.protocol, header.connection, &payload, now + Duration::from_millis(1)).unwrap();
            }
            let status = device.status().bits();
            prop_assert!(status & 1 == 0 || status & 0x8000_0004 == 0, "busy together with ready or error: {status:#x}");
            prop_assert!(status & 0x8000_0004 != 0x8000_0004, "ready together with error");
            now = now + Duration::from_micros(100);
        }
    }

    /// Row D12: a discovery walk ends whatever it is answered.
    #[test]
    fn discovery_ends(answers in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..12), 300), version: u8) {
        let mut walk = Discovery::new(version);
        let mut asked = 0;
        for answer in answers.iter().map(|a| [&[1, 0, 0][..], a].concat()) {
            if walk.request().is_none() {
                break;
            }
            asked += 1;
            let _ = walk.answer(&answer);
        }
        prop_assert!(walk.request().is_none());
        prop_assert!(asked <= 256);
    }
}
