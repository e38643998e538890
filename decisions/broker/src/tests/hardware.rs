//! The broker over real mailbox cores, with a device behind them: the loop that drives it, in small.

use std::collections::BTreeMap;

use lanewarden_cxl::table_access::TableWalk;
use lanewarden_doe::registers::Doe;
use lanewarden_doe::{
    AccessError, ConfigSpace, Device as Hardware, DeviceEvent, Mailbox, Policy, Request, Step,
};

use super::*;
use crate::MailboxId;

/// A table of two entries: the header with its checksum over all of it, and one structure of eight bytes.
const ENTRIES: [&[u8]; 2] =
    [&[24, 0, 0, 0, 1, 0xed, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0], &[3, 0, 8, 0, 0, 0, 0xee, 0]];

/// A function with one mailbox that speaks table access, and answers after some time.
struct Function {
    mailbox: Hardware<[u8; 64]>,
    now: Instant,
    slow: Duration,
}

impl Function {
    fn new(slow: Duration) -> Self {
        Self { mailbox: Hardware::new([0; 64], [0; 64], false), now: Instant::ORIGIN, slow }
    }

    fn answer(&mut self) {
        let Some((header, payload)) = self.mailbox.request() else { return };
        let handle = usize::from(u16::from_le_bytes([payload[2], payload[3]]));
        let next = if handle + 1 < ENTRIES.len() { u16::try_from(handle + 1).unwrap() } else { 0xffff };
        let mut answer = std::vec![0, 0];
        answer.extend(next.to_le_bytes());
        answer.extend(ENTRIES[handle]);
        self.mailbox.answer(header.protocol, 0, &answer, self.now + self.slow).unwrap();
    }
}

impl ConfigSpace for Function {
    fn read(&mut self, offset: u16) -> Result<u32, AccessError> {
        self.mailbox.tick(self.now);
        Ok(self.mailbox.read(offset.checked_sub(FIRST).ok_or(AccessError::OutOfRange(offset))?))
    }

    fn write(&mut self, offset: u16, value: u32) -> Result<(), AccessError> {
        self.mailbox.tick(self.now);
        let register = offset.checked_sub(FIRST).ok_or(AccessError::OutOfRange(offset))?;
        if self.mailbox.write(register, value, self.now) == DeviceEvent::Received {
            self.answer();
        }
        Ok(())
    }

    fn size(&self) -> u16 {
        4096
    }
}

type Payload = Vec<u8>;

/// The broker and one mailbox that it has driven.
struct Driver {
    broker: Broker<Payload, Payload>,
    mailbox: Mailbox<[u8; 64]>,
    function: Function,
    running: Option<(MailboxId, RequestId, Instant)>,
    now: Instant,
    answers: BTreeMap<RequestId, Result<Payload, Refusal>>,
    granted: Vec<RequestId>,
}

impl Driver {
    fn new() -> (Self, Instance) {
        let mut function = Function::new(Duration::from_millis(3));
        let capability = Doe::read(&mut function, FIRST, 1).unwrap();
        let mut broker = Broker::new(Limits::default(), Rules::default());
        let device = broker.arrive(address(1), &[FIRST], Condition::Clean, Instant::ORIGIN);
        let mailbox = Mailbox::new(capability, [0; 64], Policy::default());
        let (running, now) = (None, Instant::ORIGIN);
        let (answers, granted) = (BTreeMap::new(), Vec::new());
        (Self { broker, mailbox, function, running, now, answers, granted }, device.instance(FIRST))
    }

    /// Does what is to be done; whether there was anything.
    fn obey(&mut self) -> bool {
        let mut any = false;
        while let Some(act) = self.broker.next_act() {
            any = true;
            match act {
                Act::Start { instance, request, protocol, payload, condition } => {
                    if condition == Condition::Touched {
                        self.mailbox.distrust();
                    }
                    self.mailbox.send(&Request::new(protocol, &payload)).unwrap();
                    self.running = Some((instance.mailbox, request, self.now));
                }
                Act::Stop { .. } => self.mailbox.cancel(),
                Act::Answer { client, request, result } => {
                    self.answers.insert(request, result);
                    self.broker.collected(client, request, self.now);
                }
                Act::Granted { client, request } => {
                    self.granted.push(request);
                    self.broker.collected(client, request, self.now);
                }
                Act::Ended { .. } => {}
            }
        }
        any
    }

