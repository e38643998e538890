//! The client's end of a connection.

use std::path::Path;

use futures_util::{SinkExt, StreamExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use crate::frame::{self, FrameError};
use crate::{Call, Envelope, Fault, Replied};

/// Why a call brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The daemon refused it, or it failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// What came is not a message, or none was to be sent.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The daemon has closed the connection.
    #[error("the daemon has closed the connection")]
    Closed,
}

impl From<std::io::Error> for CallError {
    fn from(error: std::io::Error) -> Self {
        Self::Frame(error.into())
    }
}

/// A connection to the daemon. Calls are made one after the other; for more at once there are more connections.
#[derive(Debug)]
pub struct Client {
    incoming: frame::Incoming<OwnedReadHalf>,
    outgoing: frame::Outgoing<OwnedWriteHalf>,
}

impl Client {
    /// Connects to the daemon that listens at `path`.
    ///
    /// # Errors
    /// As the system says: nobody listens there, or not for this user.
    pub async fn connect(path: &Path) -> std::io::Result<Self> {
        Ok(Self::new(UnixStream::connect(path).await?))
    }

    /// A client on a connection that is there.
    #[must_use]
    pub fn new(stream: UnixStream) -> Self {
        let (read, write) = stream.into_split();
        Self { incoming: frame::incoming(read), outgoing: frame::outgoing(write) }
    }

    /// One call. A future that is dropped before its end leaves a connection that is of no more use.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn call<C: Call>(&mut self, call: &C) -> Result<C::Reply, CallError> {
        match self.send(&Envelope::new(call)).await {
            Ok(()) => Ok(self.receive::<C>().await?.0),
            Err(unsent) => Err(self.refusal(unsent).await),
        }
    }

    /// A call with as many replies as there are; they come from [`Self::receive`].
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn call_for_more<C: Call>(&mut self, call: &C) -> Result<(), CallError> {
        match self.send(&Envelope::new(call).more()).await {
            Ok(()) => Ok(()),
            Err(unsent) => Err(self.refusal(unsent).await),
        }
    }

    /// Who is not let in is told why before the connection is closed, and is not heard.
    async fn refusal(&mut self, unsent: CallError) -> CallError {
        match unsent {
            CallError::Frame(FrameError::Stream(_)) => {
                match self.receive::<crate::service::GetInfo>().await {
                    Err(refused @ CallError::Fault(_)) => refused,
                    _ => unsent,
                }
            }
            unsent => unsent,
        }
    }

    async fn send<C: Call>(&mut self, envelope: &Envelope<'_, C>) -> Result<(), CallError> {
        self.outgoing.send(frame::message(envelope)?).await.map_err(|error| CallError::Frame(error.into()))
    }

    /// The next reply to a call of `C`, and whether more come after it.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn receive<C: Call>(&mut self) -> Result<(C::Reply, bool), CallError> {
        let message = self.incoming.next().await.ok_or(CallError::Closed)?;
        let message = message.map_err(FrameError::from)?;
        let replied: Replied<'_> = serde_json::from_slice(&message).map_err(FrameError::from)?;
        let result = replied.result().map_err(FrameError::from)?;
        Ok((result?, replied.continues))
    }
}
