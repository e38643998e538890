//! Who our responder is: identities made from a seed, whose roots stand where their requester looks for its own.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use anyhow::{Context, Result, anyhow};
use lanewarden_aws_lc::PrivateKey;
use lanewarden_crypto::{HashAlgorithm, SignError, SignatureAlgorithm, Signed, Signer, Signing};
use lanewarden_identity::{Identity, IdentitySpec, Mistake, Role, Seed};
use lanewarden_spdm::Identities;

use crate::names;
use crate::scratch::Scratch;

/// Slots that hold a chain.
pub const SLOTS: [u8; 2] = [0, 1];

/// Chains of two roots, and the keys of their leaves.
pub struct Chains {
    slots: [Slot; SLOTS.len()],
}

struct Slot {
    identity: Arc<Identity>,
    certificates: Vec<u8>,
    signer: Box<dyn Signer + Send>,
}

impl Chains {
    /// For this algorithm.
    ///
    /// # Errors
    /// Where they cannot be made.
    pub fn new(signature: SignatureAlgorithm) -> Result<Self> {
        Self::made(|slot| identity(signature, slot), |key| Box::new(key))
    }

    /// With signatures in each of which one bit is wrong.
    ///
    /// # Errors
    /// Where they cannot be made.
    pub fn flawed(signature: SignatureAlgorithm) -> Result<Self> {
        Self::made(|slot| identity(signature, slot), |key| Box::new(Flawed(key)))
    }

    /// Of a requester.
    ///
    /// # Errors
    /// Where they cannot be made.
    pub fn requester(signature: SignatureAlgorithm) -> Result<Self> {
        let of_requester = |slot| {
            let mut spec = spec(signature);
            // Their responder checks a chain that it has from before as one of a responder.
            spec.leaf.role = Role::Both;
            Ok(Arc::new(Identity::generate(&seed(slot), &spec)?))
        };
        Self::made(of_requester, |key| Box::new(key))
    }

    /// With leaves that another key than their issuer's has signed.
    ///
    /// # Errors
    /// Where they cannot be made.
    pub fn unsigned(signature: SignatureAlgorithm) -> Result<Self> {
        let mistaken = |slot| {
            let mut spec = spec(signature);
            spec.leaf.mistake = Some(Mistake::WrongIssuerKey);
            Ok(Arc::new(Identity::generate(&seed(slot), &spec)?))
        };
        Self::made(mistaken, |key| Box::new(key))
    }

    fn made(
        identity: impl Fn(u8) -> Result<Arc<Identity>>,
        signer: impl Fn(PrivateKey) -> Box<dyn Signer + Send>,
    ) -> Result<Self> {
        let of_slot = |slot| {
            let identity = identity(slot)?;
            let key = PrivateKey::from_pkcs8(identity.key())?;
            let certificates = identity.chain_der();
            anyhow::Ok(Slot { identity, certificates, signer: signer(key) })
        };
        Ok(Self { slots: [of_slot(0)?, of_slot(1)?] })
    }

    /// DER of a slot's root.
    #[must_use]
    pub fn root(&self, slot: u8) -> &[u8] {
        self.slots.get(usize::from(slot)).map_or(&[], |slot| slot.identity.root())
    }

    /// Puts the chain of slot 0 where their responder looks for that of a requester it knows.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn provision(&self, scratch: &Scratch, signature: SignatureAlgorithm) -> Result<()> {
        let chain = self.certificates(0).unwrap_or_default();
        scratch.replace(names::folder(signature), "bundle_requester.certchain.der", chain)
    }

    /// Writes slots, each into a folder of its own in this one.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub fn save(&self, folder: &Path) -> Result<()> {
        for (number, slot) in SLOTS.iter().zip(&self.slots) {
            slot.identity.save(&folder.join(format!("slot{number}")))?;
        }
        Ok(())
    }

    /// The private key of a slot.
    ///
    /// # Errors
    /// Where the slot is empty.
    pub fn key(&self, slot: u8) -> Result<PrivateKey> {
        let slot = self.slots.get(usize::from(slot)).context("an empty slot")?;
        Ok(PrivateKey::from_pkcs8(slot.identity.key())?)
    }
}

impl Identities for Chains {
    fn provisioned(&self) -> u8 {
        SLOTS.iter().fold(0, |mask, slot| mask | 1 << slot)
    }

    fn certificates(&self, slot: u8) -> Option<&[u8]> {
        self.slots.get(usize::from(slot)).map(|slot| slot.certificates.as_slice())
    }

    fn signer(&mut self, slot: u8) -> Option<&mut dyn Signer> {
        let slot = self.slots.get_mut(usize::from(slot))?;
        Some(slot.signer.as_mut())
    }
}

/// Signs, and turns one bit over.
struct Flawed(PrivateKey);

impl Signer for Flawed {
    fn supports(&self, algorithm: SignatureAlgorithm) -> bool {
        self.0.supports(algorithm)
    }

    fn sign(
        &mut self,
        algorithm: SignatureAlgorithm,
        signed: Signed<'_>,
        signature: &mut [u8],
    ) -> Result<Signing, SignError> {
        let done = self.0.sign(algorithm, signed, signature);
        if let Some(byte) = signature.get_mut(algorithm.signature_size() / 2) {
            *byte ^= 1;
        }
        done
    }
}

type Made = Arc<OnceLock<Option<Arc<Identity>>>>;

/// Made once in a run, since RSA takes its time.
fn identity(signature: SignatureAlgorithm, slot: u8) -> Result<Arc<Identity>> {
    static MADE: OnceLock<Mutex<HashMap<(&str, u8), Made>>> = OnceLock::new();
    // RSASSA and RSAPSS have the same keys, but their certificates are signed differently.
    let place = (signature.name(), slot);
    let made = {
        let all = MADE.get_or_init(Mutex::default).lock();
        Arc::clone(all.map_err(|_| anyhow!("another identity failed"))?.entry(place).or_default())
    };
    let identity = made.get_or_init(|| Identity::generate(&seed(slot), &spec(signature)).ok().map(Arc::new));
    identity.clone().ok_or_else(|| anyhow!("no identity of {signature}"))
}

fn seed(slot: u8) -> Seed {
    Seed::new([slot + 1; 32])
}

fn spec(signature: SignatureAlgorithm) -> IdentitySpec {
    IdentitySpec::of(signature, issuing(signature))
}

/// The hash that certificates of an algorithm are signed over, whatever SPDM hashes with.
const fn issuing(signature: SignatureAlgorithm) -> HashAlgorithm {
    match signature.signature_size() {
        0..96 | 256 => HashAlgorithm::Sha256,
        96 | 384 => HashAlgorithm::Sha384,
        _ => HashAlgorithm::Sha512,
    }
}
