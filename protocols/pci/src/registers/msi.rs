//! Message Signaled Interrupts capability (PCIe 6.x, 7.7.1).

use super::field::{bit, bits8, conventional, low_half, wide};
use crate::{AccessError, ConfigSpace};

/// Capability ID.
pub const ID: u8 = 0x05;
/// Offset of the Message Control register in the upper half of the capability's first DW.
pub const CONTROL: u8 = 0x00;
/// Offset of the Message Address register. What follows depends on [`Msi::wide`] and [`Msi::maskable`].
pub const ADDRESS: u8 = 0x04;

/// How a function can interrupt by MSI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Msi {
    /// Offset of the capability.
    pub offset: u8,
    /// MSI is used.
    pub enabled: bool,
    /// How many vectors it would use: 1, 2, 4 ... 32.
    pub vectors: u8,
    /// How many it has been given.
    pub vectors_enabled: u8,
    /// Takes a 64-bit address.
    pub wide: bool,
    /// Vectors can be masked one by one.
    pub maskable: bool,
    /// Takes 32 bits of data.
    pub extended_data: bool,
}

/// Where an MSI goes and what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Address it is written to.
    pub address: u64,
    /// Data of the first vector, low 16 bits.
    pub data: u16,
    /// Which vectors are masked, where they can be.
    pub mask: Option<u32>,
    /// Which masked vectors are pending, where they can be.
    pub pending: Option<u32>,
}

impl Msi {
    /// Reads what the capability at `offset` can do: one register.
    pub fn read<C: ConfigSpace>(config: &mut C, offset: u8) -> Result<Self, AccessError> {
        let value = conventional(config, offset, CONTROL)?;
        Ok(Self {
            offset,
            enabled: bit(value, 16),
            vectors: vectors(bits8(value, 17, 3)),
            vectors_enabled: vectors(bits8(value, 20, 3)),
            wide: bit(value, 23),
            maskable: bit(value, 24),
            extended_data: bit(value, 25),
        })
    }

    /// Reads where its interrupts go: two registers to five.
    pub fn message<C: ConfigSpace>(&self, config: &mut C) -> Result<Message, AccessError> {
        let mut places = (ADDRESS..=0x14).step_by(4);
        let mut next = || places.next().map_or(Ok(0), |at| conventional(config, self.offset, at));
        let low = next()?;
        let high = if self.wide { next()? } else { 0 };
        let data = low_half(next()?);
        let mask = self.maskable.then(&mut next).transpose()?;
        let pending = self.maskable.then(&mut next).transpose()?;
        Ok(Message { address: wide(low, high), data, mask, pending })
    }
}

/// Vectors as a power of two; the encodings above 5 are reserved and taken for 5.
fn vectors(encoding: u8) -> u8 {
    1_u8.wrapping_shl(u32::from(encoding.min(5)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Image;

    #[test]
    fn a_wide_maskable_one() {
        let mut image = Image::new(256)
            .with(0x50, 0x01ab_0005)
            .with(0x54, 0xfee0_0000)
            .with(0x58, 1)
            .with(0x5c, 0x4021)
            .with(0x60, 0xf)
            .with(0x64, 0x2);
        let msi = Msi::read(&mut image, 0x50).unwrap();
        assert_eq!((msi.enabled, msi.vectors, msi.vectors_enabled), (true, 32, 4));
        let message = msi.message(&mut image).unwrap();
        assert_eq!((message.address, message.data), (0x1_fee0_0000, 0x4021));
        assert_eq!((message.mask, message.pending), (Some(0xf), Some(2)));
    }

    #[test]
    fn a_narrow_one_has_its_data_earlier_and_nothing_behind() {
        let mut image = Image::new(256).with(0xf4, 5).with(0xf8, 0xfee0_0000).with(0xfc, 0x21);
        let message = Msi::read(&mut image, 0xf4).unwrap().message(&mut image).unwrap();
        assert_eq!(message, Message { address: 0xfee0_0000, data: 0x21, mask: None, pending: None });
    }

    #[test]
    fn reserved_counts_are_taken_for_the_largest() {
        let msi = Msi::read(&mut Image::new(256).with(0x50, 0x006e_0005), 0x50).unwrap();
        assert_eq!((msi.vectors, msi.vectors_enabled), (32, 32));
    }

    #[test]
    fn one_that_runs_out_of_its_space_is_refused() {
        let mut image = Image::new(4096).with(0xf4, 0x0080_0005);
        let msi = Msi::read(&mut image, 0xf4).unwrap();
        assert_eq!(msi.message(&mut image), Err(AccessError::OutOfRange(0x100)));
    }
}
