//! Signatures: who can make them, who can check them.

use core::fmt;
use core::time::Duration;

use crate::Digest;

/// Bytes of the longest signature there is room for: ML-DSA-87's (FIPS 204), the longest of SPDM 1.4 that a peer
/// without a heap can hold.
pub const MAX_SIGNATURE_SIZE: usize = 4627;

/// A curve over a prime field (FIPS 186-5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Curve {
    /// NIST P-256, secp256r1.
    P256,
    /// NIST P-384, secp384r1.
    P384,
    /// NIST P-521, secp521r1.
    P521,
}

impl Curve {
    /// Bytes of a coordinate and of a scalar.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

/// The length of an RSA modulus: those that protocols name, and that are taken in certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RsaSize {
    /// 2048 bits.
    Bits2048,
    /// 3072 bits.
    Bits3072,
    /// 4096 bits.
    Bits4096,
}

impl RsaSize {
    /// Bytes of the modulus, and of a signature.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::Bits2048 => 256,
            Self::Bits3072 => 384,
            Self::Bits4096 => 512,
        }
    }
}

/// A signature algorithm. The hash that goes with it comes with what is [signed](Signed), so any pair can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 (RFC 8017, 8.2).
    RsaPkcs1(RsaSize),
    /// RSASSA-PSS with MGF1 over the same hash and a salt as long as the hash (RFC 8017, 8.1).
    RsaPss(RsaSize),
    /// ECDSA; the signature is r and s, each as long as a scalar, big-endian (IEEE P1363).
    Ecdsa(Curve),
    /// Ed25519, pure (RFC 8032, 5.1).
    Ed25519,
}

impl SignatureAlgorithm {
    /// Bytes of a signature.
    #[must_use]
    pub const fn signature_size(self) -> usize {
        match self {
            Self::RsaPkcs1(size) | Self::RsaPss(size) => size.size(),
            Self::Ecdsa(Curve::P256) | Self::Ed25519 => 64,
            Self::Ecdsa(Curve::P384) => 96,
            Self::Ecdsa(Curve::P521) => 132,
        }
    }

    /// Whether it signs a message as it is, and not a digest of it.
    #[must_use]
    pub const fn is_pure(self) -> bool {
        matches!(self, Self::Ed25519)
    }

    /// Its usual name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RsaPkcs1(RsaSize::Bits2048) => "RSASSA-2048",
            Self::RsaPkcs1(RsaSize::Bits3072) => "RSASSA-3072",
            Self::RsaPkcs1(RsaSize::Bits4096) => "RSASSA-4096",
            Self::RsaPss(RsaSize::Bits2048) => "RSAPSS-2048",
            Self::RsaPss(RsaSize::Bits3072) => "RSAPSS-3072",
            Self::RsaPss(RsaSize::Bits4096) => "RSAPSS-4096",
            Self::Ecdsa(Curve::P256) => "ECDSA-P256",
            Self::Ecdsa(Curve::P384) => "ECDSA-P384",
            Self::Ecdsa(Curve::P521) => "ECDSA-P521",
            Self::Ed25519 => "Ed25519",
        }
    }
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a signature is over.
#[derive(Clone, Copy, Debug)]
pub enum Signed<'a> {
    /// A digest: for RSA and ECDSA, which never see more.
    Digest(&'a Digest),
    /// The message itself, for algorithms that are [pure](SignatureAlgorithm::is_pure).
    Message {
        /// The message.
        bytes: &'a [u8],
        /// The algorithm's own context string, where it has one (FIPS 204, 5.2); Ed25519 has none and leaves it out.
        context: &'a [u8],
    },
}

/// A public key as a certificate spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicKey<'a> {
    /// RSA, both numbers big-endian and without leading zeros.
    Rsa {
        /// The modulus.
        modulus: &'a [u8],
        /// The public exponent.
        exponent: &'a [u8],
    },
    /// A point on a curve: X and Y, each as long as a coordinate, big-endian, no prefix.
    Ec {
        /// The curve.
        curve: Curve,
        /// X and Y.
        point: &'a [u8],
    },
    /// Ed25519 (RFC 8032, 5.1.5).
    Ed25519(&'a [u8; 32]),
}

