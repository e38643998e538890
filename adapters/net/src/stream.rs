//! Bytes in and out by a deadline.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use lanewarden_time::Instant;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::{Phase, TransportError};

/// What a wait is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// Bytes to read, or the end of them.
    Read,
    /// Room to write.
    Write,
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ready {
    /// The stream is ready, or broken.
    Stream,
    /// The time has passed.
    Timeout,
    /// The owner wants an end.
    Stopped,
}

/// A connection with a clock. `read` and `write` do not block: they say [`ErrorKind::WouldBlock`].
pub trait Stream: Read + Write {
    /// The present.
    fn now(&self) -> Instant;

    /// Waits until the stream is ready, or for `remaining`.
    ///
    /// # Errors
    /// Whatever the operating system says.
    fn wait(&mut self, interest: Interest, remaining: Duration) -> io::Result<Ready>;
}

/// A TCP connection.
#[derive(Debug)]
pub struct Socket {
    stream: TcpStream,
    start: std::time::Instant,
    stop: Option<Arc<UnixStream>>,
}

impl Socket {
    /// Connects within `timeout`.
    ///
    /// # Errors
    /// [`TransportError::Timeout`] and [`TransportError::Failed`].
    pub fn connect(address: SocketAddr, timeout: Duration) -> Result<Self, TransportError> {
        // The standard library refuses a time of zero.
        let timeout = timeout.max(Duration::from_nanos(1));
        let stream = TcpStream::connect_timeout(&address, timeout).and_then(|stream| Self::new(stream, None));
        stream.map_err(|error| match error.kind() {
            ErrorKind::TimedOut => TransportError::Timeout(Phase::Connect),
            _ => TransportError::failed(Phase::Connect, &error),
        })
    }

    /// Takes over a connection; a wait also ends when `stop` becomes readable.
    pub(crate) fn new(stream: TcpStream, stop: Option<Arc<UnixStream>>) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Self { stream, start: std::time::Instant::now(), stop })
    }
}

impl<S: Stream + ?Sized> Stream for &mut S {
    fn now(&self) -> Instant {
        (**self).now()
    }

    fn wait(&mut self, interest: Interest, remaining: Duration) -> io::Result<Ready> {
        (**self).wait(interest, remaining)
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl Stream for Socket {
    fn now(&self) -> Instant {
        Instant::new(self.start.elapsed())
    }

    fn wait(&mut self, interest: Interest, remaining: Duration) -> io::Result<Ready> {
        let flags = if interest == Interest::Read { PollFlags::IN } else { PollFlags::OUT };
        wait(PollFd::new(&self.stream, flags), self.stop.as_deref(), Some(remaining))
    }
}

/// Waits for one descriptor, for the stop, or for a time.
pub fn wait(fd: PollFd<'_>, stop: Option<&UnixStream>, remaining: Option<Duration>) -> io::Result<Ready> {
    let timeout =
        remaining.map(|time| Timespec::try_from(time).unwrap_or(Timespec { tv_sec: i64::MAX, tv_nsec: 0 }));
    let mut both = match stop {
        Some(stop) => vec![fd, PollFd::new(stop, PollFlags::IN)],
        None => vec![fd],
    };
    match poll(&mut both, timeout.as_ref()) {
        Ok(0) => Ok(Ready::Timeout),
        // A signal: as if the stream were ready; whoever reads finds that it would block, and waits again.
        Err(rustix::io::Errno::INTR) => Ok(Ready::Stream),
        Err(error) => Err(error.into()),
        Ok(_) if both.get(1).is_some_and(|stop| !stop.revents().is_empty()) => Ok(Ready::Stopped),
        Ok(_) => Ok(Ready::Stream),
    }
}

/// Waits until `deadline`.
pub(crate) fn await_ready(
    stream: &mut impl Stream,
    interest: Interest,
    phase: Phase,
    deadline: Instant,
) -> Result<(), TransportError> {
    let remaining = deadline - stream.now();
    if remaining.is_zero() {
        return Err(TransportError::Timeout(phase));
    }
    match stream.wait(interest, remaining) {
        Ok(Ready::Stream) => Ok(()),
        Ok(Ready::Timeout) => Err(TransportError::Timeout(phase)),
        Ok(Ready::Stopped) => Err(TransportError::Stopped),
        Err(error) => Err(TransportError::failed(phase, &error)),
    }
}

/// Fills `buffer` by `deadline`, however the bytes come.
pub(crate) fn read_by(
    stream: &mut impl Stream,
    buffer: &mut [u8],
    phase: Phase,
    deadline: Instant,
) -> Result<(), TransportError> {
    let mut rest = buffer;
    let mut phase = phase;
    while !rest.is_empty() {
        await_ready(stream, Interest::Read, phase, deadline)?;
        match stream.read(rest) {
            Ok(0) => return Err(TransportError::Closed(phase)),
            Ok(read) => {
                phase = Phase::Read;
                rest = rest.get_mut(read..).unwrap_or_default();
            }
            Err(error) if may_repeat(&error) => {}
            Err(error) => return Err(TransportError::failed(phase, &error)),
        }
    }
    Ok(())
}

/// Sends `bytes` by `deadline`: in one call, but where the connection takes less.
pub(crate) fn write_by(
    stream: &mut impl Stream,
    bytes: &[u8],
    deadline: Instant,
) -> Result<(), TransportError> {
    let mut rest = bytes;
    while !rest.is_empty() {
        await_ready(stream, Interest::Write, Phase::Write, deadline)?;
        match stream.write(rest) {
            Ok(0) => return Err(TransportError::Closed(Phase::Write)),
            Ok(written) => rest = rest.get(written..).unwrap_or_default(),
            Err(error) if may_repeat(&error) => {}
            Err(error) => return Err(TransportError::failed(Phase::Write, &error)),
        }
    }
    Ok(())
}

fn may_repeat(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock)
}
