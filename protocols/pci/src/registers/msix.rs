//! MSI-X capability (PCIe 6.x, 7.7.2).

use super::field::{bit, bits8, bits16, conventional};
use crate::{AccessError, ConfigSpace};

/// Capability ID.
pub const ID: u8 = 0x11;
/// Offset of the Message Control register in the upper half of the capability's first DW.
pub const CONTROL: u8 = 0x00;
/// Offset of the register that says where the table is.
pub const TABLE: u8 = 0x04;
/// Offset of the register that says where the pending bits are.
pub const PENDING: u8 = 0x08;
/// Size of the capability in bytes.
pub const SIZE: u8 = 0x0c;

/// A place in the memory a Base Address register maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InBar {
    /// Which Base Address register, 0-5; 6 and 7 are not defined.
    pub bar: u8,
    /// Offset in bytes, a multiple of eight.
    pub offset: u32,
}

impl InBar {
    const fn decode(value: u32) -> Self {
        Self { bar: bits8(value, 0, 3), offset: value & !7 }
    }
}

/// How a function can interrupt by MSI-X.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MsiX {
    /// MSI-X is used.
    pub enabled: bool,
    /// All vectors are masked.
    pub masked: bool,
    /// How many vectors it has, 1-2048.
    pub vectors: u16,
    /// Where the table of vectors is.
    pub table: InBar,
    /// Where the pending bits are.
    pub pending: InBar,
}

impl MsiX {
    /// Reads the capability at `offset`: three registers.
    pub fn read<C: ConfigSpace>(config: &mut C, offset: u8) -> Result<Self, AccessError> {
        let control = conventional(config, offset, CONTROL)?;
        Ok(Self {
            enabled: bit(control, 31),
            masked: bit(control, 30),
            vectors: table_size(control),
            table: InBar::decode(conventional(config, offset, TABLE)?),
            pending: InBar::decode(conventional(config, offset, PENDING)?),
        })
    }
}

/// Reads how many vectors the capability at `offset` has, and nothing else of it: one register.
pub fn vectors<C: ConfigSpace>(config: &mut C, offset: u8) -> Result<u16, AccessError> {
    Ok(table_size(conventional(config, offset, CONTROL)?))
}

/// The field holds the size less one.
const fn table_size(control: u32) -> u16 {
    bits16(control, 16, 11).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Image;

    #[test]
    fn a_table_of_65_vectors() {
        let mut image = Image::new(256).with(0xb0, 0x8040_0011).with(0xb4, 0x2000).with(0xb8, 0x3004);
        let msix = MsiX::read(&mut image, 0xb0).unwrap();
        assert_eq!((msix.enabled, msix.masked, msix.vectors), (true, false, 65));
        assert_eq!(msix.table, InBar { bar: 0, offset: 0x2000 });
        assert_eq!(msix.pending, InBar { bar: 4, offset: 0x3000 });
    }

    #[test]
    fn a_full_table_has_2048() {
        let mut image = Image::new(256).with(0xb0, 0x47ff_0011);
        let msix = MsiX::read(&mut image, 0xb0).unwrap();
        assert_eq!((msix.enabled, msix.masked, msix.vectors), (false, true, 2048));
        assert_eq!(vectors(&mut image, 0xb0), Ok(2048));
    }
}
