//! The rules of a chain, certificate by certificate from the root down (RFC 5280, 6.1; DSP0274 1.3, 10.8; PCIe 6.1,
//! 6.31.3). Of a certificate only its key, the digest of its subject and the count of CAs below stay.
//!
//! Steps that come one after the other are not inlined: their frames would all lie on the stack at once, below that of a
//! verification, where small devices have the least room.

use lanewarden_crypto::{Digest, HashAlgorithm, KeyError, Provider, VerifyError};

use super::trust::MAX_CANDIDATES;
use super::{
    Certificate, CertificateId, ChainError, ChainKey, Distrust, ExtendedUsage, KeyKind, KeyUsage, Leaf,
    ModelHints, Place, Reasons, Revocations, Role, Rules, SpdmMarks, TrustAnchors, Validated, Validity,
    digest,
};

/// What certificates are judged by.
pub(super) struct World<'w, P, A, R> {
    pub(super) provider: &'w P,
    pub(super) anchors: &'w A,
    pub(super) revocations: &'w R,
}

type Key<P> = Result<(<P as Provider>::VerifyingKey, KeyKind), KeyError>;

/// What is kept of the certificate before; while the first is looked at, of itself.
struct Above<P: Provider> {
    subject: Digest,
    key: Key<P>,
}

/// A chain so far.
pub(super) struct Walk<P: Provider> {
    rules: Rules,
    root_hash: Digest,
    index: u32,
    above: Option<Above<P>>,
    /// Whether the first certificate is a trust anchor itself.
    is_anchor: bool,
    /// How many CAs may still come; no bound where it is `None`.
    path: Option<u32>,
    validity: Validity,
    distrust: Reasons,
    hints: ModelHints,
    leaf: Option<(Digest, super::ClaimedIdentity)>,
}

/// How the first certificate stands to the trust anchors.
enum Anchored<'a> {
    Itself,
    By(&'a [u8]),
    Not { named: bool },
}

impl<P: Provider> Walk<P> {
    pub(super) const fn new(rules: Rules, root_hash: Digest) -> Self {
        Self {
            rules,
            root_hash,
            index: 0,
            above: None,
            is_anchor: false,
            path: None,
            validity: Validity::FOREVER,
            distrust: Reasons::NONE,
            hints: ModelHints { hardware_identity: None, mutable: None },
            leaf: None,
        }
    }

    /// How many certificates there were.
    pub(super) const fn index(&self) -> u32 {
        self.index
    }

    /// Takes the next certificate, which is the last one or not.
    #[inline(never)]
    pub(super) fn take<A: TrustAnchors, R: Revocations>(
        &mut self,
        world: &World<'_, P, A, R>,
        der: &[u8],
        last: bool,
    ) -> Result<(), ChainError> {
        // It is large, and looked at where it was read.
        match Certificate::parse(der) {
            Ok(ref certificate) => self.judge(world, certificate, last),
            Err(error) => Err(ChainError::Certificate { index: self.index, error }),
        }
    }

    fn judge<A: TrustAnchors, R: Revocations>(
        &mut self,
        world: &World<'_, P, A, R>,
        certificate: &Certificate<'_>,
        last: bool,
    ) -> Result<(), ChainError> {
        let index = self.index;
        if self.above.is_some() {
            self.issued(world, certificate)?;
            self.descend(world.provider, certificate)?;
        } else {
            self.descend(world.provider, certificate)?;
            self.root(world, certificate)?;
        }
        self.common(world, certificate, Place::Chain(index))?;
        self.mark(certificate);
        if last {
            self.leaf_rules(certificate);
            let key_digest = sha256(world.provider, certificate.key().as_der())?;
            self.leaf = Some((key_digest, *certificate.identity()));
        } else {
            self.issuer_rules(certificate, Place::Chain(index), index == 0 && self.is_anchor);
        }
        self.index = self.index.saturating_add(1);
        Ok(())
    }

    /// What comes next is below this certificate.
    #[inline(never)]
    fn descend(&mut self, provider: &P, certificate: &Certificate<'_>) -> Result<(), ChainError> {
        let subject = sha256(provider, certificate.subject().as_der())?;
        self.above = Some(Above { subject, key: prepare(provider, certificate) });
        Ok(())
    }

    /// The verdict, after the last certificate.
    #[inline(never)]
    pub(super) fn finish<A: TrustAnchors, R: Revocations>(
        self,
        world: &World<'_, P, A, R>,
        chain_digest: Digest,
    ) -> Result<Validated<P>, ChainError> {
        let index = self.index.saturating_sub(1);
        let (Some((key_digest, identity)), Some(above)) = (self.leaf, self.above) else {
            return Err(ChainError::Refused);
        };
        let (key, kind) = above.key.map_err(|error| ChainError::LeafKey { index, error })?;
        let (validity, hints) = (self.validity, self.hints);
        let leaf = Leaf { key, kind, key_digest, identity, chain_digest, validity, hints, index };
        let remember_as = ChainKey::new(chain_digest, self.rules.role, world.anchors, world.revocations);
        Ok(Validated { leaf, distrust: self.distrust, checked_at: self.rules.now, remember_as })
    }

