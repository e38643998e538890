//! Ed25519.

use lanewarden_crypto::{
    HashAlgorithm, KeyError, Provider, PublicKey, SignatureAlgorithm, Signed, VerifyError, VerifyingKey,
};

use crate::answers::{self, Answer};
use crate::{Case, Coverage};

const DATA: &str = include_str!("../data/ed25519.txt");

fn public(answer: &Answer) -> [u8; 32] {
    answer.bytes("public").try_into().unwrap()
}

fn answers_of(provider: &impl Provider, kind: &str, check: impl Fn(&Answer)) -> Coverage {
    let mut coverage = Coverage::default();
    for answer in answers::read(DATA).iter().filter(|answer| answer.kind() == kind) {
        let known = provider.verifies(SignatureAlgorithm::Ed25519, HashAlgorithm::Sha256);
        coverage.count(known);
        if known {
            check(answer);
        } else {
            let key = provider.verifying_key(&PublicKey::Ed25519(&public(answer)));
            assert_eq!(key.err(), Some(KeyError::Unsupported));
        }
    }
    coverage
}

fn with_case(answer: &Answer, look: impl Fn(&Case<'_>)) {
    let (point, message, signature) = (public(answer), answer.bytes("message"), answer.bytes("signature"));
    look(&Case {
        key: PublicKey::Ed25519(&point),
        algorithm: SignatureAlgorithm::Ed25519,
        signed: Signed::Message { bytes: &message, context: &[] },
        signature: &signature,
    });
}

fn key<P: Provider>(provider: &P, case: &Case<'_>) -> P::VerifyingKey {
    provider.verifying_key(&case.key).map_err(|error| panic!("{error}")).unwrap()
}

/// The signatures of RFC 8032.
pub fn ed25519(provider: &impl Provider) -> Coverage {
    answers_of(provider, "ed25519", |answer| with_case(answer, |case| check(&key(provider, case), case)))
}

fn check(key: &impl VerifyingKey, case: &Case<'_>) {
    case.holds(key);
    let Signed::Message { bytes, .. } = case.signed else { panic!("{:?}", case.signed) };
    let with_context = Signed::Message { bytes, context: b"left out" };
    Case { signed: with_context, ..*case }.is(key, Ok(()), "with a context, that it has no place for");
    let longer = [bytes, &[0]].concat();
    let other = Signed::Message { bytes: &longer, context: &[] };
    Case { signed: other, ..*case }.is_refused(key, "another message");
    let digest = lanewarden_crypto::Digest::new(HashAlgorithm::Sha256, &[7; 32]).unwrap();
    let signed = Signed::Digest(&digest);
    Case { signed, ..*case }.is(key, Err(VerifyError::Unsupported), "a digest, not a message");
}

/// Keys that are none, signatures with an S that is not reduced, and with an R that is worth nothing.
pub fn ed25519_refusals(provider: &impl Provider) -> Coverage {
    let keys = answers_of(provider, "no-key", |answer| {
        let key = provider.verifying_key(&PublicKey::Ed25519(&public(answer)));
        assert_eq!(key.err(), Some(KeyError::Invalid), "{}", answer.text("public"));
    });
    let signatures = answers_of(provider, "refused", |answer| {
        with_case(answer, |case| case.is_refused(&key(provider, case), "see the data"));
    });
    Coverage {
        checked: keys.checked.saturating_add(signatures.checked),
        skipped: keys.skipped.saturating_add(signatures.skipped),
    }
}
