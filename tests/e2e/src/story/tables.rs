//! CDATs: ours, and the kernel's.

use anyhow::Result;

use crate::cxl::{self, Object};
use crate::doe::Mailbox;
use crate::functions::Functions;
use crate::report;

/// One table for each function that has one.
pub struct Tables<T> {
    /// The memories'.
    pub memories: [T; 2],
    /// The switch's.
    pub switch: T,
}

/// Reads all tables through their mailboxes.
pub fn read(functions: &Functions) -> Result<Tables<Vec<u8>>> {
    let read = |address: &str| Mailbox::open(address)?.table();
    let [first, second] = &functions.memories;
    Ok(Tables { memories: [read(first)?, read(second)?], switch: read(&functions.switch)? })
}

/// Reads what the kernel publishes, waiting until it has read it.
pub fn kernels(functions: &Functions) -> Result<Tables<Object>> {
    let [first, second] = &functions.memories;
    Ok(Tables {
        memories: [cxl::object_of(first)?, cxl::object_of(second)?],
        switch: cxl::object_of(&functions.switch)?,
    })
}

/// Byte by byte.
pub fn compare(how: &str, kernels: &Tables<Object>, ours: &Tables<Vec<u8>>) {
    let pairs = [
        ("memory 1", &kernels.memories[0], &ours.memories[0]),
        ("memory 2", &kernels.memories[1], &ours.memories[1]),
        ("switch", &kernels.switch, &ours.switch),
    ];
    for (name, object, table) in pairs {
        report::same_bytes(&format!("{name}: table of {}, {how}", object.name), &object.table, table);
    }
}
