//! How far and how wide the path to each CXL memory is, and the tables that say so.
//!
//! * [`table_access`]: reading a Coherent Device Attribute Table through a DOE mailbox, without the mailbox.
//! * [`cdat`]: that table, its structures, and a builder for it.
//! * [`acpi`]: the tables from which the host's own part is known.
//! * [`coordinates`]: latency and bandwidth, known or unknown.
//! * [`path`]: from an initiator to each memory through any number of switches.
//!
//! Nothing here performs I/O. Every byte is taken to come from someone hostile.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod acpi;
mod bytes;
pub mod cdat;
pub mod coordinates;
pub mod path;
pub mod table_access;
