//! Somebody between the two who knows the secrets of their sessions: it reads what goes by, and seals what it puts in
//! its place.

use lanewarden_aws_lc::AwsLc;
use lanewarden_crypto::AeadAlgorithm;
use lanewarden_spdm::Instant;
use lanewarden_spdm::binding::{Binding, Content, MessageKind};
use lanewarden_spdm::message::ErrorCode;
use lanewarden_spdm::responder::{Endpoint, Responder};
use lanewarden_spdm::session::{
    Channel, HandshakeSecret, OpenError, Protection, RecordForm, Secret, SessionHash, peek_session_id,
};

use super::*;

/// One direction: what opens what its sender seals, and what seals for its receiver.
pub struct Way {
    secret: Secret,
    aead: AeadAlgorithm,
    open: Channel<<AwsLc as Provider>::Aead>,
    seal: Channel<<AwsLc as Provider>::Aead>,
    /// How often there were new keys.
    pub renewals: u32,
}

impl Way {
    fn new(secret: Secret, aead: AeadAlgorithm) -> Self {
        let channel = || Channel::new(secret.traffic_keys(&AwsLc, aead).unwrap(), 64);
        Self { open: channel(), seal: channel(), renewals: 0, aead, secret }
    }

    /// With the keys that an update puts in place.
    pub fn renew(&mut self) {
        *self = self.next();
    }

    fn next(&self) -> Self {
        let next = Self::new(self.secret.next(&AwsLc).unwrap(), self.aead);
        Self { renewals: self.renewals + 1, ..next }
    }

    /// Opens with the keys there are, or with the next.
    fn opened(&mut self, form: &RecordForm, id: u32, record: &[u8]) -> Result<Vec<u8>, OpenError> {
        let mut copy = record.to_vec();
        if let Ok(message) = self.open.open(form, id, &mut copy) {
            return Ok(copy[message].to_vec());
        }
        let mut next = self.next();
        let mut copy = record.to_vec();
        let message = next.open.open(form, id, &mut copy)?;
        *self = next;
        Ok(copy[message].to_vec())
    }

    pub fn sealed(&mut self, form: &RecordForm, id: u32, message: &[u8]) -> Vec<u8> {
        self.sealed_as(Content::Spdm, form, id, message)
    }

    pub fn sealed_as(&mut self, content: Content, form: &RecordForm, id: u32, message: &[u8]) -> Vec<u8> {
        let at = form.head();
        let mut buffer = vec![0; at + message.len() + RecordForm::TAIL];
        buffer[at..at + message.len()].copy_from_slice(message);
        let range = self.seal.seal_content(form, id, content, &mut buffer, at..at + message.len()).unwrap();
        buffer[range].to_vec()
    }
}

/// A session, as the one between knows it.
pub struct Known {
    pub id: u32,
    hash: SessionHash,
    aead: AeadAlgorithm,
    pub secret: HandshakeSecret,
    /// What has been said of it.
    pub transcript: Vec<u8>,
    pub up: Way,
    pub down: Way,
    established: Option<(Way, Way)>,
}

impl Known {
    /// Both directions' secrets of the handshake, where the transcript goes up to TH1.
    fn new(id: u32, hash: SessionHash, aead: AeadAlgorithm, secret: HandshakeSecret, said: Vec<u8>) -> Self {
        let both = secret.directions(&AwsLc, &digest_of(hash.algorithm, &said)).unwrap();
        let (up, down) = (Way::new(both.requester, aead), Way::new(both.responder, aead));
        Self { id, hash, aead, secret, transcript: said, up, down, established: None }
    }

    /// The requester's verify data over all that has been said, and this.
    pub fn proof(&self, more: &[u8]) -> Vec<u8> {
        let said = digest_of(self.hash.algorithm, &[&self.transcript, more].concat());
        let key = self.up.secret.finished_key(&AwsLc).unwrap();
        key.verify_data(&AwsLc, &said).unwrap().as_bytes().to_vec()
    }

    /// What has been said is TH2.
    pub fn establish(&mut self) {
        let th2 = digest_of(self.hash.algorithm, &self.transcript);
        let both = self.secret.master(&AwsLc).unwrap().directions(&AwsLc, &th2).unwrap();
        self.established = Some((Way::new(both.requester, self.aead), Way::new(both.responder, self.aead)));
    }

    pub fn settle(&mut self) {
        if let Some((up, down)) = self.established.take() {
            (self.up, self.down) = (up, down);
        }
    }
}

/// The one between, towards the responder. The responder's kit is [`LeakyKit`].
pub struct Middle<'r, E: Endpoint> {
    pub responder: &'r mut Responder<E, Vec<u8>>,
    pub form: RecordForm,
    negotiated: Vec<u8>,
    /// Sessions, the last one at the end.
    pub known: Vec<Known>,
    pub now: Instant,
}

