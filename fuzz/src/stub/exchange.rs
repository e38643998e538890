//! Key exchange: Diffie-Hellman modulo a prime that a machine word holds.

use lanewarden_crypto::{ExchangeError, Group, KeyExchange};

use super::crypto::spread;

/// 2^61 - 1.
const PRIME: u64 = (1 << 61) - 1;
const GENERATOR: u64 = 37;

/// One side's half.
#[derive(Clone, Debug)]
pub struct StubExchange {
    group: Group,
    private: u64,
}

impl StubExchange {
    /// With this private value.
    pub const fn new(group: Group, private: u64) -> Self {
        Self { group, private: private % (PRIME - 3) + 2 }
    }
}

fn times(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    // 2^61 is 1 here, so the upper half counts like the lower.
    let (low, high) = (product & u128::from(PRIME), product >> 61);
    u64::try_from(low + high).unwrap() % PRIME
}

fn power(base: u64, exponent: u64) -> u64 {
    let bits = (0..u64::BITS - exponent.leading_zeros()).rev();
    bits.fold(1, |done, bit| {
        let squared = times(done, done);
        if exponent >> bit & 1 == 0 { squared } else { times(squared, base) }
    })
}

impl KeyExchange for StubExchange {
    fn group(&self) -> Group {
        self.group
    }

    /// The number stands at the end, and zeros before it.
    fn public(&self, out: &mut [u8]) -> Result<(), ExchangeError> {
        let out = out.get_mut(..self.group.public_size()).ok_or(ExchangeError::NoRoom)?;
        out.fill(0);
        let start = out.len() - 8;
        out[start..].copy_from_slice(&power(GENERATOR, self.private).to_be_bytes());
        Ok(())
    }

    fn agree<R>(self, peer: &[u8], with: impl FnOnce(&[u8]) -> R) -> Result<R, ExchangeError> {
        let number = peer.split_last_chunk::<8>().filter(|_| self.group.admits(peer));
        let (zeros, number) = number.ok_or(ExchangeError::InvalidPeer)?;
        let number = u64::from_be_bytes(*number);
        if zeros.iter().any(|byte| *byte != 0) || !(2..PRIME - 1).contains(&number) {
            return Err(ExchangeError::InvalidPeer);
        }
        let mut secret = vec![0; self.group.secret_size()];
        spread(power(number, self.private), &mut secret);
        Ok(with(&secret))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(half: &StubExchange) -> Vec<u8> {
        let mut public = vec![0; half.group().public_size()];
        half.public(&mut public).unwrap();
        public
    }

    #[test]
    fn both_sides_agree_and_a_third_does_not() {
        for group in [Group::Ffdhe2048, Group::Secp256r1, Group::Secp521r1] {
            let halves =
                [7, u64::MAX, 0x1234_5678_9abc_def0].map(|private| StubExchange::new(group, private));
            let publics = halves.each_ref().map(public);
            let agree =
                |own: usize, peer: usize| halves[own].clone().agree(&publics[peer], <[u8]>::to_vec).unwrap();
            assert_eq!(agree(0, 1), agree(1, 0));
            assert_ne!(agree(0, 1), agree(0, 2));
            assert_eq!(agree(0, 1).len(), group.secret_size());
        }
    }

    #[test]
    fn what_is_no_public_value_is_refused() {
        let half = StubExchange::new(Group::Secp256r1, 9);
        let mut high = public(&half);
        high[0] = 1;
        for wrong in [vec![0; 64], vec![0xff; 64], high, public(&half)[1..].to_vec()] {
            assert_eq!(half.clone().agree(&wrong, |_| ()), Err(ExchangeError::InvalidPeer));
        }
    }
}
