//! What must hold for any bytes: one function for each fuzz target.
//!
//! Each takes bytes as a fuzzer makes them, does with them what the product does with the bytes of a device, a file or
//! a user, and checks what is promised: an answer or a typed error, in bounded time. It panics when a promise is broken
//! and never otherwise. `cargo xtask soak` runs them under libFuzzer (the binaries are in `targets/`), and the test
//! `corpus` replays on stable Rust what is worth keeping.
// A broken promise is a panic: that is what these functions are for.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod acpi_tables;
mod capability_walk;
mod cdat;
mod discovery;
mod doe_device;
mod doe_object;
mod input;
mod raw_hex;
mod scenario_toml;

pub use acpi_tables::acpi_tables;
pub use capability_walk::capability_walk;
pub use cdat::cdat;
pub use discovery::discovery;
pub use doe_device::doe_device;
pub use doe_object::doe_object;
pub use raw_hex::raw_hex;
pub use scenario_toml::scenario_toml;

/// A fuzz target: what a fuzzer calls with its bytes.
pub type Target = fn(&[u8]);

/// Every target by name. The name is that of its binary in `targets/` and of its folder in `corpus/`.
pub const TARGETS: [(&str, Target); 8] = [
    ("acpi_tables", acpi_tables),
    ("capability_walk", capability_walk),
    ("cdat", cdat),
    ("discovery", discovery),
    ("doe_device", doe_device),
    ("doe_object", doe_object),
    ("raw_hex", raw_hex),
    ("scenario_toml", scenario_toml),
];
