//! The requester in sessions, whatever it is answered: by bytes of the input alone, or by an honest device with somebody
//! between who may even have the keys.

use lanewarden_crypto::HashAlgorithm;
use lanewarden_spdm::binding::{Binding, MessageKind};
use lanewarden_spdm::message::{
    KeyOperation, MutualAuthentication, Operation, Registry, SummaryKind, VendorMessage,
};
use lanewarden_spdm::requester::{
    ChallengeRequest, Event, MeasurementRequest, Parts, PeerKey, PresharedKey, Requester, SessionRequest,
    Settings, Step,
};
use lanewarden_spdm::signing::{Purpose, ToSign};
use lanewarden_spdm::{Blame, Error, Instant, Misuse, Reason, Version, Versions, responder};

use crate::input::Input;
use crate::session_middle::{Middle, SEATS, Seats};
use crate::shown::one_line;
use crate::stub::{Device, HINT, PSK, REQUESTER, Stub, StubKey, Trust, leaf, sign, slot_digest};

/// Messages that no operation goes beyond.
const MOST_MESSAGES: usize = 2048 * 66;
/// Bytes that come at once.
const TRANSFER: [u32; 4] = [0x11f8, 0x100, 64, 0x200];
const BINDINGS: [Binding; 4] = [Binding::DOE, Binding::TCP, Binding::MCTP, Binding::DOE];
const MUTUAL: [MutualAuthentication; 4] = [
    MutualAuthentication::None,
    MutualAuthentication::Direct,
    MutualAuthentication::Encapsulated,
    MutualAuthentication::EncapsulatedDigests,
];

/// The first byte says who answers and how a requester is authenticated, the second and third what both are like.
pub fn session_requester(data: &[u8]) {
    let mut input = Input::new(data);
    let shape = input.array();
    let mut asker = Asker::new(shape);
    if shape[0] & 1 != 0 {
        let mut answers = Answers::new(&mut input);
        let _ = asker.everything(&mut answers);
        return;
    }
    let mut middle = honest_device(&mut input, &asker, shape);
    let result = asker.everything(&mut middle);
    if !middle.meddled
        && let Err(error) = result
    {
        assert_ne!(error.blame(), Blame::Peer, "{error}");
    }
}

/// What becomes of every operation with an honest device, how many sessions were opened, and in how many of them the
/// requester proved who it is.
#[cfg(test)]
pub fn honest(shape: [u8; 3]) -> (Result<(), Error>, u32, usize) {
    let mut input = Input::new(&[]);
    let mut asker = Asker::new(shape);
    let mut middle = honest_device(&mut input, &asker, shape);
    let result = asker.everything(&mut middle);
    (result, asker.opened, middle.proven.len())
}

fn honest_device<'i, 'a>(
    input: &'i mut Input<'a>,
    asker: &Asker,
    [who, shape, form]: [u8; 3],
) -> Middle<'i, 'a> {
    let settings = responder::Settings {
        transfer_size: TRANSFER[usize::from(shape >> 2 & 3)],
        binding: BINDINGS[usize::from(form >> 2 & 3)],
        handshake_in_the_clear: form & 2 != 0,
        heartbeat: 10,
        mutual: MUTUAL[usize::from(who >> 1 & 3)],
        basic_mutual: who & 8 != 0,
        ..responder::Settings::default()
    };
    // The hash that both choose, which is the same in every run.
    let known = (settings.mutual == MutualAuthentication::Direct).then_some(HashAlgorithm::Sha384);
    let trust = Trust::new(known);
    Middle::new(input, asker.stub.clone(), settings, who >> 4 & 1, trust)
}

/// Whoever answers.
trait Peer {
    fn carry(&mut self, now: Instant, kind: MessageKind, message: &[u8]) -> (MessageKind, Vec<u8>);

    /// A session was opened under the ciphers that were made last.
    fn opened(&mut self, id: u32, ciphers: &[u64]);

    /// The device wants new keys in a session.
    fn wants_keys(&mut self, _: u32) {}
}

/// Answers of the input, round and round.
struct Answers(Vec<(MessageKind, Vec<u8>)>, usize);

impl Answers {
    fn new(input: &mut Input<'_>) -> Self {
        let mut answers = Vec::new();
        while !input.is_empty() {
            let kind = if input.byte() & 1 == 0 { MessageKind::Plain } else { MessageKind::Secured };
            answers.push((kind, input.long().to_vec()));
        }
        Self(answers, 0)
    }
}

