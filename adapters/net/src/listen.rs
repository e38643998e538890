//! One connection after the other.

use std::io::{self, ErrorKind};
use std::net::{Shutdown, TcpListener};
use std::ops::ControlFlow;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use rustix::event::{PollFd, PollFlags};

use crate::stream::wait;
use crate::{Ended, Ready, Socket};

/// Ends a server from outside, at once and whatever it waits for. Clones end the same one.
#[derive(Clone, Debug)]
pub struct Stop {
    near: Arc<UnixStream>,
    far: Arc<UnixStream>,
}

impl Stop {
    /// A stop that nobody has used yet.
    ///
    /// # Errors
    /// Where the operating system gives no pair of sockets.
    pub fn new() -> io::Result<Self> {
        let (near, far) = UnixStream::pair()?;
        Ok(Self { near: Arc::new(near), far: Arc::new(far) })
    }

    /// Ends the server, now or as soon as it begins. Once is enough.
    pub fn stop(&self) {
        // The far end becomes readable for good. It fails only where that has happened already.
        let _ = self.near.shutdown(Shutdown::Write);
    }
}

/// Accepts connections and serves each to its end, until `connection` breaks or the stop is used. The others wait in
/// the operating system's queue, which is bounded.
pub fn accept(
    listener: &TcpListener,
    stop: &Stop,
    mut connection: impl FnMut(Socket) -> ControlFlow<Ended>,
) -> io::Result<Ended> {
    listener.set_nonblocking(true)?;
    loop {
        if wait(PollFd::new(listener, PollFlags::IN), Some(&stop.far), None)? == Ready::Stopped {
            return Ok(Ended::Stopped);
        }
        let stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if is_the_peers(&error) => continue,
            Err(error) => return Err(error),
        };
        // A peer that is gone already is no reason to end.
        let Ok(socket) = Socket::new(stream, Some(Arc::clone(&stop.far))) else { continue };
        if let ControlFlow::Break(ended) = connection(socket) {
            return Ok(ended);
        }
    }
}

/// Whether only the connection failed that was to be accepted.
fn is_the_peers(error: &io::Error) -> bool {
    use ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted, WouldBlock};
    matches!(error.kind(), WouldBlock | Interrupted | ConnectionAborted | ConnectionReset)
}
