//! What the device is made of: identities from a folder, measurements of files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lanewarden_aws_lc::PrivateKey;
use lanewarden_crypto::{SignError, SignatureAlgorithm, Signed, Signer, Signing};
use lanewarden_identity::{FolderError, Identity};
use lanewarden_spdm::Identities;
use lanewarden_spdm::message::ValueType;
use lanewarden_spdm::responder::{Measurement, MeasurementSource, Value};

use crate::exit::{Exit, Failure};
use crate::verb::files;

/// The longest file that is measured.
const LONGEST: usize = 16 << 20;
/// What the program says of itself.
const FIRMWARE: &str = concat!("lanewarden ", env!("CARGO_PKG_VERSION"));
/// Measurements of its own, before those of files.
const OWN: u8 = 2;

/// Chains and keys by slot.
pub struct Slots(BTreeMap<u8, Slot>);

struct Slot {
    certificates: Vec<u8>,
    key: Key,
}

/// A key, which may be told to sign wrongly.
struct Key {
    key: PrivateKey,
    is_wrong: bool,
}

impl Slots {
    /// Of a folder with a chain and a key, or with folders slot0 to slot7.
    pub fn load(folder: &Path, is_wrong: bool) -> Result<Self, Failure> {
        let mut slots = BTreeMap::new();
        for (number, identity) in identities(folder)? {
            let key = PrivateKey::from_pkcs8(identity.key())
                .map_err(|error| Failure::new(Exit::Protocol, format!("{}: {error}", folder.display())))?;
            slots.insert(number, Slot { certificates: identity.chain_der(), key: Key { key, is_wrong } });
        }
        Ok(Self(slots))
    }
}

fn identities(folder: &Path) -> Result<BTreeMap<u8, Identity>, Failure> {
    let slotted = (0..8).any(|slot| folder.join(format!("slot{slot}")).is_dir());
    let loaded = if slotted {
        Identity::load_slots(folder)
    } else {
        Identity::load(folder).map(|identity| BTreeMap::from([(0, identity)]))
    };
    loaded.map_err(|error| folder_failure(&error))
}

/// A folder that holds no identity.
pub fn folder_failure(error: &FolderError) -> Failure {
    Failure::new(Exit::Protocol, error)
        .hint("an identity is a folder with chain.pem and key.pem; --make makes one for tests")
}

impl Identities for Slots {
    fn provisioned(&self) -> u8 {
        self.0.keys().fold(0, |all, slot| all | 1_u8.checked_shl((*slot).into()).unwrap_or(0))
    }

    fn certificates(&self, slot: u8) -> Option<&[u8]> {
        self.0.get(&slot).map(|slot| slot.certificates.as_slice())
    }

    fn signer(&mut self, slot: u8) -> Option<&mut dyn Signer> {
        self.0.get_mut(&slot).map(|slot| &mut slot.key as &mut dyn Signer)
    }
}

impl Signer for Key {
    fn supports(&self, algorithm: SignatureAlgorithm) -> bool {
        self.key.supports(algorithm)
    }

    fn sign(
        &mut self,
        algorithm: SignatureAlgorithm,
        signed: Signed<'_>,
        signature: &mut [u8],
    ) -> Result<Signing, SignError> {
        let signing = self.key.sign(algorithm, signed, signature)?;
        if let Some(byte) = signature.last_mut().filter(|_| self.is_wrong) {
            *byte ^= 1;
        }
        Ok(signing)
    }
}

/// Measurements: of the program, and of files.
pub struct Files(Vec<Vec<u8>>);

impl Files {
    /// Reads the files.
    pub fn read(paths: &[PathBuf]) -> Result<Self, Failure> {
        let read = |path: &PathBuf| {
            let bytes = files::read(path, LONGEST)?;
            if bytes.len() > LONGEST {
                let message =
                    format!("{}: longer than the {LONGEST} bytes that are measured", path.display());
                return Err(Failure::new(Exit::Usage, message));
            }
            Ok(bytes)
        };
        if paths.len() > 200 {
            return Err(Failure::new(Exit::Usage, "more than 200 files to measure"));
        }
        paths.iter().map(read).collect::<Result<_, _>>().map(Self)
    }
}

impl MeasurementSource for Files {
    fn count(&self) -> u8 {
        u8::try_from(self.0.len()).unwrap_or(u8::MAX).saturating_add(OWN)
    }

    fn measurement(&self, place: u8) -> Option<Measurement<'_>> {
        let (kind, value) = match place {
            0 => (ValueType::MUTABLE_FIRMWARE, Value::Measured(FIRMWARE.as_bytes())),
            1 => (ValueType::VERSION, Value::Plain(FIRMWARE.as_bytes())),
            _ => {
                let file = self.0.get(usize::from(place.checked_sub(OWN)?))?;
                (ValueType::FIRMWARE_CONFIGURATION, Value::Measured(file))
            }
        };
        Some(Measurement { index: place.checked_add(1)?, kind, is_tcb: place == 0, value })
    }
}
