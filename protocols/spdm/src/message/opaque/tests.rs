extern crate std;

use std::vec::Vec;

use proptest::prelude::*;

use super::secured::*;
use super::*;

/// The offer of 1.0 to 1.2 in both forms, and the choice of 1.1.
const OFFER: [u8; 20] = [1, 0, 0, 0, 0, 0, 9, 0, 1, 1, 3, 0, 0x10, 0, 0x11, 0, 0x12, 0, 0, 0];
const OLD_OFFER: [u8; 24] =
    [0x46, 0x54, 0x4d, 0x44, 1, 1, 0, 0, 0, 0, 9, 0, 1, 1, 3, 0, 0x10, 0, 0x11, 0, 0x12, 0, 0, 0];
const CHOICE: [u8; 12] = [1, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0x11];

fn written(write: impl FnOnce(&mut Writer<'_>) -> Result<(), NoRoom>) -> Vec<u8> {
    let mut buffer = [0xaa; 2048];
    let mut writer = Writer::new(&mut buffer);
    write(&mut writer).unwrap();
    writer.written().to_vec()
}

fn general(elements: &[OpaqueElement<'_>]) -> Vec<u8> {
    written(|writer| {
        OpaqueFormat::General.encode(u8::try_from(elements.len()).unwrap(), writer)?;
        elements.iter().try_for_each(|element| element.encode(writer))
    })
}

fn dmtf(data: &[u8]) -> OpaqueElement<'_> {
    OpaqueElement { registry: Registry { body: 0, vendor: &[] }, data }
}

fn refused(opaque: &[u8]) -> Malformed {
    OpaqueTable::decode(OpaqueFormat::General, opaque).unwrap_err()
}

#[test]
fn each_version_has_its_format() {
    let formats = Version::ALL.map(OpaqueFormat::of);
    assert_eq!(formats, [OpaqueFormat::Old, OpaqueFormat::Old, OpaqueFormat::General, OpaqueFormat::General]);
}

#[test]
fn elements_come_back_in_order_whatever_their_length() {
    let vendor = Registry { body: 3, vendor: &[0x98, 0x1e] };
    let elements = [
        dmtf(&[]),
        OpaqueElement { registry: vendor, data: b"a" },
        OpaqueElement { registry: vendor, data: b"ab" },
        OpaqueElement { registry: Registry { body: 0xfe, vendor: &[1; 255] }, data: b"abc" },
    ];
    let opaque = general(&elements);
    assert_eq!(opaque[..16], [4, 0, 0, 0, 0, 0, 0, 0, 3, 2, 0x98, 0x1e, 1, 0, b'a', 0]);
    assert_eq!(opaque.len() % 4, 0);
    let table = OpaqueTable::decode(OpaqueFormat::General, &opaque).unwrap();
    assert_eq!(table.count(), 4);
    assert!(table.iter().eq(elements));
}

#[test]
fn a_table_fills_its_data_exactly() {
    let opaque = general(&[dmtf(b"abcde"), dmtf(b"f")]);
    for length in 0..opaque.len() {
        assert_eq!(refused(&opaque[..length]), Malformed::Short, "{length}");
    }
    assert_eq!(refused(&[&opaque[..], &[0; 4]].concat()), Malformed::Trailing(4));
    assert_eq!(refused(&[&opaque[..], &[0]].concat()), Malformed::Trailing(1));
}

#[test]
fn padding_is_zero_and_lengths_stay_within_the_data() {
    let opaque = general(&[dmtf(b"abc")]);
    assert_eq!(opaque, [1, 0, 0, 0, 0, 0, 3, 0, b'a', b'b', b'c', 0]);
    let with = |place: usize, byte: u8| {
        let mut opaque = opaque.clone();
        opaque[place] = byte;
        refused(&opaque)
    };
    assert_eq!(with(11, 1), PADDING);
    assert_eq!(with(5, 0xff), Malformed::Short, "a vendor of 255 bytes");
    assert_eq!(with(7, 0xff), Malformed::Short, "65283 bytes of data");
    assert_eq!(with(0, 2), Malformed::Short, "a second element");
    assert_eq!(with(0, 0), COUNT);
}

#[test]
fn the_old_form_says_whose_it_is() {
    let decode = |opaque: &[u8]| OpaqueTable::decode(OpaqueFormat::Old, opaque).map(|table| table.count());
    assert_eq!(decode(&OLD_OFFER), Ok(1));
    for place in [0, 3, 4] {
        let mut other = OLD_OFFER;
        other[place] ^= 1;
        assert_eq!(decode(&other), Err(Malformed::Field("form of opaque data")), "{place}");
    }
    assert_eq!(decode(&OLD_OFFER[..7]), Err(Malformed::Short));
    assert_eq!(decode(&OFFER), Err(Malformed::Field("form of opaque data")));
}

#[test]
fn an_offer_is_written_byte_for_byte_and_read_again() {
    let offer = SecuredOffer { versions: SecuredVersions::ALL, aead_limit: MAX_AEAD_LIMIT };
    for (format, known) in [(OpaqueFormat::General, &OFFER[..]), (OpaqueFormat::Old, &OLD_OFFER)] {
        assert_eq!(written(|writer| offer.encode(format, writer)), known);
        assert_eq!(SecuredOffer::decode(format, known), Ok(offer));
    }
    let limited = SecuredOffer { aead_limit: 24, ..offer };
    let opaque = written(|writer| limited.encode(OpaqueFormat::Old, writer));
    assert_eq!(opaque[24..], [0, 0, 3, 0, 1, 2, 24, 0]);
    assert_eq!(opaque.len(), MAX_SECURED_OPAQUE);
    assert_eq!(SecuredOffer::decode(OpaqueFormat::Old, &opaque), Ok(limited));
}

#[test]
fn a_choice_is_written_byte_for_byte_and_read_again() {
    let choice = SecuredChoice { version: SecuredVersion::V1_1, aead_limit: MAX_AEAD_LIMIT };
    assert_eq!(written(|writer| choice.encode(OpaqueFormat::General, writer)), CHOICE);
    for format in [OpaqueFormat::General, OpaqueFormat::Old] {
        for (version, aead_limit) in [(SecuredVersion::V1_0, 0), (SecuredVersion::V1_2, 63)] {
            let choice = SecuredChoice { version, aead_limit };
            let opaque = written(|writer| choice.encode(format, writer));
            assert_eq!(SecuredChoice::decode(format, &opaque), Ok(choice));
        }
    }
}

#[test]
fn versions_that_are_not_known_are_passed_over() {
    let newer = [1, 1, 5, 0, 0x13, 0x10, 0x12, 1, 0x11, 0, 0x20, 0, 0x10];
    let offer = SecuredOffer::decode(OpaqueFormat::General, &general(&[dmtf(&newer)])).unwrap();
    assert!(offer.versions.iter().eq([SecuredVersion::V1_0, SecuredVersion::V1_2]), "1.1 is an alpha");
    let only_newer = general(&[dmtf(&[1, 1, 1, 0, 0x13])]);
    let offer = SecuredOffer::decode(OpaqueFormat::General, &only_newer).unwrap();
    assert_eq!(offer.versions.iter().count(), 0);
}

#[test]
fn the_newest_common_version_is_found() {
    let old: SecuredVersions = [SecuredVersion::V1_0, SecuredVersion::V1_1].into_iter().collect();
    assert_eq!(SecuredVersions::ALL.newest(old), Some(SecuredVersion::V1_1));
    let new: SecuredVersions = [SecuredVersion::V1_2].into_iter().collect();
    assert_eq!(old.newest(new), None);
}

#[test]
fn elements_of_others_are_passed_over_and_the_first_of_a_kind_counts() {
    let vendor = Registry { body: 0, vendor: &[9] };
    let opaque = general(&[
        OpaqueElement { registry: vendor, data: &[1, 0, 0, 0x10] },
        OpaqueElement { registry: Registry { body: 3, vendor: &[] }, data: &[1, 0, 0, 0x10] },
        dmtf(&[2, 0, 0, 0x10]),
        dmtf(&[1, 7, 0, 0x10]),
        dmtf(&[1]),
        dmtf(&[1, 0, 0, 0x12]),
        dmtf(&[1, 0, 0, 0x10]),
    ]);
    let choice = SecuredChoice::decode(OpaqueFormat::General, &opaque).unwrap();
    assert_eq!(choice, SecuredChoice { version: SecuredVersion::V1_2, aead_limit: 64 });
}

#[test]
fn a_list_that_is_missing_or_has_another_length_is_refused() {
    let wrong = Err(Malformed::Field("list of versions of secured messages"));
    for data in [&[1, 0, 0, 0x10][..], &[1, 1], &[1, 1, 0], &[1, 1, 2, 0, 0x10], &[1, 1, 1, 0, 0x10, 0]] {
        let opaque = general(&[dmtf(data)]);
        assert_eq!(SecuredOffer::decode(OpaqueFormat::General, &opaque), wrong, "{data:?}");
    }
}

#[test]
fn a_choice_that_is_missing_or_not_known_is_refused() {
    let wrong = Err(Malformed::Field("version of secured messages"));
    for data in [&[1, 1, 1, 0, 0x10][..], &[1, 0, 0], &[1, 0, 0, 0x10, 0], &[1, 0, 0, 0x13], &[1, 0, 1, 0x12]]
    {
        let opaque = general(&[dmtf(data)]);
        assert_eq!(SecuredChoice::decode(OpaqueFormat::General, &opaque), wrong, "{data:?}");
    }
}

#[test]
fn a_limit_is_64_at_the_most() {
    let limited = |data: &[u8]| {
        let opaque = general(&[dmtf(&[1, 0, 0, 0x12]), dmtf(data)]);
        SecuredChoice::decode(OpaqueFormat::General, &opaque).map(|choice| choice.aead_limit)
    };
    assert_eq!((limited(&[1, 2, 0]), limited(&[1, 2, 64])), (Ok(0), Ok(64)));
    for data in [&[1, 2, 65][..], &[1, 2, 255], &[1, 2], &[1, 2, 1, 0]] {
        assert_eq!(limited(data), Err(Malformed::Field("AEAD limit")), "{data:?}");
    }
}

proptest! {
    /// What can be read is written as it was, but for the reserved bytes of the head.
    #[test]
    fn tables_that_can_be_read_come_back(mut opaque in prop::collection::vec(0_u8..6, 0..64)) {
        let Ok(table) = OpaqueTable::decode(OpaqueFormat::General, &opaque) else { return Ok(()) };
        let elements: Vec<_> = table.iter().collect();
        prop_assert_eq!(elements.len(), usize::from(table.count()));
        let again = general(&elements);
        opaque[1..4].fill(0);
        prop_assert_eq!(again, opaque);
    }
}
