//! The registers of an IDE extended capability as QUERY_RESP gives them (PCIe 6.x, 7.9.26).

use core::iter;

use crate::{Registers, StreamState};

/// Capability, control, and what follows: link blocks, then selective ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocks<'a> {
    /// IDE Capability.
    pub capability: u32,
    /// IDE Control.
    pub control: u32,
    rest: Registers<'a>,
}

/// A link stream's two registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkBlock {
    /// Control: bit 0 enable, 31:24 stream ID.
    pub control: u32,
    /// Status: 3:0 state.
    pub status: u32,
}

/// A selective stream's registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelectiveBlock<'a> {
    /// Capability: 3:0 how many address associations.
    pub capability: u32,
    /// Control: bit 0 enable, 31:24 stream ID.
    pub control: u32,
    /// Status: 3:0 state.
    pub status: u32,
    /// The two registers that say which requesters are the partner.
    pub requesters: [u32; 2],
    /// Three registers for each range of the partner's addresses.
    pub addresses: Registers<'a>,
}

impl<'a> Blocks<'a> {
    /// These registers; `None` where capability or control is missing.
    #[must_use]
    pub fn new(registers: Registers<'a>) -> Option<Self> {
        let (head, rest) = registers.split(2)?;
        Some(Self { capability: head.get(0)?, control: head.get(1)?, rest })
    }

    /// How many link streams the capability states: one for each traffic class, 0-8.
    #[must_use]
    pub const fn link_count(&self) -> u16 {
        count(self.capability, 0, self.capability >> 13 & 0x7)
    }

    /// How many selective streams it states, 0-256.
    #[must_use]
    pub const fn selective_count(&self) -> u16 {
        count(self.capability, 1, self.capability >> 16 & 0xff)
    }

    /// The link streams that are there, which may be fewer than it states.
    pub fn links(&self) -> impl Iterator<Item = LinkBlock> + use<'a> {
        let (mut rest, count) = (self.rest, self.link_count());
        let next = move || {
            let (block, after) = rest.split(2)?;
            rest = after;
            Some(LinkBlock { control: block.get(0)?, status: block.get(1)? })
        };
        iter::from_fn(next).take(count.into())
    }

    /// The selective streams that are there, which may be fewer than it states.
    pub fn selective(&self) -> impl Iterator<Item = SelectiveBlock<'a>> + use<'a> {
        let before = usize::from(self.link_count()).saturating_mul(2);
        let mut rest = self.rest.split(before).map(|(_, rest)| rest);
        let next = move || {
            let (block, after) = SelectiveBlock::split(rest?)?;
            rest = Some(after);
            Some(block)
        };
        iter::from_fn(next).take(self.selective_count().into())
    }
}

impl LinkBlock {
    /// Its stream ID.
    #[must_use]
    pub const fn stream(&self) -> u8 {
        stream(self.control)
    }

    /// Whether the host has enabled it.
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        self.control & 1 != 0
    }

    /// What it is; `None` for a state that is reserved.
    #[must_use]
    pub const fn state(&self) -> Option<StreamState> {
        state(self.status)
    }
}

impl<'a> SelectiveBlock<'a> {
    /// The first block of these registers, and what follows it.
    fn split(registers: Registers<'a>) -> Option<(Self, Registers<'a>)> {
        let (block, rest) = registers.split(5)?;
        let capability = block.get(0)?;
        let ranges = usize::try_from(capability & 0xf).ok()?;
        let (addresses, rest) = rest.split(ranges.saturating_mul(3))?;
        let requesters = [block.get(3)?, block.get(4)?];
        let (control, status) = (block.get(1)?, block.get(2)?);
        Some((Self { capability, control, status, requesters, addresses }, rest))
    }

    /// Its stream ID.
    #[must_use]
    pub const fn stream(&self) -> u8 {
        stream(self.control)
    }

    /// Whether the host has enabled it.
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        self.control & 1 != 0
    }

    /// What it is; `None` for a state that is reserved.
    #[must_use]
    pub const fn state(&self) -> Option<StreamState> {
        state(self.status)
    }
}

/// The fields hold the count less one, and mean nothing where the kind of stream is not supported.
const fn count(capability: u32, supported: u32, field: u32) -> u16 {
    let [low, ..] = field.to_le_bytes();
    if capability >> supported & 1 == 0 { 0 } else { u16::from_le_bytes([low, 0]).saturating_add(1) }
}

const fn stream(control: u32) -> u8 {
    let [.., stream] = control.to_le_bytes();
    stream
}

const fn state(status: u32) -> Option<StreamState> {
    match status & 0xf {
        0 => Some(StreamState::Insecure),
        2 => Some(StreamState::Secure),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    fn bytes(dwords: &[u32]) -> Vec<u8> {
        dwords.iter().flat_map(|dword| dword.to_le_bytes()).collect()
    }

    /// Bits by hand: link (0) with two traffic classes (15:13 = 1), selective (1) with two streams (23:16 = 1).
    #[test]
    fn links_come_first_then_selective_streams_of_their_own_lengths() {
        let dwords = [
            0x0001_2003,
            0x4, // capability, control
            0x0100_0001,
            2,
            0x0200_0000,
            0, // two link streams
            1,
            0x0500_0001,
            0x8000_0002,
            0x0010_ff00,
            0x0000_0001,
            0xa1,
            0xa2,
            0xa3, // one address association
            0,
            0x0600_0000,
            1,
            0,
            0, // none; a state that is reserved
        ]
        .map(u32::to_le_bytes);
        let bytes = dwords.concat();
        let blocks = Blocks::new(Registers::new(&bytes).unwrap()).unwrap();
        assert_eq!((blocks.link_count(), blocks.selective_count()), (2, 2));
        let links: Vec<_> =
            blocks.links().map(|link| (link.stream(), link.is_enabled(), link.state())).collect();
        assert_eq!(links, [(1, true, Some(StreamState::Secure)), (2, false, Some(StreamState::Insecure))]);
        let selective: Vec<_> = blocks.selective().collect();
        assert_eq!(selective.len(), 2);
        assert_eq!((selective[0].stream(), selective[0].state()), (5, Some(StreamState::Secure)));
        assert!(selective[0].is_enabled() && !selective[1].is_enabled());
        assert!(selective[0].addresses.iter().eq([0xa1, 0xa2, 0xa3]));
        assert_eq!(selective[0].requesters, [0x0010_ff00, 1]);
        assert_eq!((selective[1].stream(), selective[1].state()), (6, None));
    }

    #[test]
    fn counts_mean_nothing_where_the_kind_is_not_supported() {
        let bytes = bytes(&[0xffff_fffc, 0]);
        let blocks = Blocks::new(Registers::new(&bytes).unwrap()).unwrap();
        assert_eq!((blocks.link_count(), blocks.selective_count()), (0, 0));
        assert_eq!((blocks.links().count(), blocks.selective().count()), (0, 0));
    }

    #[test]
    fn blocks_that_are_cut_are_left_out() {
        let whole = bytes(&[0x00ff_0002, 0, 15, 0, 0, 0, 0, 1, 2, 3]);
        let blocks = Blocks::new(Registers::new(&whole).unwrap()).unwrap();
        assert_eq!(blocks.selective_count(), 256);
        assert_eq!(blocks.selective().count(), 0, "15 address associations are stated, one is there");
        assert_eq!(Blocks::new(Registers::new(&whole[..4]).unwrap()), None);
    }
}
