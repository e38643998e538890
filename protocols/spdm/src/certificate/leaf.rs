//! What is left of a chain once it has been read.

use core::fmt;

use lanewarden_crypto::{Digest, HashAlgorithm, Provider, SignatureAlgorithm};

use super::{ClaimedIdentity, KeyKind, Reasons, Revocations, TrustAnchors, Validity};

/// Where in the chain the marks of DSP0274 stand, from the root; they tell the model of the device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ModelHints {
    /// The first certificate with the hardware's identity. The leaf itself in the device certificate model, one above
    /// it in the alias certificate model.
    pub hardware_identity: Option<u32>,
    /// The first certificate that may change.
    pub mutable: Option<u32>,
}

/// The last certificate of a chain, ready to check the signatures of who sent it.
pub struct Leaf<P: Provider> {
    pub(super) key: P::VerifyingKey,
    pub(super) kind: KeyKind,
    pub(super) key_digest: Digest,
    pub(super) identity: ClaimedIdentity,
    pub(super) chain_digest: Digest,
    pub(super) validity: Validity,
    pub(super) hints: ModelHints,
    pub(super) index: u32,
}

impl<P: Provider> Leaf<P> {
    /// Its key.
    #[must_use]
    pub const fn key(&self) -> &P::VerifyingKey {
        &self.key
    }

    /// The kind of its key.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// Whether its key makes signatures of this algorithm: the one that was negotiated must.
    #[must_use]
    pub fn suits(&self, algorithm: SignatureAlgorithm) -> bool {
        self.kind.suits(algorithm)
    }

    /// SHA-256 of its SubjectPublicKeyInfo: the name of the key, whatever certificate it is in.
    #[must_use]
    pub const fn key_digest(&self) -> &Digest {
        &self.key_digest
    }

    /// The PCIe device it is for. To be compared with the configuration space each time, also of a chain that was
    /// remembered.
    #[must_use]
    pub const fn identity(&self) -> &ClaimedIdentity {
        &self.identity
    }

    /// The digest of the whole chain with its header, as DIGESTS has it.
    #[must_use]
    pub const fn chain_digest(&self) -> &Digest {
        &self.chain_digest
    }

    /// When every certificate of the chain, and its trust anchor, is valid.
    #[must_use]
    pub const fn validity(&self) -> Validity {
        self.validity
    }

    /// What the chain says of the device's model.
    #[must_use]
    pub const fn hints(&self) -> ModelHints {
        self.hints
    }

    /// Its place in the chain, from 0 for the one nearest to the root.
    #[must_use]
    pub const fn index(&self) -> u32 {
        self.index
    }
}

impl<P: Provider> Clone for Leaf<P>
where
    P::VerifyingKey: Clone,
{
    fn clone(&self) -> Self {
        Self { key: self.key.clone(), ..*self }
    }
}

impl<P: Provider> fmt::Debug for Leaf<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leaf")
            .field("kind", &self.kind)
            .field("identity", &self.identity)
            .field("chain_digest", &self.chain_digest)
            .field("validity", &self.validity)
            .field("hints", &self.hints)
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}

/// A chain that was read to its end: its leaf, which can be used, and whether to trust it.
pub struct Validated<P: Provider> {
    /// The leaf.
    pub leaf: Leaf<P>,
    /// Why the chain is not trusted; empty where it is.
    pub distrust: Reasons,
    /// The time the chain was checked at, in Unix seconds; `None` where times were not looked at.
    pub checked_at: Option<u64>,
    /// Under which name the chain may be remembered.
    pub remember_as: ChainKey,
}

impl<P: Provider> Validated<P> {
    /// Whether nothing was found against it. The times may not have been looked at, see
    /// [`checked_at`](Self::checked_at).
    #[must_use]
    pub const fn is_trusted(&self) -> bool {
        self.distrust.is_empty()
    }
}

impl<P: Provider> fmt::Debug for Validated<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Validated")
            .field("leaf", &self.leaf)
            .field("distrust", &self.distrust)
            .field("checked_at", &self.checked_at)
            .finish_non_exhaustive()
    }
}

/// What the verdict about a chain depends on, but for the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChainKey {
    /// The digest of the whole chain with its header, and with it the hash algorithm.
    pub digest: Digest,
    /// For whom the leaf was checked.
    pub role: Role,
    /// [`TrustAnchors::generation`].
    pub anchors: u64,
    /// [`Revocations::generation`].
    pub revocations: u64,
}

impl ChainKey {
    /// The key of a chain with this digest, by what is trusted and revoked now.
    #[must_use]
    pub fn new<A: TrustAnchors, R: Revocations>(
        digest: Digest,
        role: Role,
        anchors: &A,
        revocations: &R,
    ) -> Self {
        Self { digest, role, anchors: anchors.generation(), revocations: revocations.generation() }
    }
}

/// What the owner of a chain proves itself as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// A responder.
    Responder,
    /// A requester, in mutual authentication.
    Requester,
}

/// How the header of a chain is laid out (DSP0274 1.3, 10.8; 1.4 for the large one).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChainFormat {
    /// Two bytes of length and two that are reserved.
    Standard,
    /// Four bytes of length.
    Large,
}

/// What is asked of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The hash that was negotiated: of the root and of the whole chain.
    pub hash: HashAlgorithm,
    /// The layout of the header.
    pub format: ChainFormat,
    /// The most bytes that are taken.
    pub max_length: u32,
    /// What the leaf must be for.
    pub role: Role,
    /// The time, in Unix seconds; `None` where it is not known, and times are then not looked at.
    pub now: Option<u64>,
}

impl Rules {
    /// For the chain of a responder in the usual layout, of any length it can have.
    #[must_use]
    pub const fn responder(hash: HashAlgorithm, now: Option<u64>) -> Self {
        let max_length = u16::MAX as u32;
        Self { hash, format: ChainFormat::Standard, max_length, role: Role::Responder, now }
    }
}
