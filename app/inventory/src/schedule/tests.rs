#![allow(clippy::arithmetic_side_effects)]

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use lanewarden_doe::{
    Carrier, DISCOVERY_RESPONSE_MAX, Misuse, NotCarried, Ownership, Policy, Protocol, Request, Statistics,
    Step,
};
use lanewarden_pci::{AccessError, Address, Claim, Image, LockError, Machine};
use lanewarden_time::Clock;

use super::*;

/// Nobody looks at a mailbox here before its answer has come.
const LATE: Duration = Duration::from_secs(3600);

/// What the host and its carriers know together.
#[derive(Default)]
struct Shared {
    now: Cell<Instant>,
    /// Who waits for an answer, in the order of the requests.
    asked: RefCell<Vec<MailboxId>>,
    answered: RefCell<Vec<MailboxId>>,
    /// How often a carrier was driven.
    looks: Cell<usize>,
    /// How many answers come at once; one if that is 0.
    at_once: Cell<usize>,
}

/// A host whose mailboxes somebody else drives: its clock returns each time that an answer has come, and the latest request
/// is answered first.
#[derive(Default)]
struct Elsewhere(Rc<Shared>);

impl Clock for Elsewhere {
    fn now(&self) -> Instant {
        self.0.now.get()
    }

    fn wait_until(&self, deadline: Instant) {
        let mut asked = self.0.asked.borrow_mut();
        if asked.is_empty() {
            return self.0.now.set(deadline);
        }
        let kept = asked.len().saturating_sub(self.0.at_once.get().max(1));
        self.0.answered.borrow_mut().extend(asked.drain(kept..));
        self.0.now.set(self.now() + Duration::from_millis(1));
    }
}

impl Machine for Elsewhere {
    type Config = Image;
    type Lock = ();

    fn functions(&self) -> Result<Vec<Address>, AccessError> {
        Ok(Vec::new())
    }

    fn open(&self, _: Address) -> Result<Image, AccessError> {
        Err(AccessError::Gone)
    }

    fn try_lock(&self, _: MailboxId) -> Result<(), LockError> {
        Err(LockError::Denied)
    }

    fn claim(&self, _: MailboxId) -> Option<Claim> {
        None
    }

    fn driver(&self, _: Address) -> Option<String> {
        None
    }

    fn cxl_objects(&self, _: Address) -> Vec<String> {
        Vec::new()
    }

    fn kernel_doe_features(&self, _: Address) -> Option<Vec<String>> {
        None
    }

    fn kernel_cdat(&self, _: Address) -> Option<Vec<u8>> {
        None
    }

    fn host_bridge_uid(&self, _: u32, _: u8) -> Option<u32> {
        None
    }

    fn acpi_tables(&self, _: [u8; 4]) -> Result<Vec<Vec<u8>>, AccessError> {
        Ok(Vec::new())
    }
}

impl Host for Elsewhere {
    type Carrier = Line;

    fn carrier(&self, mailbox: MailboxId, _: Doe, _: usize, _: Policy) -> Result<Line, AccessError> {
        Ok(Line { shared: Rc::clone(&self.0), mailbox, is_busy: false })
    }

    fn at_once(&self) -> usize {
        3
    }
}

struct Line {
    shared: Rc<Shared>,
    mailbox: MailboxId,
    is_busy: bool,
}

impl Carrier<Elsewhere> for Line {
    fn own(&mut self, _: &Elsewhere, _: Instant) -> Result<Ownership, NotCarried> {
        Ok(Ownership::Owned)
    }

    fn send(&mut self, _: &Request<'_>) -> Result<(), NotCarried> {
        self.shared.asked.borrow_mut().push(self.mailbox);
        self.is_busy = true;
        Ok(())
    }

    fn advance(&mut self, now: Instant) -> Result<Step, NotCarried> {
        self.shared.looks.set(self.shared.looks.get() + 1);
        if !self.has_news() {
            return Ok(Step::Wait(now + LATE));
        }
        self.shared.answered.borrow_mut().retain(|answered| *answered != self.mailbox);
        self.is_busy = false;
        Ok(Step::Answered)
    }

    fn answer(&self) -> &[u8] {
        &[1, 2, 3, 4]
    }

    fn answer_protocol(&self) -> Option<Protocol> {
        None
    }

    fn is_busy(&self) -> bool {
        self.is_busy
    }

    fn is_dead(&self) -> bool {
        false
    }

    fn statistics(&self) -> Statistics {
        Statistics::default()
    }

    fn room(&self) -> usize {
        DISCOVERY_RESPONSE_MAX
    }

    fn make_room(&mut self, _: usize) -> Result<(), Misuse> {
        Ok(())
    }

    fn has_news(&self) -> bool {
        self.shared.answered.borrow().contains(&self.mailbox)
    }
}

fn ask(host: &Elsewhere, mailboxes: u16) -> Vec<MailboxReport> {
    let request =
        Work::Request { protocol: Protocol::DISCOVERY, connection: 0, payload: vec![0; 4], most: 4 };
    let mailbox = |number: u16| {
        let offset = 0x100 + 0x20 * number;
        let doe = Doe { offset, version: 1, interrupt: None, attention: false, async_messages: false };
        (MailboxId { address: Address::from_devfn(0, 1, 0), offset }, doe, request.clone())
    };
    work(host, (0..mailboxes).map(mailbox).collect(), Options::default(), &mut |_| ())
}

/// Answers that somebody else waits for are taken when they come, not when their mailboxes are due, and nobody is looked at
/// who has none.
#[test]
fn a_clock_that_returns_early_brings_those_with_news_forward() {
    let host = Elsewhere::default();
    let reports = ask(&host, 3);
    assert!(
        reports.iter().all(|report| matches!(&report.answer, Some(Ok(answer)) if answer == &[1, 2, 3, 4]))
    );
    let elapsed: Vec<_> = reports.iter().map(|report| report.elapsed.as_millis()).collect();
    assert_eq!(elapsed, [3, 2, 1], "in milliseconds, the latest first");
    assert_eq!(host.0.looks.get(), 3 * 2, "once after each request and once at each answer");
}

/// Two answers come while the clock returns once.
#[test]
fn all_who_have_news_are_brought_forward() {
    let host = Elsewhere::default();
    host.0.at_once.set(2);
    let reports = ask(&host, 3);
    let elapsed: Vec<_> = reports.iter().map(|report| report.elapsed.as_millis()).collect();
    assert_eq!(elapsed, [2, 1, 1]);
}

#[test]
fn no_more_are_open_than_the_host_takes() {
    let host = Elsewhere::default();
    let elapsed: Vec<_> = ask(&host, 5).iter().map(|report| report.elapsed.as_millis()).collect();
    // The fourth takes the place of the third, which is answered first, and is then the latest itself.
    assert_eq!(elapsed, [5, 4, 1, 2, 3]);
}
