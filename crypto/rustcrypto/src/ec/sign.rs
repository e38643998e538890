//! ECDSA's signing in little memory (FIPS 186-5, 6.4.1): what a library does in one frame, in steps, so that what one of
//! them needs is gone when the next begins.

use ecdsa::elliptic_curve::array::ArraySize;
use ecdsa::elliptic_curve::ff::PrimeField;
use ecdsa::elliptic_curve::group::Group;
use ecdsa::elliptic_curve::ops::Invert;
use ecdsa::elliptic_curve::{CurveArithmetic, FieldBytes, NonZeroScalar, ProjectivePoint, Scalar, SecretKey};
use ecdsa::{EcdsaCurve, Signature, SignatureSize};
use lanewarden_crypto::{Digest, MAX_DIGEST_SIZE};
use zeroize::{Zeroize, Zeroizing};

use super::MAX_DRAWS;
use super::verify::{abscissa, leftmost};
use crate::hash;

/// Signs deterministically (RFC 6979) into a buffer of r's and s' size; whether it could.
#[inline(never)]
pub(crate) fn sign<C>(secret: &SecretKey<C>, digest: &Digest, out: &mut [u8]) -> bool
where
    C: EcdsaCurve + CurveArithmetic,
    SignatureSize<C>: ArraySize,
{
    let Some(mut nonce) = nonce(secret, digest) else { return false };
    let r = abscissa::<C>(&multiply::<C>(&nonce));
    let s = proof(secret, &nonce, digest, &r);
    nonce.zeroize();
    // Neither is zero, but for once in as many signatures as there are scalars.
    let Ok(signature) = Signature::<C>::from_scalars(r, s) else { return false };
    let bytes = signature.to_bytes();
    let fits = bytes.len() == out.len();
    if fits {
        out.copy_from_slice(&bytes);
    }
    fits
}

/// The base so often.
#[inline(never)]
fn multiply<C: CurveArithmetic>(times: &Scalar<C>) -> ProjectivePoint<C> {
    ProjectivePoint::<C>::mul_by_generator(times)
}

/// The value that must never be used twice (RFC 6979, 3.2), from the key and the digest; one draw in 2^32 is too high on
/// P-256, and next to none on the others. `None` where the hash is not there.
#[inline(never)]
fn nonce<C>(secret: &SecretKey<C>, digest: &Digest) -> Option<Scalar<C>>
where
    C: EcdsaCurve + CurveArithmetic,
{
    let (algorithm, size) = (digest.algorithm(), digest.as_bytes().len());
    let mac =
        |key: &Digest, parts: &[&[u8]]| hash::hmac(algorithm, key.as_bytes(), parts).map(Zeroizing::new);
    let filled = |byte| Digest::new(algorithm, [byte; MAX_DIGEST_SIZE].get(..size)?).map(Zeroizing::new);
    let (mut key, mut value) = (filled(0)?, filled(1)?);
    let (own, said) = (Zeroizing::new(secret.to_bytes()), leftmost::<C>(digest).to_repr());
    for mark in [0, 1] {
        key = mac(&key, &[value.as_bytes(), &[mark], &own, &said])?;
        value = mac(&key, &[value.as_bytes()])?;
    }
    for _ in 0..MAX_DRAWS {
        let mut drawn = Zeroizing::new(FieldBytes::<C>::default());
        for room in drawn.chunks_mut(size) {
            value = mac(&key, &[value.as_bytes()])?;
            room.iter_mut().zip(value.as_bytes()).for_each(|(to, from)| *to = *from);
        }
        cut::<C>(&mut drawn);
        if let Some(nonce) = NonZeroScalar::<C>::from_repr(*drawn).into_option() {
            return Some(*nonce);
        }
        key = mac(&key, &[value.as_bytes(), &[0]])?;
        value = mac(&key, &[value.as_bytes()])?;
    }
    None
}

/// Leaves the leftmost bits, as many as the order has.
fn cut<C: CurveArithmetic>(bytes: &mut FieldBytes<C>) {
    let over =
        u32::try_from(bytes.len()).unwrap_or(0).saturating_mul(8).saturating_sub(Scalar::<C>::NUM_BITS);
    let mut before = 0;
    for byte in bytes {
        let [_, kept] = u16::from_be_bytes([before, *byte]).wrapping_shr(over).to_be_bytes();
        before = core::mem::replace(byte, kept);
    }
}

/// s: the digest, and r times the key, over the nonce.
#[expect(clippy::arithmetic_side_effects, reason = "in a field nothing overflows")]
#[inline(never)]
fn proof<C>(secret: &SecretKey<C>, nonce: &Scalar<C>, digest: &Digest, r: &Scalar<C>) -> Scalar<C>
where
    C: EcdsaCurve + CurveArithmetic,
{
    let inverse = nonce.invert().into_option().unwrap_or_default();
    inverse * (leftmost::<C>(digest) + *r * *secret.to_nonzero_scalar())
}

#[cfg(test)]
mod tests {
    use ecdsa::elliptic_curve::ff::Field;
    use ecdsa::elliptic_curve::ops::Reduce;
    use ecdsa::hazmat;
    use lanewarden_crypto::HashAlgorithm;

    use super::*;

    /// The smallest key, the largest, and one in between; digests of every length, and with any first bit.
    #[expect(clippy::arithmetic_side_effects, reason = "a field's")]
    fn agrees_with_the_library<C, D>(hash: HashAlgorithm)
    where
        C: EcdsaCurve + CurveArithmetic,
        SignatureSize<C>: ArraySize,
        D: sha2::Digest + sha2::digest::block_api::BlockSizeUser,
    {
        let one = Scalar::<C>::ONE;
        for scalar in [one, -one, Scalar::<C>::reduce(&FieldBytes::<C>::from_fn(|_| 0x5A))] {
            let secret = SecretKey::<C>::from_bytes(&scalar.to_repr()).unwrap();
            for byte in [0, 1, 0x7F, 0x80, 0xFF] {
                let digest = Digest::new(hash, &[byte; MAX_DIGEST_SIZE][..hash.size()]).unwrap();
                let mut signature = ecdsa::SignatureBytes::<C>::default();
                assert!(sign(&secret, &digest, &mut signature));
                let key = secret.to_nonzero_scalar();
                let (theirs, _) = hazmat::sign_prehashed_rfc6979::<C, D>(&key, digest.as_bytes(), &[]);
                assert_eq!(signature, theirs.to_bytes(), "{scalar:?} {hash:?} {byte}");
            }
        }
    }

    fn agrees_on<C>()
    where
        C: EcdsaCurve + CurveArithmetic,
        SignatureSize<C>: ArraySize,
    {
        agrees_with_the_library::<C, sha2::Sha256>(HashAlgorithm::Sha256);
        agrees_with_the_library::<C, sha2::Sha384>(HashAlgorithm::Sha384);
        agrees_with_the_library::<C, sha2::Sha512>(HashAlgorithm::Sha512);
    }

    #[test]
    fn what_is_signed_is_what_the_library_signs() {
        agrees_on::<p256::NistP256>();
        agrees_on::<p384::NistP384>();
        #[cfg(feature = "p521")]
        agrees_on::<p521::NistP521>();
    }
}
