//! Opaque data as a table of elements (DSP0274 1.3, 10.9; before 1.2 as DSP0277 has it), and what [`secured`] messages
//! put into it.
//!
//! The table fills the data exactly: a head with the number of elements, then the elements, each filled up with zeros to
//! whole double words.

pub mod secured;

#[cfg(test)]
mod tests;

use super::{Malformed, NoRoom, Reader, Registry, Writer};
use crate::Version;

/// What the table of DSP0277 begins with, "DMTF" as a number, and the version of its form.
const OLD_SPECIFICATION: u32 = 0x444d_5446;
const OLD_VERSION: u8 = 1;
/// Elements are filled up to this many bytes.
const ALIGNMENT: usize = 4;

const COUNT: Malformed = Malformed::Field("number of opaque elements");
const PADDING: Malformed = Malformed::Field("padding of an opaque element");

/// What a table begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpaqueFormat {
    /// As secured messages defined it for themselves: in 1.0 and 1.1.
    Old,
    /// The general form, which is negotiated as [`super::OPAQUE_FORMAT_1`]: from 1.2 on.
    General,
}

impl OpaqueFormat {
    /// The format of a version.
    #[must_use]
    pub fn of(version: Version) -> Self {
        if version < Version::V1_2 { Self::Old } else { Self::General }
    }

    /// Reads the head, which says how many elements there are.
    fn decode(self, reader: &mut Reader<'_>) -> Result<u8, Malformed> {
        if self == Self::General {
            let [count, _, _, _] = reader.array()?;
            return Ok(count);
        }
        let specification = reader.u32()?;
        let [version, count, _, _] = reader.array()?;
        if specification != OLD_SPECIFICATION || version != OLD_VERSION {
            return Err(Malformed::Field("form of opaque data"));
        }
        Ok(count)
    }

    /// Writes the head of a table with so many elements, which follow.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode(self, count: u8, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        if self == Self::General {
            return writer.bytes(&[count, 0, 0, 0]);
        }
        writer.u32(OLD_SPECIFICATION)?;
        writer.bytes(&[OLD_VERSION, count, 0, 0])
    }
}

/// An element of opaque data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpaqueElement<'a> {
    /// Who defines it. The body is a number of one byte here.
    pub registry: Registry<'a>,
    /// What it says.
    pub data: &'a [u8],
}

impl<'a> OpaqueElement<'a> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let start = reader.position();
        let [body, vendor] = reader.array()?;
        let vendor = reader.take(vendor.into())?;
        let data = reader.counted()?;
        let length = reader.position().saturating_sub(start);
        let padding = reader.take(padding(length))?;
        if padding.iter().any(|byte| *byte != 0) {
            return Err(PADDING);
        }
        Ok(Self { registry: Registry { body: body.into(), vendor }, data })
    }

    /// Writes it, with its padding.
    ///
    /// # Errors
    /// [`NoRoom`]; also for a body whose number takes more than a byte.
    pub fn encode(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        let start = writer.length();
        let Registry { body, vendor } = self.registry;
        writer.u8(u8::try_from(body).map_err(|_| NoRoom)?)?;
        writer.u8(u8::try_from(vendor.len()).map_err(|_| NoRoom)?)?;
        writer.bytes(vendor)?;
        writer.counted(self.data)?;
        let length = writer.length().saturating_sub(start);
        writer.room(padding(length))?.fill(0);
        Ok(())
    }
}

/// What is missing to whole double words.
const fn padding(length: usize) -> usize {
    length.wrapping_neg() % ALIGNMENT
}

/// Opaque data that is a table. It has been checked to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpaqueTable<'a> {
    count: u8,
    elements: &'a [u8],
}

impl<'a> OpaqueTable<'a> {
    /// Reads opaque data, which is not empty.
    ///
    /// # Errors
    /// [`Malformed`]: also for a table without elements, and where something follows the last.
    pub fn decode(format: OpaqueFormat, opaque: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(opaque);
        let count = format.decode(&mut reader)?;
        let elements = reader.rest();
        if count == 0 {
            return Err(COUNT);
        }
        for _ in 0..count {
            OpaqueElement::decode(&mut reader)?;
        }
        match reader.rest().len() {
            0 => Ok(Self { count, elements }),
            rest => Err(Malformed::Trailing(rest)),
        }
    }

    /// How many elements there are, one at least.
    #[must_use]
    pub const fn count(&self) -> u8 {
        self.count
    }

    /// The elements, in order.
    pub fn iter(&self) -> impl Iterator<Item = OpaqueElement<'a>> + use<'a> {
        let mut reader = Reader::new(self.elements);
        (0..self.count).map_while(move |_| OpaqueElement::decode(&mut reader).ok())
    }
}
