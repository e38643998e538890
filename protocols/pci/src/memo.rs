//! Reading every register at most once.

use alloc::vec;
use alloc::vec::Vec;

use crate::capability::Seen;
use crate::{AccessError, ConfigSpace};

/// A configuration space that remembers: the first read of a register goes to the function, every further one gives
/// the same value again. A write goes to the function, and the register is read afresh after it.
///
/// What is read through one of these is a picture of one moment as far as one register goes. It holds 4 KiB, so make
/// it for a function's scan and drop it afterwards; do not poll through it.
pub struct Memo<'a, C> {
    config: &'a mut C,
    known: Seen,
    values: Vec<u32>,
    /// Some register read as all ones: a value it may have, or a function that is gone.
    ones: bool,
}

impl<'a, C: ConfigSpace> Memo<'a, C> {
    /// Remembers nothing yet.
    pub fn new(config: &'a mut C) -> Self {
        let registers = usize::from(config.size().div_ceil(4));
        Self { config, known: Seen::new(), values: vec![0; registers], ones: false }
    }

    /// Tells whether the function is gone, where what was read gives reason to ask: after a register of all ones,
    /// one that can never be so (Command and Status) is read again.
    pub fn check_present(&mut self) -> Result<(), AccessError> {
        if self.ones && self.config.read(crate::registers::header::COMMAND)? == u32::MAX {
            return Err(AccessError::Gone);
        }
        Ok(())
    }

    fn fetch(&mut self, offset: u16) -> Result<u32, AccessError> {
        let value = self.config.read(offset)?;
        self.ones |= value == u32::MAX;
        if let Some(place) = self.values.get_mut(usize::from(offset >> 2)) {
            *place = value;
            self.known.add(offset);
        }
        Ok(value)
    }
}

impl<C: ConfigSpace> ConfigSpace for Memo<'_, C> {
    fn read(&mut self, offset: u16) -> Result<u32, AccessError> {
        if offset.is_multiple_of(4) && self.known.has(offset) {
            return Ok(self.values.get(usize::from(offset >> 2)).copied().unwrap_or(u32::MAX));
        }
        self.fetch(offset)
    }

    fn write(&mut self, offset: u16, value: u32) -> Result<(), AccessError> {
        self.known.remove(offset);
        self.config.write(offset, value)
    }

    fn size(&self) -> u16 {
        self.config.size()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Counting, Image};

    #[test]
    fn a_register_is_read_once_until_it_is_written() {
        let mut counted = Counting::new(Image::new(4096).with(0xffc, 9));
        let mut memo = Memo::new(&mut counted);
        assert_eq!((memo.read(0xffc), memo.read(0xffc)), (Ok(9), Ok(9)));
        memo.write(0xffc, 4).unwrap();
        assert_eq!((memo.read(0xffc), memo.read(0xffc)), (Ok(4), Ok(4)));
        assert_eq!((counted.reads, counted.writes), (2, 1));
    }

    #[test]
    fn failures_are_not_remembered() {
        let mut counted = Counting::new(Image::new(256));
        let mut memo = Memo::new(&mut counted);
        assert_eq!(memo.read(2), Err(AccessError::OutOfRange(2)));
        assert_eq!(
            (memo.read(0x100), memo.read(0x100)),
            (Err(AccessError::OutOfRange(0x100)), Err(AccessError::OutOfRange(0x100)))
        );
        assert_eq!(counted.reads, 3);
    }

    #[test]
    fn all_ones_are_looked_into_and_nothing_else_is() {
        let mut counted = Counting::new(Image::new(256).with(0x40, u32::MAX));
        let mut memo = Memo::new(&mut counted);
        memo.read(0x44).unwrap();
        assert_eq!(memo.check_present(), Ok(()));
        memo.read(0x40).unwrap();
        assert_eq!(memo.check_present(), Ok(()));
        assert_eq!(counted.reads, 3);
        let mut gone = Image::from_bytes(&[0xff; 256]);
        let mut memo = Memo::new(&mut gone);
        memo.read(0x40).unwrap();
        assert_eq!(memo.check_present(), Err(AccessError::Gone));
    }
}
