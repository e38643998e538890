//! The work on one mailbox, from its lock to its last answer.

use std::time::Duration;

use lanewarden_cxl::table_access::TableWalk;
use lanewarden_doe::{Discovery, Error, Feature, Mailbox, Protocol, Request, Step};
use lanewarden_pci::registers::doe::Doe;
use lanewarden_pci::{LockError, Machine, MailboxId};
use lanewarden_time::Instant;

use crate::error;
use crate::{MailboxError, MailboxReport, Options, TableReport, TableSource};

/// How often a lock that another process holds is tried again.
const LOCK_INTERVAL: Duration = Duration::from_millis(5);
/// How long a walk may take from its first exchange to its last. A device bounds each answer by a second and names how
/// many there are, up to 65,535: without this, one that is slow on purpose would hold a scan for hours.
pub const WALK_TIME: Duration = Duration::from_secs(30);
/// Room for what nearly every answer of a walk takes. Clearing more would cost more than the exchanges themselves.
const USUAL_BUFFER: usize = 1024;
/// Room for a table entry of any length: its length field has 16 bits, and a DW goes before it.
const LONGEST_BUFFER: usize = 65_535 + 4 + 3;

/// What to do on a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// Walk the discovery list and, where it has table access, read the table.
    Everything,
    /// Walk the discovery list.
    Discovery,
    /// Read the table.
    Table,
    /// One request of the caller's own.
    Request {
        /// Its protocol.
        protocol: Protocol,
        /// Its connection ID, 0 for protocols without one.
        connection: u16,
        /// Its payload.
        payload: Vec<u8>,
        /// The longest payload to take in answer, in bytes.
        most: usize,
    },
}

/// One mailbox with work on it. The lock is held from the first exchange to the last, so that a walk is never mixed
/// with another process' (row B12).
pub(crate) struct Job<M: Machine> {
    config: M::Config,
    lock: Option<M::Lock>,
    mailbox: Mailbox<Vec<u8>>,
    options: Options,
    /// Of the wait for the lock, then of the walks.
    deadline: Option<Instant>,
    stage: Stage,
    report: MailboxReport,
}

enum Stage {
    Lock(Work),
    Discovery { walk: Box<Discovery>, found: Vec<Feature>, table: bool },
    Table(Box<TableWalk>),
    Request(Work),
    Done,
}

impl<M: Machine> Job<M> {
    /// The job, or the report of one that ended before it began.
    pub fn new(
        machine: &M,
        id: MailboxId,
        capability: Doe,
        work: Work,
        options: Options,
    ) -> Result<Self, Box<MailboxReport>> {
        let mut report = MailboxReport::new(id, capability);
        report.claim = machine.claim(id);
        let refusal = report.claim.clone().filter(|_| !options.shared).map(MailboxError::InUse);
        let config = match refusal {
            Some(refusal) => Err(refusal),
            None => machine.open(id.address).map_err(MailboxError::Open),
        };
        let room = match &work {
            Work::Request { payload, most, .. } => payload.len().max(*most),
            _ => USUAL_BUFFER,
        };
        match config {
            Ok(config) => {
                let mailbox = Mailbox::new(capability, vec![0; room], options.policy);
                let stage = Stage::Lock(work);
                Ok(Self { config, lock: None, mailbox, options, deadline: None, stage, report })
            }
            Err(error) => {
                fail(&mut report, &Stage::Lock(work), error);
                Err(Box::new(report))
            }
        }
    }

    /// Goes on as far as possible without waiting; when to be called next, or `None` at the end.
    pub fn advance(&mut self, machine: &M) -> Option<Instant> {
        loop {
            match self.step(machine) {
                Ok(None) if matches!(self.stage, Stage::Done) => return self.end(),
                Ok(None) => {}
                Ok(Some(at)) => return Some(at),
                Err(error) => {
                    fail(&mut self.report, &self.stage, error);
                    return self.end();
                }
            }
        }
    }

    /// The report of a job that has ended.
    pub fn into_report(self, elapsed: Duration) -> MailboxReport {
        MailboxReport { elapsed, ..self.report }
    }

    fn end(&mut self) -> Option<Instant> {
        self.stage = Stage::Done;
        self.lock = None;
        self.report.dead = self.mailbox.is_dead();
        self.report.statistics = self.mailbox.statistics();
        None
    }

    fn step(&mut self, machine: &M) -> Result<Option<Instant>, MailboxError> {
        if let Stage::Lock(work) = &self.stage {
            let work = work.clone();
            return self.lock(machine, work);
        }
        let Some((step, protocol, payload, connection)) = self.request() else {
            return self.finish().map(|()| None);
        };
        let exchange = |source| MailboxError::Exchange { step, source };
        if !self.mailbox.is_busy() {
            if self.deadline.is_some_and(|deadline| machine.now() >= deadline) {
                return Err(MailboxError::Slow { step, limit: WALK_TIME });
            }
            let request = Request::new(protocol, &payload).connection(connection);
            self.mailbox.send(&request).map_err(exchange)?;
        }
        match self.mailbox.advance(&mut self.config, machine.now()) {
            Ok(Step::Wait(at)) => Ok(Some(at)),
            Ok(Step::Answered) => {
                self.check_claim(machine)?;
                self.answer()?;
                Ok(None)
            }
            Err(Error::TooLong { length, .. }) if self.may_grow(length) => {
                let buffer = vec![0; LONGEST_BUFFER];
                self.mailbox.replace_buffer(buffer).map_err(|misuse| exchange(misuse.into()))?;
                Ok(None)
            }
            Err(error) => Err(exchange(error)),
        }
    }

