//! What a responder knows of requesters: keys that both share, and whom it trusts.

use lanewarden_crypto::{Digest, Provider, SignatureAlgorithm};

use crate::session::Keep;

/// Keys that are shared with requesters from before (DSP0274 1.3, 10.18).
pub trait PresharedKeys {
    /// Whether there are any.
    const PRESENT: bool = true;
    /// Whether the responder gives a context of its own, so that no two sessions have the same keys: PSK_CAP 10. The
    /// requester then has to show with PSK_FINISH that it has the key.
    const CONTEXT: bool = true;

    /// The key that a hint means; an empty hint means the only one.
    fn key(&self, hint: &[u8]) -> Option<&[u8]>;
}

impl PresharedKeys for () {
    const PRESENT: bool = false;

    fn key(&self, _: &[u8]) -> Option<&[u8]> {
        None
    }
}

/// Whom a responder trusts of the requesters, for mutual authentication. A chain is shown to it as it comes, and the key
/// of its leaf is what a signature is then held against.
pub trait Requesters<P: Provider> {
    /// Whether requesters are authenticated at all.
    const PRESENT: bool = true;
    /// Where a responder keeps what it needs only to authenticate requesters: an `Option`, or `()`, which takes no room.
    type Keep<T>: Keep<T>;

    /// The digest of the requester's chain in this slot and its leaf's key, where both are known from before: by
    /// provisioning, or from a chain that was checked. With slot 255, the digest of the provisioned key and that key.
    fn known(&mut self, slot: u8, algorithm: SignatureAlgorithm) -> Option<(Digest, P::VerifyingKey)>;

    /// A chain begins, of a slot, with the digest that the requester gave of it, for signatures of this algorithm.
    /// Portions of one that had begun before are to be forgotten.
    fn begin(&mut self, slot: u8, digest: &Digest, algorithm: SignatureAlgorithm);

    /// The next portion of the chain: of what stands in a slot, from the head with its length and the root's digest on
    /// (DSP0274 1.3, 10.6.1). False ends it.
    fn portion(&mut self, bytes: &[u8]) -> bool;

    /// The chain is whole, and has the digest that was given. The key of its leaf, where it is trusted.
    fn finish(&mut self) -> Option<P::VerifyingKey>;
}

impl<P: Provider> Requesters<P> for () {
    const PRESENT: bool = false;
    type Keep<T> = ();

    fn known(&mut self, _: u8, _: SignatureAlgorithm) -> Option<(Digest, P::VerifyingKey)> {
        None
    }

    fn begin(&mut self, _: u8, _: &Digest, _: SignatureAlgorithm) {}

    fn portion(&mut self, _: &[u8]) -> bool {
        false
    }

    fn finish(&mut self) -> Option<P::VerifyingKey> {
        None
    }
}
