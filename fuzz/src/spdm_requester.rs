//! The requester, whatever it is answered: by bytes of the input alone, or by an honest device with somebody between.

use lanewarden_attestation::{Said, Signed};
use lanewarden_crypto::{Hash, Provider, PublicKey};
use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::certificate::{AnchorList, ChainReader, NoRevocations, Rules};
use lanewarden_spdm::message::{Operation, Registry, SummaryKind, VendorMessage};
use lanewarden_spdm::requester::{
    ChallengeRequest, Event, MeasurementRequest, Parts, PeerKey, Requester, Settings, Step,
};
use lanewarden_spdm::responder::{self, Responder};
use lanewarden_spdm::signing::{Purpose, ToSign};
use lanewarden_spdm::{Blame, Error, Instant, Version, Versions};

use crate::input::Input;
use crate::shown::one_line;
use crate::stub::{Device, Echo, Firmware, NOW, Stub, leaf, plain, sign};

/// Messages that no operation goes beyond: every portion of a chain put off as often as can be.
const MOST_MESSAGES: usize = 2048 * 66;
/// Bytes of all that is said before the hash is agreed on.
const NEGOTIATION: usize = 768;
/// Bytes that come at once.
const TRANSFER: [u32; 4] = [0x11f8, 42, 100, 600];

/// The first byte says who answers, the second what the requester is like.
pub fn spdm_requester(data: &[u8]) {
    let mut input = Input::new(data);
    let [who, shape] = input.array();
    let mut asker = Asker::new(shape);
    if who & 1 != 0 {
        let mut answers = Answers::new(&mut input);
        let _ = asker.everything(&mut |_| answers.next());
        return;
    }
    let mut between = Between::new(&mut input, who, shape);
    let result = asker.everything(&mut |message| between.answer(message));
    if !between.meddled {
        asker.expect_done(result);
    }
}

/// What an honest device answers, with what it is asked.
#[cfg(test)]
pub fn conversation(who: u8, shape: u8) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut said = Vec::new();
    let mut input = Input::new(&[]);
    let mut between = Between::new(&mut input, who, shape);
    let _ = Asker::new(shape).everything(&mut |message| {
        let answer = between.answer(message);
        said.push((message.to_vec(), answer.clone()));
        answer
    });
    said
}

/// What becomes of every operation with an honest device.
#[cfg(test)]
pub fn honest(who: u8, shape: u8) -> Result<(), Error> {
    let mut input = Input::new(&[]);
    let mut between = Between::new(&mut input, who, shape);
    Asker::new(shape).everything(&mut |message| between.answer(message))
}

/// Answers of the input, round and round: who says "busy" once says so for ever.
struct Answers(Vec<Vec<u8>>, usize);

impl Answers {
    fn new(input: &mut Input<'_>) -> Self {
        let mut answers = Vec::new();
        while !input.is_empty() {
            answers.push(input.long().to_vec());
        }
        Self(answers, 0)
    }

    fn next(&mut self) -> Vec<u8> {
        let answer = self.0.get(self.1).cloned().unwrap_or_default();
        self.1 = (self.1 + 1) % self.0.len().max(1);
        answer
    }
}

/// An honest device, and somebody who changes its answers. Past the end of the input nobody does.
struct Between<'i, 'a> {
    input: &'i mut Input<'a>,
    device: Responder<responder::Parts<Stub, Device, Firmware, Echo>, Vec<u8>>,
    last: Vec<u8>,
    meddled: bool,
}

impl<'i, 'a> Between<'i, 'a> {
    fn new(input: &'i mut Input<'a>, who: u8, shape: u8) -> Self {
        let settings = responder::Settings {
            transfer_size: TRANSFER[usize::from(who >> 3 & 3)].max(42),
            ..responder::Settings::default()
        };
        let identities = Device::new(shape >> 6 & 1);
        let parts = responder::Parts::new(Stub::default())
            .with_identities(identities)
            .with_measurements(Firmware)
            .with_vendor(Echo);
        let device = Responder::new(parts, settings, vec![0; 0x3000]);
        Self { input, device, last: Vec::new(), meddled: false }
    }

    fn answer(&mut self, message: &[u8]) -> Vec<u8> {
        let kind = self.input.byte();
        if kind & 0xf == 9 {
            self.device.reset();
            self.meddled = true;
        }
        let mut answer = plain(&mut self.device, message).unwrap_or_default();
        let honest = answer.clone();
        self.change(kind, &mut answer);
        self.meddled |= answer != honest;
        self.last.clone_from(&answer);
        answer
    }

