//! Chains that are remembered.

use lanewarden_crypto::Provider;

use super::support::*;
use crate::certificate::*;

with_every_provider! {
    a_trusted_chain_is_remembered
    a_chain_that_is_not_trusted_is_not_remembered
    a_chain_is_forgotten_when_it_is_not_valid_any_more
    a_change_of_the_anchors_or_revocations_forgets
    the_oldest_chain_makes_room
}

fn a_trusted_chain_is_remembered<P: Provider<VerifyingKey: Clone> + Copy>(provider: P) {
    let validated = chain(provider);
    let mut remembered = RememberedChains::<P, 2>::default();
    assert!(remembered.get(&validated.remember_as, Some(NOW)).is_none());
    assert!(remembered.remember(&validated));
    let leaf = remembered.get(&validated.remember_as, Some(NOW)).unwrap();
    assert_eq!(format!("{leaf:?}"), format!("{:?}", validated.leaf));
    assert!(remembered.get(&validated.remember_as, None).is_some());
    remembered.clear();
    assert!(remembered.get(&validated.remember_as, Some(NOW)).is_none());
}

fn chain<P: Provider + Copy>(provider: P) -> Validated<P> {
    let pki = pki(2, |_, _| {});
    judge(provider, &pki.whole(), &pki.certificates[0]).unwrap()
}

fn a_chain_that_is_not_trusted_is_not_remembered<P: Provider<VerifyingKey: Clone> + Copy>(provider: P) {
    let (one, other) = (pki(2, |_, _| {}), pki(2, |_, _| {}));
    let validated = judge(provider, &one.whole(), &other.certificates[0]).unwrap();
    let mut remembered = RememberedChains::<P, 2>::default();
    assert!(!remembered.remember(&validated));
    assert!(remembered.get(&validated.remember_as, Some(NOW)).is_none());
}

fn a_chain_is_forgotten_when_it_is_not_valid_any_more<P: Provider<VerifyingKey: Clone> + Copy>(provider: P) {
    let validated = chain(provider);
    let mut remembered = RememberedChains::<P, 2>::default();
    remembered.remember(&validated);
    assert!(remembered.get(&validated.remember_as, Some(START - 1)).is_none());
    assert!(remembered.get(&validated.remember_as, Some(START)).is_some());
    assert!(remembered.get(&validated.remember_as, Some(END)).is_some());
    assert!(remembered.get(&validated.remember_as, Some(END + 1)).is_none());
    assert!(remembered.get(&validated.remember_as, Some(END)).is_none());
}

fn a_change_of_the_anchors_or_revocations_forgets<P: Provider<VerifyingKey: Clone> + Copy>(provider: P) {
    let validated = chain(provider);
    let mut remembered = RememberedChains::<P, 2>::default();
    remembered.remember(&validated);
    let key = validated.remember_as;
    assert!(remembered.get(&ChainKey { anchors: key.anchors + 1, ..key }, Some(NOW)).is_none());
    assert!(remembered.get(&ChainKey { revocations: key.revocations + 1, ..key }, Some(NOW)).is_none());
    assert!(remembered.get(&ChainKey { role: Role::Requester, ..key }, Some(NOW)).is_none());
    assert!(remembered.get(&key, Some(NOW)).is_some());
}

fn the_oldest_chain_makes_room<P: Provider<VerifyingKey: Clone> + Copy>(provider: P) {
    let chains = [chain(provider), chain(provider), chain(provider)];
    let mut remembered = RememberedChains::<P, 2>::default();
    for validated in &chains {
        assert!(remembered.remember(validated));
        assert!(remembered.remember(validated));
    }
    let known = chains.each_ref().map(|chain| remembered.get(&chain.remember_as, Some(NOW)).is_some());
    assert_eq!(known, [false, true, true]);
    assert!(!RememberedChains::<P, 0>::default().remember(&chains[0]));
}
