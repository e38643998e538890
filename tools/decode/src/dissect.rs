//! Messages taken apart, with what was said before in mind.

mod chain;
mod large;
mod opener;
mod other;
mod session;
mod spdm;

use std::time::Duration;

use lanewarden_doe::Protocol as DoeProtocol;
use lanewarden_mctp::MessageType;
use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::crypto::Provider;

use crate::capture::{CaptureError, Captured, Connection, Direction, Framing};
use crate::keylog::KeyLog;
use crate::{Field, Message, Protocol};
use opener::{Open, Opener};

/// The most connections that are kept in mind; then the one that has been silent for longest is forgotten.
const MOST_CONNECTIONS: usize = 64;
/// How deep messages carry messages: an encapsulated one in chunks.
const DEEPEST: usize = 3;

/// Takes messages apart. It is fed with them in order, and keeps for each connection what decoding needs: the version,
/// the sizes that were negotiated, what was asked last, chunks and portions of certificate chains that are not whole.
///
/// Where a capture does not say which way a message went, requests are those by their code; for what has no code it is
/// the other side's turn.
#[derive(Debug, Default)]
pub struct Dissector {
    number: u64,
    /// Of the last message.
    time: Duration,
    /// The one that was last heard of comes last.
    connections: Vec<(Connection, State)>,
    /// Opens secured messages, where there is a key log.
    opener: Option<Box<dyn Open>>,
}

/// What is known of a connection.
#[derive(Debug, Default)]
struct State {
    /// Which way the last message went.
    last: Option<Direction>,
    spdm: spdm::State,
}

/// What a message is and says.
#[derive(Debug)]
struct Shown {
    protocol: Protocol,
    code: Option<u8>,
    name: String,
    gist: String,
    fields: Vec<Field>,
    error: Option<String>,
    /// Which way it goes by itself.
    direction: Option<Direction>,
    /// The session that it is sealed for.
    session: Option<u32>,
    /// A whole message that this one carries, or the last part of which.
    carries: Option<Carried>,
}

/// A message in another one.
#[derive(Debug)]
struct Carried {
    by: &'static str,
    bytes: Vec<u8>,
    what: What,
}

/// What a message in another one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Spdm,
    /// Requester and responder have changed places.
    Encapsulated,
    /// Another protocol of MCTP, in a session.
    Mctp(MessageType),
}

impl Shown {
    fn new(protocol: Protocol, name: impl Into<String>, gist: impl Into<String>) -> Self {
        let (name, gist) = (name.into(), gist.into());
        Self {
            protocol,
            code: None,
            name,
            gist,
            fields: Vec::new(),
            error: None,
            direction: None,
            session: None,
            carries: None,
        }
    }

    fn with(self, fields: Vec<Field>) -> Self {
        Self { fields, ..self }
    }

    fn wrong(self, error: impl ToString) -> Self {
        Self { error: Some(error.to_string()), ..self }
    }

    /// For what has no code: it is the other side's turn.
    fn by_turn(self, last: Option<Direction>) -> Self {
        let direction = match last {
            Some(Direction::ToResponder) => Direction::ToRequester,
            _ => Direction::ToResponder,
        };
        Self { direction: Some(direction), ..self }
    }
}

impl Dissector {
    /// One that opens secured messages with the secrets of a key log, where what they are made with was said before.
    pub fn with_keys(provider: impl Provider + 'static, log: KeyLog) -> Self {
        Self { opener: Some(Box::new(Opener::new(provider, log))), ..Self::default() }
    }

    /// Takes a message apart; those that it carries, or of which it carries the last part, come after it.
    pub fn take(&mut self, captured: &Captured) -> Vec<Message> {
        self.number = self.number.saturating_add(1);
        self.time = captured.time;
        let (number, time) = (self.number, captured.time);
        let mut opener = self.opener.take();
        let state = self.state(captured.connection);
        let mut shown = shown(state, opener.as_deref_mut(), captured);
        let direction = captured.direction.or(shown.direction);
        state.last = direction.or(state.last);
        let mut carries = shown.carries.take();
        let session = shown.session;
        let mut messages = vec![message(number, time, direction, None, shown, captured.bytes.clone())];
        while let Some(carried) = carries.take_if(|_| messages.len() <= DEEPEST) {
            let Carried { by, bytes, what } = carried;
            let mut shown = match what {
                What::Spdm => state.spdm.show(&bytes, false),
                What::Encapsulated => state.spdm.show(&bytes, true),
                What::Mctp(message_type) => other::mctp(message_type, &bytes),
            };
            shown.session = session;
            carries = shown.carries.take();
            messages.push(message(number, time, direction, Some(by), shown, bytes));
        }
        self.opener = opener;
        messages
    }

    /// Shows what is wrong with the capture itself, in its place among the messages.
    pub fn fault(&mut self, error: &CaptureError) -> Message {
        self.number = self.number.saturating_add(1);
        let shown = Shown::new(Protocol::Capture, "capture", "").wrong(error);
        message(self.number, self.time, None, None, shown, Vec::new())
    }

    fn state(&mut self, connection: Connection) -> &mut State {
        let known = self.connections.iter().position(|(known, _)| *known == connection);
        let state = match known {
            Some(index) => self.connections.remove(index).1,
            None => State::default(),
        };
        if self.connections.len() >= MOST_CONNECTIONS {
            self.connections.remove(0);
        }
        &mut self.connections.push_mut((connection, state)).1
    }
}

fn message(
    number: u64,
    time: Duration,
    direction: Option<Direction>,
    carried_by: Option<&'static str>,
    shown: Shown,
    bytes: Vec<u8>,
) -> Message {
    let Shown { protocol, code, name, gist, fields, error, session, .. } = shown;
    let length = bytes.len();
    Message {
        number,
        time,
        direction,
        protocol,
        code,
        name,
        session,
        carried_by,
        length,
        gist,
        fields,
        error,
        bytes,
    }
}

fn shown(state: &mut State, opener: Option<&mut (dyn Open + 'static)>, captured: &Captured) -> Shown {
    let last = state.last;
    match (captured.message(), captured.framing) {
        (Some((MessageKind::Plain, bytes)), _) => state.spdm.show(bytes, false),
        (Some((MessageKind::Secured, bytes)), framing) => {
            let shown = session::secured(bytes, matches!(framing, Framing::Mctp { .. })).by_turn(last);
            match opener {
                Some(opener) if shown.error.is_none() => {
                    session::opened(shown, opener, state.spdm.terms(), captured)
                }
                _ => shown,
            }
        }
        (None, Framing::Doe(header)) if header.protocol == DoeProtocol::DISCOVERY => {
            other::discovery(&captured.bytes, captured.direction, last)
        }
        (None, Framing::Doe(header)) => other::doe(header, &captured.bytes).by_turn(last),
        (None, Framing::Mctp { message_type: MessageType::CONTROL, .. }) => other::control(&captured.bytes),
        (None, Framing::Mctp { message_type, .. }) => other::mctp(message_type, &captured.bytes),
        (None, Framing::Tcp(kind)) => other::tcp(kind),
        (None, Framing::Emulator { command }) => other::emulator(command, &captured.bytes),
        (None, Framing::Bare) => state.spdm.show(&captured.bytes, false),
    }
}
