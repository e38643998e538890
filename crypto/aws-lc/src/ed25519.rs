//! What is asked of Ed25519 points beyond what the library asks.
//!
//! RFC 8032 leaves some encodings to the reader's taste, and libraries differ. Here a key that is not written in the
//! one canonical way, or lies in the small subgroup (any signature could be made to fit one), is no key; and a signature
//! whose R lies there is no signature. `lanewarden-rustcrypto` holds to the same.

use curve25519_dalek::edwards::CompressedEdwardsY;

/// The Y of the points whose order divides eight: 0, 1, -1, and those of order eight.
const SMALL_ORDER: [[u8; 32]; 5] = [
    [0; 32],
    little([1, 0], 0),
    little([0xec, 0xff], 0xff),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5,
        0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a,
        0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];

/// A number of 255 bits that begins so and goes on with one byte.
const fn little(front: [u8; 2], rest: u8) -> [u8; 32] {
    let mut bytes = [rest; 32];
    let [first, second, .., last] = &mut bytes;
    (*first, *second, *last) = (front[0], front[1], rest & 0x7f);
    bytes
}

/// Whether a key is one. The library reads any 32 bytes, and finds out at every signature that they are none.
pub(crate) fn is_key(point: &[u8; 32]) -> bool {
    is_sound(point) && CompressedEdwardsY(*point).decompress().is_some()
}

/// Whether a point is written canonically and generates more than a handful of others. That it lies on the curve is
/// not asked here.
pub(crate) fn is_sound(point: &[u8; 32]) -> bool {
    let mut y = *point;
    if let Some(last) = y.last_mut() {
        *last &= 0x7f;
    }
    is_reduced(&y) && !SMALL_ORDER.contains(&y)
}

/// Whether a number is below 2^255 - 19.
fn is_reduced(y: &[u8; 32]) -> bool {
    let [first, middle @ .., last] = y;
    *first < 0xed || *last != 0x7f || middle.iter().any(|byte| *byte != 0xff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_field_end_at_its_prime() {
        assert!(is_reduced(&little([0xec, 0xff], 0xff)));
        assert!(!is_reduced(&little([0xed, 0xff], 0xff)));
        assert!(!is_reduced(&little([0xff, 0xff], 0xff)));
        assert!(is_reduced(&little([0xff, 0xfe], 0xff)));
    }

    #[test]
    fn points_of_small_order_are_not_sound_whatever_their_sign() {
        for mut y in SMALL_ORDER {
            assert!(!is_sound(&y));
            y[31] |= 0x80;
            assert!(!is_sound(&y));
        }
        assert!(is_sound(&little([9, 0], 0)));
    }
}
