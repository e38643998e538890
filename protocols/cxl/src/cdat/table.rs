//! The table as a whole.

use alloc::vec::Vec;

use super::{Structure, StructureError, StructureKind};
use crate::bytes::{sum, u8_at, u16_at, u32_at};

/// Bytes of the table header.
pub const HEADER_SIZE: usize = 16;
/// The longest table that is read, in bytes: the most that one DOE data object could carry (2^18 DW).
pub const MAX_SIZE: usize = 1 << 20;

/// Bytes of the header that every structure starts with: type, a reserved byte, length.
pub const STRUCTURE_HEADER_SIZE: usize = 4;

/// The table header (CDAT 1.03, table 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Bytes of the whole table, this header included.
    pub length: u32,
    /// Revision of the layout: 1 or 2 so far.
    pub revision: u8,
    /// What makes the sum of all bytes 0 modulo 256.
    pub checksum: u8,
    /// Raised by the device whenever the content changes.
    pub sequence: u32,
}

impl Header {
    /// Reads the first [`HEADER_SIZE`] bytes; `None` where there are fewer. Checks nothing else.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            length: u32_at(bytes, 0)?,
            revision: u8_at(bytes, 4)?,
            checksum: u8_at(bytes, 5)?,
            sequence: u32_at(bytes, 12)?,
        })
    }
}

/// Why some bytes are not a whole and intact table. Always the fault of whoever wrote the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Fewer bytes than a header has.
    #[error("too short for a CDAT: {have} bytes, the header alone has 16")]
    TooShort {
        /// Bytes there are.
        have: usize,
    },
    /// The length field holds what no table's does, so this is something else.
    #[error("not a CDAT: its first four bytes would make it {length} bytes long")]
    NotCdat {
        /// What the length field holds.
        length: u32,
    },
    /// The table goes on where the bytes end.
    #[error("cut off: the header says {length} bytes, there are {have}")]
    CutOff {
        /// What the length field holds.
        length: u32,
        /// Bytes there are.
        have: usize,
    },
    /// There are bytes after the end of the table.
    #[error("bytes after the end: the header says {length} bytes, there are {have}")]
    Trailing {
        /// What the length field holds.
        length: u32,
        /// Bytes there are.
        have: usize,
    },
    /// The bytes do not sum up to 0.
    #[error("bad checksum: the bytes add up to {sum:#04x} instead of 0")]
    Checksum {
        /// The sum modulo 256.
        sum: u8,
    },
    /// A structure's length field is smaller than its own header, or reaches beyond the end of the table.
    #[error(
        "structure at offset {offset:#x} ({kind}): length {length}, but from 4 to {room} are possible there"
    )]
    StructureLength {
        /// Where the structure starts.
        offset: usize,
        /// What it claims to be.
        kind: StructureKind,
        /// What its length field holds.
        length: u16,
        /// Bytes from the start of the structure to the end of the table.
        room: usize,
    },
    /// One to three bytes are left over after the last structure.
    #[error("{room} stray bytes at offset {offset:#x}, after the last structure")]
    Stray {
        /// Where they start.
        offset: usize,
        /// How many they are.
        room: usize,
    },
}

/// A whole table: of the length it says, with a right checksum, cut into structures without a rest.
///
/// The structures themselves may still be malformed; [`Table::structures`] says so one by one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Table {
    bytes: Vec<u8>,
}

impl Table {
    /// Takes a raw table as it stands in a file, in the kernel's `CDAT` attribute or at the end of a walk.
    pub fn parse(bytes: impl Into<Vec<u8>>) -> Result<Self, ParseError> {
        let bytes = bytes.into();
        check_extent(&bytes)?;
        check_sum(&bytes)?;
        check_structures(&bytes)?;
        Ok(Self { bytes })
    }

    /// The table header.
    #[must_use]
    pub fn header(&self) -> Header {
        Header::decode(&self.bytes).unwrap_or(Header { length: 0, revision: 0, checksum: 0, sequence: 0 })
    }

    /// The raw table, header included.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Gives the raw table away.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The structures as raw bytes, in their order.
    #[must_use]
    pub fn entries(&self) -> Entries<'_> {
        Entries { bytes: &self.bytes, offset: HEADER_SIZE }
    }

    /// The structures, each decoded or reported as malformed, in their order.
    #[must_use]
    pub fn structures(&self) -> Structures<'_> {
        Structures(self.entries())
    }
}