impl<'r, E: Endpoint> Middle<'r, E> {
    pub fn new(responder: &'r mut Responder<E, Vec<u8>>) -> Self {
        let form = RecordForm { binding: Binding::DOE, protection: Protection::Encrypted };
        Self { responder, form, negotiated: Vec::new(), known: Vec::new(), now: Instant::ORIGIN }
    }

    pub fn session(&mut self, id: u32) -> &mut Known {
        self.known.iter_mut().find(|known| known.id == id).unwrap()
    }

    /// A record of a message in a session, as the requester would seal it.
    pub fn record(&mut self, id: u32, message: &[u8]) -> Vec<u8> {
        let form = self.form;
        self.session(id).settle();
        self.session(id).up.sealed(&form, id, message)
    }

    /// What the responder answers to bytes.
    pub fn raw(&mut self, kind: MessageKind, bytes: &[u8]) -> Option<Vec<u8>> {
        let (answered, answer) = self.responder.respond(self.now, kind, &mut bytes.to_vec())?;
        assert_eq!(answered, kind);
        Some(answer.to_vec())
    }

    /// Opens a record of the responder's.
    pub fn opened(&mut self, id: u32, record: &[u8]) -> Vec<u8> {
        let form = self.form;
        self.session(id).down.opened(&form, id, record).unwrap()
    }

    /// What the responder answers, outside of sessions or in one; `None` where it does not.
    pub fn ask(&mut self, lane: Option<u32>, message: &[u8]) -> Option<Vec<u8>> {
        let answer = match lane {
            None => self.raw(MessageKind::Plain, message)?,
            Some(id) => {
                let record = self.record(id, message);
                let answer = self.raw(MessageKind::Secured, &record)?;
                self.opened(id, &answer)
            }
        };
        self.learn(lane, message, &answer);
        Some(answer)
    }

    fn learn(&mut self, lane: Option<u32>, message: &[u8], answer: &[u8]) {
        match (message[1], answer[1]) {
            (0x84, 0x04) => self.negotiated = [message, answer].concat(),
            (0xe1, 0x61) | (0xe3, 0x63) => self.negotiated.extend([message, answer].concat()),
            (0xe4, 0x64) => self.learn_session(message, answer, &leaked()),
            (0xe6, 0x66) => self.learn_session(message, answer, b"a key that both have"),
            (0xe5, 0x65) | (0xe7, 0x67) => {
                let digest = own_digest(self.responder.connection().unwrap().hash);
                let known = match lane {
                    Some(id) => self.session(id),
                    None => self.known.last_mut().unwrap(),
                };
                if message[1] == 0xe5 && message[2] & 1 != 0 {
                    known.transcript.extend(digest.as_bytes());
                }
                known.transcript.extend([message, answer].concat());
                known.establish();
            }
            _ => {}
        }
    }

    fn learn_session(&mut self, message: &[u8], answer: &[u8], shared: &[u8]) {
        let connection = *self.responder.connection().unwrap();
        let (is_exchange, aead) = (message[1] == 0xe4, connection.aead.unwrap());
        let hash = SessionHash { version: connection.version, algorithm: connection.hash };
        let id = u32::from(u16::from_le_bytes([message[4], message[5]]))
            | u32::from(u16::from_le_bytes([answer[4], answer[5]])) << 16;
        let is_clear = is_exchange && connection.handshakes_in_the_clear();
        let proof = if is_clear { 0 } else { hash.algorithm.size() };
        let (unverified, verify_data) = answer.split_at(answer.len() - proof);
        let chain = if is_exchange { own_digest(hash.algorithm).as_bytes().to_vec() } else { vec![] };
        let said = [&self.negotiated, &chain[..], message, unverified].concat();
        let secret = if is_exchange {
            HandshakeSecret::from_exchange(&AwsLc, hash, shared)
        } else {
            HandshakeSecret::from_psk(&AwsLc, hash, shared)
        };
        let mut known = Known::new(id, hash, aead, secret.unwrap(), said);
        known.transcript.extend(verify_data);
        if !is_exchange && connection.flags.contains(lanewarden_spdm::message::ResponderFlags::PSK) {
            known.establish();
        }
        self.known.push(known);
    }
}

/// A wire with somebody in it. What `hook` makes of a message is its answer.
pub struct Tap<'r, E: Endpoint, F> {
    pub middle: Middle<'r, E>,
    pub hook: F,
}

/// Lets everything through.
pub fn through<E: Endpoint>(middle: &mut Middle<'_, E>, lane: Option<u32>, message: &[u8]) -> Vec<u8> {
    middle.ask(lane, message).unwrap()
}

