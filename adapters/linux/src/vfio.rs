//! Functions that a process has for itself, through VFIO: configuration space, and low power.
//!
//! [`Host`] finds what the kernel says of a function, gives it to vfio-pci and back ([`Plan`]), and opens it
//! ([`Device`]). A device is opened by its IOMMU group and a container (type 1); a kernel's newer way (`/dev/vfio/devices`
//! with IOMMUFD) is not used. [`Owned`] is the machine that consists of one such device.
//!
//! # Low power
//!
//! | access | while low power is engaged |
//! |---|---|
//! | a read or write of a region or of configuration space, any ioctl | wakes the device and is then carried out; with a [`Wakeup`] it ends low power and is told |
//! | a load or store in mapped memory | faults (SIGBUS) and wakes nothing |
//! | the kernel's own or another process' use (`power/control`, `reset`, ...) | wakes the device, as above |
//!
//! Which state the device goes to is the platform's affair, and nobody is told. Nothing is told either where the device
//! never slept, for instance since someone else uses it. A wake-up is told once for each entry, and low power has then
//! ended. Closing the device ends it too, and tells nobody. Without a [`Wakeup`] the device may go back to sleep after each use, until
//! [`LowPower::exit_low_power`].

mod bind;
#[allow(unsafe_code)] // ioctls take numbers and addresses alike
mod call;
mod config;
mod device;
mod error;
mod host;
mod line;
mod low_power;
#[allow(unsafe_code)] // memory that the device answers for
mod mapping;
mod overlay;
mod owned;
mod use_of;
mod wakeup;

pub use bind::{Plan, Step};
pub use config::Config;
pub use device::{Device, Region};
pub use error::{BindError, OpenError};
pub use host::{Host, Power};
pub use lanewarden_pci::low_power::{Feature, FeatureError, LowPower, Operation, Request, Signal};
pub use mapping::Mapping;
pub use owned::Owned;
pub use use_of::Use;
pub use wakeup::Wakeup;