fn check_extent(bytes: &[u8]) -> Result<(), ParseError> {
    let have = bytes.len();
    let header = Header::decode(bytes).ok_or(ParseError::TooShort { have })?;
    let length = header.length;
    let said = usize::try_from(length).unwrap_or(usize::MAX);
    match said {
        said if !(HEADER_SIZE..=MAX_SIZE).contains(&said) => Err(ParseError::NotCdat { length }),
        said if said > have => Err(ParseError::CutOff { length, have }),
        said if said < have => Err(ParseError::Trailing { length, have }),
        _ => Ok(()),
    }
}

fn check_sum(bytes: &[u8]) -> Result<(), ParseError> {
    match sum(bytes) {
        0 => Ok(()),
        sum => Err(ParseError::Checksum { sum }),
    }
}

fn check_structures(bytes: &[u8]) -> Result<(), ParseError> {
    let mut offset = HEADER_SIZE;
    while let Some(rest) = bytes.get(offset..).filter(|rest| !rest.is_empty()) {
        let room = rest.len();
        let (Some(kind), Some(length)) = (u8_at(rest, 0), u16_at(rest, 2)) else {
            return Err(ParseError::Stray { offset, room });
        };
        let bad = ParseError::StructureLength { offset, kind: StructureKind(kind), length, room };
        let size = usize::from(length);
        if !(STRUCTURE_HEADER_SIZE..=room).contains(&size) {
            return Err(bad);
        }
        offset = offset.checked_add(size).ok_or(bad)?;
    }
    Ok(())
}

/// One structure's bytes and where they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Offset from the start of the table.
    pub offset: usize,
    /// The structure, its own header included: at least four bytes.
    pub bytes: &'a [u8],
}

impl<'a> Entry<'a> {
    /// What the structure claims to be.
    #[must_use]
    pub fn kind(&self) -> StructureKind {
        StructureKind(u8_at(self.bytes, 0).unwrap_or(u8::MAX))
    }

    /// Decodes it.
    pub fn structure(&self) -> Result<Structure<'a>, StructureError> {
        Structure::decode(self.bytes, self.offset)
    }
}

/// Iterator over the raw structures of a [`Table`]. Each step moves on by at least four bytes.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        let offset = self.offset;
        let rest = self.bytes.get(offset..)?;
        let size = usize::from(u16_at(rest, 2)?).max(STRUCTURE_HEADER_SIZE);
        self.offset = offset.checked_add(size)?;
        Some(Entry { offset, bytes: rest.get(..size)? })
    }
}

/// Iterator over the decoded structures of a [`Table`].
#[derive(Clone, Debug)]
pub struct Structures<'a>(Entries<'a>);

impl<'a> Iterator for Structures<'a> {
    type Item = Result<Structure<'a>, StructureError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|entry| entry.structure())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]
    use std::string::ToString;
    use std::vec;

    use proptest::prelude::*;

    use super::super::{Builder, DeviceAttributes, Dsis, SwitchAttributes};
    use super::*;

    fn two_structures() -> Vec<u8> {
        Builder::new().dsis(Dsis::memory(0)).unknown(0x77, &[1, 2, 3, 4]).build()
    }

    /// Sets the checksum anew, so that only what the test broke is broken.
    fn mended(mut bytes: Vec<u8>) -> Vec<u8> {
        bytes[5] = 0;
        bytes[5] = sum(&bytes).wrapping_neg();
        bytes
    }

    #[test]
    fn a_header_alone_is_a_table() {
        let bytes = Builder::new().sequence(7).build();
        assert_eq!(bytes.len(), HEADER_SIZE);
        let table = Table::parse(bytes.clone()).unwrap();
        assert_eq!(table.header().sequence, 7);
        assert_eq!(table.structures().count(), 0);
        assert_eq!(table.into_bytes(), bytes);
    }

    #[test]
    fn what_is_something_else_is_said_to_be() {
        assert_eq!(Table::parse(*b"short"), Err(ParseError::TooShort { have: 5 }));
        let text = b"#!/bin/sh\necho not a table at all\n";
        assert_eq!(Table::parse(*text), Err(ParseError::NotCdat { length: 0x622f_2123 }));
        assert_eq!(Table::parse(vec![0; 64]), Err(ParseError::NotCdat { length: 0 }));
    }

