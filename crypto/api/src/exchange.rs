//! Key exchange.

use core::fmt;

use zeroize::Zeroize;

/// Bytes of the longest shared secret: FFDHE-4096's.
pub const MAX_SHARED_SECRET: usize = 512;

/// What two sides agree on a secret in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// ffdhe2048 (RFC 7919).
    Ffdhe2048,
    /// ffdhe3072.
    Ffdhe3072,
    /// ffdhe4096.
    Ffdhe4096,
    /// secp256r1.
    Secp256r1,
    /// secp384r1.
    Secp384r1,
    /// secp521r1.
    Secp521r1,
}

impl Group {
    /// Bytes of a public value: the number, or X and Y of the point without a prefix.
    #[must_use]
    pub const fn public_size(self) -> usize {
        match self {
            Self::Ffdhe2048 => 256,
            Self::Ffdhe3072 => 384,
            Self::Ffdhe4096 => 512,
            Self::Secp256r1 => 64,
            Self::Secp384r1 => 96,
            Self::Secp521r1 => 132,
        }
    }
}

/// Why two sides did not agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// The provider has no such group.
    #[error("the crypto provider does not support this group")]
    Unsupported,
    /// The peer's public value is none.
    #[error("the peer's public value is not valid")]
    InvalidPeer,
    /// The buffer is shorter than the public value.
    #[error("no room for the public value")]
    NoRoom,
    /// The provider failed, for want of randomness say.
    #[error("the key exchange failed")]
    Failed,
}

/// What both sides know then. Wiped when it is dropped, and never printed.
pub struct SharedSecret {
    bytes: [u8; MAX_SHARED_SECRET],
    length: usize,
}

impl SharedSecret {
    /// A secret of these bytes; `None` where they are more than [`MAX_SHARED_SECRET`].
    #[must_use]
    pub fn new(secret: &[u8]) -> Option<Self> {
        let mut shared = Self { bytes: [0; MAX_SHARED_SECRET], length: secret.len() };
        shared.bytes.get_mut(..secret.len())?.copy_from_slice(secret);
        Some(shared)
    }

    /// Its bytes: X of the point, or the number filled with zeros on the left to the length of the prime.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl Drop for SharedSecret {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSecret(..)")
    }
}

/// One side's half of an exchange: a fresh private value, used once.
pub trait KeyExchange {
    /// In what.
    fn group(&self) -> Group;

    /// Writes the public value, [`Group::public_size`] bytes, to the front of `out`.
    ///
    /// # Errors
    /// [`ExchangeError::NoRoom`].
    fn public(&self, out: &mut [u8]) -> Result<(), ExchangeError>;

    /// Meets the other side's public value.
    ///
    /// # Errors
    /// [`ExchangeError`].
    fn agree(self, peer: &[u8]) -> Result<SharedSecret, ExchangeError>;
}
