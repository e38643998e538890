//! Lists of revoked certificates.

use lanewarden_crypto::Provider;
use rcgen::{
    CertificateRevocationListParams, CrlDistributionPoint, CrlIssuingDistributionPoint, Issuer, KeyIdMethod,
    KeyUsagePurpose, RevokedCertParams, date_time_ymd,
};

use super::support::*;
use crate::certificate::*;

with_every_provider! {
    a_list_is_signed_by_its_issuer
    the_issuers_key_must_be_for_lists
}

fn list(pki: &Pki, serials: &[u8], change: impl Fn(&mut CertificateRevocationListParams)) -> Vec<u8> {
    let revoked = |serial: &u8| RevokedCertParams {
        serial_number: u64::from(*serial).into(),
        revocation_time: date_time_ymd(2025, 1, 1),
        reason_code: None,
        invalidity_date: None,
    };
    let mut parameters = CertificateRevocationListParams {
        this_update: date_time_ymd(2026, 1, 1),
        next_update: date_time_ymd(2027, 1, 1),
        crl_number: 7.into(),
        issuing_distribution_point: None,
        revoked_certs: serials.iter().map(revoked).collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    change(&mut parameters);
    let mut issuer = pki.parameters[0].clone();
    issuer.key_usages = vec![];
    parameters.signed_by(&Issuer::from_params(&issuer, &pki.keys[0])).unwrap().der().to_vec()
}

fn a_list_is_signed_by_its_issuer<P: Provider + Copy>(provider: P) {
    let (issuer, other) = (pki(2, |_, _| {}), pki(2, |_, _| {}));
    for serials in [[].as_slice(), &[1], &[1, 2, 200]] {
        let der = list(&issuer, serials, |_| {});
        let list = Crl::parse(&der).unwrap();
        list.verify(&provider, &Certificate::parse(&issuer.certificates[0]).unwrap()).unwrap();
        let found: Vec<_> = list.entries().map(|entry| entry.serial[0]).collect();
        assert_eq!(found, serials);
        let refused = list.verify(&provider, &Certificate::parse(&other.certificates[0]).unwrap());
        assert_eq!(refused, Err(CrlError::Signature(lanewarden_crypto::VerifyError::Mismatch)));
    }
}

fn the_issuers_key_must_be_for_lists<P: Provider + Copy>(provider: P) {
    let issuer = pki(2, |_, parameters| parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign]);
    let der = list(&issuer, &[1], |_| {});
    let issuer = Certificate::parse(&issuer.certificates[0]).unwrap();
    assert_eq!(Crl::parse(&der).unwrap().verify(&provider, &issuer), Err(CrlError::KeyUsage));
}

#[test]
fn a_list_of_a_part_only_is_not_taken() {
    let der = list(&pki(1, |_, _| {}), &[1], |parameters| {
        let distribution_point = CrlDistributionPoint { uris: vec!["http://a.example/".into()] };
        parameters.issuing_distribution_point =
            Some(CrlIssuingDistributionPoint { distribution_point, scope: None });
    });
    let oid = ObjectIdentifier::new_unwrap("2.5.29.28");
    assert_eq!(Crl::parse(&der).unwrap_err(), CertificateError::UnknownCritical(oid));
}

#[test]
fn a_certificate_is_no_list_and_a_list_no_certificate() {
    let pki = pki(1, |_, _| {});
    Crl::parse(&pki.certificates[0]).unwrap_err();
    Certificate::parse(&list(&pki, &[1], |_| {})).unwrap_err();
}
