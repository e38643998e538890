//! CXL's designated vendor-specific capabilities (CXL 3.x, 8.1).

mod device;
mod flex_bus;
mod gpf;
mod locator;
mod logical;
mod port;

pub use device::{
    Device, DeviceCapability, DeviceControl, MediaType, MemoryClass, MemoryRange, ResetDefaults,
};
pub use flex_bus::{FlexBus, FlexBusTraining, Protocols};
pub use gpf::{GpfDevice, GpfPort};
pub use locator::{BlockKind, RegisterBlock, register_blocks};
pub use logical::{logical_devices, non_cxl_functions};
pub use port::{PortControl, PortExtensions};

/// The vendor ID of CXL's own structures, in DVSECs as in data objects.
pub const VENDOR: u16 = 0x1e98;

/// DVSEC ID: CXL device (8.1.3).
pub const DEVICE: u16 = 0;
/// DVSEC ID: map of the functions that are not CXL's (8.1.4).
pub const NON_CXL_FUNCTION_MAP: u16 = 2;
/// DVSEC ID: extensions of a port (8.1.5).
pub const PORT_EXTENSIONS: u16 = 3;
/// DVSEC ID: global persistent flush of a port (8.1.6).
pub const GPF_PORT: u16 = 4;
/// DVSEC ID: global persistent flush of a device (8.1.7).
pub const GPF_DEVICE: u16 = 5;
/// DVSEC ID: flex bus port (8.1.8).
pub const FLEX_BUS_PORT: u16 = 7;
/// DVSEC ID: register locator (8.1.9).
pub const REGISTER_LOCATOR: u16 = 8;
/// DVSEC ID: multiple logical devices (8.1.10).
pub const MLD: u16 = 9;
/// DVSEC ID: test capability (CXL 3.x, 14.16.1).
pub const TEST: u16 = 10;

/// What a CXL DVSEC is called.
#[must_use]
pub const fn name(id: u16) -> Option<&'static str> {
    Some(match id {
        DEVICE => "CXL Device",
        NON_CXL_FUNCTION_MAP => "Non-CXL Function Map",
        PORT_EXTENSIONS => "CXL Extensions for Ports",
        GPF_PORT => "GPF for CXL Ports",
        GPF_DEVICE => "GPF for CXL Devices",
        FLEX_BUS_PORT => "Flex Bus Port",
        REGISTER_LOCATOR => "Register Locator",
        MLD => "Multiple Logical Devices",
        TEST => "Test Capability",
        _ => return None,
    })
}

/// What kind of device CXL calls it, by the protocols it is capable of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeviceType {
    /// An accelerator with a cache and without memory for the host.
    Type1,
    /// An accelerator with a cache and memory.
    Type2,
    /// Memory.
    Type3,
}
