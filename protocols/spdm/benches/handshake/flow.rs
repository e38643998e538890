//! Both roles in one thread, from the first message to the end of a session, in data objects.

use std::convert::Infallible;
use std::time::Duration;

use lanewarden_crypto::{AeadAlgorithm, Group, Provider, Signer};
use lanewarden_no_std_link::port::Waiting;
use lanewarden_no_std_link::requester::{Driven, Judge};
use lanewarden_no_std_link::responder::Slot;
use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::certificate::{AnchorList, ChainKey, NoRevocations, RememberedChains, Role, Validated};
use lanewarden_spdm::requester::{self, Event, Requester, SessionRequest, Transport, run};
use lanewarden_spdm::responder::{self, Responder};
use lanewarden_spdm::session::{Seat, seats};
use lanewarden_spdm::{Instant, Version};

use crate::chain::{Chain, NOW};

/// Bytes of a data object's header.
const HEADER: usize = 8;
const LONGEST: usize = HEADER + 0x1200;

type Room<P> = [Seat<P>; 1];
type Asking<P> = Requester<requester::Parts<P, (), Room<P>>, Vec<u8>>;
type Answering<'c, P, S> = Responder<responder::Parts<P, Slot<'c, S>, (), (), (), Room<P>>, Vec<u8>>;

/// A requester and a responder who have met before or not.
pub struct Pair<'c, P: Provider, S: Signer> {
    provider: P,
    anchors: AnchorList<'c>,
    requester: Asking<P>,
    wire: Wire<'c, P, S>,
    remembered: RememberedChains<P, 1>,
    answer: Vec<u8>,
    certificate: Vec<u8>,
}

/// What carries messages.
struct Wire<'c, P: Provider, S: Signer> {
    responder: Answering<'c, P, S>,
    object: Vec<u8>,
    /// Every object there and back, where they are kept.
    said: Option<Vec<(Vec<u8>, Vec<u8>)>>,
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
        pack(kind, message, &mut self.object);
        let request = self.said.is_some().then(|| self.object.clone());
        let kind = kind_of(&self.object);
        let (kind, said) = self.responder.respond(Instant::ORIGIN, kind, &mut self.object[HEADER..]).unwrap();
        let mut object = Vec::with_capacity(LONGEST);
        pack(kind, said, &mut object);
        let message = &object[HEADER..];
        answer[..message.len()].copy_from_slice(message);
        if let (Some(kept), Some(request)) = (&mut self.said, request) {
            kept.push((request, object.clone()));
        }
        Ok((kind_of(&object), message.len()))
    }
}

/// A data object: whose, what, how long in DWs, and the message filled up to whole DWs.
fn pack(kind: MessageKind, message: &[u8], object: &mut Vec<u8>) {
    let length = HEADER + message.len().next_multiple_of(4);
    let what = if kind == MessageKind::Secured { 2 } else { 1 };
    object.clear();
    object.extend([1, 0, what, 0]);
    object.extend(u32::try_from(length / 4).unwrap().to_le_bytes());
    object.extend(message);
    object.resize(length, 0);
}

fn kind_of(object: &[u8]) -> MessageKind {
    if object[2] == 2 { MessageKind::Secured } else { MessageKind::Plain }
}

/// A responder that opens sessions.
fn answering<P: Provider, S: Signer>(provider: P, chain: &Chain, signer: S) -> Answering<'_, P, S> {
    let identities = Slot { certificates: &chain.whole, signer };
    let parts = responder::Parts::new(provider).with_identities(identities).with_sessions(seats());
    Responder::new(parts, responder::Settings::default(), vec![0; 0x1300])
}

impl<'c, P: Provider + Clone, S: Signer> Pair<'c, P, S>
where
    P::VerifyingKey: Clone,
{
    pub fn new(provider: P, signer: S, chain: &'c Chain, anchors: AnchorList<'c>) -> Self {
        let responder = answering(provider.clone(), chain, signer);
        let parts = requester::Parts::new(provider.clone()).with_sessions(seats());
        // Room for KEY_EXCHANGE.
        let requester = Requester::new(parts, requester::Settings::default(), vec![0; 512]);
        let wire = Wire { responder, object: Vec::with_capacity(LONGEST), said: None };
        let remembered = RememberedChains::default();
        let (answer, certificate) = (vec![0; LONGEST], vec![0; 1024]);
        Self { provider, anchors, requester, wire, remembered, answer, certificate }
    }

    /// VERSION to END_SESSION_ACK; the chain fresh, or remembered of a time before.
    pub fn shake_hands(&mut self, fresh: bool) {
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
        self.requester.key_exchange(SessionRequest::default()).unwrap();
        let opened = self.run(|event| if let Event::Opened(id) = event { Some(id) } else { None });
        self.requester.within(opened).end(false).unwrap();
        let ended = self.run(|event| if let Event::Ended(id) = event { Some(id) } else { None });
        assert_eq!(opened, ended);
    }

    fn run(&mut self, wanted: impl Fn(Event<'_>) -> Option<u32>) -> u32 {
        let mut seen = None;
        let show = |event: Event<'_>| seen = wanted(event).or(seen);
        run(&mut self.requester, &mut self.wire, &Waiting::default(), &mut self.answer, show).unwrap();
        seen.unwrap()
    }

    /// The same, and what was said, as data objects.
    pub fn record(&mut self, fresh: bool) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.wire.said = Some(Vec::new());
        self.shake_hands(fresh);
        self.wire.said.take().unwrap()
    }

    /// Whether both agreed on what is compared.
    pub fn agreed(&self) -> bool {
        self.requester.connection().is_some_and(|connection| {
            connection.version == Version::V1_3
                && connection.group == Some(Group::Secp384r1)
                && connection.aead == Some(AeadAlgorithm::Aes256Gcm)
        })
    }
}
