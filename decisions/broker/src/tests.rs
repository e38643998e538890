//! Stories, one for each thing that people were afraid of.

#![allow(clippy::arithmetic_side_effects)]

mod claims;
mod config;
mod devices;
mod fairness;
mod hardware;
mod sharing;

use core::time::Duration;
use std::vec::Vec;

use crate::{
    Act, Address, Ask, Broker, ClientId, Condition, Device, Event, Firmware, Gate, Instance, Instant, Limits,
    Outcome, Permission, Profile, Protocol, Refusal, Reply, RequestId, Rules, Urgency, What, Who,
};

const ROOT: Who = Who::User { user: 0, process: 1 };
const USER: Who = Who::User { user: 1000, process: 2 };
const FIRST: u16 = 0x100;
const SECOND: u16 = 0x200;
const NO_WAIT: Duration = Duration::ZERO;
const PATIENT: Duration = Duration::MAX;

/// A broker with a clock that stands until it is moved. Payloads are numbers.
struct Stage<R = Rules> {
    broker: Broker<u32, u32, R>,
    now: Instant,
}

fn address(bus: u8) -> Address {
    Address::new(0, bus, 0, 0).unwrap()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn stage() -> (Stage, Device) {
    Stage::with(Rules::default())
}

impl<R: Permission + Gate + Firmware> Stage<R> {
    /// One device, with two mailboxes.
    fn with(rules: R) -> (Self, Device) {
        let mut stage = Self { broker: Broker::new(Limits::default(), rules), now: Instant::from_millis(5) };
        let device = stage.broker.arrive(address(1), &[FIRST, SECOND], Condition::Clean, stage.now);
        (stage, device)
    }

    fn connect(&mut self, who: Who) -> ClientId {
        self.broker.connect(who, self.now).unwrap()
    }

    /// Asks for an exchange that needs no claim; its payload says who asks.
    fn ask(&mut self, client: ClientId, instance: Instance) -> Result<RequestId, Refusal> {
        let ask = Ask::new(instance, Protocol::DISCOVERY, payload_of(client), 8);
        self.broker.submit(client, ask, self.now)
    }

    fn ask_in(
        &mut self,
        client: ClientId,
        instance: Instance,
        protocol: Protocol,
    ) -> Result<RequestId, Refusal> {
        self.broker.submit(client, Ask::new(instance, protocol, payload_of(client), 8), self.now)
    }

    fn claim(&mut self, client: ClientId, instance: Instance) -> Result<RequestId, Refusal> {
        self.broker.claim(client, instance, Urgency::Normal, PATIENT, self.now)
    }

    /// Takes what is to be done.
    fn acts(&mut self) -> Vec<Act<u32, u32>> {
        core::iter::from_fn(|| self.broker.next_act()).collect()
    }

    fn events(&mut self) -> Vec<What> {
        core::iter::from_fn(|| self.broker.next_event()).map(|event: Event| event.what).collect()
    }

    /// Does nothing but let time pass, deadline by deadline.
    fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(deadline) = self.broker.deadline().filter(|deadline| *deadline <= end) {
            self.now = self.now.max(deadline);
            self.broker.advance(self.now);
        }
        self.now = end;
        self.broker.advance(end);
    }

    /// Reports an answer, whose payload is its request's and a thousand.
    fn answer(&mut self, instance: Instance, request: RequestId, payload: u32) {
        let outcome = Outcome::Answered(Reply { payload: payload + 1000, bytes: 4 });
        self.broker.completed(instance.mailbox, request, outcome, self.now).unwrap();
    }

    /// Does every exchange that is to be started at once, and says which were started, in order.
    fn serve(&mut self) -> (Vec<RequestId>, Vec<Act<u32, u32>>) {
        let (mut started, mut told) = (Vec::new(), Vec::new());
        while let Some(act) = self.broker.next_act() {
            match act {
                Act::Start { instance, request, payload, .. } => {
                    started.push(request);
                    self.answer(instance, request, payload);
                }
                Act::Answer { client, request, .. } | Act::Granted { client, request } => {
                    self.broker.collected(client, request, self.now);
                    told.push(act);
                }
                act => told.push(act),
            }
        }
        (started, told)
    }
}

fn payload_of(client: ClientId) -> u32 {
    u32::try_from(client.0).unwrap()
}

fn refused(client: ClientId, request: RequestId, why: Refusal) -> Act<u32, u32> {
    Act::Answer { client, request, result: Err(why) }
}

fn answered(client: ClientId, request: RequestId) -> Act<u32, u32> {
    Act::Answer { client, request, result: Ok(payload_of(client) + 1000) }
}

/// The one exchange that is to be started.
#[track_caller]
fn start_of(acts: &[Act<u32, u32>]) -> (RequestId, Condition) {
    let mut starts = acts.iter().filter_map(|act| match act {
        Act::Start { request, condition, .. } => Some((*request, *condition)),
        _ => None,
    });
    let start = starts.next().expect("something is started");
    assert_eq!(starts.next(), None, "only one thing is started");
    start
}

