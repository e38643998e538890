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
mod capture;
mod cdat;
mod certificates;
mod discovery;
mod doe_device;
mod doe_object;
mod evidence;
mod input;
mod ipc_call;
mod journal;
mod policy_file;
mod raw_hex;
mod scenario_toml;
mod scratch;
#[cfg(test)]
mod seeds;
mod session_middle;
mod session_partner;
mod session_record;
mod session_requester;
mod session_responder;
mod shown;
mod spdm_message;
mod spdm_requester;
mod spdm_responder;
mod stub;
mod transport_frames;
mod trust_files;

pub use acpi_tables::acpi_tables;
pub use capability_walk::capability_walk;
pub use capture::capture;
pub use cdat::cdat;
pub use certificates::certificates;
pub use discovery::discovery;
pub use doe_device::doe_device;
pub use doe_object::doe_object;
pub use evidence::evidence;
pub use ipc_call::ipc_call;
pub use journal::journal;
pub use policy_file::policy_file;
pub use raw_hex::raw_hex;
pub use scenario_toml::scenario_toml;
pub use session_record::session_record;
pub use session_requester::session_requester;
pub use session_responder::session_responder;
pub use spdm_message::spdm_message;
pub use spdm_requester::spdm_requester;
pub use spdm_responder::spdm_responder;
pub use transport_frames::transport_frames;
pub use trust_files::trust_files;

/// A fuzz target: what a fuzzer calls with its bytes.
pub type Target = fn(&[u8]);

/// Every target by name. The name is that of its binary in `targets/` and of its folder in `corpus/`.
pub const TARGETS: [(&str, Target); 22] = [
    ("acpi_tables", acpi_tables),
    ("capability_walk", capability_walk),
    ("capture", capture),
    ("cdat", cdat),
    ("certificates", certificates),
    ("discovery", discovery),
    ("doe_device", doe_device),
    ("doe_object", doe_object),
    ("evidence", evidence),
    ("ipc_call", ipc_call),
    ("journal", journal),
    ("policy_file", policy_file),
    ("raw_hex", raw_hex),
    ("scenario_toml", scenario_toml),
    ("session_record", session_record),
    ("session_requester", session_requester),
    ("session_responder", session_responder),
    ("spdm_message", spdm_message),
    ("spdm_requester", spdm_requester),
    ("spdm_responder", spdm_responder),
    ("transport_frames", transport_frames),
    ("trust_files", trust_files),
];
