//! What stops the reading of a chain, and what only stops it from being trusted.
//!
//! The two are apart because a challenge can be checked with the key of a chain that nobody here trusts: the evidence
//! is then kept for a verifier elsewhere, who may know better.

use core::fmt;

use der::asn1::ObjectIdentifier;
use lanewarden_crypto::{HashAlgorithm, KeyError};

use super::time::Moment;

/// A part of a certificate or of a list of revoked ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The outermost SEQUENCE.
    Whole,
    /// What is signed.
    Signed,
    /// The version.
    Version,
    /// The serial number: not negative, at most 20 bytes.
    Serial,
    /// The algorithm of the signature.
    Algorithm,
    /// The issuer's name.
    Issuer,
    /// The validity, or the times of a list.
    Validity,
    /// The subject's name.
    Subject,
    /// The public key.
    Key,
    /// The unique identifiers of old.
    UniqueId,
    /// The list of extensions.
    Extensions,
    /// The entries of a list.
    Entries,
    /// The signature.
    Signature,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Whole => "outermost sequence",
            Self::Signed => "signed part",
            Self::Version => "version",
            Self::Serial => "serial number",
            Self::Algorithm => "signature algorithm",
            Self::Issuer => "issuer",
            Self::Validity => "validity",
            Self::Subject => "subject",
            Self::Key => "public key",
            Self::UniqueId => "unique identifier",
            Self::Extensions => "extensions",
            Self::Entries => "entries",
            Self::Signature => "signature",
        })
    }
}

/// Why bytes are not a certificate (RFC 5280, 4.1), or not a list of revoked ones (RFC 5280, 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// A part is missing, not DER, or has bytes left over.
    #[error("the {0} cannot be read")]
    Malformed(Field),
    /// The algorithm in the signed part is another than the one next to the signature.
    #[error("the two signature algorithms differ")]
    AlgorithmsDiffer,
    /// An extension that is known cannot be read.
    #[error("the extension {0} cannot be read")]
    Extension(ObjectIdentifier),
    /// An extension is there twice.
    #[error("the extension {0} is there twice")]
    Duplicate(ObjectIdentifier),
    /// A list of revoked certificates has a critical extension that is not known, so it may mean less than it says.
    #[error("the critical extension {0} is not known")]
    UnknownCritical(ObjectIdentifier),
}

/// Why a chain cannot be read to its end, or its leaf's key not be used. The peer is to blame, except where it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// The length in the header is shorter than header and root hash.
    #[error("the header gives the chain {0} bytes, fewer than the header and one certificate have")]
    TooShort(u32),
    /// The length in the header is more than is taken. The caller's limit.
    #[error("the header gives the chain {length} bytes, more than the {limit} that are taken")]
    TooLong {
        /// What the header says.
        length: u32,
        /// What is taken.
        limit: u32,
    },
    /// More bytes than the header says.
    #[error("there are bytes after the {0} of the chain")]
    Excess(u32),
    /// Fewer bytes than the header says.
    #[error("the chain ends after {received} of {length} bytes")]
    Incomplete {
        /// What came.
        received: u32,
        /// What the header says; 0 where it did not come itself.
        length: u32,
    },
    /// What should be a certificate is no DER SEQUENCE.
    #[error("certificate {index} is not DER")]
    NotDer {
        /// Which, from the root.
        index: u32,
    },
    /// A certificate goes on behind the end of the chain.
    #[error("certificate {index} has {size} bytes, and the chain ends before")]
    PastEnd {
        /// Which, from the root.
        index: u32,
        /// Its bytes.
        size: u32,
    },
    /// A certificate is longer than the buffer. The caller's limit.
    #[error("certificate {index} has {size} bytes, and there is room for {room}")]
    NoRoom {
        /// Which, from the root.
        index: u32,
        /// Its bytes.
        size: u32,
        /// Bytes of the buffer.
        room: usize,
    },
    /// A certificate cannot be read.
    #[error("certificate {index}: {error}")]
    Certificate {
        /// Which, from the root.
        index: u32,
        /// Why.
        error: CertificateError,
    },
    /// The leaf's key is of a kind that is not known, is none, or is not known to the provider.
    #[error("the leaf, certificate {index}: {error}")]
    LeafKey {
        /// Which, from the root.
        index: u32,
        /// Why.
        error: KeyError,
    },
    /// The provider has no such hash. The caller's choice.
    #[error("the crypto provider does not support {0}")]
    UnsupportedHash(HashAlgorithm),
    /// More bytes, or the end, after an error. The caller's mistake.
    #[error("the chain has been refused before")]
    Refused,
}

