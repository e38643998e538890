//! Registers by capability. Each module holds one capability's layout and its decoded form.

pub mod doe;
