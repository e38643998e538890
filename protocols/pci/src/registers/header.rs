//! The predefined header: the first 64 bytes of every function (PCIe 6.x, 7.5.1).

mod bar;
mod bridge;

use bitflags::bitflags;

pub use bar::{BaseAddress, Region, base_addresses};
pub(crate) use bridge::memory_window;
pub use bridge::{Bridge, BridgeControl, Window};

use super::field::{bit, bits8, high_half, low_half};
use crate::{AccessError, ConfigSpace};

/// Offset of the Vendor ID (15:0) and Device ID (31:16).
pub const ID: u16 = 0x00;
/// Offset of the Command (15:0) and Status (31:16) registers.
pub const COMMAND: u16 = 0x04;
/// Offset of the Revision ID (7:0) and Class Code (31:8).
pub const REVISION: u16 = 0x08;
/// Offset of the Cache Line Size register, whose DW also holds the Header Type (23:16).
pub const CACHE_LINE: u16 = 0x0c;
/// Offset of the first Base Address register.
pub const BASE_ADDRESS: u16 = 0x10;
/// Offset of a bridge's bus numbers: primary (7:0), secondary (15:8), subordinate (23:16).
pub const BUS_NUMBERS: u16 = 0x18;
/// Offset of a type 0 function's Subsystem Vendor ID (15:0) and Subsystem ID (31:16).
pub const SUBSYSTEM: u16 = 0x2c;
/// Offset of the Capabilities Pointer (7:0) in layouts 0 and 1.
pub const CAPABILITIES_POINTER: u16 = 0x34;
/// Offset of the Capabilities Pointer (7:0) of a CardBus bridge.
pub const CARDBUS_CAPABILITIES_POINTER: u16 = 0x14;
/// Offset of the Interrupt Line (7:0) and Interrupt Pin (15:8) registers, and a bridge's Bridge Control (31:16).
pub const INTERRUPT: u16 = 0x3c;

/// Bit of the Command and Status DW that says there is a capability list.
pub const STATUS_CAPABILITIES_LIST: u32 = 20;
/// Vendor ID of a function that is absent, or is virtual (SR-IOV) and has its parent's ID.
pub const NO_VENDOR: u16 = 0xffff;

bitflags! {
    /// Command register (PCIe 6.x, 7.5.1.1.3).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Command: u16 {
        /// Answers I/O requests.
        const IO_SPACE = 1;
        /// Answers memory requests.
        const MEMORY_SPACE = 1 << 1;
        /// May issue requests of its own.
        const BUS_MASTER = 1 << 2;
        /// Monitors special cycles (conventional PCI).
        const SPECIAL_CYCLES = 1 << 3;
        /// May use Memory Write and Invalidate (conventional PCI).
        const WRITE_INVALIDATE = 1 << 4;
        /// Snoops palette writes (conventional PCI).
        const VGA_PALETTE_SNOOP = 1 << 5;
        /// Reacts to poisoned TLPs and parity errors.
        const PARITY_ERROR_RESPONSE = 1 << 6;
        /// Address stepping (conventional PCI).
        const STEPPING = 1 << 7;
        /// May report errors.
        const SERR = 1 << 8;
        /// Fast back-to-back (conventional PCI).
        const FAST_BACK_TO_BACK = 1 << 9;
        /// May not raise INTx.
        const INTX_DISABLE = 1 << 10;
    }
}

bitflags! {
    /// Status register (PCIe 6.x, 7.5.1.1.4).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Status: u16 {
        /// Ready for configuration requests at once after a reset.
        const IMMEDIATE_READINESS = 1;
        /// INTx is pending.
        const INTERRUPT = 1 << 3;
        /// There is a capability list.
        const CAPABILITIES_LIST = 1 << 4;
        /// 66 MHz capable (conventional PCI).
        const MHZ_66 = 1 << 5;
        /// Takes fast back-to-back transactions (conventional PCI).
        const FAST_BACK_TO_BACK = 1 << 7;
        /// Poisoned data met as requester.
        const MASTER_DATA_PARITY_ERROR = 1 << 8;
        /// Completed a request with Completer Abort.
        const SIGNALED_TARGET_ABORT = 1 << 11;
        /// Received Completer Abort.
        const RECEIVED_TARGET_ABORT = 1 << 12;
        /// Received Unsupported Request.
        const RECEIVED_MASTER_ABORT = 1 << 13;
        /// Sent ERR_FATAL or ERR_NONFATAL.
        const SIGNALED_SYSTEM_ERROR = 1 << 14;
        /// Received a poisoned TLP.
        const DETECTED_PARITY_ERROR = 1 << 15;
    }
}

