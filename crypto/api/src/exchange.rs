//! Key exchange.

mod ffdhe;

/// What two sides agree on a secret in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// ffdhe2048 (RFC 7919).
    Ffdhe2048,
    /// ffdhe3072.
    Ffdhe3072,
    /// ffdhe4096.
    Ffdhe4096,
    /// secp256r1.
    Secp256r1,
    /// secp384r1.
    Secp384r1,
    /// secp521r1.
    Secp521r1,
}

impl Group {
    /// Its name in the registries: of curves in SEC 2, of the others in RFC 7919.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ffdhe2048 => "ffdhe2048",
            Self::Ffdhe3072 => "ffdhe3072",
            Self::Ffdhe4096 => "ffdhe4096",
            Self::Secp256r1 => "secp256r1",
            Self::Secp384r1 => "secp384r1",
            Self::Secp521r1 => "secp521r1",
        }
    }

    /// Bytes of a public value: the number, or X and Y of the point without a prefix.
    #[must_use]
    pub const fn public_size(self) -> usize {
        match self {
            Self::Ffdhe2048 => 256,
            Self::Ffdhe3072 => 384,
            Self::Ffdhe4096 => 512,
            Self::Secp256r1 => 64,
            Self::Secp384r1 => 96,
            Self::Secp521r1 => 132,
        }
    }

    /// Bytes of the secret: the number, filled with zeros on the left to the length of the prime, or X of the point.
    #[must_use]
    pub const fn secret_size(self) -> usize {
        match self {
            Self::Ffdhe2048 => 256,
            Self::Ffdhe3072 => 384,
            Self::Ffdhe4096 => 512,
            Self::Secp256r1 => 32,
            Self::Secp384r1 => 48,
            Self::Secp521r1 => 66,
        }
    }

    /// Bytes of a private value. FFDHE's are twice as strong as the group and no longer, which RFC 7919 allows from 225,
    /// 275 and 325 bits on (5.2).
    #[must_use]
    pub const fn private_size(self) -> usize {
        match self {
            Self::Ffdhe2048 | Self::Secp256r1 => 32,
            Self::Ffdhe3072 => 40,
            Self::Ffdhe4096 | Self::Secp384r1 => 48,
            Self::Secp521r1 => 66,
        }
    }

    /// The prime of FFDHE, big-endian; the generator is 2.
    #[must_use]
    pub const fn prime(self) -> Option<&'static [u8]> {
        match self {
            Self::Ffdhe2048 => Some(&ffdhe::FFDHE2048),
            Self::Ffdhe3072 => Some(&ffdhe::FFDHE3072),
            Self::Ffdhe4096 => Some(&ffdhe::FFDHE4096),
            Self::Secp256r1 | Self::Secp384r1 | Self::Secp521r1 => None,
        }
    }

    /// Whether a peer's public value may be one: as long as it must be and, of FFDHE, above 1 and below p - 1 (RFC 7919,
    /// 5.1). Whether X and Y are those of a point is the provider's to see.
    ///
    /// A number that is no square generates all of the group instead of half. It is let through, as the RFC does: it
    /// would tell whether the private value is even, which is of no use against one that is used once.
    #[must_use]
    pub fn admits(self, public: &[u8]) -> bool {
        let Some(prime) = self.prime() else { return public.len() == self.public_size() };
        match (public.split_last(), prime.split_last()) {
            (Some((last, front)), Some((end, start))) if front.len() == start.len() => {
                let is_above = *last > 1 || front.iter().any(|byte| *byte != 0);
                is_above && (front, *last) < (start, end.saturating_sub(1))
            }
            _ => false,
        }
    }
}

/// Why two sides did not agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// The provider has no such group.
    #[error("the crypto provider does not support this group")]
    Unsupported,
    /// The peer's public value is none.
    #[error("the peer's public value is not valid")]
    InvalidPeer,
    /// The buffer is shorter than the public value.
    #[error("no room for the public value")]
    NoRoom,
    /// The provider failed, for want of randomness say.
    #[error("the key exchange failed")]
    Failed,
}

/// One side's half of an exchange: a fresh private value, used once. It may be made long before the peer is there.
pub trait KeyExchange {
    /// In what.
    fn group(&self) -> Group;

    /// Writes the public value, [`Group::public_size`] bytes, to the front of `out`. A provider may work it out anew
    /// each time.
    ///
    /// # Errors
    /// [`ExchangeError::NoRoom`].
    fn public(&self, out: &mut [u8]) -> Result<(), ExchangeError>;

    /// Meets the other side's public value, and lends the secret of both, [`Group::secret_size`] bytes, to `with`. It
    /// is wiped when that returns, so what is worked out of it is all that is left.
    ///
    /// # Errors
    /// [`ExchangeError`]; `with` is not called then.
    fn agree<R>(self, peer: &[u8], with: impl FnOnce(&[u8]) -> R) -> Result<R, ExchangeError>;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]

    extern crate std;

    use std::{vec, vec::Vec};

    use super::*;

    const FFDHE: [Group; 3] = [Group::Ffdhe2048, Group::Ffdhe3072, Group::Ffdhe4096];

    #[test]
    fn public_values_lie_between_1_and_p_minus_1() {
        for group in FFDHE {
            let prime = group.prime().unwrap();
            assert_eq!([group.public_size(), group.secret_size()], [prime.len(); 2]);
            let ends_with = |front: &[u8], last| [&front[..prime.len() - 1], &[last]].concat();
            let small = |last| ends_with(&vec![0; prime.len()], last);
            let large = |last| ends_with(prime, last);
            for (value, expected) in [
                (small(0), false),
                (small(1), false),
                (small(2), true),
                (large(0xfd), true),
                (large(0xfe), false),
                (large(0xff), false),
                (vec![0xff; prime.len()], false),
                (small(2)[1..].to_vec(), false),
                ([&[0], &small(2)[..]].concat(), false),
                (Vec::new(), false),
            ] {
                assert_eq!(group.admits(&value), expected, "{group:?}: {value:02x?}");
            }
        }
    }

    #[test]
    fn points_have_two_coordinates() {
        for group in [Group::Secp256r1, Group::Secp384r1, Group::Secp521r1] {
            let size = group.public_size();
            assert_eq!((group.secret_size() * 2, group.private_size() * 2), (size, size));
            assert!(group.prime().is_none() && group.admits(&vec![7; size]));
            assert!(!group.admits(&vec![7; size - 1]) && !group.admits(&vec![7; size + 1]));
        }
    }
}
