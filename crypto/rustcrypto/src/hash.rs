//! SHA-2, SHA-3 and HMAC over them.

use core::fmt;

use lanewarden_crypto::{Digest, HashAlgorithm};
use sha2::digest::FixedOutputReset;
use sha2::digest::array::Array;
use sha2::digest::block_api::BlockSizeUser;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
#[cfg(feature = "sha3")]
use sha3::{Sha3_256, Sha3_384, Sha3_512};
use zeroize::Zeroize;

/// Whether there is such a hash.
pub(crate) const fn knows(algorithm: HashAlgorithm) -> bool {
    match algorithm {
        HashAlgorithm::Sha256 | HashAlgorithm::Sha384 | HashAlgorithm::Sha512 => true,
        HashAlgorithm::Sha3_256 | HashAlgorithm::Sha3_384 | HashAlgorithm::Sha3_512 => cfg!(feature = "sha3"),
    }
}

/// Does the same with whatever is in work.
macro_rules! each {
    ($self:expr, $work:ident => $then:expr) => {
        match $self {
            Self::Sha256($work) => $then,
            Self::Sha384($work) => $then,
            Self::Sha512($work) => $then,
            #[cfg(feature = "sha3")]
            Self::Sha3_256($work) => $then,
            #[cfg(feature = "sha3")]
            Self::Sha3_384($work) => $then,
            #[cfg(feature = "sha3")]
            Self::Sha3_512($work) => $then,
        }
    };
}

/// Does with the hash of this name what is done with each, by itself, so that one does not take the stack of all; `None`
/// where it is not there.
macro_rules! by {
    ($algorithm:expr, $hash:ident => $then:expr) => {
        match $algorithm {
            HashAlgorithm::Sha256 => by!(@ Sha256, $hash => $then),
            HashAlgorithm::Sha384 => by!(@ Sha384, $hash => $then),
            HashAlgorithm::Sha512 => by!(@ Sha512, $hash => $then),
            #[cfg(feature = "sha3")]
            HashAlgorithm::Sha3_256 => by!(@ Sha3_256, $hash => $then),
            #[cfg(feature = "sha3")]
            HashAlgorithm::Sha3_384 => by!(@ Sha3_384, $hash => $then),
            #[cfg(feature = "sha3")]
            HashAlgorithm::Sha3_512 => by!(@ Sha3_512, $hash => $then),
            #[cfg(not(feature = "sha3"))]
            _ => None,
        }
    };
    (@ $is:ty, $hash:ident => $then:expr) => {{
        type $hash = $is;
        $then
    }};
}

/// What the key is mixed with inside and outside of an HMAC.
const INNER: u8 = 0x36;
const OUTER: u8 = 0x5c;

/// A hash in work.
#[derive(Clone)]
#[allow(missing_docs)] // Each is what it is called.
pub enum Hash {
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
    #[cfg(feature = "sha3")]
    Sha3_256(Sha3_256),
    #[cfg(feature = "sha3")]
    Sha3_384(Sha3_384),
    #[cfg(feature = "sha3")]
    Sha3_512(Sha3_512),
}

impl Hash {
    pub(crate) fn new(algorithm: HashAlgorithm) -> Option<Self> {
        Some(match algorithm {
            HashAlgorithm::Sha256 => Self::Sha256(Sha256::new()),
            HashAlgorithm::Sha384 => Self::Sha384(Sha384::new()),
            HashAlgorithm::Sha512 => Self::Sha512(Sha512::new()),
            #[cfg(feature = "sha3")]
            HashAlgorithm::Sha3_256 => Self::Sha3_256(Sha3_256::new()),
            #[cfg(feature = "sha3")]
            HashAlgorithm::Sha3_384 => Self::Sha3_384(Sha3_384::new()),
            #[cfg(feature = "sha3")]
            HashAlgorithm::Sha3_512 => Self::Sha3_512(Sha3_512::new()),
            #[cfg(not(feature = "sha3"))]
            _ => return None,
        })
    }
}

