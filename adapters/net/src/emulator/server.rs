//! A responder on the emulators' socket.

use std::io;
use std::net::TcpListener;
use std::ops::ControlFlow;

use lanewarden_doe::{DiscoveryRequest, DiscoveryResponse, Feature, MAX_DWORDS, Protocol};

use super::frame::{read_payload, send};
use super::payload::wrap_object;
use super::{Command, HEAD, Head, Payload, SERVER_HELLO, Transport};
use crate::listen::accept;
use crate::stream::{await_ready, read_by};
use crate::{Ended, Interest, Phase, Responder, ServerTimes, Stop, Stream, TransportError};

/// What a server over DOE says that it speaks.
const PROTOCOLS: [Protocol; 3] = [Protocol::DISCOVERY, Protocol::CMA_SPDM, Protocol::SECURED_CMA_SPDM];

/// How a server behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerOptions {
    /// How messages are wrapped. A peer that speaks another transport is disconnected.
    pub transport: Transport,
    /// Longest payload that is taken, in bytes; a peer that sends a longer one is disconnected.
    pub longest_request: usize,
    /// Longest payload that is sent, in bytes; a longer answer is sent as none. [`super::QEMU_MAX`] for QEMU.
    pub longest_answer: usize,
    /// Whether the server goes on after a peer has said shutdown, as QEMU does whenever a device goes.
    pub outlive_shutdown: bool,
    /// How long it waits for a peer.
    pub times: ServerTimes,
}

impl ServerOptions {
    /// Takes and sends the longest data object, and ends when a peer says so.
    #[must_use]
    pub fn new(transport: Transport) -> Self {
        let longest = usize::try_from(MAX_DWORDS).unwrap_or(usize::MAX).saturating_mul(4);
        Self {
            transport,
            longest_request: longest,
            longest_answer: longest,
            outlive_shutdown: false,
            times: ServerTimes::default(),
        }
    }
}

/// Serves one connection after the other, until a peer says shutdown or `stop` is used.
///
/// # Errors
/// Where the listener fails. What goes wrong with a peer ends its connection only, and is told to `responder`.
pub fn serve(
    listener: &TcpListener,
    options: &ServerOptions,
    stop: &Stop,
    responder: &mut impl Responder,
) -> io::Result<Ended> {
    accept(listener, stop, |mut socket| {
        responder.connected();
        let ended = serve_connection(&mut socket, options, responder);
        responder.disconnected(ended.map(drop));
        match ended {
            Ok(Some(Ended::Shutdown)) if !options.outlive_shutdown => ControlFlow::Break(Ended::Shutdown),
            Err(TransportError::Stopped) => ControlFlow::Break(Ended::Stopped),
            _ => ControlFlow::Continue(()),
        }
    })
}

/// Serves one connection to its end: [`Ended::Shutdown`] where the peer said so, `None` where it left.
///
/// # Errors
/// [`TransportError`]; the connection is of no use any more.
pub fn serve_connection(
    stream: &mut impl Stream,
    options: &ServerOptions,
    responder: &mut impl Responder,
) -> Result<Option<Ended>, TransportError> {
    let mut connection =
        Connection { stream, options, request: Vec::new(), answer: Vec::new(), frame: Vec::new() };
    loop {
        let command = match connection.receive() {
            // A peer may leave between frames without a word.
            Err(TransportError::Closed(Phase::Await)) => return Ok(None),
            other => other?,
        };
        if let Some(ended) = connection.react(command, responder)? {
            return Ok(ended);
        }
    }
}

struct Connection<'a, S> {
    stream: &'a mut S,
    options: &'a ServerOptions,
    request: Vec<u8>,
    answer: Vec<u8>,
    frame: Vec<u8>,
}

impl<S: Stream> Connection<'_, S> {
    /// The next frame: its command; its payload is in `request`.
    fn receive(&mut self) -> Result<Command, TransportError> {
        let idle = self.stream.now() + self.options.times.idle;
        await_ready(self.stream, Interest::Read, Phase::Await, idle)?;
        let deadline = self.stream.now() + self.options.times.frame;
        let mut head = [0; HEAD];
        read_by(self.stream, &mut head, Phase::Await, deadline)?;
        let head = Head::decode(head);
        let length = head.accept(self.options.transport, self.options.longest_request)?;
        read_payload(self.stream, length, &mut self.request, deadline)?;
        Ok(head.command)
    }

    /// Answers the frame. What is returned ends the connection.
    fn react(
        &mut self,
        command: Command,
        responder: &mut impl Responder,
    ) -> Result<Option<Option<Ended>>, TransportError> {
        self.frame.clear();
        self.frame.resize(HEAD, 0);
        match command {
            Command::NORMAL => {
                self.message(responder)?;
                self.send(command)?;
            }
            Command::TEST => {
                self.frame.extend(SERVER_HELLO);
                self.send(command)?;
            }
            Command::KEY_UPDATE | Command::ENDPOINT_INFO => {
                responder.aside(command, &self.request);
                self.send(command)?;
            }
            Command::SHUTDOWN | Command::CONTINUE => {
                // QEMU does not wait for the echo: that it cannot be sent is no failure.
                let _ = self.send(command);
                return Ok(Some((command == Command::SHUTDOWN).then_some(Ended::Shutdown)));
            }
            // The emulators then close the connection; so does this.
            _ => {
                self.send(Command::UNKNOWN)?;
                return Ok(Some(None));
            }
        }
        Ok(None)
    }

    /// Puts the answer to a message into the frame. The peers wait for a frame for ever: one without an answer is sent
    /// empty, which QEMU shows to its guest as a mailbox that does not answer.
    fn message(&mut self, responder: &mut impl Responder) -> Result<(), TransportError> {
        match Payload::unwrap(self.options.transport, &self.request)? {
            Payload::Message(kind, request) => {
                // Records are opened in place.
                let mut request = request.to_vec();
                self.answer.clear();
                if let Some(kind) = responder.respond(kind, &mut request, &mut self.answer) {
                    Payload::wrap(self.options.transport, kind, &self.answer, &mut self.frame)?;
                }
            }
            Payload::Object(Protocol::DISCOVERY, request) => {
                if let Some(request) = DiscoveryRequest::decode(request) {
                    let (bytes, length) = discovery(request).encode();
                    let answer = bytes.get(..length).unwrap_or_default();
                    wrap_object(Protocol::DISCOVERY, answer, &mut self.frame)?;
                }
            }
            // A mailbox drops objects of protocols it does not know.
            Payload::Object(..) => {}
            Payload::Tcp(kind) => return Err(TransportError::NoMessage(kind.number())),
        }
        if self.frame.len().saturating_sub(HEAD) > self.options.longest_answer {
            self.frame.truncate(HEAD);
        }
        Ok(())
    }

    fn send(&mut self, command: Command) -> Result<(), TransportError> {
        let deadline = self.stream.now() + self.options.times.frame;
        send(self.stream, command, self.options.transport, &mut self.frame, deadline)
    }
}

/// One entry of the list; past its end the filler that other devices give.
fn discovery(request: DiscoveryRequest) -> DiscoveryResponse {
    let index = usize::from(request.index);
    let protocol = PROTOCOLS.get(index).copied().unwrap_or(Protocol::new(0xffff, 0xff));
    let next = request.index.saturating_add(1);
    let next = if usize::from(next) < PROTOCOLS.len() { next } else { 0 };
    DiscoveryResponse { feature: Feature { protocol, limits: None }, next }
}
