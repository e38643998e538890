//! Chains that were trusted before, so that a device that shows the same one again need not be checked again.

use lanewarden_crypto::Provider;

use super::{ChainKey, Leaf, Validated};

/// The last `N` chains that were trusted.
///
/// What is remembered is the chain, not the device: the [identity](Leaf::identity) must be compared each time, and the
/// device must prove each time that it has the key.
pub struct RememberedChains<P: Provider, const N: usize> {
    entries: [Option<(ChainKey, Leaf<P>)>; N],
    /// Which entry goes next when all are taken.
    next: usize,
}

impl<P: Provider, const N: usize> Default for RememberedChains<P, N> {
    fn default() -> Self {
        Self { entries: core::array::from_fn(|_| None), next: 0 }
    }
}

impl<P: Provider, const N: usize> RememberedChains<P, N>
where
    P::VerifyingKey: Clone,
{
    /// Remembers a chain; one that is not trusted is not, and `false` says so.
    pub fn remember(&mut self, validated: &Validated<P>) -> bool {
        if !validated.is_trusted() {
            return false;
        }
        let place = self.place(&validated.remember_as);
        self.entries.get_mut(place).is_some_and(|entry| {
            *entry = Some((validated.remember_as, validated.leaf.clone()));
            true
        })
    }

    /// The leaf of a chain that was trusted under the same trust anchors and revocations. A chain that is not valid any
    /// more is forgotten, and one that is not valid yet is not given. Without a time neither is looked at.
    pub fn get(&mut self, key: &ChainKey, now: Option<u64>) -> Option<Leaf<P>> {
        let entry = self.entries.iter_mut().find(|entry| is_under(entry, key))?;
        let validity = entry.as_ref().map(|(_, leaf)| leaf.validity)?;
        match now {
            Some(now) if now > validity.not_after => {
                *entry = None;
                None
            }
            Some(now) if now < validity.not_before => None,
            _ => entry.as_ref().map(|(_, leaf)| leaf.clone()),
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.entries = core::array::from_fn(|_| None);
    }

    /// The place of the same chain, else a free one, else the oldest.
    fn place(&mut self, key: &ChainKey) -> usize {
        let same = self.entries.iter().position(|entry| is_under(entry, key));
        same.or_else(|| self.entries.iter().position(Option::is_none)).unwrap_or_else(|| {
            let place = self.next;
            self.next = place.checked_add(1).filter(|next| *next < N).unwrap_or(0);
            place
        })
    }
}

fn is_under<P: Provider>(entry: &Option<(ChainKey, Leaf<P>)>, key: &ChainKey) -> bool {
    entry.as_ref().is_some_and(|(other, _)| other == key)
}
