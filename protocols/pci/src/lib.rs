//! PCI Express configuration space: addresses, access, capabilities, registers and the hierarchy they describe.
//!
//! Nothing here performs I/O. Configuration space comes through [`ConfigSpace`], the machine as a whole through
//! [`Machine`]; the Linux adapter and the emulated machine implement both, and nothing above can tell them apart.
//!
//! A function is read in one pass ([`Function::read`]), and all functions of a machine make its trees
//! ([`Hierarchy::new`]). Whatever a device holds, both give an answer, and tell what is wrong with it ([`Anomaly`],
//! [`Disorder`]):
//!
//! ```
//! use lanewarden_pci::{Address, Function, Hierarchy, Image, PortKind};
//!
//! // A dump as `lspci -xxxx` or an emulator gives it; on a machine, what `Machine::open` gives.
//! let mut dump = Image::new(Image::EXTENDED).with(0x00, 0x1234_8086).with(0x08, 0x0600_0000);
//! let function = Function::read("0000:00:00.0".parse()?, &mut dump)?;
//! assert_eq!(function.port_kind(), PortKind::HostBridge);
//!
//! let hierarchy = Hierarchy::new(vec![function]);
//! for step in hierarchy.depth_first() {
//!     println!("{:indent$}{}", "", hierarchy[step.id].address, indent = step.depth.into());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod address;
pub mod capability;
mod config;
mod detail;
mod function;
pub mod fuzz;
mod hierarchy;
mod image;
pub mod low_power;
mod machine;
mod memo;
pub mod registers;
#[cfg(test)]
mod sample;
pub mod vectors;

pub use address::{Address, ParseAddressError};
pub use capability::Anomaly;
pub use config::{AccessError, ConfigSpace};
pub use detail::{CxlDetail, Detail, Details, PciExpress};
pub use function::{Cxl, Function, PortKind, Visibility};
pub use hierarchy::{DepthFirst, Disorder, Hierarchy, NodeId, RootBus, Step};
pub use image::{Counting, Image};
pub use machine::{Claim, LockError, Machine, MailboxId};
pub use memo::Memo;
pub use vectors::Vectors;
