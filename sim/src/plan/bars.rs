//! Addresses for base address registers and bridge windows.

/// A 64-bit prefetchable base address register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bar {
    pub base: u64,
    /// A power of two.
    pub size: u64,
}

/// The addresses that a bridge forwards; none where `start` equals `end`. Multiples of 1 MiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Window {
    pub start: u64,
    pub end: u64,
}

/// The next free address, from 32 TiB up.
#[derive(Debug)]
pub(crate) struct Cursor(u64);

impl Default for Cursor {
    fn default() -> Self {
        Self(1 << 45)
    }
}

impl Cursor {
    /// The next address a bridge window may start or end at.
    pub fn align(&mut self) -> u64 {
        self.0 = self.0.next_multiple_of(1 << 20);
        self.0
    }

    /// A region of this size, which is a power of two.
    pub fn take(&mut self, size: u64) -> Bar {
        let base = self.0.next_multiple_of(size.max(1));
        self.0 = base.saturating_add(size);
        Bar { base, size }
    }
}
