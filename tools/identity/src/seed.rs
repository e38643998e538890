//! Where everything comes from.

use std::fmt;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use hkdf::Hkdf;
use sha2::Sha512;
use zeroize::Zeroizing;

use crate::error::GenerateError;

/// 32 secret bytes that an identity grows from. Wiped when dropped, never shown.
#[derive(Clone)]
pub struct Seed(Zeroizing<[u8; 32]>);

impl Seed {
    /// A seed that is known, and gives the same each time: for emulated devices and tests.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// A seed that nobody knows.
    ///
    /// # Errors
    /// [`GenerateError::Random`].
    pub fn random() -> Result<Self, GenerateError> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(bytes.as_mut()).map_err(|_| GenerateError::Random)?;
        Ok(Self(bytes))
    }

    /// The seed of one of several: each label gives another, and none tells of the others.
    ///
    /// # Errors
    /// [`GenerateError::Key`], never in practice.
    pub fn derive(&self, label: &str) -> Result<Self, GenerateError> {
        self.expand("seed", label).map(Self)
    }

    /// Bytes for one purpose (RFC 5869, SHA-512).
    pub(crate) fn expand<const N: usize>(
        &self,
        purpose: &str,
        label: &str,
    ) -> Result<Zeroizing<[u8; N]>, GenerateError> {
        let mut out = Zeroizing::new([0; N]);
        // The zero byte keeps a purpose and a label apart, whatever they hold.
        let info = [b"lanewarden identity 1", purpose.as_bytes(), label.as_bytes()].join(&0);
        Hkdf::<Sha512>::new(None, self.0.as_ref())
            .expand(&info, out.as_mut())
            .map_err(|_| GenerateError::Key)?;
        Ok(out)
    }

    /// Endless bytes for one purpose.
    pub(crate) fn stream(&self, purpose: &str, label: &str) -> Result<ChaCha20Rng, GenerateError> {
        let seed: Zeroizing<[u8; 32]> = self.expand(purpose, label)?;
        Ok(ChaCha20Rng::from_seed(*seed))
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}
