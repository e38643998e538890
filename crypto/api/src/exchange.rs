//! Key exchange.

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
    /// Its name in the registries: of curves in SEC 2, of the others in RFC 7919.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ffdhe2048 => "ffdhe2048",
            Self::Ffdhe3072 => "ffdhe3072",
            Self::Ffdhe4096 => "ffdhe4096",
            Self::Secp256r1 => "secp256r1",
            Self::Secp384r1 => "secp384r1",
            Self::Secp521r1 => "secp521r1",
        }
    }

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

    /// Bytes of the secret: the number, filled with zeros on the left to the length of the prime, or X of the point.
    #[must_use]
    pub const fn secret_size(self) -> usize {
        match self {
            Self::Ffdhe2048 => 256,
            Self::Ffdhe3072 => 384,
            Self::Ffdhe4096 => 512,
            Self::Secp256r1 => 32,
            Self::Secp384r1 => 48,
            Self::Secp521r1 => 66,
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

/// One side's half of an exchange: a fresh private value, used once. It may be made long before the peer is there.
pub trait KeyExchange {
    /// In what.
    fn group(&self) -> Group;

    /// Writes the public value, [`Group::public_size`] bytes, to the front of `out`. A provider may work it out anew
    /// each time.
    ///
    /// # Errors
    /// [`ExchangeError::NoRoom`].
    fn public(&self, out: &mut [u8]) -> Result<(), ExchangeError>;

    /// Meets the other side's public value, and lends the secret of both, [`Group::secret_size`] bytes, to `with`. It
    /// is wiped when that returns, so what is worked out of it is all that is left.
    ///
    /// # Errors
    /// [`ExchangeError`]; `with` is not called then.
    fn agree<R>(self, peer: &[u8], with: impl FnOnce(&[u8]) -> R) -> Result<R, ExchangeError>;
}
