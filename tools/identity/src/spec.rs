//! What an identity shall be.

use lanewarden_crypto::{Curve, Digest, HashAlgorithm, SignatureAlgorithm};

/// The longest chain that is made or read.
pub const MAX_CERTIFICATES: usize = 16;

/// An identity with an authority of its own. By default three certificates of P-384, signed over SHA-384.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdentitySpec {
    /// Who signs.
    pub authority: AuthoritySpec,
    /// The device itself.
    pub leaf: LeafSpec,
}

impl IdentitySpec {
    /// All certificates of the chain under one algorithm.
    #[must_use]
    pub fn of(algorithm: SignatureAlgorithm, hash: HashAlgorithm) -> Self {
        Self {
            authority: AuthoritySpec { algorithm, hash, ..AuthoritySpec::default() },
            leaf: LeafSpec { algorithm, ..LeafSpec::default() },
        }
    }
}

/// The certificates above a device's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthoritySpec {
    /// How the certificates are signed. RSASSA and RSAPSS have the same kind of key.
    pub algorithm: SignatureAlgorithm,
    /// The hash certificates are signed over; of no meaning to Ed25519.
    pub hash: HashAlgorithm,
    /// How many certificates above the leaf, the root counted; with none, a leaf signs itself.
    pub certificates: usize,
    /// When they are valid.
    pub validity: Validity,
    /// What their names begin with: `NAME root`, `NAME intermediate 1`, ...
    pub name: String,
}

impl Default for AuthoritySpec {
    fn default() -> Self {
        Self {
            algorithm: SignatureAlgorithm::Ecdsa(Curve::P384),
            hash: HashAlgorithm::Sha384,
            certificates: 2,
            validity: Validity::default(),
            name: "Lanewarden lab".to_owned(),
        }
    }
}

/// The certificate of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafSpec {
    /// What the device signs with. RSASSA and RSAPSS have the same kind of key.
    pub algorithm: SignatureAlgorithm,
    /// When it is valid.
    pub validity: Validity,
    /// Whose it is.
    pub subject: Subject,
    /// The name as PCIe has it (PCIe 6.1, 6.31.3), such as `Vendor=144d:Device=a80a:CC=010802:REV=00:SSVID=144d:SSID=a801`
    /// and, where the function has one, `:` and the sixteen digits of its serial number.
    pub pci_name: Option<String>,
    /// What firmware it vouches for.
    pub tcb_info: Option<TcbInfo>,
    /// What it may do in SPDM.
    pub role: Role,
    /// What is wrong with it.
    pub mistake: Option<Mistake>,
}

impl Default for LeafSpec {
    fn default() -> Self {
        Self {
            algorithm: SignatureAlgorithm::Ecdsa(Curve::P384),
            validity: Validity::default(),
            subject: Subject::default(),
            pci_name: None,
            tcb_info: None,
            role: Role::Responder,
            mistake: None,
        }
    }
}

/// Whose a leaf certificate is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Common name.
    pub common_name: String,
    /// Organization.
    pub organization: Option<String>,
    /// Serial number of the device.
    pub serial_number: Option<String>,
}

impl Default for Subject {
    fn default() -> Self {
        Self { common_name: "Lanewarden device".to_owned(), organization: None, serial_number: None }
    }
}

/// When a certificate is valid: both ends belong to it, in seconds since 1970 (UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// First second.
    pub not_before: u64,
    /// Last second.
    pub not_after: u64,
}

impl Default for Validity {
    /// From the beginning of 2024 to the beginning of 2054.
    fn default() -> Self {
        Self { not_before: 1_704_067_200, not_after: 2_650_838_400 }
    }
}

impl Validity {
    const DAY: u64 = 86_400;

    /// Only its first day.
    pub(crate) fn begun_and_over(self) -> Self {
        Self { not_after: self.not_before.saturating_add(Self::DAY), ..self }
    }

    /// Only its last day.
    pub(crate) fn still_to_come(self) -> Self {
        Self { not_before: self.not_after.saturating_sub(Self::DAY), ..self }
    }
}

/// What a device vouches for (TCG DICE Attestation Architecture 1.1, 6.1.1). The extension is critical.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcbInfo {
    /// Who made it.
    pub vendor: String,
    /// What it is.
    pub model: String,
    /// Version of the firmware.
    pub version: String,
    /// Security version of the firmware.
    pub svn: u32,
    /// Digest of the firmware.
    pub firmware: Digest,
}

/// What the key may be used for in SPDM (DSP0274 1.3, 10.8.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Answering.
    Responder,
    /// Asking, where the other side wants to know who asks.
    Requester,
    /// Either.
    Both,
}

/// What is wrong with a leaf certificate, on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mistake {
    /// It was valid for the first day of its time only.
    Expired,
    /// It will be valid for the last day of its time only.
    NotYetValid,
    /// It says that it is an authority.
    Authority,
    /// Its key may agree on keys, but not sign.
    NoDigitalSignature,
    /// The signature is of another key than the issuer's.
    WrongIssuerKey,
    /// It has a critical extension that nobody knows.
    UnknownCritical,
}

impl Mistake {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Expired,
        Self::NotYetValid,
        Self::Authority,
        Self::NoDigitalSignature,
        Self::WrongIssuerKey,
        Self::UnknownCritical,
    ];
}
