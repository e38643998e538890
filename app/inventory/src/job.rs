//! The work on one mailbox, from its lock to its last answer.

use std::time::Duration;

use lanewarden_cxl::table_access::TableWalk;
use lanewarden_doe::{
    Carrier, Discovery, Error, Feature, Host, NotCarried, Ownership, Protocol, Request, Step,
};
use lanewarden_pci::MailboxId;
use lanewarden_pci::registers::doe::Doe;
use lanewarden_time::Instant;

use crate::conversation::{Conversation, Turn};
use crate::error;
use crate::{MailboxError, MailboxReport, Options, TableReport, TableSource};

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

/// What a job is about.
pub(crate) enum Task<'c> {
    /// Work that is known here.
    Work(Work),
    /// A protocol that the caller speaks.
    Conversation(&'c mut dyn Conversation),
}

/// One mailbox with work on it. The mailbox is owned from the first exchange to the last, so that a walk is never mixed
/// with another process' (row B12).
pub(crate) struct Job<'c, H: Host> {
    carrier: H::Carrier,
    options: Options,
    /// Of the wait for the mailbox, then of the walks.
    deadline: Option<Instant>,
    stage: Stage<'c>,
    /// What was asked for last.
    asked: error::Step,
    report: MailboxReport,
}

enum Stage<'c> {
    Own(Task<'c>),
    Discovery { walk: Box<Discovery>, found: Vec<Feature>, table: bool },
    Table(Box<TableWalk>),
    Request(Work),
    Conversation(&'c mut dyn Conversation),
    Done,
}

/// What comes next, with the mailbox idle.
enum Next {
    Send {
        step: error::Step,
        protocol: Protocol,
        alternative: Option<Protocol>,
        payload: Vec<u8>,
        connection: u16,
    },
    Wait(Instant),
    Finish,
}

impl<'c, H: Host> Job<'c, H> {
    /// The job, or the report of one that ended before it began.
    pub fn new(
        host: &H,
        id: MailboxId,
        capability: Doe,
        task: Task<'c>,
        options: Options,
    ) -> Result<Self, Box<MailboxReport>> {
        let mut report = MailboxReport::new(id, capability);
        report.claim = host.claim(id);
        let refusal = report.claim.clone().filter(|_| !options.shared).map(MailboxError::InUse);
        let room = match &task {
            Task::Work(Work::Request { payload, most, .. }) => payload.len().max(*most),
            Task::Conversation(conversation) => conversation.longest().next_multiple_of(4),
            Task::Work(_) => USUAL_BUFFER,
        };
        let carrier = match refusal {
            Some(refusal) => Err(refusal),
            None => host.carrier(id, capability, room, options.policy).map_err(MailboxError::Open),
        };
        match carrier {
            Ok(carrier) => {
                let (stage, asked) = (Stage::Own(task), error::Step::Request);
                Ok(Self { carrier, options, deadline: None, stage, asked, report })
            }
            Err(error) => {
                fail(&mut report, &mut Stage::Own(task), error);
                Err(Box::new(report))
            }
        }
    }

    /// Goes on as far as possible without waiting; when to be called next, or `None` at the end.
    pub fn advance(&mut self, host: &H) -> Option<Instant> {
        loop {
            match self.step(host) {
                Ok(None) if matches!(self.stage, Stage::Done) => return self.end(),
                Ok(None) => {}
                Ok(Some(at)) => return Some(at),
                Err(error) => {
                    fail(&mut self.report, &mut self.stage, error);
                    return self.end();
                }
            }
        }
    }

    /// Whether to go on before the time that was named, the clock having returned early.
    pub fn has_news(&self) -> bool {
        self.carrier.has_news()
    }

    /// The report of a job that has ended.
    pub fn into_report(self, elapsed: Duration) -> MailboxReport {
        MailboxReport { elapsed, ..self.report }
    }

    fn end(&mut self) -> Option<Instant> {
        self.stage = Stage::Done;
        self.report.dead = self.carrier.is_dead();
        self.report.statistics = self.carrier.statistics();
        None
    }

    fn step(&mut self, host: &H) -> Result<Option<Instant>, MailboxError> {
        if matches!(self.stage, Stage::Own(_)) {
            return self.own(host);
        }
        if !self.carrier.is_busy() {
            match self.next(host.now()) {
                Next::Finish => return self.finish().map(|()| None),
                Next::Wait(at) => return Ok(Some(at)),
                Next::Send { step, protocol, alternative, payload, connection } => {
                    self.asked = step;
                    self.check_time(host.now())?;
                    let mut request = Request::new(protocol, &payload).connection(connection);
                    if let Some(alternative) = alternative {
                        request = request.or_answered_in(alternative);
                    }
                    self.carrier.send(&request).map_err(|error| MailboxError::at(step, error))?;
                }
            }
        }
        let step = self.asked;
        match self.carrier.advance(host.now()) {
            Ok(Step::Wait(at)) => Ok(Some(at)),
            Ok(Step::Answered) => {
                self.check_claim(host)?;
                self.answer(host.now())?;
                Ok(None)
            }
            Err(NotCarried::Exchange(Error::TooLong { length, .. })) if self.may_grow(length) => {
                let grown = self.carrier.make_room(LONGEST_BUFFER);
                grown.map_err(|misuse| MailboxError::at(step, misuse.into()))?;
                Ok(None)
            }
            Err(error) => Err(MailboxError::at(step, error)),
        }
    }

    /// Whether a walk's answer fits after all. The caller's own request is never sent twice.
    fn may_grow(&self, length: usize) -> bool {
        let walk = matches!(self.stage, Stage::Discovery { .. } | Stage::Table(_));
        walk && self.carrier.room() < LONGEST_BUFFER && length <= LONGEST_BUFFER
    }

    /// Every answer comes in time, and there may be too many of them.
    fn check_time(&self, now: Instant) -> Result<(), MailboxError> {
        let limit = match &self.stage {
            Stage::Conversation(conversation) => conversation.patience(),
            _ => WALK_TIME,
        };
        let is_over = self.deadline.is_some_and(|deadline| now >= deadline);
        if is_over { Err(MailboxError::Slow { step: self.asked, limit }) } else { Ok(()) }
    }

    fn own(&mut self, host: &H) -> Result<Option<Instant>, MailboxError> {
        let now = host.now();
        let deadline = *self.deadline.get_or_insert(now + self.options.lock_wait);
        let owned = self.carrier.own(host, deadline);
        if let Ownership::Wait(at) = owned.map_err(|error| MailboxError::at(error::Step::Claim, error))? {
            return Ok(Some(at));
        }
        let Stage::Own(task) = std::mem::replace(&mut self.stage, Stage::Done) else { return Ok(None) };
        let version = self.report.capability.version;
        self.deadline = Some(now + WALK_TIME);
        self.stage = match task {
            Task::Work(work @ (Work::Everything | Work::Discovery)) => {
                let walk = Box::new(Discovery::new(version));
                Stage::Discovery { walk, found: Vec::new(), table: work == Work::Everything }
            }
            Task::Work(Work::Table) => Stage::Table(Box::new(TableWalk::new())),
            Task::Work(work @ Work::Request { .. }) => Stage::Request(work),
            Task::Conversation(conversation) => {
                self.deadline = Some(now + conversation.patience());
                Stage::Conversation(conversation)
            }
        };
        Ok(None)
    }

    /// The request that the present stage makes; the end once it has all its answers.
    fn next(&mut self, now: Instant) -> Next {
        let walks = |step, protocol, payload: Option<Vec<u8>>| {
            payload.map(|payload| Next::Send { step, protocol, alternative: None, payload, connection: 0 })
        };
        let next = match &mut self.stage {
            Stage::Discovery { walk, .. } => {
                let payload = walk.request();
                let step = error::Step::Discovery(payload.map_or(0, |payload| payload[0]));
                walks(step, Protocol::DISCOVERY, payload.map(|payload| payload.to_vec()))
            }
            Stage::Table(walk) => {
                let payload = walk.request();
                let handle = payload.map_or(0, |[_, _, low, high]| u16::from_le_bytes([low, high]));
                let step = error::Step::TableEntry(handle);
                walks(step, Protocol::CXL_TABLE_ACCESS, payload.map(|payload| payload.to_vec()))
            }
            Stage::Request(Work::Request { protocol, connection, payload, .. }) => {
                let (protocol, connection, payload) = (*protocol, *connection, payload.clone());
                let step = error::Step::Request;
                Some(Next::Send { step, protocol, alternative: None, payload, connection })
            }
            Stage::Conversation(conversation) => match conversation.turn(now) {
                Turn::Say { what, protocol, alternative, connection, payload } => {
                    let (step, payload) = (error::Step::Message(what), payload.to_vec());
                    Some(Next::Send { step, protocol, alternative, payload, connection })
                }
                Turn::Wait(at) => Some(Next::Wait(at)),
                Turn::Over => None,
            },
            Stage::Own(_) | Stage::Request(_) | Stage::Done => None,
        };
        next.unwrap_or(Next::Finish)
    }

    /// The kernel may have taken the mailbox up while we used it. Then the answer may be its, not ours.
    fn check_claim(&mut self, host: &H) -> Result<(), MailboxError> {
        if self.options.shared {
            return Ok(());
        }
        self.report.claim = host.claim(self.report.id);
        self.report.claim.clone().map_or(Ok(()), |claim| Err(MailboxError::InUse(claim)))
    }

    fn answer(&mut self, now: Instant) -> Result<(), MailboxError> {
        match &mut self.stage {
            Stage::Discovery { walk, found, .. } => found.extend(walk.answer(self.carrier.answer())?),
            Stage::Table(walk) => walk.answer(self.carrier.answer())?,
            Stage::Request(_) => {
                self.report.answer = Some(Ok(self.carrier.answer().to_vec()));
                self.stage = Stage::Done;
            }
            Stage::Conversation(conversation) => {
                let protocol = self.carrier.answer_protocol().unwrap_or_default();
                conversation.answer(now, protocol, self.carrier.answer());
            }
            Stage::Own(_) | Stage::Done => {}
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
            Stage::Own(_) | Stage::Request(_) | Stage::Conversation(_) | Stage::Done => {}
        }
        Ok(())
    }
}

/// Notes an error where the result would have been.
fn fail(report: &mut MailboxReport, stage: &mut Stage<'_>, error: MailboxError) {
    let table = |error| TableReport { source: TableSource::Mailbox, table: Err(error) };
    match stage {
        Stage::Own(Task::Work(Work::Everything | Work::Discovery)) | Stage::Discovery { .. } => {
            report.features = Some(Err(error));
        }
        Stage::Own(Task::Work(Work::Request { .. })) | Stage::Request(_) => report.answer = Some(Err(error)),
        Stage::Own(Task::Conversation(conversation)) | Stage::Conversation(conversation) => {
            conversation.failed(&error);
            report.answer = Some(Err(error));
        }
        Stage::Table(walk) => {
            report.partial_table = walk.partial().to_vec();
            report.table = Some(table(error));
        }
        Stage::Own(Task::Work(Work::Table)) | Stage::Done => report.table = Some(table(error)),
    }
}
