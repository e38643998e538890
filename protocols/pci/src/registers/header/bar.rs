//! Base Address registers (PCIe 6.x, 7.5.1.2.1).

use alloc::vec::Vec;

use super::BASE_ADDRESS;
use crate::registers::field::{bit, bits, wide};
use crate::{AccessError, ConfigSpace};

/// A Base Address register as it stands: where the region is, not how large (which only a write would tell).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BaseAddress {
    /// Which register, 0-5; a 64-bit one takes two.
    pub index: u8,
    /// Address of the region; 0 where none is assigned.
    pub base: u64,
    /// What kind of region.
    pub kind: Region,
}

/// What a Base Address register maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Region {
    /// I/O ports.
    Io,
    /// Memory.
    Memory {
        /// Anywhere in 64 bits, not in 32 only.
        wide: bool,
        /// Prefetchable.
        prefetchable: bool,
    },
}

/// Reads the Base Address registers of a header with this layout and gives those that are not zero: six registers for
/// layout 0, two for layout 1, none for others.
pub fn base_addresses<C: ConfigSpace>(config: &mut C, layout: u8) -> Result<Vec<BaseAddress>, AccessError> {
    let count = match layout {
        0 => 6,
        1 => 2,
        _ => 0,
    };
    let mut registers = (0..count).zip((BASE_ADDRESS..).step_by(4));
    let mut found = Vec::new();
    while let Some((index, offset)) = registers.next() {
        let low = config.read(offset)?;
        let kind = region(low);
        let is_wide = matches!(kind, Region::Memory { wide: true, .. });
        let upper = if is_wide { registers.next() } else { None };
        let high = upper.map_or(Ok(0), |(_, offset)| config.read(offset))?;
        if low != 0 {
            found.push(BaseAddress { index, base: base(low, high, kind), kind });
        }
    }
    Ok(found)
}

const fn region(low: u32) -> Region {
    if bit(low, 0) {
        return Region::Io;
    }
    Region::Memory { wide: bits(low, 1, 2) == 2, prefetchable: bit(low, 3) }
}

const fn base(low: u32, high: u32, kind: Region) -> u64 {
    let mask = if matches!(kind, Region::Io) { !3 } else { !0xf };
    wide(low & mask, high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Counting, Image};

    #[test]
    fn every_kind_of_region() {
        let image = Image::new(64)
            .with(0x10, 0xf000_000c)
            .with(0x14, 0x0000_0038)
            .with(0x18, 0xfe80_0000)
            .with(0x1c, 0x0000_e001)
            .with(0x24, 0xfd00_0004);
        let mut counted = Counting::new(image);
        let memory = |wide, prefetchable| Region::Memory { wide, prefetchable };
        let expected = [
            BaseAddress { index: 0, base: 0x38_f000_0000, kind: memory(true, true) },
            BaseAddress { index: 2, base: 0xfe80_0000, kind: memory(false, false) },
            BaseAddress { index: 3, base: 0xe000, kind: Region::Io },
            BaseAddress { index: 5, base: 0xfd00_0000, kind: memory(true, false) },
        ];
        assert_eq!(base_addresses(&mut counted, 0).unwrap(), expected);
        assert_eq!(counted.reads, 6);
    }

    #[test]
    fn a_bridge_has_two_and_a_cardbus_bridge_none_of_this_form() {
        let mut image = Image::new(64).with(0x14, 0x1000).with(0x18, 0x0003_0201);
        assert_eq!(base_addresses(&mut image, 1).unwrap().len(), 1);
        assert_eq!(base_addresses(&mut image, 2).unwrap(), []);
    }
}
