//! Who a device is.

use std::fmt;

use der::SecretDocument;

use crate::authority::Authority;
use crate::error::GenerateError;
use crate::key::KeyKind;
use crate::seed::Seed;
use crate::spec::IdentitySpec;

/// A chain of certificates and the private key of the last.
pub struct Identity {
    /// Root first, never empty.
    chain: Vec<Vec<u8>>,
    key: SecretDocument,
    kind: KeyKind,
}

impl Identity {
    pub(crate) fn new(chain: Vec<Vec<u8>>, key: SecretDocument, kind: KeyKind) -> Self {
        Self { chain, key, kind }
    }

    /// Makes one with an authority of its own.
    ///
    /// # Errors
    /// [`GenerateError`].
    pub fn generate(seed: &Seed, spec: &IdentitySpec) -> Result<Self, GenerateError> {
        Authority::new(seed, &spec.authority)?.issue(seed, &spec.leaf)
    }

    /// DER of the certificates, root first: the order of SPDM.
    #[must_use]
    pub fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }

    /// The certificates one after another, root first, as they stand in a slot behind the root's hash (DSP0274 1.3, 10.6).
    #[must_use]
    pub fn chain_der(&self) -> Vec<u8> {
        self.chain.concat()
    }

    /// DER of the root.
    #[must_use]
    pub fn root(&self) -> &[u8] {
        self.chain.first().map(Vec::as_slice).unwrap_or_default()
    }

    /// DER of the device's own certificate.
    #[must_use]
    pub fn leaf(&self) -> &[u8] {
        self.chain.last().map(Vec::as_slice).unwrap_or_default()
    }

    /// The private key, PKCS#8 (RFC 5958) in DER. What is copied out of here is the caller's to wipe.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        self.key.as_bytes()
    }

    pub(crate) const fn key_document(&self) -> &SecretDocument {
        &self.key
    }

    /// What kind of key it is.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes: Vec<usize> = self.chain.iter().map(Vec::len).collect();
        f.debug_struct("Identity")
            .field("kind", &self.kind)
            .field("certificate_sizes", &sizes)
            .finish_non_exhaustive()
    }
}
