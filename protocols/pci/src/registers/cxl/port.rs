//! DVSEC of extensions for CXL ports (CXL 3.x, 8.1.5).

use bitflags::bitflags;

use crate::registers::dvsec::{Dvsec, HEADER_2};
use crate::registers::field::{bit, bits8, high_half, low_half};
use crate::registers::header::{Window, memory_window};
use crate::{AccessError, ConfigSpace};

/// Offset of Control (15:0), Alternate Bus Base (23:16) and Limit (31:24).
const CONTROL: u16 = 0x0c;
/// Offset of Alternate Memory Base (15:0) and Limit (31:16).
const MEMORY: u16 = 0x10;
/// Offset of Alternate Prefetchable Memory Base (15:0) and Limit (31:16).
const PREFETCHABLE: u16 = 0x14;
/// Offset of the upper half of Alternate Prefetchable Memory Base.
const PREFETCHABLE_BASE_HIGH: u16 = 0x18;
/// Offset of the upper half of Alternate Prefetchable Memory Limit.
const PREFETCHABLE_LIMIT_HIGH: u16 = 0x1c;

bitflags! {
    /// Port Control Override.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct PortControl: u16 {
        /// A secondary bus reset reaches the CXL device below.
        const UNMASK_SECONDARY_BUS_RESET = 1;
        /// A link disable reaches the CXL device below.
        const UNMASK_LINK_DISABLE = 1 << 1;
        /// The alternate buses and memory are decoded.
        const ALTERNATE_SPACE = 1 << 2;
        /// Bus mastering through the alternate space.
        const ALTERNATE_BUS_MASTER = 1 << 3;
        /// Viral handling enabled.
        const VIRAL = 1 << 14;
    }
}

/// What a CXL port has beside a PCI Express one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortExtensions {
    /// Power management is initialised.
    pub pm_init_complete: bool,
    /// Viral state was entered.
    pub viral: bool,
    /// Port Control Override.
    pub control: PortControl,
    /// Alternate buses, first and last.
    pub buses: (u8, u8),
    /// Alternate memory.
    pub memory: Option<Window>,
    /// Alternate prefetchable memory.
    pub prefetchable: Option<Window>,
}

impl PortExtensions {
    /// Reads the DVSEC: six registers, one of them part of the headers.
    pub fn read<C: ConfigSpace>(config: &mut C, dvsec: &Dvsec) -> Result<Self, AccessError> {
        let status = u32::from(high_half(dvsec.register(config, HEADER_2)?));
        let control = dvsec.register(config, CONTROL)?;
        let memory = dvsec.register(config, MEMORY)?;
        let prefetchable = dvsec.register(config, PREFETCHABLE)?;
        let base_high = dvsec.register(config, PREFETCHABLE_BASE_HIGH)?;
        let limit_high = dvsec.register(config, PREFETCHABLE_LIMIT_HIGH)?;
        Ok(Self {
            pm_init_complete: bit(status, 0),
            viral: bit(status, 14),
            control: PortControl::from_bits_truncate(low_half(control)),
            buses: (bits8(control, 16, 8), bits8(control, 24, 8)),
            memory: memory_window(memory, 0, 0),
            prefetchable: memory_window(prefetchable, base_high, limit_high),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Image;

    #[test]
    fn a_port_with_an_alternate_space() {
        let mut image = Image::new(4096)
            .with(0x208, 0x0001_0003)
            .with(0x20c, 0x2010_400d)
            .with(0x210, 0xa1f0_a000)
            .with(0x214, 0x0011_fff1)
            .with(0x218, 3)
            .with(0x21c, 4);
        let dvsec = Dvsec { offset: 0x200, vendor: super::super::VENDOR, id: 3, revision: 0, length: 0x28 };
        let port = PortExtensions::read(&mut image, &dvsec).unwrap();
        assert!(port.pm_init_complete && !port.viral);
        assert_eq!(port.buses, (0x10, 0x20));
        assert!(port.control.contains(PortControl::VIRAL | PortControl::ALTERNATE_SPACE));
        assert_eq!(port.memory, Some(Window { base: 0xa000_0000, limit: 0xa1ff_ffff }));
        assert_eq!(port.prefetchable, Some(Window { base: 0x3_fff0_0000, limit: 0x4_001f_ffff }));
    }
}
