//! What all these tables have in common: the header, and structures one after the other.

use alloc::vec::Vec;
use core::fmt;

use crate::bytes::{array, sum, u8_at, u16_at, u32_at};

/// Bytes of the header of every ACPI table (ACPI 6.5, 5.2.6).
const HEADER_SIZE: usize = 36;

/// A table's four letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signature(pub [u8; 4]);

impl Signature {
    /// System Resource Affinity Table.
    pub const SRAT: Self = Self(*b"SRAT");
    /// Heterogeneous Memory Attribute Table.
    pub const HMAT: Self = Self(*b"HMAT");
    /// CXL Early Discovery Table.
    pub const CEDT: Self = Self(*b"CEDT");
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.escape_ascii().fmt(f)
    }
}

/// Why a firmware table could not be read. The firmware's fault, or that of whoever wrote the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AcpiError {
    /// Fewer bytes than the table has before its first structure.
    #[error("{table}: {have} bytes, the part before the first structure alone has {least}")]
    TooShort {
        /// The table.
        table: Signature,
        /// Bytes there are.
        have: usize,
        /// Bytes there must be.
        least: usize,
    },
    /// It is another table.
    #[error("not a {table}: the signature is {found}")]
    Signature {
        /// The table that was expected.
        table: Signature,
        /// What is there.
        found: Signature,
    },
    /// The table's length field is smaller than its fixed part or larger than what there is.
    #[error("{table}: the header says {length} bytes, from {least} to {have} are possible")]
    Length {
        /// The table.
        table: Signature,
        /// What the header says.
        length: u32,
        /// Bytes of the fixed part.
        least: usize,
        /// Bytes there are.
        have: usize,
    },
    /// The bytes do not sum up to 0.
    #[error("{table}: bad checksum: the bytes add up to {sum:#04x} instead of 0")]
    Checksum {
        /// The table.
        table: Signature,
        /// The sum modulo 256.
        sum: u8,
    },
    /// A revision whose layout or units are not known.
    #[error("{table}: unknown revision {revision}")]
    Revision {
        /// The table.
        table: Signature,
        /// Its revision.
        revision: u8,
    },
    /// A structure is longer than the rest of the table, or too short for what it is.
    #[error("{table}: structure of type {kind} at offset {offset:#x}: impossible length {length}")]
    Structure {
        /// The table.
        table: Signature,
        /// Where the structure starts.
        offset: usize,
        /// Its type.
        kind: u16,
        /// Its length field.
        length: u32,
    },
    /// Bytes that are too few to be a structure.
    #[error("{table}: {room} stray bytes at offset {offset:#x}, after the last structure")]
    Stray {
        /// The table.
        table: Signature,
        /// Where they start.
        offset: usize,
        /// How many they are.
        room: usize,
    },
}

/// How the structures of a table start.
#[derive(Clone, Copy, Debug)]
pub(super) enum Framing {
    /// Type and length of one byte each (SRAT).
    Narrow,
    /// Type of one byte, a reserved one, length of two (CEDT).
    Medium,
    /// Type of two bytes, two reserved ones, length of four (HMAT).
    Wide,
}

impl Framing {
    const fn size(self) -> usize {
        match self {
            Self::Narrow => 2,
            Self::Medium => 4,
            Self::Wide => 8,
        }
    }

    fn decode(self, bytes: &[u8]) -> Option<(u16, u32)> {
        Some(match self {
            Self::Narrow => (u8_at(bytes, 0)?.into(), u8_at(bytes, 1)?.into()),
            Self::Medium => (u8_at(bytes, 0)?.into(), u16_at(bytes, 2)?.into()),
            Self::Wide => (u16_at(bytes, 0)?, u32_at(bytes, 4)?),
        })
    }

    fn encode(self, kind: u8, body: &[u8]) -> Vec<u8> {
        let length = self.size().saturating_add(body.len());
        let narrow = u8::try_from(length).unwrap_or(u8::MAX);
        let medium = u16::try_from(length).unwrap_or(u16::MAX).to_le_bytes();
        let wide = u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
        match self {
            Self::Narrow => [&[kind, narrow][..], body].concat(),
            Self::Medium => [&[kind, 0][..], &medium, body].concat(),
            Self::Wide => [&[kind, 0, 0, 0][..], &wide, body].concat(),
        }
    }
}

