//! RSA, which needs a heap.

use alloc::vec::Vec;
use core::fmt;

use ecdsa::elliptic_curve::pkcs8::PrivateKeyInfoRef;
use lanewarden_crypto::{
    Digest, HashAlgorithm, KeyError, PublicKey, RandomError, RsaSize, SignError, SignatureAlgorithm, Signed,
    Signer, Signing, VerifyError,
};
use rsa::BoxedUint;
use rsa::rand_core::{TryCryptoRng, TryRng};
use rsa::traits::PublicKeyParts;

use crate::{PrivateKeyError, RandomSource};

/// Calls a method for the hash of a digest; `None` where there is no such hash.
macro_rules! with_hash {
    ($digest:expr, $key:expr, $method:ident($($argument:expr),*) $(, $random:ty)?) => {
        match $digest.algorithm() {
            HashAlgorithm::Sha256 => Some($key.$method::<sha2::Sha256 $(, $random)?>($($argument),*)),
            HashAlgorithm::Sha384 => Some($key.$method::<sha2::Sha384 $(, $random)?>($($argument),*)),
            HashAlgorithm::Sha512 => Some($key.$method::<sha2::Sha512 $(, $random)?>($($argument),*)),
            #[cfg(feature = "sha3")]
            HashAlgorithm::Sha3_256 => Some($key.$method::<sha3::Sha3_256 $(, $random)?>($($argument),*)),
            #[cfg(feature = "sha3")]
            HashAlgorithm::Sha3_384 => Some($key.$method::<sha3::Sha3_384 $(, $random)?>($($argument),*)),
            #[cfg(feature = "sha3")]
            HashAlgorithm::Sha3_512 => Some($key.$method::<sha3::Sha3_512 $(, $random)?>($($argument),*)),
            #[cfg(not(feature = "sha3"))]
            _ => None,
        }
    };
}

/// A public key.
#[derive(Clone)]
pub(crate) struct Key {
    size: RsaSize,
    public: rsa::PublicKey,
}

impl Key {
    /// The library takes odd moduli and odd exponents above one and below 2^33.
    pub(crate) fn new(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyError> {
        if modulus.len() < RsaSize::Bits2048.size() || is_padded(modulus) || is_padded(exponent) {
            return Err(KeyError::Invalid);
        }
        let size = size_of(modulus.len().saturating_mul(8)).ok_or(KeyError::Unsupported)?;
        let (modulus, exponent) =
            (BoxedUint::from_be_slice_vartime(modulus), BoxedUint::from_be_slice_vartime(exponent));
        let public = rsa::PublicKey::new(modulus, exponent).map_err(|_| KeyError::Invalid)?;
        (bits_of(&public) == size.size().saturating_mul(8))
            .then_some(Self { size, public })
            .ok_or(KeyError::Invalid)
    }

    pub(crate) fn size(&self) -> RsaSize {
        self.size
    }

    pub(crate) fn verify_pkcs1(&self, digest: &Digest, signature: &[u8]) -> Result<bool, VerifyError> {
        let fits = with_hash!(digest, self.public, pkcs1v15_verify_prehash(digest.as_bytes(), signature));
        fits.map(|fits| fits.is_ok()).ok_or(VerifyError::Unsupported)
    }

    pub(crate) fn verify_pss(&self, digest: &Digest, signature: &[u8]) -> Result<bool, VerifyError> {
        let fits = with_hash!(digest, self.public, pss_verify_prehash(digest.as_bytes(), signature));
        fits.map(|fits| fits.is_ok()).ok_or(VerifyError::Unsupported)
    }
}

fn bits_of(key: &impl PublicKeyParts) -> usize {
    usize::try_from(key.n().bit_width_vartime()).unwrap_or_default()
}

fn size_of(bits: usize) -> Option<RsaSize> {
    [RsaSize::Bits2048, RsaSize::Bits3072, RsaSize::Bits4096]
        .into_iter()
        .find(|size| size.size().saturating_mul(8) == bits)
}

/// A leading zero, or nothing.
fn is_padded(number: &[u8]) -> bool {
    number.first().is_none_or(|byte| *byte == 0)
}

/// A private RSA key. It draws salts and blinding from its source of randomness; it is wiped when it is dropped, and
/// never printed.
#[derive(Clone)]
pub struct RsaPrivateKey<R> {
    size: RsaSize,
    private: rsa::PrivateKey,
    random: R,
}

impl<R: RandomSource> RsaPrivateKey<R> {
    /// A private key from PKCS#8 DER (RFC 5958).
    ///
    /// # Errors
    /// [`PrivateKeyError::Rejected`].
    pub fn from_pkcs8(der: &[u8], random: R) -> Result<Self, PrivateKeyError> {
        let info = PrivateKeyInfoRef::try_from(der).map_err(|_| PrivateKeyError::Rejected)?;
        let private = rsa::PrivateKey::try_from(info).map_err(|_| PrivateKeyError::Rejected)?;
        let size = size_of(bits_of(&private)).ok_or(PrivateKeyError::Rejected)?;
        Ok(Self { size, private, random })
    }

