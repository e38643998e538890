//! Subsystem ID capability: what a bridge has in place of the header's subsystem registers (PCIe 6.x, 7.9.23).

use super::field::{conventional, high_half, low_half};
use crate::{AccessError, ConfigSpace};

/// Capability ID.
pub const ID: u8 = 0x0d;
/// Offset of the Subsystem Vendor ID (15:0) and Subsystem ID (31:16).
pub const SUBSYSTEM: u8 = 0x04;

/// Reads a bridge's Subsystem Vendor ID and Subsystem ID from the capability at `offset`: one register.
pub fn subsystem<C: ConfigSpace>(config: &mut C, offset: u8) -> Result<(u16, u16), AccessError> {
    let value = conventional(config, offset, SUBSYSTEM)?;
    Ok((low_half(value), high_half(value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Image;

    #[test]
    fn vendor_comes_first() {
        assert_eq!(subsystem(&mut Image::new(256).with(0x84, 0x0002_1af4), 0x80), Ok((0x1af4, 2)));
    }
}
