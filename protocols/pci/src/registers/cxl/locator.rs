//! DVSEC of the register locator (CXL 3.x, 8.1.9): where the registers in memory are.

use alloc::vec::Vec;

use crate::registers::dvsec::Dvsec;
use crate::registers::field::{bits8, wide};
use crate::{AccessError, ConfigSpace};

/// Offset of the first entry: low register, high register.
const ENTRIES: u16 = 0x0c;
/// Size of an entry in bytes.
const ENTRY_SIZE: u16 = 8;

/// What kind of registers a block holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BlockKind {
    /// Component registers (decoders, RAS, link).
    Component,
    /// Base Address virtualisation.
    BarVirtualisation,
    /// Device registers (mailbox, status).
    Device,
    /// Performance monitoring unit.
    Cpmu,
    /// The vendor's own.
    VendorSpecific,
    /// An encoding that is not defined.
    Undefined(u8),
}

impl BlockKind {
    const fn from_encoding(encoding: u8) -> Self {
        match encoding {
            1 => Self::Component,
            2 => Self::BarVirtualisation,
            3 => Self::Device,
            4 => Self::Cpmu,
            0xff => Self::VendorSpecific,
            other => Self::Undefined(other),
        }
    }
}

/// A block of registers in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegisterBlock {
    /// Which Base Address register it is behind, 0-5; 6 and 7 are not defined.
    pub bar: u8,
    /// What kind of registers it holds.
    pub kind: BlockKind,
    /// Offset from that register's base in bytes, a multiple of 64 KiB.
    pub offset: u64,
}

/// Reads the blocks of the locator, empty entries left out: two registers for each entry the stated length has room
/// for, at most 510.
pub fn register_blocks<C: ConfigSpace>(
    config: &mut C,
    dvsec: &Dvsec,
) -> Result<Vec<RegisterBlock>, AccessError> {
    let room = dvsec.length.saturating_sub(ENTRIES) / ENTRY_SIZE;
    let places = (ENTRIES..).step_by(usize::from(ENTRY_SIZE)).take(usize::from(room));
    let mut blocks = Vec::new();
    for at in places {
        let low = dvsec.register(config, at)?;
        let high = dvsec.register(config, at.saturating_add(4))?;
        blocks.extend(block(low, high));
    }
    Ok(blocks)
}

fn block(low: u32, high: u32) -> Option<RegisterBlock> {
    let encoding = bits8(low, 8, 8);
    (encoding != 0).then_some(RegisterBlock {
        bar: bits8(low, 0, 3),
        kind: BlockKind::from_encoding(encoding),
        offset: wide(low & 0xffff_0000, high),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Image;

    const DVSEC: Dvsec =
        Dvsec { offset: 0x200, vendor: super::super::VENDOR, id: 8, revision: 0, length: 0x24 };

    #[test]
    fn component_and_device_registers_behind_different_bars() {
        let mut image = Image::new(4096).with(0x20c, 0x0000_0100).with(0x21c, 0x0001_0302).with(0x220, 0x7);
        let component = RegisterBlock { bar: 0, kind: BlockKind::Component, offset: 0 };
        let device = RegisterBlock { bar: 2, kind: BlockKind::Device, offset: 0x7_0001_0000 };
        assert_eq!(register_blocks(&mut image, &DVSEC), Ok(alloc::vec![component, device]));
    }

    #[test]
    fn a_length_without_room_has_no_blocks_and_one_past_the_end_is_refused() {
        let short = Dvsec { length: 0x0a, ..DVSEC };
        assert_eq!(register_blocks(&mut Image::new(4096), &short), Ok(alloc::vec![]));
        let long = Dvsec { offset: 0xf00, length: 0xfff, ..DVSEC };
        assert_eq!(register_blocks(&mut Image::new(4096), &long), Err(AccessError::OutOfRange(0x1000)));
    }
}
