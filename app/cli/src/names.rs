//! Names from the PCI ID database.

use std::fmt;

use lanewarden_pci::Function;
use lanewarden_pci::registers::header::Class;
use pci_ids::{Device, FromId, Subclass, Vendor};

/// A vendor's name, if the database has it.
pub fn vendor(id: u16) -> Option<&'static str> {
    Vendor::from_id(id).map(|vendor| vendor.name())
}

/// A device's name, if the database has it.
pub fn device(vendor: u16, device: u16) -> Option<&'static str> {
    Device::from_vid_pid(vendor, device).map(|device| device.name())
}

/// A class' name: the subclass', or the base class' where that is unknown.
pub fn class(class: Class) -> Option<&'static str> {
    let base = || pci_ids::Class::from_id(class.base).map(|class| class.name());
    Subclass::from_cid_sid(class.base, class.sub).map(|sub| sub.name()).or_else(base)
}

/// Vendor and device as lspci names them.
pub struct Name<'a>(pub &'a Function);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = &self.0.header;
        let (vendor_id, device_id) = (header.vendor, header.device);
        match vendor(vendor_id) {
            Some(name) => f.write_str(name)?,
            None => write!(f, "Vendor {vendor_id:04x}")?,
        }
        match device(vendor_id, device_id) {
            Some(name) => write!(f, " {name}"),
            None => write!(f, " Device {device_id:04x}"),
        }
    }
}
