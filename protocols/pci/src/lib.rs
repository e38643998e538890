//! PCI Express configuration space: addresses, access, capabilities, registers and the hierarchy they describe.
//!
//! Nothing here performs I/O. Configuration space comes through [`ConfigSpace`], the machine as a whole through
//! [`Machine`]; the Linux adapter and the emulated machine implement both, and nothing above can tell them apart.
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