/// Which certificate is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The trust anchor, which is not in the chain itself.
    Anchor,
    /// The one with this index in the chain; 0 is nearest to the root.
    Chain(u32),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anchor => f.write_str("the trust anchor"),
            Self::Chain(index) => write!(f, "certificate {index}"),
        }
    }
}

/// Why a chain that can be read is not trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// No trust anchor is the first certificate, or signed it.
    #[error("no trust anchor is or signed certificate 0{}", if *.named { ", though one has its issuer's name" } else { "" })]
    NoAnchor {
        /// Whether a trust anchor has the name of its issuer.
        named: bool,
    },
    /// The root hash in the header is not that of the root (DSP0274 1.3, 10.8).
    #[error("the root hash in the header is not that of the root certificate")]
    RootHash,
    /// Not valid yet.
    #[error("{place} is not valid before {}", Moment(*.not_before))]
    NotYetValid {
        /// Which.
        place: Place,
        /// From when, in Unix seconds.
        not_before: u64,
    },
    /// Not valid any more.
    #[error("{place} is not valid after {}", Moment(*.not_after))]
    Expired {
        /// Which.
        place: Place,
        /// Until when, in Unix seconds.
        not_after: u64,
    },
    /// Revoked.
    #[error("{0} has been revoked")]
    Revoked(Place),
    /// The issuer's name is not the subject of the certificate before.
    #[error("certificate {index} was not issued by the one before")]
    Issuer {
        /// Which.
        index: u32,
    },
    /// The signature does not fit the key of the certificate before (of its own, for a root).
    #[error("the signature of certificate {index} is wrong")]
    Signature {
        /// Which.
        index: u32,
    },
    /// The signature cannot be checked: the algorithm, or the issuer's key, is not known here.
    #[error("the signature of certificate {index} is of a kind that is not supported")]
    UnsupportedSignature {
        /// Which.
        index: u32,
    },
    /// An issuer that is no CA.
    #[error("{0} issued another one and is no CA")]
    NotCa(Place),
    /// An issuer whose key is not for signing certificates.
    #[error("{0} issued another one without the key usage for it")]
    NoCertSign(Place),
    /// More CAs than one above allows.
    #[error("{0} is one CA more than the path length above it allows")]
    PathLength(Place),
    /// A leaf of another version than 3.
    #[error("the leaf, certificate {index}, has version {version}")]
    LeafVersion {
        /// Which.
        index: u32,
        /// 1 or 2.
        version: u8,
    },
    /// A leaf that is a CA.
    #[error("the leaf, certificate {index}, is a CA")]
    LeafIsCa {
        /// Which.
        index: u32,
    },
    /// A leaf that may sign certificates.
    #[error("the leaf, certificate {index}, has the key usage to sign certificates")]
    LeafSignsCertificates {
        /// Which.
        index: u32,
    },
    /// A leaf that may not sign.
    #[error("the leaf, certificate {index}, has not the key usage to sign")]
    LeafCannotSign {
        /// Which.
        index: u32,
    },
    /// A leaf that is for the other role only.
    #[error("the leaf, certificate {index}, is for the other role only")]
    LeafUsage {
        /// Which.
        index: u32,
    },
    /// An extension that must be understood and is not.
    #[error("{place} has a critical extension that is not known, {oid}")]
    UnknownCritical {
        /// Which.
        place: Place,
        /// The extension.
        oid: ObjectIdentifier,
    },
}

/// How many reasons are kept of a chain. There may be more; the first ones say most.
pub const MAX_REASONS: usize = 8;

/// Why a chain is not trusted, in the order in which it was found, from the root down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reasons {
    kept: [Option<Distrust>; MAX_REASONS],
    count: u32,
}

impl Reasons {
    pub(super) const NONE: Self = Self { kept: [None; MAX_REASONS], count: 0 };

    pub(super) fn push(&mut self, reason: Distrust) {
        self.count = self.count.saturating_add(1);
        if let Some(room) = self.kept.iter_mut().find(|kept| kept.is_none()) {
            *room = Some(reason);
        }
    }

    /// The one to show.
    #[must_use]
    pub fn first(&self) -> Option<&Distrust> {
        self.iter().next()
    }

    /// Those that were kept.
    pub fn iter(&self) -> impl Iterator<Item = &Distrust> {
        self.kept.iter().flatten()
    }

    /// How many there were, kept or not.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }
}
