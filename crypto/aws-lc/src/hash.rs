//! SHA-2, SHA-3 and HMAC over them.

use core::fmt;

use aws_lc_rs::{digest, hmac};
use lanewarden_crypto::{Digest, HashAlgorithm};
use zeroize::Zeroize;

/// Bytes of the longest block: SHA3-256's.
const MAX_BLOCK: usize = 136;

/// What aws-lc-rs calls a hash.
fn algorithm_of(algorithm: HashAlgorithm) -> &'static digest::Algorithm {
    match algorithm {
        HashAlgorithm::Sha256 => &digest::SHA256,
        HashAlgorithm::Sha384 => &digest::SHA384,
        HashAlgorithm::Sha512 => &digest::SHA512,
        HashAlgorithm::Sha3_256 => &digest::SHA3_256,
        HashAlgorithm::Sha3_384 => &digest::SHA3_384,
        HashAlgorithm::Sha3_512 => &digest::SHA3_512,
    }
}

/// A hash in work.
#[derive(Clone)]
pub struct Hash {
    algorithm: HashAlgorithm,
    context: digest::Context,
}

impl Hash {
    pub(crate) fn new(algorithm: HashAlgorithm) -> Self {
        Self { algorithm, context: digest::Context::new(algorithm_of(algorithm)) }
    }
}

impl lanewarden_crypto::Hash for Hash {
    fn algorithm(&self) -> HashAlgorithm {
        self.algorithm
    }

    fn update(&mut self, bytes: &[u8]) {
        self.context.update(bytes);
    }

    fn finish(self) -> Digest {
        digest_of(self.algorithm, self.context.finish().as_ref())
    }

    fn fresh(&self) -> Self {
        Self::new(self.algorithm)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({}, ..)", self.algorithm)
    }
}

#[allow(clippy::expect_used)] // The library's digests have their algorithm's size, and nobody outside has a say in it.
fn digest_of(algorithm: HashAlgorithm, bytes: &[u8]) -> Digest {
    Digest::new(algorithm, bytes).expect("a digest has its algorithm's size")
}

/// HMAC of these parts. The library's safe interface has it over SHA-2 only.
pub(crate) fn hmac(algorithm: HashAlgorithm, key: &[u8], parts: &[&[u8]]) -> Digest {
    let sha2 = match algorithm {
        HashAlgorithm::Sha256 => hmac::HMAC_SHA256,
        HashAlgorithm::Sha384 => hmac::HMAC_SHA384,
        HashAlgorithm::Sha512 => hmac::HMAC_SHA512,
        HashAlgorithm::Sha3_256 | HashAlgorithm::Sha3_384 | HashAlgorithm::Sha3_512 => {
            let mut nested = Nested::new(algorithm_of(algorithm), key);
            parts.iter().for_each(|part| nested.inner.update(part));
            return digest_of(algorithm, nested.finish().as_ref());
        }
    };
    let mut context = hmac::Context::with_key(&hmac::Key::new(sha2, key));
    parts.iter().for_each(|part| context.update(part));
    digest_of(algorithm, context.sign().as_ref())
}

/// HMAC as FIPS 198-1 builds it of two hashes, each of which has taken in a padded key.
struct Nested {
    inner: digest::Context,
    outer: digest::Context,
}

impl Nested {
    fn new(algorithm: &'static digest::Algorithm, key: &[u8]) -> Self {
        let mut block = [0_u8; MAX_BLOCK];
        if key.len() > algorithm.block_len() {
            fill(&mut block, digest::digest(algorithm, key).as_ref());
        } else {
            fill(&mut block, key);
        }
        let padded = |with: u8| {
            let mut padded = block.map(|byte| byte ^ with);
            let mut context = digest::Context::new(algorithm);
            context.update(padded.get(..algorithm.block_len()).unwrap_or_default());
            padded.zeroize();
            context
        };
        let nested = Self { inner: padded(0x36), outer: padded(0x5c) };
        block.zeroize();
        nested
    }

    fn finish(mut self) -> digest::Digest {
        self.outer.update(self.inner.finish().as_ref());
        self.outer.finish()
    }
}

fn fill(block: &mut [u8], front: &[u8]) {
    block.iter_mut().zip(front).for_each(|(to, from)| *to = *from);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_block_is_longer_than_the_longest() {
        for algorithm in HashAlgorithm::ALL {
            assert!(algorithm_of(algorithm).block_len() <= MAX_BLOCK);
            assert_eq!(algorithm_of(algorithm).output_len(), algorithm.size());
        }
    }
}
