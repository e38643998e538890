//! The host's side against the device's side, on a clock that only these tests move.
#![allow(clippy::arithmetic_side_effects)]

mod portions;

extern crate std;
use std::cell::{Cell, RefCell};
use std::time::Duration;
use std::vec;
use std::vec::Vec;

use lanewarden_pci::AccessError;

use super::*;
use crate::{Device, DeviceEvent};

const OFFSET: u16 = 0x190;
const TYPE: Protocol = Protocol::CXL_TABLE_ACCESS;

fn capability() -> Doe {
    Doe { offset: OFFSET, version: 1, interrupt: Some(0), attention: false, async_messages: false }
}

/// A device with one mailbox that answers each request with the payload reversed after `delay`.
struct Rig {
    now: Cell<Instant>,
    device: RefCell<Device<Vec<u8>>>,
    delay: Cell<Duration>,
    /// Replaces the answer's bytes, header included.
    raw: RefCell<Option<Vec<u8>>>,
    gone: Cell<bool>,
    lose_interrupts: Cell<bool>,
    /// What time a write takes.
    cost_of_a_write: Cell<Duration>,
    refuses_writes: Cell<bool>,
    log: RefCell<Vec<Access>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Read(u16),
    Write(u16, u32),
}

impl Rig {
    fn new() -> Self {
        Self::holding(4096)
    }

    /// Takes and gives objects of at most `room` bytes, headers included.
    fn holding(room: usize) -> Self {
        Self {
            now: Cell::default(),
            device: RefCell::new(Device::new(vec![0; room], vec![0; room], true)),
            delay: Cell::default(),
            raw: RefCell::default(),
            gone: Cell::new(false),
            lose_interrupts: Cell::new(false),
            cost_of_a_write: Cell::default(),
            refuses_writes: Cell::new(false),
            log: RefCell::default(),
        }
    }

    fn mailbox(&self, policy: Policy) -> Mailbox<Vec<u8>> {
        Mailbox::new(capability(), vec![0; 4096], policy)
    }

    fn exchange(&self, mailbox: &mut Mailbox<Vec<u8>>, payload: &[u8]) -> Result<Vec<u8>, Error> {
        exchange(mailbox, &mut &*self, self, &Request::new(TYPE, payload)).map(<[u8]>::to_vec)
    }

    fn writes(&self) -> usize {
        self.log.borrow().iter().filter(|a| matches!(a, Access::Write(..))).count()
    }

    /// The DWs that have been put into the write mailbox.
    fn written(&self) -> Vec<u32> {
        let dword = |access: &Access| match access {
            Access::Write(0x10, dword) => Some(*dword),
            _ => None,
        };
        self.log.borrow().iter().filter_map(dword).collect()
    }

    fn aborts(&self) -> usize {
        self.log.borrow().iter().filter(|a| matches!(a, Access::Write(8, v) if v & 1 != 0)).count()
    }

    fn millis(&self) -> u128 {
        self.now.get().since_origin().as_millis()
    }

    fn serve(&self) {
        let mut device = self.device.borrow_mut();
        let Some((header, payload)) = device.request() else { return };
        let answer: Vec<u8> = payload.iter().rev().copied().collect();
        let due = self.now.get() + self.delay.get();
        match self.raw.borrow().as_ref() {
            Some(raw) => device.answer_raw(raw, due),
            None => device.answer(header.protocol, header.connection, &answer, due).unwrap(),
        }
    }
}

impl ConfigSpace for &Rig {
    fn read(&mut self, offset: u16) -> Result<u32, AccessError> {
        if self.gone.get() {
            return Ok(u32::MAX);
        }
        let Some(register) = offset.checked_sub(OFFSET) else { return Ok(0x1234_5678) };
        self.log.borrow_mut().push(Access::Read(register));
        self.device.borrow_mut().tick(self.now.get());
        Ok(self.device.borrow().read(register))
    }

    fn write(&mut self, offset: u16, value: u32) -> Result<(), AccessError> {
        if self.refuses_writes.get() {
            return Err(AccessError::Gone);
        }
        let register = offset - OFFSET;
        self.now.set(self.now.get() + self.cost_of_a_write.get());
        self.log.borrow_mut().push(Access::Write(register, value));
        self.device.borrow_mut().tick(self.now.get());
        let event = self.device.borrow_mut().write(register, value, self.now.get());
        if event == DeviceEvent::Received {
            self.serve();
        }
        self.device.borrow_mut().tick(self.now.get());
        Ok(())
    }

