//! The extensions of certificates.

use der::asn1::{Any, ObjectIdentifier, OctetString, Utf8StringRef};
use der::{Encode, Sequence};
use lanewarden_crypto::HashAlgorithm;
use sha2::{Digest, Sha256};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::{GeneralName, OtherName};
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, BasicConstraints, KeyUsage, KeyUsages};

use crate::spec::{LeafSpec, Mistake, Role, TcbInfo};

const SUBJECT_KEY_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const AUTHORITY_KEY_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.35");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
/// TCG DICE Attestation Architecture 1.1, 6.1.1.
const DICE_TCB_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.133.5.4.1");
/// PCIe 6.1, 6.31.3.
const PCI_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.147");
/// DSP0274 1.3, 10.8.2.
const RESPONDER_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.412.274.3");
const REQUESTER_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.412.274.4");
/// Below the number that is kept for examples (RFC 5612).
const UNKNOWN: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.32473.1");

/// RFC 7093, 2 (1): the first 160 bits of SHA-256 over the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyId(OctetString);

impl KeyId {
    pub(crate) fn of(public: &[u8]) -> Result<Self, der::Error> {
        let digest = Sha256::digest(public);
        OctetString::new(digest.get(..20).unwrap_or_default()).map(Self)
    }
}

/// Of an authority that has `below` other authorities under it.
pub(crate) fn of_authority(key: &KeyId, issuer: &KeyId, below: u8) -> Result<Vec<Extension>, der::Error> {
    let constraints = BasicConstraints { ca: true, path_len_constraint: Some(below) };
    let mut extensions = vec![
        extension(BASIC_CONSTRAINTS, true, &constraints)?,
        extension(KEY_USAGE, true, &KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign))?,
    ];
    extensions.extend(identifiers(key, issuer)?);
    Ok(extensions)
}

/// Of a device.
pub(crate) fn of_leaf(key: &KeyId, issuer: &KeyId, spec: &LeafSpec) -> Result<Vec<Extension>, der::Error> {
    let constraints =
        BasicConstraints { ca: spec.mistake == Some(Mistake::Authority), path_len_constraint: None };
    let usage = match spec.mistake {
        Some(Mistake::NoDigitalSignature) => KeyUsages::KeyAgreement,
        _ => KeyUsages::DigitalSignature,
    };
    let mut extensions = vec![
        extension(BASIC_CONSTRAINTS, true, &constraints)?,
        extension(KEY_USAGE, true, &KeyUsage(usage.into()))?,
        extension(EXTENDED_KEY_USAGE, false, &purposes(spec.role))?,
    ];
    extensions.extend(spec.pci_name.as_deref().map(pci_name).transpose()?);
    extensions.extend(spec.tcb_info.as_ref().map(tcb_info).transpose()?);
    if spec.mistake == Some(Mistake::UnknownCritical) {
        extensions.push(extension(UNKNOWN, true, &der::asn1::Null)?);
    }
    extensions.extend(identifiers(key, issuer)?);
    Ok(extensions)
}

fn extension(id: ObjectIdentifier, critical: bool, value: &impl Encode) -> Result<Extension, der::Error> {
    Ok(Extension { extn_id: id, critical, extn_value: OctetString::new(value.to_der()?)? })
}

fn identifiers(key: &KeyId, issuer: &KeyId) -> Result<[Extension; 2], der::Error> {
    let authority = AuthorityKeyIdentifier {
        key_identifier: Some(issuer.0.clone()),
        ..AuthorityKeyIdentifier::default()
    };
    Ok([
        extension(SUBJECT_KEY_IDENTIFIER, false, &key.0)?,
        extension(AUTHORITY_KEY_IDENTIFIER, false, &authority)?,
    ])
}

fn purposes(role: Role) -> Vec<ObjectIdentifier> {
    match role {
        Role::Responder => vec![RESPONDER_AUTH],
        Role::Requester => vec![REQUESTER_AUTH],
        Role::Both => vec![RESPONDER_AUTH, REQUESTER_AUTH],
    }
}

fn pci_name(name: &str) -> Result<Extension, der::Error> {
    let value = Any::encode_from(&Utf8StringRef::new(name)?)?;
    let names = vec![GeneralName::OtherName(OtherName { type_id: PCI_NAME, value })];
    extension(SUBJECT_ALT_NAME, false, &names)
}

/// `DiceTcbInfo`, as far as it is used here.
#[derive(Sequence)]
struct DiceTcbInfo {
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT")]
    vendor: String,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT")]
    model: String,
    #[asn1(context_specific = "2", tag_mode = "IMPLICIT")]
    version: String,
    #[asn1(context_specific = "3", tag_mode = "IMPLICIT")]
    svn: u32,
    #[asn1(context_specific = "6", tag_mode = "IMPLICIT", constructed = "true")]
    fwids: Vec<Fwid>,
}

#[derive(Sequence)]
struct Fwid {
    hash: ObjectIdentifier,
    digest: OctetString,
}

fn tcb_info(info: &TcbInfo) -> Result<Extension, der::Error> {
    let firmware = Fwid {
        hash: hash_id(info.firmware.algorithm()),
        digest: OctetString::new(info.firmware.as_bytes())?,
    };
    let value = DiceTcbInfo {
        vendor: info.vendor.clone(),
        model: info.model.clone(),
        version: info.version.clone(),
        svn: info.svn,
        fwids: vec![firmware],
    };
    extension(DICE_TCB_INFO, true, &value)
}

/// NIST's arc of hash algorithms.
fn hash_id(hash: HashAlgorithm) -> ObjectIdentifier {
    match hash {
        HashAlgorithm::Sha256 => ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1"),
        HashAlgorithm::Sha384 => ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2"),
        HashAlgorithm::Sha512 => ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3"),
        HashAlgorithm::Sha3_256 => ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.8"),
        HashAlgorithm::Sha3_384 => ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.9"),
        HashAlgorithm::Sha3_512 => ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.10"),
    }
}
