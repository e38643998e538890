//! A capture being written: classic pcap, little-endian, microseconds.

use std::io::{self, Write};
use std::time::Duration;

use etherparse::PacketBuilder;
use lanewarden_doe::{Object, Protocol};
use lanewarden_mctp::{Message, MessageType};
use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::binding::tcp;

use super::{Direction, LinkType, WriteError};

/// Longest packet, in bytes: spdm-dump reads no file that allows more.
const LONGEST_PACKET: u32 = 0x1_0000;
/// What spdm-emu puts in front of an MCTP message: version 0, no addresses, first and last packet.
const FAKE_MCTP_HEADER: [u8; 4] = [0, 0, 0, 0xc0];
/// Longest part of a stream in one packet, in bytes.
const SEGMENT: usize = 0x4000;
const REQUESTER: ([u8; 4], u16) = ([192, 0, 2, 1], 49152);
const RESPONDER: ([u8; 4], u16) = ([192, 0, 2, 2], tcp::PORT);
const TTL: u8 = 64;
const WINDOW: u16 = 0xffff;

/// Writes messages to a capture, each as it comes.
#[derive(Debug)]
pub struct CaptureWriter<W> {
    out: W,
    link: LinkType,
    /// Numbers of the next bytes of the requester's stream and of the responder's.
    next: [u32; 2],
}

impl<W: Write> CaptureWriter<W> {
    /// Begins a capture.
    ///
    /// # Errors
    /// Where `out` cannot be written.
    pub fn new(mut out: W, link: LinkType) -> io::Result<Self> {
        let words = [0xa1b2_c3d4, 0x0004_0002, 0, 0, LONGEST_PACKET, link.number()];
        out.write_all(&words.map(u32::to_le_bytes).concat())?;
        Ok(Self { out, link, next: [1, 1] })
    }

    /// Writes an SPDM message or a secured message, at `time` since 1970-01-01 UTC.
    ///
    /// # Errors
    /// [`WriteError`]; nothing was written but for [`WriteError::Write`].
    pub fn message(
        &mut self,
        time: Duration,
        direction: Direction,
        kind: MessageKind,
        message: &[u8],
    ) -> Result<(), WriteError> {
        self.framed(time, direction, &framed(self.link, kind, message)?)
    }

    /// Writes what is framed already: an MCTP message from its type byte on, a data object from its header on, or a TCP
    /// message from its length on.
    ///
    /// # Errors
    /// [`WriteError`]; nothing was written but for [`WriteError::Write`].
    pub fn framed(&mut self, time: Duration, direction: Direction, bytes: &[u8]) -> Result<(), WriteError> {
        match self.link {
            LinkType::Mctp => self.packet(time, &[&FAKE_MCTP_HEADER, bytes].concat()),
            LinkType::Doe => self.packet(time, bytes),
            LinkType::Ip => bytes.chunks(SEGMENT).try_for_each(|part| self.segment(time, direction, part)),
        }
    }

    /// Ends the capture and gives back what it was written to.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn segment(&mut self, time: Duration, direction: Direction, part: &[u8]) -> Result<(), WriteError> {
        let [requester, responder] = self.next;
        let (from, to, sequence, acknowledged) = match direction {
            Direction::ToResponder => (REQUESTER, RESPONDER, requester, responder),
            Direction::ToRequester => (RESPONDER, REQUESTER, responder, requester),
        };
        let builder = PacketBuilder::ipv4(from.0, to.0, TTL).tcp(from.1, to.1, sequence, WINDOW);
        let builder = builder.ack(acknowledged).psh();
        let mut packet = Vec::with_capacity(builder.size(part.len()));
        builder.write(&mut packet, part).map_err(|_| WriteError::TooLong(part.len()))?;
        self.packet(time, &packet)?;
        // A part is at most SEGMENT bytes long.
        let after = sequence.wrapping_add(u32::try_from(part.len()).unwrap_or_default());
        match direction {
            Direction::ToResponder => self.next = [after, responder],
            Direction::ToRequester => self.next = [requester, after],
        }
        Ok(())
    }

    fn packet(&mut self, time: Duration, bytes: &[u8]) -> Result<(), WriteError> {
        let length = u32::try_from(bytes.len()).ok().filter(|length| *length <= LONGEST_PACKET);
        let length = length.ok_or(WriteError::TooLong(bytes.len()))?;
        // The format ends in 2106.
        let seconds = u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
        let head = [seconds, time.subsec_micros(), length, length].map(u32::to_le_bytes);
        Ok(self.out.write_all(&[head.as_flattened(), bytes].concat())?)
    }
}

fn framed(link: LinkType, kind: MessageKind, message: &[u8]) -> Result<Vec<u8>, WriteError> {
    let secured = kind == MessageKind::Secured;
    match link {
        LinkType::Mctp => {
            let message_type = if secured { MessageType::SECURED } else { MessageType::SPDM };
            Ok([&[Message::new(message_type, message).first_byte()], message].concat())
        }
        LinkType::Doe => {
            let protocol = if secured { Protocol::SECURED_CMA_SPDM } else { Protocol::CMA_SPDM };
            let object = Object::new(protocol, 0, message)?;
            let mut bytes = vec![0; object.header.payload_len().saturating_add(8)];
            object.write_to(&mut bytes).map_err(|_| WriteError::TooLong(message.len()))?;
            Ok(bytes)
        }
        LinkType::Ip => Ok([&tcp::Head::message(kind, message.len())?.encode(), message].concat()),
    }
}
