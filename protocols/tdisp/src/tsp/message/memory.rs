//! Ranges of memory.

use crate::cursor::{Reader, Writer};
use crate::{Malformed, NoRoom};

/// The most ranges in a request, as spdm-emu has it.
pub const MAX_RANGES: usize = 32;

/// A range of a device's memory, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryRange {
    /// Where it begins.
    pub start: u64,
    /// How long it is.
    pub length: u64,
}

impl MemoryRange {
    const SIZE: usize = 16;

    /// Where it ends: the address after it. `None` where nothing is in it, or it goes past the last address.
    #[must_use]
    pub const fn end(&self) -> Option<u64> {
        if self.length == 0 { None } else { self.start.checked_add(self.length) }
    }
}

/// Ranges in a request.
#[derive(Clone, Copy, Debug)]
pub struct Ranges<'a>(Kind<'a>);

#[derive(Clone, Copy, Debug)]
enum Kind<'a> {
    /// As they stand in the message.
    Read(&'a [u8]),
    ToWrite(&'a [MemoryRange]),
}

impl<'a> Ranges<'a> {
    /// These.
    #[must_use]
    pub const fn new(ranges: &'a [MemoryRange]) -> Self {
        Self(Kind::ToWrite(ranges))
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self.0 {
            Kind::Read(bytes) => bytes.len() / MemoryRange::SIZE,
            Kind::ToWrite(ranges) => ranges.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = MemoryRange> + use<'a> {
        let kind = self.0;
        (0..self.len()).filter_map(move |place| match kind {
            Kind::Read(bytes) => {
                let mut reader = Reader::new(bytes.chunks_exact(MemoryRange::SIZE).nth(place)?);
                Some(MemoryRange { start: reader.u64().ok()?, length: reader.u64().ok()? })
            }
            Kind::ToWrite(ranges) => ranges.get(place).copied(),
        })
    }

    pub(super) fn decode(count: u8, reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let length = usize::from(count).checked_mul(MemoryRange::SIZE).ok_or(Malformed::Short)?;
        reader.take(length).map(|bytes| Self(Kind::Read(bytes)))
    }

    pub(super) fn encode(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        self.iter().try_for_each(|range| {
            writer.u64(range.start)?;
            writer.u64(range.length)
        })
    }
}

impl PartialEq for Ranges<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Ranges<'_> {}
