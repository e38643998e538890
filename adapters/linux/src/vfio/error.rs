//! What can go wrong, and whose affair it is.

use std::path::PathBuf;

use lanewarden_pci::low_power::FeatureError;
use lanewarden_pci::{AccessError, Address};
use rustix::io::Errno;

use super::use_of::Use;

/// Why a device could not be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// There is no such function.
    #[error("there is no function {0}")]
    NotFound(Address),
    /// The function belongs to another driver, or to none.
    #[error("not bound to vfio-pci but to {}", .0.as_deref().unwrap_or("no driver"))]
    NotBound(Option<String>),
    /// The function is in no IOMMU group: there is no IOMMU, or it is off.
    #[error("in no IOMMU group")]
    NoGroup,
    /// The kernel's modules for this are not there.
    #[error("{} is not there", .0.display())]
    NoVfio(PathBuf),
    /// Other functions of the same group belong to drivers of the host.
    #[error("IOMMU group {group} is not viable{}", Others(others))]
    NotViable {
        /// Number of the group.
        group: u32,
        /// The other functions that have a driver, with its name.
        others: Vec<(Address, String)>,
    },
    /// Another process has the group.
    #[error("another process uses IOMMU group {0}")]
    Busy(u32),
    /// This process may not open a file that it takes.
    #[error("no permission for {}", .0.display())]
    Denied(PathBuf),
    /// The kernel speaks another version of the interface, or has no type 1 IOMMU for it.
    #[error("the kernel's VFIO has no {0}")]
    Unsupported(&'static str),
    /// At an offset where a mailbox was said to be there is none to be seen: it is not there, or VFIO hides its registers.
    #[error("no DOE mailbox at {0:03x}, or hidden by vfio")]
    NoMailbox(u16),
    /// The device's configuration space could not be read.
    #[error("configuration space: {0}")]
    Config(AccessError),
    /// The operating system failed in another way; its error number.
    #[error("cannot {step}: operating system error {number}")]
    System {
        /// What was tried.
        step: &'static str,
        /// The error number.
        number: i32,
    },
}

impl OpenError {
    pub(super) fn system(step: &'static str) -> impl FnOnce(Errno) -> Self {
        move |error| Self::System { step, number: error.raw_os_error() }
    }
}

struct Others<'a>(&'a [(Address, String)]);

impl std::fmt::Display for Others<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, (address, driver)) in self.0.iter().enumerate() {
            let lead = if index == 0 { ": " } else { ", " };
            write!(f, "{lead}{address} belongs to {driver}")?;
        }
        Ok(())
    }
}

/// What a call's error number says of a feature.
pub(super) fn of_feature(error: Errno) -> FeatureError {
    match error {
        Errno::NOTTY => FeatureError::Unsupported,
        Errno::INVAL => FeatureError::Refused,
        Errno::BADF => FeatureError::BadDescriptor,
        Errno::IO => FeatureError::NoWake,
        other => FeatureError::System(other.raw_os_error()),
    }
}

/// Why a function was not given to another driver.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// There is no such function.
    #[error("there is no function {0}")]
    NotFound(Address),
    /// The function is a bridge, which VFIO gives to nobody.
    #[error("a bridge, which no process can have for itself")]
    Bridge,
    /// The machine stands on the function.
    #[error("in use: {}", Uses(.0))]
    InUse(Vec<Use>),
    /// A process has the device, and unbinding would wait for it.
    #[error("another process uses IOMMU group {0}")]
    Busy(u32),
    /// The function is not bound to vfio-pci.
    #[error("not bound to vfio-pci but to {}", .0.as_deref().unwrap_or("no driver"))]
    NotBound(Option<String>),
    /// The driver vfio-pci is not loaded.
    #[error("the driver vfio-pci is not loaded")]
    NoDriver,
    /// This process may not write a file that it takes.
    #[error("no permission for {}", .0.display())]
    Denied(PathBuf),
    /// A step failed; those before it were undone as far as that went.
    #[error("cannot write {}: operating system error {number}", path.display())]
    Step {
        /// The file.
        path: PathBuf,
        /// The error number.
        number: i32,
    },
    /// All was written, and the function belongs to another driver all the same.
    #[error("bound to {} in the end", .0.as_deref().unwrap_or("no driver"))]
    Elsewhere(Option<String>),
}

struct Uses<'a>(&'a [Use]);

impl std::fmt::Display for Uses<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, each) in self.0.iter().enumerate() {
            let lead = if index == 0 { "" } else { ", " };
            write!(f, "{lead}{each}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_features_error_numbers_are_told_apart() {
        for (number, error) in [
            (Errno::NOTTY, FeatureError::Unsupported),
            (Errno::INVAL, FeatureError::Refused),
            (Errno::BADF, FeatureError::BadDescriptor),
            (Errno::IO, FeatureError::NoWake),
            (Errno::FAULT, FeatureError::System(14)),
        ] {
            assert_eq!(of_feature(number), error);
        }
    }

    #[test]
    fn a_group_that_is_not_viable_names_who_is_in_the_way() {
        let others = vec![("0000:01:00.1".parse().unwrap(), "e1000e".to_owned())];
        let error = OpenError::NotViable { group: 7, others };
        assert_eq!(error.to_string(), "IOMMU group 7 is not viable: 0000:01:00.1 belongs to e1000e");
    }
}
