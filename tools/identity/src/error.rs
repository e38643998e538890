//! What can go wrong.

use std::io;
use std::path::{Path, PathBuf};

use lanewarden_crypto::{HashAlgorithm, SignatureAlgorithm};

use crate::chain::ChainError;

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

/// Why an identity was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The system said no.
    #[error("{}", path.display())]
    Io {
        /// Of which file or folder.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// A pipe, a device or a folder.
    #[error("{} is no file", .0.display())]
    NoFile(PathBuf),
    /// A file is larger than any chain.
    #[error("{} is larger than {limit} bytes: no chain of certificates is", path.display())]
    TooLarge {
        /// Which.
        path: PathBuf,
        /// Bytes there may be.
        limit: u64,
    },
    /// A folder has more files than any identity.
    #[error("{} has more than {limit} certificate files: give an identity a folder of its own", folder.display())]
    TooManyFiles {
        /// Which.
        folder: PathBuf,
        /// Files there may be.
        limit: usize,
    },
    /// Nothing is overwritten.
    #[error("{} is there already: take it away or choose another folder", .0.display())]
    AlreadyThere(PathBuf),
    /// Slots are 0 to 7.
    #[error("there is no slot {0}: slots are 0 to 7")]
    NoSuchSlot(u8),
    /// Not well-formed.
    #[error("{} is not well-formed PEM", path.display())]
    Pem {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        source: der::pem::Error,
    },
    /// The certificates are no chain for the key.
    #[error("{}", path.display())]
    Chain {
        /// Which file or folder.
        path: PathBuf,
        /// What is wrong.
        source: ChainError,
    },
    /// The folder has no key.
    #[error("{} has no private key: put it there as key.pem (PKCS#8)", .0.display())]
    NoKey(PathBuf),
    /// The folder has two keys.
    #[error("{} and {} both hold a private key: leave one", first.display(), second.display())]
    TwoKeys {
        /// The one.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// A key for all to see.
    #[error("the private key in {} can be read by others (mode {mode:04o}): `chmod 600` it", path.display())]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// An encrypted key, or one of another format.
    #[error("{} holds an {label:?}, not a plain PKCS#8 key: `openssl pkcs8 -topk8 -nocrypt` makes one of it", path.display())]
    KeyFormat {
        /// Which file.
        path: PathBuf,
        /// What the file calls it.
        label: String,
    },
    /// A key that is none, or none of those that are used.
    #[error(
        "the private key in {} cannot be used: it is to be RSA of 2048, 3072 or 4096 bits, P-256, P-384, P-521 or Ed25519",
        .0.display()
    )]
    Key(PathBuf),
    /// Something did not encode.
    #[error("{} cannot be written: the content does not encode", .0.display())]
    Encoding(PathBuf),
}

impl FolderError {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }
}
