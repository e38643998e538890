//! Power Management capability (PCIe 6.x, 7.5.2).

use core::fmt;

use bitflags::bitflags;

use super::field::{bit, bits8, conventional, high_half};
use crate::{AccessError, ConfigSpace};

/// Capability ID.
pub const ID: u8 = 0x01;
/// Offset of the Power Management Capabilities register in the upper half of the capability's first DW.
pub const CAPABILITIES: u8 = 0x00;
/// Offset of the Power Management Control and Status register.
pub const CONTROL: u8 = 0x04;
/// Size of the capability in bytes.
pub const SIZE: u8 = 0x08;

/// A device power state. D3 here is D3hot: in D3cold there is nothing to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PowerState {
    /// Fully on.
    D0,
    /// Light sleep.
    D1,
    /// Deeper sleep.
    D2,
    /// Off except for configuration requests.
    D3Hot,
}

impl PowerState {
    const fn from_encoding(encoding: u8) -> Self {
        match encoding & 3 {
            0 => Self::D0,
            1 => Self::D1,
            2 => Self::D2,
            _ => Self::D3Hot,
        }
    }
}

impl fmt::Display for PowerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::D0 => "D0",
            Self::D1 => "D1",
            Self::D2 => "D2",
            Self::D3Hot => "D3hot",
        })
    }
}

bitflags! {
    /// From which states a function can ask to be woken.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct WakeFrom: u8 {
        /// D0.
        const D0 = 1;
        /// D1.
        const D1 = 1 << 1;
        /// D2.
        const D2 = 1 << 2;
        /// D3hot.
        const D3_HOT = 1 << 3;
        /// D3cold.
        const D3_COLD = 1 << 4;
    }
}

/// What a function can do for power management, and the state it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PowerManagement {
    /// Version of the capability: 3 with PCI Express.
    pub version: u8,
    /// Needs the PCI clock to ask to be woken (conventional PCI).
    pub clock_needed: bool,
    /// Needs no time to recover on the way from D3hot to D0.
    pub immediate_readiness: bool,
    /// Needs initialisation of its own kind after a reset.
    pub specific_initialisation: bool,
    /// What it draws in D3cold when it may wake, at most, in mA.
    pub auxiliary_current_ma: u16,
    /// D1 supported.
    pub d1: bool,
    /// D2 supported.
    pub d2: bool,
    /// From which states it can ask to be woken.
    pub wake_from: WakeFrom,
    /// The state it is in.
    pub state: PowerState,
    /// It keeps its registers on the way from D3hot to D0 (`NoSoftRst`).
    pub no_soft_reset: bool,
    /// It may ask to be woken.
    pub wake_enabled: bool,
    /// It asks to be woken.
    pub wake_status: bool,
    /// What the Data register reports, as selected, 0-15.
    pub data_select: u8,
    /// The scale of the Data register as encoded, 0-3; 0 where there is no such register.
    pub data_scale: u8,
    /// The Data register.
    pub data: u8,
}

impl PowerManagement {
    /// Reads the capability at `offset`: two registers.
    pub fn read<C: ConfigSpace>(config: &mut C, offset: u8) -> Result<Self, AccessError> {
        let capabilities = u32::from(high_half(conventional(config, offset, CAPABILITIES)?));
        let control = conventional(config, offset, CONTROL)?;
        Ok(Self {
            version: bits8(capabilities, 0, 3),
            clock_needed: bit(capabilities, 3),
            immediate_readiness: bit(capabilities, 4),
            specific_initialisation: bit(capabilities, 5),
            auxiliary_current_ma: auxiliary_current(bits8(capabilities, 6, 3)),
            d1: bit(capabilities, 9),
            d2: bit(capabilities, 10),
            wake_from: WakeFrom::from_bits_truncate(bits8(capabilities, 11, 5)),
            state: PowerState::from_encoding(bits8(control, 0, 2)),
            no_soft_reset: bit(control, 3),
            wake_enabled: bit(control, 8),
            wake_status: bit(control, 15),
            data_select: bits8(control, 9, 4),
            data_scale: bits8(control, 13, 2),
            data: bits8(control, 24, 8),
        })
    }
}

const fn auxiliary_current(encoding: u8) -> u16 {
    match encoding {
        0 => 0,
        1 => 55,
        2 => 100,
        3 => 160,
        4 => 220,
        5 => 270,
        6 => 320,
        _ => 375,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Image;

    #[test]
    fn a_drive_asleep_that_keeps_its_registers() {
        let mut image = Image::new(256).with(0x40, 0xcbd3_0001).with(0x44, 0x2a00_cf0b);
        let pm = PowerManagement::read(&mut image, 0x40).unwrap();
        assert_eq!((pm.version, pm.state), (3, PowerState::D3Hot));
        assert!(pm.no_soft_reset && pm.wake_enabled && pm.wake_status && pm.immediate_readiness && pm.d1);
        assert!(!pm.d2 && !pm.specific_initialisation);
        assert_eq!(pm.wake_from, WakeFrom::D0 | WakeFrom::D3_HOT | WakeFrom::D3_COLD);
        assert_eq!(pm.auxiliary_current_ma, 375);
        assert_eq!((pm.data_select, pm.data_scale, pm.data, pm.clock_needed), (7, 2, 0x2a, false));
    }

    #[test]
    fn states_in_order_of_depth() {
        let names: alloc::vec::Vec<_> =
            (0..4).map(|encoding| alloc::format!("{}", PowerState::from_encoding(encoding))).collect();
        assert_eq!(names, ["D0", "D1", "D2", "D3hot"]);
    }
}
