//! Hashes and what is built on them.

use core::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// Bytes of the longest digest.
pub const MAX_DIGEST_SIZE: usize = 64;

/// A hash algorithm (FIPS 180-4, FIPS 202).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HashAlgorithm {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
    /// SHA3-256.
    Sha3_256,
    /// SHA3-384.
    Sha3_384,
    /// SHA3-512.
    Sha3_512,
}

impl HashAlgorithm {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Sha256, Self::Sha384, Self::Sha512, Self::Sha3_256, Self::Sha3_384, Self::Sha3_512];

    /// Bytes of a digest.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::Sha256 | Self::Sha3_256 => 32,
            Self::Sha384 | Self::Sha3_384 => 48,
            Self::Sha512 | Self::Sha3_512 => 64,
        }
    }

    /// Its usual name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
            Self::Sha3_256 => "SHA3-256",
            Self::Sha3_384 => "SHA3-384",
            Self::Sha3_512 => "SHA3-512",
        }
    }
}

impl fmt::Display for HashAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A digest and the algorithm it came from. Compared in constant time.
#[derive(Clone, Copy, Eq)]
pub struct Digest {
    algorithm: HashAlgorithm,
    bytes: [u8; MAX_DIGEST_SIZE],
}

impl Digest {
    /// A digest that was worked out or received elsewhere; `None` where it has not the algorithm's size.
    #[must_use]
    pub fn new(algorithm: HashAlgorithm, bytes: &[u8]) -> Option<Self> {
        let mut digest = Self { algorithm, bytes: [0; MAX_DIGEST_SIZE] };
        let room = digest.bytes.get_mut(..algorithm.size())?;
        (room.len() == bytes.len()).then(|| room.copy_from_slice(bytes))?;
        Some(digest)
    }

    /// What it came from.
    #[must_use]
    pub const fn algorithm(&self) -> HashAlgorithm {
        self.algorithm
    }

    /// Its bytes, [`HashAlgorithm::size`] of them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.algorithm.size()).unwrap_or_default()
    }
}

impl AsRef<[u8]> for Digest {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.algorithm == other.algorithm && self.bytes.ct_eq(&other.bytes).into()
    }
}

/// Where the digest is a secret: a key that HMAC derived. Copies made before are not reached.
impl Zeroize for Digest {
    fn zeroize(&mut self) {
        self.bytes.zeroize();
    }
}

impl core::hash::Hash for Digest {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.algorithm.hash(state);
        self.as_bytes().hash(state);
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.algorithm)?;
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A hash in work. A clone goes on from the same point by itself, which is how a transcript gives a digest without
/// ending.
pub trait Hash: Clone {
    /// Which it is.
    fn algorithm(&self) -> HashAlgorithm;
    /// Takes more bytes in.
    fn update(&mut self, bytes: &[u8]);
    /// The digest of all that was taken in.
    fn finish(self) -> Digest;

    /// One of the same algorithm that has taken nothing in.
    #[must_use]
    fn fresh(&self) -> Self;

    /// The digest of all that was taken in and of these after it. The hash itself goes on from where it is.
    fn fork(&self, more: &[&[u8]]) -> Digest {
        let mut fork = self.clone();
        more.iter().for_each(|bytes| fork.update(bytes));
        fork.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_has_its_algorithms_size() {
        for algorithm in HashAlgorithm::ALL {
            let digest = Digest::new(algorithm, &[7; 64][..algorithm.size()]).unwrap();
            assert_eq!(digest.as_bytes().len(), algorithm.size());
            assert!(Digest::new(algorithm, &[7; 65]).is_none());
            assert!(Digest::new(algorithm, &[7; 31]).is_none());
        }
    }

    #[test]
    fn a_digest_that_is_wiped_is_zero() {
        let mut digest = Digest::new(HashAlgorithm::Sha384, &[7; 48]).unwrap();
        digest.zeroize();
        assert_eq!(digest.as_bytes(), [0; 48]);
    }

    #[test]
    fn digests_of_two_algorithms_are_never_equal() {
        let of = |algorithm| Digest::new(algorithm, &[0; 32]).unwrap();
        assert_ne!(of(HashAlgorithm::Sha256), of(HashAlgorithm::Sha3_256));
        assert_eq!(of(HashAlgorithm::Sha256), of(HashAlgorithm::Sha256));
    }
}
