//! Whose key vouches for the device: its chain of certificates is read and judged.

use lanewarden_crypto::Provider;
use lanewarden_spdm::certificate::{ChainReader, DeviceIdentity, Distrust, Revocations, Rules, TrustAnchors};
use lanewarden_spdm::crypto::{Digest, SignatureAlgorithm};
use lanewarden_spdm::message::{CertificatePortion, Digests, SLOTS};
use lanewarden_spdm::requester::PeerKey;

use crate::{Failure as Stopped, Trust};

/// The longest certificate.
const LONGEST_CERTIFICATE: usize = 0x4000;

type Reader<'t, P> = ChainReader<P, &'t dyn TrustAnchors, &'t dyn Revocations, Vec<u8>>;

/// Reads a chain and judges it.
pub struct Judge<'t, P: Provider> {
    provider: P,
    trust: &'t Trust<'t, P>,
    wanted: Option<u8>,
    /// Whether a chain that is not trusted will do.
    untrusted: bool,
    slot: u8,
    reader: Option<Reader<'t, P>>,
    distrust: Option<Distrust>,
    /// What the certificate has to be for, where that is known.
    device: Option<DeviceIdentity>,
}

impl<'t, P: Provider + Clone> Judge<'t, P>
where
    P::VerifyingKey: Clone,
{
    /// Of the chain in this slot, or in the first that holds one.
    pub const fn new(provider: P, trust: &'t Trust<'t, P>, wanted: Option<u8>, untrusted: bool) -> Self {
        Self { provider, trust, wanted, untrusted, slot: 0, reader: None, distrust: None, device: None }
    }

    /// The same, whose certificate has to be for this device (PCIe 6.1, 6.31.3).
    #[must_use]
    pub fn of_device(self, device: DeviceIdentity) -> Self {
        Self { device: Some(device), ..self }
    }

    /// The slot.
    pub const fn slot(&self) -> u8 {
        self.slot
    }

    /// Why the chain is not trusted; `None` where it is.
    pub const fn distrust(&self) -> Option<Distrust> {
        self.distrust
    }

    /// Takes the slot that is wanted.
    ///
    /// # Errors
    /// [`Stopped::NoChain`].
    pub fn choose(&mut self, digests: &Digests<'_>) -> Result<(), Stopped> {
        let holds = |slot: &u8| digests.digest(*slot).is_some();
        let first = || (0..SLOTS).find(holds);
        let slot = self.wanted.map_or_else(first, |slot| Some(slot).filter(holds));
        self.slot = slot.ok_or(Stopped::NoChain(self.wanted.unwrap_or(0)))?;
        Ok(())
    }

    /// The chain of this digest comes.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn begin(&mut self, digest: Option<&Digest>) -> Result<(), Stopped> {
        let digest = *digest.ok_or(Stopped::NoChain(self.slot))?;
        let rules = Rules::responder(digest.algorithm(), self.trust.now());
        let (anchors, revocations) = (self.trust.anchors(), self.trust.revocations());
        let reader = ChainReader::new(
            self.provider.clone(),
            anchors,
            revocations,
            rules,
            vec![0; LONGEST_CERTIFICATE],
        );
        self.reader = Some(reader.map_err(Stopped::Chain)?.knowing(digest));
        Ok(())
    }

    /// A part of it has come.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn take(&mut self, portion: &CertificatePortion<'_>) -> Result<(), Stopped> {
        self.reader.iter_mut().try_for_each(|reader| reader.push(portion.bytes)).map_err(Stopped::Chain)
    }

    /// All of it has come: the key that it vouches for.
    ///
    /// # Errors
    /// Where it cannot be read, or is not trusted and has to be.
    pub fn finish(
        &mut self,
        algorithm: Option<SignatureAlgorithm>,
    ) -> Result<PeerKey<P::VerifyingKey>, Stopped> {
        let reader = self.reader.take().ok_or(Stopped::NoChain(self.slot))?;
        let validated = reader.finish().map_err(Stopped::Chain)?;
        self.distrust = validated.distrust.first().copied();
        if let Some(distrust) = self.distrust.filter(|_| !self.untrusted) {
            return Err(Stopped::Untrusted(distrust));
        }
        let leaf = validated.leaf;
        if let Some(device) = &self.device {
            leaf.identity().check(device).map_err(Stopped::NotThisDevice)?;
        }
        if algorithm.is_some_and(|algorithm| !leaf.suits(algorithm)) {
            return Err(Stopped::WrongKey);
        }
        Ok(PeerKey { key: leaf.key().clone(), chain: *leaf.chain_digest() })
    }
}
