//! Advanced Error Reporting and Downstream Port Containment.

use lanewarden_pci::registers::aer::{Aer, Root};
use lanewarden_pci::registers::dpc::Dpc;

use super::document::{Section, Unit, Value, flags};
use super::words::requester;

/// Advanced Error Reporting of a function in this segment: what was met, what is reported.
pub fn reporting(aer: &Aer, segment: u32) -> Section {
    Section::default()
        .field("uncorrectable", "Uncorrectable errors met", flags!(aer.uncorrectable))
        .detail("uncorrectable_mask", "Uncorrectable, not reported", flags!(aer.uncorrectable_mask))
        .detail("fatal", "Uncorrectable, fatal", flags!(aer.fatal))
        .field("correctable", "Correctable errors met", flags!(aer.correctable))
        .detail("correctable_mask", "Correctable, not reported", flags!(aer.correctable_mask))
        .detail("first_error", "First error (bit)", aer.first_error)
        .detail("control", "Control", flags!(aer.control))
        .detail("header_log", "Header log", Value::several(aer.header_log, Unit::Hex(8)))
        .part("root", aer.root.as_ref().map(|registers| root(registers, segment)))
}

fn root(root: &Root, segment: u32) -> Section {
    Section::new("Root errors")
        .field("status", "Reported", flags!(root.status))
        .field("command", "Interrupts on", flags!(root.command))
        .field("interrupt_message", "Interrupt message", root.interrupt_message)
        .detail("correctable_source", "Correctable from", requester(segment, root.correctable_source))
        .detail("uncorrectable_source", "Uncorrectable from", requester(segment, root.uncorrectable_source))
}

/// Downstream Port Containment of a function in this segment.
pub fn containment(dpc: &Dpc, segment: u32) -> Section {
    Section::default()
        .field("trigger", "Triggered by", Value::word(trigger(dpc.trigger)))
        .field("status", "Status", flags!(dpc.status))
        .field("reason", "Reason", reason(dpc).map(Value::word))
        .field("source", "Error source", from_below(dpc).then(|| requester(segment, dpc.source)))
        .field("interrupt_message", "Interrupt message", dpc.interrupt_message)
        .detail("capability", "Capabilities", flags!(dpc.capability))
        .detail("control", "Control", flags!(dpc.control))
        .detail("log_dwords", "Log size (DW)", dpc.log_size)
        .detail("first_error", "First programmed I/O error (bit)", dpc.first_error)
}

fn trigger(encoding: u8) -> &'static str {
    match encoding {
        0 => "nothing",
        1 => "fatal errors",
        2 => "fatal and non-fatal errors",
        _ => "undefined",
    }
}

fn is_triggered(dpc: &Dpc) -> bool {
    dpc.status.contains(lanewarden_pci::registers::dpc::Status::TRIGGERED)
}

fn from_below(dpc: &Dpc) -> bool {
    is_triggered(dpc) && matches!(dpc.reason, 1 | 2)
}

/// Why it triggered, where it has.
fn reason(dpc: &Dpc) -> Option<&'static str> {
    is_triggered(dpc).then_some(match (dpc.reason, dpc.reason_extension) {
        (0, _) => "uncorrectable error",
        (1, _) => "non-fatal error from below",
        (2, _) => "fatal error from below",
        (_, 0) => "root port programmed I/O",
        (_, 1) => "software",
        _ => "undefined",
    })
}