    fn change(&mut self, kind: u8, answer: &mut Vec<u8>) {
        let length = answer.len().max(1);
        let input = &mut *self.input;
        match kind & 0xf {
            1 => {
                let (at, byte) = (usize::from(input.word()) % length, input.byte());
                answer.iter_mut().skip(at).take(1).for_each(|place| *place ^= byte);
            }
            2 => answer.truncate(usize::from(input.word()) % length),
            3 => answer.extend(input.counted()),
            4 => *answer = input.counted().to_vec(),
            5 => {
                let [code, data] = input.array();
                let version = answer.first().copied().unwrap_or_default();
                *answer = [&[version, 0x7f, code, data], input.counted()].concat();
            }
            6 => answer.clone_from(&self.last),
            7 => answer.iter_mut().skip(2).zip(input.array::<2>()).for_each(|(place, byte)| *place = byte),
            8 => {
                let at = usize::from(input.byte()) % length;
                answer.iter_mut().skip(at).zip(input.array::<2>()).for_each(|(place, byte)| *place = byte);
            }
            10 => {
                let at = usize::from(input.word()) % length;
                answer.splice(at..at, input.counted().iter().copied());
            }
            _ => {}
        }
    }
}

type Peer<'p> = &'p mut dyn FnMut(&[u8]) -> Vec<u8>;

struct Asker {
    requester: Requester<Parts<Stub, Said>, Vec<u8>>,
    now: Instant,
    slot: u8,
    /// The key that was last known.
    key: Vec<u8>,
}

impl Asker {
    fn new(shape: u8) -> Self {
        let versions = match shape & 7 {
            0 => Versions::ALL,
            other => Versions::only(Version::ALL[usize::from(other & 3)]),
        };
        let transfer_size = TRANSFER[usize::from(shape >> 3 & 3)];
        let settings = Settings { versions, transfer_size, ..Settings::default() };
        let buffer = if shape & 0x20 == 0 { 0x2000 } else { 160 };
        let requester = Requester::new(
            Parts::new(Stub::default()).with_record(Said::default()),
            settings,
            vec![0; buffer],
        );
        Self { requester, now: Instant::ORIGIN, slot: shape >> 7, key: Vec::new() }
    }

    /// Every operation there is. One that fails does not keep the others from being tried, as far as they can be.
    fn everything(&mut self, peer: Peer<'_>) -> Result<(), Error> {
        let mut first = Ok(());
        let mut note = |result: Result<(), Error>| {
            if let Err(error) = &result {
                one_line(error);
            }
            first = first.and(result);
        };
        note(self.connect(peer));
        note(self.digests(peer));
        note(self.chain(peer));
        note(self.challenge(peer, SummaryKind::All));
        for operation in [Operation::Count, Operation::Index(1)] {
            note(self.measure(peer, operation, false));
        }
        note(self.measure(peer, Operation::All, true));
        note(self.vendor(peer, 20));
        note(self.bytes(peer));
        note(self.digests(peer));
        note(self.challenge(peer, SummaryKind::None));
        if self.requester.connection().is_some_and(|agreed| agreed.version >= Version::V1_2) {
            note(self.vendor(peer, 900));
        }
        first
    }

    /// Nobody was between: all is done that fits the sizes of both.
    fn expect_done(&self, result: Result<(), Error>) {
        if let Err(error) = result {
            assert_ne!(error.blame(), Blame::Peer, "{error}");
        }
    }

    fn connect(&mut self, peer: Peer<'_>) -> Result<(), Error> {
        self.requester.connect()?;
        self.drive(peer, |_| ())
    }

    fn digests(&mut self, peer: Peer<'_>) -> Result<(), Error> {
        self.requester.digests()?;
        self.drive(peer, |_| ())
    }

    /// The chain, and the key that it speaks for; where it speaks for none, the key that it should.
    fn chain(&mut self, peer: Peer<'_>) -> Result<(), Error> {
        let slot = self.slot;
        self.requester.certificate(slot)?;
        let digest = *self.requester.digest(slot).expect("it is asked for what is known");
        let rules = Rules::responder(digest.algorithm(), Some(NOW));
        let anchors = AnchorList::new(&[], 0).unwrap();
        let reader = ChainReader::new(Stub::default(), anchors, NoRevocations, rules, vec![0; 0x800]);
        let mut reader = reader.unwrap();
        let result = self.drive(peer, |event| {
            if let Event::Portion(portion) = event {
                let _ = reader.push(portion.bytes);
            }
        });
        let key = match reader.finish() {
            Ok(validated) => {
                assert!(!validated.is_trusted(), "there is nobody to trust");
                validated.leaf.key().clone()
            }
            Err(_) => {
                let curve = lanewarden_crypto::Curve::P256;
                let key = PublicKey::Ec { curve, point: &leaf(slot).point };
                Stub::default().verifying_key(&key).unwrap()
            }
        };
        self.key.clone_from(&key.0);
        self.requester.know(slot, PeerKey { key, chain: digest });
        result
    }

