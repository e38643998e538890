//! Attestation of a device from the first message to the verdict: who is it, can it prove it, what does it say it runs,
//! and is it trusted.
//!
//! An [`Attestation`] is the script of a [`Dialogue`], which is held over a mailbox as a
//! [`lanewarden_inventory::Conversation`], or by [`Dialogue::run`] over whatever carries messages. What it comes to is a [`Report`], and its [`Verdict`].
//!
//! What a device has said can be written as evidence ([`evidence::write`]), and be judged elsewhere without the device
//! ([`evidence::verify`]).
#![forbid(unsafe_code)]

mod dialogue;
pub mod evidence;
mod facts;
mod flow;
mod identity;
mod record;
mod report;
pub mod session;
mod trust;

pub use dialogue::{Dialogue, Script, Speaker, TRANSFER_SIZE, message_kind, secured, settings};
pub use facts::{Facts, FactsError, MeasurementFact};
pub use flow::{Attestation, Options};
pub use identity::identity;
#[cfg(feature = "keylog")]
pub use record::Listener;
pub use record::{Said, Signed};
pub use report::{Class, Failure, Report, Verdict};
pub use trust::Trust;
