//! Data Object Exchange: the mailbox' registers, what it speaks and who uses it.

use lanewarden_doe::Feature;
use lanewarden_inventory::{MailboxError, MailboxReport};
use lanewarden_pci::registers::doe::{Activity, Doe};

use super::document::{Section, Value, flags};
use crate::exit::Exit;
use crate::json;

/// The registers, as they were before the mailbox was asked anything.
pub fn registers(doe: &Doe, activity: &Activity) -> Section {
    let interrupt = doe.interrupt.map_or_else(|| "none, it has to be polled".to_owned(), |n| n.to_string());
    Section::default()
        .worded("interrupt_message", "Interrupt message", doe.interrupt, interrupt)
        .field("control", "Control", flags!(activity.control))
        .field("status", "Status", flags!(activity.status))
        .detail("attention", "Attention mechanism", doe.attention)
        .detail("async_messages", "Asynchronous messages", doe.async_messages)
}

/// What it answered, or why it was not asked.
pub fn mailbox(report: &MailboxReport) -> Section {
    let warnings = report.warnings().iter().map(ToString::to_string).collect::<Vec<_>>();
    Section::default()
        .field("state", "State", Value::word(json::state(report).replace('_', " ")))
        .field("used_by", "Used by", report.claim.as_ref().map(ToString::to_string))
        .line("Protocols", protocols(report))
        .line("Protocols", report.error().map(|error| format!("unknown: {error}")))
        .field("warnings", "Warnings", warnings)
        .data_part("error", report.error().map(problem))
        .data_parts("protocols", report.features.iter().flatten().flatten().map(protocol).collect())
}

fn protocols(report: &MailboxReport) -> Vec<String> {
    let name = |p: lanewarden_doe::Protocol| format!("{p} {}", p.name().unwrap_or("vendor defined"));
    report.protocols().map(name).collect()
}

fn problem(error: &MailboxError) -> Section {
    let exit = Exit::from(error.class());
    Section::default().data("exit_code", exit as u8).data("reason", error.to_string())
}

fn protocol(feature: &Feature) -> Section {
    let protocol = feature.protocol;
    // 0 on the wire stands for the longest there is.
    let longest = feature.limits.map(|limits| match limits.max_dwords {
        0 => lanewarden_doe::MAX_DWORDS,
        dwords => dwords,
    });
    Section::default()
        .data("vendor_id", protocol.vendor)
        .data("data_object_type", protocol.kind)
        .data("name", protocol.name())
        .data("max_object_dwords", longest)
}
