//! The nonce that LOCK_INTERFACE gives and START_INTERFACE wants back.

use core::fmt;

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Bytes in a nonce.
pub const NONCE_SIZE: usize = 32;

/// A nonce that is kept: not copied, not printed, wiped when dropped.
pub struct Nonce([u8; NONCE_SIZE]);

impl Nonce {
    /// Of these bytes. A copy of them that the caller keeps is the caller's to wipe.
    #[must_use]
    pub const fn new(bytes: [u8; NONCE_SIZE]) -> Self {
        Self(bytes)
    }

    /// Drawn by `fill`.
    ///
    /// # Errors
    /// Those of `fill`.
    pub(crate) fn draw<E>(fill: impl FnOnce(&mut [u8; NONCE_SIZE]) -> Result<(), E>) -> Result<Self, E> {
        let mut nonce = Self([0; NONCE_SIZE]);
        fill(&mut nonce.0)?;
        Ok(nonce)
    }

    /// To look at.
    #[must_use]
    pub const fn view(&self) -> NonceView<'_> {
        NonceView(&self.0)
    }
}

impl Zeroize for Nonce {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl Drop for Nonce {
    fn drop(&mut self) {
        self.zeroize();
    }
}

impl ZeroizeOnDrop for Nonce {}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(..)")
    }
}

/// A nonce in a message. It is compared in constant time, and not printed: until it is used up, it starts an interface.
#[derive(Clone, Copy)]
pub struct NonceView<'a>(&'a [u8; NONCE_SIZE]);

impl<'a> NonceView<'a> {
    /// Of these bytes.
    #[must_use]
    pub const fn new(bytes: &'a [u8; NONCE_SIZE]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn bytes(self) -> &'a [u8; NONCE_SIZE] {
        self.0
    }

    /// A copy to keep.
    #[must_use]
    pub const fn to_nonce(self) -> Nonce {
        Nonce(*self.0)
    }
}

impl PartialEq for NonceView<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(other.0).into()
    }
}

impl Eq for NonceView<'_> {}

impl fmt::Debug for NonceView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NonceView(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::format;

    use super::*;

    #[test]
    fn nonces_do_not_print() {
        let nonce = Nonce::new([0xab; NONCE_SIZE]);
        assert_eq!(format!("{nonce:?} {:?}", nonce.view()), "Nonce(..) NonceView(..)");
    }

    #[test]
    fn nonces_differ_by_any_bit() {
        let nonce = Nonce::new([0x5a; NONCE_SIZE]);
        assert_eq!(nonce.view(), nonce.view().to_nonce().view());
        for place in 0..NONCE_SIZE * 8 {
            let mut other = [0x5a; NONCE_SIZE];
            other[place / 8] ^= 1 << (place % 8);
            assert_ne!(nonce.view(), NonceView::new(&other), "bit {place}");
        }
    }

    #[test]
    fn a_nonce_is_wiped() {
        let mut nonce = Nonce::new([0xab; NONCE_SIZE]);
        nonce.zeroize();
        assert_eq!(nonce.0, [0; NONCE_SIZE]);
    }
}
