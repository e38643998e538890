//! CDATs: ours, and the kernel's.

use std::fs;

use anyhow::{Context, Result};

use crate::cxl::{self, Object};
use crate::doe::Mailbox;
use crate::functions::Functions;
use crate::plant::{Plant, plant};
use crate::{product, report};

/// One table for each function that has one.
pub struct Tables<T> {
    /// The memories'.
    pub memories: [T; 2],
    /// The switch's.
    pub switch: T,
}

impl<T> Tables<T> {
    fn of(functions: &Functions, read: impl Fn(&str) -> Result<T>) -> Result<Self> {
        let [first, second] = &functions.memories;
        Ok(Self { memories: [read(first)?, read(second)?], switch: read(&functions.switch)? })
    }

    fn all(&self) -> [(&'static str, &T); 3] {
        [("memory 1", &self.memories[0]), ("memory 2", &self.memories[1]), ("switch", &self.switch)]
    }
}

/// Reads all tables with the second reader.
pub fn second_reader(functions: &Functions) -> Result<Tables<Vec<u8>>> {
    Tables::of(functions, |address| Mailbox::open(address)?.table())
}

/// Reads all tables with Lanewarden.
pub fn lanewarden(functions: &Functions, options: &[&str]) -> Result<Tables<Vec<u8>>> {
    let mut tables = Tables::of(functions, |address| product::table(address, options))?;
    if plant()? == Some(Plant::CdatByte) {
        tables.memories[0][40] ^= 1;
    }
    Ok(tables)
}

/// Reads what the kernel publishes, waiting until it has read it.
pub fn kernels(functions: &Functions) -> Result<Tables<Object>> {
    Tables::of(functions, cxl::object_of)
}

/// Row T24: tables of endpoints and of a switch port are, byte by byte, what the kernel read.
pub fn compare(how: &str, kernels: &Tables<Object>, ours: &Tables<Vec<u8>>) {
    for ((name, object), (_, table)) in kernels.all().into_iter().zip(ours.all()) {
        report::same_bytes(&format!("{name}: CDAT of {}, {how}", object.name), &object.table, table);
    }
}

/// Row T8: a table goes by the name of the kernel's port or endpoint, and a function whose mailbox has no table access has
/// none.
pub fn names(functions: &Functions, kernels: &Tables<Object>) -> Result<()> {
    let list = product::json(&["list"])?;
    let [first, second] = &functions.memories;
    for ((name, object), address) in kernels.all().into_iter().zip([first, second, &functions.switch]) {
        let objects = &product::of_address(&list, "functions", address)?["cxl_objects"];
        let named = objects.as_array().is_some_and(|all| all.iter().any(|one| *one == object.name));
        let seen = if named { object.name.clone() } else { objects.to_string() };
        report::check(&format!("{name}: the kernel's object, in the list"), &object.name, &seen);
    }
    let run = product::run(&["cxl", "cdat", &functions.drives.trusted])?;
    report::check("nvme: no CDAT", "exit 3, hint", &format!("{}, {}", run.exit(), run.hint()));
    Ok(())
}

/// The table of ours that holds every structure type arrives as it was written, and every structure is
/// understood.
pub fn every_structure(functions: &Functions, table: &[u8]) -> Result<()> {
    report::same_bytes("memory 2: CDAT from our file, lanewarden", &fs::read("/custom.cdat")?, table);
    let address = &functions.memories[1];
    let object = product::json(&["cxl", "cdat", address])?;
    let structures = product::of_address(&object, "tables", address)?["structures"].as_array();
    let types = structures.context("a table without structures")?.iter().filter_map(|s| s["type"].as_str());
    let seen: Vec<&str> = types.collect();
    let expected = "dsmas dslbis dslbis dslbis dslbis dslbis dsmscis dsis dsemts sslbis";
    report::check("memory 2: structures", expected, &seen.join(" "));
    Ok(())
}
