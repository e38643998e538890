//! What can go wrong.

use std::io;
use std::path::{Path, PathBuf};

/// Why files were not read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
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
    /// A symbolic link in an evidence folder.
    #[error("{} is a symbolic link: evidence is files only", .0.display())]
    Link(PathBuf),
    /// A file is larger than it may be.
    #[error("{} is larger than {limit} bytes", path.display())]
    TooLarge {
        /// Which.
        path: PathBuf,
        /// Bytes there may be.
        limit: u64,
    },
    /// More of something than there may be.
    #[error("{} holds more than {limit} {what}", path.display())]
    TooMany {
        /// Which file or folder.
        path: PathBuf,
        /// Of what.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// Everybody could change whom we trust.
    #[error("{} can be written by everyone (mode {mode:04o}): `chmod o-w` it", path.display())]
    Exposed {
        /// Which file or folder.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Not well-formed.
    #[error("{} is not well-formed PEM", path.display())]
    Pem {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        source: der::pem::Error,
    },
    /// Something else than a certificate.
    #[error("{} holds something that is no certificate: {what}", path.display())]
    NoCertificate {
        /// Which file.
        path: PathBuf,
        /// What it is.
        what: String,
    },
    /// Something else than a list of revoked certificates.
    #[error("{} holds something that is no list of revoked certificates: {what}", path.display())]
    NoRevocations {
        /// Which file.
        path: PathBuf,
        /// What it is.
        what: String,
    },
    /// A list of revoked certificates with critical extensions: it may be about other issuers than its own, or a part of
    /// another list, so entries could be missed.
    #[error("the list in {} has critical extensions: give a full list of its own issuer (RFC 5280, 5.2)", .0.display())]
    CriticalExtension(PathBuf),
    /// A line of a list is neither a comment nor a fingerprint.
    #[error("{}, line {line}: write `sha256:` and 64 hexadecimal digits, or `#` and a comment", path.display())]
    Line {
        /// Which file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// An evidence folder has something that does not belong there.
    #[error("{} does not belong into an evidence folder", .0.display())]
    Unknown(PathBuf),
    /// An evidence folder lacks a file.
    #[error("{} is missing: the evidence is not complete", .0.display())]
    Missing(PathBuf),
    /// There is something in the folder that evidence shall go to.
    #[error("{} is not empty: choose another folder, or say that it shall be replaced", .0.display())]
    NotEmpty(PathBuf),
    /// A folder cannot be made under this name.
    #[error("{} is no name for a folder", .0.display())]
    NoName(PathBuf),
}

impl StoreError {
    pub(crate) fn io(path: &Path, source: impl Into<io::Error>) -> Self {
        Self::Io { path: path.to_owned(), source: source.into() }
    }
}
