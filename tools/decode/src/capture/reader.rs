//! The messages of a capture.

use std::collections::VecDeque;
use std::io::Read;

use lanewarden_spdm::binding::tcp::PORT;

use super::packet::{Content, Segment, content};
use super::stream::Streams;
use super::{CaptureError, Captured, Connection, Direction, Fault, Packet, Packets, emulator};

/// The messages of a pcap or pcapng file, from front to back.
///
/// What is wrong with one packet or one TCP connection is an error among the messages, and the rest follows; after an
/// error that [is final](Fault::is_final) nothing does. Packets that are neither MCTP, DOE nor TCP on the responder's
/// port (4194 and, of the emulators, 2323) are passed over.
#[derive(Debug)]
pub struct CaptureReader<R> {
    packets: Packets<R>,
    ports: [u16; 2],
    streams: Streams,
    /// What the last packet completed.
    found: VecDeque<Result<Captured, CaptureError>>,
    /// Where the last packet begins.
    offset: u64,
    ended: bool,
}

impl<R: Read> CaptureReader<R> {
    /// Reads the head of a file.
    ///
    /// # Errors
    /// [`CaptureError`].
    pub fn new(file: R) -> Result<Self, CaptureError> {
        let (packets, streams) = (Packets::new(file)?, Streams::default());
        Ok(Self {
            packets,
            ports: [PORT, emulator::PORT],
            streams,
            found: VecDeque::new(),
            offset: 0,
            ended: false,
        })
    }

    /// The same, where the responder's TCP port is another one.
    #[must_use]
    pub fn on_port(self, port: u16) -> Self {
        Self { ports: [port; 2], ..self }
    }

    fn take(&mut self, packet: &Packet) -> Result<(), Fault> {
        let kept = packet.bytes.len() as u64;
        if kept < packet.length {
            return Err(Fault::Truncated { kept, length: packet.length });
        }
        match content(packet.link, &packet.bytes)? {
            Content::Message(connection, framing, bytes) => {
                let (time, bytes) = (packet.time, bytes.to_vec());
                self.found.push_back(Ok(Captured { time, connection, direction: None, framing, bytes }));
            }
            Content::Segment(segment) => {
                if let Some(direction) = direction(&segment, &self.ports) {
                    self.segment(packet, &segment, direction)?;
                }
            }
            Content::Other => {}
        }
        Ok(())
    }

    fn segment(&mut self, packet: &Packet, segment: &Segment<'_>, direction: Direction) -> Result<(), Fault> {
        let connection = match direction {
            Direction::ToResponder => Connection::Tcp(segment.from, segment.to),
            Direction::ToRequester => Connection::Tcp(segment.to, segment.from),
        };
        let stream = self.streams.of(segment)?;
        stream.take(segment)?;
        // Each turn takes something out of the stream, or gives it up.
        while let Some(next) = stream.message().transpose() {
            self.found.push_back(match next {
                Ok((framing, bytes)) => {
                    let (time, direction) = (packet.time, Some(direction));
                    Ok(Captured { time, connection, direction, framing, bytes })
                }
                Err(fault) => Err(fault.at(packet.offset)),
            });
        }
        Ok(())
    }

    /// Looks at the next packet, or at what is left after the last.
    fn advance(&mut self) {
        match self.packets.next() {
            Some(Ok(packet)) => {
                self.offset = packet.offset;
                if let Err(fault) = self.take(&packet) {
                    self.found.push_back(Err(fault.at(packet.offset)));
                }
            }
            Some(Err(error)) => {
                self.ended = true;
                self.found.push_back(Err(error));
            }
            None => {
                self.ended = true;
                let unfinished = Fault::Unfinished.at(self.offset);
                self.found.extend(std::iter::repeat_n(Err(unfinished), self.streams.unfinished()));
            }
        }
    }
}

impl<R: Read> Iterator for CaptureReader<R> {
    type Item = Result<Captured, CaptureError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.found.is_empty() && !self.ended {
            self.advance();
        }
        self.found.pop_front()
    }
}

fn direction(segment: &Segment<'_>, ports: &[u16]) -> Option<Direction> {
    match (ports.contains(&segment.from.1), ports.contains(&segment.to.1)) {
        (_, true) => Some(Direction::ToResponder),
        (true, false) => Some(Direction::ToRequester),
        (false, false) => None,
    }
}
