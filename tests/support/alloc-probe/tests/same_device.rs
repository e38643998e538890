//! The check for the same device takes no memory where the cryptography does not.
#![cfg(all(target_os = "linux", target_env = "gnu"))]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation
)]

use lanewarden_alloc_probe::{counted, refused};
use lanewarden_aws_lc::{AwsLc, KeyKind, Pkcs8, PrivateKey};
use lanewarden_crypto::{Curve, Digest, Provider, SignatureAlgorithm};
use lanewarden_no_std_link::responder::{Firmware, Slot};
use lanewarden_rustcrypto::{OsRandom, RustCrypto};
use lanewarden_spdm::Instant;
use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::message::SummaryKind;
use lanewarden_spdm::requester::{self, ChallengeRequest, Event, PeerKey, Requester, Step};
use lanewarden_spdm::responder::{self, Parts, Responder};
use lanewarden_spdm::same_device::{Algorithms, Pinned, SameDevice, Verdict};
use lanewarden_spdm::session::{Seat, seats};

const P384: SignatureAlgorithm = SignatureAlgorithm::Ecdsa(Curve::P384);

type Talker<'d> =
    Responder<Parts<AwsLc, Slot<'d, PrivateKey>, Firmware<'d>, (), (), [Seat<AwsLc>; 2]>, Vec<u8>>;
type Asking<P> = Requester<requester::Parts<P, (), [Seat<P>; 1]>, [u8; 1024]>;

/// Something in the outer form of a certificate.
const CERTIFICATES: [u8; 6] = [0x30, 4, 2, 2, 1, 1];

fn talker(key: PrivateKey) -> Talker<'static> {
    let identities = Slot { certificates: &CERTIFICATES, signer: key };
    let parts = Parts::new(AwsLc)
        .with_identities(identities)
        .with_measurements(Firmware(&[b"rom", b"firmware"]))
        .with_sessions(seats());
    let settings = responder::Settings { asymmetric: P384.into(), ..Default::default() };
    Responder::new(parts, settings, vec![0; 0x3000])
}

fn answer(talker: &mut Talker<'_>, kind: MessageKind, message: &[u8]) -> (MessageKind, Vec<u8>) {
    let (kind, answer) = talker.respond(Instant::ORIGIN, kind, &mut message.to_vec()).unwrap();
    (kind, answer.to_vec())
}

/// Does what was begun, and gives the summary that came with a challenge.
fn drive<P: Provider>(requester: &mut Asking<P>, talker: &mut Talker<'_>) -> Vec<u8> {
    let mut summary = Vec::new();
    while let Step::Send { kind, message, .. } = requester.poll(Instant::ORIGIN).unwrap() {
        let (kind, mut said) = answer(talker, kind, message);
        if let Event::Authenticated(proof) = requester.receive(Instant::ORIGIN, kind, &mut said).unwrap() {
            summary = proof.answer.summary.to_vec();
        }
    }
    summary
}

fn pinned<P: Provider>(
    requester: &mut Asking<P>,
    talker: &mut Talker<'_>,
    key: P::VerifyingKey,
) -> Pinned<P::VerifyingKey>
where
    P::VerifyingKey: Clone,
{
    requester.connect().unwrap();
    drive(requester, talker);
    requester.digests().unwrap();
    drive(requester, talker);
    let peer = PeerKey { key, chain: *requester.digest(0).unwrap() };
    requester.know(0, peer.clone());
    let summary_kind = SummaryKind::All;
    requester.challenge(ChallengeRequest { summary: summary_kind, ..Default::default() }).unwrap();
    let summary = drive(requester, talker);
    let connection = requester.connection().unwrap();
    let summary = Digest::new(connection.hash, &summary).unwrap();
    Pinned { slot: 0, peer, algorithms: Algorithms::from(connection), summary_kind, summary }
}

/// Runs the check with `guard` around all that the requester does.
fn check<P: Provider>(
    requester: &mut Asking<P>,
    pinned: &Pinned<P::VerifyingKey>,
    talker: &mut Talker<'_>,
    guard: &mut dyn FnMut(&mut dyn FnMut()),
) -> Option<Verdict>
where
    P::VerifyingKey: Clone,
{
    requester.prepare_exchange(pinned.algorithms.group.unwrap()).unwrap();
    let mut begun = None;
    let mut given = Some(requester);
    guard(&mut || begun = Some(SameDevice::begin(given.take().unwrap(), pinned).unwrap()));
    let mut check = begun.unwrap();
    loop {
        let mut message = ([0; 1024], 0, MessageKind::Plain);
        guard(&mut || {
            if let Step::Send { kind, message: bytes, .. } = check.poll(Instant::ORIGIN).unwrap() {
                message.0[..bytes.len()].copy_from_slice(bytes);
                (message.1, message.2) = (bytes.len(), kind);
            }
        });
        if message.1 == 0 {
            return check.verdict();
        }
        let (kind, mut said) = answer(talker, message.2, &message.0[..message.1]);
        guard(&mut || check.receive(Instant::ORIGIN, kind, &mut said).unwrap());
    }
}

fn setup<P: Provider>(provider: P) -> (Asking<P>, Talker<'static>, Pinned<P::VerifyingKey>)
where
    P::VerifyingKey: Clone,
{
    let pkcs8 = Pkcs8::generate(KeyKind::Ec(Curve::P384)).unwrap();
    let key = PrivateKey::from_pkcs8(pkcs8.as_bytes()).unwrap();
    let verifying = provider.verifying_key(&key.public_key()).unwrap();
    let parts = requester::Parts::new(provider).with_sessions(seats());
    let mut requester = Requester::new(parts, Default::default(), [0; 1024]);
    let mut talker = talker(key);
    let pinned = pinned(&mut requester, &mut talker, verifying);
    (requester, talker, pinned)
}

#[test]
fn the_check_takes_no_memory_with_rustcrypto() {
    let (mut requester, mut talker, pinned) = setup(RustCrypto::new(OsRandom));
    let verdict = check(&mut requester, &pinned, &mut talker, &mut |work| refused(work));
    assert!(matches!(verdict, Some(Verdict::Same(_))), "{verdict:?}");
}

/// AWS-LC takes some of it in C; how often is bounded, and said.
#[test]
fn what_aws_lc_takes_is_counted() {
    let (mut requester, mut talker, pinned) = setup(AwsLc);
    let mut all = 0;
    let verdict = check(&mut requester, &pinned, &mut talker, &mut |work| all += counted(work).1);
    assert!(matches!(verdict, Some(Verdict::Same(_))), "{verdict:?}");
    println!("with aws-lc, memory is taken {all} times");
    assert!((1..1000).contains(&all), "taken {all} times");
}

#[test]
fn the_probe_sees_what_rust_and_c_take() {
    let (_, taken) = counted(|| std::hint::black_box(vec![0_u8; 100]));
    assert_eq!(taken, 1);
    let (_, taken) = counted(|| AwsLc.key_exchange(lanewarden_crypto::Group::Secp384r1).map(drop));
    assert!(taken > 1, "{taken}");
    assert_eq!(counted(|| ()).1, 0);
}
