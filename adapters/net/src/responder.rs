//! What a server asks for answers, and how it treats its peers.

use std::time::Duration;

use lanewarden_spdm::binding::MessageKind;

use crate::TransportError;
use crate::emulator::Command;

/// Whoever answers requests. A closure is one.
pub trait Responder {
    /// Appends the answer to `request` to `answer`, which is empty, and says of which kind it is; `None` for no
    /// answer. Over DOE the request has its padding.
    fn respond(&mut self, kind: MessageKind, request: &mut [u8], answer: &mut Vec<u8>)
    -> Option<MessageKind>;

    /// A peer has connected: what was agreed with the one before holds no longer.
    fn connected(&mut self) {}

    /// The connection has ended, in good order or not. The server goes on.
    fn disconnected(&mut self, why: Result<(), TransportError>) {
        let _ = why;
    }

    /// An emulator asks for something aside: [`Command::KEY_UPDATE`] wants an encapsulated KEY_UPDATE next (the
    /// payload is the session ID, a `u32`), [`Command::ENDPOINT_INFO`] an encapsulated GET_ENDPOINT_INFO.
    fn aside(&mut self, command: Command, payload: &[u8]) {
        let _ = (command, payload);
    }
}

impl<F: FnMut(MessageKind, &mut [u8], &mut Vec<u8>) -> Option<MessageKind>> Responder for F {
    fn respond(
        &mut self,
        kind: MessageKind,
        request: &mut [u8],
        answer: &mut Vec<u8>,
    ) -> Option<MessageKind> {
        self(kind, request, answer)
    }
}

/// How long a server waits for a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerTimes {
    /// For the next frame to begin; then the connection is closed, and the next peer has its turn.
    pub idle: Duration,
    /// For a frame that has begun to be whole, and for one of the server's to be taken.
    pub frame: Duration,
}

impl Default for ServerTimes {
    /// Ten minutes, since people type between requests; ten seconds.
    fn default() -> Self {
        Self { idle: Duration::from_secs(600), frame: Duration::from_secs(10) }
    }
}

/// Why a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// A peer said shutdown.
    Shutdown,
    /// Its owner stopped it.
    Stopped,
}
