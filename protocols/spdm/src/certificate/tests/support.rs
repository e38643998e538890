//! Chains for the tests.

extern crate std;
pub use std::string::{String, ToString};
pub use std::vec::Vec;
pub use std::{format, vec};

use lanewarden_crypto::{HashAlgorithm, Provider};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType, SerialNumber, SignatureAlgorithm, date_time_ymd,
};

use crate::certificate::*;

/// The hash that was negotiated.
pub const HASH: HashAlgorithm = HashAlgorithm::Sha384;
/// 2030-01-01, when everything is valid.
pub const NOW: u64 = 1_893_456_000;
/// 2020-01-01, from when it is.
pub const START: u64 = 1_577_836_800;
/// 2040-01-01, until when it is.
pub const END: u64 = 2_208_988_800;
/// What the leaf says it is for.
pub const DEVICE: DeviceIdentity = DeviceIdentity {
    vendor_id: 0x8086,
    device_id: 0x0D58,
    class_code: 0x05_8000,
    revision: 1,
    subsystem: Some((0x8086, 0)),
    serial: Some(0x0011_2233_4455_6677),
};

/// A root, the CAs below it and a leaf, with their keys.
pub struct Pki {
    pub certificates: Vec<Vec<u8>>,
    pub parameters: Vec<CertificateParams>,
    pub keys: Vec<KeyPair>,
}

/// So many certificates, the root first; each may be changed before it is signed.
pub fn pki(count: usize, change: impl Fn(usize, &mut CertificateParams)) -> Pki {
    signed_with(&vec![&rcgen::PKCS_ECDSA_P256_SHA256; count], change)
}

/// One certificate for each algorithm, which is that of its key.
pub fn signed_with(
    algorithms: &[&'static SignatureAlgorithm],
    change: impl Fn(usize, &mut CertificateParams),
) -> Pki {
    let mut pki = Pki { certificates: vec![], parameters: vec![], keys: vec![] };
    for (level, algorithm) in algorithms.iter().enumerate() {
        let mut parameters = parameters(level, level + 1 == algorithms.len());
        change(level, &mut parameters);
        let key = KeyPair::generate_for(algorithm).unwrap();
        let made = match level.checked_sub(1) {
            Some(above) => {
                let issuer = Issuer::from_params(&pki.parameters[above], &pki.keys[above]);
                parameters.signed_by(&key, &issuer)
            }
            None => parameters.self_signed(&key),
        };
        pki.certificates.push(made.unwrap().der().to_vec());
        pki.parameters.push(parameters);
        pki.keys.push(key);
    }
    pki
}

fn parameters(level: usize, last: bool) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = name(&format!("level {level}"));
    parameters.serial_number = Some(SerialNumber::from_slice(&[level as u8 + 1]));
    parameters.not_before = date_time_ymd(2020, 1, 1);
    parameters.not_after = date_time_ymd(2040, 1, 1);
    if last {
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.subject_alt_names = vec![device_name(&DEVICE.to_string())];
    } else {
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    }
    parameters
}

pub fn name(text: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, text);
    name
}

pub fn device_name(text: &str) -> SanType {
    SanType::OtherName((vec![2, 23, 147], text.into()))
}

/// The chain of these certificates as a device sends it, with the digest of this root.
pub fn encode(certificates: &[Vec<u8>], root: &[u8]) -> Vec<u8> {
    let root = digest(&lanewarden_aws_lc::AwsLc, HASH, root).unwrap();
    let length = 4 + root.as_bytes().len() + certificates.concat().len();
    let mut chain = (length as u32).to_le_bytes().to_vec();
    chain.extend(root.as_bytes());
    chain.extend(certificates.concat());
    chain
}

impl Pki {
    /// The chain with the root in it.
    pub fn whole(&self) -> Vec<u8> {
        encode(&self.certificates, &self.certificates[0])
    }

    /// The chain without the root.
    pub fn without_root(&self) -> Vec<u8> {
        encode(&self.certificates[1..], &self.certificates[0])
    }

    /// What there is against the chain with the root in it, where the root is trusted.
    pub fn reasons<P: Provider + Copy>(&self, provider: P) -> Vec<Distrust> {
        reasons(provider, &self.whole(), &self.certificates[0])
    }
}

/// Judges a chain at [`NOW`] with one trust anchor.
pub fn judge<P: Provider + Copy>(
    provider: P,
    chain: &[u8],
    anchor: &[u8],
) -> Result<Validated<P>, ChainError> {
    let anchors = [anchor];
    let anchors = AnchorList::new(&anchors, 1).unwrap();
    judge_by(provider, chain, Rules::responder(HASH, Some(NOW)), &anchors, &NoRevocations)
}

/// Judges a chain in memory, streamed at once and streamed in portions, which must give the same. Only of two things
/// that are wrong the chain in memory may name another first: it looks at its layout before it looks at certificates.
pub fn judge_by<P: Provider + Copy, A: TrustAnchors, R: Revocations>(
    provider: P,
    chain: &[u8],
    rules: Rules,
    anchors: &A,
    revocations: &R,
) -> Result<Validated<P>, ChainError> {
    let in_memory =
        Chain::parse(chain, rules).and_then(|chain| chain.validate(&provider, anchors, revocations));
    let stream = |size| {
        let mut reader = ChainReader::new(provider, anchors, revocations, rules, vec![0; 4096])?;
        chain.chunks(size).try_for_each(|portion| reader.push(portion))?;
        reader.finish()
    };
    let (at_once, in_portions) = (stream(usize::MAX), stream(37));
    assert_eq!(format!("{at_once:?}"), format!("{in_portions:?}"));
    match &in_memory {
        Ok(_) => assert_eq!(format!("{in_memory:?}"), format!("{at_once:?}")),
        Err(_) => assert!(at_once.is_err(), "{at_once:?}"),
    }
    at_once
}

pub fn reasons<P: Provider + Copy>(provider: P, chain: &[u8], anchor: &[u8]) -> Vec<Distrust> {
    judge(provider, chain, anchor).unwrap().distrust.iter().copied().collect()
}
