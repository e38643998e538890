//! The loop over a requester, with the time that it waits for passing at once.

use lanewarden_crypto::Digest;
use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::message::{Blocks, MutualAuthentication, Nonce};
use lanewarden_spdm::requester::{
    ChallengeRequest, Endpoint, Event, MeasurementRequest, Parts, PeerKey, Requester, Settings, Step,
};
use lanewarden_spdm::{Error, Instant, Record, responder};

use super::{Kit, Say};

/// What an event said, to be kept.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    Connected,
    Digests(Vec<(u8, Vec<u8>)>),
    Portion(Vec<u8>),
    Authenticated { slot: u8, nonce: Nonce, summary: Vec<u8>, signature: Vec<u8>, transcript: Digest },
    Measured { total: u8, blocks: Vec<(u8, bool, Vec<u8>)>, transcript: Option<Digest> },
    Vendor(Vec<u8>),
    Answer(Vec<u8>),
    Exchanged { session: u32, summary: Vec<u8>, mutual: MutualAuthentication, is_open: bool },
    Opened(u32),
    Alive(u32),
    Renewed(u32),
    Ended(u32),
    Heard,
}

/// Index, whether it is raw, and value of each.
pub fn blocks(blocks: Blocks<'_>) -> Vec<(u8, bool, Vec<u8>)> {
    let value = |block: lanewarden_spdm::message::Block<'_>| {
        let (_, raw, value) = block.value().unwrap();
        (block.index, raw, value.to_vec())
    };
    blocks.iter().map(value).collect()
}

impl Seen {
    fn of(event: Event<'_>) -> Option<Self> {
        Some(match event {
            Event::Continue => return None,
            Event::Connected => Self::Connected,
            Event::Digests(digests) => {
                Self::Digests(digests.iter().map(|(slot, digest)| (slot, digest.to_vec())).collect())
            }
            Event::Portion(portion) => Self::Portion(portion.bytes.to_vec()),
            Event::Authenticated(proof) => Self::Authenticated {
                slot: proof.slot,
                nonce: proof.requester_nonce,
                summary: proof.answer.summary.to_vec(),
                signature: proof.answer.signature.to_vec(),
                transcript: proof.transcript,
            },
            Event::Measured(measured) => Self::Measured {
                total: measured.answer.total,
                blocks: blocks(measured.answer.blocks),
                transcript: measured.transcript,
            },
            Event::Vendor(message) => Self::Vendor(message.payload.to_vec()),
            Event::Answer(message) => Self::Answer(message.to_vec()),
            Event::Exchanged(exchanged) => Self::Exchanged {
                session: exchanged.session,
                summary: exchanged.summary.to_vec(),
                mutual: exchanged.mutual,
                is_open: exchanged.is_open,
            },
            Event::Opened(id) => Self::Opened(id),
            Event::Alive(id) => Self::Alive(id),
            Event::Renewed(id) => Self::Renewed(id),
            Event::Ended(id) => Self::Ended(id),
            Event::Heard => Self::Heard,
        })
    }
}

/// Whoever answers a message.
pub trait Wire {
    fn exchange(&mut self, message: &[u8]) -> Vec<u8>;

    /// The same of any kind, at a time. Where there are no sessions, all is plain.
    fn carry(&mut self, _: Instant, kind: MessageKind, message: &[u8]) -> (MessageKind, Vec<u8>) {
        assert_eq!(kind, MessageKind::Plain);
        (kind, self.exchange(message))
    }
}

/// A responder at the end of a wire that carries messages of both kinds.
pub struct Line<'r, E: responder::Endpoint>(pub &'r mut responder::Responder<E, Vec<u8>>);

impl<E: responder::Endpoint> Wire for Line<'_, E> {
    fn exchange(&mut self, message: &[u8]) -> Vec<u8> {
        self.0.say(message)
    }

    fn carry(&mut self, now: Instant, kind: MessageKind, message: &[u8]) -> (MessageKind, Vec<u8>) {
        let mut message = message.to_vec();
        let (kind, answer) = self.0.respond(now, kind, &mut message).expect("it answers");
        (kind, answer.to_vec())
    }
}

