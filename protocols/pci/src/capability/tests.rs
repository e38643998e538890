extern crate std;

use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;
use std::string::ToString;

use proptest::prelude::*;

use super::*;
use crate::sample::{header, image_of};
use crate::{Counting, Image};

fn listed(pointer: u8) -> Image {
    Image::new(256).with(0x04, 0x0010_0000).with(0x34, u32::from(pointer))
}

fn conventional_walk(mut image: Image) -> Vec<Found<Capability>> {
    super::conventional(&mut image).unwrap().map(Result::unwrap).collect()
}

fn extended_walk(mut image: Image) -> Vec<Found<ExtendedCapability>> {
    super::extended(&mut image).map(Result::unwrap).collect()
}

fn entry(id: u8, offset: u8) -> Found<Capability> {
    Found::Entry(Capability { id, offset })
}

fn extended_entry(id: u16, offset: u16) -> Found<ExtendedCapability> {
    Found::Entry(ExtendedCapability { id, version: 1, offset })
}

#[test]
fn a_sound_conventional_list_comes_in_its_own_order() {
    let image = listed(0x80).with(0x80, 0x4001).with(0x40, 0xf010).with(0xf0, 0x0011);
    assert_eq!(conventional_walk(image), [entry(1, 0x80), entry(0x10, 0x40), entry(0x11, 0xf0)]);
}

#[test]
fn a_pointer_counts_only_if_status_says_so() {
    assert_eq!(conventional_walk(listed(0x40).with(0x04, 0)), []);
}

#[test]
fn a_cardbus_bridge_has_its_pointer_elsewhere() {
    let image = listed(0x40).with(0x0c, 0x0002_0000).with(0x14, 0x80).with(0x80, 0x0001);
    assert_eq!(conventional_walk(image), [entry(1, 0x80)]);
}

#[test]
fn an_undefined_header_layout_has_no_pointer_to_follow() {
    let image = listed(0x40).with(0x0c, 0x0083_0000).with(0x40, 0x0001);
    assert_eq!(conventional_walk(image), [Found::Anomaly(Anomaly::HeaderLayout(3))]);
}

#[test]
fn a_conventional_loop_ends_the_walk() {
    let image = listed(0x40).with(0x40, 0x5001).with(0x50, 0x4005);
    let looped = Found::Anomaly(Anomaly::Loop { at: 0x50, to: 0x40 });
    assert_eq!(conventional_walk(image), [entry(1, 0x40), entry(5, 0x50), looped]);
    let itself = Found::Anomaly(Anomaly::Loop { at: 0x40, to: 0x40 });
    assert_eq!(conventional_walk(listed(0x40).with(0x40, 0x4001)), [entry(1, 0x40), itself]);
}

#[test]
fn low_pointer_bits_are_ignored_and_told() {
    let image = listed(0x43).with(0x40, 0x0201);
    let at_the_start = Found::Anomaly(Anomaly::Unaligned { at: 0x34, pointer: 0x43 });
    let at_the_end = Found::Anomaly(Anomaly::Unaligned { at: 0x40, pointer: 2 });
    assert_eq!(conventional_walk(image), [at_the_start, entry(1, 0x40), at_the_end]);
}

#[test]
fn a_pointer_into_the_header_ends_the_walk() {
    let image = listed(0x40).with(0x40, 0x3d01);
    let unaligned = Found::Anomaly(Anomaly::Unaligned { at: 0x40, pointer: 0x3d });
    let misplaced = Found::Anomaly(Anomaly::Misplaced { at: 0x40, to: 0x3c });
    assert_eq!(conventional_walk(image), [entry(1, 0x40), unaligned, misplaced]);
}

#[test]
fn an_entry_of_all_ones_ends_the_walk() {
    let image = listed(0x40).with(0x40, u32::MAX);
    assert_eq!(conventional_walk(image), [Found::Anomaly(Anomaly::AllOnes(0x40))]);
}

#[test]
fn an_ordinary_user_learns_that_the_list_goes_on() {
    let told = Found::Anomaly(Anomaly::OutOfReach { to: 0x40, size: 64 });
    assert_eq!(conventional_walk(listed(0x40).with(0x40, 0x0010).cut(64)), [told]);
}

#[test]
fn a_sound_extended_list_comes_in_its_own_order() {
    let image = Image::new(4096)
        .with(0x100, header(3, 1, 0xf00))
        .with(0xf00, header(0x2e, 1, 0x200))
        .with(0x200, header(0x23, 1, 0));
    let found = [extended_entry(3, 0x100), extended_entry(0x2e, 0xf00), extended_entry(0x23, 0x200)];
    assert_eq!(extended_walk(image), found);
}

#[test]
fn a_hidden_first_capability_does_not_hide_the_rest() {
    let image = Image::new(4096).with(0x100, header(0, 0, 0x200)).with(0x200, header(3, 1, 0));
    let null = Found::Entry(ExtendedCapability { id: 0, version: 0, offset: 0x100 });
    assert_eq!(extended_walk(image), [null, extended_entry(3, 0x200)]);
}

#[test]
fn nothing_at_the_first_place_is_no_list_and_no_fault() {
    assert_eq!(extended_walk(Image::new(4096)), []);
    assert_eq!(extended_walk(Image::new(4096).with(0x100, u32::MAX)), []);
}

#[test]
fn nothing_at_a_later_place_is_a_fault() {
    let image = Image::new(4096).with(0x100, header(3, 1, 0x200));
    assert_eq!(
        extended_walk(image.clone()),
        [extended_entry(3, 0x100), Found::Anomaly(Anomaly::Empty(0x200))]
    );
    let ones = Found::Anomaly(Anomaly::AllOnes(0x200));
    assert_eq!(extended_walk(image.with(0x200, u32::MAX)), [extended_entry(3, 0x100), ones]);
}