    /// To the next thing that happens.
    fn step(&mut self) {
        if self.obey() {
            return;
        }
        let Some((id, request, at)) = self.running else {
            self.now = self.broker.deadline().unwrap_or(self.now).max(self.now);
            return self.broker.advance(self.now);
        };
        self.now = self.now.max(at);
        self.function.now = self.now;
        let outcome = match self.mailbox.advance(&mut self.function, self.now) {
            Ok(Step::Wait(at)) => return self.running = Some((id, request, at)),
            Ok(Step::Answered) => {
                let payload = self.mailbox.answer().to_vec();
                Outcome::Answered(Reply { bytes: payload.len(), payload })
            }
            Err(_) if self.mailbox.is_dead() => Outcome::Dead,
            Err(error) => Outcome::Failed(error),
        };
        self.running = None;
        self.broker.completed(id, request, outcome, self.now).unwrap();
        self.obey();
    }
}

/// A reader of the table, who asks for one entry after the other under its claim.
struct Reader {
    client: ClientId,
    walk: TableWalk,
    claim: Option<RequestId>,
    asked: Option<RequestId>,
}

impl Reader {
    fn new(client: ClientId) -> Self {
        Self { client, walk: TableWalk::new(), claim: None, asked: None }
    }

    /// Does what it can; whether it has its table.
    fn go_on(&mut self, driver: &mut Driver, instance: Instance) -> bool {
        let now = driver.now;
        let claim = *self.claim.get_or_insert_with(|| {
            driver.broker.claim(self.client, instance, Urgency::Normal, PATIENT, now).unwrap()
        });
        if !driver.granted.contains(&claim) {
            return false;
        }
        if let Some(answer) = self.asked.and_then(|asked| driver.answers.remove(&asked)) {
            self.asked = None;
            self.walk.answer(&answer.unwrap()).unwrap();
        }
        if self.asked.is_some() {
            return false;
        }
        let Some(payload) = self.walk.request() else {
            driver.broker.release(self.client, claim, now).unwrap();
            return true;
        };
        let ask = Ask::new(instance, Protocol::CXL_TABLE_ACCESS, payload.to_vec(), 64);
        self.asked = Some(driver.broker.submit(self.client, ask, now).unwrap());
        false
    }
}

/// Row B13: two readers of the same table at the same mailbox, again and again: both get it, each time.
#[test]
fn two_readers_get_their_tables_every_time() {
    let (mut driver, instance) = Driver::new();
    let clients = [USER, ROOT].map(|who| driver.broker.connect(who, driver.now).unwrap());
    for round in 0..1000 {
        let mut readers = clients.map(Reader::new);
        let mut done = [false; 2];
        for step in 0.. {
            assert!(step < 1000, "round {round} does not end");
            for (reader, done) in readers.iter_mut().zip(&mut done) {
                *done = *done || reader.go_on(&mut driver, instance);
            }
            if done == [true; 2] {
                break;
            }
            driver.step();
        }
        for reader in readers {
            reader.walk.finish().unwrap();
        }
    }
    let statistics = driver.broker.statistics();
    assert_eq!((statistics.started, statistics.answered), (4000, 4000));
    assert_eq!(driver.mailbox.statistics().aborts, 0, "Row B6: nothing was aborted");
}

/// Row B6: after raw access the next exchange aborts once, and the one after it does not.
#[test]
fn raw_access_costs_one_abort() {
    let (mut driver, instance) = Driver::new();
    let root = driver.broker.connect(ROOT, driver.now).unwrap();
    let lock = driver.broker.lock_config(root, instance.device(), PATIENT, driver.now).unwrap();
    driver.obey();
    driver.broker.release(root, lock, driver.now).unwrap();
    for _ in 0..3 {
        let mut reader = Reader::new(root);
        while !reader.go_on(&mut driver, instance) {
            driver.step();
        }
    }
    assert_eq!(driver.mailbox.statistics().aborts, 1);
}
