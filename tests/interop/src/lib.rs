//! Lanewarden against [spdm-emu] of DMTF, which is built on libspdm: our requester asks its responder, and its
//! requester asks our responder.
//!
//! Nothing of it is in this tree. `SPDM_EMU_BIN` names the folder with its programs and sample keys; the programs run
//! in folders of links to it, so it is never written to. INTEROP.md says how to run it and what came of it.
//!
//! [spdm-emu]: https://github.com/DMTF/spdm-emu
#![forbid(unsafe_code)]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)] // a peer's bytes are read by the crates under test

pub mod answering;
pub mod asking;
pub mod identities;
pub mod names;
pub mod origin;
pub mod pairs;
pub mod plan;
pub mod program;
pub mod report;
pub mod run;
pub mod scratch;
pub mod seen;
pub mod sessions;
pub mod stock;
