//! Data objects carried by the daemon.

use std::rc::Rc;
use std::time::Duration;

use lanewarden_doe::{
    Carrier, Declined, Error, Header, Misuse, NotCarried, Ownership, Protocol, Request, Statistics, Step,
};
use lanewarden_ipc::Base64;
use lanewarden_ipc::mailbox::{Exchange, Object};
use lanewarden_pci::MailboxId;
use lanewarden_time::{Clock, Instant};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::line::{How, Outcome, Post, Task};
use super::{Remote, refusal};

/// How long an answer of the daemon may take beyond what it waits for itself. An exchange waits for somebody else to let go,
/// for an abort before it, for the answer and for an abort after it, a second each at most.
const EXCHANGE: Duration = Duration::from_secs(30);
const SLACK: Duration = Duration::from_secs(5);

/// Carries objects to one mailbox over a connection of its own, which has the mailbox claimed.
pub struct Line {
    mailbox: MailboxId,
    room: usize,
    is_detaching: bool,
    connection: Option<Connection>,
    is_owned: bool,
    /// What is in work, until when it has to be done.
    pending: Option<Pending>,
    answer: Option<Object>,
    is_dead: bool,
    statistics: Statistics,
}

struct Connection {
    asked: mpsc::UnboundedSender<Box<Exchange>>,
    post: Rc<Post>,
    task: AbortHandle,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Clone, Copy)]
struct Pending {
    expected: Protocol,
    alternative: Option<Protocol>,
    /// Known from the first call after the request on, as with a mailbox.
    until: Option<Instant>,
}

impl Line {
    pub(super) fn new(mailbox: MailboxId, room: usize) -> Self {
        Self {
            mailbox,
            room,
            is_detaching: false,
            connection: None,
            is_owned: false,
            pending: None,
            answer: None,
            is_dead: false,
            statistics: Statistics::default(),
        }
    }

    /// One that takes its mailbox away from everybody else. For debugging.
    pub fn detaching(mailbox: MailboxId) -> Self {
        Self { is_detaching: true, ..Self::new(mailbox, 0) }
    }

    fn connect(&mut self, host: &Remote, until: Instant) -> &Connection {
        let shared = &host.shared;
        let (mailbox, is_detaching) = (self.mailbox, self.is_detaching);
        self.connection.get_or_insert_with(|| {
            let (asked, asks) = mpsc::unbounded_channel();
            let post = Rc::<Post>::default();
            let how = if is_detaching { How::Detach } else { How::Claim(until.since(host.now())) };
            let task = Task {
                socket: shared.socket.clone(),
                mailbox,
                how,
                asked: asks,
                post: Rc::clone(&post),
                news: Rc::clone(&shared.news),
            };
            let task = shared.tasks.spawn_local(task.run()).abort_handle();
            Connection { asked, post, task }
        })
    }

    fn take(&self) -> Option<Outcome> {
        self.connection.as_ref()?.post.take()
    }

    fn failed(&mut self, error: &lanewarden_ipc::CallError) -> NotCarried {
        self.pending = None;
        let failed = refusal::not_carried(error);
        self.is_dead |= matches!(failed, NotCarried::Exchange(Error::Dead));
        failed
    }

    /// The daemon has looked at the answer already; what it says is not taken on trust all the same.
    fn answered(&mut self, pending: Pending, object: Object) -> Result<Step, NotCarried> {
        self.pending = None;
        let (expected, seen) = (pending.expected, Protocol::new(object.vendor, object.kind));
        if seen != expected && Some(seen) != pending.alternative {
            return Err(Error::WrongProtocol { expected, seen }.into());
        }
        let (length, room) = (object.payload.0.len(), self.room);
        if length > room {
            return Err(Error::TooLong { length, room }.into());
        }
        self.statistics.answered = self.statistics.answered.saturating_add(1);
        self.answer = Some(object);
        Ok(Step::Answered)
    }
}

fn silent() -> NotCarried {
    Declined::Failed("the daemon does not answer".to_owned()).into()
}

fn busy() -> Misuse {
    Misuse::InFlight
}

impl Carrier<Remote> for Line {
    /// The daemon puts the claim in its queue, and ends the wait itself. Later calls tell whether the claim is still held.
    fn own(&mut self, host: &Remote, until: Instant) -> Result<Ownership, NotCarried> {
        let late = until + SLACK;
        self.connect(host, until);
        match self.take() {
            Some(Outcome::Failed(error)) => Err(self.failed(&error)),
            Some(_) => {
                self.is_owned = true;
                Ok(Ownership::Owned)
            }
            None if self.is_owned => Ok(Ownership::Owned),
            None if host.now() >= late => Err(silent()),
            None => Ok(Ownership::Wait(late)),
        }
    }

    fn send(&mut self, request: &Request<'_>) -> Result<(), NotCarried> {
        if self.pending.is_some() {
            return Err(busy().into());
        }
        let (protocol, alternative) = (request.protocol(), request.alternative());
        let payload = request.payload();
        Header::new(protocol, request.connection_id(), payload.len()).map_err(Misuse::from)?;
        let longest = u32::try_from(self.room).unwrap_or(u32::MAX);
        let exchange = Exchange {
            address: self.mailbox.address,
            generation: None,
            mailbox: self.mailbox.offset,
            vendor: protocol.vendor,
            kind: protocol.kind,
            or_type: alternative.filter(|other| other.vendor == protocol.vendor).map(|other| other.kind),
            connection: Some(request.connection_id()).filter(|connection| *connection != 0),
            payload: Base64(payload.to_vec()),
            longest,
            patience_ms: None,
        };
        self.answer = None;
        let sent = self
            .connection
            .as_ref()
            .filter(|_| self.is_owned)
            .map(|line| line.asked.send(Box::new(exchange)));
        // A line that has ended tells why in its post.
        sent.ok_or(Misuse::Idle)?.ok();
        self.statistics.sent = self.statistics.sent.saturating_add(1);
        self.pending = Some(Pending { expected: protocol, alternative, until: None });
        Ok(())
    }

    fn advance(&mut self, now: Instant) -> Result<Step, NotCarried> {
        let Some(pending) = &mut self.pending else {
            return if self.answer.is_some() { Ok(Step::Answered) } else { Err(Misuse::Idle.into()) };
        };
        let until = *pending.until.get_or_insert(now + EXCHANGE);
        let pending = *pending;
        match self.take() {
            Some(Outcome::Answered(object)) => self.answered(pending, object),
            Some(Outcome::Failed(error)) => Err(self.failed(&error)),
            Some(Outcome::Claimed) | None if now < until => Ok(Step::Wait(until)),
            Some(Outcome::Claimed) | None => {
                self.pending = None;
                Err(silent())
            }
        }
    }

    fn answer(&self) -> &[u8] {
        self.answer.as_ref().map_or(&[], |object| &object.payload.0)
    }

    fn answer_protocol(&self) -> Option<Protocol> {
        self.answer.as_ref().map(|object| Protocol::new(object.vendor, object.kind))
    }

    fn is_busy(&self) -> bool {
        self.pending.is_some()
    }

    fn is_dead(&self) -> bool {
        self.is_dead
    }

    /// As seen from here: what the daemon did to bring an answer it does not tell.
    fn statistics(&self) -> Statistics {
        self.statistics
    }

    fn room(&self) -> usize {
        self.room
    }

    fn make_room(&mut self, room: usize) -> Result<(), Misuse> {
        if self.pending.is_some() {
            return Err(busy());
        }
        self.answer = None;
        self.room = room;
        Ok(())
    }

    fn has_news(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| connection.post.is_full())
    }
}
