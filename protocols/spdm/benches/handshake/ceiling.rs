//! What a handshake cannot do without: the provider's primitives by themselves, as often as both sides need them.

use std::hint::black_box;

use lanewarden_aws_lc::AwsLc;
use lanewarden_crypto::{
    Aead, AeadAlgorithm, Curve, Digest, Group, Hash, HashAlgorithm, KeyExchange, Provider, PublicKey,
    SignatureAlgorithm, Signed, Signer, VerifyingKey,
};

use crate::chain::{Chain, sha384};
use crate::series::Series;

const P384: SignatureAlgorithm = SignatureAlgorithm::Ecdsa(Curve::P384);
const GROUP: Group = Group::Secp384r1;
const CIPHER: AeadAlgorithm = AeadAlgorithm::Aes256Gcm;
const DIGEST: usize = 48;
const SIGNATURE: usize = 96;
/// What a digest that is signed follows.
const SIGNED_HEAD: usize = 100;
/// Bytes of a data object's header.
const HEADER: usize = 8;
/// Exchanges whose messages the challenge and the session both sign.
const NEGOTIATION: usize = 3;
/// Exchanges of the session: key exchange, finish, end.
const SESSION: usize = 3;
/// Messages in records: the application length and the message.
const RECORDS: [usize; 4] = [2 + 4 + DIGEST, 2 + 4, 2 + 4, 2 + 4];
/// HMACs of one side: handshake secret; each side's secret, finished key, key, IV and verify data; salt and master
/// secret; each side's secret, key and IV.
const HMACS: usize = 1 + 2 * 5 + 2 + 2 * 3;

/// Where the times come from.
pub struct Primitives<'c, P: Provider, S> {
    provider: P,
    signer: S,
    key: P::VerifyingKey,
    public: PublicKey<'c>,
    chain: &'c Chain,
    digest: Digest,
    signature: [u8; SIGNATURE],
    peer: [u8; 2 * DIGEST],
    /// What is said with a fresh chain, and with one that is remembered.
    said: [Vec<(Vec<u8>, Vec<u8>)>; 2],
}

/// What is timed in each round.
#[derive(Default)]
pub struct Times {
    verify: Series,
    sign: Series,
    parse: Series,
    generate: Series,
    agree: Series,
    random: Series,
    derive: Series,
    records: Series,
    hash_fresh: Series,
    hash_remembered: Series,
}

impl<'c, P: Provider, S: Signer> Primitives<'c, P, S> {
    pub fn new(
        provider: P,
        mut signer: S,
        public: PublicKey<'c>,
        chain: &'c Chain,
        said: [Vec<(Vec<u8>, Vec<u8>)>; 2],
    ) -> Self {
        let digest = sha384(b"signed");
        let mut signature = [0; SIGNATURE];
        signer.sign(P384, Signed::Digest(&digest), &mut signature).unwrap();
        let mut peer = [0; 2 * DIGEST];
        AwsLc.key_exchange(GROUP).unwrap().public(&mut peer).unwrap();
        let key = provider.verifying_key(&public).unwrap();
        Self { provider, signer, key, public, chain, digest, signature, peer, said }
    }

    /// Each of them once.
    pub fn once(&mut self, times: &mut Times) {
        let signed = Signed::Digest(&self.digest);
        let provider = &self.provider;
        times.sign.time(|| self.signer.sign(P384, signed, &mut self.signature).unwrap());
        times.verify.time(|| self.key.verify(P384, signed, &self.signature).unwrap());
        times.parse.time(|| provider.verifying_key(&self.public).unwrap());
        let mut half = None;
        times.generate.time(|| half = Some(self.half()));
        times.agree.time(|| half.take().unwrap().agree(&self.peer, |shared| black_box(shared)[0]).unwrap());
        times.random.time(|| provider.random(&mut [0; 32]).unwrap());
        times.derive.time(|| self.derive());
        times.records.time(|| self.records());
        times.hash_fresh.time(|| self.must_be_hashed(&self.said[0], true));
        times.hash_remembered.time(|| self.must_be_hashed(&self.said[1], false));
    }

    /// One side's half of a key exchange, and its public value.
    fn half(&self) -> P::KeyExchange {
        let half = self.provider.key_exchange(GROUP).unwrap();
        half.public(black_box(&mut [0; 2 * DIGEST])).unwrap();
        half
    }

    /// One side's secrets, each a block of HKDF.
    fn derive(&self) {
        for _ in 0..HMACS {
            let (key, message) = (&self.signature[..DIGEST], &self.signature[..70]);
            black_box(self.provider.hmac(HashAlgorithm::Sha384, key, &[message]));
        }
    }

