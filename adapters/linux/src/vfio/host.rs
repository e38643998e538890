//! What the kernel says of functions that are, or are to be, a process' own.

use std::path::{Path, PathBuf};

use lanewarden_pci::{Address, Machine};

use super::{Device, OpenError};
use crate::kernel::{self, Kernel};
use crate::{Sysfs, claim};

/// What the names of all drivers end with that give functions to processes (`vfio-pci`, `mlx5_vfio_pci`, ...).
const DRIVERS: [&str; 2] = ["vfio-pci", "vfio_pci"];
/// Drivers that keep off a group's memory, so that the group is viable beside them.
const HARMLESS: [&str; 2] = ["pcieport", "pci-stub"];

/// The machine this runs on, as far as VFIO goes.
#[derive(Clone, Debug, Default)]
pub struct Host {
    sysfs: Sysfs,
}

/// What the kernel shows of a function's power.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Power {
    /// `active`, `suspended`, `suspending`, `resuming`, `error` or `unsupported`; `None` where it does not say.
    pub runtime_status: Option<String>,
    /// The state the kernel put it in: `D0`, `D3hot`, `D3cold`, ...; `None` where it does not say.
    pub power_state: Option<String>,
}

impl Power {
    /// Whether the kernel has put the function to sleep.
    #[must_use]
    pub fn is_suspended(&self) -> bool {
        self.runtime_status.as_deref() == Some("suspended")
    }
}

impl Host {
    /// The real machine.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A machine whose `sys`, `dev` and `proc` lie in this directory.
    #[must_use]
    pub fn at(root: &Path) -> Self {
        Self { sysfs: Sysfs::at(root) }
    }

    /// Opens a function that is bound to vfio-pci, for this process alone.
    pub fn open(&self, address: Address) -> Result<Device, OpenError> {
        Device::open(self, address)
    }

    /// What the kernel shows of a function's power. Wakes nothing.
    #[must_use]
    pub fn power(&self, address: Address) -> Power {
        let folder = self.kernel().function(address);
        let read = |name: &str| kernel::attribute(&folder.join(name)).ok();
        Power { runtime_status: read("power/runtime_status"), power_state: read("power_state") }
    }

    /// The name of the driver bound to a function.
    #[must_use]
    pub fn driver(&self, address: Address) -> Option<String> {
        claim::driver(self.kernel(), address)
    }

    /// Whether there is such a function.
    #[must_use]
    pub fn has(&self, address: Address) -> bool {
        self.kernel().function(address).is_dir()
    }

    /// The function's IOMMU group.
    #[must_use]
    pub fn group(&self, address: Address) -> Option<u32> {
        kernel::link_name(&self.kernel().function(address).join("iommu_group"))?.parse().ok()
    }

    /// The other functions of a group that drivers of the host have, which keep a process from it.
    #[must_use]
    pub fn others(&self, group: u32, address: Address) -> Vec<(Address, String)> {
        let folder = self.path(&format!("sys/kernel/iommu_groups/{group}/devices"));
        let names = kernel::names(&folder).unwrap_or_default();
        let addresses = names.iter().filter_map(|name| kernel::function_named(name.as_ref()));
        let mut others: Vec<_> = addresses
            .filter(|other| *other != address)
            .filter_map(|other| Some((other, self.driver(other)?)))
            .filter(|(_, driver)| !is_vfio(driver) && !HARMLESS.contains(&driver.as_str()))
            .collect();
        others.sort();
        others
    }

    pub(super) fn sysfs(&self) -> &Sysfs {
        &self.sysfs
    }

    pub(super) fn kernel(&self) -> &Kernel {
        &self.sysfs.shared.kernel
    }

    pub(super) fn path(&self, below: &str) -> PathBuf {
        self.kernel().path(below)
    }

    /// The group of a function that can be opened as far as sysfs shows. Opens and wakes nothing.
    pub fn ready(&self, address: Address) -> Result<u32, OpenError> {
        if !self.has(address) {
            return Err(OpenError::NotFound(address));
        }
        let driver = self.sysfs.driver(address);
        if !driver.as_deref().is_some_and(is_vfio) {
            return Err(OpenError::NotBound(driver));
        }
        self.group(address).ok_or(OpenError::NoGroup)
    }
}

/// Whether a driver of this name gives functions to processes.
pub(super) fn is_vfio(driver: &str) -> bool {
    DRIVERS.iter().any(|end| driver.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Tree, address};

    const NIC: &str = "0000:01:00.0";

    fn open(tree: &Tree) -> OpenError {
        Host::at(tree.root()).open(address(NIC)).unwrap_err()
    }

    fn owned() -> Tree {
        let tree = Tree::new();
        tree.endpoint(NIC).driver(NIC, "vfio-pci");
        tree.link(&format!("sys/bus/pci/devices/{NIC}/iommu_group"), "../../kernel/iommu_groups/7");
        tree
    }

    #[test]
    fn what_sysfs_shows_to_be_missing_is_said_before_anything_is_opened() {
        let tree = Tree::new();
        assert_eq!(open(&tree), OpenError::NotFound(address(NIC)));
        tree.endpoint(NIC);
        assert_eq!(open(&tree), OpenError::NotBound(None));
        tree.driver(NIC, "e1000e");
        assert_eq!(open(&tree), OpenError::NotBound(Some("e1000e".into())));
        tree.unbind(NIC);
        tree.driver(NIC, "mlx5_vfio_pci");
        assert_eq!(open(&tree), OpenError::NoGroup);
    }

    #[test]
    fn a_machine_without_the_modules_and_files_that_are_no_vfio_are_told_apart() {
        let tree = owned();
        assert_eq!(open(&tree), OpenError::NoVfio(tree.path("dev/vfio/vfio")));
        tree.file("dev/vfio/vfio", "");
        assert_eq!(open(&tree), OpenError::Unsupported("version 0 of its interface"));
    }

    #[test]
    fn drivers_of_the_host_are_in_the_way_of_a_group_and_others_are_not() {
        let tree = owned();
        for (other, driver) in
            [("0000:01:00.1", "e1000e"), ("0000:00:01.0", "pcieport"), ("0000:01:00.2", "vfio-pci")]
        {
            tree.endpoint(other).driver(other, driver);
            tree.file(&format!("sys/kernel/iommu_groups/7/devices/{other}/x"), "");
        }
        tree.endpoint("0000:01:00.3");
        tree.file("sys/kernel/iommu_groups/7/devices/0000:01:00.3/x", "");
        let host = Host::at(tree.root());
        assert_eq!(host.group(address(NIC)), Some(7));
        assert_eq!(host.others(7, address(NIC)), [(address("0000:01:00.1"), "e1000e".to_owned())]);
    }

    #[test]
    fn power_is_what_the_kernel_shows_or_nothing() {
        let tree = owned();
        let host = Host::at(tree.root());
        assert_eq!(host.power(address(NIC)), Power::default());
        tree.attribute(NIC, "power/runtime_status", "suspended\n").attribute(NIC, "power_state", "D3hot\n");
        let power = host.power(address(NIC));
        assert!(power.is_suspended());
        assert_eq!(power.power_state.as_deref(), Some("D3hot"));
    }
}
