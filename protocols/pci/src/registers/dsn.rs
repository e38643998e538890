//! Device Serial Number extended capability (PCIe 6.x, 7.9.3).

use core::fmt;

use super::field::{extended, wide};
use crate::{AccessError, ConfigSpace};

/// Extended capability ID.
pub const ID: u16 = 0x0003;
/// Size of the capability in bytes, header included.
pub const SIZE: u16 = 0x0c;
/// Offset of the lower half of the serial number.
pub const LOWER: u16 = 0x04;
/// Offset of the upper half.
pub const UPPER: u16 = 0x08;

/// The serial number of a device: an EUI-64, the same in all its functions that have one.
///
/// Printed as lspci prints it, most significant byte first: `00-11-22-33-44-55-66-77`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SerialNumber(pub u64);

impl SerialNumber {
    /// Reads the serial number from the capability at `offset`: two registers.
    pub fn read<C: ConfigSpace>(config: &mut C, offset: u16) -> Result<Self, AccessError> {
        let lower = extended(config, offset, LOWER)?;
        Ok(Self(wide(lower, extended(config, offset, UPPER)?)))
    }
}

impl fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, rest @ ..] = self.0.to_be_bytes();
        write!(f, "{first:02x}")?;
        rest.iter().try_for_each(|byte| write!(f, "-{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;
    use crate::Image;

    #[test]
    fn reads_both_halves_and_prints_as_lspci() {
        let mut image = Image::new(4096).with(0x104, 0x4455_6677).with(0x108, 0x0011_2233);
        let serial = SerialNumber::read(&mut image, 0x100).unwrap();
        assert_eq!(serial, SerialNumber(0x0011_2233_4455_6677));
        assert_eq!(serial.to_string(), "00-11-22-33-44-55-66-77");
    }

    #[test]
    fn does_not_read_past_the_end() {
        let mut image = Image::new(4096);
        assert_eq!(SerialNumber::read(&mut image, 0xff8), Err(AccessError::OutOfRange(0x1000)));
        assert_eq!(SerialNumber::read(&mut image, 0xfffc), Err(AccessError::OutOfRange(0xfffc)));
    }
}
