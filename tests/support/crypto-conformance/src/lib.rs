//! What every provider of cryptography must show: known answers, and refusals.
//!
//! Each function panics at the first thing that is not as it should be, and else tells what it looked at as
//! [`Coverage`]: a provider may leave algorithms out, and its tests say how many.
//!
//! The answers stand in `data`, with how they were made; none comes from a provider of this project.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)] // no hostile peer reaches a test
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // and it may fail

mod aead;
mod answers;
mod ecdsa;
mod ed25519;
mod exchange;
mod hashes;
mod rsa;
mod signers;

pub use aead::aeads;
pub use ecdsa::{ecdsa, ecdsa_refusals, is_deterministic};
pub use ed25519::{ed25519, ed25519_refusals};
pub use exchange::{exchange_refusals, exchanges, known_exchanges};
pub use hashes::{hashes, macs};
pub use rsa::{rsa, rsa_refusals};
pub use signers::signers;

use lanewarden_crypto::{PublicKey, SignatureAlgorithm, Signed, VerifyError, VerifyingKey};

/// How many answers there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Those the provider gave, all rightly.
    pub checked: usize,
    /// Those it has no algorithm for.
    pub skipped: usize,
}

impl Coverage {
    fn count(&mut self, checked: bool) {
        let counter = if checked { &mut self.checked } else { &mut self.skipped };
        *counter = counter.saturating_add(1);
    }
}

/// A signature and everything it should fit.
struct Case<'a> {
    key: PublicKey<'a>,
    algorithm: SignatureAlgorithm,
    signed: Signed<'a>,
    signature: &'a [u8],
}

impl Case<'_> {
    fn is(&self, key: &impl VerifyingKey, expected: Result<(), VerifyError>, what: &str) {
        let given = key.verify(self.algorithm, self.signed, self.signature);
        assert_eq!(given, expected, "{}, {:?}: {what}", self.algorithm, self.signed);
    }

    /// It is refused.
    fn is_refused(&self, key: &impl VerifyingKey, what: &str) {
        self.is(key, Err(VerifyError::Mismatch), what);
    }

    /// It is taken; and with a bit turned, of another length, or as one of another algorithm it is not.
    fn holds(&self, key: &impl VerifyingKey) {
        self.is(key, Ok(()), "as it is");
        let length = self.signature.len();
        for at in [0, length / 2, length - 1] {
            let mut signature = self.signature.to_vec();
            signature[at] ^= 1;
            self.with(&signature).is_refused(key, "a bit of the signature is turned");
        }
        let longer = [self.signature, &[0]].concat();
        for other in [&[][..], &self.signature[1..], &self.signature[..length - 1], &longer] {
            self.with(other).is_refused(key, "the signature has another length");
        }
        for algorithm in answers::SIGNATURES.into_iter().filter(|other| !self.key.suits(*other)) {
            let case = Case { algorithm, ..*self };
            case.is_refused(key, "the algorithm does not suit the key");
        }
    }

    fn with<'b>(&'b self, signature: &'b [u8]) -> Case<'b> {
        Case { signature, ..*self }
    }
}
