//! A chain of three certificates, P-384 and SHA-384.

use lanewarden_aws_lc::AwsLc;
use lanewarden_crypto::{Digest, Hash, HashAlgorithm, Provider};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P384_SHA384, SanType,
};

/// 2030-01-01, when it is valid.
pub const NOW: u64 = 1_893_456_000;
const NAME: &str = "CN=8086-0D58-050200-01:8086-0000:0011223344556677";

pub struct Chain {
    /// The root first.
    pub certificates: Vec<Vec<u8>>,
    /// One after the other.
    pub whole: Vec<u8>,
    /// The leaf's key in PKCS#8 DER.
    pub key: Vec<u8>,
}

impl Chain {
    pub fn new() -> Self {
        let mut certificates: Vec<Vec<u8>> = Vec::new();
        let mut above: Option<(CertificateParams, KeyPair)> = None;
        for (level, name) in ["Lanewarden root", "Lanewarden issuing", "device"].into_iter().enumerate() {
            let parameters = parameters(name, level < 2);
            let key = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
            let made = match &above {
                Some((issuer, signer)) => parameters.signed_by(&key, &Issuer::from_params(issuer, signer)),
                None => parameters.self_signed(&key),
            };
            certificates.push(made.unwrap().der().to_vec());
            above = Some((parameters, key));
        }
        let key = above.unwrap().1.serialize_der();
        Self { whole: certificates.concat(), certificates, key }
    }

    /// What a certificate's signature is over.
    pub fn signed_part(&self, index: usize) -> &[u8] {
        // SEQUENCE { SEQUENCE { .. } .. }, both longer than 255 bytes.
        let inner = &self.certificates[index][4..];
        &inner[..4 + usize::from(u16::from_be_bytes([inner[2], inner[3]]))]
    }
}

fn parameters(name: &str, issues: bool) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(2040, 1, 1);
    if issues {
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    } else {
        parameters.is_ca = IsCa::ExplicitNoCa;
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.subject_alt_names = vec![SanType::OtherName((vec![2, 23, 147], NAME.into()))];
    }
    parameters
}

pub fn sha384(bytes: &[u8]) -> Digest {
    let mut hash = AwsLc.hash(HashAlgorithm::Sha384).unwrap();
    hash.update(bytes);
    hash.finish()
}
