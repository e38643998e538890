//! How long an authentication takes, both roles on one thread, against the ceiling that cryptography sets: what its
//! primitives take by themselves, timed in the same rounds. Times are the thread's own on the processor.
#![allow(missing_docs)]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)] // no peer but ourselves

mod chain;
mod flow;
mod series;

use std::hint::black_box;

use lanewarden_aws_lc::AwsLc;
use lanewarden_crypto::{
    Curve, Digest, Hash, HashAlgorithm, Provider, PublicKey, SignatureAlgorithm, Signed, Signer, VerifyingKey,
};
use lanewarden_rustcrypto::{OsRandom, RustCrypto};
use lanewarden_spdm::certificate::AnchorList;

use chain::{Chain, sha384};
use flow::Pair;
use series::Series;

/// How many rounds, where they are not to be as many as usual.
const ROUNDS: &str = "LANEWARDEN_BENCH_ROUNDS";
const USUAL: usize = 501;
const P384: SignatureAlgorithm = SignatureAlgorithm::Ecdsa(Curve::P384);

fn main() {
    let chain = Chain::new();
    let root = [chain.certificates[0].as_slice()];
    let anchors = AnchorList::new(&root, 1).unwrap();
    let aws_lc = || lanewarden_aws_lc::PrivateKey::from_pkcs8(&chain.key).unwrap();
    let (own, mut pair) = (aws_lc(), Pair::new(AwsLc, aws_lc(), &chain, anchors));
    sizes(&mut pair);
    let wanted = std::env::var(ROUNDS).map_or(USUAL, |wanted| wanted.parse().unwrap());
    println!("\naws-lc, {wanted} rounds");
    rounds(wanted, AwsLc, own.clone(), own.public_key(), &chain, pair);

    let rustcrypto = || lanewarden_rustcrypto::PrivateKey::from_pkcs8(&chain.key).unwrap();
    println!("\nrustcrypto, {wanted} rounds");
    let provider = RustCrypto::new(OsRandom);
    rounds(
        wanted,
        provider,
        rustcrypto(),
        own.public_key(),
        &chain,
        Pair::new(provider, rustcrypto(), &chain, anchors),
    );
}

/// Messages and bytes of each flow, as data objects: a header of 8 bytes, and filled up to whole DWs.
fn sizes(pair: &mut Pair<'_, AwsLc, lanewarden_aws_lc::PrivateKey>) {
    println!("flow                         exchanges  bytes out  bytes in");
    for (name, fresh, measurements) in [
        ("fresh", true, false),
        ("fresh, measurements", true, true),
        ("remembered", false, false),
        ("remembered, measurements", false, true),
    ] {
        let said = pair.record(fresh, measurements);
        let object = |message: &Vec<u8>| 8 + message.len().next_multiple_of(4);
        let out: usize = said.iter().map(|(request, _)| object(request)).sum();
        let back: usize = said.iter().map(|(_, answer)| object(answer)).sum();
        println!("{name:27}  {:9}  {out:9}  {back:8}", said.len());
    }
}

/// What is timed in each round.
#[derive(Default)]
struct Times {
    fresh: Series,
    remembered: Series,
    verify: Series,
    sign: Series,
    parse: Series,
    random: Series,
    hash_fresh: Series,
    hash_remembered: Series,
}

fn rounds<P: Provider + Clone, S: Signer>(
    count: usize,
    provider: P,
    mut signer: S,
    public: PublicKey<'_>,
    chain: &Chain,
    mut pair: Pair<'_, P, S>,
) where
    P::VerifyingKey: Clone,
{
    let said = [true, false].map(|fresh| pair.record(fresh, false));
    let key = provider.verifying_key(&public).unwrap();
    let digest = sha384(b"signed");
    let mut signature = vec![0; P384.signature_size()];
    let mut times = Times::default();
    for _ in 0..count {
        times.fresh.time(|| pair.authenticate(true, false));
        times.remembered.time(|| pair.authenticate(false, false));
        times.sign.time(|| signer.sign(P384, Signed::Digest(&digest), &mut signature).unwrap());
        times.verify.time(|| key.verify(P384, Signed::Digest(&digest), &signature).unwrap());
        times.parse.time(|| provider.verifying_key(&public).unwrap());
        times.random.time(|| provider.random(&mut [0; 32]).unwrap());
        times.hash_fresh.time(|| must_be_hashed(&provider, chain, &said[0], true));
        times.hash_remembered.time(|| must_be_hashed(&provider, chain, &said[1], false));
    }
    times.show();
}

/// Both transcripts, the chain once on each side, what was signed; and of a fresh chain the root and what its issuers
/// signed.
fn must_be_hashed<P: Provider>(provider: &P, chain: &Chain, said: &[(Vec<u8>, Vec<u8>)], fresh: bool) {
    let new = || provider.hash(HashAlgorithm::Sha384).unwrap();
    let whole = |bytes: &[u8]| {
        let mut hash = new();
        hash.update(bytes);
        black_box(hash.finish())
    };
    for _ in 0..2 {
        let mut hash = new();
        for (request, answer) in said {
            hash.update(request);
            hash.update(answer);
        }
        let transcript: Digest = hash.finish();
        let mut hash = new();
        hash.update(&[0; 100]);
        hash.update(transcript.as_bytes());
        black_box(hash.finish());
    }
    whole(&chain.whole);
    if fresh {
        whole(&chain.whole);
        whole(&chain.certificates[0]);
        whole(chain.signed_part(1));
        whole(chain.signed_part(2));
    }
}

impl Times {
    fn show(&mut self) {
        println!("                    min / median / max, us");
        for (name, series) in [
            ("verify", &mut self.verify),
            ("sign", &mut self.sign),
            ("public key", &mut self.parse),
            ("32 random bytes", &mut self.random),
            ("hashes, fresh", &mut self.hash_fresh),
            ("hashes, remembered", &mut self.hash_remembered),
        ] {
            println!("{name:18}  {}", series.text());
        }
        let shared = self.sign.median() + 2.0 * self.random.median();
        let verify = self.verify.median();
        let fresh = shared + 3.0 * verify + 3.0 * self.parse.median() + self.hash_fresh.median();
        let remembered = shared + verify + self.hash_remembered.median();
        for (name, series, ceiling) in
            [("fresh", &mut self.fresh, fresh), ("remembered", &mut self.remembered, remembered)]
        {
            let reached = 100.0 * ceiling / series.median();
            let rate = 1e6 / series.median();
            println!(
                "{name:18}  {}; {rate:.0} /s; ceiling {ceiling:.1}, reached {reached:.1} %",
                series.text()
            );
        }
    }
}
