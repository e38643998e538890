//! Certificates and lists of revoked ones in DER, signed by nobody but the stub.

use lanewarden_crypto::{Curve, Hash, HashAlgorithm, Provider, SignatureAlgorithm, Signed};

use super::{Stub, sign};

const ECDSA: SignatureAlgorithm = SignatureAlgorithm::Ecdsa(Curve::P256);

const OID: u8 = 6;
const INTEGER: u8 = 2;
const BITS: u8 = 3;
const OCTETS: u8 = 4;
const TEXT: u8 = 12;
const TIME: u8 = 0x17;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

const ECDSA_WITH_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 0x11];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
const PCIE_DEVICE: &[u8] = &[0x67, 0x81, 0x13];

/// What a device says it is.
pub const DEVICE: &str = "Vendor=8086:Device=0d58:CC=058000:REV=01";

const FROM: &[u8] = b"200101000000Z";
const UNTIL: &[u8] = b"400101000000Z";

/// Whoever a certificate is of: a name, and a point that is on no curve.
#[derive(Clone, Copy, Debug)]
pub struct Party {
    /// The common name.
    pub name: &'static str,
    /// X and Y.
    pub point: [u8; 64],
}

fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let value = parts.concat();
    let [.., high, low] = value.len().to_be_bytes();
    let head = match value.len() {
        0..0x80 => vec![tag, low],
        0x80..0x100 => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [head, value].concat()
}

fn name(party: &Party) -> Vec<u8> {
    let text = tlv(TEXT, &[party.name.as_bytes()]);
    tlv(SEQUENCE, &[&tlv(SET, &[&tlv(SEQUENCE, &[&tlv(OID, &[COMMON_NAME]), &text])])])
}

fn key(party: &Party) -> Vec<u8> {
    let algorithm = tlv(SEQUENCE, &[&tlv(OID, &[EC_PUBLIC_KEY]), &tlv(OID, &[P256])]);
    tlv(SEQUENCE, &[&algorithm, &tlv(BITS, &[&[0, 4], &party.point])])
}

fn algorithm() -> Vec<u8> {
    tlv(SEQUENCE, &[&tlv(OID, &[ECDSA_WITH_SHA256])])
}

fn extension(oid: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
    tlv(SEQUENCE, &[&tlv(OID, &[oid]), critical, &tlv(OCTETS, &[value])])
}

fn extensions(device: Option<&str>) -> Vec<u8> {
    let Some(device) = device else {
        let ca = extension(BASIC_CONSTRAINTS, true, &tlv(SEQUENCE, &[&[1, 1, 0xff]]));
        return [ca, extension(KEY_USAGE, true, &[BITS, 2, 1, 6])].concat();
    };
    let text = tlv(0xa0, &[&tlv(TEXT, &[device.as_bytes()])]);
    let names = tlv(SEQUENCE, &[&tlv(0xa0, &[&tlv(OID, &[PCIE_DEVICE]), &text])]);
    [extension(KEY_USAGE, true, &[BITS, 2, 7, 0x80]), extension(ALTERNATIVE_NAME, false, &names)].concat()
}

/// A number in DER.
fn number(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len() - 1);
    let sign: &[u8] = if bytes[start] & 0x80 == 0 { &[] } else { &[0] };
    tlv(INTEGER, &[sign, &bytes[start..]])
}

/// What is to be signed, signed.
fn signed(tbs: &[u8], issuer: &Party) -> Vec<u8> {
    let mut hash = Stub::default().hash(HashAlgorithm::Sha256).unwrap();
    Hash::update(&mut hash, tbs);
    let raw = sign(&issuer.point, ECDSA, Signed::Digest(&Hash::finish(hash)));
    let signature = tlv(SEQUENCE, &[&number(&raw[..32]), &number(&raw[32..])]);
    tlv(SEQUENCE, &[tbs, &algorithm(), &tlv(BITS, &[&[0], &signature])])
}

/// What is to be signed of a certificate: of a CA, or of the device with this name.
fn to_be_signed(subject: &Party, issuer: &Party, device: Option<&str>) -> Vec<u8> {
    let validity = tlv(SEQUENCE, &[&tlv(TIME, &[FROM]), &tlv(TIME, &[UNTIL])]);
    let extensions = tlv(0xa3, &[&tlv(SEQUENCE, &[&extensions(device)])]);
    let (issuer, subject, key) = (name(issuer), name(subject), key(subject));
    let version = [0xa0, 3, INTEGER, 1, 2];
    tlv(
        SEQUENCE,
        &[&version, &[INTEGER, 1, 7], &algorithm(), &issuer, &validity, &subject, &key, &extensions],
    )
}

/// A certificate.
pub fn certificate(subject: &Party, issuer: &Party, device: Option<&str>) -> Vec<u8> {
    signed(&to_be_signed(subject, issuer, device), issuer)
}

/// A device's certificate that is changed before it is signed.
pub fn resigned(subject: &Party, issuer: &Party, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut tbs = to_be_signed(subject, issuer, Some(DEVICE));
    change(&mut tbs);
    signed(&tbs, issuer)
}

/// A list of revoked certificates with one entry.
pub fn revocation_list(issuer: &Party) -> Vec<u8> {
    let entry = tlv(SEQUENCE, &[&[INTEGER, 1, 7], &tlv(TIME, &[FROM])]);
    let (from, until) = (tlv(TIME, &[FROM]), tlv(TIME, &[UNTIL]));
    let entries = tlv(SEQUENCE, &[&entry]);
    let tbs = tlv(SEQUENCE, &[&[INTEGER, 1, 1], &algorithm(), &name(issuer), &from, &until, &entries]);
    signed(&tbs, issuer)
}

/// The chain of these certificates, the root first, as a device sends it.
pub fn chain(algorithm: HashAlgorithm, certificates: &[u8], root: &[u8]) -> Vec<u8> {
    let mut hash = Stub::default().hash(algorithm).unwrap();
    Hash::update(&mut hash, root);
    let digest = Hash::finish(hash);
    let length = u32::try_from(4 + digest.as_bytes().len() + certificates.len()).unwrap();
    [&length.to_le_bytes(), digest.as_bytes(), certificates].concat()
}
