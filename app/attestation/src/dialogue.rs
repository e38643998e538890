//! Operations one after the other, as a script wants them, over a mailbox or over whatever carries messages.

use std::time::Duration;

use lanewarden_crypto::{Provider, with_wiped_stack};
use lanewarden_doe::Protocol;
use lanewarden_inventory::{Conversation, MailboxError, Turn};
use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::requester::{Event, Parts, Requester, Settings, Step, Transport};
use lanewarden_spdm::session::{RecordForm, Seat, seats};
use lanewarden_spdm::{Error, Identities};
use lanewarden_time::{Clock, Instant};

use crate::record::Said;
use crate::report::Failure;

/// The longest payload of a data object: what QEMU carries, less the header.
const LONGEST: usize = 0x11f8;
/// The longest message at once: there is room left for what a session puts around it.
pub const TRANSFER_SIZE: u32 = 0x11bc;
const _: () = assert!(TRANSFER_SIZE as usize + RecordForm::AROUND <= LONGEST);
/// The longest message in chunks.
const LARGE: usize = 0x1_0000;
/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Bytes of the stack that a step of a dialogue takes, and more.
const DEPTH: usize = 0x1_0000;

/// Sessions that a dialogue has room for.
const SEATS: usize = 4;

/// The requester of a dialogue. `I` is who it is to the device, where it is to prove that.
pub type Speaker<P, I = ()> = Requester<Parts<P, Said, [Seat<P>; SEATS], I>, Vec<u8>>;

/// What is asked, in which order.
pub trait Script<P: Provider, I: Identities = ()> {
    /// When the next operation begins, where that is not at once.
    fn pause(&mut self, _: Instant, _: &Speaker<P, I>) -> Option<Instant> {
        None
    }

    /// Begins the next operation; `None` where there is none.
    fn next(&mut self, requester: &mut Speaker<P, I>) -> Option<Result<(), Error>>;

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
pub struct Dialogue<P: Provider, S, I: Identities = ()> {
    requester: Speaker<P, I>,
    script: S,
    protocol: Protocol,
    connection: u16,
    patience: Duration,
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

/// The type of data objects that secured messages go in, beside the plain messages of this type (PCIe 6.x, 6.31).
#[must_use]
pub const fn secured(plain: Protocol) -> Protocol {
    match plain {
        Protocol::CMA_SPDM_WITH_CONNECTION => Protocol::SECURED_CMA_SPDM_WITH_CONNECTION,
        _ => Protocol::SECURED_CMA_SPDM,
    }
}

const fn object(plain: Protocol, kind: MessageKind) -> Protocol {
    match kind {
        MessageKind::Plain => plain,
        MessageKind::Secured => secured(plain),
    }
}

/// The kind of message in data objects of a type of SPDM; `None` for other types.
#[must_use]
pub const fn message_kind(protocol: Protocol) -> Option<MessageKind> {
    match protocol {
        Protocol::CMA_SPDM | Protocol::CMA_SPDM_WITH_CONNECTION => Some(MessageKind::Plain),
        Protocol::SECURED_CMA_SPDM | Protocol::SECURED_CMA_SPDM_WITH_CONNECTION => Some(MessageKind::Secured),
        _ => None,
    }
}

impl<P: Provider, S: Script<P>> Dialogue<P, S> {
    /// One that has not begun.
    pub fn new(provider: P, settings: Settings, script: S) -> Self {
        Self::of(provider, (), settings, script)
    }
}

impl<P: Provider, S: Script<P, I>, I: Identities> Dialogue<P, S, I> {
    /// One that has not begun, of somebody who can prove who they are.
    pub fn of(provider: P, identities: I, settings: Settings, script: S) -> Self {
        let parts = Parts::new(provider).with_record(Said::default());
        let parts = parts.with_sessions(seats()).with_identities(identities);
        Self {
            requester: Requester::new(parts, settings, vec![0; LARGE]),
            script,
            protocol: Protocol::CMA_SPDM,
            connection: 0,
            patience: PATIENCE,
            kind: MessageKind::Plain,
            outgoing: Vec::new(),
        }
    }

    /// The same with this much more time.
    #[must_use]
    pub fn with_time(self, more: Duration) -> Self {
        Self { patience: self.patience.saturating_add(more), ..self }
    }

    /// The same, with somebody who is told the secrets of its sessions.
    #[cfg(feature = "keylog")]
    #[must_use]
    pub fn told_to(mut self, listener: crate::record::Listener) -> Self {
        self.requester.record_mut().listener = listener;
        self
    }

    /// The same in data objects of another type of SPDM, with a connection ID where it has one (PCIe 6.x, 6.31). The
    /// type is that of plain messages; what is said in sessions goes in the one that belongs to it, on the same
    /// connection.
    #[must_use]
    pub fn in_objects(self, protocol: Protocol, connection: u16) -> Self {
        Self { protocol, connection, ..self }
    }

    /// The script, and with it what has come of it.
    pub const fn script(&self) -> &S {
        &self.script
    }

    /// The script, to tell it more.
    pub const fn script_mut(&mut self) -> &mut S {
        &mut self.script
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
        let mut answer = vec![0; LONGEST];
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

    /// The next step; what it had on the stack is wiped, and the same goes for answers.
    fn step(&mut self, now: Instant) -> Next {
        with_wiped_stack::<DEPTH, _>(|| self.advance(now))
    }

    fn advance(&mut self, now: Instant) -> Next {
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
                Ok(Step::Idle | Step::Receive) => {
                    if let Some(at) = self.script.pause(now, &self.requester).filter(|at| now < *at) {
                        return Next::Wait(at);
                    }
                    self.script.next(&mut self.requester)
                }
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
        with_wiped_stack::<DEPTH, _>(|| match self.requester.receive(now, kind, answer) {
            Ok(event) => self.script.event(event),
            Err(error) => self.script.failed(Failure::Spdm(error)),
        });
    }
}

impl<P: Provider, S: Script<P, I>, I: Identities> Conversation for Dialogue<P, S, I> {
    fn longest(&self) -> usize {
        LONGEST
    }

    fn patience(&self) -> Duration {
        self.patience
    }

    fn turn(&mut self, now: Instant) -> Turn<'_> {
        match self.step(now) {
            Next::Say(_) => {
                let Self { protocol: plain, connection, kind, .. } = *self;
                // Who has lost a session says so outside of it.
                let alternative = (kind == MessageKind::Secured).then_some(plain);
                let (what, protocol) = (self.script.subject(), object(plain, kind));
                Turn::Say { what, protocol, alternative, connection, payload: &self.outgoing }
            }
            Next::Wait(at) => Turn::Wait(at),
            Next::Over => Turn::Over,
        }
    }

    fn answer(&mut self, now: Instant, protocol: Protocol, payload: &[u8]) {
        let kind = message_kind(protocol).unwrap_or(MessageKind::Plain);
        self.take(now, kind, &mut payload.to_vec());
    }

    fn failed(&mut self, error: &MailboxError) {
        self.script.failed(Failure::Mailbox(error.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With a connection ID what is plain and what is secured stay on that connection, and without one on none.
    #[test]
    fn each_kind_of_message_has_its_type_of_object() {
        let kinds = [MessageKind::Plain, MessageKind::Secured];
        for plain in [Protocol::CMA_SPDM, Protocol::CMA_SPDM_WITH_CONNECTION] {
            for kind in kinds {
                let object = object(plain, kind);
                assert_eq!(message_kind(object), Some(kind));
                assert_eq!(object.has_connection(), plain.has_connection());
            }
        }
        assert_eq!(message_kind(Protocol::CXL_TABLE_ACCESS), None);
    }
}