    fn size(&self) -> u16 {
        4096
    }
}

impl Clock for Rig {
    fn now(&self) -> Instant {
        self.now.get()
    }

    /// Stops early at an interrupt, as a real wait does.
    fn wait_until(&self, deadline: Instant) {
        let mut device = self.device.borrow_mut();
        let due = device.deadline().filter(|due| *due < deadline);
        let Some(due) = due.filter(|_| !self.lose_interrupts.get()) else {
            return self.now.set(deadline.max(self.now.get()));
        };
        device.tick(due);
        self.now.set(if device.take_interrupt() { due } else { deadline });
    }
}

#[test]
fn an_exchange_brings_the_answer() {
    let rig = Rig::new();
    let mut mailbox = rig.mailbox(Policy::default());
    assert_eq!(rig.exchange(&mut mailbox, &[1, 2, 3]), Ok(vec![0, 3, 2, 1]), "padded, then reversed");
    assert_eq!(rig.exchange(&mut mailbox, &[]), Ok(vec![]));
    assert_eq!(mailbox.statistics(), Statistics { sent: 2, answered: 2, ..Statistics::default() });
}

/// The bar: n + 1 + 2m + 3 accesses, further looks at the status not counted.
#[test]
fn an_exchange_makes_no_access_too_many() {
    let rig = Rig::new();
    let mut mailbox = rig.mailbox(Policy::default());
    for payload in [0, 4, 400] {
        rig.log.borrow_mut().clear();
        rig.exchange(&mut mailbox, &vec![7; payload]).unwrap();
        let dwords = 2 + payload / 4;
        let accesses = rig.log.borrow();
        let polls = accesses.iter().filter(|a| **a == Access::Read(0x0c)).count() - 3;
        assert_eq!((accesses.len() - polls, polls), (dwords + 1 + 2 * dwords + 3, 1));
    }
}

/// Row B1: Busy at the start means another agent has the mailbox. It is waited for, and nothing is written.
#[test]
fn a_foreign_busy_is_waited_for_and_never_aborted() {
    let rig = Rig::new();
    let mut mailbox = rig.mailbox(Policy::default());
    rig.device.borrow_mut().hold_busy(true);
    assert_eq!(rig.exchange(&mut mailbox, &[1]), Err(Error::Blocked(Holder::Busy)));
    assert_eq!((rig.writes(), rig.millis()), (0, 1000));
    assert!(!mailbox.is_dead());

    mailbox.send(&Request::new(TYPE, &[1])).unwrap();
    assert!(matches!(mailbox.advance(&mut &rig, rig.now()), Ok(Step::Wait(_))));
    rig.now.set(rig.now() + Duration::from_millis(900));
    rig.device.borrow_mut().hold_busy(false);
    assert_eq!(mailbox.advance(&mut &rig, rig.now()), Ok(Step::Answered), "released within the second");
}

/// Row B4: a mailbox that is blocked for good gives an error each time within its second, and no storm of retries:
/// looks become rarer up to the poll interval.
#[test]
fn a_permanent_busy_is_reported_and_looked_at_sparingly() {
    let rig = Rig::new();
    let mut mailbox = rig.mailbox(Policy::default());
    rig.device.borrow_mut().hold_busy(true);
    for round in 1..=3 {
        assert_eq!(rig.exchange(&mut mailbox, &[1]), Err(Error::Blocked(Holder::Busy)));
        assert_eq!(rig.millis(), 1000 * round);
    }
    let looks = rig.log.borrow().len() / 3;
    assert!((128..140).contains(&looks), "{looks} looks a second");
    assert_eq!(mailbox.statistics().blocked, 3);
}

/// Rows B20, B1: an unread answer before the send is a stranger's. It is waited for; only a host that is the single
/// agent by policy aborts it, once.
#[test]
fn a_strangers_answer_is_left_alone() {
    let rig = Rig::new();
    rig.device.borrow_mut().answer_raw(&[1, 0, 0, 0, 2, 0, 0, 0], Instant::ORIGIN);
    let mut mailbox = rig.mailbox(Policy::default());
    assert_eq!(rig.exchange(&mut mailbox, &[1]), Err(Error::Blocked(Holder::UnreadAnswer)));
    assert_eq!((rig.writes(), rig.millis()), (0, 1000));
    assert_eq!(mailbox.statistics().unread_answers, 1);

    let mut single = rig.mailbox(Policy { single_agent: true, ..Policy::default() });
    assert_eq!(rig.exchange(&mut single, &[1, 2, 3, 4]), Ok(vec![4, 3, 2, 1]));
    assert_eq!((rig.aborts(), single.statistics().unread_answers), (1, 1));
}

