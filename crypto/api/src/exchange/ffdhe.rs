//! The primes of RFC 7919.
//!
//! Its appendix A defines them as `2^b - 2^(b-64) + (floor(2^(b-130) e) + X) 2^64 - 1`: 64 ones, the digits of e, which X
//! changes at their end, and 64 ones. So they differ in their length and in four bytes. The tests work them out from e.

/// The digits of `2^3966 e`, but for their last four bytes.
const E: &[u8; 492] = b"\
      \xad\xf8\x54\x58\xa2\xbb\x4a\x9a\xaf\xdc\x56\x20\x27\x3d\x3c\xf1\xd8\xb9\xc5\x83\xce\x2d\x36\x95\
      \xa9\xe1\x36\x41\x14\x64\x33\xfb\xcc\x93\x9d\xce\x24\x9b\x3e\xf9\x7d\x2f\xe3\x63\x63\x0c\x75\xd8\
      \xf6\x81\xb2\x02\xae\xc4\x61\x7a\xd3\xdf\x1e\xd5\xd5\xfd\x65\x61\x24\x33\xf5\x1f\x5f\x06\x6e\xd0\
      \x85\x63\x65\x55\x3d\xed\x1a\xf3\xb5\x57\x13\x5e\x7f\x57\xc9\x35\x98\x4f\x0c\x70\xe0\xe6\x8b\x77\
      \xe2\xa6\x89\xda\xf3\xef\xe8\x72\x1d\xf1\x58\xa1\x36\xad\xe7\x35\x30\xac\xca\x4f\x48\x3a\x79\x7a\
      \xbc\x0a\xb1\x82\xb3\x24\xfb\x61\xd1\x08\xa9\x4b\xb2\xc8\xe3\xfb\xb9\x6a\xda\xb7\x60\xd7\xf4\x68\
      \x1d\x4f\x42\xa3\xde\x39\x4d\xf4\xae\x56\xed\xe7\x63\x72\xbb\x19\x0b\x07\xa7\xc8\xee\x0a\x6d\x70\
      \x9e\x02\xfc\xe1\xcd\xf7\xe2\xec\xc0\x34\x04\xcd\x28\x34\x2f\x61\x91\x72\xfe\x9c\xe9\x85\x83\xff\
      \x8e\x4f\x12\x32\xee\xf2\x81\x83\xc3\xfe\x3b\x1b\x4c\x6f\xad\x73\x3b\xb5\xfc\xbc\x2e\xc2\x20\x05\
      \xc5\x8e\xf1\x83\x7d\x16\x83\xb2\xc6\xf3\x4a\x26\xc1\xb2\xef\xfa\x88\x6b\x42\x38\x61\x1f\xcf\xdc\
      \xde\x35\x5b\x3b\x65\x19\x03\x5b\xbc\x34\xf4\xde\xf9\x9c\x02\x38\x61\xb4\x6f\xc9\xd6\xe6\xc9\x07\
      \x7a\xd9\x1d\x26\x91\xf7\xf7\xee\x59\x8c\xb0\xfa\xc1\x86\xd9\x1c\xae\xfe\x13\x09\x85\x13\x92\x70\
      \xb4\x13\x0c\x93\xbc\x43\x79\x44\xf4\xfd\x44\x52\xe2\xd7\x4d\xd3\x64\xf2\xe2\x1e\x71\xf5\x4b\xff\
      \x5c\xae\x82\xab\x9c\x9d\xf6\x9e\xe8\x6d\x2b\xc5\x22\x36\x3a\x0d\xab\xc5\x21\x97\x9b\x0d\xea\xda\
      \x1d\xbf\x9a\x42\xd5\xc4\x48\x4e\x0a\xbc\xd0\x6b\xfa\x53\xdd\xef\x3c\x1b\x20\xee\x3f\xd5\x9d\x7c\
      \x25\xe4\x1d\x2b\x66\x9e\x1e\xf1\x6e\x6f\x52\xc3\x16\x4d\xf4\xfb\x79\x30\xe9\xe4\xe5\x88\x57\xb6\
      \xac\x7d\x5f\x42\xd6\x9f\x6d\x18\x77\x63\xcf\x1d\x55\x03\x40\x04\x87\xf5\x5b\xa5\x7e\x31\xcc\x7a\
      \x71\x35\xc8\x86\xef\xb4\x31\x8a\xed\x6a\x1e\x01\x2d\x9e\x68\x32\xa9\x07\x60\x0a\x91\x81\x30\xc4\
      \x6d\xc7\x78\xf9\x71\xad\x00\x38\x09\x29\x99\xa3\x33\xcb\x8b\x7a\x1a\x1d\xb9\x3d\x71\x40\x00\x3c\
      \x2a\x4e\xce\xa9\xf9\x8d\x0a\xcc\x0a\x82\x91\xcd\xce\xc9\x7d\xcf\x8e\xc9\xb5\x5a\x7f\x88\xa4\x6b\
      \x4d\xb5\xa8\x51\xf4\x41\x82\xe1\xc6\x8a\x00\x7e";

