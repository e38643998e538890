//! The firmware tables from which the host's own part of a path is known.

use std::fmt::Debug;

use lanewarden_cxl::acpi::{AcpiError, Cedt, Hmat, HostMap, Srat};

use crate::input::Input;

/// Parses a table as each of the three it may be, as it is and with length and checksum put right; then takes the
/// bytes for an SRAT, preceded by its length, and an HMAT after it.
pub fn acpi_tables(data: &[u8]) {
    let summed = summed(data);
    for bytes in [data, &summed] {
        parsed(bytes, Srat::parse, Srat::encode);
        parsed(bytes, Hmat::parse, Hmat::encode);
        parsed(bytes, Cedt::parse, Cedt::encode);
    }
    host(data);
}

/// A table that can be parsed is written as one that parses the same.
fn parsed<T: Debug + PartialEq>(
    bytes: &[u8],
    parse: fn(&[u8]) -> Result<T, AcpiError>,
    encode: fn(&T) -> Vec<u8>,
) {
    match parse(bytes) {
        Ok(table) => assert_eq!(parse(&encode(&table)), Ok(table)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn host(data: &[u8]) {
    let mut input = Input::new(data);
    let length = u16::from_le_bytes(input.array());
    let (srat, hmat) = (summed(input.bytes(length.into())), summed(input.rest()));
    if let Ok(map) = HostMap::from_tables(Some(&srat), Some(&hmat)) {
        let srat = Srat::parse(&srat).unwrap();
        assert_eq!(map.ports().count(), srat.generic_ports.len(), "every generic port is looked up");
        let _ = (map.by_uid(0), map.by_address(0, 0, 0));
    }
}

/// A fuzzer does not find a checksum by itself: the header's length and checksum are made right.
fn summed(data: &[u8]) -> Vec<u8> {
    let mut bytes = data.to_vec();
    if bytes.len() >= 10 {
        let length = u32::try_from(bytes.len()).unwrap();
        bytes[4..8].copy_from_slice(&length.to_le_bytes());
        bytes[9] = 0;
        bytes[9] = bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_sub(*byte));
    }
    bytes
}