/// Row B20: Error before the send fails this exchange, then is aborted, so that the next one works.
#[test]
fn an_error_before_the_send_is_reported_and_cleared() {
    let rig = Rig::new();
    rig.device.borrow_mut().fail();
    let mut mailbox = rig.mailbox(Policy::default());
    assert_eq!(rig.exchange(&mut mailbox, &[1]), Err(Error::Faulted(Phase::Begin)));
    assert_eq!(rig.aborts(), 1);
    assert_eq!(rig.exchange(&mut mailbox, &[1, 0, 0, 0]), Ok(vec![0, 0, 0, 1]));
}

/// Row B6: a thousand sends need no abort; after a foreign touch the next one aborts once, and only that one.
#[test]
fn only_a_foreign_touch_costs_an_abort() {
    let rig = Rig::new();
    let mut mailbox = rig.mailbox(Policy::default());
    for _ in 0..1000 {
        rig.exchange(&mut mailbox, &[1]).unwrap();
        rig.log.borrow_mut().retain(|access| matches!(access, Access::Write(8, _)));
    }
    assert_eq!(rig.aborts(), 0);
    rig.device.borrow_mut().set_abort_time(Duration::from_millis(900));
    mailbox.distrust();
    let before = rig.millis();
    rig.exchange(&mut mailbox, &[1]).unwrap();
    rig.exchange(&mut mailbox, &[1]).unwrap();
    assert_eq!(rig.aborts(), 1);
    assert!((900..1000).contains(&(rig.millis() - before)));
}

/// Row B9: aborting before each access costs its time each time; knowing the state does not.
#[test]
fn aborting_first_pays_for_it_every_time() {
    let time = |abort_first| {
        let rig = Rig::new();
        rig.device.borrow_mut().set_abort_time(Duration::from_millis(100));
        let mut mailbox = rig.mailbox(Policy { abort_first, ..Policy::default() });
        (0..10).for_each(|_| drop(rig.exchange(&mut mailbox, &[1]).unwrap()));
        rig.millis()
    };
    assert_eq!(time(false), 0);
    assert!((1000..1100).contains(&time(true)));
}

/// Row B11: an abort may take 999 ms; one of 1001 ms leaves the mailbox dead, for good and without further accesses.
#[test]
fn an_abort_has_one_second() {
    // The last look is at one second sharp.
    for (millis, dead) in [(999, false), (1000, false), (1001, true)] {
        let rig = Rig::new();
        let mut mailbox = rig.mailbox(Policy::default());
        rig.device.borrow_mut().set_abort_time(Duration::from_millis(millis));
        rig.device.borrow_mut().fail();
        assert_eq!(rig.exchange(&mut mailbox, &[1]), Err(Error::Faulted(Phase::Begin)));
        assert_eq!((mailbox.is_dead(), rig.millis()), (dead, 1000), "{millis} ms");
        if dead {
            rig.log.borrow_mut().clear();
            assert_eq!(rig.exchange(&mut mailbox, &[1]), Err(Error::Dead));
            assert!(rig.log.borrow().is_empty());
        }
    }
}

#[test]
fn an_answer_has_one_second() {
    for (millis, result) in [(999, Ok(vec![])), (1000, Ok(vec![])), (1001, Err(Error::Timeout))] {
        let rig = Rig::new();
        rig.delay.set(Duration::from_millis(millis));
        let mut mailbox = rig.mailbox(Policy::default());
        assert_eq!(rig.exchange(&mut mailbox, &[]), result, "{millis} ms");
        rig.delay.set(Duration::ZERO);
        assert_eq!(rig.exchange(&mut mailbox, &[5, 0, 0, 0]), Ok(vec![0, 0, 0, 5]), "usable afterwards");
    }
}

