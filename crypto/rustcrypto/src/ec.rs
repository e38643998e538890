//! What is the same on every curve: points, scalars, ECDSA with any hash.

mod sign;
mod verify;

use ecdsa::elliptic_curve::ecdh::SharedSecret;
use ecdsa::elliptic_curve::sec1::{FromSec1Point, ModulusSize, ToSec1Point};
use ecdsa::elliptic_curve::{AffinePoint, CurveArithmetic, FieldBytesSize, PublicKey, SecretKey};
use lanewarden_crypto::ExchangeError;
use zeroize::Zeroize;

pub(crate) use sign::sign;
pub(crate) use verify::verify;

use crate::RandomSource;

/// Bytes of the longest point with its prefix: P-521's.
const MAX_POINT: usize = 133;
/// How often a private value is drawn at most. One in 2^32 draws is too high on P-256, and next to none on the others.
const MAX_DRAWS: usize = 16;

/// Reads X and Y of a point.
#[inline]
pub(crate) fn point<C>(point: &[u8]) -> Option<PublicKey<C>>
where
    C: CurveArithmetic,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
    let mut sec1 = [4; MAX_POINT];
    let sec1 = sec1.get_mut(..point.len().checked_add(1)?)?;
    sec1.get_mut(1..)?.copy_from_slice(point);
    PublicKey::from_sec1_bytes(sec1).ok()
}

/// Writes X and Y of a scalar's point to the front of a buffer, and gives their length; `None` where there is no room.
pub(crate) fn write_public<C>(secret: &SecretKey<C>, out: &mut [u8]) -> Option<usize>
where
    C: CurveArithmetic,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
    let sec1 = secret.public_key().to_sec1_point(false);
    let point = sec1.as_bytes().get(1..)?;
    out.get_mut(..point.len())?.copy_from_slice(point);
    Some(point.len())
}

/// Draws a private value. `top` is what the first byte may have of bits.
pub(crate) fn draw<C: CurveArithmetic>(
    size: usize,
    top: u8,
    random: &impl RandomSource,
) -> Result<SecretKey<C>, ExchangeError> {
    let mut room = [0; MAX_POINT];
    let bytes = room.get_mut(..size).ok_or(ExchangeError::Failed)?;
    let mut drawn = Err(ExchangeError::Failed);
    for _ in 0..MAX_DRAWS {
        random.fill(bytes).map_err(|_| ExchangeError::Failed)?;
        if let Some(first) = bytes.first_mut() {
            *first &= top;
        }
        drawn = SecretKey::from_slice(bytes).map_err(|_| ExchangeError::Failed);
        if drawn.is_ok() {
            break;
        }
    }
    bytes.zeroize();
    drawn
}

/// X of the point that both sides come to, wiped when it is dropped. One curve's frame must not become part of another's
/// here either, nor of that in which the secret is used.
#[inline(never)]
pub(crate) fn agree<C>(secret: &SecretKey<C>, peer: &[u8]) -> Result<SharedSecret<C>, ExchangeError>
where
    C: CurveArithmetic,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
    let peer = point::<C>(peer).ok_or(ExchangeError::InvalidPeer)?;
    Ok(secret.diffie_hellman(&peer))
}
