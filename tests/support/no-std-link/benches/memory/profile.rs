//! The measurement: both roles, each by itself, against what the other said when both were run.

use core::convert::Infallible;
use core::mem::{MaybeUninit, size_of};
use std::cell::Cell;
use std::time::Duration;

use lanewarden_crypto::{
    Curve, Digest, HashAlgorithm, Provider, RandomError, SignatureAlgorithm, Signed, Signer, VerifyingKey,
};
use lanewarden_no_std_link::port::Waiting;
use lanewarden_no_std_link::requester::{Driven, Judge};
use lanewarden_no_std_link::responder::{Firmware, Slot, small};
use lanewarden_rustcrypto::{PrivateKey, RandomSource, RustCrypto};
use lanewarden_spdm::Instant;
use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::certificate::{AnchorList, ChainReader, NoRevocations};
use lanewarden_spdm::requester::{self, Requester, Settings, Transport};
use lanewarden_spdm::responder::{self, Parts, Responder};
use lanewarden_spdm::session::{RecordForm, Sessions};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P384_SHA384,
};

/// The longest message, in bytes.
pub const MESSAGE: usize = 4608;
/// The longest certificate of a chain of such keys, in bytes.
const CERTIFICATE: usize = 1024;
/// The room of a responder around an answer, without sessions and with them.
pub const AROUND: usize = 16;
pub const AROUND_SECURED: usize = AROUND + RecordForm::HEADROOM + RecordForm::TAIL;
/// The longest request that the responder takes at once, in bytes; those of these profiles have up to 200.
const REQUEST: usize = 256;
/// What a record has beyond its message: in data objects there are no random bytes.
pub const RECORD: usize = RecordForm::HEADROOM + RecordForm::TAIL;
/// The requester's own buffer where it opens sessions: the longest request, and what stands around it.
pub const SESSION_BUFFER: usize = 28 + REQUEST + RecordForm::TAIL;

const P384: SignatureAlgorithm = SignatureAlgorithm::Ecdsa(Curve::P384);

pub type Crypto = RustCrypto<Repeating>;
type Answering<'p, S, const B: usize> =
    Responder<Parts<Crypto, Slot<'p, PrivateKey>, Firmware<'p>, (), (), S>, [u8; B]>;
type Asking<S, const B: usize> = Requester<requester::Parts<Crypto, (), S>, [u8; B]>;
type Reader<'a> = ChainReader<Crypto, AnchorList<'a>, NoRevocations, &'a mut [u8]>;
type Message = (MessageKind, Vec<u8>);
type Said = Vec<(Message, Message)>;

/// What libspdm needs for the same: context, scratch, one buffer for both ways, the stack that it touches, and the heap
/// of its cryptography (Mbed TLS). BENCHMARKS.md says how that was found.
pub struct Peer {
    requester: usize,
    responder: usize,
}

const PEER: usize = 12_048 + 27_753 + 4_643;
pub const AUTHENTICATION: Peer = Peer { requester: PEER + 4_776 + 7_947, responder: PEER + 2_680 + 2_208 };
pub const SESSION: Peer = Peer { requester: PEER + 4_776 + 7_947, responder: PEER + 2_680 + 6_520 };

