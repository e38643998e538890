//! A line for each write that no mailbox rule covers.

use std::fmt;
use std::io::Write;
use std::sync::Arc;

use lanewarden_pci::{AccessError, Address};

/// A write to a register outside every mailbox, after it was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawWrite {
    /// The function.
    pub address: Address,
    /// Offset of the register.
    pub offset: u16,
    /// What was to be written.
    pub value: u32,
    /// What came of it.
    pub result: Result<(), AccessError>,
}

impl fmt::Display for RawWrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, offset, value, result } = self;
        write!(f, "audit: raw write of {value:#010x} to {address} [{offset:03x}]: ")?;
        match result {
            Ok(()) => f.write_str("done"),
            Err(error) => error.fmt(f),
        }
    }
}

/// Takes the audit lines.
pub type Audit = Arc<dyn Fn(&RawWrite) + Send + Sync>;

/// Talk, not data.
pub fn standard_error() -> Audit {
    // Standard error may be closed; then there is nobody to tell.
    Arc::new(|write| drop(writeln!(std::io::stderr(), "{write}")))
}
