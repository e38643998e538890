//! Both roles in one thread, from the first message to the verdict, and what they say to each other.

use std::convert::Infallible;
use std::time::Duration;

use lanewarden_crypto::{Provider, Signer};
use lanewarden_no_std_link::port::Waiting;
use lanewarden_no_std_link::requester::{Driven, Judge};
use lanewarden_no_std_link::responder::{Slot, SmallParts, small};
use lanewarden_spdm::Instant;
use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::certificate::{AnchorList, ChainKey, NoRevocations, RememberedChains, Role, Validated};
use lanewarden_spdm::requester::{self, Requester, Transport};
use lanewarden_spdm::responder::{self, Responder};

use crate::chain::{Chain, NOW};

/// Measurements of the device: eight, as others have them.
const MEASURED: [&[u8]; 8] = [b"measured"; 8];

type Answering<'c, P, S> = Responder<SmallParts<'c, P, S>, Vec<u8>>;

/// A requester and a responder who have met before or not.
pub struct Pair<'c, P: Provider, S: Signer> {
    provider: P,
    anchors: AnchorList<'c>,
    requester: Requester<requester::Parts<P>, Vec<u8>>,
    wire: Wire<'c, P, S>,
    remembered: RememberedChains<P, 1>,
    answer: Vec<u8>,
    certificate: Vec<u8>,
}

/// What carries messages, and counts them.
pub struct Wire<'c, P: Provider, S: Signer> {
    responder: Answering<'c, P, S>,
    /// Every message, where they are kept.
    pub said: Option<Vec<(Vec<u8>, Vec<u8>)>>,
}

impl<P: Provider, S: Signer> Transport for Wire<'_, P, S> {
    type Error = Infallible;

    fn exchange(
        &mut self,
        kind: MessageKind,
        message: &[u8],
        answer: &mut [u8],
        _: Duration,
    ) -> Result<(MessageKind, usize), Infallible> {
        let mut request = message.to_vec();
        let (kind, said) = self.responder.respond(Instant::ORIGIN, kind, &mut request).unwrap();
        answer[..said.len()].copy_from_slice(said);
        if let Some(kept) = &mut self.said {
            kept.push((message.to_vec(), said.to_vec()));
        }
        Ok((kind, said.len()))
    }
}

impl<'c, P: Provider + Clone, S: Signer> Pair<'c, P, S>
where
    P::VerifyingKey: Clone,
{
    pub fn new(provider: P, signer: S, chain: &'c Chain, anchors: AnchorList<'c>) -> Self {
        let identities = Slot { certificates: &chain.whole, signer };
        let parts = small(provider.clone(), identities, &MEASURED);
        let settings = responder::Settings::default();
        let responder = Responder::new(parts, settings, vec![0; 0x1300]);
        let settings = requester::Settings::default();
        let requester =
            Requester::new(requester::Parts::new(provider.clone()), settings, vec![0; requester::MIN_BUFFER]);
        let wire = Wire { responder, said: None };
        let (answer, certificate) = (vec![0; 0x1200], vec![0; 1024]);
        Self {
            provider,
            anchors,
            requester,
            wire,
            remembered: RememberedChains::default(),
            answer,
            certificate,
        }
    }

    /// VERSION to CHALLENGE_AUTH, and MEASUREMENTS where they are wanted.
    pub fn authenticate(&mut self, fresh: bool, measurements: bool) {
        let (provider, anchors, revocations) = (self.provider.clone(), self.anchors, NoRevocations);
        let clock = Waiting::default();
        let mut driven = Driven {
            requester: &mut self.requester,
            transport: &mut self.wire,
            clock: &clock,
            answer: &mut self.answer,
        };
        if fresh {
            let judge = Judge { provider, anchors, revocations, now: Some(NOW) };
            let remember = |validated: &Validated<_>| assert!(self.remembered.remember(validated));
            driven.authenticate(judge, &mut self.certificate, remember).unwrap();
        } else {
            driven.meet().unwrap();
            let digest = *driven.requester.digest(0).unwrap();
            let key = ChainKey::new(digest, Role::Responder, &anchors, &revocations);
            let leaf = self.remembered.get(&key, Some(NOW)).unwrap();
            driven.know(&leaf).unwrap();
            driven.challenge().unwrap();
        }
        if measurements {
            driven.measurements().unwrap();
        }
    }

    /// The same, and what was said.
    pub fn record(&mut self, fresh: bool, measurements: bool) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.wire.said = Some(Vec::new());
        self.authenticate(fresh, measurements);
        self.wire.said.take().unwrap()
    }
}
