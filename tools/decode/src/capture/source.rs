//! Bytes of a file, and where they stand.

use std::io::{self, Read};

use super::Fault;

/// Longest packet, in bytes: what tcpdump records at most.
pub const LONGEST_PACKET: u64 = 262_144;

/// A file that is read from front to back.
#[derive(Debug)]
pub struct Source<R> {
    file: R,
    /// Bytes read so far.
    pub offset: u64,
}

impl<R: Read> Source<R> {
    pub const fn new(file: R) -> Self {
        Self { file, offset: 0 }
    }

    /// The next `N` bytes; `None` at the end of the file.
    pub fn head<const N: usize>(&mut self) -> Result<Option<[u8; N]>, Fault> {
        let bytes = self.at_most(N as u64)?;
        match <[u8; N]>::try_from(bytes.as_slice()) {
            Ok(head) => Ok(Some(head)),
            Err(_) if bytes.is_empty() => Ok(None),
            Err(_) => Err(Fault::Cut),
        }
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        self.head()?.ok_or(Fault::Cut)
    }

    /// The next `length` bytes, of which there may be `limit`. The buffer grows as they come: a length that the file
    /// does not honour costs nothing.
    pub fn bytes(&mut self, length: u64, limit: u64) -> Result<Vec<u8>, Fault> {
        if length > limit {
            return Err(Fault::TooLong { length, limit });
        }
        let bytes = self.at_most(length)?;
        if bytes.len() as u64 == length { Ok(bytes) } else { Err(Fault::Cut) }
    }

    /// Passes over the next `length` bytes.
    pub fn skip(&mut self, length: u64) -> Result<(), Fault> {
        let mut rest = self.file.by_ref().take(length);
        let passed = io::copy(&mut rest, &mut io::sink()).map_err(|error| Fault::Read(error.kind()))?;
        self.offset = self.offset.saturating_add(passed);
        if passed == length { Ok(()) } else { Err(Fault::Cut) }
    }

    fn at_most(&mut self, length: u64) -> Result<Vec<u8>, Fault> {
        let mut bytes = Vec::new();
        let read = self.file.by_ref().take(length).read_to_end(&mut bytes);
        read.map_err(|error| Fault::Read(error.kind()))?;
        self.offset = self.offset.saturating_add(bytes.len() as u64);
        Ok(bytes)
    }
}

/// How a file writes its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Little,
    Big,
}

impl Order {
    pub const fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    pub const fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    /// The number at `offset`, if it is there.
    pub fn u32_at(self, bytes: &[u8], offset: usize) -> Option<u32> {
        bytes.get(offset..)?.first_chunk().map(|four| self.u32(*four))
    }

    /// The number at `offset`, if it is there.
    pub fn u16_at(self, bytes: &[u8], offset: usize) -> Option<u16> {
        bytes.get(offset..)?.first_chunk().map(|two| self.u16(*two))
    }
}
