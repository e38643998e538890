//! Reading and writing messages: little-endian fields one after the other, never past an end.

use super::Malformed;

/// What is left of a message that is being read.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    read: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the front.
    #[must_use]
    #[inline]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, read: 0 }
    }

    /// Bytes read so far.
    #[must_use]
    #[inline]
    pub const fn position(&self) -> usize {
        self.read
    }

    /// What has not been read.
    #[must_use]
    #[inline]
    pub fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.read..).unwrap_or_default()
    }

    /// The next bytes.
    ///
    /// # Errors
    /// [`Malformed::Short`].
    #[inline]
    pub fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let end = self.read.checked_add(length).ok_or(Malformed::Short)?;
        let bytes = self.bytes.get(self.read..end).ok_or(Malformed::Short)?;
        self.read = end;
        Ok(bytes)
    }

    /// The next bytes, as many as the array has.
    ///
    /// # Errors
    /// [`Malformed::Short`].
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.take(N)?.try_into().map_err(|_| Malformed::Short)
    }

    /// A byte.
    ///
    /// # Errors
    /// [`Malformed::Short`].
    #[inline]
    pub fn u8(&mut self) -> Result<u8, Malformed> {
        self.array().map(u8::from_le_bytes)
    }

    /// Two bytes.
    ///
    /// # Errors
    /// [`Malformed::Short`].
    #[inline]
    pub fn u16(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_le_bytes)
    }

    /// Three bytes.
    ///
    /// # Errors
    /// [`Malformed::Short`].
    #[inline]
    pub fn u24(&mut self) -> Result<u32, Malformed> {
        let [low, middle, high] = self.array()?;
        Ok(u32::from_le_bytes([low, middle, high, 0]))
    }

    /// Four bytes.
    ///
    /// # Errors
    /// [`Malformed::Short`].
    #[inline]
    pub fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_le_bytes)
    }

    /// Bytes whose number stands before them in 16 bits.
    ///
    /// # Errors
    /// [`Malformed::Short`].
    #[inline]
    pub fn counted(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.u16()?;
        self.take(length.into())
    }
}

/// There is no room for the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no room for the message")]
pub struct NoRoom;

/// A message that is being written.
#[derive(Debug)]
pub struct Writer<'a> {
    bytes: &'a mut [u8],
    written: usize,
}

impl<'a> Writer<'a> {
    /// Starts at the front.
    #[inline]
    pub const fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes, written: 0 }
    }

    /// Bytes written so far.
    #[must_use]
    #[inline]
    pub const fn length(&self) -> usize {
        self.written
    }

    /// What has been written.
    #[must_use]
    #[inline]
    pub fn written(&self) -> &[u8] {
        self.bytes.get(..self.written).unwrap_or_default()
    }

    /// Room for the next bytes, to be filled by the caller.
    ///
    /// # Errors
    /// [`NoRoom`].
    #[inline]
    pub fn room(&mut self, length: usize) -> Result<&mut [u8], NoRoom> {
        let end = self.written.checked_add(length).ok_or(NoRoom)?;
        let room = self.bytes.get_mut(self.written..end).ok_or(NoRoom)?;
        self.written = end;
        Ok(room)
    }

    /// Everything that is left, for a caller that says with [`Writer::room`] afterwards how much it used.
    #[inline]
    pub fn rest(&mut self) -> &mut [u8] {
        self.bytes.get_mut(self.written..).unwrap_or_default()
    }

    /// Bytes.
    ///
    /// # Errors
    /// [`NoRoom`].
    #[inline]
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), NoRoom> {
        self.room(bytes.len())?.copy_from_slice(bytes);
        Ok(())
    }

    /// A byte.
    ///
    /// # Errors
    /// [`NoRoom`].
    #[inline]
    pub fn u8(&mut self, value: u8) -> Result<(), NoRoom> {
        self.bytes(&[value])
    }

    /// Two bytes.
    ///
    /// # Errors
    /// [`NoRoom`].
    #[inline]
    pub fn u16(&mut self, value: u16) -> Result<(), NoRoom> {
        self.bytes(&value.to_le_bytes())
    }

    /// Three bytes, the low ones.
    ///
    /// # Errors
    /// [`NoRoom`]; also for a value that three bytes do not hold.
    #[inline]
    pub fn u24(&mut self, value: u32) -> Result<(), NoRoom> {
        let [low, middle, high, 0] = value.to_le_bytes() else { return Err(NoRoom) };
        self.bytes(&[low, middle, high])
    }

    /// Four bytes.
    ///
    /// # Errors
    /// [`NoRoom`].
    #[inline]
    pub fn u32(&mut self, value: u32) -> Result<(), NoRoom> {
        self.bytes(&value.to_le_bytes())
    }

    /// Bytes with their number before them in 16 bits.
    ///
    /// # Errors
    /// [`NoRoom`].
    #[inline]
    pub fn counted(&mut self, bytes: &[u8]) -> Result<(), NoRoom> {
        self.u16(u16::try_from(bytes.len()).map_err(|_| NoRoom)?)?;
        self.bytes(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let mut buffer = [0; 32];
        let mut writer = Writer::new(&mut buffer);
        writer.u8(1).unwrap();
        writer.u16(0x0302).unwrap();
        writer.u24(0x0006_0504).unwrap();
        writer.u32(0x0a09_0807).unwrap();
        writer.counted(b"ab").unwrap();
        assert_eq!(writer.written(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 2, 0, b'a', b'b']);
        let length = writer.length();
        let mut reader = Reader::new(&buffer[..length]);
        assert_eq!((reader.u8(), reader.u16(), reader.u24()), (Ok(1), Ok(0x0302), Ok(0x0006_0504)));
        assert_eq!((reader.u32(), reader.counted()), (Ok(0x0a09_0807), Ok(&b"ab"[..])));
        assert_eq!((reader.u8(), reader.position()), (Err(Malformed::Short), 14));
    }

    #[test]
    fn nothing_is_written_past_the_end() {
        let mut buffer = [0; 3];
        let mut writer = Writer::new(&mut buffer);
        assert_eq!(writer.u32(7), Err(NoRoom));
        assert_eq!(writer.u24(1 << 24), Err(NoRoom));
        assert_eq!(writer.u16(7), Ok(()));
        assert_eq!(writer.length(), 2);
    }
}
