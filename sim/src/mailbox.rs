//! A mailbox: the device's side of the protocol, what answers behind it, and what goes wrong with it.

mod answer;
mod faults;

use std::sync::Arc;
use std::time::Duration;

use lanewarden_doe::{Device, DeviceEvent, Object, Protocol};
use lanewarden_pci::Address;
use lanewarden_pci::registers::doe::{self, Control, Status};
use lanewarden_time::Instant;

use crate::event::{Event, Log, Register, What};
use crate::handler::{Handler, Tables};
use crate::random::Random;
use crate::scenario::FaultKind;
pub(crate) use faults::{Faults, Line};

/// What mailboxes of one make have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Traits {
    /// What it speaks besides discovery.
    pub protocols: Vec<Protocol>,
    pub interrupt: Option<u16>,
    pub answer_time: Duration,
    pub abort_time: Duration,
    pub max_dwords: u32,
}

/// One mailbox. As long as it is idle it takes next to no memory.
#[derive(Debug)]
pub(crate) struct Mailbox {
    /// Offset of the capability.
    pub offset: u16,
    traits: Arc<Traits>,
    /// Objects received so far.
    received: u32,
    stage: Stage,
    awake: Option<Box<Awake>>,
    faults: Option<Box<Faults>>,
}

/// How far an exchange is, as the fault plan counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// None has begun, or one has and its object is not complete.
    Before,
    /// The object is there.
    Open,
    /// The answer was read, or the mailbox aborted; the host's last look is still to come.
    Ending,
}

/// What a mailbox needs while it is in use.
#[derive(Debug)]
struct Awake {
    device: Device<Vec<u8>>,
    /// Bytes of the longest answer it can hold.
    room: usize,
    /// DWs of an object written so far.
    written: u32,
    /// DWs in the read mailbox when the answer became ready.
    present: u32,
    /// Of those, how many have been acknowledged.
    taken: u32,
}

/// The machine around a mailbox.
pub(crate) struct Surroundings<'m> {
    pub now: Instant,
    pub address: Address,
    pub log: &'m mut Log,
    pub random: &'m mut Random,
    pub tables: &'m mut Option<Tables>,
    /// Handlers that were plugged in at this mailbox.
    pub handlers: &'m mut Vec<(Protocol, Box<dyn Handler>)>,
}

impl Surroundings<'_> {
    fn note(&mut self, mailbox: u16, what: impl FnOnce() -> What) {
        let (time, address) = (self.now, self.address);
        self.log.add(|| Event { time, address, mailbox: Some(mailbox), what: what() });
    }
}

/// What a mailbox wants the machine around it to do.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Send this interrupt message.
    pub interrupt: Option<u16>,
    /// Which is lost on its way.
    pub lost: bool,
    /// Look again at this time.
    pub deadline: Option<Instant>,
    /// The function is pulled out.
    pub removed: Option<Removal>,
}

/// A function is pulled out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Removal {
    /// How long until the host notices; never if none.
    pub noticed_after: Option<Duration>,
}

impl Removal {
    pub fn noticed_after_ms(ms: Option<u64>) -> Self {
        Self { noticed_after: ms.map(Duration::from_millis) }
    }
}

impl Mailbox {
    pub fn new(offset: u16, traits: Arc<Traits>) -> Self {
        Self { offset, traits, received: 0, stage: Stage::Before, awake: None, faults: None }
    }

    pub fn traits(&self) -> &Traits {
        &self.traits
    }

    pub fn add_fault(&mut self, line: Line) {
        self.faults.get_or_insert_default().add(line);
    }

    /// Whether a register of configuration space is one of this mailbox' own, and which.
    pub fn register(&self, offset: u16) -> Option<u16> {
        let register = offset.checked_sub(self.offset)?;
        (doe::CONTROL..doe::SIZE).contains(&register).then_some(register)
    }

    /// Reads one of its registers.
    pub fn read(&mut self, register: u16, around: &mut Surroundings<'_>) -> (u32, Outcome) {
        self.settle(around);
        let value = self.awake.as_ref().map_or(0, |awake| awake.device.read(register));
        if register == doe::STATUS && self.stage == Stage::Ending && self.is_idle() {
            self.stage = Stage::Before;
        }
        (value, self.outcome())
    }