    /// The ciphers of both sides in both phases, and every record sealed and opened.
    fn records(&self) {
        let ciphers: [_; 8] =
            std::array::from_fn(|_| self.provider.aead(CIPHER, black_box(&self.signature[..32])).unwrap());
        for (index, length) in RECORDS.into_iter().enumerate() {
            let (nonce, associated) = ([7; 12], [7; 6]);
            let mut room = [7; 64];
            let message = &mut room[..length];
            let tag = ciphers[index].seal(&nonce, &associated, message).unwrap();
            ciphers[index].open(&nonce, &associated, message, &tag).unwrap();
            black_box(message);
        }
    }

    fn hash(&self) -> P::Hash {
        self.provider.hash(HashAlgorithm::Sha384).unwrap()
    }

    fn whole(&self, bytes: &[u8]) {
        let mut hash = self.hash();
        hash.update(bytes);
        black_box(hash.finish());
    }

    /// Both transcripts of each side, the chain once on each side, what was signed; and of a fresh chain the root and
    /// what its issuers signed.
    fn must_be_hashed(&self, said: &[(Vec<u8>, Vec<u8>)], fresh: bool) {
        for _ in 0..2 {
            self.transcripts(said);
        }
        self.whole(&self.chain.whole);
        if fresh {
            self.whole(&self.chain.whole);
            self.whole(&self.chain.certificates[0]);
            self.whole(self.chain.signed_part(1));
            self.whole(self.chain.signed_part(2));
        }
    }

    /// What one side hashes of what is said. Both transcripts begin with the negotiation.
    fn transcripts(&self, said: &[(Vec<u8>, Vec<u8>)]) {
        let (plain, session) = said.split_at(said.len() - SESSION);
        let (negotiation, challenge) = plain.split_at(NEGOTIATION);
        let mut hash = self.hash();
        update(&mut hash, negotiation);
        let mut handshake = hash.clone();
        update(&mut hash, challenge);
        self.sign_over(&hash.finish());
        self.handshake(&mut handshake, &session[0]);
    }

    /// Up to what is signed, TH1, FINISH and TH2.
    fn handshake(&self, hash: &mut P::Hash, (request, answer): &(Vec<u8>, Vec<u8>)) {
        let (signed, proof) = answer[HEADER..].split_at(answer.len() - HEADER - SIGNATURE - DIGEST);
        hash.update(self.digest.as_bytes());
        hash.update(&request[HEADER..]);
        hash.update(signed);
        self.sign_over(&hash.clone().finish());
        hash.update(&proof[..SIGNATURE]);
        black_box(hash.clone().finish());
        hash.update(&proof[SIGNATURE..]);
        hash.update(&[0; 4]);
        black_box(hash.clone().finish());
        hash.update(&proof[SIGNATURE..]);
        hash.update(&[0; 4]);
        black_box(hash.clone().finish());
    }

    fn sign_over(&self, transcript: &Digest) {
        let mut hash = self.hash();
        hash.update(&[0; SIGNED_HEAD]);
        hash.update(transcript.as_bytes());
        black_box(hash.finish());
    }
}

/// Takes in messages, as objects carry them.
fn update(hash: &mut impl Hash, said: &[(Vec<u8>, Vec<u8>)]) {
    for (request, answer) in said {
        hash.update(&request[HEADER..]);
        hash.update(&answer[HEADER..]);
    }
}

impl Times {
    pub fn show(&mut self) {
        for (name, series) in [
            ("verify", &mut self.verify),
            ("sign", &mut self.sign),
            ("public key", &mut self.parse),
            ("half of exchange", &mut self.generate),
            ("agreement", &mut self.agree),
            ("32 random bytes", &mut self.random),
            ("secrets, one side", &mut self.derive),
            ("ciphers, records", &mut self.records),
            ("hashes, fresh", &mut self.hash_fresh),
            ("hashes, remembered", &mut self.hash_remembered),
        ] {
            println!("{name:18}  {}", series.text());
        }
    }

    /// Microseconds of both sides, with a fresh chain and with one that is remembered: the device signs twice, and the
    /// host verifies that and the chain.
    pub fn ceilings(&mut self) -> [f64; 2] {
        let each = self.generate.median() + self.agree.median() + self.derive.median();
        let shared = 2.0 * (each + self.sign.median() + self.verify.median())
            + 4.0 * self.random.median()
            + self.records.median();
        let chain = 2.0 * self.verify.median() + 3.0 * self.parse.median();
        [shared + chain + self.hash_fresh.median(), shared + self.hash_remembered.median()]
    }
}
