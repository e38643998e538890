//! The parts that the JSON objects of several verbs share.

mod function;
mod path;
pub mod structure;

pub use function::{Entry, functions};
pub use path::Path;

use lanewarden_doe::Feature;
use lanewarden_inventory::{Class, MailboxError, MailboxReport};
use serde::Serialize;

/// A failure, for programs.
#[derive(Serialize)]
pub struct Problem {
    /// The exit code this failure alone would give.
    pub exit_code: u8,
    /// What a person would read.
    pub reason: String,
}

impl From<&MailboxError> for Problem {
    fn from(error: &MailboxError) -> Self {
        let exit: crate::exit::Exit = error.class().into();
        Self { exit_code: exit as u8, reason: error.to_string() }
    }
}

/// A mailbox and what it speaks.
#[derive(Serialize)]
pub struct Mailbox {
    address: String,
    offset: u16,
    capability_version: u8,
    interrupt_message: Option<u16>,
    /// `ready`, `in_use`, `not_asked`, `failed` or `dead`.
    state: &'static str,
    used_by: Option<String>,
    protocols: Vec<ProtocolJson>,
    warnings: Vec<String>,
    error: Option<Problem>,
}

/// A protocol that a mailbox speaks.
#[derive(Serialize)]
struct ProtocolJson {
    vendor_id: u16,
    data_object_type: u8,
    name: Option<&'static str>,
    max_object_dwords: Option<u32>,
}

impl From<&Feature> for ProtocolJson {
    fn from(feature: &Feature) -> Self {
        let protocol = feature.protocol;
        Self {
            vendor_id: protocol.vendor,
            data_object_type: protocol.kind,
            name: protocol.name(),
            // 0 on the wire stands for the longest there is.
            max_object_dwords: feature.limits.map(|limits| match limits.max_dwords {
                0 => lanewarden_doe::MAX_DWORDS,
                dwords => dwords,
            }),
        }
    }
}

impl From<&MailboxReport> for Mailbox {
    fn from(report: &MailboxReport) -> Self {
        Self {
            address: report.address().to_string(),
            offset: report.id.offset,
            capability_version: report.capability.version,
            interrupt_message: report.capability.interrupt,
            state: state(report),
            used_by: report.claim.as_ref().map(ToString::to_string),
            protocols: report.features.iter().flatten().flatten().map(Into::into).collect(),
            warnings: report.warnings().iter().map(ToString::to_string).collect(),
            error: report.error().map(Into::into),
        }
    }
}

/// The state of a mailbox in one word.
pub fn state(report: &MailboxReport) -> &'static str {
    match report.error() {
        _ if report.dead => "dead",
        Some(error) if error.class() == Class::Busy => "in_use",
        Some(error) if matches!(error.class(), Class::Permission | Class::Policy) => "not_asked",
        Some(_) => "failed",
        None => "ready",
    }
}
