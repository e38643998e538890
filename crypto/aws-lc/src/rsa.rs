//! RSA keys of the sizes there are algorithms for.

use lanewarden_crypto::{Digest, KeyError, RsaSize};

use crate::ffi::Rsa;

/// A public key, or a private one with its public half.
pub(crate) struct Key {
    size: RsaSize,
    rsa: Rsa,
}

impl Key {
    /// The library takes odd moduli and odd exponents above one and below 2^33.
    pub(crate) fn public(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyError> {
        if modulus.len() < RsaSize::Bits2048.size() || is_padded(modulus) || is_padded(exponent) {
            return Err(KeyError::Invalid);
        }
        let size = size_of(modulus.len()).ok_or(KeyError::Unsupported)?;
        let rsa = Rsa::public(modulus, exponent).ok_or(KeyError::Invalid)?;
        (rsa.bits() == size.size().saturating_mul(8)).then_some(Self { size, rsa }).ok_or(KeyError::Invalid)
    }

    /// `None` where it is no RSA key, or not of one of the sizes.
    pub(crate) fn private(pkcs8: &[u8]) -> Option<Self> {
        let rsa = Rsa::private(pkcs8)?;
        let size = size_of(rsa.bits().checked_div(8)?)?;
        (rsa.bits() == size.size().saturating_mul(8)).then_some(Self { size, rsa })
    }

    pub(crate) fn size(&self) -> RsaSize {
        self.size
    }

    /// Modulus and exponent, big-endian.
    pub(crate) fn numbers(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        self.rsa.numbers()
    }

    pub(crate) fn verify_pkcs1(&self, digest: &Digest, signature: &[u8]) -> bool {
        self.rsa.verify_pkcs1(digest, signature)
    }

    pub(crate) fn verify_pss(&self, digest: &Digest, signature: &[u8]) -> bool {
        self.rsa.verify_pss(digest, signature)
    }

    /// Signs into a buffer of the key's size; whether it could.
    pub(crate) fn sign_pkcs1(&self, digest: &Digest, signature: &mut [u8]) -> bool {
        self.rsa.sign_pkcs1(digest, signature)
    }

    /// Signs into a buffer of the key's size; whether it could.
    pub(crate) fn sign_pss(&self, digest: &Digest, signature: &mut [u8]) -> bool {
        self.rsa.sign_pss(digest, signature)
    }
}

fn size_of(bytes: usize) -> Option<RsaSize> {
    [RsaSize::Bits2048, RsaSize::Bits3072, RsaSize::Bits4096].into_iter().find(|size| size.size() == bytes)
}

/// A leading zero, or nothing.
fn is_padded(number: &[u8]) -> bool {
    number.first().is_none_or(|byte| *byte == 0)
}
