//! Fields of 32-bit registers, without a cast or a shift that could go wrong.

use crate::{AccessError, ConfigSpace};

/// First byte behind the conventional configuration space.
const CONVENTIONAL_END: u16 = 0x100;

/// Reads the register `at` bytes into a capability of the conventional 256 bytes.
pub(crate) fn conventional<C: ConfigSpace>(config: &mut C, base: u8, at: u8) -> Result<u32, AccessError> {
    let offset = u16::from(base).saturating_add(u16::from(at));
    if offset >= CONVENTIONAL_END {
        return Err(AccessError::OutOfRange(offset));
    }
    config.read(offset)
}

/// Reads the register `at` bytes into an extended capability.
pub(crate) fn extended<C: ConfigSpace>(config: &mut C, base: u16, at: u16) -> Result<u32, AccessError> {
    config.read(base.checked_add(at).ok_or(AccessError::OutOfRange(base))?)
}

/// Whether bit `n` is set.
pub(crate) const fn bit(value: u32, n: u32) -> bool {
    value.wrapping_shr(n) & 1 != 0
}

/// The `width` bits from bit `low` up.
pub(crate) const fn bits(value: u32, low: u32, width: u32) -> u32 {
    value.wrapping_shr(low) & !u32::MAX.wrapping_shl(width)
}

/// The `width` bits from bit `low` up, at most eight.
pub(crate) const fn bits8(value: u32, low: u32, width: u32) -> u8 {
    bits(value, low, width).to_le_bytes()[0]
}

/// The `width` bits from bit `low` up, at most sixteen.
pub(crate) const fn bits16(value: u32, low: u32, width: u32) -> u16 {
    low_half(bits(value, low, width))
}

/// Bits 15:0.
pub(crate) const fn low_half(value: u32) -> u16 {
    let [a, b, _, _] = value.to_le_bytes();
    u16::from_le_bytes([a, b])
}

/// Bits 31:16.
pub(crate) const fn high_half(value: u32) -> u16 {
    let [_, _, c, d] = value.to_le_bytes();
    u16::from_le_bytes([c, d])
}

/// Two registers as one 64-bit number.
pub(crate) const fn wide(low: u32, high: u32) -> u64 {
    let [a, b, c, d] = low.to_le_bytes();
    let [e, f, g, h] = high.to_le_bytes();
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_from_where_they_are() {
        let value = 0x8765_4321;
        assert!(bit(value, 0) && bit(value, 31) && !bit(value, 1));
        assert_eq!(bits(value, 4, 8), 0x32);
        assert_eq!(bits8(value, 28, 4), 8);
        assert_eq!(bits16(value, 16, 16), 0x8765);
        assert_eq!((low_half(value), high_half(value)), (0x4321, 0x8765));
        assert_eq!(wide(0x1111_2222, 0x3333_4444), 0x3333_4444_1111_2222);
    }
}
