//! Designated Vendor-Specific extended capability (PCIe 6.x, 7.9.6).

use super::field::{bits8, bits16, extended, low_half};
use crate::{AccessError, ConfigSpace};

/// Extended capability ID.
pub const ID: u16 = 0x0023;
/// Offset of header 1: vendor (15:0), revision (19:16), length (31:20).
pub const HEADER_1: u16 = 0x04;
/// Offset of header 2: ID (15:0), then the first two bytes of the vendor's own registers.
pub const HEADER_2: u16 = 0x08;
/// The least a DVSEC's length can be, in bytes: its headers.
pub const LEAST_LENGTH: u16 = 0x0a;

/// The headers of a DVSEC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dvsec {
    /// Offset of the capability in configuration space.
    pub offset: u16,
    /// Who defined it.
    pub vendor: u16,
    /// What the vendor calls it.
    pub id: u16,
    /// Revision of its layout, 0-15.
    pub revision: u8,
    /// Its length in bytes, headers included, as the device states it.
    pub length: u16,
}

impl Dvsec {
    /// Reads the headers of the capability at `offset`: two registers.
    pub fn read<C: ConfigSpace>(config: &mut C, offset: u16) -> Result<Self, AccessError> {
        let first = extended(config, offset, HEADER_1)?;
        let second = extended(config, offset, HEADER_2)?;
        Ok(Self {
            offset,
            vendor: low_half(first),
            id: low_half(second),
            revision: bits8(first, 16, 4),
            length: bits16(first, 20, 12),
        })
    }

    /// Whether this is the DVSEC with that vendor and ID.
    #[must_use]
    pub const fn is(&self, vendor: u16, id: u16) -> bool {
        self.vendor == vendor && self.id == id
    }

    /// Reads one of the vendor's own registers; refused where the stated length, or the space, ends before it.
    pub(crate) fn register<C: ConfigSpace>(&self, config: &mut C, at: u16) -> Result<u32, AccessError> {
        let end = at.saturating_add(4);
        if end > self.length {
            return Err(AccessError::OutOfRange(self.offset.saturating_add(at)));
        }
        extended(config, self.offset, at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Image;

    #[test]
    fn takes_the_headers_apart() {
        let mut image = Image::new(4096).with(0x204, 0x03c2_1e98).with(0x208, 0xabcd_0007);
        let dvsec = Dvsec::read(&mut image, 0x200).unwrap();
        assert_eq!(dvsec, Dvsec { offset: 0x200, vendor: 0x1e98, id: 7, revision: 2, length: 0x3c });
        assert!(dvsec.is(0x1e98, 7) && !dvsec.is(0x1e98, 8));
    }

    #[test]
    fn registers_end_where_the_stated_length_ends() {
        let mut image = Image::new(4096).with(0x208, 5);
        let dvsec = Dvsec { offset: 0x200, vendor: 1, id: 5, revision: 0, length: 0x0c };
        assert_eq!(dvsec.register(&mut image, 8), Ok(5));
        assert_eq!(dvsec.register(&mut image, 12), Err(AccessError::OutOfRange(0x20c)));
    }
}
