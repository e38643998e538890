//! Giving a function to vfio-pci and back, step by step.

use std::fs;
use std::path::{Path, PathBuf};

use lanewarden_pci::Address;
use rustix::io::Errno;

use super::host::is_vfio;
use super::use_of::uses_of;
use super::{BindError, Host, Use, device};
use crate::errno;
use crate::kernel;

const DRIVER: &str = "vfio-pci";
/// Takes an override back.
const NOTHING: &str = "\n";
/// PCI-to-PCI bridge, by the upper 16 bits of the class code.
const BRIDGE: &str = "0x0604";

/// One write to a file of the kernel's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The file.
    pub path: PathBuf,
    /// What is written.
    pub value: String,
}

/// What is to be written, and what speaks against it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The function.
    pub address: Address,
    /// The driver that has it now.
    pub from: Option<String>,
    /// Whether vfio-pci is to have it; else whichever driver the kernel finds.
    pub to_vfio: bool,
    /// The writes in their order; none where all is as it should be.
    pub steps: Vec<Step>,
    /// What would break.
    pub uses: Vec<Use>,
    /// The function's IOMMU group.
    pub group: Option<u32>,
    /// Other functions of the group that drivers of the host have: the device cannot be opened beside them.
    pub others: Vec<(Address, String)>,
}

impl Host {
    /// How the function would be given to vfio-pci.
    pub fn plan_bind(&self, address: Address) -> Result<Plan, BindError> {
        self.check(address)?;
        let from = self.driver(address);
        let group = self.group(address);
        let is_bound = from.as_deref().is_some_and(is_vfio);
        Ok(Plan {
            steps: if is_bound { Vec::new() } else { self.steps_to_vfio(address, from.is_some()) },
            uses: uses_of(self.kernel(), address),
            others: group.map(|group| self.others(group, address)).unwrap_or_default(),
            address,
            from,
            to_vfio: true,
            group,
        })
    }

    /// How the function would be given back to the driver that the kernel finds for it.
    pub fn plan_unbind(&self, address: Address) -> Result<Plan, BindError> {
        self.check(address)?;
        let from = self.driver(address);
        if !from.as_deref().is_some_and(is_vfio) {
            return Err(BindError::NotBound(from));
        }
        let group = self.group(address);
        let steps = self.steps_from_vfio(address);
        Ok(Plan { address, from, to_vfio: false, steps, uses: Vec::new(), group, others: Vec::new() })
    }

    /// Makes the writes of a plan, and gives the driver that has the function then. `forced` takes away what is in use.
    ///
    /// Where a write fails, or vfio-pci does not take the function, what was written is taken back.
    pub fn carry_out(&self, plan: &Plan, forced: bool) -> Result<Option<String>, BindError> {
        if !forced && !plan.uses.is_empty() {
            return Err(BindError::InUse(plan.uses.clone()));
        }
        if plan.steps.is_empty() {
            return Ok(plan.from.clone());
        }
        if plan.to_vfio && !self.path("sys/bus/pci/drivers").join(DRIVER).is_dir() {
            return Err(BindError::NoDriver);
        }
        // Unbinding would wait for the process that has the device, for as long as that likes.
        if let Some(group) = plan.group.filter(|_| !plan.to_vfio).filter(|group| self.is_open(*group)) {
            return Err(BindError::Busy(group));
        }
        let written = plan.steps.iter().try_for_each(write);
        let driver = self.driver(plan.address);
        let arrived = driver.as_deref().is_some_and(is_vfio) == plan.to_vfio;
        match written {
            Ok(()) if arrived => Ok(driver),
            failed => {
                self.take_back(plan);
                failed.and(Err(BindError::Elsewhere(driver)))
            }
        }
    }

    fn check(&self, address: Address) -> Result<(), BindError> {
        if !self.has(address) {
            return Err(BindError::NotFound(address));
        }
        let class = kernel::attribute(&self.kernel().function(address).join("class")).unwrap_or_default();
        if class.starts_with(BRIDGE) { Err(BindError::Bridge) } else { Ok(()) }
    }

    fn is_open(&self, group: u32) -> bool {
        device::is_open(&self.path(&format!("dev/vfio/{group}")))
    }

    fn steps_to_vfio(&self, address: Address, is_bound: bool) -> Vec<Step> {
        let unbind = is_bound.then(|| self.unbinding(address));
        let steps = [self.overriding(address, DRIVER)].into_iter().chain(unbind);
        steps.chain([self.probing(address)]).collect()
    }

    fn steps_from_vfio(&self, address: Address) -> Vec<Step> {
        vec![self.overriding(address, NOTHING), self.unbinding(address), self.probing(address)]
    }

    fn overriding(&self, address: Address, driver: &str) -> Step {
        Step { path: self.kernel().function(address).join("driver_override"), value: driver.to_owned() }
    }

    fn unbinding(&self, address: Address) -> Step {
        Step { path: self.kernel().function(address).join("driver/unbind"), value: address.to_string() }
    }

    fn probing(&self, address: Address) -> Step {
        Step { path: self.path("sys/bus/pci/drivers_probe"), value: address.to_string() }
    }

    /// Towards the driver that had the function, as far as that goes.
    fn take_back(&self, plan: &Plan) {
        let address = plan.address;
        let driver = if plan.to_vfio { NOTHING } else { DRIVER };
        let mut steps = vec![self.overriding(address, driver)];
        if self.driver(address).as_deref().is_some_and(is_vfio) == plan.to_vfio {
            steps.push(self.unbinding(address));
        }
        if plan.from.is_some() {
            steps.push(self.probing(address));
        }
        for step in &steps {
            // What was to be reported is the failure that led here.
            let _ = write(step);
        }
    }
}

