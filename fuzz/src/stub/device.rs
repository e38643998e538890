//! A device: two slots, four measurements, and a vendor's function that says what it hears.

use core::time::Duration;
use std::sync::OnceLock;

use lanewarden_crypto::{Curve, SignError, SignatureAlgorithm, Signed, Signer, Signing};
use lanewarden_spdm::Identities;
use lanewarden_spdm::Instant;
use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::message::{ErrorCode, Registry, ValueType};
use lanewarden_spdm::responder::{
    Context, Endpoint, Measurement, MeasurementSource, Responder, Value, VendorHandler,
};

use super::certificate::{DEVICE, Party, certificate};
use super::sign;

/// 2030-01-01, when every certificate is valid.
pub const NOW: u64 = 1_893_456_000;

/// The root.
pub const fn root() -> Party {
    Party { name: "root", point: [0x11; 64] }
}

/// The owner of a slot's leaf certificate.
pub const fn leaf(slot: u8) -> Party {
    Party { name: "device", point: [0x40 | slot; 64] }
}

/// Its slots: certificates, and how often its signer is not ready before it is.
pub struct Device {
    certificates: Vec<u8>,
    other: Vec<u8>,
    signers: [Key; 2],
}

struct Key {
    point: [u8; 64],
    delays: u8,
    left: u8,
}

impl Device {
    /// One whose signatures take so many attempts more.
    pub fn new(delays: u8) -> Self {
        Self::from_leaf(0, delays)
    }

    /// The same with other keys: those of this leaf and the next.
    pub fn from_leaf(first: u8, delays: u8) -> Self {
        let leaves = [first, first + 1];
        let signers = leaves.map(|of| Key { point: leaf(of).point, delays, left: delays });
        let [certificates, other] = leaves.map(|of| Self::certificates_of(of).1);
        Self { certificates, other, signers }
    }

    /// The root, and all certificates of a slot from the root down.
    pub fn certificates_of(slot: u8) -> (Vec<u8>, Vec<u8>) {
        static MADE: [OnceLock<(Vec<u8>, Vec<u8>)>; 16] = [const { OnceLock::new() }; 16];
        MADE[usize::from(slot)].get_or_init(|| Self::make_certificates(slot)).clone()
    }

    fn make_certificates(slot: u8) -> (Vec<u8>, Vec<u8>) {
        let root_certificate = certificate(&root(), &root(), None);
        let leaf = certificate(&leaf(slot), &root(), Some(DEVICE));
        (root_certificate.clone(), [root_certificate, leaf].concat())
    }
}

impl Identities for Device {
    fn provisioned(&self) -> u8 {
        0b11
    }

    fn certificates(&self, slot: u8) -> Option<&[u8]> {
        match slot {
            0 => Some(&self.certificates),
            1 => Some(&self.other),
            _ => None,
        }
    }

    fn signer(&mut self, slot: u8) -> Option<&mut dyn Signer> {
        self.signers.get_mut(usize::from(slot)).map(|key| key as &mut dyn Signer)
    }
}

impl Signer for Key {
    fn supports(&self, algorithm: SignatureAlgorithm) -> bool {
        algorithm == SignatureAlgorithm::Ecdsa(Curve::P256)
    }

    fn sign(
        &mut self,
        algorithm: SignatureAlgorithm,
        signed: Signed<'_>,
        signature: &mut [u8],
    ) -> Result<Signing, SignError> {
        if self.left > 0 {
            self.left -= 1;
            return Ok(Signing::Pending(Duration::from_millis(5)));
        }
        self.left = self.delays;
        let made = sign(&self.point, algorithm, signed);
        signature.get_mut(..made.len()).ok_or(SignError::NoRoom)?.copy_from_slice(&made);
        Ok(Signing::Done)
    }
}

/// What it says it runs.
#[derive(Clone, Copy, Debug)]
pub struct Firmware;

impl MeasurementSource for Firmware {
    fn count(&self) -> u8 {
        4
    }

    fn measurement(&self, place: u8) -> Option<Measurement<'_>> {
        let (index, kind, value) = match place {
            0 => (1, ValueType::IMMUTABLE_ROM, Value::Measured(b"rom")),
            1 => (2, ValueType::MUTABLE_FIRMWARE, Value::Measured(b"firmware")),
            2 => (3, ValueType::FIRMWARE_CONFIGURATION, Value::Measured(&[7; 300])),
            3 => (0x10, ValueType::SECURITY_VERSION, Value::Plain(&[7, 0, 0, 0, 0, 0, 0, 0])),
            _ => return None,
        };
        Some(Measurement { index, kind, is_tcb: place < 2, value })
    }
}

/// Says what it hears, where there is room.
#[derive(Clone, Copy, Debug)]
pub struct Echo;

impl VendorHandler for Echo {
    fn handle(
        &mut self,
        _: Context,
        registry: Registry<'_>,
        asked: &[u8],
        out: &mut [u8],
    ) -> Result<usize, ErrorCode> {
        if registry.body != Registry::PCI_SIG {
            return Err(ErrorCode::UNSUPPORTED_REQUEST);
        }
        let room = out.get_mut(..asked.len()).ok_or(ErrorCode::RESPONSE_TOO_LARGE)?;
        room.copy_from_slice(asked);
        Ok(asked.len())
    }
}

/// What a responder answers outside of sessions, with no time passing.
pub fn plain<E: Endpoint>(responder: &mut Responder<E, Vec<u8>>, message: &[u8]) -> Option<Vec<u8>> {
    let (_, answer) = responder.respond(Instant::ORIGIN, MessageKind::Plain, &mut message.to_vec())?;
    Some(answer.to_vec())
}
