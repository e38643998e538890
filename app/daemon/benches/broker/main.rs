//! What it costs to share mailboxes: an exchange through the daemon's engine, and over its socket, against one by the
//! mailbox core alone; how fair it is; and what devices that nobody uses take. The machine is emulated.
#![allow(missing_docs)]
// No peer but the emulated.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::unreachable,
    clippy::unwrap_used
)]

mod engine;
mod memory;
mod series;
mod shares;
mod socket;
mod stage;

/// Which tables are wanted, where it is not all of them: `engine`, `socket`, `shares`, `memory`.
const ONLY: &str = "LANEWARDEN_BENCH_ONLY";

fn main() {
    if memory::is_wanted() {
        return memory::one_size();
    }
    let tables: [(&str, fn()); 4] = [
        ("engine", engine::measure),
        ("socket", socket::measure),
        ("shares", shares::measure),
        ("memory", memory::measure),
    ];
    let only = std::env::var(ONLY).ok();
    for (name, measure) in tables {
        if only.as_deref().is_none_or(|only| only == name) {
            measure();
        }
    }
}