#[test]
fn an_extended_list_that_returns_to_its_start_or_into_the_conventional_space_ends() {
    let image = Image::new(4096).with(0x100, header(3, 1, 0x100));
    let looped = Found::Anomaly(Anomaly::Loop { at: 0x100, to: 0x100 });
    assert_eq!(extended_walk(image), [extended_entry(3, 0x100), looped]);
    let image = Image::new(4096).with(0x100, header(3, 1, 0x40));
    let misplaced = Found::Anomaly(Anomaly::Misplaced { at: 0x100, to: 0x40 });
    assert_eq!(extended_walk(image), [extended_entry(3, 0x100), misplaced]);
}

#[test]
fn without_extended_space_nothing_is_read() {
    let mut counted = Counting::new(Image::new(256));
    assert_eq!(super::extended(&mut counted).count(), 0);
    assert_eq!(counted.reads, 0);
}

/// Fails at one register with [`AccessError::Gone`].
struct Failing(Image, u16);

impl ConfigSpace for Failing {
    fn read(&mut self, offset: u16) -> Result<u32, AccessError> {
        if offset == self.1 { Err(AccessError::Gone) } else { self.0.read(offset) }
    }

    fn write(&mut self, _: u16, _: u32) -> Result<(), AccessError> {
        Err(AccessError::Denied)
    }

    fn size(&self) -> u16 {
        self.0.size()
    }
}

#[test]
fn a_failed_access_is_an_error_and_the_end() {
    let image = listed(0x40).with(0x40, 0x5001);
    let mut failing = Failing(image.clone(), 0x50);
    let walked: Vec<_> = super::conventional(&mut failing).unwrap().collect();
    assert_eq!(walked, [Ok(entry(1, 0x40)), Err(AccessError::Gone)]);
    assert!(super::conventional(&mut Failing(image, 0x34)).is_err());
    let mut failing = Failing(Image::new(4096).with(0x100, header(3, 1, 0x200)), 0x200);
    let walked: Vec<_> = super::extended(&mut failing).collect();
    assert_eq!(walked, [Ok(extended_entry(3, 0x100)), Err(AccessError::Gone)]);
}

#[test]
fn common_capabilities_have_names() {
    assert_eq!(Capability { id: 0x10, offset: 0 }.name(), Some("PCI Express"));
    assert_eq!(Capability { id: 0x99, offset: 0 }.name(), None);
    let doe = ExtendedCapability { id: 0x2e, version: 1, offset: 0x100 };
    assert_eq!(doe.name(), Some("Data Object Exchange"));
    assert_eq!(ExtendedCapability { id: 0x1f, ..doe }.name(), Some("Precision Time Measurement"));
    assert_eq!(ExtendedCapability { id: 0x8000, ..doe }.name(), None);
}

#[test]
fn anomalies_say_where() {
    let told = [
        Anomaly::Loop { at: 0x50, to: 0x40 },
        Anomaly::OutOfReach { to: 0x40, size: 64 },
        Anomaly::Cut(0xff8),
    ]
    .map(|anomaly| anomaly.to_string());
    assert_eq!(
        told,
        [
            "capability list runs in a loop (0x50 points to 0x40)",
            "capability list goes on at 0x40, but only 64 bytes can be read",
            "capability at 0xff8 does not fit where it is",
        ]
    );
}

fn any_registers() -> impl Strategy<Value = Vec<u32>> {
    let register = any::<u32>().prop_map(|random| match random & 7 {
        0 => 0,
        1 => u32::MAX,
        _ => random,
    });
    proptest::collection::vec(register, 1024)
}

fn offsets_are_distinct(offsets: impl Iterator<Item = u16> + Clone) -> bool {
    offsets.clone().count() == offsets.collect::<BTreeSet<_>>().len()
}

proptest! {
    #[test]
    fn any_bytes_end_the_conventional_walk(registers in any_registers(), size in 0_u16..=4096) {
        let mut counted = Counting::new(image_of(&registers).with(0x04, 0x0010_0000).cut(size));
        let walked: Vec<_> = match super::conventional(&mut counted) {
            Ok(walk) => walk.collect(),
            Err(error) => vec![Err(error)],
        };
        let entries = walked.iter().filter_map(|found| match found {
            Ok(Found::Entry(found)) => Some(u16::from(found.offset)),
            _ => None,
        });
        prop_assert!(entries.clone().count() <= 48);
        prop_assert!(offsets_are_distinct(entries));
        prop_assert!(counted.reads <= 48 + 3);
    }

    #[test]
    fn any_bytes_end_the_extended_walk(registers in any_registers(), size in 0_u16..=4096) {
        let mut counted = Counting::new(image_of(&registers).cut(size));
        let walked: Vec<_> = super::extended(&mut counted).collect();
        let entries = walked.iter().filter_map(|found| match found {
            Ok(Found::Entry(found)) => Some(found.offset),
            _ => None,
        });
        prop_assert!(entries.clone().all(|offset| offset >= 0x100 && offset.is_multiple_of(4)));
        prop_assert!(offsets_are_distinct(entries));
        prop_assert!(counted.reads <= 960);
    }
}

#[test]
fn the_longest_lists_are_walked_whole() {
    let mut image = listed(0x40);
    for offset in (0x40..0xfc_u16).step_by(4) {
        image = image.with(offset, 9 | u32::from(offset + 4) << 8);
    }
    assert_eq!(conventional_walk(image).len(), 48);
    let mut image = Image::new(4096);
    for offset in (0x100..0xffc).step_by(4) {
        image = image.with(offset, header(0x0b, 1, offset + 4));
    }
    assert_eq!(extended_walk(image.with(0xffc, header(0x0b, 1, 0))).len(), 960);
}
