//! PCI Express capability (PCIe 6.x, 7.5.3): what kind of port this is, and its link.
//!
//! [`Pcie`] and its [`Link`] are what the hierarchy needs. [`Device`], [`Slot`] and [`Root`] are the rest, read on
//! demand.

mod device;
mod link;
mod root;
mod slot;

pub use device::{Device, DeviceControl, DeviceControl2, DeviceFlags, DeviceFlags2, DeviceStatus};
pub use link::{Link, LinkControl, LinkControl2, LinkFlags, LinkStatus, LinkStatus2, Speed, Speeds};
pub use root::{Root, RootControl};
pub use slot::{Indicator, Slot, SlotControl, SlotFlags, SlotStatus};

use super::field::{bit, bits8, conventional};
use crate::{AccessError, ConfigSpace};

/// Capability ID.
pub const ID: u8 = 0x10;
/// Offset of the PCI Express Capabilities register in the upper half of the capability's first DW.
pub const CAPABILITIES: u8 = 0x00;
/// Offset of the Device Capabilities register.
pub const DEVICE_CAPABILITIES: u8 = 0x04;
/// Offset of the Device Control (15:0) and Device Status (31:16) registers.
pub const DEVICE_CONTROL: u8 = 0x08;
/// Offset of the Link Capabilities register.
pub const LINK_CAPABILITIES: u8 = 0x0c;
/// Offset of the Link Control (15:0) and Link Status (31:16) registers.
pub const LINK_CONTROL: u8 = 0x10;
/// Offset of the Slot Capabilities register.
pub const SLOT_CAPABILITIES: u8 = 0x14;
/// Offset of the Slot Control (15:0) and Slot Status (31:16) registers.
pub const SLOT_CONTROL: u8 = 0x18;
/// Offset of the Root Control (15:0) and Root Capabilities (31:16) registers.
pub const ROOT_CONTROL: u8 = 0x1c;
/// Offset of the Root Status register.
pub const ROOT_STATUS: u8 = 0x20;
/// Offset of the Device Capabilities 2 register.
pub const DEVICE_CAPABILITIES_2: u8 = 0x24;
/// Offset of the Device Control 2 (15:0) and Device Status 2 (31:16) registers.
pub const DEVICE_CONTROL_2: u8 = 0x28;
/// Offset of the Link Capabilities 2 register.
pub const LINK_CAPABILITIES_2: u8 = 0x2c;
/// Offset of the Link Control 2 (15:0) and Link Status 2 (31:16) registers.
pub const LINK_CONTROL_2: u8 = 0x30;
/// Size of the capability from version 2 on, in bytes.
pub const SIZE: u8 = 0x3c;

/// Device/Port Type (PCIe 6.x, 7.5.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PortType {
    /// PCI Express endpoint.
    Endpoint,
    /// Legacy PCI Express endpoint.
    LegacyEndpoint,
    /// Root port of a root complex.
    RootPort,
    /// Upstream port of a switch.
    SwitchUpstream,
    /// Downstream port of a switch.
    SwitchDownstream,
    /// PCI Express to PCI or PCI-X bridge.
    ToPciBridge,
    /// PCI or PCI-X to PCI Express bridge.
    FromPciBridge,
    /// Root complex integrated endpoint.
    IntegratedEndpoint,
    /// Root complex event collector.
    EventCollector,
    /// An encoding that is not defined.
    Undefined(u8),
}

impl PortType {
    /// The type with this 4-bit encoding.
    #[must_use]
    pub const fn from_encoding(encoding: u8) -> Self {
        match encoding {
            0x0 => Self::Endpoint,
            0x1 => Self::LegacyEndpoint,
            0x4 => Self::RootPort,
            0x5 => Self::SwitchUpstream,
            0x6 => Self::SwitchDownstream,
            0x7 => Self::ToPciBridge,
            0x8 => Self::FromPciBridge,
            0x9 => Self::IntegratedEndpoint,
            0xa => Self::EventCollector,
            other => Self::Undefined(other),
        }
    }

