//! How long it takes to seal a message and to open it again, where it stands, against the cipher alone, timed in the same
//! rounds with as much associated data: over the message, and over all that the record protects, which has the
//! application length and the transport's head too. Times are the thread's own on the processor.
#![allow(missing_docs)]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)] // no peer but ourselves

use std::hint::black_box;

use lanewarden_aws_lc::AwsLc;
use lanewarden_crypto::{Aead, AeadAlgorithm, Digest, HashAlgorithm};
use lanewarden_spdm::Version;
use lanewarden_spdm::binding::Binding;
use lanewarden_spdm::session::{
    Channel, HandshakeSecret, Protection, RecordForm, Secret, SessionHash, TrafficKeys, UNLIMITED,
};
use rustix::time::{ClockId, clock_gettime};

/// How many rounds, where they are not to be as many as usual.
const ROUNDS: &str = "LANEWARDEN_BENCH_ROUNDS";
const USUAL: usize = 501;
/// Bytes that are sealed and opened in one measurement, so that the clock does not count.
const BYTES: usize = 1 << 18;
/// Each record costs as much as so many bytes at least.
const RECORD: usize = 512;
const SIZES: [usize; 4] = [64, 1 << 10, 16 << 10, 65_472];
const SESSION: u32 = 0xfffe_fffd;

fn main() {
    let rounds = std::env::var(ROUNDS).map_or(USUAL, |wanted| wanted.parse().unwrap());
    println!("seal and open, {rounds} rounds              ns, min / median / max");
    for algorithm in [AeadAlgorithm::Aes128Gcm, AeadAlgorithm::Aes256Gcm, AeadAlgorithm::ChaCha20Poly1305] {
        println!("\n{algorithm:?}");
        let forms = [
            ("DOE", Binding::DOE, Protection::Encrypted),
            ("MCTP", Binding::MCTP, Protection::Encrypted),
            ("TCP", Binding::TCP, Protection::Encrypted),
            ("DOE, not encrypted", Binding::DOE, Protection::Authenticated),
        ];
        for (name, binding, protection) in forms {
            for size in SIZES {
                measure(rounds, name, &RecordForm { binding, protection }, algorithm, size);
            }
        }
    }
}

fn measure(rounds: usize, name: &str, form: &RecordForm, algorithm: AeadAlgorithm, size: usize) {
    let mut records = Records::new(form, algorithm, size);
    let protected = records.protected(size);
    let mut bare = [size, protected].map(|size| Bare::new(form, algorithm, size));
    let count = BYTES / size.max(RECORD);
    let (mut ours, mut message, mut same) = (Series::default(), Series::default(), Series::default());
    for _ in 0..rounds {
        ours.time(count, || records.once());
        message.time(count, || bare[0].once());
        same.time(count, || bare[1].once());
    }
    let median = ours.median();
    let reached = |least: &mut Series| 100.0 * least.median() / median;
    println!(
        "{name:18} {size:6} B  {:24}  of the message {:24} {:5.1} %  of the same bytes {:5.1} %",
        ours.text(),
        message.text(),
        reached(&mut message),
        reached(&mut same),
    );
}

/// Messages that become records and messages again, in one buffer.
struct Records<A> {
    form: RecordForm,
    out: Channel<A>,
    back: Channel<A>,
    buffer: Vec<u8>,
}

impl Records<lanewarden_aws_lc::Aead> {
    fn new(form: &RecordForm, algorithm: AeadAlgorithm, size: usize) -> Self {
        let channel = || Channel::new(keys(algorithm), UNLIMITED);
        let buffer = vec![7; RecordForm::HEADROOM + size + RecordForm::TAIL];
        Self { form: *form, out: channel(), back: channel(), buffer }
    }

    /// How many bytes a record of a message of this size encrypts, or authenticates behind its head.
    fn protected(&self, size: usize) -> usize {
        size + self.form.head() - 6 - self.form.binding.sequence.size()
    }

    fn once(&mut self) {
        let message = RecordForm::HEADROOM..self.buffer.len() - RecordForm::TAIL;
        let record = self.out.seal(&self.form, SESSION, black_box(&mut self.buffer), message).unwrap();
        let opened = self.back.open(&self.form, SESSION, black_box(&mut self.buffer[record])).unwrap();
        black_box(opened);
    }
}

/// The cipher alone.
struct Bare {
    keys: TrafficKeys<lanewarden_aws_lc::Aead>,
    encrypted: bool,
    associated: usize,
    buffer: Vec<u8>,
}

impl Bare {
    fn new(form: &RecordForm, algorithm: AeadAlgorithm, size: usize) -> Self {
        let associated = 6 + form.binding.sequence.size();
        let encrypted = form.protection == Protection::Encrypted;
        Self { keys: keys(algorithm), encrypted, associated, buffer: vec![7; associated + size] }
    }

    fn once(&mut self) {
        let at = if self.encrypted { self.associated } else { self.buffer.len() };
        let nonce = black_box(*self.keys.salt);
        let (associated, text) = black_box(&mut self.buffer).split_at_mut(at);
        let tag = self.keys.aead.seal(&nonce, associated, text).unwrap();
        self.keys.aead.open(&nonce, associated, black_box(text), &black_box(tag)).unwrap();
    }
}

fn keys(algorithm: AeadAlgorithm) -> TrafficKeys<lanewarden_aws_lc::Aead> {
    secret().traffic_keys(&AwsLc, algorithm).unwrap()
}

fn secret() -> Secret {
    let hash = SessionHash { version: Version::V1_3, algorithm: HashAlgorithm::Sha384 };
    let handshake = HandshakeSecret::from_psk(&AwsLc, hash, b"secret").unwrap();
    let th1 = Digest::new(HashAlgorithm::Sha384, &[1; 48]).unwrap();
    handshake.directions(&AwsLc, &th1).unwrap().requester
}

/// Nanoseconds on the processor.
#[derive(Default)]
struct Series(Vec<f64>);

impl Series {
    fn time(&mut self, count: usize, mut work: impl FnMut()) {
        let start = now();
        for _ in 0..count {
            work();
        }
        self.0.push((now() - start) / count as f64);
    }

    fn median(&mut self) -> f64 {
        self.0.sort_by(f64::total_cmp);
        self.0[self.0.len() / 2]
    }

    fn text(&mut self) -> String {
        let median = self.median();
        format!("{:.0} / {median:.0} / {:.0}", self.0[0], self.0[self.0.len() - 1])
    }
}

fn now() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 * 1e9 + now.tv_nsec as f64
}
