//! AES-GCM and ChaCha20-Poly1305.

use core::fmt;

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use lanewarden_crypto::{AeadAlgorithm, AeadError, NONCE_SIZE, Tag};

/// A cipher with its key, which the library wipes when it is dropped.
pub struct Aead {
    algorithm: AeadAlgorithm,
    key: LessSafeKey,
}

impl Aead {
    pub(crate) fn new(algorithm: AeadAlgorithm, key: &[u8]) -> Option<Self> {
        let theirs = match algorithm {
            AeadAlgorithm::Aes128Gcm => &AES_128_GCM,
            AeadAlgorithm::Aes256Gcm => &AES_256_GCM,
            AeadAlgorithm::ChaCha20Poly1305 => &CHACHA20_POLY1305,
        };
        let key = LessSafeKey::new(UnboundKey::new(theirs, key).ok()?);
        Some(Self { algorithm, key })
    }

    /// The library tells too long from nothing else.
    #[inline]
    fn check(&self, length: usize) -> Result<(), AeadError> {
        let most = match self.algorithm {
            // SP 800-38D, 5.2.1.1: 2^39 - 256 bits.
            AeadAlgorithm::Aes128Gcm | AeadAlgorithm::Aes256Gcm => (1_u64 << 36) - 32,
            // RFC 8439, 2.8.
            AeadAlgorithm::ChaCha20Poly1305 => (1_u64 << 38) - 64,
        };
        let fits = u64::try_from(length).is_ok_and(|length| length <= most);
        fits.then_some(()).ok_or(AeadError::TooLong)
    }
}

impl lanewarden_crypto::Aead for Aead {
    #[inline]
    fn seal(&self, nonce: &[u8; NONCE_SIZE], associated: &[u8], in_out: &mut [u8]) -> Result<Tag, AeadError> {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let tag = self.key.seal_in_place_separate_tag(nonce, Aad::from(associated), in_out);
        tag.ok().and_then(|tag| tag.as_ref().try_into().ok()).ok_or(AeadError::TooLong)
    }

    #[inline]
    fn open(
        &self,
        nonce: &[u8; NONCE_SIZE],
        associated: &[u8],
        in_out: &mut [u8],
        tag: &Tag,
    ) -> Result<(), AeadError> {
        self.check(in_out.len())?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self.key.open_in_place_separate_tag(nonce, Aad::from(associated), tag, in_out);
        opened.map(drop).map_err(|_| AeadError::Mismatch)
    }
}

impl fmt::Debug for Aead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Aead({:?}, ..)", self.algorithm)
    }
}
