//! SPDM devices behind sockets.

use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use lanewarden_decode::capture::Direction;
use lanewarden_net::emulator::Transport as Wrapping;
use lanewarden_net::{Socket, TransportError, emulator, tcp};
use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::requester::Transport;
use lanewarden_time::{Clock, Instant};

use crate::args::TransportArgument;
use crate::capture::Capture;
use crate::exit::{Exit, Failure};

/// How long a peer may take to be there.
const CONNECT: Duration = Duration::from_secs(5);

/// A connection to a responder.
pub struct Connection<'c> {
    client: Client,
    capture: Option<&'c Capture>,
}

enum Client {
    Emulator(emulator::Client<Socket>),
    Tcp(tcp::Client<Socket>),
}

/// The wrapping of the emulators' frames; none for SPDM over TCP, which has its own.
pub const fn wrapping(transport: TransportArgument) -> Option<Wrapping> {
    match transport {
        TransportArgument::Doe => Some(Wrapping::Doe),
        TransportArgument::Mctp => Some(Wrapping::Mctp),
        TransportArgument::None => Some(Wrapping::None),
        TransportArgument::FramedTcp => Some(Wrapping::Tcp),
        TransportArgument::Tcp => None,
    }
}

/// The first address of a name and port.
pub fn address(text: &str) -> Result<SocketAddr, Failure> {
    let found = text.to_socket_addrs().map(|mut found| found.next());
    let failure = |why: &str| Failure::new(Exit::Usage, format!("{text}: {why}")).hint("expected HOST:PORT");
    found.map_err(|error| failure(&error.to_string()))?.ok_or_else(|| failure("no such host"))
}

impl<'c> Connection<'c> {
    /// Connects, greets and asks what there is to ask before SPDM.
    pub fn open(
        to: &str,
        transport: TransportArgument,
        capture: Option<&'c Capture>,
    ) -> Result<Self, Failure> {
        let peer = address(to)?;
        let client = Self::connect(peer, transport).map_err(|error| failure(to, &error))?;
        Ok(Self { client, capture })
    }

    fn connect(peer: SocketAddr, transport: TransportArgument) -> Result<Client, TransportError> {
        let Some(wrapping) = wrapping(transport) else {
            return tcp::Client::connect(peer, CONNECT).map(Client::Tcp);
        };
        let mut client = emulator::Client::connect(peer, wrapping, CONNECT)?;
        if wrapping != Wrapping::None {
            client.hello(CONNECT)?;
        }
        if wrapping == Wrapping::Doe {
            client.discover(CONNECT)?;
        }
        Ok(Client::Emulator(client))
    }

    /// Leaves in good order. The responder goes on.
    pub fn close(self) {
        if let Client::Emulator(client) = self.client {
            // Whether it hears us does not matter any more.
            let _ = client.leave(CONNECT);
        }
    }

    fn note(&self, direction: Direction, kind: MessageKind, message: &[u8]) {
        if let Some(capture) = self.capture {
            capture.message(direction, kind, message);
        }
    }
}

impl Transport for Connection<'_> {
    type Error = TransportError;

    fn exchange(
        &mut self,
        kind: MessageKind,
        message: &[u8],
        answer: &mut [u8],
        within: Duration,
    ) -> Result<(MessageKind, usize), TransportError> {
        self.note(Direction::ToResponder, kind, message);
        let (kind, length) = match &mut self.client {
            Client::Emulator(client) => client.exchange(kind, message, answer, within),
            Client::Tcp(client) => client.exchange(kind, message, answer, within),
        }?;
        self.note(Direction::ToRequester, kind, answer.get(..length).unwrap_or_default());
        Ok((kind, length))
    }
}

/// A peer that was not reached.
fn failure(to: &str, error: &TransportError) -> Failure {
    Failure::new(Exit::Device, format!("{to}: {error}"))
        .hint("is a responder listening there, for the same --transport? `lanewarden respond` is one")
}

/// The time since a start.
pub struct Monotonic(std::time::Instant);

impl Monotonic {
    /// Starts now.
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }
}

impl Clock for Monotonic {
    fn now(&self) -> Instant {
        Instant::new(self.0.elapsed())
    }

    fn wait_until(&self, deadline: Instant) {
        std::thread::sleep(deadline.since(self.now()));
    }
}