    fn challenge(&mut self, peer: Peer<'_>, summary: SummaryKind) -> Result<(), Error> {
        let request = ChallengeRequest { slot: self.slot, summary, nonce: None, context: *b"a word.." };
        self.requester.challenge(request)?;
        let mut proved = None;
        let result = self.drive(peer, |event| {
            if let Event::Authenticated(proof) = event {
                proved = Some((proof.answer.signature.to_vec(), proof.requester_nonce));
            }
        });
        assert_eq!(proved.is_some(), result.is_ok());
        if let Some((signature, nonce)) = proved {
            let said = self.requester.record().challenge.clone().expect("what is signed is recorded");
            self.is_signed(&said, &signature, &nonce, Purpose::CHALLENGE_AUTH);
        }
        result
    }

    fn measure(&mut self, peer: Peer<'_>, operation: Operation, signs: bool) -> Result<(), Error> {
        let slot_is_0 = self.requester.connection().is_some_and(|agreed| agreed.version == Version::V1_0);
        let signed = signs.then_some(if slot_is_0 { 0 } else { self.slot });
        if slot_is_0 && signs && self.slot != 0 {
            return Ok(());
        }
        let request = MeasurementRequest { operation, signed, ..MeasurementRequest::all_signed(0) };
        self.requester.measurements(request)?;
        let mut measured = None;
        let result = self.drive(peer, |event| {
            if let Event::Measured(seen) = event {
                assert_eq!(seen.transcript.is_some(), signs, "only what is signed has a transcript");
                measured = Some((seen.answer.signature.to_vec(), seen.requester_nonce));
            }
        });
        assert_eq!(measured.is_some(), result.is_ok());
        if let Some((signature, Some(nonce))) = measured {
            let said = self.requester.record().measured.clone().expect("what is signed is recorded");
            self.is_signed(&said, &signature, &nonce, Purpose::MEASUREMENTS);
        }
        result
    }

    fn vendor(&mut self, peer: Peer<'_>, length: usize) -> Result<(), Error> {
        let payload = vec![5; length];
        let message = VendorMessage { registry: Registry::PCI_SIG_PROTOCOLS, payload: &payload };
        if length > self.most() {
            return Ok(());
        }
        self.requester.vendor(&message)?;
        self.drive(peer, |event| {
            if let Event::Vendor(answer) = event {
                assert_eq!(answer.registry, Registry::PCI_SIG_PROTOCOLS);
            }
        })
    }

    /// The longest payload that the peer takes for certain.
    fn most(&self) -> usize {
        let sizes = self.requester.connection().and_then(|agreed| agreed.sizes);
        sizes.map_or(20, |sizes| {
            usize::try_from(sizes.message.min(sizes.transfer)).unwrap().saturating_sub(40)
        })
    }

    fn bytes(&mut self, peer: Peer<'_>) -> Result<(), Error> {
        let Some(agreed) = self.requester.connection() else { return Ok(()) };
        let message = [agreed.version.byte(), 0x81, 0, 0];
        self.requester.request(&message)?;
        self.drive(peer, |_| ())
    }

    fn drive(&mut self, peer: Peer<'_>, mut show: impl FnMut(&Event<'_>)) -> Result<(), Error> {
        let patience = Settings::default().patience;
        for _ in 0..MOST_MESSAGES {
            let mut answer = match self.requester.poll(self.now)? {
                Step::Send { message, .. } => peer(message),
                Step::Wait(until) => {
                    assert!(until > self.now && until.since(self.now) <= patience);
                    self.now = until;
                    continue;
                }
                Step::Idle => return Ok(()),
                Step::Receive => panic!("nothing was sent"),
            };
            show(&self.requester.receive(self.now, MessageKind::Plain, &mut answer)?);
        }
        panic!("the operation does not end")
    }

    /// The signature is that of the known key over what was said, worked out again from the bytes.
    fn is_signed(&self, said: &Signed, signature: &[u8], nonce: &[u8; 32], purpose: Purpose) {
        let agreed = self.requester.connection().expect("there is a connection");
        let connection: usize = said.connection.iter().map(Vec::len).sum();
        assert!(connection <= NEGOTIATION, "{connection} bytes of negotiation");
        assert_eq!(said.signature, signature);
        let asked = &said.messages[said.messages.len() - 2];
        assert!(asked.windows(32).any(|window| window == nonce), "the nonce was in the request");
        let with_connection = purpose == Purpose::CHALLENGE_AUTH || agreed.version >= Version::V1_2;
        let before = if with_connection { said.connection.as_slice() } else { &[] };
        let mut hash = Stub::default().hash(agreed.hash).unwrap();
        before.iter().chain(&said.messages).for_each(|message| Hash::update(&mut hash, message));
        let transcript = Hash::finish(hash);
        let to_sign = ToSign::new(&Stub::default(), agreed.version, purpose, &transcript).unwrap();
        let algorithm = agreed.signature.unwrap();
        assert_eq!(sign(&self.key, algorithm, to_sign.signed(algorithm)), signature);
    }
}
