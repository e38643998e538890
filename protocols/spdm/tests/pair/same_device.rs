//! Whether a device that comes back is the one that was there, and what it takes to know.

use std::cell::Cell;
use std::rc::Rc;

use lanewarden_aws_lc::{AwsLc, VerifyingKey};
use lanewarden_crypto::{
    AeadAlgorithm, ExchangeError, Group, KeyError, KeyExchange, PublicKey, RandomError, Signed, VerifyError,
};
use lanewarden_spdm::Instant;
use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::message::{Response, SummaryKind};
use lanewarden_spdm::requester::{PeerKey, Requester, Step};
use lanewarden_spdm::responder::{Parts, Responder};
use lanewarden_spdm::same_device::{Algorithms, Pinned, SameDevice, Verdict};
use lanewarden_spdm::session::{Seat, seats};

use crate::support::*;

/// What was asked of the cryptography of the side that checks.
#[derive(Clone, Default)]
struct Counts {
    verifications: Rc<Cell<u32>>,
    halves: Rc<Cell<u32>>,
    agreements: Rc<Cell<u32>>,
}

fn count(cell: &Cell<u32>) {
    cell.set(cell.get() + 1);
}

/// AWS-LC, counted.
#[derive(Clone, Default)]
struct Counting(Counts);

#[derive(Clone)]
struct CountedKey(VerifyingKey, Counts);

struct CountedHalf(lanewarden_aws_lc::KeyExchange, Counts);

impl lanewarden_crypto::VerifyingKey for CountedKey {
    fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        signed: Signed<'_>,
        signature: &[u8],
    ) -> Result<(), VerifyError> {
        count(&self.1.verifications);
        self.0.verify(algorithm, signed, signature)
    }
}

impl KeyExchange for CountedHalf {
    fn group(&self) -> Group {
        self.0.group()
    }

    fn public(&self, out: &mut [u8]) -> Result<(), ExchangeError> {
        self.0.public(out)
    }

    fn agree<R>(self, peer: &[u8], with: impl FnOnce(&[u8]) -> R) -> Result<R, ExchangeError> {
        count(&self.1.agreements);
        self.0.agree(peer, with)
    }
}

impl Provider for Counting {
    type Hash = lanewarden_aws_lc::Hash;
    type VerifyingKey = CountedKey;
    type KeyExchange = CountedHalf;
    type Aead = lanewarden_aws_lc::Aead;

    fn hash(&self, algorithm: HashAlgorithm) -> Option<Self::Hash> {
        AwsLc.hash(algorithm)
    }

    fn hmac(&self, algorithm: HashAlgorithm, key: &[u8], parts: &[&[u8]]) -> Option<Digest> {
        AwsLc.hmac(algorithm, key, parts)
    }

    fn verifies(&self, algorithm: SignatureAlgorithm, hash: HashAlgorithm) -> bool {
        AwsLc.verifies(algorithm, hash)
    }

    fn verifying_key(&self, key: &PublicKey<'_>) -> Result<CountedKey, KeyError> {
        AwsLc.verifying_key(key).map(|key| CountedKey(key, self.0.clone()))
    }

    fn exchanges(&self, group: Group) -> bool {
        AwsLc.exchanges(group)
    }

    fn key_exchange(&self, group: Group) -> Result<CountedHalf, ExchangeError> {
        count(&self.0.halves);
        AwsLc.key_exchange(group).map(|half| CountedHalf(half, self.0.clone()))
    }

    fn aead(&self, algorithm: AeadAlgorithm, key: &[u8]) -> Option<Self::Aead> {
        AwsLc.aead(algorithm, key)
    }

    fn random(&self, out: &mut [u8]) -> Result<(), RandomError> {
        AwsLc.random(out)
    }
}

type Table<P> = [Seat<P>; 2];
type Talker = Responder<Parts<AwsLc, Device, Firmware, (), (), Table<AwsLc>>, Vec<u8>>;
type Asking = Requester<requester::Parts<Counting, (), Table<Counting>>, Vec<u8>>;

fn talker(device: Device, firmware: Firmware, settings: responder::Settings) -> Talker {
    let parts = made(AwsLc, device, firmware, ()).with_sessions(seats());
    Responder::new(parts, settings, vec![0; 0x3000])
}

