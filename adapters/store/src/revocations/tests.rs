use std::fs;

use lanewarden_crypto::{Digest, HashAlgorithm};
use lanewarden_spdm::certificate::Revocations as _;
use proptest::prelude::*;

use super::*;

const LIST: &str = include_str!("../samples/revoked.pem");
const INDIRECT: &str = include_str!("../samples/indirect.pem");
const ISSUER: &[u8] = b"\x30\x20\x31\x1e\x30\x1c\x06\x03\x55\x04\x03\x0c\x15Lanewarden sample one";
const DIGITS: &str = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";

fn load(bytes: impl AsRef<[u8]>) -> Result<Revocations, StoreError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    Revocations::load(file.path())
}

fn known() -> [u8; 32] {
    let half: Vec<u8> = (0..16_u8).map(|nibble| nibble << 4 | nibble).collect();
    half.repeat(2).try_into().unwrap()
}

fn revoked(revocations: &Revocations, issuer: &[u8], serial: &[u8], fingerprint: &[u8; 32]) -> bool {
    let fingerprint = Digest::new(HashAlgorithm::Sha256, fingerprint).unwrap();
    revocations.is_revoked(&CertificateId { issuer, serial, fingerprint: &fingerprint })
}

fn refused_line(bytes: &str) -> Option<usize> {
    match load(bytes) {
        Err(StoreError::Line { line, .. }) => Some(line),
        _ => None,
    }
}

#[test]
fn fingerprints_are_read_as_people_write_them() {
    let pairs =
        DIGITS.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap()).collect::<Vec<_>>();
    let colons = pairs.join(":");
    for text in [
        format!("sha256:{DIGITS}"),
        format!("# lost\r\n\r\n  SHA256: {colons}  # the one from Tuesday\r\n"),
        format!("sha256:{DIGITS}\nsha256:{colons}\n"),
    ] {
        let revocations = load(&text).unwrap();
        assert_eq!(revocations.len(), 1, "{text}");
        assert!(revoked(&revocations, b"", b"", &known()));
        assert!(!revoked(&revocations, b"", b"", &[0; 32]));
    }
}

#[test]
fn a_line_that_is_not_understood_is_refused() {
    for line in [
        DIGITS.to_owned(),
        format!("sha1:{DIGITS}"),
        format!("sha256:{}", &DIGITS[1..]),
        format!("sha256:{DIGITS}00"),
        format!("sha256:x{}", &DIGITS[1..]),
        format!("sha256:{}", "0:".repeat(47) + "0"),
        "sha256:".to_owned(),
        "\u{e9}".to_owned(),
    ] {
        assert_eq!(refused_line(&format!("# comment\n{line}\n")), Some(2), "{line}");
    }
    assert_eq!(refused_line(&format!("{LIST}\nx")), Some(LIST.lines().count() + 2));
}

#[test]
fn lists_are_read_as_pem_and_as_der() {
    let der = der::pem::decode_vec(LIST.as_bytes()).unwrap().1;
    let (pem, der) = (load(LIST).unwrap(), load(der).unwrap());
    assert_eq!(pem, der);
    assert_eq!(pem.len(), 2);
    assert!(revoked(&pem, ISSUER, &[5], &[0; 32]));
    // Its DER has a zero in front.
    assert!(revoked(&pem, ISSUER, &[0xc0, 0xff, 0xee], &[0; 32]));
    assert!(!revoked(&pem, ISSUER, &[6], &[0; 32]));
    assert!(!revoked(&pem, b"someone else", &[5], &[0; 32]));
}

#[test]
fn lists_and_fingerprints_stand_together() {
    let both = load(format!("sha256:{DIGITS}\n{LIST}# end\n")).unwrap();
    assert!(revoked(&both, ISSUER, &[5], &[0; 32]) && revoked(&both, b"", b"", &known()));
}

#[test]
fn a_list_about_others_is_refused() {
    assert!(matches!(load(INDIRECT), Err(StoreError::CriticalExtension(_))));
}

#[test]
fn what_is_no_list_is_refused() {
    let certificate = include_str!("../samples/one.pem");
    assert!(
        matches!(load(certificate), Err(StoreError::NoRevocations { what, .. }) if what == "CERTIFICATE")
    );
    let der = der::pem::decode_vec(certificate.as_bytes()).unwrap().1;
    assert!(matches!(load(der), Err(StoreError::NoRevocations { .. })));
    assert!(matches!(load(&LIST[..200]), Err(StoreError::Pem { .. })));
}

#[test]
fn another_set_is_another_generation() {
    let fingerprint = format!("sha256:{DIGITS}\n");
    let of = |text: &str| load(text).unwrap().generation();
    let generations = [of(""), of(&fingerprint), of(LIST), of(&format!("{fingerprint}{LIST}"))];
    let different: BTreeSet<_> = generations.iter().collect();
    assert_eq!(different.len(), generations.len());
    assert_eq!(of(&fingerprint), of(&fingerprint.to_uppercase().replace("SHA", "sha")));
}

#[test]
fn an_empty_file_revokes_nothing() {
    assert!(load("").unwrap().is_empty());
}

proptest! {
    #[test]
    fn any_text_gives_a_list_or_an_error(text in "(sha256:[0-9a-f:]{60,70}|#.{0,9}|\n){0,5}") {
        let _ = load(text);
    }

    #[test]
    fn a_damaged_list_gives_a_list_or_an_error(at: prop::sample::Index, bit in 0..8_u8) {
        let mut der = der::pem::decode_vec(LIST.as_bytes()).unwrap().1;
        let at = at.index(der.len());
        der[at] ^= 1_u8 << bit;
        if let Ok(revocations) = load(der) {
            prop_assert!(revocations.len() <= 2);
        }
    }
}