    /// Shows its public half.
    pub fn with_public_key<T>(&self, show: impl FnOnce(&PublicKey<'_>) -> T) -> T {
        let (modulus, exponent) = (self.private.n_bytes(), self.private.e_bytes());
        show(&PublicKey::Rsa { modulus: unpadded(&modulus), exponent: unpadded(&exponent) })
    }

    fn sign_digest(&self, algorithm: SignatureAlgorithm, digest: &Digest) -> Option<rsa::Result<Vec<u8>>> {
        let (mut rng, bytes) = (Rng(&self.random), digest.as_bytes());
        if matches!(algorithm, SignatureAlgorithm::RsaPss(_)) {
            with_hash!(digest, self.private, pss_sign_prehash_with_rng(&mut rng, bytes), Rng<'_, R>)
        } else {
            with_hash!(digest, self.private, pkcs1v15_sign_prehash_with_rng(&mut rng, bytes), Rng<'_, R>)
        }
    }
}

fn unpadded(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

impl<R: RandomSource> Signer for RsaPrivateKey<R> {
    fn supports(&self, algorithm: SignatureAlgorithm) -> bool {
        [SignatureAlgorithm::RsaPkcs1(self.size), SignatureAlgorithm::RsaPss(self.size)].contains(&algorithm)
    }

    fn sign(
        &mut self,
        algorithm: SignatureAlgorithm,
        signed: Signed<'_>,
        signature: &mut [u8],
    ) -> Result<Signing, SignError> {
        let refused = SignError::Unsupported(algorithm);
        let (true, Signed::Digest(digest)) = (self.supports(algorithm), signed) else { return Err(refused) };
        let out = signature.get_mut(..algorithm.signature_size()).ok_or(SignError::NoRoom)?;
        let made = self.sign_digest(algorithm, digest).ok_or(refused)?.map_err(|_| SignError::Failed)?;
        if made.len() != out.len() {
            return Err(SignError::Failed);
        }
        out.copy_from_slice(&made);
        Ok(Signing::Done)
    }
}

impl<R> fmt::Debug for RsaPrivateKey<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaPrivateKey({:?}, ..)", self.size)
    }
}

/// A source of randomness as the library wants it.
struct Rng<'a, R>(&'a R);

impl<R: RandomSource> Rng<'_, R> {
    fn draw<const SIZE: usize>(&self) -> Result<[u8; SIZE], RandomError> {
        let mut drawn = [0; SIZE];
        self.0.fill(&mut drawn)?;
        Ok(drawn)
    }
}

impl<R: RandomSource> TryRng for Rng<'_, R> {
    type Error = RandomError;

    fn try_next_u32(&mut self) -> Result<u32, RandomError> {
        self.draw().map(u32::from_le_bytes)
    }

    fn try_next_u64(&mut self) -> Result<u64, RandomError> {
        self.draw().map(u64::from_le_bytes)
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), RandomError> {
        self.0.fill(out)
    }
}

impl<R: RandomSource> TryCryptoRng for Rng<'_, R> {}