/// Which table, and how it is laid out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub signature: Signature,
    /// Bytes between the header and the first structure.
    pub fixed: usize,
    pub framing: Framing,
}

/// A table with a right header and checksum.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sdt<'a> {
    pub revision: u8,
    layout: Layout,
    bytes: &'a [u8],
}

impl Layout {
    const fn least(&self) -> usize {
        HEADER_SIZE.saturating_add(self.fixed)
    }

    /// Checks the header and the checksum. Bytes after the end of the table are ignored.
    pub fn parse<'a>(self, bytes: &'a [u8]) -> Result<Sdt<'a>, AcpiError> {
        let (table, have, least) = (self.signature, bytes.len(), self.least());
        let too_short = AcpiError::TooShort { table, have, least };
        let found = Signature(array(bytes, 0).ok_or(too_short)?);
        if found != table {
            return Err(AcpiError::Signature { table, found });
        }
        let (length, revision) = u32_at(bytes, 4).zip(u8_at(bytes, 8)).ok_or(too_short)?;
        if have < least {
            return Err(too_short);
        }
        let bytes = usize::try_from(length)
            .ok()
            .filter(|length| *length >= least)
            .and_then(|length| bytes.get(..length))
            .ok_or(AcpiError::Length { table, length, least, have })?;
        match sum(bytes) {
            0 => Ok(Sdt { revision, layout: self, bytes }),
            sum => Err(AcpiError::Checksum { table, sum }),
        }
    }

    /// The table with these structures, each a type and what follows its framing.
    pub fn encode(self, revision: u8, structures: &[(u8, Vec<u8>)]) -> Vec<u8> {
        let mut table = Vec::new();
        table.extend(self.signature.0);
        table.extend([0; 4]);
        table.extend([revision, 0]);
        table.extend(*b"LANEWDLANEWARD");
        table.extend(1_u32.to_le_bytes());
        table.extend(*b"LNWD");
        table.extend(1_u32.to_le_bytes());
        table.resize(self.least(), 0);
        for (kind, body) in structures {
            table.extend(self.framing.encode(*kind, body));
        }
        let length = u32::try_from(table.len()).unwrap_or(u32::MAX).to_le_bytes();
        if let Some(field) = table.get_mut(4..8) {
            field.copy_from_slice(&length);
        }
        let checksum = sum(&table).wrapping_neg();
        if let Some(field) = table.get_mut(9) {
            *field = checksum;
        }
        table
    }
}

impl<'a> Sdt<'a> {
    /// The structures in their order. Ends after the first error.
    pub fn structures(&self) -> Structures<'a> {
        Structures { sdt: *self, offset: self.layout.least() }
    }
}

/// One structure of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Structure<'a> {
    pub kind: u16,
    /// All of it, framing included.
    pub bytes: &'a [u8],
    error: AcpiError,
}

impl Structure<'_> {
    /// What `decode` makes of the whole structure; its `None` means that the structure is too short.
    pub fn decode<T>(&self, decode: impl FnOnce(&[u8]) -> Option<T>) -> Result<T, AcpiError> {
        decode(self.bytes).ok_or(self.error)
    }
}

/// Iterator over the structures of a table. Each step moves on by at least the framing.
#[derive(Clone, Debug)]
pub(super) struct Structures<'a> {
    sdt: Sdt<'a>,
    offset: usize,
}

impl<'a> Iterator for Structures<'a> {
    type Item = Result<Structure<'a>, AcpiError>;

    fn next(&mut self) -> Option<Self::Item> {
        let offset = self.offset;
        let rest = self.sdt.bytes.get(offset..).filter(|rest| !rest.is_empty())?;
        let next = self.sdt.cut(offset, rest);
        let size = next.as_ref().map_or(rest.len(), |structure| structure.bytes.len());
        self.offset = offset.saturating_add(size);
        Some(next)
    }
}

