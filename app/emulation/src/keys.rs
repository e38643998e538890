//! A device's chain and key, and how it signs.

use std::time::Duration;

use lanewarden_crypto::{SignError, SignatureAlgorithm, Signed, Signer, Signing};
use lanewarden_identity::{Identity, KeyKind};
use lanewarden_rustcrypto::{PrivateKey, PrivateKeyError, RsaPrivateKey};
use lanewarden_sim::scenario::{Misbehaviour, NotReady, Spdm};
use lanewarden_spdm::Identities;

use crate::random::Stream;

/// For how long an endless signature is put off each time.
const ENDLESS: Duration = Duration::from_millis(50);

/// The chain in its slots, and the key of its leaf.
pub(crate) struct Keys {
    /// A bit for each slot.
    slots: u8,
    certificates: Vec<u8>,
    signer: Habit,
}

impl Keys {
    pub fn new(identity: &Identity, spdm: &Spdm, random: Stream) -> Result<Self, PrivateKeyError> {
        let slots = spdm.slots.iter().fold(0, |all, slot| all | 1_u8.wrapping_shl(u32::from(*slot)));
        let signer = Habit {
            key: key_of(identity, random)?,
            late: spdm.not_ready,
            misbehaviour: spdm.misbehave,
            delays: 0,
            made: false,
        };
        Ok(Self { slots, certificates: identity.chain_der(), signer })
    }

    /// Whether a signature has been made since this was asked last.
    pub fn has_signed(&mut self) -> bool {
        std::mem::take(&mut self.signer.made)
    }

    const fn holds(&self, slot: u8) -> bool {
        slot < 8 && self.slots & 1_u8.wrapping_shl(slot as u32) != 0
    }
}

impl Identities for Keys {
    fn provisioned(&self) -> u8 {
        self.slots
    }

    fn certificates(&self, slot: u8) -> Option<&[u8]> {
        self.holds(slot).then_some(&self.certificates)
    }

    fn signer(&mut self, slot: u8) -> Option<&mut dyn Signer> {
        if self.holds(slot) { Some(&mut self.signer) } else { None }
    }
}

/// A key whose signatures repeat: on curves they need no randomness, and that of RSA comes from a stream.
fn key_of(identity: &Identity, random: Stream) -> Result<Box<dyn Signer + Send>, PrivateKeyError> {
    Ok(match identity.kind() {
        KeyKind::Rsa(_) => Box::new(RsaPrivateKey::from_pkcs8(identity.key(), random)?),
        KeyKind::Ec(_) | KeyKind::Ed25519 => Box::new(PrivateKey::from_pkcs8(identity.key())?),
    })
}

/// A key, and what is peculiar about how it is used.
struct Habit {
    key: Box<dyn Signer + Send>,
    late: Option<NotReady>,
    misbehaviour: Option<Misbehaviour>,
    /// How often the signature in work has been put off.
    delays: u8,
    made: bool,
}

impl Habit {
    fn delay(&mut self) -> Option<Duration> {
        if self.misbehaviour == Some(Misbehaviour::EndlessNotReady) {
            return Some(ENDLESS);
        }
        let late = self.late.filter(|late| self.delays < late.times);
        self.delays = if late.is_some() { self.delays.saturating_add(1) } else { 0 };
        late.map(NotReady::wait)
    }
}

impl Signer for Habit {
    fn supports(&self, algorithm: SignatureAlgorithm) -> bool {
        self.key.supports(algorithm)
    }

    fn sign(
        &mut self,
        algorithm: SignatureAlgorithm,
        signed: Signed<'_>,
        signature: &mut [u8],
    ) -> Result<Signing, SignError> {
        if let Some(wait) = self.delay() {
            return Ok(Signing::Pending(wait));
        }
        let done = self.key.sign(algorithm, signed, signature)?;
        self.made = true;
        // The least significant byte: still a number that a signature could hold.
        let last = signature.get_mut(..algorithm.signature_size()).and_then(<[u8]>::last_mut);
        if let Some(byte) = last.filter(|_| self.misbehaviour == Some(Misbehaviour::WrongSignature)) {
            *byte ^= 1;
        }
        Ok(done)
    }
}