/// Both roles, each by itself against what the other said when both were run.
pub fn profile<S: Sessions<Crypto>, const Q: usize, const A: usize>(
    name: &str,
    sessions: fn() -> S,
    record: usize,
    peer: &Peer,
) {
    let chain = &chain();
    let longest = chain.certificates.iter().map(Vec::len).max().unwrap();
    println!("chain: {} bytes, longest certificate {longest}", chain.certificates.concat().len());
    println!("chain reader (on the stack): {}", size_of::<Reader<'_>>());
    primitives(chain);
    let (mut responder, mut said) = (answering::<S, A>(chain, sessions()), Said::new());
    let pair = Both { responder: &mut responder, said: &mut said };
    let (_, together) = ask::<S, Q>(chain, sessions(), pair, false);
    let (_, alone) = ask::<S, Q>(chain, sessions(), Replay(&said), false);
    assert!(together && alone);
    println!("{name}\nrole       context  buffers  stack   all     a third of libspdm's");
    let (stack, _) = ask::<S, Q>(chain, sessions(), Replay(&said), true);
    let context = size_of::<Asking<S, Q>>() - Q;
    show("requester", context, Q + MESSAGE + record + CERTIFICATE, stack, peer.requester);
    let stack = answer_all::<S, A>(chain, sessions(), &said);
    let context = size_of::<Answering<'_, S, A>>() - A;
    show("responder", context, A + REQUEST + record, stack, peer.responder);
    println!();
}

/// The stack that cryptography touches by itself.
fn primitives(chain: &Chain) {
    let provider = RustCrypto::new(Repeating::default());
    let mut key = PrivateKey::from_pkcs8(&chain.key).unwrap();
    let digest = Digest::new(HashAlgorithm::Sha384, &[7; 48]).unwrap();
    let mut signature = [0; 96];
    let sign = touched(|| assert!(key.sign(P384, Signed::Digest(&digest), &mut signature).is_ok()));
    let mut verifying = None;
    let parse = touched(|| verifying = key.with_public_key(|key| provider.verifying_key(key)).ok());
    let verifying = verifying.unwrap();
    let verify = touched(|| verifying.verify(P384, Signed::Digest(&digest), &signature).unwrap());
    println!("stack of the provider alone: verify {verify}, sign {sign}, public key {parse}\n");
}

fn show(role: &str, context: usize, buffers: usize, stack: usize, peer: usize) {
    let all = context + buffers + stack;
    println!("{role:9}  {context:7}  {buffers:7}  {stack:6}  {all:6}  {:6}", peer / 3);
}

/// A requester from the first message to the verdict, and through a session where there is room for one; and the stack
/// that it has touched where that is asked for.
fn ask<S: Sessions<Crypto>, const B: usize>(
    chain: &Chain,
    sessions: S,
    mut transport: impl Transport<Error = Infallible>,
    paint: bool,
) -> (usize, bool) {
    let provider = RustCrypto::new(Repeating::default());
    let anchors = [chain.certificates[0].as_slice()];
    let anchors = AnchorList::new(&anchors, 1).unwrap();
    let judge = Judge { provider: provider.clone(), anchors, revocations: NoRevocations, now: Some(NOW) };
    let parts = requester::Parts::new(provider).with_sessions(sessions);
    let mut requester: Box<Asking<S, B>> = Box::new(Requester::new(parts, Settings::default(), [0; B]));
    let (clock, mut answer) = (Waiting::default(), vec![0; MESSAGE + RECORD]);
    let mut certificate = vec![0; CERTIFICATE];
    let mut driven =
        Driven { requester: &mut requester, transport: &mut transport, clock: &clock, answer: &mut answer };
    let mut done = false;
    let mut work = || {
        done = driven.authenticate(judge.clone(), &mut certificate, |_| ()).is_ok()
            && (!S::PRESENT || driven.session().is_ok());
    };
    let stack = if paint { touched(work) } else { work_through(&mut work) };
    (stack, done)
}

fn work_through(work: &mut dyn FnMut()) -> usize {
    work();
    0
}

/// The stack that a responder touches over all requests.
fn answer_all<S: Sessions<Crypto>, const B: usize>(chain: &Chain, sessions: S, said: &Said) -> usize {
    let mut responder = answering::<S, B>(chain, sessions);
    let mut requests: Vec<_> = said.iter().map(|(request, _)| request.clone()).collect();
    touched(|| {
        for ((kind, request), (_, (_, answer))) in requests.iter_mut().zip(said) {
            let said = responder.respond(Instant::ORIGIN, *kind, request);
            assert!(said.is_some_and(|(_, said)| said == answer), "it says something else");
        }
    })
}

fn answering<S: Sessions<Crypto>, const B: usize>(chain: &Chain, sessions: S) -> Box<Answering<'_, S, B>> {
    let signer = PrivateKey::from_pkcs8(&chain.key).unwrap();
    let identities = Slot { certificates: &chain.whole, signer };
    let provider = RustCrypto::new(Repeating::default());
    let parts = small(provider, identities, &[b"rom", b"firmware"]).with_sessions(sessions);
    let settings = responder::Settings {
        transfer_size: u32::try_from(REQUEST).unwrap(),
        answer_size: Some(u32::try_from(MESSAGE).unwrap()),
        ..responder::Settings::default()
    };
    Box::new(Responder::new(parts, settings, [0; B]))
}