fn write(step: &Step) -> Result<(), BindError> {
    fs::OpenOptions::new()
        .write(true)
        .open(&step.path)
        .and_then(|mut file| std::io::Write::write_all(&mut file, step.value.as_bytes()))
        .map_err(|error| failed(&step.path, errno::number(&error)))
}

fn failed(path: &Path, error: Errno) -> BindError {
    match error {
        Errno::ACCESS | Errno::PERM | Errno::ROFS => BindError::Denied(path.to_owned()),
        error => BindError::Step { path: path.to_owned(), number: error.raw_os_error() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Tree, address};

    const NIC: &str = "0000:01:00.0";

    fn tree() -> Tree {
        let tree = Tree::new();
        tree.endpoint(NIC);
        tree.file(&format!("sys/bus/pci/devices/{NIC}/driver_override"), "");
        tree.file("sys/bus/pci/drivers_probe", "");
        tree.file("sys/bus/pci/drivers/vfio-pci/unbind", "");
        tree.file("sys/bus/pci/drivers/e1000e/unbind", "");
        tree
    }

    fn driver(tree: &Tree, name: &str) {
        let below = format!("sys/bus/pci/devices/{NIC}/driver");
        let _ = fs::remove_file(tree.path(&below));
        tree.link(&below, &format!("../../drivers/{name}"));
    }

    fn written(tree: &Tree, below: &str) -> String {
        fs::read_to_string(tree.path(below)).unwrap()
    }

    fn spelled(plan: &Plan) -> Vec<(String, &str)> {
        let name = |step: &Step| step.path.file_name().unwrap().to_string_lossy().into_owned();
        plan.steps.iter().map(|step| (name(step), step.value.as_str())).collect()
    }

    #[test]
    fn a_plan_says_what_would_be_written_and_writes_nothing() {
        let tree = tree();
        let host = Host::at(tree.root());
        let plan = host.plan_bind(address(NIC)).unwrap();
        assert_eq!(spelled(&plan), [("driver_override".into(), "vfio-pci"), ("drivers_probe".into(), NIC)]);
        driver(&tree, "e1000e");
        let plan = host.plan_bind(address(NIC)).unwrap();
        assert_eq!(plan.from.as_deref(), Some("e1000e"));
        let steps = [("driver_override", "vfio-pci"), ("unbind", NIC), ("drivers_probe", NIC)];
        assert_eq!(spelled(&plan), steps.map(|(file, value)| (file.to_owned(), value)));
        driver(&tree, "vfio-pci");
        assert!(host.plan_bind(address(NIC)).unwrap().steps.is_empty());
        let steps = [("driver_override", "\n"), ("unbind", NIC), ("drivers_probe", NIC)];
        let plan = host.plan_unbind(address(NIC)).unwrap();
        assert_eq!(spelled(&plan), steps.map(|(file, value)| (file.to_owned(), value)));
        assert_eq!(written(&tree, "sys/bus/pci/drivers_probe"), "");
    }

    #[test]
    fn what_cannot_be_given_away_is_said() {
        let tree = tree();
        let host = Host::at(tree.root());
        let other = address("0000:02:00.0");
        assert_eq!(host.plan_bind(other), Err(BindError::NotFound(other)));
        assert_eq!(host.plan_unbind(address(NIC)), Err(BindError::NotBound(None)));
        tree.attribute(NIC, "class", "0x060400\n");
        assert_eq!(host.plan_bind(address(NIC)), Err(BindError::Bridge));
    }

    #[test]
    fn without_the_driver_nothing_is_written() {
        let tree = tree();
        fs::remove_dir_all(tree.path("sys/bus/pci/drivers/vfio-pci")).unwrap();
        let host = Host::at(tree.root());
        let plan = host.plan_bind(address(NIC)).unwrap();
        assert_eq!(host.carry_out(&plan, true), Err(BindError::NoDriver));
        assert_eq!(written(&tree, &format!("sys/bus/pci/devices/{NIC}/driver_override")), "");
    }

    #[test]
    fn what_is_in_use_is_taken_by_force_only() {
        let tree = tree();
        let host = Host::at(tree.root());
        let mut plan = host.plan_bind(address(NIC)).unwrap();
        plan.uses = vec![Use::DefaultRoute { interface: "eth0".into() }];
        assert_eq!(host.carry_out(&plan, false), Err(BindError::InUse(plan.uses.clone())));
        assert_eq!(written(&tree, "sys/bus/pci/drivers_probe"), "");
        // Files are no kernel: nobody binds anything.
        assert_eq!(host.carry_out(&plan, true), Err(BindError::Elsewhere(None)));
        assert_eq!(written(&tree, "sys/bus/pci/drivers_probe"), NIC);
    }

    #[test]
    fn a_driver_that_does_not_come_leaves_no_override_behind() {
        let tree = tree();
        driver(&tree, "e1000e");
        let host = Host::at(tree.root());
        let plan = host.plan_bind(address(NIC)).unwrap();
        assert_eq!(host.carry_out(&plan, false), Err(BindError::Elsewhere(Some("e1000e".into()))));
        // A file keeps what was there behind the one byte that is written over it.
        assert!(written(&tree, &format!("sys/bus/pci/devices/{NIC}/driver_override")).starts_with('\n'));
        assert_eq!(written(&tree, "sys/bus/pci/drivers/e1000e/unbind"), NIC);
    }
}