/// Row B7: an answer of another protocol, or another connection, reaches nobody.
#[test]
fn someone_elses_answer_is_not_delivered() {
    let rig = Rig::new();
    let mut mailbox = rig.mailbox(Policy::default());
    *rig.raw.borrow_mut() = Some(vec![1, 0, 1, 0, 3, 0, 0, 0, 9, 9, 9, 9]);
    let wrong = Error::WrongProtocol { expected: TYPE, seen: Protocol::CMA_SPDM };
    assert_eq!(rig.exchange(&mut mailbox, &[1]), Err(wrong));
    assert_eq!((mailbox.answer(), wrong.blame()), (&[][..], crate::Blame::Peer));

    *rig.raw.borrow_mut() = Some(vec![1, 0, 3, 0, 2, 0, 8, 0]);
    let request = Request::new(Protocol::CMA_SPDM_WITH_CONNECTION, &[]).connection(3);
    let answer = exchange(&mut mailbox, &mut &rig, &rig, &request);
    assert_eq!(answer, Err(Error::WrongConnection { expected: 3, seen: 2 }));
}

/// What is asked in a session may be answered outside of it, and in nothing else; the connection stays the same.
#[test]
fn an_answer_may_be_of_the_protocol_that_the_request_allows() {
    let (secured, plain) = (Protocol::SECURED_CMA_SPDM_WITH_CONNECTION, Protocol::CMA_SPDM_WITH_CONNECTION);
    let ask = |kind: u8, connection: u8| {
        let rig = Rig::new();
        let mut mailbox = rig.mailbox(Policy::default());
        *rig.raw.borrow_mut() = Some(vec![1, 0, kind, 0, 3, 0, connection << 2, 0, 9, 9, 9, 9]);
        let request = Request::new(secured, &[]).connection(3).or_answered_in(plain);
        exchange(&mut mailbox, &mut &rig, &rig, &request).map(drop)?;
        Ok(mailbox.answer_protocol().unwrap())
    };
    assert_eq!(ask(4, 3), Ok(secured));
    assert_eq!(ask(3, 3), Ok(plain));
    assert_eq!(ask(3, 2), Err(Error::WrongConnection { expected: 3, seen: 2 }));
    assert_eq!(ask(1, 3).map_err(|error| error.blame()), Err(crate::Blame::Peer));
}

/// Row B16: peeking at the protocol of an answer tells users of different protocols apart and no others; two of the
/// same one would take each other's answers. So nothing here backs off after a peek: the mailbox has one owner.
#[test]
fn a_same_protocol_answer_cannot_be_told_from_ours() {
    let rig = Rig::new();
    let mut mailbox = rig.mailbox(Policy::default());
    *rig.raw.borrow_mut() = Some(vec![0x98, 0x1e, 2, 0, 3, 0, 0, 0, 9, 9, 9, 9]);
    assert_eq!(rig.exchange(&mut mailbox, &[1]), Ok(vec![9; 4]), "a stranger's, delivered to us");
}

#[test]
fn lengths_that_lie_are_refused_and_the_mailbox_goes_on() {
    let oversized = Error::TooLong { length: 1_048_568, room: 4096 };
    let cases = [
        (vec![0x98, 0x1e, 2, 0, 1, 0, 0, 0], Error::BadLength),
        (vec![0x98, 0x1e, 2, 0, 0, 0, 0, 0], oversized),
        (vec![0x98, 0x1e, 2, 0, 4, 0, 0, 0, 1, 1, 1, 1], Error::Truncated),
        (vec![0x98, 0x1e, 2, 0, 5, 0, 0, 0, 1, 1, 1, 1], Error::Faulted(Phase::Read)),
        (vec![0x98, 0x1e, 2, 0, 2, 0, 0, 0, 1, 1, 1, 1], Error::Overrun),
        (vec![0x98, 0x1e, 2, 0], Error::Truncated),
    ];
    for (raw, expected) in cases {
        let rig = Rig::new();
        let mut mailbox = rig.mailbox(Policy::default());
        *rig.raw.borrow_mut() = Some(raw.clone());
        assert_eq!(rig.exchange(&mut mailbox, &[1]), Err(expected), "{raw:x?}");
        *rig.raw.borrow_mut() = None;
        assert_eq!(rig.exchange(&mut mailbox, &[5, 0, 0, 0]), Ok(vec![0, 0, 0, 5]), "after {raw:x?}");
    }
}

