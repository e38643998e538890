//! SHA-2, SHA-3 and HMAC over them.

use core::fmt;

#[cfg(feature = "sha3")]
use hmac::SimpleHmac;
use hmac::{Hmac, KeyInit};
use lanewarden_crypto::{Digest, HashAlgorithm};
use sha2::Digest as _;
use sha2::{Sha256, Sha384, Sha512};
#[cfg(feature = "sha3")]
use sha3::{Sha3_256, Sha3_384, Sha3_512};

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

/// HMAC of these parts; `None` where its hash is not there.
pub(crate) fn hmac(algorithm: HashAlgorithm, key: &[u8], parts: &[&[u8]]) -> Option<Digest> {
    match algorithm {
        HashAlgorithm::Sha256 => hmac_by::<Hmac<Sha256>>(algorithm, key, parts),
        HashAlgorithm::Sha384 => hmac_by::<Hmac<Sha384>>(algorithm, key, parts),
        HashAlgorithm::Sha512 => hmac_by::<Hmac<Sha512>>(algorithm, key, parts),
        #[cfg(feature = "sha3")]
        HashAlgorithm::Sha3_256 => hmac_by::<SimpleHmac<Sha3_256>>(algorithm, key, parts),
        #[cfg(feature = "sha3")]
        HashAlgorithm::Sha3_384 => hmac_by::<SimpleHmac<Sha3_384>>(algorithm, key, parts),
        #[cfg(feature = "sha3")]
        HashAlgorithm::Sha3_512 => hmac_by::<SimpleHmac<Sha3_512>>(algorithm, key, parts),
        #[cfg(not(feature = "sha3"))]
        _ => None,
    }
}

// Each hash by itself, so that one does not take the stack of all.
#[inline(never)]
fn hmac_by<M: KeyInit + hmac::Mac>(algorithm: HashAlgorithm, key: &[u8], parts: &[&[u8]]) -> Option<Digest> {
    let mut mac = <M as KeyInit>::new_from_slice(key).ok()?;
    parts.iter().for_each(|part| mac.update(part));
    Digest::new(algorithm, &mac.finalize().into_bytes())
}
