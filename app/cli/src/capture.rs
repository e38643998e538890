//! Captures of what is said (`--pcap`).

use std::cell::RefCell;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lanewarden_attestation::message_kind;
use lanewarden_decode::capture::{CaptureWriter, Direction, LinkType};
use lanewarden_doe::Protocol;
use lanewarden_inventory::{Conversation, MailboxError, Turn};
use lanewarden_spdm::binding::MessageKind;
use lanewarden_time::Instant;

use crate::args::TransportArgument;
use crate::exit::{Exit, Failure};

/// A capture in the making. What goes wrong with it is told at its end, and does not end what is captured.
pub struct Capture {
    path: PathBuf,
    writer: RefCell<Result<CaptureWriter<File>, Failure>>,
}

impl Capture {
    /// Begins one, where one is wanted.
    pub fn create(path: Option<&Path>, link: LinkType) -> Result<Option<Self>, Failure> {
        let Some(path) = path else { return Ok(None) };
        let failed = |error: std::io::Error| Failure::file(path, "write", &error);
        // Not buffered: `respond` is usually ended by a signal, and what was said until then is to be there.
        let file = File::create(path).map_err(failed)?;
        let writer = CaptureWriter::new(file, link).map_err(failed)?;
        Ok(Some(Self { path: path.to_owned(), writer: RefCell::new(Ok(writer)) }))
    }

    /// Takes a message down.
    pub fn message(&self, direction: Direction, kind: MessageKind, message: &[u8]) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let mut writer = self.writer.borrow_mut();
        let Ok(open) = &mut *writer else { return };
        if let Err(error) = open.message(now, direction, kind, message) {
            *writer =
                Err(Failure::new(Exit::Failure, format!("cannot write {}: {error}", self.path.display())));
        }
    }

    /// Ends it, and tells what went wrong with it.
    pub fn finish(capture: Option<Self>) -> Result<(), Failure> {
        capture.map_or(Ok(()), |capture| capture.writer.into_inner().map(drop))
    }
}

/// What packets are, for a socket.
pub const fn link(transport: TransportArgument) -> LinkType {
    match transport {
        TransportArgument::Doe => LinkType::Doe,
        TransportArgument::Mctp | TransportArgument::None => LinkType::Mctp,
        TransportArgument::Tcp | TransportArgument::FramedTcp => LinkType::Ip,
    }
}

/// A conversation that is taken down, and watched.
pub struct Captured<'c, C> {
    conversation: C,
    capture: Option<&'c Capture>,
    watch: &'c dyn Fn(&C),
}

impl<'c, C> Captured<'c, C> {
    /// Takes down what is said, where there is a capture.
    pub const fn new(conversation: C, capture: Option<&'c Capture>) -> Self {
        Self { conversation, capture, watch: &|_| () }
    }

    /// The same, shown to `watch` after each answer.
    pub fn watched(self, watch: &'c dyn Fn(&C)) -> Self {
        Self { watch, ..self }
    }

    /// The conversation.
    pub const fn inner(&self) -> &C {
        &self.conversation
    }

    /// The conversation alone.
    pub fn into_inner(self) -> C {
        self.conversation
    }
}

/// Takes an object of SPDM down.
fn note(capture: Option<&Capture>, direction: Direction, protocol: Protocol, payload: &[u8]) {
    if let (Some(capture), Some(kind)) = (capture, message_kind(protocol)) {
        capture.message(direction, kind, payload);
    }
}

impl<C: Conversation> Conversation for Captured<'_, C> {
    fn longest(&self) -> usize {
        self.conversation.longest()
    }

    fn patience(&self) -> Duration {
        self.conversation.patience()
    }

    fn turn(&mut self, now: Instant) -> Turn<'_> {
        let turn = self.conversation.turn(now);
        if let Turn::Say { protocol, payload, .. } = turn {
            note(self.capture, Direction::ToResponder, protocol, payload);
        }
        turn
    }

    fn answer(&mut self, now: Instant, protocol: Protocol, payload: &[u8]) {
        note(self.capture, Direction::ToRequester, protocol, payload);
        self.conversation.answer(now, protocol, payload);
        (self.watch)(&self.conversation);
    }

    fn failed(&mut self, error: &MailboxError) {
        self.conversation.failed(error);
    }
}