/// What a function is for: base class, subclass and programming interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Class {
    /// Base class.
    pub base: u8,
    /// Subclass.
    pub sub: u8,
    /// Register-level programming interface.
    pub interface: u8,
}

impl Class {
    /// A host bridge.
    pub const HOST_BRIDGE: (u8, u8) = (0x06, 0x00);
    /// A CXL memory device whose interface CXL defines.
    pub const CXL_MEMORY: Self = Self { base: 0x05, sub: 0x02, interface: 0x10 };

    /// Base class and subclass as lspci prints them, `0604` as a number.
    #[must_use]
    pub const fn device_class(self) -> u16 {
        u16::from_be_bytes([self.base, self.sub])
    }
}

/// A bridge's bus numbers (PCIe 6.x, 7.5.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BusNumbers {
    /// The bus the bridge says it is on.
    pub primary: u8,
    /// The bus right behind it.
    pub secondary: u8,
    /// The last bus behind it.
    pub subordinate: u8,
}

/// The part of the header that says what a function is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Vendor ID; [`NO_VENDOR`] for a virtual function.
    pub vendor: u16,
    /// Device ID; 0xffff for a virtual function.
    pub device: u16,
    /// Command register.
    pub command: Command,
    /// Status register.
    pub status: Status,
    /// Class code.
    pub class: Class,
    /// Revision ID.
    pub revision: u8,
    /// Layout of the header: 0 an ordinary function, 1 a bridge, 2 a CardBus bridge.
    pub layout: u8,
    /// Whether the device has (or may have) further functions.
    pub multi_function: bool,
    /// Subsystem Vendor ID and Subsystem ID. Only in layout 0; a bridge has them in a capability, if at all.
    pub subsystem: Option<(u16, u16)>,
    /// Bus numbers, in layouts 1 and 2.
    pub buses: Option<BusNumbers>,
}

impl Header {
    /// Reads the header: five registers.
    ///
    /// Fails with [`AccessError::Gone`] where both the IDs and Command and Status read as all ones. All ones in the
    /// IDs alone is a virtual function (PCIe 6.x, 9.3.4.1.1).
    pub fn read<C: ConfigSpace>(config: &mut C) -> Result<Self, AccessError> {
        let id = config.read(ID)?;
        let command = config.read(COMMAND)?;
        if id == u32::MAX && command == u32::MAX {
            return Err(AccessError::Gone);
        }
        let kind = config.read(CACHE_LINE)?;
        let layout = layout(kind);
        let (class, revision) = class(config.read(REVISION)?);
        Ok(Self {
            vendor: low_half(id),
            device: high_half(id),
            command: Command::from_bits_retain(low_half(command)),
            status: Status::from_bits_retain(high_half(command)),
            class,
            revision,
            layout,
            multi_function: bit(kind, 23),
            subsystem: subsystem(config, layout)?,
            buses: buses(config, layout)?,
        })
    }

    /// Whether this is a virtual function of an SR-IOV device, which has no IDs of its own.
    #[must_use]
    pub const fn is_virtual(&self) -> bool {
        self.vendor == NO_VENDOR
    }
}

/// The header's layout, from the DW at [`CACHE_LINE`].
#[must_use]
pub const fn layout(cache_line: u32) -> u8 {
    bits8(cache_line, 16, 7)
}

/// Where a header of this layout has its Capabilities Pointer.
#[must_use]
pub const fn capabilities_pointer(layout: u8) -> Option<u16> {
    match layout {
        0 | 1 => Some(CAPABILITIES_POINTER),
        2 => Some(CARDBUS_CAPABILITIES_POINTER),
        _ => None,
    }
}

const fn class(value: u32) -> (Class, u8) {
    let [revision, interface, sub, base] = value.to_le_bytes();
    (Class { base, sub, interface }, revision)
}

fn subsystem<C: ConfigSpace>(config: &mut C, layout: u8) -> Result<Option<(u16, u16)>, AccessError> {
    if layout != 0 {
        return Ok(None);
    }
    let value = config.read(SUBSYSTEM)?;
    Ok(Some((low_half(value), high_half(value))))
}

fn buses<C: ConfigSpace>(config: &mut C, layout: u8) -> Result<Option<BusNumbers>, AccessError> {
    if layout != 1 && layout != 2 {
        return Ok(None);
    }
    let [primary, secondary, subordinate, _] = config.read(BUS_NUMBERS)?.to_le_bytes();
    Ok(Some(BusNumbers { primary, secondary, subordinate }))
}

#[cfg(test)]
mod tests;
