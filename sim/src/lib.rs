//! A whole emulated PCIe/CXL machine: configuration space, mailboxes, tables, faults, and a virtual clock.
//!
//! It stands where a real machine would, behind the same [`Machine`](lanewarden_pci::Machine),
//! [`ConfigSpace`](lanewarden_pci::ConfigSpace) and [`Clock`](lanewarden_time::Clock) traits, and does what a real one
//! will not do on request: it keeps a mailbox busy, answers late, answers wrongly, falls silent, vanishes.
//!
//! A [`Scenario`] says what the machine is and what goes wrong in it; [`Simulator::new`] builds it. The same scenario
//! and the same accesses give the same machine, event for event: whatever is left to chance comes from the scenario's
//! seed.
#![forbid(unsafe_code)]

mod event;
mod firmware;
mod handler;
mod machine;
mod mailbox;
mod plan;
mod random;
pub mod scenario;
mod space;
mod tables;

pub use event::{Event, Register, What, write_events};
pub use handler::{Handler, Incoming, Reply};
pub use machine::{FunctionConfig, MailboxLock, Simulator};
pub use scenario::{FaultKind, Scenario, ScenarioError, When, all_faults};
