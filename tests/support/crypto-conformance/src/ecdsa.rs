//! ECDSA.

use lanewarden_crypto::{
    Curve, Digest, HashAlgorithm, KeyError, Provider, PublicKey, SignatureAlgorithm, Signed, Signer, Signing,
    VerifyError, VerifyingKey,
};

use crate::answers::{self, Answer, CURVES};
use crate::{Case, Coverage};

const DATA: &str = include_str!("../data/ecdsa.txt");

fn keys() -> impl Iterator<Item = Answer> {
    answers::read(DATA).into_iter().filter(|answer| answer.kind() == "ec")
}

/// The signatures under a curve's key.
fn signatures(curve: Curve) -> impl Iterator<Item = Answer> {
    let answers = answers::read(DATA).into_iter();
    answers.filter(move |answer| answer.kind() == "ecdsa" && answer.named(&CURVES) == curve)
}

/// ECDSA over every curve with every hash, RFC 6979 among it.
pub fn ecdsa(provider: &impl Provider) -> Coverage {
    let mut coverage = Coverage::default();
    for answer in keys() {
        let (curve, point) = (answer.named(&CURVES), answer.bytes("public"));
        let public = PublicKey::Ec { curve, point: &point };
        let algorithm = SignatureAlgorithm::Ecdsa(curve);
        for answer in signatures(curve) {
            let known = provider.verifies(algorithm, answer.hash());
            coverage.count(known);
            match provider.verifying_key(&public) {
                Ok(key) if known => check(&key, public, &answer),
                other => assert_eq!(other.err(), Some(KeyError::Unsupported)),
            }
        }
    }
    coverage
}

fn check(key: &impl VerifyingKey, public: PublicKey<'_>, answer: &Answer) {
    let PublicKey::Ec { curve, .. } = public else { panic!("{public:?}") };
    let (digest, signature) = (answer.digest(), answer.bytes("signature"));
    let algorithm = SignatureAlgorithm::Ecdsa(curve);
    let case = Case { key: public, algorithm, signed: Signed::Digest(&digest), signature: &signature };
    case.holds(key);
    let message = Signed::Message { bytes: digest.as_bytes(), context: &[] };
    Case { signed: message, ..case }.is(key, Err(VerifyError::Unsupported), "a message, not a digest");
    let mut bytes = digest.as_bytes().to_vec();
    bytes[0] ^= 0x80;
    let other = Digest::new(digest.algorithm(), &bytes).unwrap();
    Case { signed: Signed::Digest(&other), ..case }.is_refused(key, "a bit of the digest is turned");
}

/// Signatures whose numbers are out of range, and points that are none.
pub fn ecdsa_refusals(provider: &impl Provider) -> Coverage {
    let mut coverage = Coverage::default();
    for answer in keys() {
        let (curve, point) = (answer.named(&CURVES), answer.bytes("public"));
        let public = PublicKey::Ec { curve, point: &point };
        let known = provider.verifies(SignatureAlgorithm::Ecdsa(curve), HashAlgorithm::Sha256);
        coverage.count(known);
        if known {
            let key = provider.verifying_key(&public).map_err(|error| panic!("{curve:?}: {error}")).unwrap();
            refuse_signatures(&key, public, &answer.bytes("order"));
            refuse_points(provider, curve, &point);
        }
    }
    coverage
}

fn refuse_signatures(key: &impl VerifyingKey, public: PublicKey<'_>, order: &[u8]) {
    let PublicKey::Ec { curve, .. } = public else { panic!("{public:?}") };
    let answer = signatures(curve).next().unwrap();
    let (digest, signature) = (answer.digest(), answer.bytes("signature"));
    let algorithm = SignatureAlgorithm::Ecdsa(curve);
    let case = Case { key: public, algorithm, signed: Signed::Digest(&digest), signature: &signature };
    let (r, s) = signature.split_at(curve.size());
    let (zero, most) = (vec![0; curve.size()], vec![0xff; curve.size()]);
    for out in [&zero[..], order, &most] {
        case.with(&[out, s].concat()).is_refused(key, "r is out of range");
        case.with(&[r, out].concat()).is_refused(key, "s is out of range");
        case.with(&[out, out].concat()).is_refused(key, "r and s are out of range");
    }
    case.with(&[s, r].concat()).is_refused(key, "r and s are swapped");
}

fn refuse_points(provider: &impl Provider, curve: Curve, good: &[u8]) {
    let invalid = |point: &[u8], what: &str| {
        let key = provider.verifying_key(&PublicKey::Ec { curve, point });
        assert_eq!(key.err(), Some(KeyError::Invalid), "{curve:?}: {what}");
    };
    for (point, what) in no_points(curve, good) {
        invalid(&point, what);
    }
}

/// Points that are none, made of one that is.
pub(crate) fn no_points(curve: Curve, good: &[u8]) -> Vec<(Vec<u8>, &'static str)> {
    let size = curve.size();
    let (x, y) = good.split_at(size);
    let mut beside = good.to_vec();
    beside[size * 2 - 1] ^= 1;
    vec![
        (beside, "beside the curve"),
        ([y, x].concat(), "beside the curve"),
        (vec![0; size * 2], "zeros"),
        (vec![0xff; size * 2], "coordinates beyond the prime"),
        (good[..size].to_vec(), "half a point"),
        (good[1..].to_vec(), "too short"),
        ([&[4], good].concat(), "with a prefix"),
        ([good, &[0]].concat(), "too long"),
        (Vec::new(), "nothing"),
        (vec![0], "the neutral point"),
        ([&[2], x].concat(), "compressed"),
    ]
}

/// A provider's ECDSA signers give the very signatures of RFC 6979. `make` makes one of a scalar.
pub fn is_deterministic<S: Signer>(make: impl Fn(Curve, &[u8]) -> Option<S>) -> Coverage {
    let mut coverage = Coverage::default();
    for key in keys() {
        let curve = key.named(&CURVES);
        let signer = make(curve, &key.bytes("scalar"));
        coverage.count(signer.is_some());
        let Some(mut signer) = signer else { continue };
        for scalar in [vec![0; curve.size()], key.bytes("order"), key.bytes("scalar")[1..].to_vec()] {
            assert!(make(curve, &scalar).is_none(), "{curve:?}: no scalar");
        }
        for answer in signatures(curve) {
            let (algorithm, digest) = (SignatureAlgorithm::Ecdsa(curve), answer.digest());
            let mut signature = vec![0; algorithm.signature_size()];
            let done = signer.sign(algorithm, Signed::Digest(&digest), &mut signature);
            assert_eq!(done, Ok(Signing::Done));
            assert_eq!(signature, answer.bytes("signature"), "{algorithm}, {digest:?}");
        }
    }
    coverage
}