/// Row T22: a device that vanishes ends the wait within one poll interval, and the mailbox is no burden any more.
#[test]
fn a_vanished_device_is_noticed_within_a_poll_interval() {
    let rig = Rig::new();
    rig.delay.set(Duration::from_millis(900));
    let mut mailbox = rig.mailbox(Policy::default());
    mailbox.send(&Request::new(TYPE, &[])).unwrap();
    while rig.millis() < 100 {
        let Ok(Step::Wait(until)) = mailbox.advance(&mut &rig, rig.now()) else { panic!("still in work") };
        assert!(until - rig.now() <= POLL_INTERVAL);
        rig.wait_until(until);
    }
    rig.gone.set(true);
    let gone = Error::Access { phase: Phase::Await, source: AccessError::Gone };
    assert_eq!(mailbox.advance(&mut &rig, rig.now()), Err(gone));
    assert_eq!(gone.blame(), crate::Blame::Transport);
    assert_eq!(rig.exchange(&mut mailbox, &[]).map_err(|e| e.blame()), Err(crate::Blame::Transport));
}

/// Row T12: the first exchanges poll, since there are no vectors yet. Once there are, the answer is noticed when it
/// comes, sooner than by polling; an interrupt that is lost costs time and nothing else.
#[test]
fn interrupts_are_used_once_they_exist_and_not_relied_on() {
    let time = |vectors, lose| {
        let rig = Rig::new();
        rig.delay.set(Duration::from_millis(20));
        rig.lose_interrupts.set(lose);
        let mut mailbox = rig.mailbox(Policy::default());
        mailbox.set_vectors(vectors);
        assert_eq!(rig.exchange(&mut mailbox, &[9, 0, 0, 0]), Ok(vec![0, 0, 0, 9]));
        let looks = rig.log.borrow().iter().filter(|a| **a == Access::Read(0x0c)).count();
        (rig.now().since_origin(), looks)
    };
    let (polled, polls) = time(false, false);
    let (interrupted, looks) = time(true, false);
    let (lost, _) = time(true, true);
    assert_eq!((interrupted, looks), (Duration::from_millis(20), 6));
    assert!(polled > interrupted && polled < Duration::from_millis(20) + POLL_INTERVAL && polls > looks);
    assert_eq!(lost, FIRST_POLL_INTERVAL + INTERRUPT_POLL_INTERVAL);
}

/// Row T13: whether a request finds out that interrupts exist or asks for one gives the same answer.
#[test]
fn both_ways_to_ask_for_interrupts_give_the_same() {
    for (interrupts, ask, expected) in [
        (InterruptUse::WhenAllocated, false, 2),
        (InterruptUse::WhenAsked, true, 2),
        (InterruptUse::WhenAsked, false, 0),
    ] {
        let rig = Rig::new();
        let mut mailbox = rig.mailbox(Policy { interrupts, ..Policy::default() });
        mailbox.set_vectors(true);
        let request = Request::new(TYPE, &[1, 0, 0, 0]);
        let request = if ask { request.interrupt() } else { request };
        assert_eq!(exchange(&mut mailbox, &mut &rig, &rig, &request), Ok(&[0, 0, 0, 1][..]));
        assert!(rig.log.borrow().contains(&Access::Write(8, 0x8000_0000 | expected)));
    }
}

/// Row B10: an abort ends what is in flight, for its caller once, and what it would have answered reaches nobody;
/// who waited behind it is told as well.
#[test]
fn an_abort_cancels_and_leaves_no_stale_answer() {
    let rig = Rig::new();
    rig.delay.set(Duration::from_millis(50));
    let mut mailbox = rig.mailbox(Policy::default());
    mailbox.send(&Request::new(TYPE, &[1, 1, 1, 1])).unwrap();
    assert!(matches!(mailbox.advance(&mut &rig, rig.now()), Ok(Step::Wait(_))));
    mailbox.cancel();
    let end = loop {
        match mailbox.advance(&mut &rig, rig.now()) {
            Ok(Step::Wait(until)) => rig.wait_until(until),
            end => break end,
        }
    };
    assert_eq!(end, Err(Error::Cancelled));
    assert_eq!(mailbox.advance(&mut &rig, rig.now()), Err(Misuse::Idle.into()), "once");

    mailbox.send(&Request::new(TYPE, &[2, 2, 2, 2])).unwrap();
    mailbox.cancel();
    let writes = rig.writes();
    assert_eq!(mailbox.advance(&mut &rig, rig.now()), Err(Error::Cancelled));
    assert_eq!(rig.writes(), writes, "nothing had been sent, nothing is aborted");
    assert_eq!(rig.exchange(&mut mailbox, &[3, 0, 0, 0]), Ok(vec![0, 0, 0, 3]));
}

