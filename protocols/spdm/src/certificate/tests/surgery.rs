//! Certificates with one thing wrong that no tool would make, signed all the same.

use lanewarden_crypto::Provider;
use rcgen::SigningKey;

use super::support::*;
use crate::certificate::input::Input;
use crate::certificate::*;

/// The fields of a TBSCertificate in their order, as [`rebuild`] gives them.
const SERIAL: usize = 1;
const ALGORITHM: usize = 2;
const VALIDITY: usize = 4;
const KEY: usize = 6;
const EXTENSIONS: usize = 7;

/// A certificate again, with other fields, signed by its issuer.
pub fn rebuild(pki: &Pki, level: usize, edit: impl Fn(&mut Vec<Vec<u8>>)) -> Vec<u8> {
    let mut certificate = Input::new(&pki.certificates[level]).sequence().unwrap();
    let mut fields = elements(certificate.element().unwrap().value);
    let algorithm = certificate.element().unwrap().whole.to_vec();
    edit(&mut fields);
    let signed = tlv(0x30, &fields.concat());
    let signature = pki.keys[level.saturating_sub(1)].sign(&signed).unwrap();
    let signature = tlv(3, &[&[0], signature.as_slice()].concat());
    tlv(0x30, &[signed, algorithm, signature].concat())
}

/// The elements of a run.
fn elements(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut input = Input::new(bytes);
    core::iter::from_fn(|| input.element().map(|element| element.whole.to_vec())).collect()
}

pub fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = value.len();
    let mut out = match length {
        0..0x80 => vec![tag, length as u8],
        0x80..0x100 => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    out.extend(value);
    out
}

fn refused(edit: impl Fn(&mut Vec<Vec<u8>>)) -> CertificateError {
    let pki = pki(2, |_, _| {});
    Certificate::parse(&rebuild(&pki, 1, |_| {})).unwrap();
    Certificate::parse(&rebuild(&pki, 1, edit)).unwrap_err()
}

/// With one more extension.
fn extended(extension: &[u8]) -> CertificateError {
    refused(|fields| {
        let mut list = Input::new(Input::new(&fields[EXTENSIONS]).element().unwrap().value);
        let list = [list.element().unwrap().value, extension].concat();
        fields[EXTENSIONS] = tlv(0xA3, &tlv(0x30, &list));
    })
}

#[test]
fn an_extension_is_there_once() {
    let usage = tlv(0x30, &[tlv(6, oids::KEY_USAGE.as_bytes()), tlv(4, &[3, 2, 7, 0x80])].concat());
    assert_eq!(extended(&usage), CertificateError::Duplicate(oids::KEY_USAGE));
    let unknown = tlv(0x30, &[tlv(6, &[42, 3]), tlv(4, &[])].concat());
    let twice = extended(&[unknown.clone(), unknown].concat());
    assert_eq!(twice, CertificateError::Duplicate(ObjectIdentifier::new_unwrap("1.2.3")));
}

#[test]
fn extensions_are_bounded() {
    let many: Vec<u8> = (0..=MAX_EXTENSIONS as u8)
        .flat_map(|number| tlv(0x30, &[tlv(6, &[42, number]), tlv(4, &[])].concat()))
        .collect();
    assert_eq!(extended(&many), CertificateError::Malformed(Field::Extensions));
}

#[test]
fn a_default_is_not_written_down() {
    let not_critical = tlv(0x30, &[tlv(6, &[42, 3]), tlv(1, &[0]), tlv(4, &[])].concat());
    assert_eq!(extended(&not_critical), CertificateError::Malformed(Field::Extensions));
    assert_eq!(
        refused(|fields| fields[0] = vec![0xA0, 3, 2, 1, 0]),
        CertificateError::Malformed(Field::Version)
    );
}

#[test]
fn a_known_extension_must_be_readable() {
    for (oid, value) in [
        (oids::BASIC_CONSTRAINTS, vec![0x30, 3, 2, 1, 0]),
        (oids::BASIC_CONSTRAINTS, vec![0x30, 3, 1, 1, 0]),
        (oids::BASIC_CONSTRAINTS, vec![0x30, 3, 1, 1, 1]),
        (oids::BASIC_CONSTRAINTS, vec![0x30, 6, 1, 1, 0xFF, 2, 1, 0xFF]),
        (oids::BASIC_CONSTRAINTS, vec![0x30, 0, 0]),
        (oids::EXTENDED_KEY_USAGE, vec![0x30, 0]),
        (oids::EXTENDED_KEY_USAGE, vec![0x30, 2, 5, 0]),
        (oids::DMTF_SPDM_EXTENSION, vec![0x30, 0]),
        (oids::DMTF_SPDM_EXTENSION, vec![5, 0]),
    ] {
        let extension = tlv(0x30, &[tlv(6, oid.as_bytes()), tlv(4, &value)].concat());
        assert_eq!(extended(&extension), CertificateError::Extension(oid), "{value:?}");
    }
}

