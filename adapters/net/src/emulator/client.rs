//! A requester on the emulators' socket.

use std::net::SocketAddr;
use std::time::Duration;

use lanewarden_doe::{DISCOVERY_RESPONSE_MAX, Discovery, Feature, Protocol};
use lanewarden_spdm::binding::MessageKind;

use super::frame::{read_payload, send};
use super::payload::wrap_object;
use super::{CLIENT_HELLO, Command, HEAD, Head, Payload, Transport};
use crate::stream::read_by;
use lanewarden_spdm::requester;

use crate::{Phase, Socket, Stream, TransportError};

/// More than any transport puts around a message: the header of a data object, and its padding.
const AROUND: usize = 12;

/// A requester's end of a connection.
///
/// With the emulators of DMTF the order is [`hello`](Self::hello) (but for [`Transport::None`]),
/// [`discover`](Self::discover) over DOE, exchanges, and [`shut_down`](Self::shut_down) or [`leave`](Self::leave).
#[derive(Debug)]
pub struct Client<S> {
    stream: S,
    transport: Transport,
    dead: bool,
    /// The frame that is sent, then the payload of its answer.
    buffer: Vec<u8>,
}

impl Client<Socket> {
    /// Connects within `timeout`.
    ///
    /// # Errors
    /// As [`Socket::connect`].
    pub fn connect(
        address: SocketAddr,
        transport: Transport,
        timeout: Duration,
    ) -> Result<Self, TransportError> {
        Ok(Self::new(Socket::connect(address, timeout)?, transport))
    }
}

impl<S: Stream> Client<S> {
    /// A requester on a connection that stands.
    pub const fn new(stream: S, transport: Transport) -> Self {
        Self { stream, transport, dead: false, buffer: Vec::new() }
    }

    /// Greets the responder and waits for its greeting, whose text may be any.
    ///
    /// # Errors
    /// [`TransportError`].
    pub fn hello(&mut self, timeout: Duration) -> Result<(), TransportError> {
        self.bare(Command::TEST, CLIENT_HELLO, timeout)
    }

    /// Asks for something aside: [`Command::KEY_UPDATE`] or [`Command::ENDPOINT_INFO`].
    ///
    /// # Errors
    /// [`TransportError`].
    pub fn aside(
        &mut self,
        command: Command,
        payload: &[u8],
        timeout: Duration,
    ) -> Result<(), TransportError> {
        self.bare(command, payload, timeout)
    }

    /// Ends the connection; the responder waits for another.
    ///
    /// # Errors
    /// [`TransportError`].
    pub fn leave(mut self, timeout: Duration) -> Result<(), TransportError> {
        self.bare(Command::CONTINUE, &[], timeout)
    }

    /// Ends the responder.
    ///
    /// # Errors
    /// [`TransportError`].
    pub fn shut_down(mut self, timeout: Duration) -> Result<(), TransportError> {
        self.bare(Command::SHUTDOWN, &[], timeout)
    }

    /// Walks the discovery list, `timeout` for each entry.
    ///
    /// # Errors
    /// [`TransportError::NotDoe`] over other transports, [`TransportError::Discovery`], and as [`Self::object`].
    pub fn discover(&mut self, timeout: Duration) -> Result<Vec<Feature>, TransportError> {
        let mut walk = Discovery::new(0);
        let mut found = Vec::new();
        let mut answer = [0; DISCOVERY_RESPONSE_MAX];
        while let Some(request) = walk.request() {
            let length = self.object(Protocol::DISCOVERY, &request, &mut answer, timeout)?;
            found.extend(walk.answer(answer.get(..length).unwrap_or_default())?);
        }
        Ok(found)
    }

    /// Exchanges a data object of any protocol but those of SPDM, by its payload; returns the length of the answer's.
    ///
    /// # Errors
    /// [`TransportError::NotDoe`] over other transports, otherwise any.
    pub fn object(
        &mut self,
        protocol: Protocol,
        payload: &[u8],
        answer: &mut [u8],
        timeout: Duration,
    ) -> Result<usize, TransportError> {
        if self.transport != Transport::Doe {
            return Err(TransportError::NotDoe);
        }
        self.begin()?;
        wrap_object(protocol, payload, &mut self.buffer)?;
        self.guarded(|client| {
            client.round(Command::NORMAL, answer.len().saturating_add(AROUND), timeout)?;
            match Payload::unwrap(Transport::Doe, &client.buffer)? {
                Payload::Object(seen, body) if seen == protocol => copy(body, answer),
                Payload::Object(seen, _) => Err(TransportError::WrongProtocol(seen)),
                Payload::Message(MessageKind::Plain, _) => {
                    Err(TransportError::WrongProtocol(Protocol::CMA_SPDM))
                }
                _ => Err(TransportError::WrongProtocol(Protocol::SECURED_CMA_SPDM)),
            }
        })
    }

    /// A command whose answer says nothing.
    fn bare(&mut self, command: Command, payload: &[u8], timeout: Duration) -> Result<(), TransportError> {
        self.begin()?;
        self.buffer.extend(payload);
        self.guarded(|client| client.round(command, CLIENT_HELLO.len().saturating_add(AROUND), timeout))
    }

    /// Leaves room for the head of a frame, unless the connection is dead.
    fn begin(&mut self) -> Result<(), TransportError> {
        if self.dead {
            return Err(TransportError::Dead);
        }
        self.buffer.clear();
        self.buffer.resize(HEAD, 0);
        Ok(())
    }

    /// Whatever fails once something may have been sent, the next answer could be the late one to this request.
    fn guarded<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, TransportError>,
    ) -> Result<T, TransportError> {
        self.dead = true;
        let done = work(self)?;
        self.dead = false;
        Ok(done)
    }

    /// Sends the frame in the buffer, and leaves there the payload of the answer.
    fn round(&mut self, command: Command, limit: usize, timeout: Duration) -> Result<(), TransportError> {
        let deadline = self.stream.now() + timeout;
        send(&mut self.stream, command, self.transport, &mut self.buffer, deadline)?;
        let mut head = [0; HEAD];
        read_by(&mut self.stream, &mut head, Phase::Await, deadline)?;
        let head = Head::decode(head);
        let length = head.accept(self.transport, limit)?;
        if head.command != command {
            return Err(TransportError::WrongCommand { expected: command, seen: head.command });
        }
        read_payload(&mut self.stream, length, &mut self.buffer, deadline)
    }
}

impl<S: Stream> requester::Transport for Client<S> {
    type Error = TransportError;

    fn exchange(
        &mut self,
        kind: MessageKind,
        request: &[u8],
        answer: &mut [u8],
        within: Duration,
    ) -> Result<(MessageKind, usize), TransportError> {
        self.begin()?;
        Payload::wrap(self.transport, kind, request, &mut self.buffer)?;
        self.guarded(|client| {
            client.round(Command::NORMAL, answer.len().saturating_add(AROUND), within)?;
            let (seen, message) = Payload::unwrap(client.transport, &client.buffer)?.message()?;
            if seen == MessageKind::Secured && kind == MessageKind::Plain {
                return Err(TransportError::WrongKind);
            }
            Ok((seen, copy(message, answer)?))
        })
    }
}

fn copy(message: &[u8], answer: &mut [u8]) -> Result<usize, TransportError> {
    let limit = answer.len();
    let too_long = TransportError::TooLong { length: message.len(), limit };
    answer.get_mut(..message.len()).ok_or(too_long)?.copy_from_slice(message);
    Ok(message.len())
}
