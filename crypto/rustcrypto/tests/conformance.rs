//! The known answers and the refusals that every provider must show. What is skipped depends on the features.

use lanewarden_crypto::{Group, Provider, RandomError, Signer};
use lanewarden_crypto_conformance::{self as conformance, Coverage};
use lanewarden_rustcrypto::{PrivateKey, RandomSource, RustCrypto};

/// Counts on, so that no two draws are alike; good for tests and for nothing else.
struct Counting(std::sync::atomic::AtomicU8);

impl RandomSource for Counting {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> {
        let next = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        out.fill(next);
        Ok(())
    }
}

/// Always the same, as far as there is of it.
struct Fixed(Vec<u8>);

impl RandomSource for Fixed {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> {
        if out.len() != self.0.len() {
            return Err(RandomError);
        }
        out.copy_from_slice(&self.0);
        Ok(())
    }
}

fn provider() -> RustCrypto<Counting> {
    RustCrypto::new(Counting(1.into()))
}

/// So many with the feature, and so many more in any case.
fn coverage(always: usize, feature: bool, with: usize) -> Coverage {
    if feature {
        Coverage { checked: always.saturating_add(with), skipped: 0 }
    } else {
        Coverage { checked: always, skipped: with }
    }
}

#[test]
fn hashes_and_macs_are_the_standards() {
    assert_eq!(conformance::hashes(&provider()), coverage(54, cfg!(feature = "sha3"), 54));
    assert_eq!(conformance::macs(&provider()), coverage(21, cfg!(feature = "sha3"), 21));
}

/// A digest of SHA-3 can be checked without SHA-3.
#[test]
fn ecdsa_takes_every_hash_on_every_curve() {
    assert_eq!(conformance::ecdsa(&provider()), coverage(24, cfg!(feature = "p521"), 12));
    assert_eq!(conformance::ecdsa_refusals(&provider()), coverage(2, cfg!(feature = "p521"), 1));
}

#[cfg(feature = "sha3")]
#[test]
fn ecdsa_signatures_are_those_of_rfc_6979() {
    let made = conformance::is_deterministic(|curve, scalar| PrivateKey::from_scalar(curve, scalar).ok());
    assert_eq!(made, coverage(2, cfg!(feature = "p521"), 1));
}

#[test]
fn ed25519_is_strict() {
    assert_eq!(conformance::ed25519(&provider()), coverage(4, true, 0));
    assert_eq!(conformance::ed25519_refusals(&provider()), coverage(18, true, 0));
}

#[cfg(any(not(feature = "rsa"), feature = "sha3"))]
#[test]
fn rsa_takes_every_hash_with_every_size() {
    assert_eq!(conformance::rsa(&provider()), coverage(0, cfg!(feature = "rsa"), 36));
    assert_eq!(conformance::rsa_refusals(&provider()), coverage(0, cfg!(feature = "rsa"), 18));
}

fn signer(der: &[u8]) -> Option<Box<dyn Signer>> {
    let key = PrivateKey::from_pkcs8(der).ok().map(|key| Box::new(key) as Box<dyn Signer>);
    #[cfg(feature = "rsa")]
    let key = key.or_else(|| {
        let key = lanewarden_rustcrypto::RsaPrivateKey::from_pkcs8(der, Counting(9.into())).ok()?;
        Some(Box::new(key))
    });
    key
}

#[test]
fn every_key_signs_and_nothing_else_is_a_key() {
    let missing = usize::from(cfg!(not(feature = "p521"))) + 3 * usize::from(cfg!(not(feature = "rsa")));
    let made = conformance::signers(&provider(), signer);
    assert_eq!(made, Coverage { checked: 10 - missing, skipped: missing });
}

/// So many on the curves there always are, on P-521 and in FFDHE.
fn groups(always: usize, p521: usize, ffdhe: usize) -> Coverage {
    let all = [(true, always), (cfg!(feature = "p521"), p521), (cfg!(feature = "ffdhe"), ffdhe)];
    let count = |there: bool| all.iter().filter(|(is, _)| *is == there).map(|(_, count)| count).sum();
    Coverage { checked: count(true), skipped: count(false) }
}

#[test]
fn halves_of_an_exchange_meet_in_every_group() {
    assert_eq!(conformance::exchanges(&provider()), groups(2, 1, 3));
    assert_eq!(conformance::exchange_refusals(&provider()), groups(7, 4, 12));
}

#[test]
fn known_private_values_come_to_known_secrets() {
    let make =
        |group: Group, private: &[u8]| RustCrypto::new(Fixed(private.to_vec())).key_exchange(group).ok();
    assert_eq!(conformance::known_exchanges(make), groups(7, 4, 12));
}

#[test]
fn ciphers_open_what_was_sealed_and_nothing_else() {
    assert_eq!(conformance::aeads(&provider()), coverage(8, true, 0));
}

/// A source that gives what is no private value on any curve is not asked for ever.
#[test]
fn a_source_that_fails_or_gives_nothing_of_use_ends_the_exchange() {
    for group in [Group::Secp256r1, Group::Secp384r1] {
        for source in [vec![0; 32], vec![0; 48], vec![0xff; 32], vec![0xff; 48], Vec::new()] {
            let half = RustCrypto::new(Fixed(source)).key_exchange(group);
            assert_eq!(half.err(), Some(lanewarden_crypto::ExchangeError::Failed));
        }
    }
    assert_eq!(RustCrypto::new(Fixed(Vec::new())).random(&mut [0; 4]), Err(RandomError));
}

#[test]
fn secrets_are_not_printed() {
    let key = PrivateKey::from_seed(&[0x42; 32]);
    assert_eq!(format!("{key:?}"), "PrivateKey(Ed25519, ..)");
    let cipher = provider().aead(lanewarden_crypto::AeadAlgorithm::Aes128Gcm, &[0x42; 16]).unwrap();
    assert_eq!(format!("{cipher:?}"), "Aead(Aes128Gcm, ..)");
    let half = provider().key_exchange(Group::Secp256r1).unwrap();
    assert_eq!(format!("{half:?}"), "KeyExchange(Secp256r1, ..)");
}

/// On a machine of 64 bits. What is in memory once or twice for each peer is to stay small.
#[cfg(target_pointer_width = "64")]
#[test]
fn what_a_connection_holds_is_small() {
    assert!(size_of::<lanewarden_rustcrypto::Hash>() <= 224);
    assert!(size_of::<lanewarden_rustcrypto::VerifyingKey>() <= 200);
    assert!(size_of::<lanewarden_rustcrypto::KeyExchange>() <= 80);
}
