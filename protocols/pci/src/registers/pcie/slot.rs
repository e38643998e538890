//! The slot's registers (PCIe 6.x, 7.5.3.9-7.5.3.11).

use bitflags::bitflags;

use super::device::milliwatts;
use super::{Pcie, SLOT_CAPABILITIES, SLOT_CONTROL};
use crate::registers::field::{bits8, bits16, conventional, high_half, low_half};
use crate::{AccessError, ConfigSpace};

bitflags! {
    /// The single bits of Slot Capabilities.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct SlotFlags: u32 {
        /// Attention button present.
        const ATTENTION_BUTTON = 1;
        /// Power controller present.
        const POWER_CONTROLLER = 1 << 1;
        /// Retention latch sensor present.
        const LATCH_SENSOR = 1 << 2;
        /// Attention indicator present.
        const ATTENTION_INDICATOR = 1 << 3;
        /// Power indicator present.
        const POWER_INDICATOR = 1 << 4;
        /// The device may vanish without notice.
        const HOT_PLUG_SURPRISE = 1 << 5;
        /// Hot-plug supported.
        const HOT_PLUG = 1 << 6;
        /// Electromechanical interlock present.
        const INTERLOCK = 1 << 17;
        /// Does not report completion of commands.
        const NO_COMMAND_COMPLETED = 1 << 18;
    }
}

bitflags! {
    /// The single bits of Slot Control.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct SlotControl: u16 {
        /// Interrupt on the attention button.
        const ATTENTION_BUTTON = 1;
        /// Interrupt on a power fault.
        const POWER_FAULT = 1 << 1;
        /// Interrupt on the latch.
        const LATCH = 1 << 2;
        /// Interrupt on a change of presence.
        const PRESENCE = 1 << 3;
        /// Interrupt on completion of a command.
        const COMMAND_COMPLETED = 1 << 4;
        /// Hot-plug interrupts enabled.
        const HOT_PLUG_INTERRUPT = 1 << 5;
        /// Power is off.
        const POWER_OFF = 1 << 10;
        /// Toggles the interlock; reads as zero.
        const INTERLOCK = 1 << 11;
        /// Interrupt on a change of the link's state.
        const LINK_STATE = 1 << 12;
    }
}

bitflags! {
    /// Slot Status.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct SlotStatus: u16 {
        /// Attention button was pressed.
        const ATTENTION_BUTTON = 1;
        /// Power fault.
        const POWER_FAULT = 1 << 1;
        /// Latch has changed.
        const LATCH_CHANGED = 1 << 2;
        /// Presence has changed.
        const PRESENCE_CHANGED = 1 << 3;
        /// A command has completed.
        const COMMAND_COMPLETED = 1 << 4;
        /// The latch is open.
        const LATCH_OPEN = 1 << 5;
        /// There is a device.
        const PRESENT = 1 << 6;
        /// The interlock is engaged.
        const INTERLOCK = 1 << 7;
        /// The link's state has changed.
        const LINK_STATE_CHANGED = 1 << 8;
    }
}

/// What an indicator shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indicator {
    /// Not defined, as where there is none.
    Reserved,
    /// On.
    On,
    /// Blinking.
    Blink,
    /// Off.
    Off,
}

impl Indicator {
    const fn from_encoding(encoding: u8) -> Self {
        match encoding {
            1 => Self::On,
            2 => Self::Blink,
            3 => Self::Off,
            _ => Self::Reserved,
        }
    }
}

/// The slot below a root port or a switch's downstream port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Physical slot number as printed on the chassis.
    pub number: u16,
    /// The power it can supply, in milliwatts.
    pub power_milliwatts: u32,
    /// The single bits of Slot Capabilities.
    pub flags: SlotFlags,
    /// The single bits of Slot Control.
    pub control: SlotControl,
    /// What the attention indicator shows.
    pub attention: Indicator,
    /// What the power indicator shows.
    pub power: Indicator,
    /// Slot Status.
    pub status: SlotStatus,
}

impl Slot {
    /// Reads the slot's registers: two. `None`, and no access, where the port has no slot.
    pub fn read<C: ConfigSpace>(config: &mut C, pcie: &Pcie) -> Result<Option<Self>, AccessError> {
        if !pcie.slot_implemented || !pcie.port_type.is_downstream() {
            return Ok(None);
        }
        let capabilities = conventional(config, pcie.offset, SLOT_CAPABILITIES)?;
        let control = conventional(config, pcie.offset, SLOT_CONTROL)?;
        Ok(Some(Self {
            number: bits16(capabilities, 19, 13),
            power_milliwatts: milliwatts(bits8(capabilities, 7, 8), bits8(capabilities, 15, 2)),
            flags: SlotFlags::from_bits_truncate(capabilities),
            control: SlotControl::from_bits_truncate(low_half(control)),
            attention: Indicator::from_encoding(bits8(control, 6, 2)),
            power: Indicator::from_encoding(bits8(control, 8, 2)),
            status: SlotStatus::from_bits_truncate(high_half(control)),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Image;
    use crate::registers::pcie::{PortType, ROOT_CONTROL};

    fn port(port_type: PortType, slot: u32) -> (Image, Pcie) {
        let flags = 0x2_0010 | u32::from(port_type.encoding()) << 20 | slot << 24;
        let mut image = Image::new(256)
            .with(0x40, flags)
            .with(0x40 + u16::from(SLOT_CAPABILITIES), 9 << 19 | 75 << 7 | 0x62)
            .with(0x40 + u16::from(SLOT_CONTROL), 0x0040_02e0 | 0x0400)
            .with(0x40 + u16::from(ROOT_CONTROL), 0);
        let pcie = Pcie::read(&mut image, 0x40).unwrap();
        (image, pcie)
    }

    #[test]
    fn a_slot_that_is_powered_off_with_a_device_in_it() {
        let (mut image, pcie) = port(PortType::RootPort, 1);
        let slot = Slot::read(&mut image, &pcie).unwrap().unwrap();
        assert_eq!((slot.number, slot.power_milliwatts), (9, 75_000));
        assert_eq!(
            slot.flags,
            SlotFlags::HOT_PLUG | SlotFlags::HOT_PLUG_SURPRISE | SlotFlags::POWER_CONTROLLER
        );
        assert!(slot.control.contains(SlotControl::POWER_OFF | SlotControl::HOT_PLUG_INTERRUPT));
        assert_eq!((slot.attention, slot.power), (Indicator::Off, Indicator::Blink));
        assert_eq!(slot.status, SlotStatus::PRESENT);
    }

    #[test]
    fn no_slot_where_the_port_has_none() {
        let (mut image, pcie) = port(PortType::RootPort, 0);
        assert_eq!(Slot::read(&mut image, &pcie), Ok(None));
        let (mut image, pcie) = port(PortType::Endpoint, 1);
        assert_eq!(Slot::read(&mut image, &pcie), Ok(None));
    }
}
