//! What a device knows of requesters: a key that both share, and the one requester that it trusts.

use lanewarden_crypto::{Digest, Hash, HashAlgorithm, Provider, SignatureAlgorithm};
use lanewarden_spdm::responder::{PresharedKeys, Requesters};

use super::crypto::StubKey;
use super::{Device, Stub, chain, leaf};

/// By what the shared key is found.
pub const HINT: &[u8] = b"hint";
/// The shared key.
pub const PSK: &[u8] = b"a key that both have";
/// The leaf of the trusted requester.
pub const REQUESTER: u8 = 8;

/// The shared key, with a context of the device's or without.
#[derive(Clone, Copy, Debug)]
pub struct Shared<const CONTEXT: bool>;

impl<const C: bool> PresharedKeys for Shared<C> {
    const CONTEXT: bool = C;

    fn key(&self, hint: &[u8]) -> Option<&[u8]> {
        (hint == HINT).then_some(PSK)
    }
}

/// The digest of a slot that holds this leaf.
pub fn slot_digest(algorithm: HashAlgorithm, of: u8) -> Digest {
    let (root, certificates) = Device::certificates_of(of);
    let mut hash = Stub::default().hash(algorithm).unwrap();
    Hash::update(&mut hash, &chain(algorithm, &certificates, &root));
    Hash::finish(hash)
}

/// Trusts the chain of [`REQUESTER`], as it comes or from before.
#[derive(Clone, Debug)]
pub struct Trust {
    known: Option<HashAlgorithm>,
    coming: Vec<u8>,
    algorithm: Option<HashAlgorithm>,
}

impl Trust {
    /// One that knows it from before where the hash is given that will be agreed on.
    pub const fn new(known: Option<HashAlgorithm>) -> Self {
        Self { known, coming: Vec::new(), algorithm: None }
    }
}

impl Requesters<Stub> for Trust {
    type Keep<T> = Option<T>;

    fn known(&mut self, slot: u8, _: SignatureAlgorithm) -> Option<(Digest, StubKey)> {
        let digest = slot_digest(self.known?, REQUESTER);
        (slot == 0).then(|| (digest, StubKey(leaf(REQUESTER).point.to_vec())))
    }

    fn begin(&mut self, _: u8, digest: &Digest, _: SignatureAlgorithm) {
        self.coming.clear();
        self.algorithm = Some(digest.algorithm());
    }

    fn portion(&mut self, bytes: &[u8]) -> bool {
        self.coming.extend(bytes);
        self.coming.len() <= 0x1_0000
    }

    fn finish(&mut self) -> Option<StubKey> {
        let (root, certificates) = Device::certificates_of(REQUESTER);
        let is_trusted = self.coming == chain(self.algorithm?, &certificates, &root);
        is_trusted.then(|| StubKey(leaf(REQUESTER).point.to_vec()))
    }
}
