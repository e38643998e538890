//! How a chain is laid out (DSP0274 1.3, 10.8): header, root hash, certificates.

use lanewarden_crypto::{Digest, MAX_DIGEST_SIZE};

use super::{ChainError, ChainFormat, Rules};

/// Bytes before the root hash.
const LENGTHS: usize = 4;
/// Bytes of the longest header with its root hash.
pub(super) const MAX_HEADER: usize = LENGTHS + MAX_DIGEST_SIZE;

/// The header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainHeader {
    /// Bytes of the whole chain, this header too.
    pub length: u32,
    /// The digest of the root certificate.
    pub root_hash: Digest,
}

impl ChainHeader {
    /// Bytes of the header with its root hash.
    #[must_use]
    pub const fn size(rules: &Rules) -> usize {
        LENGTHS.saturating_add(rules.hash.size())
    }

    /// Reads it from exactly its bytes.
    pub(super) fn read(bytes: &[u8], rules: &Rules) -> Result<Self, ChainError> {
        let incomplete =
            ChainError::Incomplete { received: u32::try_from(bytes.len()).unwrap_or(u32::MAX), length: 0 };
        let (lengths, hash) = bytes.split_first_chunk::<LENGTHS>().ok_or(incomplete)?;
        let length = match rules.format {
            // What is reserved is not looked at.
            ChainFormat::Standard => u32::from_le_bytes(*lengths) & 0xFFFF,
            ChainFormat::Large => u32::from_le_bytes(*lengths),
        };
        let root_hash = Digest::new(rules.hash, hash).ok_or(incomplete)?;
        if usize::try_from(length).is_ok_and(|length| length <= Self::size(rules)) {
            return Err(ChainError::TooShort(length));
        }
        if length > rules.max_length {
            return Err(ChainError::TooLong { length, limit: rules.max_length });
        }
        Ok(Self { length, root_hash })
    }
}

/// What the first bytes of a certificate say of its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    /// Nothing yet; they must be so many.
    Needs(u32),
    /// So many bytes with tag and length.
    Is(u32),
}

/// `None` where it is no SEQUENCE, or longer than anything.
pub(super) fn size_of(start: &[u8]) -> Option<Size> {
    match *start {
        [] | [0x30] => Some(Size::Needs(2)),
        [0x30, short @ 0..=0x7F, ..] => u32::from(short).checked_add(2).map(Size::Is),
        [0x30, long @ 0x81..=0x84, ref rest @ ..] => {
            let count = usize::from(long & 7);
            let header = u32::from(long & 7).checked_add(2)?;
            let Some(length) = rest.get(..count) else { return Some(Size::Needs(header)) };
            let length = length.iter().fold(0, |length: u32, &byte| length << 8 | u32::from(byte));
            length.checked_add(header).map(Size::Is)
        }
        _ => None,
    }
}

/// The size of the certificate with this index that begins so and at this place of a chain; `None` where there are too
/// few bytes to tell.
pub(super) fn fitting(start: &[u8], at: u32, length: u32, index: u32) -> Result<Size, ChainError> {
    let size = size_of(start).ok_or(ChainError::NotDer { index })?;
    let (Size::Needs(bytes) | Size::Is(bytes)) = size;
    match at.checked_add(bytes) {
        Some(end) if end <= length => Ok(size),
        _ => Err(ChainError::PastEnd { index, size: bytes }),
    }
}
