//! Hashes and HMACs.

use lanewarden_crypto::{Digest, Hash, Provider};

use crate::{Coverage, answers};

/// Hashes of FIPS 180-4 and FIPS 202.
pub fn hashes(provider: &impl Provider) -> Coverage {
    let mut coverage = Coverage::default();
    for answer in answers::read(include_str!("../data/hashes.txt")) {
        let repeat: usize = answer.text("repeat").parse().unwrap();
        let message = answer.bytes("message").repeat(repeat);
        let hash = provider.hash(answer.hash());
        coverage.count(hash.is_some());
        if let Some(hash) = hash {
            check_hash(hash, &message, answer.digest());
        }
    }
    coverage
}

/// In one piece and in two, with a clone at the cut that goes its own way, and with one that is fresh.
fn check_hash(hash: impl Hash, message: &[u8], expected: Digest) {
    assert_eq!(hash.algorithm(), expected.algorithm());
    let (mut whole, mut front) = (hash.clone(), hash);
    whole.update(message);
    assert_eq!(whole.finish(), expected, "{} bytes", message.len());
    let (first, second) = message.split_at(message.len() / 3);
    front.update(first);
    let mut clone = front.clone();
    let mut fresh = front.fresh();
    assert_eq!(front.fork(&[second]), expected, "{} bytes", message.len());
    front.update(b"elsewhere");
    clone.update(second);
    assert_eq!(clone.finish(), expected, "{} bytes", message.len());
    fresh.update(message);
    assert_eq!(fresh.finish(), expected, "{} bytes", message.len());
    assert_ne!(front.finish(), expected);
}

/// HMACs of RFC 4231.
pub fn macs(provider: &impl Provider) -> Coverage {
    let mut coverage = Coverage::default();
    for answer in answers::read(include_str!("../data/hmac.txt")) {
        let (key, message) = (answer.bytes("key"), answer.bytes("message"));
        let expected = Digest::new(answer.hash(), &answer.bytes("code")).unwrap();
        let mac = |parts: &[&[u8]]| provider.hmac(answer.hash(), &key, parts);
        let is_there = provider.hash(answer.hash()).is_some();
        coverage.count(is_there);
        let (first, second) = message.split_at(message.len() / 3);
        assert_eq!(mac(&[&message]), is_there.then_some(expected));
        assert_eq!(mac(&[first, &[], second]), is_there.then_some(expected));
        assert_ne!(mac(&[first]), Some(expected));
    }
    coverage
}