pub(super) static FFDHE2048: [u8; 256] = prime([0x61, 0x28, 0x5c, 0x97]);
pub(super) static FFDHE3072: [u8; 384] = prime([0x66, 0xc6, 0x2e, 0x37]);
pub(super) static FFDHE4096: [u8; 512] = prime([0x5e, 0x65, 0x5f, 0x6a]);

/// Puts a prime together of the digits of e, the four bytes that are its own, and ones.
const fn prime<const N: usize>(last: [u8; 4]) -> [u8; N] {
    let mut prime = [0xff; N];
    let own = N.saturating_sub(20);
    let (digits, rest) = prime.split_at_mut(8).1.split_at_mut(own);
    digits.copy_from_slice(E.split_at(own).0);
    rest.split_at_mut(4).0.copy_from_slice(&last);
    prime
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

    extern crate std;

    use std::{vec, vec::Vec};

    use super::*;

    /// Words of a number, the lowest first.
    type Number = Vec<u32>;

    fn divide(number: &mut Number, by: u32) {
        let mut rest = 0;
        for word in number.iter_mut().rev() {
            let whole = rest << 32 | u64::from(*word);
            *word = (whole / u64::from(by)) as u32;
            rest = whole % u64::from(by);
        }
    }

    fn add(number: &mut Number, other: &Number) {
        let mut carry = 0;
        for (at, word) in number.iter_mut().enumerate() {
            let sum = u64::from(*word) + u64::from(other.get(at).copied().unwrap_or(0)) + carry;
            *word = sum as u32;
            carry = sum >> 32;
        }
        assert_eq!(carry, 0);
    }

    /// `floor(2^bits e)`, of 1/0! + 1/1! + 1/2! and so on with 128 bits more.
    fn digits_of_e(bits: usize) -> Number {
        let mut term = vec![0; bits / 32 + 6];
        term[(bits + 128) / 32] = 1 << (bits % 32);
        let mut sum = term.clone();
        for by in 1.. {
            divide(&mut term, by);
            if term.iter().all(|word| *word == 0) {
                break;
            }
            add(&mut sum, &term);
        }
        sum.split_off(4)
    }

    fn by_the_formula(bits: usize, x: u32) -> Vec<u8> {
        let mut digits = digits_of_e(bits - 130);
        // The 1 that is taken away in the end makes 64 ones of the last 2^64 that was added.
        add(&mut digits, &vec![x - 1]);
        digits.truncate(bits / 32 - 4);
        let ones = [0xff; 8];
        let digits: Vec<u8> = digits.iter().rev().flat_map(|word| word.to_be_bytes()).collect();
        [&ones[..], &digits, &ones].concat()
    }

    /// The X are the appendix's. That these numbers are safe primes was tried with 8 rounds of Miller and Rabin each.
    #[test]
    fn primes_are_those_of_the_formula() {
        assert_eq!(FFDHE2048[..], by_the_formula(2048, 560_316));
        assert_eq!(FFDHE3072[..], by_the_formula(3072, 2_625_351));
        assert_eq!(FFDHE4096[..], by_the_formula(4096, 5_736_041));
    }
}
