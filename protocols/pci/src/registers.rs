//! Registers by capability. Each module holds one capability's layout and its decoded form.
//!
//! The layout is constants: capability ID, offsets from the capability, sizes in bytes. The decoded form is a struct
//! with a `read` that says how many registers it reads. It fails with [`crate::AccessError::OutOfRange`] where the
//! capability does not fit into the space it lies in, or into the length it states.
//!
//! Bits that are not defined are dropped. What only secondary sources say is marked in the field's text.

pub mod aer;
pub mod cxl;
pub mod doe;
pub mod dpc;
pub mod dsn;
pub mod dvsec;
pub(crate) mod field;
pub mod header;
pub mod ide;
pub mod msi;
pub mod msix;
pub mod pcie;
pub mod pm;
pub mod ssid;
