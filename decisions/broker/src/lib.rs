//! Who may use which mailbox.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod act;
mod broker;
mod desk;
mod devices;
mod event;
#[cfg(test)]
mod explorer;
mod function;
mod id;
mod limits;
mod queue;
mod refusal;
mod requests;
mod rules;
mod slot;
mod snapshot;
#[cfg(test)]
mod tests;

pub use act::{Act, Ask, Condition, Outcome, Reply, Urgency};
pub use broker::Broker;
pub use devices::Stale;
pub use event::{Event, What};
pub use id::{ClientId, Device, Generation, Instance, RequestId};
pub use limits::Limits;
pub use refusal::{Busy, Denial, Loss, Refusal};
pub use requests::is_stateful;
pub use rules::{Action, AllowAll, Firmware, Gate, NoFirmware, Permission, Profile, Rules, Who};
pub use snapshot::{ClientStatus, FunctionStatus, MailboxStatus, Owner, Snapshot, Statistics};

pub use lanewarden_doe::Protocol;
pub use lanewarden_pci::{Address, MailboxId};
pub use lanewarden_time::Instant;
