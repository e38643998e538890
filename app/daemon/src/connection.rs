//! The life of one connection: calls in, replies out, and what ends it.

mod calls;
mod sessions;

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use lanewarden_broker::{ClientId, Device, Instance, Refusal, RequestId, Who};
use lanewarden_ipc::{Fault, Incoming, Reply, frame};
use lanewarden_linux::Peer;
use lanewarden_pci::Machine;
use serde::Serialize;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::{Instant, sleep_until, timeout};

use crate::engine::{Ticket, Told};
use crate::limiter::Limiter;
use crate::policy::Subject;
use crate::shared::Shared;

/// Calls that are taken before the one at hand is answered, and the bytes of them after which no more are.
const PIPELINE: usize = 16;
const PIPELINE_BYTES: usize = 1 << 16;
/// How long half a message may wait for its other half.
const HALF: Duration = Duration::from_secs(5);
/// How long a client may leave a reply unread before its connection is closed.
const UNREAD: Duration = Duration::from_secs(30);
/// As many bytes of a call, or of what it is answered with, count as a further call: reading and writing them takes as long.
const BYTES_OF_A_CALL: usize = 256;

/// What ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

/// One connection.
pub struct Connection<M: Machine> {
    shared: Rc<Shared<M>>,
    incoming: frame::Incoming<OwnedReadHalf>,
    outgoing: frame::Outgoing<OwnedWriteHalf>,
    /// Calls that have come while another was answered.
    waiting: VecDeque<String>,
    /// Of all connections of its user.
    limiter: Rc<RefCell<Limiter>>,
    client: ClientId,
    who: Who,
    /// What was granted: claims and detachments by their numbers, and locks.
    claims: BTreeMap<u64, (RequestId, Instance)>,
    locks: BTreeMap<u64, (RequestId, Device)>,
}

impl<M: Machine> Drop for Connection<M> {
    /// Whatever ends a connection ends what its client had.
    fn drop(&mut self) {
        let client = self.client;
        self.shared.with(|engine| engine.disconnect(client));
    }
}

/// Serves whoever has connected, until one of the two ends.
pub async fn serve<M: Machine + 'static>(shared: Rc<Shared<M>>, stream: UnixStream) {
    let Ok(peer) = Peer::of(&stream) else { return };
    let (read, write) = stream.into_split();
    let (incoming, mut outgoing) = (frame::incoming(read), frame::outgoing(write));
    let Peer { user, groups, process } = peer;
    let who = shared.with(|engine| {
        let role = engine.policy().admit(Subject { user, groups });
        Who::User { user, process, role }
    });
    let client = match shared.with(|engine| engine.connect(who)) {
        Ok(client) => client,
        Err(refusal) => {
            if let Ok(text) = frame::message(&Fault::from(refusal)) {
                let _ = write_to(&mut outgoing, text).await;
            }
            return;
        }
    };
    let limiter = shared.limiters.borrow_mut().of(user);
    let connection = Connection {
        shared,
        incoming,
        outgoing,
        waiting: VecDeque::new(),
        limiter,
        client,
        who,
        claims: BTreeMap::new(),
        locks: BTreeMap::new(),
    };
    connection.run().await;
}

async fn write_to(outgoing: &mut frame::Outgoing<OwnedWriteHalf>, text: String) -> Result<(), Closed> {
    match timeout(UNREAD, outgoing.send(text)).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(Closed),
    }
}

impl<M: Machine + 'static> Connection<M> {
    async fn run(mut self) {
        while let Some(message) = self.next().await {
            if let Some(from) = self.pay(1, message.len()) {
                sleep_until(from).await;
            }
            let Ok(call) = serde_json::from_str::<Incoming<'_>>(&message) else { return };
            if self.answer(&call).await.is_err() {
                return;
            }
        }
    }

    /// From when on the user may call again, if not at once.
    fn pay(&self, calls: u32, bytes: usize) -> Option<Instant> {
        let for_bytes = bytes.checked_div(BYTES_OF_A_CALL).unwrap_or_default();
        let calls = calls.saturating_add(u32::try_from(for_bytes).unwrap_or(u32::MAX));
        self.limiter.borrow_mut().take(calls)
    }

    /// Sends what was asked for, at the user's expense. What others do is not: events are free.
    async fn answer_with<T: Serialize>(&mut self, value: &T) -> Result<(), Closed> {
        let bytes = self.send(value).await?;
        self.pay(0, bytes);
        Ok(())
    }

    /// How many bytes it was.
    async fn send<T: Serialize>(&mut self, value: &T) -> Result<usize, Closed> {
        let text = frame::message(value).map_err(|_| Closed)?;
        let bytes = text.len();
        write_to(&mut self.outgoing, text).await?;
        Ok(bytes)
    }

    /// The next message; none once nothing more will come.
    async fn next(&mut self) -> Option<String> {
        if let Some(message) = self.waiting.pop_front() {
            return Some(message);
        }
        loop {
            match timeout(HALF, self.incoming.next()).await {
                Ok(Some(Ok(message))) => return String::from_utf8(message.into()).ok(),
                Ok(_) => return None,
                Err(_) if self.incoming.read_buffer().is_empty() => {}
                Err(_) => return None,
            }
        }
    }

    /// Whether another call is taken although one is at hand.
    fn takes_more(&self) -> bool {
        let bytes = self.waiting.iter().map(String::len).fold(0, usize::saturating_add);
        self.waiting.len() < PIPELINE && bytes < PIPELINE_BYTES
    }

    /// Waits for what comes of a request, and hears meanwhile whether its client goes.
    async fn told(&mut self, mut ticket: Ticket) -> Result<Result<Told, Refusal>, Closed> {
        loop {
            tokio::select! {
                biased;
                told = &mut ticket.told => return told.map_err(|_| Closed),
                message = self.incoming.next(), if self.takes_more() => match message {
                    Some(Ok(message)) => {
                        let text = String::from_utf8(message.into()).map_err(|_| Closed)?;
                        self.waiting.push_back(text);
                    }
                    _ => return Err(Closed),
                },
            }
        }
    }

    /// Sends a result, and tells the broker that an answer has been collected.
    async fn reply<T: Serialize>(
        &mut self,
        call: &Incoming<'_>,
        result: Result<T, Fault>,
        request: Option<RequestId>,
    ) -> Result<(), Closed> {
        if !call.oneway {
            match result {
                Ok(parameters) => self.answer_with(&Reply::new(parameters)).await?,
                Err(fault) => {
                    let fault = self.name(fault);
                    self.answer_with(&fault).await?;
                }
            }
        }
        if let Some(request) = request {
            let client = self.client;
            self.shared.with(|engine| engine.tell(|broker, now| broker.collected(client, request, now)));
        }
        Ok(())
    }

    /// Adds the process of the client that is in the way.
    fn name(&self, fault: Fault) -> Fault {
        match fault {
            Fault::Refused { refused, process: None } => {
                let process = refused.client.and_then(|client| self.shared.look(|e| e.process(client)));
                Fault::Refused { refused, process }
            }
            other => other,
        }
    }
}
