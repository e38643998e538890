//! What the protocol cores need of cryptography: names, sizes and traits. No algorithm is here, nothing is registered
//! anywhere, and nothing allocates.
//!
//! A core is given a [`Provider`] by value or by reference, and asks it for hashes, verifying keys, key exchanges and
//! ciphers. Private keys are not the provider's: they sit behind a [`Signer`], which may be a key in memory or a module
//! that takes its time.
//!
//! Two providers come with the project: `lanewarden-aws-lc` for hosted programs, and `lanewarden-rustcrypto`, which
//! needs no operating system.
#![no_std]
#![forbid(unsafe_code)]

mod aead;
mod exchange;
mod hash;
mod provider;
mod signature;
mod stack;

pub use aead::{Aead, AeadAlgorithm, AeadError, NONCE_SIZE, TAG_SIZE, Tag};
pub use exchange::{ExchangeError, Group, KeyExchange};
pub use hash::{Digest, Hash, HashAlgorithm, MAX_DIGEST_SIZE};
pub use provider::{Provider, RandomError};
pub use signature::{
    Curve, KeyError, MAX_SIGNATURE_SIZE, PublicKey, RsaSize, SignError, SignatureAlgorithm, Signed, Signer,
    Signing, VerifyError, VerifyingKey,
};
pub use stack::with_wiped_stack;
