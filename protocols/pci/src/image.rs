//! A copy of a configuration space, and a wrapper that counts accesses.

use alloc::vec;
use alloc::vec::Vec;

use crate::{AccessError, ConfigSpace};

/// A copy of one function's configuration space, in memory: a dump to decode, or a device to test against.
///
/// It behaves as memory does: what is written is what is read, at any offset that is a multiple of four.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image(Vec<u8>);

impl Image {
    /// Size of a PCI Express function's configuration space in bytes.
    pub const EXTENDED: u16 = 4096;
    /// Size of a conventional PCI function's configuration space in bytes.
    pub const CONVENTIONAL: u16 = 256;
    /// Size of what an ordinary user can read on Linux, in bytes.
    pub const HEADER: u16 = 64;

    /// An image of `size` bytes, all zero. Sizes above [`Image::EXTENDED`] are cut to it.
    #[must_use]
    pub fn new(size: u16) -> Self {
        Self(vec![0; usize::from(size.min(Self::EXTENDED))])
    }

    /// The image that holds these bytes; a dump longer than [`Image::EXTENDED`] is cut to it.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.iter().copied().take(usize::from(Self::EXTENDED)).collect())
    }

    /// Copies all that can be reached of a function, register by register from 0 up.
    pub fn capture<C: ConfigSpace>(config: &mut C) -> Result<Self, AccessError> {
        let mut bytes = Vec::with_capacity(usize::from(config.size()));
        for offset in (0..config.size()).step_by(4) {
            bytes.extend_from_slice(&config.read(offset)?.to_le_bytes());
        }
        Ok(Self::from_bytes(&bytes))
    }

    /// The bytes from offset 0 up.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The same image of which only the first `size` bytes can be reached.
    #[must_use]
    pub fn cut(mut self, size: u16) -> Self {
        self.0.truncate(usize::from(size));
        self
    }

    /// Sets the 32 bits at `offset`, which may be any; bytes outside the image are left out.
    #[must_use]
    pub fn with(mut self, offset: u16, value: u32) -> Self {
        self.put(offset, &value.to_le_bytes());
        self
    }

    /// Overwrites the bytes from `offset` up; bytes outside the image are left out.
    pub fn put(&mut self, offset: u16, bytes: &[u8]) {
        for (place, byte) in self.0.iter_mut().skip(usize::from(offset)).zip(bytes) {
            *place = *byte;
        }
    }

    fn register(&self, offset: u16) -> Option<[u8; 4]> {
        let start = usize::from(offset);
        let bytes = self.0.get(start..start.checked_add(4)?)?;
        bytes.try_into().ok().filter(|_| offset.is_multiple_of(4))
    }
}

impl ConfigSpace for Image {
    fn read(&mut self, offset: u16) -> Result<u32, AccessError> {
        self.register(offset).map(u32::from_le_bytes).ok_or(AccessError::OutOfRange(offset))
    }

    fn write(&mut self, offset: u16, value: u32) -> Result<(), AccessError> {
        self.register(offset).ok_or(AccessError::OutOfRange(offset))?;
        self.put(offset, &value.to_le_bytes());
        Ok(())
    }

    fn size(&self) -> u16 {
        u16::try_from(self.0.len()).unwrap_or(Self::EXTENDED)
    }
}

/// A configuration space that counts how often it is used, failed accesses included.
#[derive(Clone, Debug)]
pub struct Counting<C> {
    /// The space that is counted.
    pub inner: C,
    /// Reads so far.
    pub reads: u64,
    /// Writes so far.
    pub writes: u64,
}

impl<C> Counting<C> {
    /// Counts the uses of `inner`, from zero.
    pub const fn new(inner: C) -> Self {
        Self { inner, reads: 0, writes: 0 }
    }
}

impl<C: ConfigSpace> ConfigSpace for Counting<C> {
    fn read(&mut self, offset: u16) -> Result<u32, AccessError> {
        self.reads = self.reads.saturating_add(1);
        self.inner.read(offset)
    }

    fn write(&mut self, offset: u16, value: u32) -> Result<(), AccessError> {
        self.writes = self.writes.saturating_add(1);
        self.inner.write(offset, value)
    }

    fn size(&self) -> u16 {
        self.inner.size()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_memory_within_its_bounds() {
        let mut image = Image::new(64).with(0, 0x1234_8086);
        assert_eq!(image.read(0), Ok(0x1234_8086));
        assert_eq!(image.write(60, 7), Ok(()));
        assert_eq!(image.read(60), Ok(7));
        assert_eq!(image.read(64), Err(AccessError::OutOfRange(64)));
        assert_eq!(image.write(2, 0), Err(AccessError::OutOfRange(2)));
        assert_eq!(Image::from_bytes(&[0; 6]).read(4), Err(AccessError::OutOfRange(4)));
    }

    #[test]
    fn a_capture_is_what_was_captured_and_reads_each_register_once() {
        let mut counted = Counting::new(Image::new(256).with(0x40, 5));
        let copy = Image::capture(&mut counted).unwrap();
        assert_eq!(copy, counted.inner);
        assert_eq!((counted.reads, counted.writes), (64, 0));
        assert_eq!(copy.cut(64).size(), 64);
    }

    #[test]
    fn failed_accesses_count() {
        let mut counted = Counting::new(Image::new(64));
        assert!(counted.read(4000).is_err() && counted.write(4000, 0).is_err());
        assert_eq!((counted.reads, counted.writes, counted.size()), (1, 1, 64));
    }
}
