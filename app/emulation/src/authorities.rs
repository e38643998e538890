//! Who issues the certificates of a machine's devices.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use lanewarden_identity::{
    Authority, AuthoritySpec, GenerateError, Identity, LeafSpec, Mistake, Seed, Subject, Validity,
};
use lanewarden_sim::SpdmDevice;
use lanewarden_sim::scenario::{self, DEFAULT_AUTHORITY, Misbehaviour, Scenario, Spdm};
use lanewarden_spdm::certificate::DeviceIdentity;

use crate::random;

/// Certificates of a chain where the scenario does not say how many.
const USUAL_LENGTH: u8 = 3;

/// An authority, and how long the chains are that it issues: for each length it has a root of its own, since a root
/// says how many may stand below it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Issuer {
    name: String,
    certificates: u8,
    /// Whether the machine's owner knows it.
    is_known: bool,
}

impl Issuer {
    pub fn usual() -> Self {
        Self { name: DEFAULT_AUTHORITY.to_owned(), certificates: USUAL_LENGTH, is_known: true }
    }

    pub fn of(spdm: &Spdm) -> Self {
        let is_known = spdm.misbehave != Some(Misbehaviour::UnknownAnchor);
        Self { name: spdm.authority.clone(), certificates: spdm.certificates, is_known }
    }

    /// That of a device's certificate, where it is trusted.
    pub fn trusted(spdm: &Spdm) -> Option<Self> {
        Some(Self::of(spdm)).filter(|issuer| issuer.is_known)
    }

    fn label(&self) -> String {
        let kind = if self.is_known { "authority" } else { "stranger" };
        format!("{kind} {} {}", self.certificates, self.name)
    }

    /// What its certificates are named after. Roots of different keys have different names.
    fn title(&self) -> String {
        let name = match (self.is_known, &*self.name) {
            (false, _) => "Nobody's",
            (true, DEFAULT_AUTHORITY) => "Lanewarden lab",
            (true, name) => name,
        };
        match self.certificates {
            USUAL_LENGTH => name.to_owned(),
            length => format!("{name} {length}"),
        }
    }
}

/// All of a machine. Each is made when it is first needed.
pub(crate) struct Authorities {
    seed: u64,
    declared: Vec<scenario::Authority>,
    made: Mutex<HashMap<Issuer, Arc<Authority>>>,
}

impl Authorities {
    pub fn new(scenario: &Scenario) -> Self {
        Self { seed: scenario.seed, declared: scenario.authorities.clone(), made: Mutex::default() }
    }

    /// From what everything of the machine comes that is left to chance.
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    pub fn get(&self, issuer: &Issuer) -> Result<Arc<Authority>, GenerateError> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(authority) = made.get(issuer) {
            return Ok(Arc::clone(authority));
        }
        let declared = self.declared(&issuer.name);
        let spec = AuthoritySpec {
            algorithm: declared.algorithm.0,
            hash: declared.hash.0,
            certificates: usize::from(issuer.certificates).saturating_sub(1),
            validity: validity(&declared),
            name: issuer.title(),
        };
        let seed = Seed::new(random::bytes(self.seed, &issuer.label()));
        let authority = Arc::new(Authority::new(&seed, &spec)?);
        made.insert(issuer.clone(), Arc::clone(&authority));
        Ok(authority)
    }

    fn declared(&self, name: &str) -> scenario::Authority {
        self.declared.iter().find(|authority| authority.name == name).cloned().unwrap_or_default()
    }

    /// The identity of a device: the same for all its mailboxes.
    pub fn issue(&self, device: &SpdmDevice) -> Result<Identity, GenerateError> {
        let spdm = &device.spdm;
        let address = device.mailbox.address.to_string();
        let mistake = (spdm.misbehave == Some(Misbehaviour::ExpiredChain)).then_some(Mistake::Expired);
        let named = if spdm.misbehave == Some(Misbehaviour::OtherCertificate) {
            neighbour(&device.identity)
        } else {
            device.identity
        };
        let spec = LeafSpec {
            algorithm: spdm.algorithm.0,
            validity: validity(&self.declared(&spdm.authority)),
            subject: Subject {
                common_name: device.name.clone().unwrap_or_else(|| address.clone()),
                organization: None,
                serial_number: named.serial.map(|serial| format!("{serial:016x}")),
            },
            pci_name: Some(named.to_string()),
            mistake,
            ..LeafSpec::default()
        };
        let seed = Seed::new(random::bytes(self.seed, &format!("device {address}")));
        self.get(&Issuer::of(spdm))?.issue(&seed, &spec)
    }
}

fn validity(authority: &scenario::Authority) -> Validity {
    authority.validity.map_or_else(Validity::default, |validity| Validity {
        not_before: validity.from.seconds(),
        not_after: validity.until.seconds(),
    })
}

/// Another device of the same make: the one made before it.
fn neighbour(device: &DeviceIdentity) -> DeviceIdentity {
    match device.serial {
        Some(serial) => DeviceIdentity { serial: Some(serial.wrapping_sub(1)), ..*device },
        None => DeviceIdentity { device_id: device.device_id ^ 1, ..*device },
    }
}
