//! What must hold for any bytes, as functions a fuzzer or a property test can call.
//!
//! Each takes raw bytes as they come from a device, does what a scan would do with them, and checks what is promised.
//! They panic when a promise is broken, and never otherwise.

use alloc::vec::Vec;

use crate::capability::{self, Found};
use crate::registers::header::{BusNumbers, Class, Command, Header, Status};
use crate::vectors::Vectors;
use crate::{AccessError, Address, Counting, Function, Hierarchy, Image};

/// Walks both lists of a configuration space: each entry once, in bounds, with one access for each.
pub fn walks(bytes: &[u8]) {
    let mut counted = Counting::new(Image::from_bytes(bytes));
    if let Ok(walk) = capability::conventional(&mut counted) {
        check_offsets(
            walk.filter_map(|found| entry(found).map(|found| u16::from(found.offset))),
            0x40,
            0x100,
        );
    }
    assert!(counted.reads <= 3 + 48, "the conventional walk is bounded");
    counted.reads = 0;
    let walk = capability::extended(&mut counted);
    check_offsets(walk.filter_map(|found| entry(found).map(|found| found.offset)), 0x100, 0x1000);
    assert!(counted.reads <= 960, "the extended walk is bounded");
}

fn entry<T>(found: Result<Found<T>, AccessError>) -> Option<T> {
    match found {
        Ok(Found::Entry(entry)) => Some(entry),
        _ => None,
    }
}

fn check_offsets(offsets: impl Iterator<Item = u16>, start: u16, end: u16) {
    let mut offsets: Vec<_> = offsets.collect();
    let found = offsets.len();
    assert!(
        offsets.iter().all(|at| at.is_multiple_of(4) && (start..end).contains(at)),
        "entries are in bounds"
    );
    offsets.sort_unstable();
    offsets.dedup();
    assert_eq!(offsets.len(), found, "no entry comes twice");
}

/// Reads a function and all its details: few accesses, no write, and an error only for what is no header at all.
pub fn function(bytes: &[u8]) {
    let mut counted = Counting::new(Image::from_bytes(bytes));
    let read = Function::read(Address::default(), &mut counted);
    let registers = u64::try_from(bytes.len().min(4096) / 4).unwrap_or(0);
    assert!(counted.reads <= registers.saturating_add(2), "no register is read twice");
    let function = match read {
        Ok(function) => function,
        Err(AccessError::Gone) => return,
        Err(_) => return assert!(bytes.len() < 64, "anything with a header is a function"),
    };
    assert!(function.details(&mut counted).is_ok(), "details of what was read can be read");
    assert!(Vectors::read(&mut counted, &function, 0).is_ok(), "vectors of what was read can be counted");
    assert_eq!(counted.writes, 0, "reading writes nothing");
}

/// Builds a hierarchy of functions with any addresses and bus numbers, taken six bytes at a time, and goes through
/// it every way there is.
pub fn hierarchy(bytes: &[u8]) {
    let records = bytes.chunks_exact(6).filter_map(|record| record.try_into().ok());
    let hierarchy = Hierarchy::new(records.map(numbered).collect());
    let mut walked: Vec<_> = hierarchy.depth_first().map(|step| step.id).collect();
    walked.sort_unstable();
    assert!(walked.into_iter().eq(hierarchy.iter().map(|(id, _)| id)), "each function is visited once");
    let on_roots: usize = hierarchy.roots().iter().map(|root| root.functions.len()).sum();
    let parentless = hierarchy.iter().filter(|(id, _)| hierarchy.parent(*id).is_none()).count();
    assert_eq!(on_roots, parentless, "root functions are those without a parent");
    for (id, function) in hierarchy.iter() {
        assert!(hierarchy.path_to_root(id).count() <= 256, "every path ends");
        assert!(
            hierarchy.children(id).all(|child| hierarchy.parent(child) == Some(id)),
            "children know their parent"
        );
        assert_eq!(hierarchy.find(function.address), Some(id), "every function is found by its address");
    }
}

/// A function that is nothing but numbers: segment, bus, device and function, kind, secondary, subordinate bus.
fn numbered([segment, bus, devfn, kind, secondary, subordinate]: [u8; 6]) -> Function {
    let buses = (kind & 1 != 0).then_some(BusNumbers { primary: bus, secondary, subordinate });
    let header = Header {
        vendor: if kind & 2 != 0 { crate::registers::header::NO_VENDOR } else { 1 },
        device: 0,
        command: Command::empty(),
        status: Status::empty(),
        class: Class::default(),
        revision: 0,
        layout: kind & 1,
        multi_function: false,
        subsystem: None,
        buses,
    };
    Function::bare(Address::from_devfn(u32::from(segment & 3), bus, devfn), header)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sample::type_3;

    proptest! {
        #[test]
        fn any_bytes_are_walked(bytes in proptest::collection::vec(any::<u8>(), 0..4100)) {
            walks(&bytes);
        }

        #[test]
        fn a_damaged_device_is_read(damage in proptest::collection::vec((0_u16..4096, any::<u8>()), 0..64)) {
            let mut image = type_3();
            for (at, byte) in damage {
                image.put(at, &[byte]);
            }
            walks(image.bytes());
            function(image.bytes());
        }

        #[test]
        fn any_numbers_make_a_hierarchy(bytes in proptest::collection::vec(0_u8..12, 0..1200)) {
            hierarchy(&bytes);
        }
    }

    #[test]
    fn the_ends_of_what_can_come() {
        for bytes in [&[][..], &[0; 64], &[0; 4096], &[0xff; 63], &[0xff; 64], &[0xff; 256], &[0xff; 4096]] {
            walks(bytes);
            function(bytes);
            hierarchy(bytes);
        }
    }
}