    #[inline(never)]
    fn root<A: TrustAnchors, R: Revocations>(
        &mut self,
        world: &World<'_, P, A, R>,
        certificate: &Certificate<'_>,
    ) -> Result<(), ChainError> {
        // An anchor that is in the chain is the root for whoever trusts it, self-issued or not.
        let mut root = Some(certificate.as_der()).filter(|_| certificate.is_self_issued());
        match self.anchored(world, certificate) {
            Anchored::Itself => {
                self.is_anchor = true;
                root = Some(certificate.as_der());
            }
            Anchored::By(anchor) => {
                self.anchor(world, anchor)?;
                root = root.or(Some(anchor));
            }
            Anchored::Not { named } => {
                self.distrust.push(Distrust::NoAnchor { named });
                if certificate.is_self_issued() {
                    self.signature(world.provider, certificate);
                }
            }
        }
        if let Some(root) = root
            && self.hash(world.provider, root)? != self.root_hash
        {
            self.distrust.push(Distrust::RootHash);
        }
        Ok(())
    }

    /// An anchor that is not in the chain. It has been read before, to see whether it signed; reading it twice is less
    /// than keeping it while signatures are checked.
    #[inline(never)]
    fn anchor<A, R: Revocations>(
        &mut self,
        world: &World<'_, P, A, R>,
        anchor: &[u8],
    ) -> Result<(), ChainError> {
        let Ok(anchor) = Certificate::parse(anchor) else { return Ok(()) };
        self.common(world, &anchor, Place::Anchor)?;
        self.issuer_rules(&anchor, Place::Anchor, true);
        Ok(())
    }