fn device() -> Device {
    Device::new::<AwsLcKit>(P256, &[0])
}

/// A requester that has authenticated a device, and what it remembers of it.
fn pinned(talker: &mut Talker, counts: &Counts) -> (Asking, Pinned<CountedKey>) {
    let parts = requester::Parts::new(Counting(counts.clone())).with_sessions(seats());
    let mut requester = Requester::new(parts, requester::Settings::default(), vec![0; 0x2000]);
    let mut now = Instant::ORIGIN;
    requester.connect().unwrap();
    drive(&mut requester, &mut now, &mut Line(talker)).unwrap();
    requester.digests().unwrap();
    drive(&mut requester, &mut now, &mut Line(talker)).unwrap();
    let key = CountedKey(AwsLcKit::verifying_key(P256, 0), counts.clone());
    let peer = PeerKey { key, chain: *requester.digest(0).unwrap() };
    requester.know(0, peer.clone());
    let summary_kind = SummaryKind::All;
    requester.challenge(requester::ChallengeRequest { summary: summary_kind, ..Default::default() }).unwrap();
    let seen = drive(&mut requester, &mut now, &mut Line(talker)).unwrap();
    let [Seen::Authenticated { summary, .. }] = &seen[..] else { panic!("{seen:?}") };
    let connection = requester.connection().unwrap();
    let summary = Digest::new(connection.hash, summary).unwrap();
    let algorithms = Algorithms::from(connection);
    (requester, Pinned { slot: 0, peer, algorithms, summary_kind, summary })
}

/// Runs the check, and gives what came of it and the codes of the answers.
fn check(
    requester: &mut Asking,
    pinned: &Pinned<CountedKey>,
    talker: &mut Talker,
) -> (Result<Option<Verdict>, Error>, Vec<u8>) {
    let mut answers = Vec::new();
    let mut check = SameDevice::begin(requester, pinned).unwrap();
    let end = loop {
        let (kind, mut answer) = match check.poll(Instant::ORIGIN) {
            Ok(Step::Send { kind, message, .. }) => Line(talker).carry(Instant::ORIGIN, kind, message),
            Ok(Step::Idle) => break Ok(check.verdict()),
            Ok(other) => panic!("{other:?}"),
            Err(error) => break Err(error),
        };
        answers.push(if kind == MessageKind::Plain { answer[1] } else { 0 });
        if let Err(error) = check.receive(Instant::ORIGIN, kind, &mut answer) {
            break Err(error);
        }
    };
    (end, answers)
}

/// Five exchanges, no certificate, one verification and one derivation; the half of the exchange was made ahead.
#[test]
fn the_same_device_is_known_again_in_five_exchanges() {
    let counts = Counts::default();
    let mut talker = talker(device(), Firmware::default(), Default::default());
    let (mut requester, pinned) = pinned(&mut talker, &counts);
    requester.prepare_exchange(pinned.algorithms.group.unwrap()).unwrap();
    for cell in [&counts.verifications, &counts.halves, &counts.agreements] {
        cell.set(0);
    }
    talker.reset();
    let (verdict, answers) = check(&mut requester, &pinned, &mut talker);
    let Ok(Some(Verdict::Same(id))) = verdict else { panic!("{verdict:?}") };
    let plain = [Response::Version, Response::Capabilities, Response::Algorithms, Response::KeyExchangeRsp];
    assert_eq!(answers[..4], plain.map(Response::byte));
    assert_eq!(answers[4..], [0], "FINISH_RSP is a record");
    assert_eq!((counts.verifications.get(), counts.agreements.get(), counts.halves.get()), (1, 1, 0));
    assert!(talker.session(id).is_some_and(lanewarden_spdm::session::Session::is_established));
    requester.within(id).heartbeat().unwrap_err();
    requester.within(id).measurements(requester::MeasurementRequest::all_signed(0)).unwrap();
    let seen = drive(&mut requester, &mut Instant::ORIGIN.clone(), &mut Line(&mut talker)).unwrap();
    assert!(matches!(seen[..], [Seen::Measured { transcript: Some(_), .. }]));
}

