//! What a device can do: a byte of QUERY_RESP.

/// What a device can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities(pub u8);

impl Capabilities {
    /// Version 1, and nothing else.
    pub const V1: Self = Self(0x01);
    /// It makes initialization vectors.
    pub const IV_GENERATION: Self = Self(0x10);
    /// It makes keys.
    pub const KEY_GENERATION: Self = Self(0x20);
    /// It stops on K_SET_STOP.
    pub const STOP: Self = Self(0x40);

    /// Its version, in bits 3:0.
    #[must_use]
    pub const fn version(self) -> u8 {
        self.0 & 0x0f
    }

    /// Whether it can do this.
    #[must_use]
    pub const fn has(self, what: Self) -> bool {
        self.0 & what.0 == what.0
    }

    /// These and those.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }
}