    /// Looks for the anchor; of several that signed it, one that is valid now.
    #[inline(never)]
    fn anchored<'w, A: TrustAnchors, R>(
        &self,
        world: &World<'w, P, A, R>,
        certificate: &Certificate<'_>,
    ) -> Anchored<'w> {
        let of = |subject| (0..MAX_CANDIDATES).map_while(move |number| world.anchors.find(subject, number));
        if of(certificate.subject().as_der()).any(|anchor| anchor == certificate.as_der()) {
            return Anchored::Itself;
        }
        let mut named = false;
        let mut signer = None;
        for anchor in of(certificate.issuer().as_der()) {
            named = true;
            let Some(validity) = signed_by(world.provider, certificate, anchor) else { continue };
            if self.rules.now.is_none_or(|now| validity.contains(now)) {
                return Anchored::By(anchor);
            }
            signer = signer.or(Some(anchor));
        }
        signer.map_or(Anchored::Not { named }, Anchored::By)
    }

    fn issued<A, R>(
        &mut self,
        world: &World<'_, P, A, R>,
        certificate: &Certificate<'_>,
    ) -> Result<(), ChainError> {
        let issuer = sha256(world.provider, certificate.issuer().as_der())?;
        if self.above.as_ref().is_none_or(|above| above.subject != issuer) {
            self.distrust.push(Distrust::Issuer { index: self.index });
        }
        self.signature(world.provider, certificate);
        Ok(())
    }

    /// With the key of the certificate above; the first is its own.
    #[inline(never)]
    fn signature(&mut self, provider: &P, certificate: &Certificate<'_>) {
        let index = self.index;
        let verified = match &self.above {
            Some(Above { key: Ok((key, kind)), .. }) => certificate.verify(provider, key, *kind),
            _ => Err(VerifyError::Unsupported),
        };
        match verified {
            Ok(()) => {}
            Err(VerifyError::Mismatch) => self.distrust.push(Distrust::Signature { index }),
            Err(VerifyError::Unsupported) => self.distrust.push(Distrust::UnsupportedSignature { index }),
        }
    }

    /// What holds for every certificate.
    #[inline(never)]
    fn common<A, R: Revocations>(
        &mut self,
        world: &World<'_, P, A, R>,
        certificate: &Certificate<'_>,
        place: Place,
    ) -> Result<(), ChainError> {
        let Validity { not_before, not_after } = certificate.validity();
        self.validity = self.validity.and(certificate.validity());
        match self.rules.now {
            Some(now) if now < not_before => self.distrust.push(Distrust::NotYetValid { place, not_before }),
            Some(now) if now > not_after => self.distrust.push(Distrust::Expired { place, not_after }),
            _ => {}
        }
        let fingerprint = sha256(world.provider, certificate.as_der())?;
        let (issuer, serial) = (certificate.issuer().as_der(), certificate.serial());
        if world.revocations.is_revoked(&CertificateId { issuer, serial, fingerprint: &fingerprint }) {
            self.distrust.push(Distrust::Revoked(place));
        }
        if let Some(oid) = certificate.unknown_critical() {
            self.distrust.push(Distrust::UnknownCritical { place, oid });
        }
        Ok(())
    }

    /// What holds for one that issues others. An anchor is trusted by itself, so it may be silent about the use of its
    /// key (RFC 5280, 6.1.1 d).
    #[inline(never)]
    fn issuer_rules(&mut self, certificate: &Certificate<'_>, place: Place, is_anchor: bool) {
        let basic = certificate.basic_constraints();
        if !basic.ca {
            self.distrust.push(Distrust::NotCa(place));
        }
        let silent = certificate.key_usage().is_none() && is_anchor;
        let usage = certificate.key_usage().unwrap_or(KeyUsage::empty());
        if !silent && !usage.contains(KeyUsage::KEY_CERT_SIGN) {
            self.distrust.push(Distrust::NoCertSign(place));
        }
        if !certificate.is_self_issued() {
            if self.path == Some(0) {
                self.distrust.push(Distrust::PathLength(place));
            }
            self.path = self.path.map(|path| path.saturating_sub(1));
        }
        self.path = match (self.path, basic.path_length) {
            (Some(path), Some(bound)) => Some(path.min(bound)),
            (path, bound) => path.or(bound),
        };
    }

    /// DSP0274 1.3, 10.8.2.
    #[inline(never)]
    fn leaf_rules(&mut self, certificate: &Certificate<'_>) {
        let (index, version) = (self.index, certificate.version());
        if version != 3 {
            self.distrust.push(Distrust::LeafVersion { index, version });
        }
        if certificate.basic_constraints().ca {
            self.distrust.push(Distrust::LeafIsCa { index });
        }
        let usage = certificate.key_usage().unwrap_or(KeyUsage::empty());
        if usage.contains(KeyUsage::KEY_CERT_SIGN) {
            self.distrust.push(Distrust::LeafSignsCertificates { index });
        }
        if !usage.contains(KeyUsage::DIGITAL_SIGNATURE) {
            self.distrust.push(Distrust::LeafCannotSign { index });
        }
        // Purposes that are not of SPDM say nothing about it: a leaf is refused that is for the other role only.
        let (own, other) = match self.rules.role {
            Role::Responder => (ExtendedUsage::RESPONDER_AUTH, ExtendedUsage::REQUESTER_AUTH),
            Role::Requester => (ExtendedUsage::REQUESTER_AUTH, ExtendedUsage::RESPONDER_AUTH),
        };
        let is_others =
            |usage: ExtendedUsage| usage.contains(other) && !usage.intersects(own | ExtendedUsage::ANY);
        if certificate.extended_key_usage().is_some_and(is_others) {
            self.distrust.push(Distrust::LeafUsage { index });
        }
    }

    fn mark(&mut self, certificate: &Certificate<'_>) {
        let at = |mark| certificate.marks().contains(mark).then_some(self.index);
        self.hints.hardware_identity = self.hints.hardware_identity.or(at(SpdmMarks::HARDWARE_IDENTITY));
        self.hints.mutable = self.hints.mutable.or(at(SpdmMarks::MUTABLE));
    }

    fn hash(&self, provider: &P, bytes: &[u8]) -> Result<Digest, ChainError> {
        digest(provider, self.rules.hash, bytes).ok_or(ChainError::UnsupportedHash(self.rules.hash))
    }
}

#[inline(never)]
fn sha256<P: Provider>(provider: &P, bytes: &[u8]) -> Result<Digest, ChainError> {
    let hash = HashAlgorithm::Sha256;
    digest(provider, hash, bytes).ok_or(ChainError::UnsupportedHash(hash))
}

#[inline(never)]
fn prepare<P: Provider>(provider: &P, certificate: &Certificate<'_>) -> Key<P> {
    let (key, kind) = certificate.key().key().zip(certificate.key().kind()).ok_or(KeyError::Unsupported)?;
    provider.verifying_key(&key).map(|key| (key, kind))
}

/// When the anchor is valid, where it signed the certificate.
#[inline(never)]
fn signed_by<P: Provider>(provider: &P, certificate: &Certificate<'_>, anchor: &[u8]) -> Option<Validity> {
    let anchor = Certificate::parse(anchor).ok()?;
    let (key, kind) = prepare(provider, &anchor).ok()?;
    let is_issuer = anchor.subject().as_der() == certificate.issuer().as_der();
    (is_issuer && certificate.verify(provider, &key, kind).is_ok()).then(|| anchor.validity())
}
