//! ECDSA's verification in little memory (FIPS 186-5, 6.4.2): the two multiplications are made in one, bit by bit, with
//! three points at hand. A library's tables of multiples would need three times the stack, for a fifth of the time. All
//! that is worked on is public.
//!
//! Steps are not inlined into one frame, so that what one of them needs is gone when the next begins.

use ecdsa::elliptic_curve::array::ArraySize;
use ecdsa::elliptic_curve::ff::{Field, PrimeField};
use ecdsa::elliptic_curve::group::{Curve, CurveAffine, Group};
use ecdsa::elliptic_curve::ops::{Invert, Reduce};
use ecdsa::elliptic_curve::point::AffineCoordinates;
use ecdsa::elliptic_curve::{
    AffinePoint, CurveArithmetic, FieldBytes, NonZeroScalar, ProjectivePoint, PublicKey, Scalar,
};
use ecdsa::{EcdsaCurve, Signature, SignatureSize};
use lanewarden_crypto::Digest;

/// Whether r and s fit.
#[inline(never)]
pub(crate) fn verify<C>(key: &PublicKey<C>, digest: &Digest, signature: &[u8]) -> bool
where
    C: EcdsaCurve + CurveArithmetic,
    SignatureSize<C>: ArraySize,
{
    // Each is more than zero and less than the order, or there is none.
    let Ok(signature) = Signature::<C>::from_slice(signature) else { return false };
    let (r, s) = signature.split_scalars();
    let factors = factors::<C>(digest, &r, &s);
    abscissa::<C>(&combine::<C>(key.as_affine(), &factors)) == *r
}

/// How often the base and how often the key: the digest, and r, over s.
#[expect(clippy::arithmetic_side_effects, reason = "in a field, or of points, nothing overflows")]
#[inline(never)]
fn factors<C>(digest: &Digest, r: &NonZeroScalar<C>, s: &NonZeroScalar<C>) -> [FieldBytes<C>; 2]
where
    C: EcdsaCurve + CurveArithmetic,
{
    let inverse = *s.invert_vartime();
    [(leftmost::<C>(digest) * inverse).to_repr(), (**r * inverse).to_repr()]
}

/// The leftmost bits of a digest, as many as the order has; the orders of all curves here have whole bytes, or more
/// bits than any digest.
pub(super) fn leftmost<C: CurveArithmetic>(digest: &Digest) -> Scalar<C> {
    let mut bytes = FieldBytes::<C>::default();
    let length = digest.as_bytes().len().min(bytes.len());
    let start = bytes.len().saturating_sub(length);
    let room = bytes.get_mut(start..).unwrap_or_default();
    room.copy_from_slice(digest.as_bytes().get(..length).unwrap_or_default());
    Scalar::<C>::reduce(&bytes)
}

/// The base so often and the key so often, added.
#[expect(clippy::arithmetic_side_effects, reason = "in a field, or of points, nothing overflows")]
#[inline(never)]
fn combine<C: CurveArithmetic>(
    key: &AffinePoint<C>,
    [of_base, of_key]: &[FieldBytes<C>; 2],
) -> ProjectivePoint<C> {
    let base = AffinePoint::<C>::generator();
    let both = add::<C>(&base, key);
    let mut sum = ProjectivePoint::<C>::identity();
    for (of_base, of_key) in of_base.iter().zip(of_key.iter()) {
        for bit in (0..8).rev().map(|place| 1_u8.wrapping_shl(place)) {
            sum = sum.double();
            sum += match (of_base & bit != 0, of_key & bit != 0) {
                (false, false) => continue,
                (true, false) => &base,
                (false, true) => key,
                (true, true) => &both,
            };
        }
    }
    sum
}

#[expect(clippy::arithmetic_side_effects, reason = "in a field, or of points, nothing overflows")]
#[inline(never)]
fn add<C: CurveArithmetic>(left: &AffinePoint<C>, right: &AffinePoint<C>) -> AffinePoint<C> {
    (ProjectivePoint::<C>::from(*left) + right).to_affine()
}

/// X as a scalar: zero, which no r is, at infinity.
#[inline(never)]
pub(super) fn abscissa<C: CurveArithmetic>(point: &ProjectivePoint<C>) -> Scalar<C> {
    let affine = point.to_affine();
    if bool::from(affine.is_identity()) { Scalar::<C>::ZERO } else { Scalar::<C>::reduce(&affine.x()) }
}

#[cfg(test)]
mod tests {
    use ecdsa::elliptic_curve::SecretKey;
    use ecdsa::hazmat;
    use lanewarden_crypto::HashAlgorithm;

    use super::*;
    use crate::ec::sign;

    /// What is signed by some keys is accepted as the library accepts it, and refused with any one thing changed. Of
    /// the keys, 1 has the base itself for its point, and -1 the one that is infinity together with the base.
    #[expect(clippy::arithmetic_side_effects, reason = "a field's")]
    fn agrees_with_the_library<C>()
    where
        C: EcdsaCurve + CurveArithmetic,
        SignatureSize<C>: ArraySize,
    {
        let one = Scalar::<C>::ONE;
        let scalars = [one, -one, one.double(), Scalar::<C>::reduce(&FieldBytes::<C>::from_fn(|_| 0x5A))];
        let hashes = [HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512];
        for (scalar, hash) in scalars.into_iter().flat_map(|scalar| hashes.map(|hash| (scalar, hash))) {
            let secret = SecretKey::<C>::from_bytes(&scalar.to_repr()).unwrap();
            let key = secret.public_key();
            let point = ProjectivePoint::<C>::from(*key.as_affine());
            for byte in [0, 0x7F, 0xFF] {
                let digest = Digest::new(hash, &[byte; 64][..hash.size()]).unwrap();
                let mut signature = ecdsa::SignatureBytes::<C>::default();
                assert!(sign(&secret, &digest, &mut signature));
                let read = Signature::<C>::from_slice(&signature).unwrap();
                assert!(hazmat::verify_prehashed(&point, digest.as_bytes(), &read).is_ok());
                assert!(verify(&key, &digest, &signature));
                for place in (0..signature.len()).step_by(11) {
                    let mut changed = signature;
                    changed[place] ^= 1;
                    assert!(!verify(&key, &digest, &changed), "{scalar:?} {hash:?} {byte} {place}");
                }
                let other = Digest::new(hash, &[byte ^ 1; 64][..hash.size()]).unwrap();
                assert!(!verify(&key, &other, &signature));
            }
        }
    }

    #[test]
    fn what_the_library_accepts_is_accepted_and_nothing_else() {
        agrees_with_the_library::<p256::NistP256>();
        agrees_with_the_library::<p384::NistP384>();
        #[cfg(feature = "p521")]
        agrees_with_the_library::<p521::NistP521>();
    }

    /// With the key -1, a digest that is r makes the sum infinity, whatever s is.
    #[test]
    fn infinity_fits_no_signature() {
        let minus_one = -Scalar::<p384::NistP384>::ONE;
        let key = SecretKey::<p384::NistP384>::from_bytes(&minus_one.to_repr()).unwrap().public_key();
        for byte in [1, 0x11, 0x7F] {
            let digest = Digest::new(HashAlgorithm::Sha384, &[byte; 48]).unwrap();
            let mut signature = [byte; 96];
            signature[48..].fill(0x33);
            assert!(!verify(&key, &digest, &signature));
        }
    }
}
