//! A connection without a network, whose clock the peer's bytes advance.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::time::Duration;

use lanewarden_time::Instant;

use crate::{Interest, Ready, Stream};

/// A peer that says what it was told to, whatever it is sent.
#[derive(Debug, Default)]
pub struct Fake {
    /// What the peer says, in pieces.
    pub says: VecDeque<Vec<u8>>,
    /// How long each piece takes.
    pub pace: Duration,
    /// Whether the peer stays silent after its last piece, rather than closing.
    pub stays: bool,
    /// Each write as it came.
    pub heard: Vec<Vec<u8>>,
    /// How far the clock has got.
    pub now: Duration,
}

impl Fake {
    /// Says all at once, then closes.
    pub fn saying(bytes: &[u8]) -> Self {
        Self { says: [bytes.to_vec()].into(), ..Self::default() }
    }

    /// Says one byte at a time, each after `pace`, then stays.
    pub fn dripping(bytes: &[u8], pace: Duration) -> Self {
        let says = bytes.iter().map(|byte| vec![*byte]).collect();
        Self { says, pace, stays: true, ..Self::default() }
    }
}

impl Read for Fake {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(mut piece) = self.says.pop_front() else { return Ok(0) };
        let length = piece.len().min(buffer.len());
        buffer[..length].copy_from_slice(&piece[..length]);
        if length < piece.len() {
            self.says.push_front(piece.split_off(length));
        }
        Ok(length)
    }
}

impl Write for Fake {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.heard.push(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Fake {
    fn now(&self) -> Instant {
        Instant::new(self.now)
    }

    fn wait(&mut self, interest: Interest, remaining: Duration) -> io::Result<Ready> {
        if interest == Interest::Write {
            return Ok(Ready::Stream);
        }
        let silent = self.says.is_empty() && self.stays;
        let takes = if silent { Duration::MAX } else { self.pace };
        self.now = self.now.saturating_add(takes.min(remaining));
        Ok(if takes > remaining { Ready::Timeout } else { Ready::Stream })
    }
}
