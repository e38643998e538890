//! How long a full handshake takes, VERSION to END_SESSION_ACK, both roles on one thread, against the ceiling that
//! cryptography sets: what its primitives take by themselves, timed in the same rounds. And against libspdm, in turn,
//! where `LIBSPDM_PREFIX` says where it is. Times are the thread's own on the processor.
#![allow(missing_docs)]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)] // no peer but ourselves

mod ceiling;
#[path = "../authentication/chain.rs"]
mod chain;
mod flow;
mod libspdm;
#[path = "../authentication/series.rs"]
mod series;

use lanewarden_aws_lc::AwsLc;
use lanewarden_crypto::{Provider, PublicKey, Signer};
use lanewarden_rustcrypto::{OsRandom, RustCrypto};
use lanewarden_spdm::certificate::AnchorList;

use ceiling::{Primitives, Times};
use chain::Chain;
use flow::Pair;
use libspdm::{Libspdm, PREFIX};
use series::Series;

/// How many rounds, where they are not to be as many as usual.
const ROUNDS: &str = "LANEWARDEN_BENCH_ROUNDS";
const USUAL: usize = 501;
/// Comparisons with libspdm, and rounds of either in each.
const PAIRS: usize = 30;
const ROUNDS_OF_PAIR: usize = 31;
const NAMES: [&str; 2] = ["fresh", "remembered"];

fn main() {
    let chain = Chain::new();
    let root = [chain.certificates[0].as_slice()];
    let anchors = AnchorList::new(&root, 1).unwrap();
    let aws_lc = || lanewarden_aws_lc::PrivateKey::from_pkcs8(&chain.key).unwrap();
    let own = aws_lc();
    let wanted = std::env::var(ROUNDS).map_or(USUAL, |wanted| wanted.parse().unwrap());
    let mut pair = Pair::new(AwsLc, aws_lc(), &chain, anchors);
    println!("aws-lc, {wanted} rounds");
    rounds(wanted, AwsLc, aws_lc(), own.public_key(), &chain, &mut pair);
    compare(&chain, &mut pair);

    let rustcrypto = || lanewarden_rustcrypto::PrivateKey::from_pkcs8(&chain.key).unwrap();
    let provider = RustCrypto::new(OsRandom);
    let mut pair = Pair::new(provider, rustcrypto(), &chain, anchors);
    println!("\nrustcrypto, {wanted} rounds");
    rounds(wanted, provider, rustcrypto(), own.public_key(), &chain, &mut pair);
}

fn rounds<P: Provider + Clone, S: Signer>(
    count: usize,
    provider: P,
    signer: S,
    public: PublicKey<'_>,
    chain: &Chain,
    pair: &mut Pair<'_, P, S>,
) where
    P::VerifyingKey: Clone,
{
    let said = [true, false].map(|fresh| pair.record(fresh));
    assert!(pair.agreed());
    for (name, said) in NAMES.iter().zip(&said) {
        let bytes: usize = said.iter().map(|(request, answer)| request.len() + answer.len()).sum();
        println!("{name:18}  {} exchanges, {bytes} bytes", said.len());
    }
    let mut primitives = Primitives::new(provider, signer, public, chain, said);
    let (mut times, mut ours) = (Times::default(), [Series::default(), Series::default()]);
    for _ in 0..count {
        ours[0].time(|| pair.shake_hands(true));
        ours[1].time(|| pair.shake_hands(false));
        primitives.once(&mut times);
    }
    println!("                    min / median / max, us");
    times.show();
    for ((name, series), ceiling) in NAMES.iter().zip(&mut ours).zip(times.ceilings()) {
        let median = series.median();
        let (reached, rate) = (100.0 * ceiling / median, 1e6 / median);
        println!("{name:18}  {}; {rate:.0} /s; ceiling {ceiling:.1}, reached {reached:.1} %", series.text());
    }
}

/// Medians of some rounds of ours and of libspdm's, in turn, and their ratio.
fn compare<P: Provider + Clone, S: Signer>(chain: &Chain, pair: &mut Pair<'_, P, S>)
where
    P::VerifyingKey: Clone,
{
    println!();
    let Some(libspdm) = Libspdm::new(chain) else {
        println!("libspdm: skipped, {PREFIX} is not set");
        return;
    };
    let (mut ours, mut theirs, mut ratios) = ([vec![], vec![]], vec![], [vec![], vec![]]);
    for _ in 0..PAIRS {
        let own = [true, false].map(|fresh| own_median(pair, fresh));
        let (line, median) = libspdm.run(ROUNDS_OF_PAIR);
        if theirs.is_empty() {
            println!("libspdm, the first time: {line}");
        }
        theirs.push(median);
        for (index, own) in own.into_iter().enumerate() {
            ours[index].push(own);
            ratios[index].push(median / own);
        }
    }
    println!("{PAIRS} pairs, medians of {ROUNDS_OF_PAIR} rounds, us: min / median / max");
    println!("{:18}  {}", "libspdm", text(&mut theirs));
    for ((name, ours), ratios) in NAMES.iter().zip(&mut ours).zip(&mut ratios) {
        println!("{name:18}  {}; libspdm takes {} times as long", text(ours), text(ratios));
    }
}

fn own_median<P: Provider + Clone, S: Signer>(pair: &mut Pair<'_, P, S>, fresh: bool) -> f64
where
    P::VerifyingKey: Clone,
{
    let mut series = Series::default();
    for _ in 0..ROUNDS_OF_PAIR {
        series.time(|| pair.shake_hands(fresh));
    }
    series.median()
}

fn text(values: &mut [f64]) -> String {
    values.sort_by(f64::total_cmp);
    let (least, most) = (values[0], values[values.len() - 1]);
    format!("{least:.2} / {:.2} / {most:.2}", values[values.len() / 2])
}