/// Rows D6, B19: what the profile closes is refused, whoever asks and however; what it leaves open is carried.
#[test]
fn compliance_is_refused_in_production() {
    for (profile, open) in [(Profile::Production, false), (Profile::Debug, true)] {
        let (mut stage, device) =
            Stage::with(Rules { permission: profile, gate: crate::AllowAll, firmware: crate::NoFirmware });
        let root = stage.connect(ROOT);
        let instance = device.instance(FIRST);
        for raw in [false, true] {
            let ask = Ask::new(instance, Protocol::CXL_COMPLIANCE, 0, 8);
            let ask = if raw { ask.raw() } else { ask };
            let taken = stage.broker.submit(root, ask, stage.now);
            let denied = Err(Refusal::Denied(crate::Denial::Permission));
            assert_eq!(taken.is_ok(), open, "{profile:?} {raw}");
            assert!(open || taken == denied);
        }
        assert_eq!(stage.serve().0.len(), if open { 2 } else { 0 });
    }
}

/// Row B19: past the calls for protocols is another call, for the privileged.
#[test]
fn raw_exchanges_are_for_the_privileged() {
    let (mut stage, device) = stage();
    let (root, user) = (stage.connect(ROOT), stage.connect(USER));
    let raw = || Ask::new(device.instance(FIRST), Protocol::CMA_SPDM, 0, 8).raw();
    let denied = Refusal::Denied(crate::Denial::Permission);
    assert_eq!(stage.broker.submit(user, raw(), stage.now), Err(denied));
    assert!(stage.broker.submit(root, raw(), stage.now).is_ok());
    assert!(stage.events().contains(&What::Refused(user, Some(device), denied)), "and that is on record");
}

/// Rows D7, T9: a rule on vendor and type holds for a device that is plugged in later, with no registration of its own.
#[test]
fn rules_hold_for_devices_that_come_later() {
    struct NoVendor(u16);
    impl Permission for NoVendor {
        fn permits(&self, _: Who, _: Address, action: crate::Action) -> bool {
            !matches!(action, crate::Action::Exchange(protocol) if protocol.vendor == self.0)
        }
    }
    let rules = Rules { permission: NoVendor(0x1234), gate: crate::AllowAll, firmware: crate::NoFirmware };
    let (mut stage, _) = Stage::with(rules);
    let user = stage.connect(USER);
    let later = stage.broker.arrive(address(9), &[FIRST], Condition::Clean, stage.now).instance(FIRST);
    let refused = stage.ask_in(user, later, Protocol::new(0x1234, 0));
    assert_eq!(refused, Err(Refusal::Denied(crate::Denial::Permission)));
    assert!(stage.ask_in(user, later, Protocol::new(0x4321, 0)).is_ok());
}

/// Row T19: the place of the gate: a device that is not admitted is refused, also if that has changed while a request
/// waited.
#[test]
fn the_gate_is_asked_when_a_request_comes_and_when_its_turn_comes() {
    #[derive(Default)]
    struct Shut(bool);
    impl Gate for Shut {
        fn admits(&self, _: Device, _: crate::Action) -> bool {
            !self.0
        }
    }
    let rules = Rules { permission: Profile::Production, gate: Shut(false), firmware: crate::NoFirmware };
    let (mut stage, device) = Stage::with(rules);
    let user = stage.connect(USER);
    let first = stage.ask(user, device.instance(FIRST)).unwrap();
    let second = stage.ask(user, device.instance(FIRST)).unwrap();
    stage.broker.rules_mut().gate.0 = true;
    assert_eq!(stage.ask(user, device.instance(FIRST)), Err(Refusal::Denied(crate::Denial::Gate)));
    let (started, told) = stage.serve();
    assert_eq!(started, [first]);
    assert_eq!(told.last(), Some(&refused(user, second, Refusal::Denied(crate::Denial::Gate))));
}

/// Row B2: the firmware's mailbox is waited for, and used once it is given back.
#[test]
fn the_firmware_is_obeyed() {
    #[derive(Default)]
    struct Has(bool);
    impl Firmware for Has {
        fn holds(&self, _: crate::MailboxId, now: Instant) -> Option<Instant> {
            self.0.then(|| now + seconds(1))
        }
    }
    let rules = Rules { permission: Profile::Production, gate: crate::AllowAll, firmware: Has(true) };
    let (mut stage, device) = Stage::with(rules);
    let user = stage.connect(USER);
    let impatient = Ask::new(device.instance(FIRST), Protocol::DISCOVERY, 1, 8).patience(seconds(2));
    let impatient = stage.broker.submit(user, impatient, stage.now).unwrap();
    let patient = stage.ask(user, device.instance(FIRST)).unwrap();
    stage.pass(seconds(4));
    assert_eq!(stage.acts(), [refused(user, impatient, Refusal::Busy(crate::Busy::Firmware))]);
    assert!(stage.broker.snapshot(stage.now).functions[0].mailboxes[0].firmware);
    stage.broker.rules_mut().firmware.0 = false;
    stage.pass(seconds(1));
    assert_eq!(start_of(&stage.acts()).0, patient, "it is asked again by itself");
}