impl<F: FnMut(&[u8]) -> Vec<u8>> Wire for F {
    fn exchange(&mut self, message: &[u8]) -> Vec<u8> {
        self(message)
    }
}

/// More messages than any operation of these stories takes.
const MOST_MESSAGES: usize = 20_000;

/// Drives the operation in work to its end. Time passes as it is waited for.
pub fn drive<E: Endpoint>(
    requester: &mut Requester<E, Vec<u8>>,
    now: &mut Instant,
    wire: &mut (impl Wire + ?Sized),
) -> Result<Vec<Seen>, Error> {
    let mut seen = Vec::new();
    for _ in 0..MOST_MESSAGES {
        let (kind, mut answer) = match requester.poll(*now)? {
            Step::Send { kind, message, .. } => wire.carry(*now, kind, message),
            Step::Wait(until) => {
                assert!(until > *now, "it waits for what has passed");
                *now = until;
                continue;
            }
            Step::Idle => return Ok(seen),
            Step::Receive => panic!("nothing was sent"),
        };
        seen.extend(Seen::of(requester.receive(*now, kind, &mut answer)?));
    }
    panic!("the operation does not end");
}

/// A requester and its clock.
pub struct Client<K: Kit, R: Record = ()> {
    pub requester: Requester<Parts<K::Provider, R>, Vec<u8>>,
    pub now: Instant,
}

impl<K: Kit> Client<K> {
    pub fn new(settings: Settings, buffer: usize) -> Self {
        Self::recording(settings, buffer, ())
    }
}

impl<K: Kit, R: Record> Client<K, R> {
    pub fn recording(settings: Settings, buffer: usize, record: R) -> Self {
        let requester =
            Requester::new(Parts::new(K::provider()).with_record(record), settings, vec![0; buffer]);
        Self { requester, now: Instant::ORIGIN }
    }

    pub fn drive(&mut self, wire: &mut (impl Wire + ?Sized)) -> Result<Vec<Seen>, Error> {
        drive(&mut self.requester, &mut self.now, wire)
    }

    pub fn connect(&mut self, wire: &mut (impl Wire + ?Sized)) -> Result<Vec<Seen>, Error> {
        self.requester.connect()?;
        self.drive(wire)
    }

    pub fn digests(&mut self, wire: &mut (impl Wire + ?Sized)) -> Result<Vec<Seen>, Error> {
        self.requester.digests()?;
        self.drive(wire)
    }

    /// The whole chain of a slot.
    pub fn certificate(&mut self, slot: u8, wire: &mut (impl Wire + ?Sized)) -> Result<Vec<u8>, Error> {
        self.requester.certificate(slot)?;
        let portions = self.drive(wire)?.into_iter().map(|seen| match seen {
            Seen::Portion(bytes) => bytes,
            other => panic!("{other:?}"),
        });
        Ok(portions.collect::<Vec<_>>().concat())
    }

    pub fn challenge(
        &mut self,
        request: ChallengeRequest,
        wire: &mut (impl Wire + ?Sized),
    ) -> Result<Seen, Error> {
        self.requester.challenge(request)?;
        Ok(self.drive(wire)?.remove(0))
    }

    pub fn measurements(
        &mut self,
        request: MeasurementRequest,
        wire: &mut (impl Wire + ?Sized),
    ) -> Result<Seen, Error> {
        self.requester.measurements(request)?;
        Ok(self.drive(wire)?.remove(0))
    }

    /// Takes the key of this number for that of a slot, for the chain whose digest DIGESTS told.
    pub fn trust(&mut self, slot: u8) {
        let algorithm = self.requester.connection().unwrap().signature.unwrap();
        let chain = *self.requester.digest(slot).unwrap();
        self.requester.know(slot, PeerKey { key: K::verifying_key(algorithm, slot), chain });
    }

    /// Everything up to a key that is known for each slot.
    pub fn meet(&mut self, slots: &[u8], wire: &mut (impl Wire + ?Sized)) -> Result<(), Error> {
        self.connect(wire)?;
        self.digests(wire)?;
        for slot in slots {
            self.certificate(*slot, wire)?;
            self.trust(*slot);
        }
        Ok(())
    }
}
