//! What a bridge passes on.

use lanewarden_pci::registers::header::{Bridge, Window};

use super::document::{Section, flags};
use super::words;

/// The bridge part of a header.
pub fn bridge(bridge: &Bridge) -> Section {
    Section::new("Bridge")
        .with(window("I/O ports", ["io_base", "io_limit"], bridge.io))
        .with(window("Memory", ["memory_base", "memory_limit"], bridge.memory))
        .with(window("Prefetchable memory", ["prefetchable_base", "prefetchable_limit"], bridge.prefetchable))
        .field("control", "Control", flags!(bridge.control))
        .field("secondary_status", "Status of the bus below", flags!(bridge.secondary_status))
}

/// A range of addresses that is passed on: one line for people, both ends for programs.
pub fn window(label: &'static str, [base, limit]: [&'static str; 2], window: Option<Window>) -> Section {
    let line = window.map_or_else(|| "none".to_owned(), |window| words::range(window.base, window.limit));
    Section::default()
        .line(label, line)
        .data(base, window.map(|window| window.base))
        .data(limit, window.map(|window| window.limit))
}
