//! A requester over TCP.

use std::net::SocketAddr;
use std::time::Duration;

use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::binding::tcp::{HEAD, Head, Type};

use crate::stream::{read_by, write_by};
use lanewarden_spdm::requester::Transport;

use crate::{Phase, Socket, Stream, TransportError};

/// A requester's end of a connection.
#[derive(Debug)]
pub struct Client<S> {
    stream: S,
    dead: bool,
    frame: Vec<u8>,
}

impl Client<Socket> {
    /// Connects within `timeout`.
    ///
    /// # Errors
    /// As [`Socket::connect`].
    pub fn connect(address: SocketAddr, timeout: Duration) -> Result<Self, TransportError> {
        Ok(Self::new(Socket::connect(address, timeout)?))
    }
}

impl<S: Stream> Client<S> {
    /// A requester on a connection that stands.
    pub const fn new(stream: S) -> Self {
        Self { stream, dead: false, frame: Vec::new() }
    }

    fn round(
        &mut self,
        kind: MessageKind,
        answer: &mut [u8],
        timeout: Duration,
    ) -> Result<(MessageKind, usize), TransportError> {
        let deadline = self.stream.now() + timeout;
        write_by(&mut self.stream, &self.frame, deadline)?;
        let mut head = [0; HEAD];
        read_by(&mut self.stream, &mut head, Phase::Await, deadline)?;
        let head = Head::decode(head)?;
        let length = head.body_len();
        let seen = match head.kind {
            Type::Message(MessageKind::Secured) if kind == MessageKind::Plain => {
                return Err(TransportError::WrongKind);
            }
            Type::Message(seen) => seen,
            Type::Error(why) => return Err(TransportError::Refused(why)),
            Type::RoleInquiry => return Err(TransportError::NoMessage(head.kind.number())),
        };
        let too_long = TransportError::TooLong { length, limit: answer.len() };
        let room = answer.get_mut(..length).ok_or(too_long)?;
        read_by(&mut self.stream, room, Phase::Read, deadline)?;
        Ok((seen, length))
    }
}

impl<S: Stream> Transport for Client<S> {
    type Error = TransportError;

    fn exchange(
        &mut self,
        kind: MessageKind,
        request: &[u8],
        answer: &mut [u8],
        within: Duration,
    ) -> Result<(MessageKind, usize), TransportError> {
        if self.dead {
            return Err(TransportError::Dead);
        }
        let head = Head::message(kind, request.len());
        let head = head.map_err(|_| TransportError::Unsendable(request.len()))?;
        self.frame.clear();
        self.frame.extend(head.encode());
        self.frame.extend(request);
        // Whatever fails now, the next answer could be the late one to this request.
        self.dead = true;
        let (seen, length) = self.round(kind, answer, within)?;
        self.dead = false;
        Ok((seen, length))
    }
}
