//! Secrets and records that were worked out elsewhere: `tests/data/sessions.py` says how.

#![allow(clippy::arithmetic_side_effects)] // no peer but ourselves

extern crate std;

use std::vec::Vec;

use lanewarden_aws_lc::AwsLc;
use lanewarden_crypto::{Aead, AeadAlgorithm, Digest, HashAlgorithm, Provider};
use lanewarden_rustcrypto::{OsRandom, RustCrypto};

use super::*;
use crate::Version;
use crate::binding::Binding;

const FILE: &str = include_str!("../../tests/data/sessions.txt");

/// The words of a line after its name.
fn words<'a>(lines: &mut impl Iterator<Item = &'a str>, name: &str) -> Vec<&'a str> {
    let mut words = lines.next().unwrap().split(' ');
    assert_eq!(words.next(), Some(name));
    words.collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks(2)
        .map(|two| u8::from_str_radix(str::from_utf8(two).unwrap(), 16).unwrap())
        .collect()
}

fn version(name: &str) -> Version {
    match name {
        "1.1" => Version::V1_1,
        "1.2" => Version::V1_2,
        "1.3" => Version::V1_3,
        _ => panic!("version {name}"),
    }
}

fn hash(name: &str) -> HashAlgorithm {
    match name {
        "sha256" => HashAlgorithm::Sha256,
        "sha384" => HashAlgorithm::Sha384,
        "sha512" => HashAlgorithm::Sha512,
        _ => panic!("hash {name}"),
    }
}

fn cipher(name: &str) -> AeadAlgorithm {
    match name {
        "aes-128-gcm" => AeadAlgorithm::Aes128Gcm,
        "aes-256-gcm" => AeadAlgorithm::Aes256Gcm,
        "chacha20-poly1305" => AeadAlgorithm::ChaCha20Poly1305,
        _ => panic!("cipher {name}"),
    }
}

fn form(transport: &str, protection: &str) -> RecordForm {
    let binding = match transport {
        "doe" => Binding::DOE,
        "mctp" => Binding::MCTP,
        "tcp" => Binding::TCP,
        _ => panic!("transport {transport}"),
    };
    let protection = match protection {
        "encrypted" => Protection::Encrypted,
        "authenticated" => Protection::Authenticated,
        _ => panic!("protection {protection}"),
    };
    RecordForm { binding, protection }
}

/// Both directions against the two values of a line.
fn check_sides(secrets: [&Secret; 2], expected: &[&str]) {
    for (secret, expected) in secrets.into_iter().zip(expected) {
        assert_eq!(secret.as_bytes(), bytes(expected));
    }
}

/// The schedule that the next lines hold.
fn check_schedule<'a, P: Provider>(provider: &P, head: &str, lines: &mut impl Iterator<Item = &'a str>) {
    let head: Vec<_> = head.split(' ').collect();
    let session = SessionHash { version: version(head[1]), algorithm: hash(head[2]) };
    let shared = bytes(words(lines, "shared")[0]);
    let mut digest = |name| Digest::new(session.algorithm, &bytes(words(lines, name)[0])).unwrap();
    let [th1, finish, th2] = ["th1", "finish", "th2"].map(&mut digest);
    let handshake = match head[3] {
        "psk" => HandshakeSecret::from_psk(provider, session, &shared),
        _ => HandshakeSecret::from_exchange(provider, session, &shared),
    };
    let handshake = handshake.unwrap();

    let early = handshake.directions(provider, &th1).unwrap();
    check_sides([&early.requester, &early.responder], &words(lines, "handshake"));
    for (secret, data) in [&early.requester, &early.responder].into_iter().zip(words(lines, "verify")) {
        let key = secret.finished_key(provider).unwrap();
        assert_eq!(key.verify_data(provider, &finish).unwrap().as_bytes(), bytes(data));
        assert_eq!(key.verifies(provider, &finish, &bytes(data)), Some(true));
    }
    let master = handshake.master(provider).unwrap();
    let late = master.directions(provider, &th2).unwrap();
    check_sides([&late.requester, &late.responder], &words(lines, "application"));
    let exporter = master.exporter(provider, &th2).unwrap();
    assert_eq!(exporter.as_bytes(), bytes(words(lines, "exporter")[0]));
    let next = [&late.requester, &late.responder].map(|secret| secret.next(provider).unwrap());
    check_sides([&next[0], &next[1]], &words(lines, "next"));
    for _ in 0..3 {
        check_keys(provider, &late.requester, &words(lines, "keys"));
    }
}

/// A key is not to be seen, so both are asked for the same tag.
fn check_keys<P: Provider>(provider: &P, secret: &Secret, expected: &[&str]) {
    let keys = secret.traffic_keys(provider, cipher(expected[0])).unwrap();
    let theirs = provider.aead(cipher(expected[0]), &bytes(expected[1])).unwrap();
    let tag = |aead: &P::Aead| aead.seal(&[7; 12], b"associated", &mut [1; 40]).unwrap();
    assert_eq!(tag(&keys.aead), tag(&theirs));
    assert_eq!(keys.salt.as_slice(), bytes(expected[2]));
}

fn schedules<P: Provider>(provider: &P) {
    let mut lines = FILE.lines();
    let mut count = 0;
    while let Some(head) = lines.by_ref().find(|line| line.starts_with("schedule ")) {
        check_schedule(provider, head, &mut lines);
        count += 1;
    }
    assert_eq!(count, 3 * 3 * 2);
}

fn records<P: Provider>(provider: &P) {
    let mut lines = FILE.lines().skip_while(|line| !line.starts_with("secret "));
    let session = SessionHash { version: Version::V1_2, algorithm: HashAlgorithm::Sha384 };
    let secret = Secret::of(session, &bytes(words(&mut lines, "secret")[0]));
    let message = bytes(words(&mut lines, "message")[0]);
    let mut count = 0;
    for line in lines {
        let words: Vec<_> = line.split(' ').collect();
        let [_, _, transport, protection, algorithm, sequence, random, record] = words[..] else {
            panic!("{line}")
        };
        let form = form(transport, protection);
        let keys = || secret.traffic_keys(provider, cipher(algorithm)).unwrap();
        let record = bytes(record);
        check_open(Channel::new_at(keys(), sequence.parse().unwrap()), &form, &record, &message);
        if random == "0" {
            check_seal(Channel::new_at(keys(), sequence.parse().unwrap()), &form, &record, &message);
        }
        count += 1;
    }
    assert_eq!(count, 2 * (3 * 2 * 3 * 3 + 1));
}

fn check_open<A: Aead>(mut channel: Channel<A>, form: &RecordForm, record: &[u8], message: &[u8]) {
    let mut buffer = record.to_vec();
    let opened = channel.open(form, 0xfffe_fffd, &mut buffer).unwrap();
    assert_eq!(&buffer[opened], message);
}

fn check_seal<A: Aead>(mut channel: Channel<A>, form: &RecordForm, record: &[u8], message: &[u8]) {
    let mut buffer = [&[0; RecordForm::HEADROOM], message, &[0; RecordForm::TAIL]].concat();
    let place = RecordForm::HEADROOM..buffer.len() - RecordForm::TAIL;
    let sealed = channel.seal(form, 0xfffe_fffd, &mut buffer, place).unwrap();
    assert_eq!(&buffer[sealed], record);
}

#[test]
fn schedules_come_to_what_was_worked_out_elsewhere() {
    schedules(&AwsLc);
    schedules(&RustCrypto::new(OsRandom));
}

#[test]
fn records_are_what_was_worked_out_elsewhere() {
    records(&AwsLc);
    records(&RustCrypto::new(OsRandom));
}
