//! Who in the kernel uses a function's mailboxes.
//!
//! The kernel has no list of that, so it is concluded from what hangs on the function:
//!
//! | sign | user | why |
//! |---|---|---|
//! | bound to `cxl_pci` | the driver | it makes the `memN` whose endpoint reads the CDAT, at a time of the kernel's own; up to 6.2 it owned the mailboxes |
//! | a `portN` or `endpointN` has it as `uport` | the CXL core | reads the CDAT when the port is probed; the function itself may be bound to `pcieport` or to any CXL-aware driver |
//! | `tsm/connect` names a TSM | the TSM layer | SPDM and IDE key management run for as long as it is connected |
//! | `authenticated` without `tsm/` | the PCI core | native CMA authenticates again after any reset and resume, unasked; with `tsm/` the file is but another view of `connect` |
//!
//! Any other driver (`nvme`, `pcieport`, `e1000e`, `vfio-pci`, ...) being bound means nothing: none runs a protocol over
//! DOE. The PCI core's own discovery is over before user space sees the function. A claim is on the whole function, since
//! which of several mailboxes the kernel took cannot be seen.

use lanewarden_pci::{Address, Claim};

use crate::kernel::{self, Kernel};
use crate::objects::Objects;

/// Drivers that have protocols run on the mailboxes of the functions they are bound to.
const DRIVERS: [&str; 1] = ["cxl_pci"];
/// What the PCI core is called where it authenticates devices itself.
const CMA: &str = "PCI core (CMA)";

/// Who uses the function's mailboxes at this moment.
pub fn claim(kernel: &Kernel, objects: &Objects, address: Address) -> Option<Claim> {
    own_driver(kernel, address)
        .or_else(|| cxl_core(kernel, objects, address))
        .or_else(|| tsm(kernel, address))
        .or_else(|| cma(kernel, address))
}

/// The name of the driver bound to the function.
pub fn driver(kernel: &Kernel, address: Address) -> Option<String> {
    kernel::link_name(&kernel.function(address).join("driver"))
}

fn own_driver(kernel: &Kernel, address: Address) -> Option<Claim> {
    let driver = driver(kernel, address)?;
    DRIVERS.contains(&driver.as_str()).then_some(Claim::Driver(driver))
}

fn cxl_core(kernel: &Kernel, objects: &Objects, address: Address) -> Option<Claim> {
    let (name, _) = objects.ports_on(kernel, address).into_iter().next()?;
    Some(Claim::CxlObject(name))
}

/// The file holds the name of the TSM; early versions wrote 0 or 1.
fn tsm(kernel: &Kernel, address: Address) -> Option<Claim> {
    let connected = kernel::attribute(&kernel.function(address).join("tsm/connect")).ok()?;
    (!matches!(connected.as_str(), "" | "0")).then_some(Claim::Tsm)
}

fn cma(kernel: &Kernel, address: Address) -> Option<Claim> {
    let function = kernel.function(address);
    let native = function.join("authenticated").exists() && !function.join("tsm").exists();
    native.then(|| Claim::Driver(CMA.to_owned()))
}

#[cfg(test)]
mod tests;
