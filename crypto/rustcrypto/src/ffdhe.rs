//! FFDHE, the groups of RFC 7919.

use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{Limb, Odd, U384, U2048, U3072, U4096, Uint};
use lanewarden_crypto::{ExchangeError, Group};
use zeroize::{Zeroize, Zeroizing};

use crate::RandomSource;

/// Bytes of the longest private number.
const MAX_PRIVATE: usize = 48;
/// Bytes of the longest prime.
const MAX_PRIME: usize = 512;

/// A private number. Wiped when it is dropped.
pub(crate) struct Ffdhe {
    pub group: Group,
    private: Zeroizing<[u8; MAX_PRIVATE]>,
}

impl Ffdhe {
    pub fn draw(group: Group, random: &impl RandomSource) -> Result<Self, ExchangeError> {
        let mut private = Zeroizing::new([0; MAX_PRIVATE]);
        let bytes = private.get_mut(..group.private_size()).ok_or(ExchangeError::Failed)?;
        random.fill(bytes).map_err(|_| ExchangeError::Failed)?;
        // No source that is one gives zeros.
        let is_drawn = bytes.iter().fold(0, |all, byte| all | byte) != 0;
        is_drawn.then_some(Self { group, private }).ok_or(ExchangeError::Failed)
    }

    /// Writes 2 to the power of the private number.
    pub fn public(&self, out: &mut [u8]) -> Result<(), ExchangeError> {
        let out = out.get_mut(..self.group.public_size()).ok_or(ExchangeError::NoRoom)?;
        self.power(&[2], out)
    }

    pub fn agree<R>(&self, peer: &[u8], with: impl FnOnce(&[u8]) -> R) -> Result<R, ExchangeError> {
        self.group.admits(peer).then_some(()).ok_or(ExchangeError::InvalidPeer)?;
        let mut room = Zeroizing::new([0; MAX_PRIME]);
        let secret = room.get_mut(..self.group.secret_size()).ok_or(ExchangeError::Failed)?;
        self.power(peer, secret)?;
        Ok(with(secret))
    }

    fn power(&self, base: &[u8], out: &mut [u8]) -> Result<(), ExchangeError> {
        let private = self.private.get(..self.group.private_size()).ok_or(ExchangeError::Failed)?;
        let prime = self.group.prime().ok_or(ExchangeError::Failed)?;
        match self.group {
            Group::Ffdhe2048 => power::<{ U2048::LIMBS }>(prime, base, private, out),
            Group::Ffdhe3072 => power::<{ U3072::LIMBS }>(prime, base, private, out),
            Group::Ffdhe4096 => power::<{ U4096::LIMBS }>(prime, base, private, out),
            _ => None,
        }
        .ok_or(ExchangeError::Failed)
    }
}

/// Raises a base to a private power, in time that tells the length of the exponent only. The frame is large and must not
/// become part of another's.
#[inline(never)]
fn power<const LIMBS: usize>(prime: &[u8], base: &[u8], private: &[u8], out: &mut [u8]) -> Option<()> {
    let prime = Odd::new(read::<LIMBS>(prime)).into_option()?;
    let exponent = Zeroizing::new(read::<{ U384::LIMBS }>(private));
    let bits = u32::try_from(private.len()).ok()?.checked_mul(8)?;
    // What varies in time there is the prime, which everybody knows.
    let base = FixedMontyForm::new(&read(base), &FixedMontyParams::new_vartime(prime));
    let mut power = base.pow_bounded_exp(&exponent, bits);
    let number = Zeroizing::new(power.retrieve());
    power.zeroize();
    write(&number, out);
    Some(())
}

/// A number from its bytes, big-endian.
fn read<const LIMBS: usize>(bytes: &[u8]) -> Uint<LIMBS> {
    let mut limbs = [Limb::ZERO; LIMBS];
    for (limb, bytes) in limbs.iter_mut().zip(bytes.rchunks(Limb::BYTES)) {
        *limb = Limb(bytes.iter().fold(0, |word, byte| word << 8 | crypto_bigint::Word::from(*byte)));
    }
    Uint::new(limbs)
}

/// A number's bytes, big-endian and filled with zeros on the left.
fn write<const LIMBS: usize>(number: &Uint<LIMBS>, out: &mut [u8]) {
    for (limb, bytes) in number.as_limbs().iter().zip(out.rchunks_mut(Limb::BYTES)) {
        bytes.iter_mut().rev().zip(limb.0.to_le_bytes()).for_each(|(to, from)| *to = from);
    }
}