/// What the caller forgot to prepare is made on the way.
#[test]
fn nothing_has_to_be_prepared() {
    let counts = Counts::default();
    let mut talker = talker(device(), Firmware::default(), Default::default());
    let (mut requester, pinned) = pinned(&mut talker, &counts);
    assert!(matches!(check(&mut requester, &pinned, &mut talker).0, Ok(Some(Verdict::Same(_)))));
    assert_eq!(counts.halves.get(), 1);
}

#[test]
fn other_measurements_are_a_change_of_the_same_device() {
    let counts = Counts::default();
    let mut before = talker(device(), Firmware::default(), Default::default());
    let (mut requester, pinned) = pinned(&mut before, &counts);
    let mut firmware = Firmware::default();
    firmware.0[1].3 = b"another firmware".to_vec();
    let mut after = talker(device(), firmware, Default::default());
    assert!(matches!(check(&mut requester, &pinned, &mut after).0, Ok(Some(Verdict::Changed(_)))));
}

#[test]
fn another_key_is_another_device() {
    let counts = Counts::default();
    let mut before = talker(device(), Firmware::default(), Default::default());
    let (mut requester, pinned) = pinned(&mut before, &counts);
    let mut other = device();
    other.0[0].signer = AwsLcKit::signer(P256, 7);
    let mut after = talker(other, Firmware::default(), Default::default());
    let (verdict, answers) = check(&mut requester, &pinned, &mut after);
    assert_eq!(verdict, Ok(Some(Verdict::Different)));
    assert_eq!(answers.len(), 4, "it says no more to it");
    assert_eq!(requester.sessions().count(), 0);
}

#[test]
fn another_chain_of_the_same_key_is_not_taken_for_the_one_that_was_trusted() {
    let counts = Counts::default();
    let mut before = talker(device(), Firmware::default(), Default::default());
    let (mut requester, pinned) = pinned(&mut before, &counts);
    let mut other = device();
    other.0[0].certificates = certificate(700, 9);
    let mut after = talker(other, Firmware::default(), Default::default());
    assert_eq!(check(&mut requester, &pinned, &mut after).0, Ok(Some(Verdict::Different)));
}

/// A downgrade is no reason to look at what is signed with it.
#[test]
fn who_agrees_on_something_else_is_not_the_same() {
    let counts = Counts::default();
    let mut before = talker(device(), Firmware::default(), Default::default());
    let (mut requester, pinned) = pinned(&mut before, &counts);
    for settings in [
        responder::Settings { versions: Versions::only(Version::V1_1), ..Default::default() },
        responder::Settings { hashes: HashAlgorithm::Sha256.into(), ..Default::default() },
        responder::Settings { dhe: Group::Secp256r1.into(), ..Default::default() },
        responder::Settings { aead: AeadAlgorithm::Aes128Gcm.into(), ..Default::default() },
    ] {
        let mut after = talker(device(), Firmware::default(), settings);
        counts.verifications.set(0);
        let (verdict, answers) = check(&mut requester, &pinned, &mut after);
        assert_eq!((verdict, answers.len()), (Ok(Some(Verdict::Different)), 3), "{settings:?}");
        assert_eq!(counts.verifications.get(), 0);
    }
}

#[test]
fn a_device_that_cannot_answer_is_a_failure_and_no_verdict() {
    let counts = Counts::default();
    let mut before = talker(device(), Firmware::default(), Default::default());
    let (mut requester, pinned) = pinned(&mut before, &counts);
    let mut check = SameDevice::begin(&mut requester, &pinned).unwrap();
    assert!(matches!(check.poll(Instant::ORIGIN), Ok(Step::Send { .. })));
    let mut busy = [0x10, 0x7f, 3, 0];
    check.receive(Instant::ORIGIN, MessageKind::Plain, &mut busy).unwrap();
    let Ok(Step::Wait(until)) = check.poll(Instant::ORIGIN) else { panic!("it waits") };
    assert!(matches!(check.poll(until), Ok(Step::Send { .. })));
    let mut refused = [0x10, 0x7f, 5, 0];
    let error = check.receive(until, MessageKind::Plain, &mut refused).unwrap_err();
    assert_eq!(error.blame(), Blame::PeerCannot);
    assert_eq!(check.verdict(), None);
    assert!(matches!(check.poll(until), Ok(Step::Idle)));
}