impl<'a> Sdt<'a> {
    /// The structure at the start of `rest`, which is at `offset`.
    fn cut(&self, offset: usize, rest: &'a [u8]) -> Result<Structure<'a>, AcpiError> {
        let Layout { signature: table, framing, .. } = self.layout;
        let stray = AcpiError::Stray { table, offset, room: rest.len() };
        let (kind, length) = framing.decode(rest).ok_or(stray)?;
        let error = AcpiError::Structure { table, offset, kind, length };
        let size = usize::try_from(length).ok().filter(|size| *size >= framing.size()).ok_or(error)?;
        Ok(Structure { kind, bytes: rest.get(..size).ok_or(error)?, error })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]
    use std::vec;

    use proptest::prelude::*;

    use super::*;

    const LAYOUTS: [Layout; 3] = [
        Layout { signature: Signature::SRAT, fixed: 12, framing: Framing::Narrow },
        Layout { signature: Signature::CEDT, fixed: 0, framing: Framing::Medium },
        Layout { signature: Signature::HMAT, fixed: 4, framing: Framing::Wide },
    ];

    fn mended(mut bytes: Vec<u8>) -> Vec<u8> {
        bytes[9] = 0;
        bytes[9] = sum(&bytes).wrapping_neg();
        bytes
    }

    #[test]
    fn what_is_written_is_read() {
        for layout in LAYOUTS {
            let bytes = layout.encode(2, &[(7, vec![1, 2]), (9, vec![])]);
            let sdt = layout.parse(&bytes).unwrap();
            let read: Vec<_> = sdt
                .structures()
                .map(|structure| {
                    structure.map(|s| (s.kind, s.bytes[layout.framing.size()..].to_vec())).unwrap()
                })
                .collect();
            assert_eq!((sdt.revision, read), (2, vec![(7, vec![1, 2]), (9, vec![])]));
        }
    }

    #[test]
    fn bytes_after_the_end_are_ignored() {
        let mut bytes = LAYOUTS[0].encode(1, &[(7, vec![1])]);
        bytes.extend([1, 2, 3]);
        assert_eq!(LAYOUTS[0].parse(&bytes).unwrap().structures().count(), 1);
    }

    #[test]
    fn each_mistake_has_its_name() {
        let layout = LAYOUTS[0];
        let table = Signature::SRAT;
        let bytes = layout.encode(1, &[(7, vec![1])]);
        let error = |bytes: &[u8]| layout.parse(bytes).unwrap_err();
        assert_eq!(error(&bytes[..3]), AcpiError::TooShort { table, have: 3, least: 48 });
        assert_eq!(error(&bytes[..47]), AcpiError::TooShort { table, have: 47, least: 48 });
        assert_eq!(error(b"HMAT"), AcpiError::Signature { table, found: Signature::HMAT });
        assert_eq!(error(&bytes[..50]), AcpiError::Length { table, length: 51, least: 48, have: 50 });
        let mut short = bytes.clone();
        short[4] = 47;
        assert_eq!(error(&short), AcpiError::Length { table, length: 47, least: 48, have: 51 });
        let mut flipped = bytes;
        flipped[50] ^= 1;
        assert!(matches!(error(&flipped), AcpiError::Checksum { .. }));
    }

    #[test]
    fn a_structure_without_a_possible_length_is_the_last() {
        for (length, stray) in [(0, false), (1, false), (4, false), (2, true)] {
            let mut bytes = LAYOUTS[0].encode(1, &[(7, vec![1])]);
            bytes[49] = length;
            let bytes = mended(bytes);
            let found: Vec<_> = LAYOUTS[0].parse(&bytes).unwrap().structures().map(|s| s.err()).collect();
            let table = Signature::SRAT;
            let expected = if stray {
                vec![None, Some(AcpiError::Stray { table, offset: 50, room: 1 })]
            } else {
                vec![Some(AcpiError::Structure { table, offset: 48, kind: 7, length: length.into() })]
            };
            assert_eq!(found, expected);
        }
    }

    proptest! {
        #[test]
        fn any_content_is_walked_to_its_end(content in proptest::collection::vec(any::<u8>(), 0..100), which in 0_usize..3) {
            let layout = LAYOUTS[which];
            let mut bytes = layout.encode(1, &[]);
            bytes.extend(content);
            bytes[4] = u8::try_from(bytes.len()).unwrap();
            let bytes = mended(bytes);
            let sdt = layout.parse(&bytes).unwrap();
            prop_assert!(sdt.structures().count() <= bytes.len());
        }
    }
}
