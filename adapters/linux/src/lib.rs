//! Lanewarden on Linux: configuration space through sysfs, what the kernel says of a function and already does with
//! it, locks between processes, and the monotonic clock. [`vfio`] is a function that a process has for itself.
//!
//! [`Sysfs`] is the machine. Everything it reads lies under one root, so that a test can put a tree of its own there.
//! Names and texts come from the kernel and, through it, from devices and firmware: they are bounded here and must be
//! escaped by whoever shows them.
#![deny(unsafe_code)]

mod audit;
mod claim;
mod clock;
mod config;
mod direct;
mod errno;
mod firmware;
mod guard;
mod kernel;
pub mod locks;
mod objects;
mod peer;
#[cfg(test)]
mod sample;
mod seclusion;
mod sysfs;
mod timer;
mod uevents;
pub mod vfio;

pub use audit::{Audit, RawWrite};
pub use config::Config;
pub use direct::{DirectError, DirectLock};
pub use peer::{Peer, user};
pub use seclusion::{lock_memory, refuse_dumps};
pub use sysfs::Sysfs;
pub use timer::Timer;
pub use uevents::Uevents;
