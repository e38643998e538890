//! What VFIO's failures come to, and what helps.

use lanewarden_linux::vfio::{BindError, FeatureError, OpenError};
use lanewarden_pci::Address;

use super::{Exit, Failure};

const LIST: &str = "`lanewarden list` shows every function; one that is powered off is not there";
const MODULES: &str = "load the modules: `modprobe -a vfio-pci vfio_iommu_type1`";
const HELD: &str = "a virtual machine or another lanewarden has it; end that first";
const OLD: &str = "low power through VFIO came with Linux 6.1";
/// EPERM, where the IOMMU is set up.
const NOT_PERMITTED: i32 = 1;

impl Failure {
    /// A device that could not be opened.
    pub fn of_open(address: Address, error: &OpenError) -> Self {
        let (exit, hint) = match error {
            OpenError::NotFound(_) => return Self::new(Exit::NotFound, error).hint(LIST),
            OpenError::NotBound(_) => {
                (Exit::Failure, format!("`lanewarden vfio bind {address}` gives it to vfio-pci"))
            }
            OpenError::NoGroup => (
                Exit::Failure,
                "turn the IOMMU on, in the firmware's settings and, for Intel's, with intel_iommu=on on the kernel's \
                 command line"
                    .into(),
            ),
            OpenError::NoVfio(_) => (Exit::Failure, MODULES.into()),
            OpenError::NotViable { .. } => (
                Exit::Busy,
                "the whole group goes to one process: bind the others to vfio-pci too, or unbind their drivers"
                    .into(),
            ),
            OpenError::Busy(_) => (Exit::Busy, HELD.into()),
            OpenError::Denied(_) => {
                (Exit::Permission, "run as root, or as the user to whom the group's file was given".into())
            }
            OpenError::Unsupported(_) => (
                Exit::Failure,
                "it takes a kernel with VFIO's groups and containers (CONFIG_VFIO_GROUP, CONFIG_VFIO_IOMMU_TYPE1)"
                    .into(),
            ),
            OpenError::NoMailbox(_) => (
                Exit::NotFound,
                "`lanewarden doe discover` without --host vfio shows where sysfs has them; without --doe-offset that is \
                 looked up"
                    .into(),
            ),
            OpenError::Config(error) => {
                let failure = Self::new(lanewarden_inventory::Class::of(*error).into(), format!("{address}: {error}"));
                return failure.hint_if(super::advice::access(*error));
            }
            OpenError::System { number: NOT_PERMITTED, .. } => (
                Exit::Permission,
                "without interrupt remapping VFIO gives no device away; the kernel's log says whether that is it"
                    .into(),
            ),
            OpenError::System { .. } => (Exit::Failure, "the kernel's log may say more".into()),
        };
        Self::new(exit, format!("{address}: {error}")).hint(hint)
    }

    /// A feature that was not to be had.
    pub fn of_feature(address: Address, error: FeatureError) -> Self {
        let (exit, hint) = match error {
            FeatureError::Unsupported => (Exit::Failure, Some(OLD)),
            FeatureError::Engaged => (Exit::Busy, Some("leave it first")),
            FeatureError::NoWake => (Exit::Device, Some("only a reset or a new start may bring it back")),
            FeatureError::Refused | FeatureError::BadDescriptor | FeatureError::System(_) => {
                (Exit::Failure, None)
            }
        };
        Self::new(exit, format!("{address}: {error}")).hint_if(hint)
    }

    /// A function that was not given to another driver.
    pub fn of_bind(address: Address, error: &BindError) -> Self {
        let (exit, hint) = match error {
            BindError::NotFound(_) => return Self::new(Exit::NotFound, error).hint(LIST),
            BindError::Bridge => (Exit::Failure, "name a function below it"),
            BindError::InUse(_) => {
                (Exit::Busy, "--force takes it all the same, and what stands on it breaks")
            }
            BindError::Busy(_) => (Exit::Busy, HELD),
            BindError::NotBound(_) => (Exit::Failure, "there is nothing to give back"),
            BindError::NoDriver => (Exit::Failure, MODULES),
            BindError::Denied(_) => (Exit::Permission, "run as root"),
            BindError::Step { .. } | BindError::Elsewhere(_) => {
                (Exit::Failure, "what was written was taken back; the kernel's log may say more")
            }
        };
        Self::new(exit, format!("{address}: {error}")).hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use lanewarden_pci::AccessError;

    use super::*;

    fn address() -> Address {
        "0000:41:00.0".parse().unwrap()
    }

    #[test]
    fn each_failure_to_open_has_its_code_and_a_hint() {
        let other = ("0000:41:00.1".parse().unwrap(), "nvme".to_owned());
        for (error, exit) in [
            (OpenError::NotFound(address()), Exit::NotFound),
            (OpenError::NotBound(Some("nvme".into())), Exit::Failure),
            (OpenError::NoGroup, Exit::Failure),
            (OpenError::NoVfio("/dev/vfio/vfio".into()), Exit::Failure),
            (OpenError::NotViable { group: 3, others: vec![other] }, Exit::Busy),
            (OpenError::Busy(3), Exit::Busy),
            (OpenError::Denied("/dev/vfio/3".into()), Exit::Permission),
            (OpenError::Unsupported("type 1 IOMMU"), Exit::Failure),
            (OpenError::NoMailbox(0x1c4), Exit::NotFound),
            (OpenError::Config(AccessError::Gone), Exit::NotFound),
            (OpenError::System { step: "set up the IOMMU", number: 1 }, Exit::Permission),
        ] {
            let failure = Failure::of_open(address(), &error);
            assert_eq!(failure.exit, exit, "{error}");
            assert!(failure.hint.is_some() && failure.message.contains("0000:41:00.0"), "{failure:?}");
        }
    }

    #[test]
    fn a_device_that_does_not_wake_is_the_devices_fault_and_an_old_kernel_is_nobodys() {
        assert_eq!(Failure::of_feature(address(), FeatureError::NoWake).exit, Exit::Device);
        assert_eq!(Failure::of_feature(address(), FeatureError::Engaged).exit, Exit::Busy);
        let old = Failure::of_feature(address(), FeatureError::Unsupported);
        assert!(old.exit == Exit::Failure && old.hint.is_some_and(|hint| hint.contains("6.1")));
    }
}