    /// Writes one of its registers.
    pub fn write(&mut self, register: u16, value: u32, around: &mut Surroundings<'_>) -> Outcome {
        self.settle(around);
        if let Some(register) = named(register) {
            around.note(self.offset, || What::Write { register, value });
        }
        let removed = match register {
            doe::CONTROL => self.control(value, around),
            doe::WRITE_MAILBOX => self.append(value, around),
            doe::READ_MAILBOX => self.acknowledge(around),
            _ => {
                self.wake(around).device.write(register, value, around.now);
                None
            }
        };
        Outcome { removed, ..self.outcome() }
    }

    /// Lets happen what is due.
    pub fn poll(&mut self, around: &mut Surroundings<'_>) -> Outcome {
        self.settle(around);
        self.outcome()
    }

    /// Forgets all that is in it, as a reset does.
    pub fn reset(&mut self) {
        self.awake = None;
        self.stage = Stage::Before;
        if let Some(faults) = &mut self.faults {
            faults.release();
        }
    }

    fn wake(&mut self, around: &Surroundings<'_>) -> &mut Awake {
        let traits = &self.traits;
        self.awake.get_or_insert_with(|| {
            let longest = around.tables.as_ref().map_or(0, Tables::longest);
            let room = bytes(traits.max_dwords);
            // An entry of a table may be longer than what the mailbox takes in.
            let answer = room.max(longest.next_multiple_of(4).saturating_add(12));
            let device = Device::new(vec![0; room], vec![0; answer], traits.interrupt.is_some());
            Box::new(Awake { device, room: answer, written: 0, present: 0, taken: 0 })
        })
    }

    /// Lets pass what time has brought, and other agents do what they do.
    fn settle(&mut self, around: &mut Surroundings<'_>) {
        if let Some(awake) = &mut self.awake {
            awake.device.hold_busy(false);
            awake.device.tick(around.now);
        }
        let Some(mut faults) = self.faults.take() else { return };
        self.collect(&mut faults, around);
        if self.is_idle() && self.stage == Stage::Before {
            let exchange = self.received.saturating_add(1);
            for kind in faults.begin(exchange, around.now, around.random) {
                around.note(self.offset, || What::Fault { kind: kind.name() });
                self.begin_with(&kind, &mut faults, around);
            }
        }
        if faults.is_held(around.now) && self.is_idle() {
            self.wake(around).device.hold_busy(true);
        }
        self.faults = Some(faults);
    }

    /// Whether it would take an object, another agent's hold on it left aside.
    fn is_idle(&self) -> bool {
        self.awake.as_ref().is_none_or(|awake| {
            !awake.device.status().intersects(Status::BUSY | Status::READY | Status::ERROR)
                && awake.written == 0
        })
    }

    /// A stranger collects its answer.
    fn collect(&mut self, faults: &mut Faults, around: &mut Surroundings<'_>) {
        if !faults.take_collection(around.now) {
            return;
        }
        let Some(awake) = &mut self.awake else { return };
        while awake.device.status().contains(Status::READY) {
            awake.device.write(doe::READ_MAILBOX, 0, around.now);
        }
    }

    /// What befalls an exchange before its object is there.
    fn begin_with(&mut self, kind: &FaultKind, faults: &mut Faults, around: &mut Surroundings<'_>) {
        match *kind {
            FaultKind::UnreadAnswer { protocol, .. } => {
                faults.stranger_answers(kind, around.now);
                let now = around.now;
                let awake = self.wake(around);
                let object = Object::new(protocol.0, 0, &[0xa5; 4]).map(|object| raw(&object));
                awake.answer_raw(&object.unwrap_or_default(), now);
                awake.device.tick(now);
            }
            FaultKind::ErrorAtStart => self.wake(around).device.fail(),
            FaultKind::ForeignBusy { .. } => faults.hold(kind, around.now),
            _ => {}
        }
    }

    fn control(&mut self, value: u32, around: &mut Surroundings<'_>) -> Option<Removal> {
        let abort = Control::from_bits_truncate(value).contains(Control::ABORT);
        let mut abort_time = self.traits.abort_time;
        if let Some(faults) = self.faults.as_mut().filter(|_| abort) {
            abort_time = faults.abort_time(around.now).unwrap_or(abort_time);
            faults.abort();
        }
        if abort {
            self.stage = Stage::Ending;
        }
        let awake = self.wake(around);
        if abort {
            awake.device.hold_busy(false);
            awake.device.set_abort_time(abort_time);
        }
        match awake.device.write(doe::CONTROL, value, around.now) {
            DeviceEvent::Received => {
                awake.written = 0;
                return self.receive(around);
            }
            DeviceEvent::Dropped => {
                awake.written = 0;
                around.note(self.offset, || What::Dropped);
            }
            DeviceEvent::Aborted => {
                awake.written = 0;
                around.note(self.offset, || What::Abort);
                around.handlers.iter_mut().for_each(|(_, handler)| handler.abort());
            }
            DeviceEvent::Nothing => {}
        }
        None
    }