    /// The 4-bit encoding of this type.
    #[must_use]
    pub const fn encoding(self) -> u8 {
        match self {
            Self::Endpoint => 0x0,
            Self::LegacyEndpoint => 0x1,
            Self::RootPort => 0x4,
            Self::SwitchUpstream => 0x5,
            Self::SwitchDownstream => 0x6,
            Self::ToPciBridge => 0x7,
            Self::FromPciBridge => 0x8,
            Self::IntegratedEndpoint => 0x9,
            Self::EventCollector => 0xa,
            Self::Undefined(other) => other,
        }
    }

    /// Whether a function of this type has a link of its own. Integrated endpoints and event collectors have none.
    #[must_use]
    pub const fn has_link(self) -> bool {
        !matches!(self, Self::IntegratedEndpoint | Self::EventCollector)
    }

    /// Whether the link of a function of this type leads away from the root.
    #[must_use]
    pub const fn is_downstream(self) -> bool {
        matches!(self, Self::RootPort | Self::SwitchDownstream | Self::FromPciBridge)
    }
}

/// The capability: what the function is in its hierarchy, and the link it is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pcie {
    /// Offset of the capability in configuration space.
    pub offset: u8,
    /// Version of its layout: 1, or 2 from PCIe 2.0 on.
    pub version: u8,
    /// Device/Port Type.
    pub port_type: PortType,
    /// The link leads to a slot, not to a device that is fixed there. Downstream ports only.
    pub slot_implemented: bool,
    /// MSI or MSI-X message number of the events this capability reports (hot-plug, PME, link), 0-31.
    pub interrupt_message: u8,
    /// Flit mode supported.
    pub flit_mode_supported: bool,
    /// The link, where the type has one.
    pub link: Option<Link>,
}

impl Pcie {
    /// Reads the capability at `offset`: one register, and four of the link (two in version 1, none without a link).
    pub fn read<C: ConfigSpace>(config: &mut C, offset: u8) -> Result<Self, AccessError> {
        let value = conventional(config, offset, CAPABILITIES)?;
        let version = bits8(value, 16, 4);
        let port_type = PortType::from_encoding(bits8(value, 20, 4));
        Ok(Self {
            offset,
            version,
            port_type,
            slot_implemented: bit(value, 24),
            interrupt_message: bits8(value, 25, 5),
            flit_mode_supported: bit(value, 31),
            link: port_type.has_link().then(|| Link::read(config, offset, version)).transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Counting, Image};

    fn read(first: u32) -> (Pcie, u64) {
        let mut counted = Counting::new(Image::new(256).with(0x40, first).with(0x4c, 0x105).with(0x6c, 0x3e));
        (Pcie::read(&mut counted, 0x40).unwrap(), counted.reads)
    }

    #[test]
    fn a_downstream_port_with_a_slot() {
        let (port, reads) = read(0x8b62_0010);
        assert_eq!(
            (port.port_type, port.version, port.interrupt_message),
            (PortType::SwitchDownstream, 2, 5)
        );
        assert!(port.slot_implemented && port.flit_mode_supported && port.port_type.is_downstream());
        assert_eq!((port.link.unwrap().max_width, reads), (16, 5));
    }

    #[test]
    fn version_1_ends_before_the_second_set_of_registers() {
        let (endpoint, reads) = read(0x0001_0010);
        assert_eq!(
            (endpoint.port_type, endpoint.link.unwrap().supported, reads),
            (PortType::Endpoint, Speeds(0), 3)
        );
    }

    #[test]
    fn what_is_part_of_the_root_complex_has_no_link() {
        for (encoding, port_type) in [(9, PortType::IntegratedEndpoint), (10, PortType::EventCollector)] {
            let (part, reads) = read(0x0002_0010 | encoding << 20);
            assert_eq!((part.port_type, part.link, reads), (port_type, None, 1));
        }
    }

    #[test]
    fn types_keep_their_encoding() {
        for encoding in 0..16 {
            assert_eq!(PortType::from_encoding(encoding).encoding(), encoding);
        }
        assert_eq!(PortType::from_encoding(3), PortType::Undefined(3));
    }

    #[test]
    fn a_capability_that_runs_into_the_extended_space_is_refused() {
        let mut image = Image::new(4096).with(0xf0, 0x0002_0010);
        assert_eq!(Pcie::read(&mut image, 0xf0), Err(AccessError::OutOfRange(0x100)));
    }
}