    #[test]
    fn length_and_bytes_must_agree() {
        let whole = two_structures();
        let have = whole.len();
        let length = u32::try_from(have).unwrap();
        assert_eq!(
            Table::parse(&whole[..have - 1]),
            Err(ParseError::CutOff { length, have: have - 1 }),
            "cut off"
        );
        let mut longer = whole.clone();
        longer.push(0);
        assert_eq!(Table::parse(longer), Err(ParseError::Trailing { length, have: have + 1 }));
    }

    /// Row B14: one bad entry is detected, whichever byte of it is bad.
    #[test]
    fn every_single_wrong_byte_is_caught() {
        let whole = two_structures();
        for at in 0..whole.len() {
            let mut bad = whole.clone();
            bad[at] ^= 0x10;
            assert!(Table::parse(bad).is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_structure_must_hold_its_header_and_end_inside_the_table() {
        for length in [0, 3, 17] {
            let mut bytes = two_structures();
            bytes[HEADER_SIZE + 2] = length;
            let expected = ParseError::StructureLength {
                offset: HEADER_SIZE,
                kind: StructureKind::DSIS,
                length: u16::from(length),
                room: 16,
            };
            assert_eq!(Table::parse(mended(bytes)), Err(expected));
        }
    }

    #[test]
    fn stray_bytes_at_the_end_are_no_structure() {
        let mut bytes = two_structures();
        bytes.extend([0; 3]);
        bytes[0] += 3;
        assert_eq!(Table::parse(mended(bytes)), Err(ParseError::Stray { offset: 32, room: 3 }));
    }

    #[test]
    fn errors_say_what_and_where() {
        let mut bytes = two_structures();
        bytes[HEADER_SIZE + 2] = 2;
        let error = Table::parse(mended(bytes)).unwrap_err();
        insta::assert_snapshot!(
            error,
            @"structure at offset 0x10 (DSIS): length 2, but from 4 to 16 are possible there"
        );
    }

    /// Any bytes at all: what the fuzzer feeds too.
    fn read_everything(bytes: &[u8]) {
        if let Ok(table) = Table::parse(bytes) {
            assert_eq!(table.header().length as usize, bytes.len());
            let read: usize = table.entries().map(|entry| entry.bytes.len()).sum();
            assert_eq!(read + HEADER_SIZE, bytes.len());
            assert_eq!(table.structures().count(), table.entries().count());
            for structure in table.structures().flatten() {
                assert!(!structure.to_string().contains('\n'), "{structure}");
            }
            assert!(DeviceAttributes::new(&table).ranges().len() <= table.entries().count());
            let _ = SwitchAttributes::new(&table).way(0);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_table_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            read_everything(&bytes);
        }

        #[test]
        fn any_content_under_a_right_header_too(content in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut bytes = vec![0; HEADER_SIZE];
            bytes.extend(content);
            bytes[0] = u8::try_from(bytes.len()).unwrap();
            read_everything(&mended(bytes));
        }

        #[test]
        fn any_content_of_structures_of_a_right_length_too(
            parts in proptest::collection::vec(
                prop_oneof![
                    (Just(2), proptest::collection::vec(any::<u8>(), 16)),
                    (Just(3), proptest::collection::vec(any::<u8>(), 4)),
                    (prop::sample::select(vec![0, 1, 4, 5]), proptest::collection::vec(any::<u8>(), 20)),
                ],
                0..8,
            )
        ) {
            let built = parts.iter().fold(Builder::new(), |builder, (kind, body)| builder.unknown(*kind, body));
            let bytes = built.build();
            prop_assert!(Table::parse(&bytes[..]).unwrap().structures().all(|structure| structure.is_ok()));
            read_everything(&bytes);
        }

        #[test]
        fn any_content_in_right_structures_is_taken_whole(
            parts in proptest::collection::vec((any::<u8>(), proptest::collection::vec(any::<u8>(), 0..40)), 0..8)
        ) {
            let built = parts.iter().fold(Builder::new(), |builder, (kind, body)| builder.unknown(*kind, body));
            let table = Table::parse(built.build()).unwrap();
            let read: Vec<_> =
                table.entries().map(|entry| (entry.kind().0, entry.bytes[4..].to_vec())).collect();
            prop_assert_eq!(read, parts);
        }
    }
}