/// Row B17: exchanges finish in the order in which they were submitted, even where each would be quicker than the one
/// before. A request that is refused because another is in work is never written and changes nothing.
#[test]
fn exchanges_finish_in_the_order_of_submission() {
    let rig = Rig::new();
    let mut mailbox = rig.mailbox(Policy::default());
    let mut finished = Vec::new();
    for number in 1..=5_u8 {
        rig.delay.set(Duration::from_millis(600 - 100 * u64::from(number)));
        mailbox.send(&Request::new(TYPE, &[number, 0, 0, 0])).unwrap();
        while let Step::Wait(until) = mailbox.advance(&mut &rig, rig.now()).unwrap() {
            assert_eq!(mailbox.send(&Request::new(TYPE, &[0xee; 8])), Err(Misuse::InFlight.into()));
            rig.wait_until(until);
        }
        finished.push(mailbox.answer().to_vec());
    }
    assert_eq!(finished, [1, 2, 3, 4, 5].map(|number| vec![0, 0, 0, number]));
    let objects: Vec<_> = rig.written().chunks(3).map(<[u32]>::to_vec).collect();
    assert_eq!(objects, [1, 2, 3, 4, 5].map(|number| vec![0x0002_1e98, 3, number]), "and nothing else");
    assert_eq!(mailbox.statistics(), Statistics { sent: 5, answered: 5, ..Statistics::default() });
}

/// Row B17: one mailbox works one exchange at a time; two mailboxes work at the same time.
#[test]
fn a_mailbox_is_serial_and_mailboxes_are_parallel() {
    let rigs = [Rig::new(), Rig::new()];
    let mut mailboxes = [0, 1].map(|i| rigs[i].mailbox(Policy::default()));
    for (rig, mailbox) in rigs.iter().zip(&mut mailboxes) {
        rig.delay.set(Duration::from_millis(500));
        mailbox.send(&Request::new(TYPE, &[1])).unwrap();
        assert_eq!(mailbox.send(&Request::new(TYPE, &[2])), Err(Misuse::InFlight.into()));
    }
    let mut now = Instant::ORIGIN;
    while mailboxes.iter().any(Mailbox::is_busy) {
        let mut next = Instant::new(Duration::MAX);
        for (rig, mailbox) in rigs.iter().zip(&mut mailboxes) {
            rig.now.set(now);
            if let Step::Wait(until) = mailbox.advance(&mut &*rig, now).unwrap() {
                next = next.min(until);
            }
        }
        now = next.max(now).min(Instant::from_millis(600));
    }
    assert!(rigs.iter().all(|rig| rig.millis() < 510), "both within the time of one");
}

#[test]
fn requests_that_cannot_be_are_refused_before_anything_is_written() {
    let rig = Rig::new();
    let mut mailbox = rig.mailbox(Policy::default());
    let too_long = vec![0; 4097];
    assert_eq!(
        mailbox.send(&Request::new(TYPE, &too_long)),
        Err(Misuse::NoRoom { length: 4097, room: 4096 }.into())
    );
    let connection = Request::new(TYPE, &[]).connection(1);
    assert_eq!(mailbox.send(&connection), Err(Misuse::Header(crate::HeaderError::Connection(1)).into()));
    assert_eq!(mailbox.advance(&mut &rig, rig.now()), Err(Misuse::Idle.into()));
    assert!(rig.log.borrow().is_empty());
}

#[test]
fn a_longer_buffer_takes_the_answer_that_was_too_long() {
    let rig = Rig::new();
    *rig.raw.borrow_mut() = Some([&[0x98, 0x1e, 2, 0, 4, 0, 0, 0][..], &[7; 8]].concat());
    let mut mailbox = Mailbox::new(capability(), vec![0; 4], Policy::default());
    assert_eq!(rig.exchange(&mut mailbox, &[]), Err(Error::TooLong { length: 8, room: 4 }));
    assert_eq!(mailbox.replace_buffer(vec![0; 8]), Ok(vec![0; 4]));
    assert_eq!(rig.exchange(&mut mailbox, &[]), Ok(vec![7; 8]));

    rig.delay.set(Duration::from_millis(1));
    mailbox.send(&Request::new(TYPE, &[])).unwrap();
    assert!(matches!(mailbox.advance(&mut &rig, rig.now()), Ok(Step::Wait(_))));
    assert_eq!(mailbox.replace_buffer(vec![]), Err(Misuse::InFlight));
}
