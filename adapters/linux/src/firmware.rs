//! What the firmware has left: ACPI tables and the identifiers of host bridges.

use lanewarden_pci::AccessError;

use crate::errno;
use crate::kernel::{self, Kernel};

/// Far more than any real table; an SRAT of a machine with thousands of processors has some hundred KiB.
const TABLE_SIZE: u64 = 16 << 20;

/// All tables with this signature. Where there are several the kernel numbers their files from 1.
pub fn tables(kernel: &Kernel, signature: [u8; 4]) -> Result<Vec<Vec<u8>>, AccessError> {
    let Ok(signature) = std::str::from_utf8(&signature) else { return Ok(Vec::new()) };
    let directory = kernel.path("sys/firmware/acpi/tables");
    let names = kernel::names(&directory).map_err(|error| errno::of_io(&error))?;
    let mut found: Vec<_> =
        names.iter().filter_map(|name| Some((instance(name, signature)?, name))).collect();
    found.sort();
    let read = |(_, name)| kernel::whole(&directory.join(name), TABLE_SIZE);
    found.into_iter().map(read).collect::<Result<_, _>>().map_err(|error| errno::of_io(&error))
}

/// Which of the tables with this signature the file holds; 0 where it is the only one.
fn instance(name: &str, signature: &str) -> Option<u32> {
    match name.strip_prefix(signature)? {
        "" => Some(0),
        number => number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok())?,
    }
}

/// The `_UID` of the host bridge above a root bus. The kernel prints it as the firmware has it, and only a number can be
/// meant by a CEDT.
pub fn host_bridge_uid(kernel: &Kernel, segment: u32, bus: u8) -> Option<u32> {
    // A host bridge that ACPI lists is at the top; elsewhere (some Arm machines) the root bus knows its bridge.
    let bridge = kernel.path(&format!("sys/devices/pci{segment:04x}:{bus:02x}"));
    let of_bus = kernel.path(&format!("sys/class/pci_bus/{segment:04x}:{bus:02x}/device"));
    let uid = |bridge: std::path::PathBuf| kernel::attribute(&bridge.join("firmware_node/uid")).ok();
    uid(bridge).or_else(|| uid(of_bus))?.parse().ok()
}
