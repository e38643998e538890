//! What a bridge passes on (PCIe 6.x, 7.5.1.3).

use bitflags::bitflags;

use super::{INTERRUPT, Status};
use crate::registers::field::{bits, high_half, low_half, wide};
use crate::{AccessError, ConfigSpace};

/// Offset of I/O Base (7:0), I/O Limit (15:8) and Secondary Status (31:16).
pub const IO: u16 = 0x1c;
/// Offset of Memory Base (15:0) and Memory Limit (31:16).
pub const MEMORY: u16 = 0x20;
/// Offset of Prefetchable Memory Base (15:0) and Limit (31:16).
pub const PREFETCHABLE: u16 = 0x24;
/// Offset of the upper half of Prefetchable Memory Base.
pub const PREFETCHABLE_BASE_HIGH: u16 = 0x28;
/// Offset of the upper half of Prefetchable Memory Limit.
pub const PREFETCHABLE_LIMIT_HIGH: u16 = 0x2c;
/// Offset of the upper halves of I/O Base (15:0) and I/O Limit (31:16).
pub const IO_HIGH: u16 = 0x30;

bitflags! {
    /// Bridge Control.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct BridgeControl: u16 {
        /// Reacts to poisoned TLPs from below.
        const PARITY_ERROR_RESPONSE = 1;
        /// Passes errors from below on.
        const SERR = 1 << 1;
        /// Passes only the first 256 bytes of each KiB of I/O on.
        const ISA = 1 << 2;
        /// Passes VGA addresses on.
        const VGA = 1 << 3;
        /// Decodes VGA addresses in 16 bits.
        const VGA_16_BIT = 1 << 4;
        /// Reports master aborts from below.
        const MASTER_ABORT = 1 << 5;
        /// Holds what is below in reset.
        const SECONDARY_BUS_RESET = 1 << 6;
        /// Fast back-to-back below (conventional PCI).
        const FAST_BACK_TO_BACK = 1 << 7;
    }
}

/// A range of addresses that a bridge passes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// First address.
    pub base: u64,
    /// Last address.
    pub limit: u64,
}

impl Window {
    /// The range, if it is one: a limit below the base switches it off.
    const fn new(base: u64, limit: u64) -> Option<Self> {
        if limit < base { None } else { Some(Self { base, limit }) }
    }
}

/// What a bridge passes on, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bridge {
    /// I/O ports.
    pub io: Option<Window>,
    /// Memory.
    pub memory: Option<Window>,
    /// Prefetchable memory.
    pub prefetchable: Option<Window>,
    /// Status of the bus below.
    pub secondary_status: Status,
    /// Bridge Control.
    pub control: BridgeControl,
}

impl Bridge {
    /// Reads a bridge's registers beside its bus numbers: seven. Call it for header layout 1 only.
    pub fn read<C: ConfigSpace>(config: &mut C) -> Result<Self, AccessError> {
        let io = config.read(IO)?;
        let io_high = config.read(IO_HIGH)?;
        let memory = config.read(MEMORY)?;
        let prefetchable = config.read(PREFETCHABLE)?;
        let base_high = config.read(PREFETCHABLE_BASE_HIGH)?;
        let limit_high = config.read(PREFETCHABLE_LIMIT_HIGH)?;
        let control = high_half(config.read(INTERRUPT)?);
        Ok(Self {
            io: io_window(io, io_high),
            memory: memory_window(memory, 0, 0),
            prefetchable: memory_window(prefetchable, base_high, limit_high),
            secondary_status: Status::from_bits_truncate(high_half(io)),
            control: BridgeControl::from_bits_truncate(control),
        })
    }
}

/// Bits 7:4 of each register are address bits 15:12; bits 31:16 are in the upper halves.
fn io_window(io: u32, high: u32) -> Option<Window> {
    let base = bits(io, 4, 4).wrapping_shl(12) | u32::from(low_half(high)).wrapping_shl(16);
    let limit = bits(io, 12, 4).wrapping_shl(12) | u32::from(high_half(high)).wrapping_shl(16);
    Window::new(u64::from(base), u64::from(limit | 0xfff))
}

/// Bits 15:4 of each half are address bits 31:20. CXL ports have a second pair of the same form.
pub(crate) const fn memory_window(memory: u32, base_high: u32, limit_high: u32) -> Option<Window> {
    let base = memory.wrapping_shl(16) & 0xfff0_0000;
    let limit = memory & 0xfff0_0000 | 0x000f_ffff;
    Window::new(wide(base, base_high), wide(limit, limit_high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Image;

    #[test]
    fn a_root_port_with_all_three_windows() {
        let mut image = Image::new(64)
            .with(0x1c, 0x2000_5131)
            .with(0x20, 0xfe9f_fe80)
            .with(0x24, 0x0011_fff1)
            .with(0x28, 3)
            .with(0x2c, 4)
            .with(0x3c, 0x0043_0100);
        let bridge = Bridge::read(&mut image).unwrap();
        assert_eq!(bridge.io, Some(Window { base: 0x3000, limit: 0x5fff }));
        assert_eq!(bridge.memory, Some(Window { base: 0xfe80_0000, limit: 0xfe9f_ffff }));
        assert_eq!(bridge.prefetchable, Some(Window { base: 0x3_fff0_0000, limit: 0x4_001f_ffff }));
        assert_eq!(bridge.secondary_status, Status::RECEIVED_MASTER_ABORT);
        let errors = BridgeControl::PARITY_ERROR_RESPONSE | BridgeControl::SERR;
        assert_eq!(bridge.control, errors | BridgeControl::SECONDARY_BUS_RESET);
    }

    #[test]
    fn a_limit_below_the_base_switches_a_window_off() {
        let mut image = Image::new(64).with(0x1c, 0x01f1).with(0x20, 0x0000_fff0).with(0x24, 0x0001_fff1);
        let bridge = Bridge::read(&mut image).unwrap();
        assert_eq!((bridge.io, bridge.memory, bridge.prefetchable), (None, None, None));
    }
}
