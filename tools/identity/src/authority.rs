//! Who signs certificates.

use x509_cert::name::RdnSequence;

use crate::certificate::{self, Contents};
use crate::error::GenerateError;
use crate::extensions::{self, KeyId};
use crate::identity::Identity;
use crate::key::{KeyKind, PrivateKey};
use crate::seed::Seed;
use crate::signing::Method;
use crate::spec::{AuthoritySpec, LeafSpec, MAX_CERTIFICATES, Mistake, Subject, Validity};

/// A root, what stands between it and the devices, and the key that signs the devices' certificates. The keys further up
/// are gone once it is made.
pub struct Authority {
    seed: Seed,
    spec: AuthoritySpec,
    /// Root first.
    certificates: Vec<Vec<u8>>,
    /// The lowest; `None` where devices sign for themselves.
    issuer: Option<Party>,
}

/// Someone with a key and a name.
struct Party {
    key: PrivateKey,
    public: Vec<u8>,
    key_id: KeyId,
    name: RdnSequence,
}

impl Party {
    fn new(kind: KeyKind, seed: &Seed, subject: &Subject) -> Result<Self, GenerateError> {
        let key = PrivateKey::from_seed(kind, seed, "")?;
        let public = key.public()?.into_vec();
        Ok(Self { key_id: KeyId::of(&public)?, public, key, name: certificate::name(subject)? })
    }
}

impl Authority {
    /// Makes one.
    ///
    /// # Errors
    /// [`GenerateError`].
    pub fn new(seed: &Seed, spec: &AuthoritySpec) -> Result<Self, GenerateError> {
        let length = spec.certificates.saturating_add(1);
        if length > MAX_CERTIFICATES {
            return Err(GenerateError::TooLong(length));
        }
        let method = Method::new(spec.algorithm, spec.hash)?;
        let mut authority =
            Self { seed: seed.clone(), spec: spec.clone(), certificates: Vec::new(), issuer: None };
        for level in 0..spec.certificates {
            authority.go_down(level, method)?;
        }
        Ok(authority)
    }

    /// One more below the lowest.
    fn go_down(&mut self, level: usize, method: Method) -> Result<(), GenerateError> {
        let seed = self.seed.derive(&format!("authority {level}"))?;
        let party = Party::new(KeyKind::of(method.algorithm()), &seed, &subject(&self.spec.name, level))?;
        let issuer = self.issuer.as_ref().unwrap_or(&party);
        let below = self.spec.certificates.saturating_sub(level).saturating_sub(1);
        let below = u8::try_from(below).map_err(|_| GenerateError::TooLong(below))?;
        let contents = Contents {
            issuer: &issuer.name,
            subject: &party.name,
            validity: self.spec.validity,
            key: &party.public,
            extensions: extensions::of_authority(&party.key_id, &issuer.key_id, below)?,
        };
        let certificate = certificate::sign(contents, &issuer.key, method, &seed)?;
        self.certificates.push(certificate);
        self.issuer = Some(party);
        Ok(())
    }

    /// DER of its certificates, root first.
    #[must_use]
    pub fn certificates(&self) -> &[Vec<u8>] {
        &self.certificates
    }

    /// DER of the root; `None` where devices sign for themselves.
    #[must_use]
    pub fn root(&self) -> Option<&[u8]> {
        self.certificates.first().map(Vec::as_slice)
    }

    /// An identity for one device. The seed is the device's own: two devices never share one.
    ///
    /// # Errors
    /// [`GenerateError`].
    pub fn issue(&self, seed: &Seed, spec: &LeafSpec) -> Result<Identity, GenerateError> {
        let seed = seed.derive("device")?;
        let device = Party::new(KeyKind::of(spec.algorithm), &seed, &spec.subject)?;
        let issuer = self.issuer.as_ref().unwrap_or(&device);
        // A device that signs for itself does so with its own algorithm.
        let algorithm = if self.issuer.is_some() { self.spec.algorithm } else { spec.algorithm };
        let method = Method::new(algorithm, self.spec.hash)?;
        let contents = Contents {
            issuer: &issuer.name,
            subject: &device.name,
            validity: validity(spec),
            key: &device.public,
            extensions: extensions::of_leaf(&device.key_id, &issuer.key_id, spec)?,
        };
        let stranger = stranger(spec, method, &seed)?;
        let leaf = certificate::sign(contents, stranger.as_ref().unwrap_or(&issuer.key), method, &seed)?;
        let mut chain = self.certificates.clone();
        chain.push(leaf);
        Ok(Identity::new(chain, device.key.to_pkcs8()?, KeyKind::of(spec.algorithm)))
    }
}

fn subject(name: &str, level: usize) -> Subject {
    let common_name =
        if level == 0 { format!("{name} root") } else { format!("{name} intermediate {level}") };
    Subject { common_name, ..Subject::default() }
}

fn validity(spec: &LeafSpec) -> Validity {
    match spec.mistake {
        Some(Mistake::Expired) => spec.validity.begun_and_over(),
        Some(Mistake::NotYetValid) => spec.validity.still_to_come(),
        _ => spec.validity,
    }
}

/// A key that signs in place of the issuer's, where that is the mistake.
fn stranger(spec: &LeafSpec, method: Method, seed: &Seed) -> Result<Option<PrivateKey>, GenerateError> {
    (spec.mistake == Some(Mistake::WrongIssuerKey))
        .then(|| PrivateKey::from_seed(KeyKind::of(method.algorithm()), seed, "stranger"))
        .transpose()
}

#[cfg(test)]
mod tests;
