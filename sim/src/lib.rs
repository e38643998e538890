//! A whole emulated PCIe/CXL machine: configuration space, mailboxes, tables, faults, and a virtual clock.
//!
//! It stands where a real machine would, behind the same [`Machine`](lanewarden_pci::Machine),
//! [`ConfigSpace`](lanewarden_pci::ConfigSpace) and [`Clock`](lanewarden_time::Clock) traits, and does what a real one
//! will not do on request: it keeps a mailbox busy, answers late, answers wrongly, falls silent, vanishes.
//!
//! A [`Scenario`] says what the machine is and what goes wrong in it; [`Simulator::new`] builds it. The same scenario
//! and the same accesses give the same machine, event for event: whatever is left to chance comes from the scenario's
//! seed.
//!
//! ```
//! use lanewarden_pci::{ConfigSpace, Machine};
//! use lanewarden_sim::{Scenario, Simulator};
//!
//! let text = r#"
//!     [[bridges]]
//!     uid = 1
//!     [[bridges.ports]]
//!     functions = [{ kind = "nvme", name = "drive", doe = [{ protocols = ["cma_spdm"] }] }]
//!
//!     [[faults]]
//!     at = "drive"
//!     when = { exchange = 2 }
//!     what = { late_answer = { ms = 1001 } }
//! "#;
//! let machine = Simulator::new(&Scenario::parse(text)?)?;
//! let drive = machine.address("drive").expect("the scenario names one");
//! assert_eq!(drive.to_string(), "0000:01:00.0");
//! assert_eq!(machine.open(drive)?.read(0)?, 0xac00_144d);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
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
pub mod vfio;

pub use event::{Event, Register, What, write_events};
pub use handler::{Handler, Incoming, Reply};
pub use machine::{FunctionConfig, MailboxLock, Simulator, SpdmDevice};
pub use scenario::{FaultKind, Scenario, ScenarioError, When, all_faults};
