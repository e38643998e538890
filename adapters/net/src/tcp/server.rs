//! A responder over TCP.

use std::io;
use std::net::TcpListener;
use std::ops::ControlFlow;

use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::binding::tcp::{HEAD, Head, HeadError, MAX_MESSAGE, Refusal, Type};

use crate::listen::accept;
use crate::stream::{await_ready, read_by, write_by};
use crate::{Ended, Interest, Phase, Responder, ServerTimes, Stop, Stream, TransportError};

/// How a server behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerOptions {
    /// Longest message that is taken, in bytes.
    pub longest_request: usize,
    /// How long it waits for a peer.
    pub times: ServerTimes,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self { longest_request: MAX_MESSAGE, times: ServerTimes::default() }
    }
}

/// Serves one connection after the other, until `stop` is used.
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
        responder.disconnected(ended);
        match ended {
            Err(TransportError::Stopped) => ControlFlow::Break(Ended::Stopped),
            _ => ControlFlow::Continue(()),
        }
    })
}

/// Serves one connection until the peer leaves.
///
/// # Errors
/// [`TransportError`]; the connection is of no use any more. A peer that sent what it must not has been told.
pub fn serve_connection(
    stream: &mut impl Stream,
    options: &ServerOptions,
    responder: &mut impl Responder,
) -> Result<(), TransportError> {
    let mut connection = Connection { stream, options, request: Vec::new(), answer: Vec::new() };
    loop {
        match connection.receive() {
            // A peer may leave between messages without a word.
            Err(TransportError::Closed(Phase::Await)) => return Ok(()),
            Err(error) => return Err(connection.refuse(error)),
            Ok(Some(kind)) => connection.answer(kind, responder)?,
            // The peer that opened the connection wants us to be the requester.
            Ok(None) => connection.send(&Head::refusal(Refusal::NotRequester).encode())?,
        }
    }
}

struct Connection<'a, S> {
    stream: &'a mut S,
    options: &'a ServerOptions,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl<S: Stream> Connection<'_, S> {
    /// The next message, into `request`; `None` for a role inquiry.
    fn receive(&mut self) -> Result<Option<MessageKind>, TransportError> {
        let idle = self.stream.now() + self.options.times.idle;
        await_ready(self.stream, Interest::Read, Phase::Await, idle)?;
        let deadline = self.stream.now() + self.options.times.frame;
        let mut head = [0; HEAD];
        read_by(self.stream, &mut head, Phase::Await, deadline)?;
        let head = Head::decode(head)?;
        let kind = match head.kind {
            Type::Message(kind) => kind,
            Type::RoleInquiry => return Ok(None),
            Type::Error(why) => return Err(TransportError::Refused(why)),
        };
        let (length, limit) = (head.body_len(), self.options.longest_request);
        if length > limit {
            return Err(TransportError::TooLong { length, limit });
        }
        self.request.clear();
        self.request.resize(length, 0);
        read_by(self.stream, &mut self.request, Phase::Read, deadline)?;
        Ok(Some(kind))
    }

    fn answer(&mut self, kind: MessageKind, responder: &mut impl Responder) -> Result<(), TransportError> {
        self.answer.clear();
        let Some(kind) = responder.respond(kind, &mut self.request, &mut self.answer) else { return Ok(()) };
        let head = Head::message(kind, self.answer.len());
        let head = head.map_err(|_| TransportError::Unsendable(self.answer.len()))?;
        let frame = [&head.encode()[..], &self.answer].concat();
        self.send(&frame)
    }

    /// Tells the peer what it did wrong, where DSP0287 has a word for it.
    fn refuse(&mut self, error: TransportError) -> TransportError {
        let why = match error {
            TransportError::TooLong { .. } => Refusal::TooLarge,
            TransportError::Head(HeadError::Version(_) | HeadError::Type(_)) => Refusal::NotSupported,
            _ => return error,
        };
        // It may be gone, and the error stands anyway.
        let _ = self.send(&Head::refusal(why).encode());
        error
    }

    fn send(&mut self, frame: &[u8]) -> Result<(), TransportError> {
        let deadline = self.stream.now() + self.options.times.frame;
        write_by(self.stream, frame, deadline)
    }
}
