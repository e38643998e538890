//! pcapng (draft-ietf-opsawg-pcapng): blocks of which sections, interfaces and packets count here.

use std::io::Read;
use std::time::Duration;

use super::source::{LONGEST_PACKET, Order, Source};
use super::{Fault, Packet};

/// Type of the block that begins a section; reads the same in either order.
pub const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

/// Length of type, length, and the length again at the end.
const AROUND: u64 = 12;
/// Longest block whose content is looked at: a packet with room for options.
const LONGEST_BLOCK: u64 = 2 * LONGEST_PACKET;
/// Most interfaces of a section.
const MOST_INTERFACES: usize = 1024;
/// Option of an interface: the unit of its time stamps.
const TIME_RESOLUTION: u16 = 9;

/// What the blocks so far have said of those to come.
#[derive(Debug)]
pub struct Section {
    order: Order,
    interfaces: Vec<Interface>,
}

#[derive(Clone, Copy, Debug)]
struct Interface {
    link: u32,
    /// Longest part of a packet that is recorded; 0 is all.
    snap: u32,
    /// Units of its time stamps in a second.
    per_second: u64,
}

impl Section {
    /// Reads the rest of the first block, whose type has been read.
    pub fn open<R: Read>(source: &mut Source<R>) -> Result<Self, Fault> {
        let length = source.array()?;
        let order = match source.array()? {
            [0x1a, 0x2b, 0x3c, 0x4d] => Order::Big,
            [0x4d, 0x3c, 0x2b, 0x1a] => Order::Little,
            _ => return Err(Fault::Block("no byte order")),
        };
        let [a, b, c, d] = source.array()?;
        let (major, minor) = (order.u16([a, b]), order.u16([c, d]));
        if major != 1 {
            return Err(Fault::Version { major, minor });
        }
        // 8 bytes of the content are read: byte order and version.
        let length = order.u32(length);
        let rest = inside(length)?.checked_sub(8).ok_or(Fault::Block("a section shorter than its head"))?;
        source.skip(rest)?;
        close(source, order, length)?;
        Ok(Self { order, interfaces: Vec::new() })
    }

    /// The next packet; `None` at the end of the file.
    pub fn next_packet<R: Read>(&mut self, source: &mut Source<R>) -> Result<Option<Packet>, Fault> {
        loop {
            let offset = source.offset;
            let Some(kind) = source.head()? else { return Ok(None) };
            let kind = self.order.u32(kind);
            if kind == SECTION {
                *self = Self::open(source)?;
                continue;
            }
            let length = self.order.u32(source.array()?);
            let inside = inside(length)?;
            let packet = match kind {
                INTERFACE | SIMPLE_PACKET | ENHANCED_PACKET => {
                    let content = source.bytes(inside, LONGEST_BLOCK)?;
                    self.block(kind, &content)?
                }
                _ => {
                    source.skip(inside)?;
                    None
                }
            };
            close(source, self.order, length)?;
            if let Some(packet) = packet {
                return Ok(Some(Packet { offset, ..packet }));
            }
        }
    }

    fn block(&mut self, kind: u32, content: &[u8]) -> Result<Option<Packet>, Fault> {
        if kind == INTERFACE {
            return self.interface(content).map(|()| None);
        }
        let packet = if kind == SIMPLE_PACKET { self.simple(content) } else { self.enhanced(content) };
        packet.map(Some).ok_or(Fault::Block("a packet that contradicts itself"))
    }

    fn interface(&mut self, content: &[u8]) -> Result<(), Fault> {
        if self.interfaces.len() >= MOST_INTERFACES {
            return Err(Fault::Block("too many interfaces"));
        }
        let link = self.order.u16_at(content, 0).map(u32::from);
        let head = link.zip(self.order.u32_at(content, 4));
        let (link, snap) = head.ok_or(Fault::Block("an interface shorter than its head"))?;
        let per_second = self.per_second(content.get(8..).unwrap_or_default());
        let per_second = per_second.ok_or(Fault::Block("a unit of time that cannot be counted"))?;
        self.interfaces.push(Interface { link, snap, per_second });
        Ok(())
    }

    /// The unit of time among an interface's options: microseconds, where they do not say.
    fn per_second(&self, options: &[u8]) -> Option<u64> {
        let mut rest = options;
        while let Some((code, length)) = self.order.u16_at(rest, 0).zip(self.order.u16_at(rest, 2)) {
            let value = rest.get(4..)?;
            if code == TIME_RESOLUTION && length == 1 {
                let exponent = *value.first()?;
                let base: u64 = if exponent & 0x80 == 0 { 10 } else { 2 };
                return base.checked_pow(u32::from(exponent & 0x7f));
            }
            if code == 0 {
                break;
            }
            rest = value.get(usize::from(length).next_multiple_of(4)..).unwrap_or_default();
        }
        Some(1_000_000)
    }

    fn enhanced(&self, content: &[u8]) -> Option<Packet> {
        let number = |at| self.order.u32_at(content, at);
        let interface = self.interfaces.get(usize::try_from(number(0)?).ok()?)?;
        let stamp = u64::from(number(4)?) << 32 | u64::from(number(8)?);
        let kept = usize::try_from(number(12)?).ok()?;
        let bytes = content.get(20..)?.get(..kept)?.to_vec();
        let length = u64::from(number(16)?);
        Some(Packet { offset: 0, time: interface.time(stamp)?, link: interface.link, length, bytes })
    }

    fn simple(&self, content: &[u8]) -> Option<Packet> {
        let interface = self.interfaces.first()?;
        let length = self.order.u32_at(content, 0)?;
        let kept = if interface.snap == 0 { length } else { length.min(interface.snap) };
        let bytes = content.get(4..)?.get(..usize::try_from(kept).ok()?)?.to_vec();
        Some(Packet {
            offset: 0,
            time: Duration::ZERO,
            link: interface.link,
            length: u64::from(length),
            bytes,
        })
    }
}

impl Interface {
    fn time(&self, stamp: u64) -> Option<Duration> {
        let seconds = stamp.checked_div(self.per_second)?;
        let fraction = u128::from(stamp.checked_rem(self.per_second)?).checked_mul(1_000_000_000)?;
        let nanos = u32::try_from(fraction.checked_div(u128::from(self.per_second))?).ok()?;
        Some(Duration::new(seconds, nanos))
    }
}

/// Length of a block's content.
fn inside(length: u32) -> Result<u64, Fault> {
    let inside = u64::from(length).checked_sub(AROUND).filter(|_| length.is_multiple_of(4));
    inside.ok_or(Fault::Block("a length that no block has"))
}

/// The end of a block repeats its length.
fn close<R: Read>(source: &mut Source<R>, order: Order, length: u32) -> Result<(), Fault> {
    if order.u32(source.array()?) == length { Ok(()) } else { Err(Fault::Block("two lengths that differ")) }
}
