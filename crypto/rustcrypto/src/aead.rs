//! AES-GCM and ChaCha20-Poly1305.

use core::fmt;

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes128Gcm, Aes256Gcm, KeyInit};
use chacha20poly1305::ChaCha20Poly1305;
use lanewarden_crypto::{AeadAlgorithm, AeadError, NONCE_SIZE, Tag};

/// A cipher with its key. Wiped when it is dropped, and never printed.
pub struct Aead(Cipher);

enum Cipher {
    Aes128(Aes128Gcm),
    Aes256(Aes256Gcm),
    ChaCha20(ChaCha20Poly1305),
}

impl Aead {
    pub(crate) fn new(algorithm: AeadAlgorithm, key: &[u8]) -> Option<Self> {
        let cipher = match algorithm {
            AeadAlgorithm::Aes128Gcm => Aes128Gcm::new_from_slice(key).ok().map(Cipher::Aes128),
            AeadAlgorithm::Aes256Gcm => Aes256Gcm::new_from_slice(key).ok().map(Cipher::Aes256),
            AeadAlgorithm::ChaCha20Poly1305 => {
                ChaCha20Poly1305::new_from_slice(key).ok().map(Cipher::ChaCha20)
            }
        };
        cipher.map(Self)
    }

    const fn algorithm(&self) -> AeadAlgorithm {
        match self.0 {
            Cipher::Aes128(_) => AeadAlgorithm::Aes128Gcm,
            Cipher::Aes256(_) => AeadAlgorithm::Aes256Gcm,
            Cipher::ChaCha20(_) => AeadAlgorithm::ChaCha20Poly1305,
        }
    }

    /// The libraries tell too long from nothing else.
    fn check(&self, length: usize) -> Result<(), AeadError> {
        let most = match self.0 {
            // SP 800-38D, 5.2.1.1: 2^39 - 256 bits.
            Cipher::Aes128(_) | Cipher::Aes256(_) => (1_u64 << 36) - 32,
            // RFC 8439, 2.8.
            Cipher::ChaCha20(_) => (1_u64 << 38) - 64,
        };
        let fits = u64::try_from(length).is_ok_and(|length| length <= most);
        fits.then_some(()).ok_or(AeadError::TooLong)
    }
}

impl lanewarden_crypto::Aead for Aead {
    fn seal(&self, nonce: &[u8; NONCE_SIZE], associated: &[u8], in_out: &mut [u8]) -> Result<Tag, AeadError> {
        self.check(in_out.len())?;
        let (nonce, in_out) = (nonce.into(), in_out.into());
        let tag = match &self.0 {
            Cipher::Aes128(cipher) => cipher.encrypt_inout_detached(nonce, associated, in_out),
            Cipher::Aes256(cipher) => cipher.encrypt_inout_detached(nonce, associated, in_out),
            Cipher::ChaCha20(cipher) => cipher.encrypt_inout_detached(nonce, associated, in_out),
        };
        tag.map(Into::into).map_err(|_| AeadError::TooLong)
    }

    fn open(
        &self,
        nonce: &[u8; NONCE_SIZE],
        associated: &[u8],
        in_out: &mut [u8],
        tag: &Tag,
    ) -> Result<(), AeadError> {
        self.check(in_out.len())?;
        let (nonce, in_out, tag) = (nonce.into(), in_out.into(), tag.into());
        let opened = match &self.0 {
            Cipher::Aes128(cipher) => cipher.decrypt_inout_detached(nonce, associated, in_out, tag),
            Cipher::Aes256(cipher) => cipher.decrypt_inout_detached(nonce, associated, in_out, tag),
            Cipher::ChaCha20(cipher) => cipher.decrypt_inout_detached(nonce, associated, in_out, tag),
        };
        opened.map_err(|_| AeadError::Mismatch)
    }
}

impl fmt::Debug for Aead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Aead({:?}, ..)", self.algorithm())
    }
}
