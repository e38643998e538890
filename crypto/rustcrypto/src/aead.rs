//! AES-GCM and ChaCha20-Poly1305.

mod few;

use core::fmt;

use aes_gcm::aead::AeadInOut;
use aes_gcm::aead::consts::U12;
use aes_gcm::aes::{Aes128Enc, Aes256Enc};
use aes_gcm::{AesGcm, KeyInit};
use chacha20poly1305::ChaCha20Poly1305;
use lanewarden_crypto::{AeadAlgorithm, AeadError, NONCE_SIZE, Tag};
use zeroize::Zeroizing;

use few::Few;

type Aes128Gcm = AesGcm<Few<Aes128Enc>, U12>;
pub(crate) type Aes256Gcm = AesGcm<Few<Aes256Enc>, U12>;

/// Bytes of the longest key.
const MAX_KEY: usize = 32;

/// A cipher with its key, which is made ready anew for each message: what is made of it takes 20 times as much memory as
/// the key itself, and a side has several. Wiped when it is dropped, and never printed.
pub struct Aead {
    algorithm: AeadAlgorithm,
    key: Zeroizing<[u8; MAX_KEY]>,
}

impl Aead {
    pub(crate) fn new(algorithm: AeadAlgorithm, key: &[u8]) -> Option<Self> {
        let mut kept = Zeroizing::new([0; MAX_KEY]);
        let room = kept.get_mut(..algorithm.key_size())?;
        (room.len() == key.len()).then(|| room.copy_from_slice(key))?;
        Some(Self { algorithm, key: kept })
    }

    fn key(&self) -> &[u8] {
        self.key.get(..self.algorithm.key_size()).unwrap_or_default()
    }

    /// The libraries tell too long from nothing else.
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

// Each cipher by itself, so that one does not take the stack of all.

#[inline(never)]
fn seal<C: AeadInOut + KeyInit>(
    key: &[u8],
    nonce: &[u8; NONCE_SIZE],
    associated: &[u8],
    in_out: &mut [u8],
) -> Option<Tag> {
    // It is large, and used where it is made.
    let Ok(ref cipher) = C::new_from_slice(key) else { return None };
    let tag =
        cipher.encrypt_inout_detached(nonce.as_slice().try_into().ok()?, associated, in_out.into()).ok()?;
    tag.as_slice().try_into().ok()
}

#[inline(never)]
fn open<C: AeadInOut + KeyInit>(
    key: &[u8],
    nonce: &[u8; NONCE_SIZE],
    associated: &[u8],
    in_out: &mut [u8],
    tag: &Tag,
) -> Option<()> {
    let Ok(ref cipher) = C::new_from_slice(key) else { return None };
    let (nonce, tag) = (nonce.as_slice().try_into().ok()?, tag.as_slice().try_into().ok()?);
    cipher.decrypt_inout_detached(nonce, associated, in_out.into(), tag).ok()
}

impl lanewarden_crypto::Aead for Aead {
    fn seal(&self, nonce: &[u8; NONCE_SIZE], associated: &[u8], in_out: &mut [u8]) -> Result<Tag, AeadError> {
        self.check(in_out.len())?;
        let key = self.key();
        let tag = match self.algorithm {
            AeadAlgorithm::Aes128Gcm => seal::<Aes128Gcm>(key, nonce, associated, in_out),
            AeadAlgorithm::Aes256Gcm => seal::<Aes256Gcm>(key, nonce, associated, in_out),
            AeadAlgorithm::ChaCha20Poly1305 => seal::<ChaCha20Poly1305>(key, nonce, associated, in_out),
        };
        tag.ok_or(AeadError::TooLong)
    }

    fn open(
        &self,
        nonce: &[u8; NONCE_SIZE],
        associated: &[u8],
        in_out: &mut [u8],
        tag: &Tag,
    ) -> Result<(), AeadError> {
        self.check(in_out.len())?;
        let key = self.key();
        let opened = match self.algorithm {
            AeadAlgorithm::Aes128Gcm => open::<Aes128Gcm>(key, nonce, associated, in_out, tag),
            AeadAlgorithm::Aes256Gcm => open::<Aes256Gcm>(key, nonce, associated, in_out, tag),
            AeadAlgorithm::ChaCha20Poly1305 => open::<ChaCha20Poly1305>(key, nonce, associated, in_out, tag),
        };
        opened.ok_or(AeadError::Mismatch)
    }
}

impl fmt::Debug for Aead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Aead({:?}, ..)", self.algorithm)
    }
}
