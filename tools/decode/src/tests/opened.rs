//! Sessions between both roles, captured and opened with their key log.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use insta::assert_snapshot;
use lanewarden_rustcrypto::{PrivateKey, RandomSource, RustCrypto};
use lanewarden_spdm::binding::Binding;
use lanewarden_spdm::crypto::{Curve, Provider, RandomError, Signer};
use lanewarden_spdm::message::{ErrorCode, KeyOperation, Registry, SummaryKind, ValueType, VendorMessage};
use lanewarden_spdm::requester::{
    self, MeasurementRequest, PeerKey, PresharedKey, Requester, SessionRequest, Step,
};
use lanewarden_spdm::responder::{
    self, Context, Measurement, PresharedKeys, Responder, Value, VendorHandler,
};
use lanewarden_spdm::session::{Seat, seats};
use lanewarden_spdm::{Identities, Instant, Part, Record};
use proptest::prelude::*;

use super::*;
use crate::keylog::{KeyLog, Phase, write_secrets};

/// Says the same in every run, and never the same twice in one.
#[derive(Clone, Default)]
struct Told(Rc<Cell<u8>>);

impl RandomSource for Told {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> {
        self.0.set(self.0.get() + 1);
        out.fill(self.0.get());
        Ok(())
    }
}

type Crypto = RustCrypto<Told>;

/// Writes a key log.
#[derive(Clone, Default)]
struct Log(Rc<RefCell<Vec<u8>>>);

impl Record for Log {
    fn request(&mut self, _: Part, _: &[u8]) {}
    fn response(&mut self, _: Part, _: &[u8]) {}
    fn signature(&mut self, _: Part, _: &[u8]) {}
    fn reset(&mut self, _: Part) {}

    fn secrets(&mut self, session: u32, is_established: bool, requester: &[u8], responder: &[u8]) {
        let phase = if is_established { Phase::Application } else { Phase::Handshake };
        write_secrets(&mut *self.0.borrow_mut(), session, phase, requester, responder).unwrap();
    }
}

struct Device {
    certificates: Vec<u8>,
    key: PrivateKey,
}

impl Device {
    fn new() -> Self {
        let mut certificates = vec![0x30, 0x82, 0x00, 0x60];
        certificates.resize(100, 0xcc);
        Self { certificates, key: PrivateKey::from_scalar(Curve::P384, &[7; 48]).unwrap() }
    }
}

impl Identities for Device {
    fn provisioned(&self) -> u8 {
        1
    }

    fn certificates(&self, slot: u8) -> Option<&[u8]> {
        (slot == 0).then_some(&self.certificates)
    }

    fn signer(&mut self, _: u8) -> Option<&mut dyn Signer> {
        Some(&mut self.key)
    }
}

struct Firmware;

impl responder::MeasurementSource for Firmware {
    fn count(&self) -> u8 {
        2
    }

    fn measurement(&self, place: u8) -> Option<Measurement<'_>> {
        let kind =
            [ValueType::IMMUTABLE_ROM, ValueType::MUTABLE_FIRMWARE].get(usize::from(place)).copied()?;
        Some(Measurement { index: place + 1, kind, is_tcb: place == 0, value: Value::Measured(b"firmware") })
    }
}

/// Says back what it hears.
struct Echo;

impl VendorHandler for Echo {
    fn handle(
        &mut self,
        _: Context,
        _: Registry<'_>,
        request: &[u8],
        answer: &mut [u8],
    ) -> Result<usize, ErrorCode> {
        answer[..request.len()].copy_from_slice(request);
        Ok(request.len())
    }
}

struct Shared;

impl PresharedKeys for Shared {
    fn key(&self, hint: &[u8]) -> Option<&[u8]> {
        (hint == b"hint").then_some(b"a key that both have")
    }
}

type Table = [Seat<Crypto>; 2];
type Asked = Responder<responder::Parts<Crypto, Device, Firmware, Echo, Log, Table, Shared>, Vec<u8>>;
type Asker = Requester<requester::Parts<Crypto, Log, Table>, Vec<u8>>;

