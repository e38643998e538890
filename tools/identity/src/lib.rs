//! Identities of devices: a private key and the chain of certificates that speaks for it, made from a seed or read
//! from a folder.
//!
//! [`Identity::generate`] makes one of its own; an [`Authority`] issues any number that share a root. The same seed and
//! the same specification give the same keys and the same certificates, byte for byte, so an emulated machine is the
//! same machine each time. Real devices take [`Seed::random`].
//!
//! ```
//! use lanewarden_identity::{Identity, IdentitySpec, Seed};
//!
//! let identity = Identity::generate(&Seed::new([7; 32]), &IdentitySpec::default())?;
//! assert_eq!(identity.chain().len(), 3);
//! # Ok::<(), lanewarden_identity::GenerateError>(())
//! ```
#![forbid(unsafe_code)]

mod authority;
mod certificate;
mod chain;
mod error;
mod extensions;
mod file;
pub mod folder;
mod identity;
mod key;
pub mod pem;
mod seed;
mod signing;
mod spec;

pub use authority::Authority;
pub use chain::ChainError;
pub use error::{FolderError, GenerateError};
pub use identity::Identity;
pub use key::KeyKind;
pub use seed::Seed;
pub use spec::{
    AuthoritySpec, IdentitySpec, LeafSpec, MAX_CERTIFICATES, Mistake, Role, Subject, TcbInfo, Validity,
};
