//! Coherent device attribute tables: from a file, and from a device that answers anything.

use lanewarden_cxl::cdat::{DeviceAttributes, SwitchAttributes, Table};
use lanewarden_cxl::table_access::TableWalk;

use crate::input::Input;

/// Parses a table, as it is and with its checksum put right, and walks a device that answers with the same bytes.
pub fn cdat(data: &[u8]) {
    table(data);
    table(&summed(data));
    walk(data, TableWalk::new());
    walk(data, TableWalk::confirming());
}

fn table(data: &[u8]) {
    match Table::parse(data) {
        Ok(table) => read(&table),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A fuzzer does not find a checksum by itself: the header's length and checksum are made right.
fn summed(data: &[u8]) -> Vec<u8> {
    let mut bytes = data.to_vec();
    if bytes.len() >= 16 {
        let length = u32::try_from(bytes.len()).unwrap();
        bytes[..4].copy_from_slice(&length.to_le_bytes());
        bytes[5] = 0;
        bytes[5] = bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_sub(*byte));
    }
    bytes
}

/// Everything that is done with a whole table.
fn read(table: &Table) {
    let bytes = table.bytes();
    assert_eq!(bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)), 0, "a whole table sums to zero");
    assert!(table.entries().count() <= bytes.len() / 4, "no entry is smaller than its header");
    for entry in table.entries() {
        match entry.structure() {
            Ok(structure) => assert!(!structure.to_string().is_empty()),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    let device = DeviceAttributes::new(table);
    assert!(device.problems().iter().all(|problem| !problem.to_string().is_empty()));
    let switch = SwitchAttributes::new(table);
    let _ = switch.way(0);
    assert_eq!(Table::parse(bytes).as_ref(), Ok(table), "a table is what it was read from");
}

/// Each answer is preceded by its length; past the end they are empty.
fn walk(data: &[u8], mut walk: TableWalk) {
    let mut input = Input::new(data);
    let most = data.len() + 4;
    for _ in 0..most {
        if walk.request().is_none() {
            break;
        }
        if walk.answer(input.counted()).is_err() {
            assert_eq!(walk.request(), None, "an error ends the walk");
        }
    }
    assert_eq!(walk.request(), None, "a walk ends when a device has nothing more to say");
    match walk.finish() {
        Ok(table) => read(&table),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