impl PublicKey<'_> {
    /// Whether signatures of this algorithm can be made with its private half.
    #[must_use]
    pub fn suits(&self, algorithm: SignatureAlgorithm) -> bool {
        match (self, algorithm) {
            (
                Self::Rsa { modulus, .. },
                SignatureAlgorithm::RsaPkcs1(size) | SignatureAlgorithm::RsaPss(size),
            ) => modulus.len() == size.size(),
            (Self::Ec { curve, .. }, SignatureAlgorithm::Ecdsa(wanted)) => *curve == wanted,
            (Self::Ed25519(_), SignatureAlgorithm::Ed25519) => true,
            _ => false,
        }
    }
}

/// Why a public key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is no key: not on its curve, too short, an even modulus.
    #[error("the public key is not valid")]
    Invalid,
    /// This provider has no such algorithm.
    #[error("the crypto provider does not support this kind of key")]
    Unsupported,
}

/// Why a signature was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// It does not fit the key and what was signed.
    #[error("the signature is wrong")]
    Mismatch,
    /// This provider cannot check it: no such algorithm, or not with this hash or kind of input.
    #[error("the crypto provider does not support this signature")]
    Unsupported,
}

/// A public key made ready to check signatures.
pub trait VerifyingKey {
    /// Checks one.
    ///
    /// The algorithm says how (an RSA key serves two); where it does not suit the key, the signature does not fit.
    ///
    /// # Errors
    /// [`VerifyError`].
    fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        signed: Signed<'_>,
        signature: &[u8],
    ) -> Result<(), VerifyError>;
}

/// How far a signature is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signing {
    /// It stands at the front of the buffer, [`SignatureAlgorithm::signature_size`] bytes long.
    Done,
    /// Not yet. Ask again, for the same, after this time.
    Pending(Duration),
}

/// Why there is no signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The key does not sign so, or not this.
    #[error("the key cannot sign with {0}")]
    Unsupported(SignatureAlgorithm),
    /// The buffer is shorter than the signature.
    #[error("no room for the signature")]
    NoRoom,
    /// Whatever holds the key failed.
    #[error("the signer failed")]
    Failed,
}

/// A private key, or whatever holds it.
///
/// A call that gives [`Signing::Pending`] is repeated with the same arguments until it gives something else; a module
/// that works on its own starts with the first and hands the result over in a later one. When another question comes
/// before that, the first is forgotten.
pub trait Signer {
    /// Whether it signs with this algorithm.
    fn supports(&self, algorithm: SignatureAlgorithm) -> bool;

    /// Signs.
    ///
    /// # Errors
    /// [`SignError`].
    fn sign(
        &mut self,
        algorithm: SignatureAlgorithm,
        signed: Signed<'_>,
        signature: &mut [u8],
    ) -> Result<Signing, SignError>;
}

impl<S: Signer + ?Sized> Signer for &mut S {
    fn supports(&self, algorithm: SignatureAlgorithm) -> bool {
        (**self).supports(algorithm)
    }

    fn sign(
        &mut self,
        algorithm: SignatureAlgorithm,
        signed: Signed<'_>,
        signature: &mut [u8],
    ) -> Result<Signing, SignError> {
        (**self).sign(algorithm, signed, signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_suits_its_own_algorithms_only() {
        let rsa = PublicKey::Rsa { modulus: &[1; 384], exponent: &[1, 0, 1] };
        assert!(rsa.suits(SignatureAlgorithm::RsaPss(RsaSize::Bits3072)));
        assert!(rsa.suits(SignatureAlgorithm::RsaPkcs1(RsaSize::Bits3072)));
        assert!(!rsa.suits(SignatureAlgorithm::RsaPss(RsaSize::Bits2048)));
        let point = PublicKey::Ec { curve: Curve::P384, point: &[4; 96] };
        assert!(point.suits(SignatureAlgorithm::Ecdsa(Curve::P384)));
        assert!(!point.suits(SignatureAlgorithm::Ecdsa(Curve::P256)));
        assert!(!point.suits(SignatureAlgorithm::Ed25519));
    }
}
