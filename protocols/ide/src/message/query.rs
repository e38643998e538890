//! QUERY, and what QUERY_RESP says in both families.

use core::fmt;

use super::{Object, exactly};
use crate::{Malformed, NoRoom, PROTOCOL};

/// Size of QUERY in bytes, the protocol's included.
const QUERY: usize = 4;

/// The most registers there can be: two, two for each of 8 link streams, and for each of 255 selective ones five and
/// three for each of 15 address associations.
pub const MAX_REGISTERS: usize = 2 + 2 * 8 + (5 + 3 * 15) * 255;

/// The port that QUERY asks for.
pub(crate) const fn decode_query(payload: &[u8]) -> Result<u8, Malformed> {
    match payload {
        &[_, _, _, port] => Ok(port),
        _ => Err(Object::Query.length(payload.len(), QUERY)),
    }
}

/// Writes QUERY and returns its length in bytes.
pub(crate) fn encode_query(port: u8, out: &mut [u8]) -> Result<usize, NoRoom> {
    exactly(QUERY, out)?.copy_from_slice(&[PROTOCOL, Object::Query.byte(), 0, port]);
    Ok(QUERY)
}

/// Where a port is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PortInfo {
    /// Device number in bits 7:3, function number in bits 2:0.
    pub device_function: u8,
    /// Bus number.
    pub bus: u8,
    /// Segment.
    pub segment: u8,
    /// The highest index of a port that this device has.
    pub max_port: u8,
}

impl fmt::Display for PortInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (device, function) = (self.device_function >> 3, self.device_function & 7);
        write!(f, "{:02x}:{:02x}:{device:02x}.{function} of {} ports", self.segment, self.bus, {
            u16::from(self.max_port).saturating_add(1)
        })
    }
}

/// What stands before the registers, but for CXL's capabilities.
pub(crate) const RESPONSE: usize = 8;

/// Port index, place of the port, and all that follows the eight bytes.
pub(crate) fn decode_response(payload: &[u8], least: usize) -> Result<(u8, PortInfo, &[u8]), Malformed> {
    let short = Object::QueryResp.length(payload.len(), least);
    let (head, rest) = payload.split_first_chunk::<RESPONSE>().ok_or(short)?;
    let &[_, _, _, port, device_function, bus, segment, max_port] = head;
    Ok((port, PortInfo { device_function, bus, segment, max_port }, rest))
}

/// The eight bytes before the registers or CXL's capabilities.
pub(crate) const fn response_head(port: u8, info: PortInfo) -> [u8; RESPONSE] {
    let PortInfo { device_function, bus, segment, max_port } = info;
    [PROTOCOL, Object::QueryResp.byte(), 0, port, device_function, bus, segment, max_port]
}

/// Writes `head` and registers, and returns the length in bytes.
pub(crate) fn encode_response<const HEAD: usize>(
    head: [u8; HEAD],
    registers: impl Iterator<Item = u32>,
    out: &mut [u8],
) -> Result<usize, NoRoom> {
    exactly(HEAD, out)?.copy_from_slice(&head);
    let mut length = HEAD;
    for dword in registers.take(MAX_REGISTERS) {
        let end = length.saturating_add(4);
        let short = NoRoom { needed: end, room: out.len() };
        out.get_mut(length..end).ok_or(short)?.copy_from_slice(&dword.to_le_bytes());
        length = end;
    }
    Ok(length)
}

/// Registers in a message: DWs, little-endian.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Registers<'a>(&'a [[u8; 4]]);

impl<'a> Registers<'a> {
    /// These bytes.
    ///
    /// # Errors
    /// [`Malformed::Registers`] where they are not whole DWs, or more than 12,768 of them.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Malformed> {
        match bytes.as_chunks() {
            (dwords, []) if dwords.len() <= MAX_REGISTERS => Ok(Self(dwords)),
            _ => Err(Malformed::Registers(bytes.len())),
        }
    }

    /// How many.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<u32> {
        self.0.get(index).copied().map(u32::from_le_bytes)
    }

    /// All, in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = u32> + 'a {
        self.0.iter().copied().map(u32::from_le_bytes)
    }

    /// The first `count` and the others; `None` where there are fewer.
    pub(crate) fn split(self, count: usize) -> Option<(Self, Self)> {
        let (first, rest) = self.0.split_at_checked(count)?;
        Some((Self(first), Self(rest)))
    }
}

impl fmt::Debug for Registers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} registers", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_are_whole_dwords() {
        let registers = Registers::new(&[1, 0, 0, 0, 0x78, 0x56, 0x34, 0x12]).unwrap();
        assert_eq!((registers.len(), registers.get(1), registers.get(2)), (2, Some(0x1234_5678), None));
        assert!(registers.iter().eq([1, 0x1234_5678]));
        assert_eq!(Registers::new(&[0; 7]), Err(Malformed::Registers(7)));
        assert!(Registers::new(&[]).unwrap().is_empty());
    }

    /// 8 link streams, 255 selective ones, 15 addresses for each.
    #[test]
    fn there_are_no_more_registers_than_the_streams_have() {
        static MOST: [u8; 12_768 * 4 + 4] = [0; 12_768 * 4 + 4];
        assert_eq!(Registers::new(&MOST), Err(Malformed::Registers(51_076)));
        assert_eq!(Registers::new(&MOST[4..]).map(|registers| registers.len()), Ok(12_768));
    }

    #[test]
    fn a_response_that_does_not_fit_is_refused() {
        let head = response_head(1, PortInfo::default());
        let mut out = [0; 15];
        let refused = encode_response(head, [1, 2].into_iter(), &mut out);
        assert_eq!(refused, Err(NoRoom { needed: 16, room: 15 }));
        assert_eq!(
            encode_response(head, [1, 2].into_iter(), &mut out[..7]),
            Err(NoRoom { needed: 8, room: 7 })
        );
    }
}
