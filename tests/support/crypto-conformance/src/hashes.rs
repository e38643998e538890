//! Hashes and HMACs.

use lanewarden_crypto::{Digest, Hash, Mac, Provider};

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

/// In one piece and in two, with a clone at the cut that goes its own way.
fn check_hash(hash: impl Hash, message: &[u8], expected: Digest) {
    assert_eq!(hash.algorithm(), expected.algorithm());
    let (mut whole, mut front) = (hash.clone(), hash);
    whole.update(message);
    assert_eq!(whole.finish(), expected, "{} bytes", message.len());
    let (first, second) = message.split_at(message.len() / 3);
    front.update(first);
    let mut clone = front.clone();
    front.update(b"elsewhere");
    clone.update(second);
    assert_eq!(clone.finish(), expected, "{} bytes", message.len());
    assert_ne!(front.finish(), expected);
}

/// HMACs of RFC 4231.
pub fn macs(provider: &impl Provider) -> Coverage {
    let mut coverage = Coverage::default();
    for answer in answers::read(include_str!("../data/hmac.txt")) {
        let (key, message) = (answer.bytes("key"), answer.bytes("message"));
        let expected = Digest::new(answer.hash(), &answer.bytes("code")).unwrap();
        let mac = provider.hmac(answer.hash(), &key);
        assert_eq!(mac.is_some(), provider.hash(answer.hash()).is_some());
        coverage.count(mac.is_some());
        if let Some(mac) = mac {
            check_mac(mac, &message, expected);
        }
    }
    coverage
}

fn check_mac(mut mac: impl Mac, message: &[u8], expected: Digest) {
    let (first, second) = message.split_at(message.len() / 3);
    mac.update(first);
    let mut clone = mac.clone();
    mac.update(b"elsewhere");
    clone.update(second);
    assert_eq!(clone.finish(), expected);
    assert_ne!(mac.finish(), expected);
}
