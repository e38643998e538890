//! Whom to trust, as of when.

use std::cell::RefCell;

use lanewarden_crypto::{Digest, Provider};
use lanewarden_spdm::certificate::{
    ChainKey, Leaf, RememberedChains, Revocations, Role, TrustAnchors, Validated,
};

/// Chains that are remembered.
const REMEMBERED: usize = 64;

/// Trust anchors, revocations, the time, and the chains that were trusted under them.
pub struct Trust<'t, P: Provider> {
    anchors: &'t dyn TrustAnchors,
    revocations: &'t dyn Revocations,
    now: Option<u64>,
    remembered: RefCell<Box<RememberedChains<P, REMEMBERED>>>,
}

impl<'t, P: Provider> Trust<'t, P>
where
    P::VerifyingKey: Clone,
{
    /// Trust as of `now`, in Unix seconds; `None` where the time is not known, and validity is then not looked at.
    pub fn new(anchors: &'t dyn TrustAnchors, revocations: &'t dyn Revocations, now: Option<u64>) -> Self {
        Self { anchors, revocations, now, remembered: RefCell::default() }
    }

    /// The anchors.
    pub fn anchors(&self) -> &'t dyn TrustAnchors {
        self.anchors
    }

    /// The revocations.
    pub fn revocations(&self) -> &'t dyn Revocations {
        self.revocations
    }

    /// The time.
    pub fn now(&self) -> Option<u64> {
        self.now
    }

    /// The leaf of a chain that was trusted before, and still is.
    pub fn remembered(&self, chain: &Digest) -> Option<Leaf<P>> {
        let key = ChainKey {
            digest: *chain,
            role: Role::Responder,
            anchors: self.anchors.generation(),
            revocations: self.revocations.generation(),
        };
        self.remembered.borrow_mut().get(&key, self.now)
    }

    /// Remembers a chain, if it is trusted.
    pub fn remember(&self, chain: &Validated<P>) {
        self.remembered.borrow_mut().remember(chain);
    }
}

impl<P: Provider> std::fmt::Debug for Trust<'_, P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trust").field("now", &self.now).finish_non_exhaustive()
    }
}
