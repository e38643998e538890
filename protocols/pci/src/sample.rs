//! Functions for tests, as configuration-space images.

use alloc::vec::Vec;

use crate::registers::{doe, dsn, dvsec, pcie};
use crate::{Address, Image};

/// Where [`pci_express`] puts its PCI Express capability.
pub(crate) const PCIE: u16 = 0x40;

pub(crate) fn at(text: &str) -> Address {
    text.parse().unwrap()
}

/// A type 0 function with this class, without a capability.
pub(crate) fn plain(class: u32) -> Image {
    Image::new(4096).with(0x00, 0x1234_1e98).with(0x08, class << 8 | 1).with(0x2c, 0x0002_1af4)
}

/// A bridge with these bus numbers, without a capability.
pub(crate) fn bridge(primary: u8, secondary: u8, subordinate: u8) -> Image {
    let buses = u32::from_le_bytes([primary, secondary, subordinate, 0]);
    plain(0x06_0400).with(0x0c, 0x0001_0000).with(0x18, buses)
}

/// Gives a function a capability list of PCI Express (version 2) alone: port type, 32 GT/s x16 at both ends.
pub(crate) fn pci_express(image: Image, port_type: pcie::PortType) -> Image {
    image
        .with(0x04, 0x0010_0006)
        .with(0x34, u32::from(PCIE))
        .with(PCIE, 0x0002_0010 | u32::from(port_type.encoding()) << 20)
        .with(PCIE + 0x0c, 0x0010_0105)
        .with(PCIE + 0x10, 0x2105_0000)
        .with(PCIE + 0x2c, 0x3e)
        .with(PCIE + 0x30, 5)
}

/// The header of an extended capability.
pub(crate) fn header(id: u16, version: u8, next: u16) -> u32 {
    u32::from(id) | u32::from(version) << 16 | u32::from(next) << 20
}

/// A CXL type-3 memory device: serial number, two mailboxes, CXL device and flex bus DVSECs.
pub(crate) fn type_3() -> Image {
    pci_express(plain(0x05_0210), pcie::PortType::Endpoint)
        .with(0x100, header(dsn::ID, 1, 0x110))
        .with(0x104, 0x0000_0001)
        .with(0x110, header(doe::ID, 1, 0x130))
        .with(0x114, 0x0000_0007)
        .with(0x130, header(doe::ID, 2, 0x200))
        .with(0x200, header(dvsec::ID, 1, 0x300))
        .with(0x204, 0x0381_1e98)
        .with(0x208, 0x001e_0000)
        .with(0x20c, 0x0000_0006)
        .with(0x21c, 0x1000_0003)
        .with(0x300, header(dvsec::ID, 1, 0))
        .with(0x304, 0x0142_1e98)
        .with(0x308, 0x0026_0007)
        .with(0x30c, 0x0026_0026)
}

/// An image of 4096 bytes for any list of registers.
pub(crate) fn image_of(registers: &[u32]) -> Image {
    let bytes: Vec<u8> = registers.iter().flat_map(|register| register.to_le_bytes()).collect();
    Image::from_bytes(&bytes)
}