/// Both roles, what goes between them, and the key log of each.
struct Pair {
    asker: Asker,
    asked: Asked,
    sent: Vec<Sent>,
    logs: [Log; 2],
}

impl Pair {
    fn new(binding: Binding, settings: requester::Settings) -> Self {
        let random = Told::default();
        let provider = || RustCrypto::new(random.clone());
        let logs = [Log::default(), Log::default()];
        let parts = responder::Parts::new(provider())
            .with_identities(Device::new())
            .with_measurements(Firmware)
            .with_vendor(Echo)
            .with_record(logs[1].clone())
            .with_sessions(seats())
            .with_psk(Shared);
        let small = settings.transfer_size;
        let own = responder::Settings {
            binding,
            heartbeat: 10,
            handshake_in_the_clear: true,
            transfer_size: small,
            ..Default::default()
        };
        let asked = Responder::new(parts, own, vec![0; 0x3000]);
        let parts = requester::Parts::new(provider()).with_record(logs[0].clone()).with_sessions(seats());
        let settings = requester::Settings { binding, ..settings };
        Self { asker: Requester::new(parts, settings, vec![0; 0x3000]), asked, sent: vec![], logs }
    }

    /// Drives what is in work to its end.
    fn go(&mut self) {
        let now = Instant::ORIGIN;
        while let Step::Send { kind, message, .. } = self.asker.poll(now).unwrap() {
            self.sent.push((Direction::ToResponder, kind, message.to_vec()));
            let mut request = message.to_vec();
            let (kind, answer) = self.asked.respond(now, kind, &mut request).unwrap();
            let mut answer = answer.to_vec();
            self.sent.push((Direction::ToRequester, kind, answer.clone()));
            self.asker.receive(now, kind, &mut answer).unwrap();
        }
    }

    fn id(&self) -> u32 {
        self.asker.sessions().next().unwrap().id()
    }

    fn meet(&mut self) {
        self.asker.connect().unwrap();
        self.go();
        self.asker.digests().unwrap();
        self.go();
        let chain = *self.asker.digest(0).unwrap();
        let key =
            Device::new().key.with_public_key(|key| RustCrypto::new(Told::default()).verifying_key(key));
        self.asker.know(0, PeerKey { key: key.unwrap(), chain });
    }

    fn exchange(&mut self) {
        self.asker.key_exchange(SessionRequest { summary: SummaryKind::All, ..Default::default() }).unwrap();
        self.go();
    }

    fn psk(&mut self) {
        let psk = PresharedKey { hint: b"hint", key: b"a key that both have" };
        self.asker.psk_exchange(SessionRequest::default(), psk).unwrap();
        self.go();
    }

    /// Everything that a session serves for, and its end.
    fn use_and_end(&mut self) {
        let id = self.id();
        self.asker.within(id).measurements(MeasurementRequest::all_signed(0)).unwrap();
        self.go();
        for operation in [KeyOperation::UpdateKey, KeyOperation::UpdateAllKeys] {
            self.asker.within(id).update_keys(operation).unwrap();
            self.go();
        }
        assert!(self.asked.ask_key_update(id));
        self.asker.within(id).encapsulated().unwrap();
        self.go();
        let message = VendorMessage { registry: Registry::PCI_SIG_PROTOCOLS, payload: &[0x5a; 700] };
        self.asker.within(id).vendor(&message).unwrap();
        self.go();
        self.asker.within(id).heartbeat().unwrap();
        self.go();
        self.asker.within(id).end(false).unwrap();
        self.go();
    }

    fn log(&self) -> Vec<u8> {
        self.logs[0].0.borrow().clone()
    }
}

/// A session with an exchange of keys and one with a key from before.
fn two_sessions(binding: Binding, settings: requester::Settings) -> Pair {
    let mut pair = Pair::new(binding, settings);
    pair.meet();
    pair.exchange();
    pair.use_and_end();
    pair.psk();
    pair.use_and_end();
    pair
}

fn small() -> requester::Settings {
    requester::Settings { transfer_size: 0x200, ..Default::default() }
}

