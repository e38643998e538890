//! A key: wiped when it is dropped, never printed, compared in constant time.

use core::fmt;

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A key of AES-256, its eight DWs in the order in which they are on the wire, each little-endian.
///
/// Implementations do not agree on which DW comes first: DMTF's emulator sends the lowest first, spdm-rs the highest. For
/// this crate they are 32 bytes that arrive as they were sent; what hardware makes of them is the hardware's.
#[derive(Clone)]
pub struct Key([u8; Key::SIZE]);

impl Key {
    /// Size in bytes.
    pub const SIZE: usize = 32;

    /// This one. The array that was handed in is the caller's to wipe.
    #[must_use]
    pub const fn new(bytes: [u8; Self::SIZE]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn expose(&self) -> &[u8; Self::SIZE] {
        &self.0
    }

    /// Its bytes, to be filled in place so that no copy stays behind.
    pub const fn expose_mut(&mut self) -> &mut [u8; Self::SIZE] {
        &mut self.0
    }
}

impl ConstantTimeEq for Key {
    fn ct_eq(&self, other: &Self) -> subtle::Choice {
        self.0.ct_eq(&other.0)
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl Eq for Key {}

impl Zeroize for Key {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.zeroize();
    }
}

impl ZeroizeOnDrop for Key {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::format;

    use super::*;

    #[test]
    fn a_key_is_not_printed() {
        assert_eq!(format!("{:?} {:#?}", Key::new([0xab; 32]), Key::new([0xab; 32])), "Key(..) Key(..)");
    }

    #[test]
    fn keys_are_equal_where_all_bytes_are() {
        let key = Key::new([7; 32]);
        assert_eq!(key, key.clone());
        for index in 0..Key::SIZE {
            let mut other = [7; 32];
            other[index] = 8;
            assert_ne!(key, Key::new(other), "byte {index}");
        }
    }

    #[test]
    fn a_key_can_be_wiped_and_says_that_it_wipes_itself() {
        const fn wipes_itself<T: ZeroizeOnDrop>() {}
        wipes_itself::<Key>();
        let mut key = Key::new([7; 32]);
        key.zeroize();
        assert_eq!(key.expose(), &[0; 32]);
        assert!(core::mem::needs_drop::<Key>());
    }
}
