//! PCI Express configuration space: addresses, access, capabilities, registers and the hierarchy they describe.
//!
//! Nothing here performs I/O. Configuration space comes through [`ConfigSpace`], the machine as a whole through
//! [`Machine`]; the Linux adapter and the emulated machine implement both, and nothing above can tell them apart.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod address;
mod config;
mod machine;
pub mod registers;

pub use address::{Address, ParseAddressError};
pub use config::{AccessError, ConfigSpace};
pub use machine::{Claim, LockError, Machine, MailboxId};