impl Peer for Answers {
    fn carry(&mut self, _: Instant, _: MessageKind, _: &[u8]) -> (MessageKind, Vec<u8>) {
        let answer = self.0.get(self.1).cloned().unwrap_or((MessageKind::Plain, Vec::new()));
        self.1 = (self.1 + 1) % self.0.len().max(1);
        answer
    }

    fn opened(&mut self, id: u32, _: &[u64]) {
        panic!("session {id:#010x} with nobody");
    }
}

impl Peer for Middle<'_, '_> {
    fn carry(&mut self, now: Instant, kind: MessageKind, message: &[u8]) -> (MessageKind, Vec<u8>) {
        Middle::carry(self, now, kind, message)
    }

    fn opened(&mut self, id: u32, ciphers: &[u64]) {
        if self.opened_records {
            return;
        }
        let made = self.stub.seen().made;
        assert!(ciphers.iter().all(|cipher| made.contains(cipher)), "{id:#010x}: both have the same secrets");
    }

    fn wants_keys(&mut self, id: u32) {
        self.device.ask_key_update(id);
    }
}

struct Asker {
    requester: Requester<Parts<Stub, (), Seats, Device>, Vec<u8>>,
    stub: Stub,
    now: Instant,
    /// Sessions that were opened in all.
    opened: u32,
}

impl Asker {
    fn new([who, shape, form]: [u8; 3]) -> Self {
        let versions = match shape & 3 {
            0 => Versions::ALL,
            other => Versions::only(Version::ALL[usize::from(other)]),
        };
        let settings = Settings {
            versions,
            transfer_size: TRANSFER[usize::from(shape >> 4 & 3)],
            binding: BINDINGS[usize::from(form >> 2 & 3)],
            encrypt: form & 1 == 0,
            handshake_in_the_clear: form & 2 != 0,
            ..Settings::default()
        };
        let stub = Stub::default();
        let parts = Parts::new(stub.clone())
            .with_sessions(lanewarden_spdm::session::seats())
            .with_identities(Device::from_leaf(REQUESTER, who >> 5 & 1));
        let requester = Requester::new(parts, settings, vec![0; 0x2000]);
        Self { requester, stub, now: Instant::ORIGIN, opened: 0 }
    }

    /// Every operation there is. One that fails does not keep the others from being tried, as far as they can be.
    fn everything(&mut self, peer: &mut dyn Peer) -> Result<(), Error> {
        let mut all = Ok(());
        for round in 0..3 {
            all = all.and(shown(self.meet(peer)));
            all = all.and(shown(self.challenge(peer)));
            if round != 1 {
                all = all.and(shown(self.exchange(peer)));
            }
            if round != 0 {
                all = all.and(shown(self.psk(peer)));
            }
            let open: Vec<u32> =
                self.requester.sessions().map(lanewarden_spdm::session::Session::id).collect();
            assert!(open.len() <= SEATS);
            if open.len() == SEATS {
                self.one_too_many();
            }
            for id in open {
                all = all.and(shown(self.within(id, peer)));
            }
        }
        all
    }

    /// Up to a key of the device's that is known.
    fn meet(&mut self, peer: &mut dyn Peer) -> Result<(), Error> {
        self.requester.connect()?;
        self.drive(peer, |_| ())?;
        self.requester.digests()?;
        self.drive(peer, |_| ())?;
        if let Some(chain) = self.requester.digest(0).copied() {
            let expected = slot_digest(chain.algorithm(), 0);
            self.requester.know(0, PeerKey { key: device_key(), chain: expected });
        }
        Ok(())
    }

    fn challenge(&mut self, peer: &mut dyn Peer) -> Result<(), Error> {
        self.requester
            .challenge(ChallengeRequest { summary: SummaryKind::None, ..ChallengeRequest::default() })?;
        self.drive(peer, |_| ())
    }

    fn exchange(&mut self, peer: &mut dyn Peer) -> Result<(), Error> {
        let wanted = SessionRequest { summary: SummaryKind::All, ..SessionRequest::default() };
        self.requester.key_exchange(wanted)?;
        self.drive(peer, |_| ())
    }

    fn psk(&mut self, peer: &mut dyn Peer) -> Result<(), Error> {
        let psk = PresharedKey { hint: HINT, key: PSK };
        self.requester.psk_exchange(SessionRequest::default(), psk)?;
        self.drive(peer, |_| ())
    }

