//! TCP streams put together, and the messages in them.

use std::net::IpAddr;

use lanewarden_spdm::binding::tcp::{HEAD, Head};

use super::emulator::Frame;
use super::packet::Segment;
use super::{Fault, Framing};

/// Most streams that are followed at once, two for a connection.
const MOST_STREAMS: usize = 512;
/// Most segments, and most bytes in them, that wait for one that is missing.
const MOST_WAITING: usize = 64;
const MOST_BYTES_WAITING: usize = 1 << 20;

type End = (IpAddr, u16);

/// All streams of a capture.
#[derive(Debug, Default)]
pub struct Streams(Vec<((End, End), Stream)>);

impl Streams {
    /// The stream of a segment.
    pub fn of(&mut self, segment: &Segment<'_>) -> Result<&mut Stream, Fault> {
        let key = (segment.from, segment.to);
        let known = self.0.iter().position(|(other, _)| *other == key);
        if known.is_none() && self.0.len() >= MOST_STREAMS {
            // One that holds nothing has most likely been closed; if not, it is taken up again where it goes on.
            let idle = self.0.iter().position(|(_, stream)| stream.is_idle());
            self.0.remove(idle.ok_or(Fault::TooManyConnections)?);
        }
        let index = known.unwrap_or_else(|| {
            self.0.push((key, Stream::default()));
            self.0.len().saturating_sub(1)
        });
        self.0.get_mut(index).map(|(_, stream)| stream).ok_or(Fault::TooManyConnections)
    }

    /// How many streams stop within a message, or wait for a segment.
    pub fn unfinished(&self) -> usize {
        self.0.iter().filter(|(_, stream)| !stream.is_idle()).count()
    }
}

/// One direction of a connection.
#[derive(Debug, Default)]
pub struct Stream {
    /// Number of the byte that comes next; none before the first segment.
    next: Option<u32>,
    /// What has come in order and is no whole message yet: less than the longest message.
    bytes: Vec<u8>,
    /// Segments that have come too early.
    waiting: Vec<(u32, Vec<u8>)>,
    /// What comes is not understood any more, until the connection opens anew.
    lost: bool,
}

impl Stream {
    /// Takes a segment; then [`Stream::message`] may have messages.
    pub fn take(&mut self, segment: &Segment<'_>) -> Result<(), Fault> {
        let mut sequence = segment.sequence;
        if segment.opens {
            sequence = sequence.wrapping_add(1);
            *self = Self { next: Some(sequence), ..Self::default() };
        }
        if self.lost || segment.bytes.is_empty() {
            return Ok(());
        }
        let next = *self.next.get_or_insert(sequence);
        if is_before(next, sequence) {
            return self.put_aside(sequence, segment.bytes);
        }
        self.append(sequence, segment.bytes);
        while let Some(index) = self.first_due() {
            let (sequence, bytes) = self.waiting.swap_remove(index);
            self.append(sequence, &bytes);
        }
        Ok(())
    }

    /// The next whole message.
    pub fn message(&mut self) -> Result<Option<(Framing, Vec<u8>)>, Fault> {
        if Frame::begins(&self.bytes) {
            return self.frame();
        }
        let Some((head, body)) = self.bytes.split_first_chunk::<HEAD>() else { return Ok(None) };
        let head = match Head::decode(*head) {
            Ok(head) => head,
            Err(error) => return Err(self.lose(Fault::Head(error))),
        };
        let Some(body) = body.get(..head.body_len()).map(<[u8]>::to_vec) else { return Ok(None) };
        self.bytes.drain(..HEAD.saturating_add(body.len()));
        Ok(Some((Framing::Tcp(head.kind), body)))
    }

    fn frame(&mut self) -> Result<Option<(Framing, Vec<u8>)>, Fault> {
        let frame = match Frame::split(&self.bytes) {
            Ok(Some(frame)) => frame,
            Ok(None) => return Ok(None),
            Err(fault) => return Err(self.lose(fault)),
        };
        let (length, content) =
            (frame.length, frame.content().map(|(framing, body)| (framing, body.to_vec())));
        self.bytes.drain(..length);
        content.map(Some)
    }

    fn is_idle(&self) -> bool {
        self.bytes.is_empty() && self.waiting.is_empty()
    }

    fn put_aside(&mut self, sequence: u32, bytes: &[u8]) -> Result<(), Fault> {
        let held: usize = self.waiting.iter().map(|(_, bytes)| bytes.len()).sum();
        if self.waiting.len() >= MOST_WAITING || held.saturating_add(bytes.len()) > MOST_BYTES_WAITING {
            return Err(self.lose(Fault::Gap));
        }
        self.waiting.push((sequence, bytes.to_vec()));
        Ok(())
    }

    fn first_due(&self) -> Option<usize> {
        let next = self.next?;
        self.waiting.iter().position(|(sequence, _)| !is_before(next, *sequence))
    }

    /// Appends what of a segment is new; one that was sent twice is not.
    fn append(&mut self, sequence: u32, bytes: &[u8]) {
        let Some(next) = self.next else { return };
        let known = usize::try_from(next.wrapping_sub(sequence)).unwrap_or(usize::MAX);
        let new = bytes.get(known..).unwrap_or_default();
        self.bytes.extend(new);
        // A segment is shorter than a packet.
        self.next = Some(next.wrapping_add(u32::try_from(new.len()).unwrap_or_default()));
    }

    fn lose(&mut self, fault: Fault) -> Fault {
        *self = Self { lost: true, ..Self::default() };
        fault
    }
}

/// Whether one number comes before another; they go round.
fn is_before(one: u32, other: u32) -> bool {
    let ahead = other.wrapping_sub(one);
    ahead != 0 && ahead < 1 << 31
}
