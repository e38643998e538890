//! Who may use which mailbox, and when: the decisions of a daemon that has many clients and the one use of each mailbox.
//! No I/O, no clock, no threads.
//!
//! A mailbox serves one exchange at a time, cannot tell whose answer it holds, and has no lock that excludes anybody
//! (PCIe 6.x, 6.30). So whoever shares it needs somebody who decides. [`Broker`] does, and does no exchange itself: it
//! says which to begin on which mailbox, is told what came of it, and says whom to tell.
//!
//! * On a mailbox one exchange is under way at most; those who wait have their turns client by client.
//! * Every request that is taken gets one answer: the right one, what was asked to be held, or a [`Refusal`] that says
//!   why. A request that is refused at once has had it.
//! * A stateful protocol ([`is_stateful`]) needs a claim, which keeps everybody else out from its first message to its
//!   last. Claims are leases: silence ends them, and so does time when others wait.
//! * What is urgent, a reset or a resume, goes first and ends the claims of others. An exchange that is under way is
//!   never broken off for anybody's sake, only when its own time is over or its device is gone.
//! * A client that dies, stops, or does not collect its answers loses its turns and claims. The mailbox goes on.
//! * A device that comes back is another [`Generation`]: nothing of the old one reaches those who ask for the new one.
//! * Who may do what is asked of a [`Permission`], which devices are let in of a [`Gate`], what the firmware has of a
//!   [`Firmware`].
//!
//! # Driving contract
//! Tell the broker what happens: [`connect`](Broker::connect), [`disconnect`](Broker::disconnect),
//! [`arrive`](Broker::arrive), [`vanish`](Broker::vanish), the clients' requests, and
//! [`completed`](Broker::completed) once for every exchange that was begun. After each such call, and after
//! [`advance`](Broker::advance), which is due at [`deadline`](Broker::deadline), do what [`next_act`](Broker::next_act)
//! says until it says nothing more, in its order, and take what [`next_event`](Broker::next_event) has. Every `now` is
//! no earlier than the one before. No call waits, and each does a bounded amount of work.
//!
//! Payloads are the caller's: the broker moves them from [`Ask`] to [`Act::Start`] and from [`Reply`] to
//! [`Act::Answer`], or drops them.
//!
//! ```
//! use std::time::Duration;
//! use lanewarden_broker::{
//!     Act, Address, Ask, Broker, Condition, Instant, Limits, Outcome, Protocol, Refusal, Reply, Rules, Urgency, Who,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut broker: Broker<Vec<u8>, Vec<u8>> = Broker::new(Limits::default(), Rules::default());
//! let mut now = Instant::ORIGIN;
//!
//! // A device with a mailbox at 0x100, and two programs that want its table.
//! let address: Address = "0000:0c:00.0".parse()?;
//! let mailbox = broker.arrive(address, &[0x100], Condition::Clean, now).instance(0x100);
//! let reader = broker.connect(Who::User { user: 1000, process: 42 }, now)?;
//! let other = broker.connect(Who::User { user: 1000, process: 43 }, now)?;
//! let claim = broker.claim(reader, mailbox, Urgency::Normal, Duration::MAX, now)?;
//! let second = broker.claim(other, mailbox, Urgency::Normal, Duration::MAX, now)?;
//!
//! // The loop. A daemon begins an exchange with `lanewarden_doe::Mailbox::send`, drives all that are under way, and waits
//! // for whatever is first: one of them, a client, a device, or the broker's deadline. Here a device answers at once.
//! let mut told = Vec::new();
//! loop {
//!     while let Some(act) = broker.next_act() {
//!         match act {
//!             Act::Start { instance, request, payload, .. } => {
//!                 let reply = Reply { bytes: payload.len(), payload };
//!                 broker.completed(instance.mailbox, request, Outcome::Answered(reply), now)?;
//!             }
//!             Act::Stop { .. } => unreachable!("nothing here takes long"),
//!             // The one who may read asks, and gives the mailbox back when it has what it wants.
//!             Act::Granted { client, request } => {
//!                 broker.collected(client, request, now);
//!                 let ask = Ask::new(mailbox, Protocol::CXL_TABLE_ACCESS, vec![0; 4], 1024);
//!                 broker.submit(client, ask, now)?;
//!             }
//!             Act::Answer { client, request, result } => {
//!                 broker.collected(client, request, now);
//!                 told.push((client, result));
//!                 if client == reader {
//!                     broker.release(client, claim, now)?;
//!                 }
//!             }
//!             Act::Ended { client, request, loss } => told.push((client, Err(Refusal::Preempted(loss)))),
//!         }
//!     }
//!     // The other one says nothing more: its claim ends by itself.
//!     let Some(deadline) = broker.deadline() else { break };
//!     now = deadline;
//!     broker.advance(now);
//! }
//! assert_eq!(told[0], (reader, Ok(vec![0; 4])));
//! assert_eq!(told[1], (other, Ok(vec![0; 4])));
//! assert!(matches!(told[2], (client, Err(Refusal::Preempted(_))) if client == other));
//! # let _ = second;
//! # Ok(())
//! # }
//! ```
//!
//! # What it costs
//! A call looks at one function and its mailboxes, found in a tree, and at nobody else's. Queues, accounts and timers keep
//! their room, so that an exchange allocates nothing once they have grown to what is used.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

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