    /// Whether a walk's answer fits after all. The caller's own request is never sent twice.
    fn may_grow(&self, length: usize) -> bool {
        let walk = matches!(self.stage, Stage::Discovery { .. } | Stage::Table(_));
        walk && self.mailbox.room() < LONGEST_BUFFER && length <= LONGEST_BUFFER
    }

    fn lock(&mut self, machine: &M, work: Work) -> Result<Option<Instant>, MailboxError> {
        let now = machine.now();
        let deadline = *self.deadline.get_or_insert(now + self.options.lock_wait);
        match machine.try_lock(self.report.id) {
            Ok(lock) => self.lock = Some(lock),
            Err(LockError::Held(_)) if now < deadline => {
                return Ok(Some((now + LOCK_INTERVAL).min(deadline)));
            }
            Err(error) => return Err(error.into()),
        }
        let version = self.report.capability.version;
        self.deadline = Some(now + WALK_TIME);
        self.stage = match work {
            Work::Everything | Work::Discovery => {
                let walk = Box::new(Discovery::new(version));
                Stage::Discovery { walk, found: Vec::new(), table: work == Work::Everything }
            }
            Work::Table => Stage::Table(Box::new(TableWalk::new())),
            Work::Request { .. } => Stage::Request(work),
        };
        Ok(None)
    }

    /// The request that the present stage makes; `None` once it has all its answers.
    fn request(&self) -> Option<(error::Step, Protocol, Vec<u8>, u16)> {
        match &self.stage {
            Stage::Discovery { walk, .. } => {
                let payload = walk.request()?;
                let step = error::Step::Discovery(payload[0]);
                Some((step, Protocol::DISCOVERY, payload.to_vec(), 0))
            }
            Stage::Table(walk) => {
                let payload = walk.request()?;
                let [_, _, low, high] = payload;
                let step = error::Step::TableEntry(u16::from_le_bytes([low, high]));
                Some((step, Protocol::CXL_TABLE_ACCESS, payload.to_vec(), 0))
            }
            Stage::Request(Work::Request { protocol, connection, payload, .. }) => {
                Some((error::Step::Request, *protocol, payload.clone(), *connection))
            }
            _ => None,
        }
    }

    /// The kernel may have taken the mailbox up while we used it. Then the answer may be its, not ours.
    fn check_claim(&mut self, machine: &M) -> Result<(), MailboxError> {
        if self.options.shared {
            return Ok(());
        }
        self.report.claim = machine.claim(self.report.id);
        self.report.claim.clone().map_or(Ok(()), |claim| Err(MailboxError::InUse(claim)))
    }

    fn answer(&mut self) -> Result<(), MailboxError> {
        match &mut self.stage {
            Stage::Discovery { walk, found, .. } => found.extend(walk.answer(self.mailbox.answer())?),
            Stage::Table(walk) => walk.answer(self.mailbox.answer())?,
            Stage::Request(_) => {
                self.report.answer = Some(Ok(self.mailbox.answer().to_vec()));
                self.stage = Stage::Done;
            }
            Stage::Lock(_) | Stage::Done => {}
        }
        Ok(())
    }

    /// Takes what the stage has found and goes on to the next.
    fn finish(&mut self) -> Result<(), MailboxError> {
        match std::mem::replace(&mut self.stage, Stage::Done) {
            Stage::Discovery { found, table, .. } => {
                self.report.features = Some(Ok(found));
                if table && self.report.speaks(Protocol::CXL_TABLE_ACCESS) {
                    self.stage = Stage::Table(Box::new(TableWalk::new()));
                }
            }
            Stage::Table(walk) => {
                let table = Ok(walk.finish()?);
                self.report.table = Some(TableReport { source: TableSource::Mailbox, table });
            }
            Stage::Lock(_) | Stage::Request(_) | Stage::Done => {}
        }
        Ok(())
    }
}

/// Notes an error where the result would have been.
fn fail(report: &mut MailboxReport, stage: &Stage, error: MailboxError) {
    let table = |error| TableReport { source: TableSource::Mailbox, table: Err(error) };
    match stage {
        Stage::Lock(Work::Everything | Work::Discovery) | Stage::Discovery { .. } => {
            report.features = Some(Err(error));
        }
        Stage::Lock(Work::Request { .. }) | Stage::Request(_) => report.answer = Some(Err(error)),
        Stage::Table(walk) => {
            report.partial_table = walk.partial().to_vec();
            report.table = Some(table(error));
        }
        Stage::Lock(Work::Table) | Stage::Done => report.table = Some(table(error)),
    }
}