/// 2030-01-01.
const NOW: u64 = 1_893_456_000;

struct Chain {
    certificates: Vec<Vec<u8>>,
    whole: Vec<u8>,
    key: Vec<u8>,
}

/// A root, a CA and a leaf.
fn chain() -> Chain {
    let mut certificates: Vec<Vec<u8>> = Vec::new();
    let mut above: Option<(CertificateParams, KeyPair)> = None;
    for (level, name) in ["Lanewarden root", "Lanewarden issuing", "device"].into_iter().enumerate() {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2040, 1, 1);
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        if level < 2 {
            parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        }
        let key = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
        let made = match &above {
            Some((issuer, signer)) => parameters.signed_by(&key, &Issuer::from_params(issuer, signer)),
            None => parameters.self_signed(&key),
        };
        certificates.push(made.unwrap().der().to_vec());
        above = Some((parameters, key));
    }
    let key = above.unwrap().1.serialize_der();
    Chain { whole: certificates.concat(), certificates, key }
}

/// The same bytes each time.
#[derive(Clone, Debug, Default)]
pub struct Repeating(Cell<u8>);

impl RandomSource for Repeating {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> {
        out.iter_mut().for_each(|byte| *byte = self.0.replace(self.0.get().wrapping_add(1)));
        Ok(())
    }
}

/// A responder, and what it was asked and answered.
struct Both<'b, 'p, S: Sessions<Crypto>, const B: usize> {
    responder: &'b mut Answering<'p, S, B>,
    said: &'b mut Said,
}

impl<S: Sessions<Crypto>, const B: usize> Transport for Both<'_, '_, S, B> {
    type Error = Infallible;

    fn exchange(
        &mut self,
        kind: MessageKind,
        message: &[u8],
        answer: &mut [u8],
        _: Duration,
    ) -> Result<(MessageKind, usize), Infallible> {
        let mut request = message.to_vec();
        let (answered, said) = self.responder.respond(Instant::ORIGIN, kind, &mut request).unwrap();
        answer[..said.len()].copy_from_slice(said);
        self.said.push(((kind, message.to_vec()), (answered, said.to_vec())));
        Ok((answered, said.len()))
    }
}

/// What was answered before.
struct Replay<'s>(&'s [(Message, Message)]);

impl Transport for Replay<'_> {
    type Error = Infallible;

    fn exchange(
        &mut self,
        _: MessageKind,
        message: &[u8],
        answer: &mut [u8],
        _: Duration,
    ) -> Result<(MessageKind, usize), Infallible> {
        let (((_, asked), (kind, said)), rest) = self.0.split_first().unwrap();
        assert!(asked == message, "it asks something else");
        answer[..said.len()].copy_from_slice(said);
        self.0 = rest;
        Ok((*kind, said.len()))
    }
}

/// Bytes of stack that are painted.
const PAINTED: usize = 192 << 10;
const PAINT: u8 = 0xa5;

/// The bytes of stack that some work touches.
#[inline(never)]
fn touched(work: impl FnOnce()) -> usize {
    let bottom = paint();
    work();
    // SAFETY: the stack of a thread stays mapped, and nothing but this thread uses it. What is read was written by
    // `paint` or by the work, through the stack pointer, which the compiler cannot see; hence volatile.
    let untouched = (0..PAINTED).take_while(|&at| unsafe { bottom.add(at).read_volatile() } == PAINT).count();
    assert!(untouched > 0, "more was touched than was painted");
    PAINTED - untouched
}

/// Paints the stack below the caller, and gives its lowest byte.
#[inline(never)]
fn paint() -> *const u8 {
    let mut room = MaybeUninit::<[u8; PAINTED]>::uninit();
    let bottom = room.as_mut_ptr().cast::<u8>();
    for at in 0..PAINTED {
        // SAFETY: it is within `room`.
        unsafe { bottom.add(at).write_volatile(PAINT) };
    }
    bottom
}
