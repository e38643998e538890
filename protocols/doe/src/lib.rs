//! PCIe Data Object Exchange: objects, discovery, and the mailbox from both sides.
//!
//! # Driving contract
//! The host's side is [`Mailbox`]. [`Mailbox::send`] takes a request; after it, and whenever the [`Step::Wait`] that
//! was returned last runs out or the device interrupts, call [`Mailbox::advance`] with the present time. Every call
//! makes a bounded number of configuration accesses and never waits. It ends with [`Step::Answered`] or an error;
//! then the mailbox takes the next request, unless it [is dead](Mailbox::is_dead). [`exchange`] is the blocking
//! loop over that.
//!
//! The device's side is [`Device`]: configuration accesses go in, received objects come out, answers are given with
//! the time at which they become ready, and [`Device::tick`] is called when [`Device::deadline`] has come.
//!
//! Every wait is bounded: [`ANSWER_TIME`] for an answer, [`FREE_TIME`] for somebody else to let go, [`ABORT_TIME`] for
//! an abort. A mailbox that does not finish an abort is dead.
#![no_std]
#![forbid(unsafe_code)]

mod device;
mod discovery;
mod error;
pub mod hex;
mod mailbox;
mod object;
mod protocol;

pub use device::{Device, DeviceEvent};
pub use discovery::{
    CollocationWarning, DISCOVERY_RESPONSE_MAX, Discovery, DiscoveryError, DiscoveryRequest,
    DiscoveryResponse, Feature, Limits, collocation,
};
pub use error::{Blame, Error, Holder, Misuse, Phase};
pub use mailbox::{InterruptUse, Mailbox, Policy, Request, Statistics, Step, exchange};
pub use object::{Header, HeaderError, MAX_CONNECTION, MAX_DWORDS, MIN_DWORDS, Object, ObjectError};
pub use protocol::Protocol;

use core::time::Duration;

/// A responder must have its answer ready, or report an error, within this time (PCIe 6.x, 6.30.2).
pub const ANSWER_TIME: Duration = Duration::from_secs(1);
/// An abort must be complete, with Busy and Error clear, within this time (PCIe 6.x, 6.30.2).
pub const ABORT_TIME: Duration = Duration::from_secs(1);
/// How long a sender waits for another agent to let go of the mailbox. Not from the specification: Linux waits as
/// long.
pub const FREE_TIME: Duration = Duration::from_secs(1);
/// The longest interval between two looks at a status register, one 128th of a second; Linux' fixed interval.
pub const POLL_INTERVAL: Duration = Duration::from_micros(7813);
/// The first interval; each further one is twice as long, up to [`POLL_INTERVAL`].
pub const FIRST_POLL_INTERVAL: Duration = Duration::from_micros(64);
/// How often a mailbox is looked at while an interrupt is expected, in case the interrupt is lost.
pub const INTERRUPT_POLL_INTERVAL: Duration = Duration::from_micros(62_500);
