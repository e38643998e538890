//! What is kept in files: whom to trust ([`Anchors`]), whom no more ([`Revocations`]), and what a device has shown
//! ([`EvidenceWriter`], [`EvidenceReader`]).
//!
//! Every file is read to a limit, and every error names the file. What the files say about a device is not judged here.
#![forbid(unsafe_code)]

mod anchors;
mod error;
mod evidence;
mod file;
mod pem;
mod revocations;

pub use anchors::{Anchors, MAX_ANCHORS};
pub use error::StoreError;
pub use evidence::{EvidenceFile, EvidenceReader, EvidenceWriter, Existing};
pub use revocations::{MAX_REVOCATIONS, Revocations};
