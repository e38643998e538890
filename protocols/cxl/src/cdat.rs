//! The Coherent Device Attribute Table: what a CXL device or switch says of its own latency and bandwidth.
//!
//! Layouts follow the CDAT specification 1.03, numbers of data types ACPI's HMAT. A [`Table`] is a whole and intact
//! table; its [`Structure`]s are read from it one by one, and one that is malformed spoils no other.

mod attributes;
mod builder;
mod print;
mod structure;
mod table;

pub use attributes::{DeviceAttributes, MemoryRange, Problem, SwitchAttributes};
pub use builder::Builder;
pub use structure::{
    Dsemts, Dsis, Dslbis, Dsmas, DsmasFlags, Dsmscis, MemoryHierarchy, PortId, Sslbis, SslbisEntry,
    Structure, StructureError, StructureKind,
};
pub use table::{
    Entries, Entry, HEADER_SIZE, Header, MAX_SIZE, ParseError, STRUCTURE_HEADER_SIZE, Structures, Table,
};