fn opening(log: &[u8]) -> Dissector {
    Dissector::with_keys(RustCrypto::new(Told::default()), KeyLog::read(log).unwrap())
}

fn read(link: LinkType, sent: &[Sent], log: &[u8]) -> Vec<Message> {
    dissected(opening(log), reader(&captured(link, &[], sent))).collect()
}

fn text(messages: &[Message], verbosity: Verbosity) -> String {
    let mut printer = Printer::new(verbosity);
    messages.iter().map(|message| printer.text(message)).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_capture_of_two_sessions_is_read_with_their_key_log() {
    let pair = two_sessions(Binding::DOE, small());
    assert_snapshot!(text(&read(LinkType::Doe, &pair.sent, &pair.log()), Verbosity::Line));
}

#[test]
fn what_is_in_a_record_has_its_fields_and_the_record_says_how_it_was_opened() {
    let mut pair = Pair::new(Binding::MCTP, small());
    pair.meet();
    let before = pair.sent.len();
    pair.exchange();
    let id = pair.id();
    pair.asker.within(id).heartbeat().unwrap();
    pair.go();
    let messages = read(LinkType::Mctp, &pair.sent, &pair.log());
    assert_snapshot!(text(&messages[before + 2..], Verbosity::Fields));
}

#[test]
fn sessions_are_read_over_every_transport_and_with_every_protection() {
    let links =
        [(Binding::DOE, LinkType::Doe), (Binding::MCTP, LinkType::Mctp), (Binding::TCP, LinkType::Ip)];
    for (binding, link) in links {
        for (encrypt, handshake_in_the_clear) in [(true, false), (true, true), (false, false)] {
            let settings = requester::Settings { encrypt, handshake_in_the_clear, ..small() };
            let pair = two_sessions(binding, settings);
            let messages = read(link, &pair.sent, &pair.log());
            let sealed = pair.sent.iter().filter(|(_, kind, _)| *kind == MessageKind::Secured).count();
            let inside = messages.iter().filter(|message| message.carried_by == Some("secured message"));
            assert_eq!(inside.count(), sealed);
            assert!(messages.iter().all(|message| message.error.is_none()), "{link:?}");
            let directions: Vec<_> = messages
                .iter()
                .filter(|message| message.carried_by.is_none())
                .map(|message| message.direction.unwrap())
                .collect();
            let sent: Vec<_> = pair.sent.iter().map(|(direction, ..)| *direction).collect();
            assert_eq!(directions, sent, "{link:?}");
        }
    }
}

/// A responder whose first words after the handshake acknowledge an update of all keys has said nothing under the secret
/// in the key log.
#[test]
fn keys_that_are_updated_before_anything_else_are_followed() {
    let mut pair = Pair::new(Binding::DOE, small());
    pair.meet();
    pair.exchange();
    let id = pair.id();
    for _ in 0..2 {
        pair.asker.within(id).update_keys(KeyOperation::UpdateAllKeys).unwrap();
        pair.go();
    }
    let messages = read(LinkType::Doe, &pair.sent, &pair.log());
    assert_eq!(closed(&messages), []);
    assert_eq!(messages.iter().filter(|message| message.name == "KEY_UPDATE_ACK").count(), 4);
}

#[test]
fn both_roles_tell_the_same_secrets() {
    let pair = two_sessions(Binding::DOE, small());
    assert_eq!(pair.logs[0].0.borrow().iter().filter(|byte| **byte == b'\n').count(), 8);
    assert_eq!(*pair.logs[0].0.borrow(), *pair.logs[1].0.borrow());
}

/// The numbers of secured messages that were not opened.
fn closed(messages: &[Message]) -> Vec<(u64, &str)> {
    let outer = messages.iter().filter(|message| message.protocol == Protocol::Secured);
    let why = outer.map(|message| (message.number, message.gist.split_once("not opened: ")));
    why.filter_map(|(number, why)| Some((number, why?.1))).collect()
}

#[test]
fn a_record_that_was_changed_is_said_not_to_open_and_those_after_it_do() {
    for (binding, link) in [(Binding::DOE, LinkType::Doe), (Binding::MCTP, LinkType::Mctp)] {
        let mut pair = two_sessions(binding, small());
        let records = pair.sent.iter().enumerate().filter(|(_, (_, kind, _))| *kind == MessageKind::Secured);
        let changed: Vec<_> = records.map(|(place, _)| place).skip(4).step_by(9).take(2).collect();
        for place in &changed {
            let bytes = &mut pair.sent[*place].2;
            let tag = bytes.len() - 1;
            bytes[tag] ^= 1;
        }
        let messages = read(link, &pair.sent, &pair.log());
        let numbers = changed.iter().map(|place| *place as u64 + 1);
        let expected: Vec<_> = numbers.map(|number| (number, "no secret in the key log opens it")).collect();
        assert_eq!(closed(&messages), expected);
    }
}

#[test]
fn records_that_are_missing_do_not_close_those_after_them() {
    let mut pair = two_sessions(Binding::DOE, small());
    let first = pair.sent.iter().position(|(_, kind, _)| *kind == MessageKind::Secured).unwrap();
    // The first two are the end of the handshake, and the next two the first under the secrets that follow it.
    pair.sent.drain(first + 4..first + 6);
    assert_eq!(closed(&read(LinkType::Doe, &pair.sent, &pair.log())), []);
}

#[test]
fn without_the_secrets_or_what_was_agreed_on_it_is_said_why() {
    let pair = two_sessions(Binding::DOE, small());
    let reasons = |sent: &[Sent], log: &[u8]| -> Vec<String> {
        let messages = read(LinkType::Doe, sent, log);
        let mut reasons: Vec<_> = closed(&messages).into_iter().map(|(_, why)| why.to_owned()).collect();
        reasons.dedup();
        reasons
    };
    assert_eq!(reasons(&pair.sent, b""), ["the key log has no secret of this session"]);
    let first = pair.sent.iter().position(|(_, kind, _)| *kind == MessageKind::Secured).unwrap();
    assert_eq!(reasons(&pair.sent[first..first + 4], &pair.log()), ["the algorithms are not known"]);
    let other = String::from_utf8(pair.log()).unwrap().replace(['0', '1'], "2").replace("2x", "0x");
    let other = other.replace("0x22222222", "0x00010001").replace("0x22222222", "0x00020001");
    let known = reasons(&pair.sent, other.as_bytes());
    assert!(known.contains(&"no secret in the key log opens it".to_owned()), "{known:?}");
}

#[test]
fn a_message_that_comes_again_is_not_opened_again() {
    let mut pair = two_sessions(Binding::DOE, small());
    let first = pair.sent.iter().position(|(_, kind, _)| *kind == MessageKind::Secured).unwrap();
    let again = pair.sent[first].clone();
    pair.sent.insert(first + 2, again);
    let messages = read(LinkType::Doe, &pair.sent, &pair.log());
    assert_eq!(closed(&messages), [(first as u64 + 3, "no secret in the key log opens it")]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_sessions_are_read_to_an_end(
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..24),
        lies in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..3),
    ) {
        let pair = two_sessions(Binding::MCTP, small());
        let mut capture = captured(LinkType::Mctp, &[], &pair.sent);
        let mut log = pair.log();
        for (index, byte) in damage {
            let index = index.index(capture.len());
            capture[index] = byte;
        }
        for (index, byte) in lies {
            let index = index.index(log.len());
            log[index] = byte;
        }
        let (Ok(log), Ok(reader)) = (KeyLog::read(log.as_slice()), CaptureReader::new(capture.as_slice())) else {
            return Ok(());
        };
        let dissector = Dissector::with_keys(RustCrypto::new(Told::default()), log);
        let messages: Vec<_> = dissected(dissector, reader).collect();
        prop_assert!(messages.len() <= capture.len());
        let text = text(&messages, Verbosity::Fields);
        prop_assert!(text.chars().all(|c| c == '\n' || c == ' ' || c.is_ascii_graphic()));
    }
}
