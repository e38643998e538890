//! Key exchange.

use lanewarden_crypto::{Curve, ExchangeError, Group, KeyExchange, Provider};

use crate::answers::{self, Answer};
use crate::{Coverage, ecdsa};

const DATA: &str = include_str!("../data/exchange.txt");
const GROUPS: [(&str, Group); 6] = [
    ("ffdhe2048", Group::Ffdhe2048),
    ("ffdhe3072", Group::Ffdhe3072),
    ("ffdhe4096", Group::Ffdhe4096),
    ("secp256r1", Group::Secp256r1),
    ("secp384r1", Group::Secp384r1),
    ("secp521r1", Group::Secp521r1),
];
const ALL: [Group; 6] = [
    Group::Ffdhe2048,
    Group::Ffdhe3072,
    Group::Ffdhe4096,
    Group::Secp256r1,
    Group::Secp384r1,
    Group::Secp521r1,
];

fn public(exchange: &impl KeyExchange) -> Vec<u8> {
    let mut public = vec![0; exchange.group().public_size()];
    assert_eq!(exchange.public(&mut public), Ok(()));
    public
}

fn secret(exchange: impl KeyExchange, peer: &[u8]) -> Vec<u8> {
    exchange.agree(peer, <[u8]>::to_vec).unwrap()
}

/// Two fresh halves come to the same, and two others to something else.
pub fn exchanges(provider: &impl Provider) -> Coverage {
    let mut coverage = Coverage::default();
    for group in ALL {
        coverage.count(provider.exchanges(group));
        if !provider.exchanges(group) {
            assert_eq!(provider.key_exchange(group).err(), Some(ExchangeError::Unsupported));
            continue;
        }
        let half = || provider.key_exchange(group).map_err(|error| panic!("{error}")).unwrap();
        let (one, other, third) = (half(), half(), half());
        assert_eq!(one.group(), group);
        let (here, there, elsewhere) = (public(&one), public(&other), public(&third));
        assert!(here != there && there != elsewhere, "{group:?}: private values are fresh");
        let too_short = &mut vec![0; group.public_size() - 1];
        assert_eq!(one.public(too_short), Err(ExchangeError::NoRoom));
        let mut longer = vec![7; group.public_size() + 3];
        assert_eq!(one.public(&mut longer), Ok(()));
        assert_eq!(longer, [&here[..], &[7; 3]].concat());
        let (secret, same, not) = (secret(one, &there), secret(other, &here), secret(third, &here));
        assert_eq!(secret, same);
        assert_ne!(secret, not);
        assert_eq!(secret.len(), group.secret_size());
    }
    coverage
}

/// Public values of a peer that are none.
pub fn exchange_refusals(provider: &impl Provider) -> Coverage {
    let mut coverage = Coverage::default();
    for answer in answers::read(DATA) {
        let group: Group = answer.named(&GROUPS);
        coverage.count(provider.exchanges(group));
        if !provider.exchanges(group) {
            continue;
        }
        for (peer, what) in no_values(group, &answer.bytes("peer")) {
            let half = provider.key_exchange(group).map_err(|error| panic!("{error}")).unwrap();
            assert_eq!(
                half.agree(&peer, |_| panic!("{group:?}: {what}")),
                Err::<(), _>(ExchangeError::InvalidPeer),
                "{group:?}: {what}"
            );
        }
    }
    coverage
}

fn no_values(group: Group, good: &[u8]) -> Vec<(Vec<u8>, &'static str)> {
    match group {
        Group::Secp256r1 => ecdsa::no_points(Curve::P256, good),
        Group::Secp384r1 => ecdsa::no_points(Curve::P384, good),
        Group::Secp521r1 => ecdsa::no_points(Curve::P521, good),
        _ => no_numbers(group, good),
    }
}

/// The primes end with 64 ones, so that one more changes nothing before those.
fn no_numbers(group: Group, good: &[u8]) -> Vec<(Vec<u8>, &'static str)> {
    let (prime, size) = (group.prime().unwrap().to_vec(), good.len());
    let ending = |front: &[u8], last: u8| [&front[..size - 1], &[last]].concat();
    let mut above = [&prime[..size - 8], &[0; 8]].concat();
    above[size - 9] += 1;
    vec![
        (vec![0; size], "0"),
        (ending(&vec![0; size], 1), "1"),
        (ending(&prime, 0xfe), "p - 1"),
        (prime, "p"),
        (above, "p + 1"),
        (vec![0xff; size], "above p"),
        (good[1..].to_vec(), "too short"),
        ([&[0], good].concat(), "too long"),
        (Vec::new(), "nothing"),
    ]
}

/// Known secrets, for a provider that can be given its private value. `make` makes a half of one.
pub fn known_exchanges<X: KeyExchange>(make: impl Fn(Group, &[u8]) -> Option<X>) -> Coverage {
    let mut coverage = Coverage::default();
    for answer in answers::read(DATA) {
        let half = make(answer.named(&GROUPS), &answer.bytes("private"));
        coverage.count(half.is_some());
        if let Some(half) = half {
            check_known(half, &answer);
        }
    }
    coverage
}

fn check_known(half: impl KeyExchange, answer: &Answer) {
    assert_eq!(public(&half), answer.bytes("public"));
    assert_eq!(secret(half, &answer.bytes("peer")), answer.bytes("secret"));
}