impl lanewarden_crypto::Hash for Hash {
    fn algorithm(&self) -> HashAlgorithm {
        match self {
            Self::Sha256(_) => HashAlgorithm::Sha256,
            Self::Sha384(_) => HashAlgorithm::Sha384,
            Self::Sha512(_) => HashAlgorithm::Sha512,
            #[cfg(feature = "sha3")]
            Self::Sha3_256(_) => HashAlgorithm::Sha3_256,
            #[cfg(feature = "sha3")]
            Self::Sha3_384(_) => HashAlgorithm::Sha3_384,
            #[cfg(feature = "sha3")]
            Self::Sha3_512(_) => HashAlgorithm::Sha3_512,
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        each!(self, work => work.update(bytes));
    }

    fn finish(self) -> Digest {
        let algorithm = lanewarden_crypto::Hash::algorithm(&self);
        each!(self, work => digest_of(algorithm, &work.finalize()))
    }

    fn fresh(&self) -> Self {
        let mut fresh = self.clone();
        each!(&mut fresh, work => sha2::Digest::reset(work));
        fresh
    }

    fn fork(&self, more: &[&[u8]]) -> Digest {
        let algorithm = lanewarden_crypto::Hash::algorithm(self);
        each!(self, work => fork(algorithm, work, more))
    }
}

// Each hash by itself, so that one does not take the stack of all.
#[inline(never)]
fn fork<D: sha2::Digest + Clone>(algorithm: HashAlgorithm, work: &D, more: &[&[u8]]) -> Digest {
    let mut fork = work.clone();
    more.iter().for_each(|bytes| fork.update(bytes));
    digest_of(algorithm, &fork.finalize())
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({}, ..)", lanewarden_crypto::Hash::algorithm(self))
    }
}

#[allow(clippy::expect_used)] // The output's size is the algorithm's by its type.
fn digest_of(algorithm: HashAlgorithm, bytes: &[u8]) -> Digest {
    Digest::new(algorithm, bytes).expect("a digest has its algorithm's size")
}

/// The digest of these parts; `None` where the hash is not there.
pub(crate) fn digest(algorithm: HashAlgorithm, parts: &[&[u8]]) -> Option<Digest> {
    by!(algorithm, D => digest_by::<D>(algorithm, parts))
}

/// HMAC of these parts (FIPS 198-1); `None` where its hash is not there.
pub(crate) fn hmac(algorithm: HashAlgorithm, key: &[u8], parts: &[&[u8]]) -> Option<Digest> {
    by!(algorithm, D => hmac_by::<D>(algorithm, key, parts))
}

#[inline(never)]
fn digest_by<D: sha2::Digest + FixedOutputReset>(
    algorithm: HashAlgorithm,
    parts: &[&[u8]],
) -> Option<Digest> {
    let mut work = D::new();
    parts.iter().for_each(|part| sha2::Digest::update(&mut work, part));
    Digest::new(algorithm, &work.finalize_reset())
}

/// One hash is in work, first inside and then outside. A library has both at once, and the inner one in three places while
/// it ends: a kilobyte of stack below every secret.
#[inline(never)]
fn hmac_by<D>(algorithm: HashAlgorithm, key: &[u8], parts: &[&[u8]]) -> Option<Digest>
where
    D: sha2::Digest + FixedOutputReset + BlockSizeUser,
{
    let (mut work, mut block) = (D::new(), Array::<u8, D::BlockSize>::default());
    if key.len() > block.len() {
        sha2::Digest::update(&mut work, key);
        block.iter_mut().zip(work.finalize_reset()).for_each(|(to, from)| *to = from);
    } else {
        block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    }
    block.iter_mut().for_each(|byte| *byte ^= INNER);
    sha2::Digest::update(&mut work, &block);
    parts.iter().for_each(|part| sha2::Digest::update(&mut work, part));
    let mut inner = work.finalize_reset();
    block.iter_mut().for_each(|byte| *byte ^= INNER ^ OUTER);
    sha2::Digest::update(&mut work, &block);
    sha2::Digest::update(&mut work, &inner);
    let mac = Digest::new(algorithm, &work.finalize_reset());
    block.zeroize();
    inner.zeroize();
    mac
}
