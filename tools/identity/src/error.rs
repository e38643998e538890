//! What can go wrong.

use lanewarden_crypto::{HashAlgorithm, SignatureAlgorithm};

/// Why an identity was not made.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// No certificate is signed so.
    #[error("certificates cannot be signed with {algorithm} and {hash}: use SHA-256, SHA-384 or SHA-512")]
    Unsupported {
        /// How it was to be signed.
        algorithm: SignatureAlgorithm,
        /// Over which hash.
        hash: HashAlgorithm,
    },
    /// More certificates than [`MAX_CERTIFICATES`](crate::MAX_CERTIFICATES).
    #[error("a chain of {0} certificates is too long: at most {max}", max = crate::MAX_CERTIFICATES)]
    TooLong(usize),
    /// A name that certificates have no room for (X.520, upper bounds), or an empty one.
    #[error("the name {0:?} does not fit into a certificate: give 1 to 64 characters")]
    Name(String),
    /// The end comes before the beginning, or one of them after the year 9999.
    #[error("the validity from {not_before} to {not_after} (seconds since 1970) is no span of time")]
    Validity {
        /// Seconds since 1970.
        not_before: u64,
        /// Seconds since 1970.
        not_after: u64,
    },
    /// The operating system gave no randomness.
    #[error("the operating system gave no randomness for a seed")]
    Random,
    /// The seed led to no key: as good as impossible.
    #[error("no key came of the seed: take another")]
    Key,
    /// Something did not encode.
    #[error("the certificate does not encode")]
    Encoding(#[from] der::Error),
}
