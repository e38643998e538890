//! Secured messages: whatever comes is opened or refused, and what was changed is never opened.

use std::ops::Range;

use lanewarden_crypto::{Aead, AeadAlgorithm, HashAlgorithm, Provider, TAG_SIZE};
use lanewarden_spdm::Version;
use lanewarden_spdm::binding::{Binding, WireSequence};
use lanewarden_spdm::session::{
    Channel, HandshakeSecret, OpenError, Protection, RecordForm, SealError, SessionHash, peek_session_id,
};

use crate::input::Input;
use crate::shown::one_line;
use crate::stub::{Stub, StubAead};

const SESSION: u32 = 0x0102_0304;
const BINDINGS: [Binding; 3] = [Binding::DOE, Binding::MCTP, Binding::TCP];
const LIMITS: [u8; 4] = [64, 0, 3, 255];
/// Steps of one run.
const MOST: usize = 200;

/// Two bytes say how records look and how many a key protects; then come steps.
pub fn session_record(data: &[u8]) {
    let mut input = Input::new(data);
    let [form, limit] = input.array();
    let mut pair = Pair::new(form, limit);
    for _ in 0..MOST {
        if input.is_empty() {
            return;
        }
        pair.step(&mut input);
    }
}

/// One direction of a session, at both of its ends.
struct Pair {
    form: RecordForm,
    sealer: Channel<StubAead>,
    opener: Channel<StubAead>,
    stub: Stub,
    /// The record that was opened last.
    before: Vec<u8>,
}

impl Pair {
    fn new(form: u8, limit: u8) -> Self {
        let protection = if form & 4 == 0 { Protection::Encrypted } else { Protection::Authenticated };
        let aead = if form & 8 == 0 { AeadAlgorithm::Aes256Gcm } else { AeadAlgorithm::Aes128Gcm };
        let stub = Stub::default();
        let hash = SessionHash { version: Version::V1_2, algorithm: HashAlgorithm::Sha384 };
        let secret = HandshakeSecret::from_psk(&stub, hash, b"a key").unwrap();
        let digest = lanewarden_crypto::Hash::finish(stub.hash(HashAlgorithm::Sha384).unwrap());
        let secret = secret.directions(&stub, &digest).unwrap().requester;
        let limit = LIMITS[usize::from(limit & 3)];
        let channel = || Channel::new(secret.traffic_keys(&stub, aead).unwrap(), limit);
        let form = RecordForm { binding: BINDINGS[usize::from(form & 3) % 3], protection };
        Self { form, sealer: channel(), opener: channel(), stub, before: Vec::new() }
    }

    fn step(&mut self, input: &mut Input<'_>) {
        match input.byte() & 7 {
            0 => self.refuse(input.counted()),
            1 => self.with_a_head(input),
            2 => self.honest(input.counted(), 0),
            3 => self.changed(input),
            4 => {
                let before = self.before.clone();
                self.refuse(&before);
            }
            5 => self.taken_back(input.counted()),
            6 => self.odd_inside(input),
            _ => self.no_room(input),
        }
    }

    /// A message with room around it, sealed; `None` where the keys are used up.
    fn seal(&mut self, message: &[u8]) -> Option<Vec<u8>> {
        let (mut buffer, place) = self.room(message);
        let used_up = self.sealer.sequence().is_none();
        match self.sealer.seal(&self.form, SESSION, &mut buffer, place) {
            Ok(record) => {
                assert!(!used_up);
                Some(buffer[record].to_vec())
            }
            Err(error) => {
                assert_eq!(error, SealError::Exhausted);
                assert!(used_up);
                None
            }
        }
    }

    fn room(&self, message: &[u8]) -> (Vec<u8>, Range<usize>) {
        let head = self.form.head();
        let buffer = [&vec![0xaa; head], message, &[0xbb; RecordForm::TAIL]].concat();
        (buffer, head..head + message.len())
    }

    /// It opens to this message, with as much padding as a transport may add.
    fn honest(&mut self, message: &[u8], padding: usize) {
        let Some(mut record) = self.seal(message) else { return };
        assert_eq!(peek_session_id(&record), Some(SESSION));
        assert!(record.len() <= message.len() + RecordForm::AROUND);
        self.before.clone_from(&record);
        record.resize(record.len() + padding.min(self.form.binding.max_padding), 0);
        let opened = self.opener.open(&self.form, SESSION, &mut record);
        assert_eq!(&record[opened.expect("nobody changed it")], message);
        self.in_step();
    }

    fn in_step(&self) {
        assert_eq!(self.sealer.sequence(), self.opener.sequence(), "both count alike");
    }

    /// It does not open, and changes nothing.
    fn refuse(&mut self, record: &[u8]) {
        let sequence = self.opener.sequence();
        let error =
            self.opener.open(&self.form, SESSION, &mut record.to_vec()).expect_err("nobody sealed it");
        one_line(&error);
        assert_eq!(sequence.is_none(), error == OpenError::Exhausted);
        assert_eq!(self.opener.sequence(), sequence, "what does not open is not counted");
    }

