//! What firmware says of the host's own part of a path: from initiators to the host bridges.
//!
//! * [`Srat`] gives host bridges ("generic ports") and processors their proximity domains,
//! * [`Hmat`] latency and bandwidth between such domains,
//! * [`Cedt`] the CXL host bridges and their memory windows.
//!
//! [`HostMap`] puts the first two together. Each table can be parsed and encoded; parsing checks the header, the
//! checksum and every length.

mod cedt;
mod hmat;
mod host;
mod sdt;
mod srat;

pub use cedt::{Cedt, Chbs, CxlVersion, MemoryWindow};
pub use hmat::{Hmat, Locality};
pub use host::HostMap;
pub use sdt::{AcpiError, Signature};
pub use srat::{DeviceHandle, GenericAffinity, MemoryAffinity, Srat};