impl<'r, E: Endpoint, F> Tap<'r, E, F> {
    pub fn new(responder: &'r mut Responder<E, Vec<u8>>, hook: F) -> Self {
        Self { middle: Middle::new(responder), hook }
    }

    /// The same with another hook.
    pub fn with<G>(self, hook: G) -> Tap<'r, E, G> {
        Tap { middle: self.middle, hook }
    }
}

/// A tap that changes nothing.
pub type Through<'r> = Tap<'r, PartsTalking<LeakyKit>, Hook>;
type Hook = fn(&mut Middle<'_, PartsTalking<LeakyKit>>, Option<u32>, &[u8]) -> Vec<u8>;

/// A requester of 1.2 that has opened a session with a responder, through a tap.
pub fn tapped(
    responder: &mut Talker<LeakyKit, true>,
    asked: requester::Settings,
) -> (Caller<AwsLcKit>, Through<'_>, u32) {
    let mut tap = Tap::new(responder, through as Hook);
    let mut asker = Caller::<AwsLcKit>::new(asked);
    asker.meet_over(&mut tap);
    asker.begin(false);
    let id = opened(&asker.drive(&mut tap).unwrap());
    tap.middle.session(id).settle();
    (asker, tap, id)
}

impl<E: Endpoint, F: FnMut(&mut Middle<'_, E>, Option<u32>, &[u8]) -> Vec<u8>> Wire for Tap<'_, E, F> {
    fn exchange(&mut self, _: &[u8]) -> Vec<u8> {
        panic!("all goes through the other")
    }

    fn carry(&mut self, now: Instant, kind: MessageKind, message: &[u8]) -> (MessageKind, Vec<u8>) {
        let middle = &mut self.middle;
        middle.now = now;
        if kind == MessageKind::Plain {
            return (kind, (self.hook)(middle, None, message));
        }
        let (form, id) = (middle.form, peek_session_id(message).unwrap());
        let known = middle.session(id);
        known.settle();
        let plain = known.up.opened(&form, id, message).unwrap();
        let answer = (self.hook)(middle, Some(id), &plain);
        (kind, middle.session(id).down.sealed(&form, id, &answer))
    }
}

impl<K: Kit> Caller<K> {
    /// Up to a key of the device's that is known, over any wire.
    pub fn meet_over(&mut self, wire: &mut impl Wire) {
        self.requester.connect().unwrap();
        self.drive(wire).unwrap();
        self.requester.digests().unwrap();
        self.drive(wire).unwrap();
        self.trust_device();
    }
}

/// Runs a handshake up to the message that follows the exchange, and hands that to a story with the responder; its
/// requester is refused then. The lane is that of the message.
pub fn in_handshake(
    own: responder::Settings,
    asked: requester::Settings,
    is_psk: bool,
    mut story: impl FnMut(&mut Middle<'_, PartsTalking<LeakyKit>>, Option<u32>, &[u8]),
) {
    let binding = own.binding;
    let mut responder = talker::<LeakyKit, true>(own);
    let mut asker = Caller::<AwsLcKit>::new(asked);
    let mut is_told = false;
    let mut tap = Tap::new(&mut responder, |middle: &mut Middle<'_, _>, lane, message: &[u8]| {
        if is_told || !matches!(message[1], 0xe5 | 0xe7 | 0xea | 0xeb) {
            return middle.ask(lane, message).unwrap();
        }
        is_told = true;
        story(middle, lane, message);
        vec![message[0], 0x7f, 1, 0]
    });
    tap.middle.form.binding = binding;
    asker.meet_over(&mut tap);
    asker.begin(is_psk);
    asker.drive(&mut tap).unwrap_err();
    assert!(is_told);
}

impl<K: Kit> Caller<K> {
    /// Begins a session, in one way or the other.
    pub fn begin(&mut self, is_psk: bool) {
        use lanewarden_spdm::requester::{PresharedKey, SessionRequest};
        if is_psk {
            let psk = PresharedKey { hint: b"hint", key: b"a key that both have" };
            self.requester.psk_exchange(SessionRequest::default(), psk).unwrap();
        } else {
            self.requester.key_exchange(SessionRequest::default()).unwrap();
        }
    }
}

/// What a responder answers in an ERROR.
pub fn code(answer: &[u8]) -> ErrorCode {
    assert_eq!(answer[1], 0x7f, "{answer:02x?}");
    ErrorCode(answer[2])
}

impl Known {
    /// The secrets of both directions that are in use.
    pub fn secrets(&self) -> Vec<Vec<u8>> {
        let keys = |way: &Way| way.secret.traffic_keys(&AwsLc, self.aead).unwrap().salt.to_vec();
        let ways = [&self.up, &self.down];
        let secrets = ways.iter().map(|way| way.secret.as_bytes().to_vec());
        secrets.chain(ways.iter().map(|way| [keys(way), keys(way)].concat())).collect()
    }
}