    /// A head as it should be, and a body that nobody sealed.
    fn with_a_head(&mut self, input: &mut Input<'_>) {
        let body = input.counted();
        let length = u16::try_from(body.len()).unwrap().to_le_bytes();
        let record = [&SESSION.to_le_bytes(), self.sequence_on_the_wire().as_slice(), &length, body].concat();
        self.refuse(&record);
    }

    fn sequence_on_the_wire(&self) -> Vec<u8> {
        match self.form.binding.sequence {
            WireSequence::None => Vec::new(),
            WireSequence::Low16 => self.opener.sequence().unwrap_or_default().to_le_bytes()[..2].to_vec(),
        }
    }

    /// A record that was changed on its way does not open; then it comes as it is, and does.
    fn changed(&mut self, input: &mut Input<'_>) {
        let kind = input.byte();
        let (at, byte) = (usize::from(input.word()), input.byte());
        let message = input.counted();
        let Some(mut record) = self.seal(message) else { return };
        let honest = record.clone();
        let at = at % record.len();
        match kind & 3 {
            0 => record[at] ^= byte,
            1 => record.truncate(at),
            2 => record.extend(input.counted()),
            _ => drop(record.splice(at..at, input.counted().iter().copied())),
        }
        let rest = record.strip_prefix(honest.as_slice());
        let is_padded = rest.is_some_and(|rest| {
            rest.len() <= self.form.binding.max_padding && rest.iter().all(|byte| *byte == 0)
        });
        if !is_padded {
            self.refuse(&record);
        }
        self.before.clone_from(&honest);
        let mut record = if is_padded { record } else { honest };
        let opened = self.opener.open(&self.form, SESSION, &mut record);
        assert_eq!(&record[opened.expect("it is the one that was sealed")], message);
        self.in_step();
    }

    /// What was sealed last can be had back as it was, and nothing else can.
    fn taken_back(&mut self, message: &[u8]) {
        let (mut buffer, place) = self.room(message);
        let Ok(record) = self.sealer.seal(&self.form, SESSION, &mut buffer, place.clone()) else { return };
        let mut first = buffer[record.clone()].to_vec();
        let back = self.sealer.take_back(&self.form, SESSION, &mut buffer, record.clone());
        assert_eq!(back, Some(place));
        assert_eq!(&buffer[back.unwrap()], message);
        let mut other = self.room(b"none of these").0;
        let end = other.len();
        assert_eq!(self.sealer.take_back(&self.form, SESSION, &mut other, 0..end), None);
        let opened = self.opener.open(&self.form, SESSION, &mut first);
        assert_eq!(&first[opened.expect("it was sealed")], message);
        self.honest(message, record.len() % 4);
    }

    /// Sealed as it should be, with something else inside than a message and its lengths.
    fn odd_inside(&mut self, input: &mut Input<'_>) {
        let text = input.counted();
        let Some(sequence) = self.opener.sequence() else { return };
        // The nonce that the next record goes under, seen as an honest one is sealed.
        let Some(honest) = self.seal(b"seen") else { return };
        let (key, nonce) = self.stub.seen().sealed.unwrap();
        let cipher = self.stub.cipher(key);
        let length = u16::try_from(text.len() + TAG_SIZE).unwrap().to_le_bytes();
        let head = [&SESSION.to_le_bytes(), self.sequence_on_the_wire().as_slice(), &length].concat();
        let mut record = [head.as_slice(), text].concat();
        let at = if self.form.protection == Protection::Encrypted { head.len() } else { record.len() };
        let (associated, inner) = record.split_at_mut(at);
        let tag = cipher.seal(&nonce, associated, inner).unwrap();
        record.extend(tag);
        match self.opener.open(&self.form, SESSION, &mut record) {
            Ok(message) => {
                assert!(message.start == self.form.head() && message.end <= record.len() - TAG_SIZE);
                assert_ne!(self.opener.sequence(), Some(sequence));
                self.before = honest;
            }
            Err(error) => {
                one_line(&error);
                assert!(
                    matches!(error, OpenError::Short | OpenError::Application(_) | OpenError::NotSpdm),
                    "{error}"
                );
                let mut honest = honest;
                assert!(self.opener.open(&self.form, SESSION, &mut honest).is_ok());
            }
        }
        self.in_step();
    }

    /// Without room there is no record, and the message stays as it is.
    fn no_room(&mut self, input: &mut Input<'_>) {
        let [start, end] = input.array();
        let mut buffer = input.counted().to_vec();
        let (before, sequence) = (buffer.clone(), self.sealer.sequence());
        let place = usize::from(start)..usize::from(end);
        match self.sealer.seal(&self.form, SESSION, &mut buffer, place) {
            Ok(record) => {
                let mut record = buffer[record].to_vec();
                let opened = self.opener.open(&self.form, SESSION, &mut record).expect("it was sealed");
                assert_eq!(record[opened], before[usize::from(start)..usize::from(end)]);
            }
            Err(error) => {
                one_line(&error);
                assert_eq!(self.sealer.sequence(), sequence);
                assert!(error != SealError::NoRoom || buffer == before);
            }
        }
        self.in_step();
    }
}
