//! Signers of keys in memory.

use lanewarden_crypto::{
    Digest, HashAlgorithm, Provider, PublicKey, SignError, SignatureAlgorithm, Signed, Signer, Signing,
};

use crate::answers::{self, Answer, CURVES, SIGNATURES};
use crate::{Case, Coverage};

/// A key from the data, as PKCS#8 and as what it is.
struct Known {
    pkcs8: Vec<u8>,
    public: Answer,
    first: Vec<u8>,
    second: Vec<u8>,
}

impl Known {
    fn all() -> impl Iterator<Item = Self> {
        let texts = [
            include_str!("../data/ecdsa.txt"),
            include_str!("../data/ed25519.txt"),
            include_str!("../data/rsa.txt"),
        ];
        let answers = texts.into_iter().flat_map(answers::read);
        answers.filter(|answer| ["ec", "ed25519", "rsa"].contains(&answer.kind())).map(|answer| {
            let (first, second) = match answer.kind() {
                "rsa" => (answer.bytes("modulus"), answer.bytes("exponent")),
                _ => (answer.bytes("public"), Vec::new()),
            };
            Self { pkcs8: answer.bytes("pkcs8"), public: answer, first, second }
        })
    }

    fn public(&self) -> PublicKey<'_> {
        match self.public.kind() {
            "rsa" => PublicKey::Rsa { modulus: &self.first, exponent: &self.second },
            "ec" => PublicKey::Ec { curve: self.public.named(&CURVES), point: &self.first },
            _ => PublicKey::Ed25519(self.first.first_chunk().unwrap()),
        }
    }
}

/// Signers of PKCS#8 keys sign what their public halves take, and nothing else. `make` makes one.
pub fn signers(provider: &impl Provider, make: impl Fn(&[u8]) -> Option<Box<dyn Signer>>) -> Coverage {
    let mut coverage = Coverage::default();
    for known in Known::all() {
        let signer = make(&known.pkcs8);
        coverage.count(signer.is_some());
        let Some(mut signer) = signer else { continue };
        refuse_keys(&known, &make);
        for algorithm in SIGNATURES {
            assert_eq!(signer.supports(algorithm), known.public().suits(algorithm), "{algorithm}");
            if signer.supports(algorithm) {
                check(provider, &mut *signer, &known, algorithm);
            } else {
                refuse(&mut *signer, algorithm);
            }
        }
    }
    coverage
}

fn refuse_keys(known: &Known, make: &impl Fn(&[u8]) -> Option<Box<dyn Signer>>) {
    let der = &known.pkcs8;
    assert!(make(&[]).is_none());
    assert!(make(&der[..der.len() - 1]).is_none(), "a key that is cut off");
    assert!(make(&[&der[..], &[0]].concat()).is_none(), "a byte after the key");
    let mut other = der.clone();
    other[10] ^= 0x40;
    assert!(make(&other).is_none(), "a key of an unknown kind");
}

fn check(provider: &impl Provider, signer: &mut dyn Signer, known: &Known, algorithm: SignatureAlgorithm) {
    let key = provider.verifying_key(&known.public()).map_err(|error| panic!("{error}")).unwrap();
    let size = algorithm.signature_size();
    for hash in HashAlgorithm::ALL.into_iter().filter(|hash| provider.verifies(algorithm, *hash)) {
        let digest = Digest::new(hash, &vec![0xa5; hash.size()]).unwrap();
        let (over_digest, over_message) =
            (Signed::Digest(&digest), Signed::Message { bytes: digest.as_bytes(), context: b"" });
        let (signed, unfit) =
            if algorithm.is_pure() { (over_message, over_digest) } else { (over_digest, over_message) };
        let mut buffer = vec![0; size + 3];
        if provider.hash(hash).is_some() {
            assert_eq!(signer.sign(algorithm, signed, &mut buffer), Ok(Signing::Done), "{algorithm}, {hash}");
            assert_eq!(buffer[size..], [0; 3], "what is behind the signature stays");
            let case = Case { key: known.public(), algorithm, signed, signature: &buffer[..size] };
            case.is(&key, Ok(()), "just signed");
        }
        let unsupported = Err(SignError::Unsupported(algorithm));
        assert_eq!(signer.sign(algorithm, unfit, &mut buffer), unsupported, "{algorithm}");
        let short = signer.sign(algorithm, signed, &mut buffer[..size - 1]);
        assert_eq!(short, Err(SignError::NoRoom), "{algorithm}");
    }
}

fn refuse(signer: &mut dyn Signer, algorithm: SignatureAlgorithm) {
    let digest = Digest::new(HashAlgorithm::Sha256, &[1; 32]).unwrap();
    for signed in [Signed::Digest(&digest), Signed::Message { bytes: b"", context: b"" }] {
        let made = signer.sign(algorithm, signed, &mut [0; 512]);
        assert_eq!(made, Err(SignError::Unsupported(algorithm)));
    }
}
