//! How much memory a requester and a responder need for an authentication with P-384 and SHA-384: what they keep, their
//! buffers, and the stack that they touch. Each is run by itself, against what the other said when both were run.
#![allow(missing_docs)]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)] // no peer but ourselves

use core::convert::Infallible;
use core::mem::{MaybeUninit, size_of};
use std::cell::Cell;
use std::time::Duration;

use lanewarden_crypto::{
    Curve, Digest, HashAlgorithm, Provider, RandomError, SignatureAlgorithm, Signed, Signer, VerifyingKey,
};
use lanewarden_no_std_link::port::Waiting;
use lanewarden_no_std_link::requester::{Driven, Judge};
use lanewarden_no_std_link::responder::{Slot, SmallParts, small};
use lanewarden_rustcrypto::{PrivateKey, RandomSource, RustCrypto};
use lanewarden_spdm::Instant;
use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::certificate::{AnchorList, ChainReader, NoRevocations};
use lanewarden_spdm::requester::{self, MIN_BUFFER, Requester, Settings, Transport};
use lanewarden_spdm::responder::{self, Responder};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P384_SHA384,
};

/// The longest message, in bytes.
const MESSAGE: usize = 4608;
/// The longest certificate of a chain of such keys, in bytes.
const CERTIFICATE: usize = 1024;
/// The room of a responder before an answer.
const HEADROOM: usize = 16;
/// The longest request that the responder takes at once, in bytes: requests of this profile have up to 128.
const REQUEST: usize = 256;
/// What libspdm needs for the same: context, scratch, one buffer for both ways, the stack that it touches, and the heap
/// of its cryptography (Mbed TLS). BENCHMARKS.md says how that was found.
const PEER_REQUESTER: usize = 12_048 + 27_753 + 4_643 + 4_776 + 7_947;
const PEER_RESPONDER: usize = 12_048 + 27_753 + 4_643 + 2_680 + 2_208;

const P384: SignatureAlgorithm = SignatureAlgorithm::Ecdsa(Curve::P384);

type Answering<'p> = Responder<SmallParts<'p, RustCrypto<Repeating>, PrivateKey>, [u8; MESSAGE + HEADROOM]>;
type Asking = Requester<requester::Parts<RustCrypto<Repeating>>, [u8; MIN_BUFFER]>;
type Reader<'a> = ChainReader<RustCrypto<Repeating>, AnchorList<'a>, NoRevocations, &'a mut [u8]>;

fn main() {
    let chain = chain();
    let (mut pair, mut said) = (answering(&chain), Vec::new());
    let pair = Both { responder: &mut pair, said: &mut said };
    let (_, authenticated) = ask(&chain, pair, false);
    let (_, measured) = ask(&chain, Replay(&said), false);
    assert!(authenticated && measured);

    let longest = chain.certificates.iter().map(Vec::len).max().unwrap();
    println!("chain: {} bytes, longest certificate {longest}", chain.certificates.concat().len());
    println!("chain reader (on the stack): {}", size_of::<Reader<'_>>());
    primitives(&chain);
    println!("role       context  buffers  stack   all     a third of libspdm's");
    let (stack, _) = ask(&chain, Replay(&said), true);
    let context = size_of::<Asking>() - MIN_BUFFER;
    show("requester", context, MIN_BUFFER + MESSAGE + CERTIFICATE, stack, PEER_REQUESTER);
    let stack = answer_all(&chain, &said);
    let context = size_of::<Answering<'_>>() - MESSAGE - HEADROOM;
    show("responder", context, MESSAGE + HEADROOM + REQUEST, stack, PEER_RESPONDER);
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

/// A requester from the first message to the verdict, and the stack that it has touched where that is asked for.
fn ask(chain: &Chain, mut transport: impl Transport<Error = Infallible>, paint: bool) -> (usize, bool) {
    let provider = RustCrypto::new(Repeating::default());
    let anchors = [chain.certificates[0].as_slice()];
    let anchors = AnchorList::new(&anchors, 1).unwrap();
    let judge = Judge { provider: provider.clone(), anchors, revocations: NoRevocations, now: Some(NOW) };
    let mut requester: Box<Asking> =
        Box::new(Requester::new(requester::Parts::new(provider), Settings::default(), [0; MIN_BUFFER]));
    let (clock, mut answer) = (Waiting::default(), vec![0; MESSAGE]);
    let mut certificate = vec![0; CERTIFICATE];
    let mut driven =
        Driven { requester: &mut requester, transport: &mut transport, clock: &clock, answer: &mut answer };
    let mut done = false;
    let mut work = || done = driven.authenticate(judge.clone(), &mut certificate, |_| ()).is_ok();
    let stack = if paint { touched(work) } else { work_through(&mut work) };
    (stack, done)
}

fn work_through(work: &mut dyn FnMut()) -> usize {
    work();
    0
}

/// The stack that a responder touches over all requests.
fn answer_all(chain: &Chain, said: &[(Vec<u8>, Vec<u8>)]) -> usize {
    let mut responder = answering(chain);
    touched(|| {
        for (request, answer) in said {
            let mut request = request.clone();
            let said = responder.respond(Instant::ORIGIN, MessageKind::Plain, &mut request);
            assert!(said == Some((MessageKind::Plain, answer)), "it says something else");
        }
    })
}

fn answering(chain: &Chain) -> Box<Answering<'_>> {
    let signer = PrivateKey::from_pkcs8(&chain.key).unwrap();
    let identities = Slot { certificates: &chain.whole, signer };
    let provider = RustCrypto::new(Repeating::default());
    let parts = small(provider, identities, &[b"rom", b"firmware"]);
    let settings = responder::Settings {
        transfer_size: u32::try_from(REQUEST).unwrap(),
        answer_size: Some(u32::try_from(MESSAGE).unwrap()),
        ..responder::Settings::default()
    };
    Box::new(Responder::new(parts, settings, [0; MESSAGE + HEADROOM]))
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
struct Repeating(Cell<u8>);

impl RandomSource for Repeating {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> {
        out.iter_mut().for_each(|byte| *byte = self.0.replace(self.0.get().wrapping_add(1)));
        Ok(())
    }
}

/// A responder, and what it was asked and answered.
struct Both<'b, 'p> {
    responder: &'b mut Answering<'p>,
    said: &'b mut Vec<(Vec<u8>, Vec<u8>)>,
}

impl Transport for Both<'_, '_> {
    type Error = Infallible;

    fn exchange(
        &mut self,
        kind: MessageKind,
        message: &[u8],
        answer: &mut [u8],
        _: Duration,
    ) -> Result<(MessageKind, usize), Infallible> {
        let mut request = message.to_vec();
        let (kind, said) = self.responder.respond(Instant::ORIGIN, kind, &mut request).unwrap();
        answer[..said.len()].copy_from_slice(said);
        self.said.push((message.to_vec(), said.to_vec()));
        Ok((kind, said.len()))
    }
}

/// What was answered before.
struct Replay<'s>(&'s [(Vec<u8>, Vec<u8>)]);

impl Transport for Replay<'_> {
    type Error = Infallible;

    fn exchange(
        &mut self,
        kind: MessageKind,
        message: &[u8],
        answer: &mut [u8],
        _: Duration,
    ) -> Result<(MessageKind, usize), Infallible> {
        let ((asked, said), rest) = self.0.split_first().unwrap();
        assert!(asked == message, "it asks something else");
        answer[..said.len()].copy_from_slice(said);
        self.0 = rest;
        Ok((kind, said.len()))
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
