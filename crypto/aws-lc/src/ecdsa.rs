//! ECDSA with any hash on any curve.
//!
//! The library ties each curve to hashes of its choice, by the name and the length of the digest. What ECDSA makes of
//! a digest is a number of at most the curve's bits, and depends on nothing else (FIPS 186-5, 6.4.1): a digest that is
//! longer than the curve is cut off on the right, one that is shorter gets zeros on the left. So every digest is
//! handed over as one that the library takes for that curve.

use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED,
    ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED, ECDSA_P521_SHA512_FIXED_SIGNING,
    EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm,
};
use lanewarden_crypto::{Curve, Digest, MAX_DIGEST_SIZE};

/// Bytes of the longest point with its prefix: P-521's.
const MAX_POINT: usize = 133;

pub(crate) fn verification(curve: Curve) -> &'static EcdsaVerificationAlgorithm {
    match curve {
        Curve::P256 => &ECDSA_P256_SHA256_FIXED,
        Curve::P384 => &ECDSA_P384_SHA384_FIXED,
        Curve::P521 => &ECDSA_P521_SHA512_FIXED,
    }
}

pub(crate) fn signing(curve: Curve) -> &'static EcdsaSigningAlgorithm {
    match curve {
        Curve::P256 => &ECDSA_P256_SHA256_FIXED_SIGNING,
        Curve::P384 => &ECDSA_P384_SHA384_FIXED_SIGNING,
        Curve::P521 => &ECDSA_P521_SHA512_FIXED_SIGNING,
    }
}

/// The digest that the curve's algorithm takes and that is the same number to it.
pub(crate) fn fitted(curve: Curve, digest: &Digest) -> Option<digest::Digest> {
    let algorithm = match curve {
        Curve::P256 => &digest::SHA256,
        Curve::P384 => &digest::SHA384,
        Curve::P521 => &digest::SHA512,
    };
    let mut fitted = [0; MAX_DIGEST_SIZE];
    let fitted = fitted.get_mut(..algorithm.output_len())?;
    let bytes = digest.as_bytes();
    let taken = bytes.len().min(fitted.len());
    let zeros = fitted.len().checked_sub(taken)?;
    fitted.get_mut(zeros..)?.copy_from_slice(bytes.get(..taken)?);
    digest::Digest::import_less_safe(fitted, algorithm).ok()
}

/// A point as the library reads it: with the prefix of an uncompressed one (SEC 1, 2.3.3).
pub(crate) struct Sec1 {
    bytes: [u8; MAX_POINT],
    length: usize,
}

impl Sec1 {
    /// `None` where X and Y have not the curve's length.
    pub(crate) fn new(curve: Curve, point: &[u8]) -> Option<Self> {
        if point.len() != curve.size().checked_mul(2)? {
            return None;
        }
        let length = point.len().checked_add(1)?;
        let mut bytes = [4; MAX_POINT];
        bytes.get_mut(1..length)?.copy_from_slice(point);
        Some(Self { bytes, length })
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use lanewarden_crypto::HashAlgorithm;

    use super::*;

    fn digest(algorithm: HashAlgorithm) -> Digest {
        let bytes: Vec<u8> = (1..=64).collect();
        Digest::new(algorithm, &bytes[..algorithm.size()]).unwrap()
    }

    #[test]
    fn a_long_digest_is_cut_off_on_the_right() {
        let long = fitted(Curve::P256, &digest(HashAlgorithm::Sha384)).unwrap();
        assert_eq!(long.as_ref(), (1..=32).collect::<Vec<u8>>());
    }

    #[test]
    fn a_short_digest_gets_zeros_on_the_left() {
        let short = fitted(Curve::P384, &digest(HashAlgorithm::Sha3_256)).unwrap();
        assert_eq!(short.as_ref()[..16], [0; 16]);
        assert_eq!(short.as_ref()[16..], (1..=32).collect::<Vec<u8>>());
    }

    #[test]
    fn a_point_of_another_length_is_none() {
        assert!(Sec1::new(Curve::P256, &[1; 63]).is_none());
        assert!(Sec1::new(Curve::P256, &[1; 96]).is_none());
        assert_eq!(Sec1::new(Curve::P521, &[1; 132]).unwrap().as_bytes()[..2], [4, 1]);
    }
}
