//! The packets of a file, whatever is in them.

use std::io::Read;
use std::time::Duration;

use super::pcapng::{self, Section};
use super::source::{LONGEST_PACKET, Order, Source};
use super::{CaptureError, Fault};

const NANOS_PER_MICRO: u32 = 1000;

/// One packet as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Where it begins in the file, in bytes.
    pub offset: u64,
    /// When, since 1970-01-01 UTC; zero where the file does not say.
    pub time: Duration,
    /// The number of its link type.
    pub link: u32,
    /// Its length on the wire, in bytes; what was recorded may be less.
    pub length: u64,
    /// What was recorded.
    pub bytes: Vec<u8>,
}

/// The packets of a pcap or pcapng file, from front to back. Ends after the first error.
#[derive(Debug)]
pub struct Packets<R> {
    source: Source<R>,
    format: Format,
    ended: bool,
}

#[derive(Debug)]
enum Format {
    Classic { order: Order, nanos: u32, link: u32 },
    Next(Section),
}

impl<R: Read> Packets<R> {
    /// Reads the head of a file.
    ///
    /// # Errors
    /// [`CaptureError`].
    pub fn new(file: R) -> Result<Self, CaptureError> {
        let mut source = Source::new(file);
        let format = open(&mut source).map_err(|fault| fault.at(0))?;
        Ok(Self { source, format, ended: false })
    }

    fn next_packet(&mut self) -> Result<Option<Packet>, Fault> {
        match &mut self.format {
            Format::Classic { order, nanos, link } => classic(&mut self.source, *order, *nanos, *link),
            Format::Next(section) => section.next_packet(&mut self.source),
        }
    }
}

impl<R: Read> Iterator for Packets<R> {
    type Item = Result<Packet, CaptureError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let offset = self.source.offset;
        let next = self.next_packet().map_err(|fault| fault.at(offset)).transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}

fn open<R: Read>(source: &mut Source<R>) -> Result<Format, Fault> {
    let magic = source.array()?;
    let (order, nanos) = match u32::from_be_bytes(magic) {
        0xa1b2_c3d4 => (Order::Big, NANOS_PER_MICRO),
        0xd4c3_b2a1 => (Order::Little, NANOS_PER_MICRO),
        0xa1b2_3c4d => (Order::Big, 1),
        0x4d3c_b2a1 => (Order::Little, 1),
        pcapng::SECTION => return Section::open(source).map(Format::Next),
        other => return Err(Fault::Magic(other)),
    };
    let [a, b, c, d, rest @ ..] = source.array::<20>()?;
    let (major, minor) = (order.u16([a, b]), order.u16([c, d]));
    if (major, minor) != (2, 4) {
        return Err(Fault::Version { major, minor });
    }
    let [.., e, f, g, h] = rest;
    // The upper half has flags about checksums.
    Ok(Format::Classic { order, nanos, link: order.u32([e, f, g, h]) & 0xffff })
}

fn classic<R: Read>(
    source: &mut Source<R>,
    order: Order,
    nanos: u32,
    link: u32,
) -> Result<Option<Packet>, Fault> {
    let offset = source.offset;
    let Some(head) = source.head::<16>()? else { return Ok(None) };
    let number = |at| order.u32_at(&head, at).map_or(0, u64::from);
    let fraction = number(4).saturating_mul(u64::from(nanos));
    let time = Duration::from_secs(number(0)).saturating_add(Duration::from_nanos(fraction));
    let bytes = source.bytes(number(8), LONGEST_PACKET)?;
    Ok(Some(Packet { offset, time, link, length: number(12), bytes }))
}
