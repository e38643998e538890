//! Where randomness comes from.

use lanewarden_crypto::RandomError;

/// A cryptographic source of randomness: a hardware generator, say, or one that is seeded from it.
pub trait RandomSource {
    /// Fills a buffer.
    ///
    /// # Errors
    /// [`RandomError`]; what stands in the buffer is then of no use.
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError>;
}

impl<R: RandomSource + ?Sized> RandomSource for &R {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> {
        (**self).fill(out)
    }
}

/// The operating system's source.
#[cfg(feature = "std")]
#[derive(Clone, Copy, Debug, Default)]
pub struct OsRandom;

#[cfg(feature = "std")]
impl RandomSource for OsRandom {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> {
        getrandom::fill(out).map_err(|_| RandomError)
    }
}
