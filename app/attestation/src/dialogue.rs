//! Operations one after the other, as a script wants them, over a mailbox or over whatever carries messages.

use std::time::Duration;

use lanewarden_crypto::Provider;
use lanewarden_doe::Protocol;
use lanewarden_inventory::{Conversation, MailboxError, Turn};
use lanewarden_spdm::Error;
use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::requester::{Event, Parts, Requester, Settings, Step, Transport};
use lanewarden_time::{Clock, Instant};

use crate::record::Said;
use crate::report::Failure;

/// The longest message at once: what QEMU carries, less the header of its data object.
pub const TRANSFER_SIZE: u32 = 0x11f8;
/// The longest message in chunks.
const LARGE: usize = 0x1_0000;
/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// The requester of a dialogue.
pub type Speaker<P> = Requester<Parts<P, Said>, Vec<u8>>;

/// What is asked, in which order.
pub trait Script<P: Provider> {
    /// Begins the next operation; `None` where there is none.
    fn next(&mut self, requester: &mut Speaker<P>) -> Option<Result<(), Error>>;

    /// What an answer meant.
    fn event(&mut self, event: Event<'_>);

    /// It goes no further.
    fn failed(&mut self, failure: Failure);

    /// Whether there is nothing more to ask, be an operation in work or not.
    fn is_over(&self) -> bool;

    /// What is being asked, for error messages.
    fn subject(&self) -> &'static str;
}

/// A dialogue.
pub struct Dialogue<P: Provider, S> {
    requester: Speaker<P>,
    script: S,
    protocol: Protocol,
    connection: u16,
    /// What is being sent.
    kind: MessageKind,
    outgoing: Vec<u8>,
}

/// What comes next; a message to send is in `outgoing`.
enum Next {
    Say(Duration),
    Wait(Instant),
    Over,
}

/// Settings of a requester for mailboxes and sockets.
#[must_use]
pub fn settings() -> Settings {
    Settings { transfer_size: TRANSFER_SIZE, ..Settings::default() }
}

impl<P: Provider, S: Script<P>> Dialogue<P, S> {
    /// One that has not begun.
    pub fn new(provider: P, settings: Settings, script: S) -> Self {
        let requester =
            Requester::new(Parts::new(provider).with_record(Said::default()), settings, vec![0; LARGE]);
        Self {
            requester,
            script,
            protocol: Protocol::CMA_SPDM,
            connection: 0,
            kind: MessageKind::Plain,
            outgoing: Vec::new(),
        }
    }

    /// The same in data objects of another type of SPDM, with a connection ID where it has one (PCIe 6.x, 6.31).
    #[must_use]
    pub fn in_objects(self, protocol: Protocol, connection: u16) -> Self {
        Self { protocol, connection, ..self }
    }

    /// The script, and with it what has come of it.
    pub const fn script(&self) -> &S {
        &self.script
    }

    /// The script alone.
    pub fn into_script(self) -> S {
        self.script
    }

    /// What was said and signed.
    pub fn said(&self) -> &Said {
        self.requester.record()
    }

    /// The blocking loop, over whatever carries messages; `show` is called after each answer.
    pub fn run<T: Transport>(&mut self, transport: &mut T, clock: &impl Clock, mut show: impl FnMut(&S))
    where
        T::Error: std::fmt::Display,
    {
        let mut answer = vec![0; self.longest()];
        loop {
            let within = match self.step(clock.now()) {
                Next::Say(within) => within,
                Next::Wait(at) => {
                    clock.wait_until(at);
                    continue;
                }
                Next::Over => return,
            };
            match transport.exchange(self.kind, &self.outgoing, &mut answer, within) {
                Ok((kind, length)) => {
                    self.take(clock.now(), kind, answer.get_mut(..length).unwrap_or_default());
                }
                Err(error) => self.script.failed(Failure::Transport(error.to_string())),
            }
            show(&self.script);
        }
    }

    fn step(&mut self, now: Instant) -> Next {
        loop {
            if self.script.is_over() {
                self.requester.abandon();
                return Next::Over;
            }
            let begun = match self.requester.poll(now) {
                Ok(Step::Send { kind, message, within }) => {
                    self.outgoing.clear();
                    self.outgoing.extend_from_slice(message);
                    self.kind = kind;
                    return Next::Say(within);
                }
                Ok(Step::Wait(at)) => return Next::Wait(at),
                Ok(Step::Idle | Step::Receive) => self.script.next(&mut self.requester),
                Err(error) => Some(Err(error)),
            };
            match begun {
                None => return Next::Over,
                Some(Ok(())) => {}
                Some(Err(error)) => self.script.failed(Failure::Spdm(error)),
            }
        }
    }

    fn take(&mut self, now: Instant, kind: MessageKind, answer: &mut [u8]) {
        match self.requester.receive(now, kind, answer) {
            Ok(event) => self.script.event(event),
            Err(error) => self.script.failed(Failure::Spdm(error)),
        }
    }
}

impl<P: Provider, S: Script<P>> Conversation for Dialogue<P, S> {
    fn longest(&self) -> usize {
        usize::try_from(TRANSFER_SIZE).unwrap_or(usize::MAX)
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }

    fn turn(&mut self, now: Instant) -> Turn<'_> {
        match self.step(now) {
            Next::Say(_) => {
                let Self { protocol, connection, .. } = *self;
                Turn::Say { what: self.script.subject(), protocol, connection, payload: &self.outgoing }
            }
            Next::Wait(at) => Turn::Wait(at),
            Next::Over => Turn::Over,
        }
    }

    fn answer(&mut self, now: Instant, payload: &[u8]) {
        self.take(now, MessageKind::Plain, &mut payload.to_vec());
    }

    fn failed(&mut self, error: &MailboxError) {
        self.script.failed(Failure::Mailbox(error.clone()));
    }
}