    fn append(&mut self, value: u32, around: &mut Surroundings<'_>) -> Option<Removal> {
        let idle = Status::BUSY | Status::READY | Status::ERROR;
        if self.stage != Stage::Before && self.is_idle() {
            // The host goes on without a look, or has given up on an answer without an abort.
            self.stage = Stage::Before;
            self.settle(around);
        }
        let awake = self.wake(around);
        let accepted = !awake.device.status().intersects(idle);
        awake.device.write(doe::WRITE_MAILBOX, value, around.now);
        if accepted {
            awake.written = awake.written.saturating_add(1);
            let written = awake.written;
            let fails = self.faults.as_ref().and_then(|faults| faults.error_while_writing(around.now));
            if fails.is_some_and(|after| written >= after.max(1)) {
                self.received = self.received.saturating_add(1);
                self.stage = Stage::Open;
                self.wake(around).fail();
            }
        }
        None
    }

    fn acknowledge(&mut self, around: &mut Surroundings<'_>) -> Option<Removal> {
        let spoiling: &[FaultKind] = self.faults.as_ref().map_or(&[], |faults| faults.spoiling());
        let spoiling = spoiling.to_vec();
        let awake = self.wake(around);
        let ready = awake.device.status().contains(Status::READY);
        let last = awake.taken.saturating_add(1) >= awake.present;
        if ready && last && spoiling.contains(&FaultKind::StuckReady) {
            return None;
        }
        awake.device.write(doe::READ_MAILBOX, 0, around.now);
        awake.taken = awake.taken.saturating_add(1);
        let reached = |after: u32| ready && awake.taken == after.max(1);
        let mut removal = None;
        let mut fails = false;
        for kind in &spoiling {
            match *kind {
                FaultKind::ErrorWhileReading { after_dwords } => fails |= reached(after_dwords),
                FaultKind::RemovedWhileReading { after_dwords, noticed_after_ms }
                    if reached(after_dwords) =>
                {
                    removal = Some(Removal::noticed_after_ms(noticed_after_ms));
                }
                _ => {}
            }
        }
        if fails {
            awake.device.fail();
        }
        if ready && last {
            self.stage = Stage::Ending;
        }
        removal
    }

    /// What has come of an access, and back to sleep if nothing is left to do.
    fn outcome(&mut self) -> Outcome {
        let held = self.faults.as_ref().is_some_and(|faults| faults.is_holding());
        let Some(awake) = &mut self.awake else { return Outcome::default() };
        let mut outcome = Outcome::default();
        if awake.device.take_interrupt() {
            outcome.interrupt = self.traits.interrupt;
            outcome.lost =
                self.faults.as_ref().is_some_and(|f| f.spoiling().contains(&FaultKind::LostInterrupt));
        }
        let enabled = awake.device.read(doe::CONTROL) != 0;
        outcome.deadline = awake.device.deadline().filter(|_| enabled);
        if awake.device.status().is_empty() && awake.written == 0 && !enabled && !held {
            self.awake = None;
        }
        outcome
    }
}

impl Awake {
    fn answer_raw(&mut self, object: &[u8], ready: Instant) {
        self.device.answer_raw(object, ready);
        self.present = u32::try_from(object.len() / 4).unwrap_or(u32::MAX);
        self.taken = 0;
    }

    fn fail(&mut self) {
        self.device.fail();
        self.written = 0;
    }
}

/// The bytes of an object, padded.
fn raw(object: &Object<'_>) -> Vec<u8> {
    let mut bytes = vec![0; object.header.payload_len().saturating_add(8)];
    // There is just the room it needs.
    let _ = object.write_to(&mut bytes);
    bytes
}

fn bytes(dwords: u32) -> usize {
    usize::try_from(dwords).unwrap_or(usize::MAX).saturating_mul(4)
}

const fn named(register: u16) -> Option<Register> {
    Some(match register {
        doe::CONTROL => Register::Control,
        doe::STATUS => Register::Status,
        doe::WRITE_MAILBOX => Register::WriteMailbox,
        doe::READ_MAILBOX => Register::ReadMailbox,
        _ => return None,
    })
}