    /// There are as many sessions as seats.
    fn one_too_many(&mut self) {
        let refused =
            self.requester.psk_exchange(SessionRequest::default(), PresharedKey { hint: HINT, key: PSK });
        let Err(Error { reason, .. }) = refused else { panic!("a third session") };
        let is_limit = matches!(reason, Reason::Misuse(Misuse::SessionLimit | Misuse::NotConnected));
        assert!(is_limit, "{reason}");
    }

    /// Everything that a session serves for, and its end.
    fn within(&mut self, id: u32, peer: &mut dyn Peer) -> Result<(), Error> {
        let mut all = Ok(());
        self.requester.within(id).digests()?;
        all = all.and(shown(self.drive(peer, |_| ())));
        all = all.and(shown(self.measure(id, peer)));
        all = all.and(shown(self.vendor(id, peer, 20)));
        for operation in [KeyOperation::UpdateKey, KeyOperation::UpdateAllKeys] {
            let begun = self.requester.within(id).update_keys(operation);
            all = all.and(shown(begun.and_then(|()| self.drive(peer, |_| ()))));
        }
        peer.wants_keys(id);
        let begun = self.requester.within(id).encapsulated();
        all = all.and(shown(begun.and_then(|()| self.drive(peer, |_| ()))));
        all = all.and(shown(self.vendor(id, peer, 600)));
        let begun = self.requester.within(id).heartbeat();
        all = all.and(shown(begun.and_then(|()| self.drive(peer, |_| ()))));
        let begun = self.requester.within(id).end(false);
        let ended = begun.and_then(|()| self.drive(peer, |_| ()));
        if ended.is_ok() {
            assert!(self.requester.within(id).digests().is_err(), "it has ended");
            assert!(self.requester.sessions().all(|session| session.id() != id));
        }
        all.and(shown(ended))
    }

    fn measure(&mut self, id: u32, peer: &mut dyn Peer) -> Result<(), Error> {
        let part = MeasurementRequest {
            operation: Operation::Index(1),
            signed: None,
            ..MeasurementRequest::all_signed(0)
        };
        self.requester.within(id).measurements(part)?;
        self.drive(peer, |_| ())?;
        self.requester.within(id).measurements(MeasurementRequest::all_signed(0))?;
        let agreed = *self.requester.connection().expect("it was begun");
        self.drive(peer, |event| {
            let Event::Measured(seen) = event else { return };
            let transcript = seen.transcript.expect("it was to be signed");
            let to_sign =
                ToSign::new(&Stub::default(), agreed.version, Purpose::MEASUREMENTS, &transcript).unwrap();
            let algorithm = agreed.signature.unwrap();
            let signature = sign(&device_key().0, algorithm, to_sign.signed(algorithm));
            assert!(signature == seen.answer.signature, "it is signed by the device");
        })
    }

    fn vendor(&mut self, id: u32, peer: &mut dyn Peer, length: usize) -> Result<(), Error> {
        let payload = vec![5; length];
        let message = VendorMessage { registry: Registry::PCI_SIG_PROTOCOLS, payload: &payload };
        self.requester.within(id).vendor(&message)?;
        self.drive(peer, |_| ())
    }

    fn drive(&mut self, peer: &mut dyn Peer, mut show: impl FnMut(&Event<'_>)) -> Result<(), Error> {
        for _ in 0..MOST_MESSAGES {
            let (kind, mut answer) = match self.requester.poll(self.now)? {
                Step::Send { kind, message, .. } => peer.carry(self.now, kind, message),
                Step::Wait(until) => {
                    assert!(until > self.now);
                    self.now = until;
                    continue;
                }
                Step::Idle => return Ok(()),
                Step::Receive => panic!("nothing was sent"),
            };
            let opened = match self.requester.receive(self.now, kind, &mut answer)? {
                Event::Opened(id) => Some(id),
                Event::Exchanged(exchanged) if exchanged.is_open => Some(exchanged.session),
                event => {
                    show(&event);
                    None
                }
            };
            if let Some(id) = opened {
                self.opened += 1;
                let made = self.stub.seen().made;
                assert!(
                    self.requester.sessions().any(|session| session.id() == id && session.is_established())
                );
                peer.opened(id, &made[made.len() - 2..]);
            }
        }
        panic!("the operation does not end")
    }
}

/// What an error says is one line.
fn shown(result: Result<(), Error>) -> Result<(), Error> {
    if let Err(error) = &result {
        one_line(error);
    }
    result
}

fn device_key() -> StubKey {
    StubKey(leaf(0).point.to_vec())
}
