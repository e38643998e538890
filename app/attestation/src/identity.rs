//! What the configuration space of a function says it is.

use lanewarden_pci::Function;
use lanewarden_spdm::certificate::DeviceIdentity;

/// What a certificate has to say of this function (PCIe 6.1, 6.31.3).
#[must_use]
pub fn identity(function: &Function) -> DeviceIdentity {
    let header = &function.header;
    DeviceIdentity {
        vendor_id: header.vendor,
        device_id: header.device,
        class_code: u32::from_be_bytes([0, header.class.base, header.class.sub, header.class.interface]),
        revision: header.revision,
        subsystem: header.subsystem,
        serial: function.serial.map(|serial| serial.0),
    }
}
