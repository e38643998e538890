//! Authenticated encryption.

/// Bytes of a nonce.
pub const NONCE_SIZE: usize = 12;
/// Bytes of a tag.
pub const TAG_SIZE: usize = 16;

/// A tag.
pub type Tag = [u8; TAG_SIZE];

/// An AEAD algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AeadAlgorithm {
    /// AES-128-GCM (SP 800-38D).
    Aes128Gcm,
    /// AES-256-GCM.
    Aes256Gcm,
    /// ChaCha20-Poly1305 (RFC 8439).
    ChaCha20Poly1305,
}

impl AeadAlgorithm {
    /// Its usual name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aes128Gcm => "AES-128-GCM",
            Self::Aes256Gcm => "AES-256-GCM",
            Self::ChaCha20Poly1305 => "ChaCha20-Poly1305",
        }
    }

    /// Bytes of a key.
    #[must_use]
    pub const fn key_size(self) -> usize {
        match self {
            Self::Aes128Gcm => 16,
            Self::Aes256Gcm | Self::ChaCha20Poly1305 => 32,
        }
    }
}

/// Why nothing was sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AeadError {
    /// The tag does not fit. What stands in the buffer is of no use.
    #[error("the message was not sealed with this key, or has been changed")]
    Mismatch,
    /// More than the algorithm takes at once.
    #[error("the message is too long for one nonce")]
    TooLong,
}

/// A cipher with its key. The caller sees to it that no nonce is used twice.
pub trait Aead {
    /// Encrypts in place and returns the tag, which also covers `associated`.
    ///
    /// # Errors
    /// [`AeadError::TooLong`].
    fn seal(&self, nonce: &[u8; NONCE_SIZE], associated: &[u8], in_out: &mut [u8]) -> Result<Tag, AeadError>;

    /// Decrypts in place.
    ///
    /// # Errors
    /// [`AeadError`].
    fn open(
        &self,
        nonce: &[u8; NONCE_SIZE],
        associated: &[u8],
        in_out: &mut [u8],
        tag: &Tag,
    ) -> Result<(), AeadError>;
}