#[test]
fn extensions_came_with_version_3() {
    let version_2 = refused(|fields| fields[0] = vec![0xA0, 3, 2, 1, 1]);
    assert_eq!(version_2, CertificateError::Malformed(Field::Extensions));
    assert_eq!(
        refused(|fields| fields[0] = vec![0xA0, 3, 2, 1, 3]),
        CertificateError::Malformed(Field::Version)
    );
}

#[test]
fn a_serial_number_is_positive_and_of_20_bytes_at_most() {
    for serial in [vec![2, 1, 0x80], vec![2, 2, 0, 1], vec![2, 0], tlv(2, &[1; 21])] {
        let error = refused(|fields| fields[SERIAL] = serial.clone());
        assert_eq!(error, CertificateError::Malformed(Field::Serial), "{serial:?}");
    }
}

#[test]
fn both_algorithms_must_be_the_same() {
    let error = refused(|fields| *fields[ALGORITHM].last_mut().unwrap() = 3);
    assert_eq!(error, CertificateError::AlgorithmsDiffer);
}

#[test]
fn times_are_days_of_the_calendar() {
    for time in [
        "300230000000Z",
        "301301000000Z",
        "300101240000Z",
        "300101006000Z",
        "3001010000Z",
        "300101000000+0000",
    ] {
        let times = [tlv(0x17, b"200101000000Z"), tlv(0x17, time.as_bytes())].concat();
        let error = refused(|fields| fields[VALIDITY] = tlv(0x30, &times));
        assert_eq!(error, CertificateError::Malformed(Field::Validity), "{time}");
    }
}

#[test]
fn a_key_must_be_as_its_algorithm_says() {
    for (at, byte) in [(-65, 0), (-65, 5), (-66, 1)] {
        let error = refused(|fields| {
            let key = &mut fields[KEY];
            let at = key.len().checked_add_signed(at).unwrap();
            key[at] = byte;
        });
        assert_eq!(error, CertificateError::Malformed(Field::Key), "{at}");
    }
}

#[test]
fn nothing_may_follow() {
    assert_eq!(refused(|fields| fields.push(vec![5, 0])), CertificateError::Malformed(Field::Signed));
    let mut certificate = pki(1, |_, _| {}).certificates.remove(0);
    certificate.push(0);
    assert_eq!(Certificate::parse(&certificate).unwrap_err(), CertificateError::Malformed(Field::Whole));
}

#[test]
fn lengths_are_as_short_as_can_be() {
    let certificate = pki(1, |_, _| {}).certificates.remove(0);
    let long = [&[0x30, 0x83, 0, certificate[2], certificate[3]], &certificate[4..]].concat();
    assert_eq!(Certificate::parse(&long).unwrap_err(), CertificateError::Malformed(Field::Whole));
}

with_every_provider! {
    an_ecdsa_signature_is_strict_der
}

fn an_ecdsa_signature_is_strict_der<P: Provider + Copy>(provider: P) {
    let mut pki = pki(2, |_, _| {});
    let signature = Certificate::parse(&pki.certificates[1]).unwrap().signature().to_vec();
    let mut numbers = Input::new(&signature).sequence().unwrap();
    let (r, s) = (numbers.unsigned().unwrap(), numbers.unsigned().unwrap());
    let sign = |number: &[u8]| if number[0] < 0x80 { number.to_vec() } else { [&[0], number].concat() };
    let (right_r, right_s) = (tlv(2, &sign(r)), tlv(2, &sign(s)));
    for (wrong, signature) in [
        (false, tlv(0x30, &[right_r.clone(), right_s.clone()].concat())),
        (true, tlv(0x30, &[tlv(2, &[&[0, 0], r].concat()), right_s.clone()].concat())),
        (true, tlv(0x30, &[tlv(2, &[&[0xFF], r].concat()), right_s.clone()].concat())),
        (true, tlv(0x30, &[right_r.clone(), right_s.clone(), vec![5, 0]].concat())),
        (true, [tlv(0x30, &[right_r.clone(), right_s.clone()].concat()), vec![0]].concat()),
        (true, tlv(0x30, &right_r)),
        (true, [r, s].concat()),
    ] {
        let parts = elements(Input::new(&pki.certificates[1]).element().unwrap().value);
        let signature = tlv(3, &[&[0], signature.as_slice()].concat());
        pki.certificates[1] = tlv(0x30, &[parts[0].clone(), parts[1].clone(), signature].concat());
        let expected = wrong.then_some(Distrust::Signature { index: 1 });
        assert_eq!(pki.reasons(provider), Vec::from_iter(expected));
    }
}
