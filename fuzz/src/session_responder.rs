//! The responder in sessions, whatever it is asked by a partner that knows the keys, and in whatever order.

use std::time::Duration;

use lanewarden_crypto::{Group, KeyExchange as _, Provider};
use lanewarden_spdm::binding::{Binding, MessageKind};
use lanewarden_spdm::message::{
    AeadAlgorithms, AsymmetricAlgorithms, Capabilities, DheGroups, Finish, GET_VERSION, GetMeasurements,
    HashAlgorithms, Header, KeyExchange, KeyExchangeRsp, KeySchedules, MutualAuthentication,
    NegotiateAlgorithms, OPAQUE_FORMAT_1, OpaqueFormat, Operation, PskExchange, PskExchangeRsp, PskFinish,
    Reader, Registry, RequesterFlags, SecuredOffer, SecuredVersions, SessionAlgorithms, SessionPolicy, Sizes,
    Structures, SummaryKind, VendorMessage,
};
use lanewarden_spdm::responder::{Parts, Responder, Settings};
use lanewarden_spdm::session::{HandshakeSecret, Session, SessionHash, seats};
use lanewarden_spdm::signing::{Purpose, ToSign};
use lanewarden_spdm::{Connection, Instant, Version};

use crate::input::Input;
use crate::session_middle::{SEATS, Seats};
use crate::session_partner::{Partner, hashed};
use crate::spdm_responder::written;
use crate::stub::{
    Device, Echo, Firmware, HINT, PSK, REQUESTER, Shared, Stub, Trust, chain, leaf, sign, slot_digest,
};

const BINDINGS: [Binding; 4] = [Binding::DOE, Binding::TCP, Binding::MCTP, Binding::DOE];
const MUTUAL: [MutualAuthentication; 4] = [
    MutualAuthentication::None,
    MutualAuthentication::Direct,
    MutualAuthentication::Encapsulated,
    MutualAuthentication::EncapsulatedDigests,
];
/// Steps of one run.
const MOST: usize = 200;
/// Sessions that have ended, of which a partner keeps the keys.
const GHOSTS: usize = 4;

/// Two bytes say what the responder is like; then come steps.
pub fn session_responder(data: &[u8]) {
    let mut input = Input::new(data);
    let what = input.array();
    run(&mut input, what);
}

/// How many sessions were established, and how many requesters were proven, in a run.
fn run(input: &mut Input<'_>, [parts, form]: [u8; 2]) -> [usize; 2] {
    if parts & 8 == 0 {
        Asker::<true>::new(parts, form).run(input)
    } else {
        Asker::<false>::new(parts, form).run(input)
    }
}

#[cfg(test)]
pub fn counted(data: &[u8]) -> [usize; 2] {
    let mut input = Input::new(data);
    let what = input.array();
    run(&mut input, what)
}

type Asked<const C: bool> =
    Responder<Parts<Stub, Device, Firmware, Echo, (), Seats, Shared<C>, Trust>, Vec<u8>>;

struct Asker<const C: bool> {
    responder: Asked<C>,
    settings: Settings,
    encrypt: bool,
    stub: Stub,
    now: Instant,
    /// All of the negotiation.
    negotiated: Vec<u8>,
    sessions: Vec<Partner>,
    ghosts: Vec<Partner>,
    /// Sessions that may be established, and that a requester was proven in.
    finished: Vec<u32>,
    proven: Vec<u32>,
    /// What the responder has asked last: a number, and the request.
    told: (u8, Vec<u8>),
    next_id: u16,
}

impl<const C: bool> Asker<C> {
    fn new(parts: u8, form: u8) -> Self {
        let mutual = MUTUAL[usize::from(parts & 3)];
        let settings = Settings {
            mutual,
            mutual_required: parts & 4 != 0,
            basic_mutual: parts & 0x10 != 0,
            binding: BINDINGS[usize::from(form >> 2 & 3)],
            handshake_in_the_clear: form & 2 != 0,
            heartbeat: 10,
            ..Settings::default()
        };
        let known =
            (mutual == MutualAuthentication::Direct).then_some(lanewarden_crypto::HashAlgorithm::Sha384);
        let parts = Parts::new(Stub::numbered(1))
            .with_identities(Device::new(parts >> 5 & 1))
            .with_measurements(Firmware)
            .with_vendor(Echo)
            .with_sessions(seats())
            .with_psk(Shared::<C>)
            .with_requesters(Trust::new(known));
        Self {
            responder: Responder::new(parts, settings, vec![0; 0x3000]),
            settings,
            encrypt: form & 1 == 0,
            stub: Stub::numbered(2),
            now: Instant::ORIGIN,
            negotiated: Vec::new(),
            sessions: Vec::new(),
            ghosts: Vec::new(),
            finished: Vec::new(),
            proven: Vec::new(),
            told: (0, Vec::new()),
            next_id: 0,
        }
    }

    fn run(mut self, input: &mut Input<'_>) -> [usize; 2] {
        for _ in 0..MOST {
            if input.is_empty() {
                break;
            }
            self.step(input);
        }
        [self.finished.len(), self.proven.len()]
    }

    fn step(&mut self, input: &mut Input<'_>) {
        let kind = input.byte();
        let which = usize::from(kind >> 4);
        match kind & 0xf {
            0 => self.connect(input),
            1 => self.exchange(input),
            2 => self.psk_exchange(input),
            3 => self.finish(which, input),
            4 => drop(self.plain(input.counted())),
            5 => self.sealed(which, input.counted()),
            6 => self.useful(which, input),
            7 => self.changed_record(which, input),
            8 => self.deliver(which, input),
            9 => self.ghost(which),
            10 => self.now = self.now + Duration::from_secs(input.byte().into()),
            11 => {
                let session = self.sessions.get(which).map(|session| session.id);
                let asked = session.is_some_and(|id| self.responder.ask_key_update(id));
                assert!(!asked || self.sessions[which].is_established);
            }
            12 => drop(self.ask(MessageKind::Secured, input.counted(), None)),
            _ => {
                self.responder.reset();
                self.look(None);
            }
        }
    }

    /// Asks; every answer comes as the request did. Then what holds is looked at.
    fn ask(&mut self, kind: MessageKind, message: &[u8], finishing: Option<u32>) -> Option<Vec<u8>> {
        let mut message = message.to_vec();
        let answer = self.responder.respond(self.now, kind, &mut message);
        let answer = answer.map(|(answered, answer)| {
            assert_eq!(answered, kind);
            answer.to_vec()
        });
        self.look(finishing);
        answer
    }

    fn plain(&mut self, message: &[u8]) -> Vec<u8> {
        let begins_at_once = !C && message.get(1) == Some(&0xe6);
        let before: Vec<u32> = self.responder.sessions().map(Session::id).collect();
        if begins_at_once {
            let answer = self.responder.respond(self.now, MessageKind::Plain, &mut message.to_vec());
            let answer = answer.map(|(_, answer)| answer.to_vec());
            let new = self.responder.sessions().map(Session::id).find(|id| !before.contains(id));
            self.look(new);
            return answer.unwrap_or_default();
        }
        self.ask(MessageKind::Plain, message, None).unwrap_or_default()
    }

    /// As many sessions as seats; established and proven are only those that were finished as they should be.
    fn look(&mut self, finishing: Option<u32>) {
        assert!(self.responder.sessions().count() <= SEATS);
        for session in self.responder.sessions() {
            let id = session.id();
            if session.is_established() && !self.finished.contains(&id) {
                assert_eq!(finishing, Some(id), "established by what was not said as it should be");
                self.finished.push(id);
            }
            let is_known = self.responder.is_requester_known(Some(id));
            assert!(
                !is_known || self.proven.contains(&id) || finishing == Some(id),
                "nobody has proven anything"
            );
        }
        assert!(!self.responder.is_requester_known(None), "nobody has proven anything outside");
        let (there, gone) = std::mem::take(&mut self.sessions)
            .into_iter()
            .partition(|session| self.responder.session(session.id).is_some());
        self.sessions = there;
        let gone: Vec<Partner> = gone;
        self.ghosts.extend(gone);
        let surplus = self.ghosts.len().saturating_sub(GHOSTS);
        self.ghosts.drain(..surplus);
    }

    /// A session that has ended answers nobody, not even who has its keys.
    fn ghost(&mut self, which: usize) {
        let Some(ghost) = self.ghosts.get_mut(which) else { return };
        let record = ghost.seal(&[0x12, 0xe8, 0, 0]);
        assert_eq!(self.ask(MessageKind::Secured, &record, None), None, "it has ended");
    }

    fn connect(&mut self, input: &mut Input<'_>) {
        let [version, without] = input.array();
        let version = Version::ALL[usize::from(version & 3)];
        let mut flags = RequesterFlags::KEY_EX
            | RequesterFlags::PSK
            | RequesterFlags::MAC
            | RequesterFlags::HBEAT
            | RequesterFlags::KEY_UPD
            | RequesterFlags::CERT
            | RequesterFlags::CHAL
            | RequesterFlags::MUT_AUTH
            | RequesterFlags::ENCAP;
        flags.set(RequesterFlags::ENCRYPT, self.encrypt);
        flags.set(RequesterFlags::HANDSHAKE_IN_THE_CLEAR, self.settings.handshake_in_the_clear);
        // Something is left out.
        let left_out =
            RequesterFlags::from_bits_retain(1_u32.checked_shl(u32::from(without) + 1).unwrap_or(0));
        let flags = (flags - left_out) & RequesterFlags::known(version);
        let transfer = self.settings.transfer_size;
        let sizes = (version >= Version::V1_2).then_some(Sizes { transfer, message: transfer });
        let algorithms = SessionAlgorithms {
            dhe: DheGroups::from(Group::Secp384r1),
            aead: AeadAlgorithms::spoken(),
            requester_asymmetric: AsymmetricAlgorithms::from(p256()),
            key_schedule: KeySchedules::SPDM,
        };
        let structures = algorithms.structures();
        self.negotiated.clear();
        let offer = NegotiateAlgorithms {
            measurement_specifications: 1,
            other_parameters: if version >= Version::V1_2 { OPAQUE_FORMAT_1 } else { 0 },
            asymmetric: AsymmetricAlgorithms::spoken(version),
            hash: HashAlgorithms::from(lanewarden_crypto::HashAlgorithm::Sha384),
            structures: Structures::default(),
        };
        let structures: &[_] = if version >= Version::V1_1 { &structures } else { &[] };
        for message in [
            GET_VERSION.to_vec(),
            written(|writer| Capabilities { ct_exponent: 0, flags, sizes }.encode(version, writer)),
            written(|writer| offer.encode(version, structures, writer)),
        ] {
            let answer = self.plain(&message);
            self.negotiated.extend([message, answer].concat());
        }
    }

    fn agreed(&self) -> Option<Connection> {
        self.responder
            .connection()
            .copied()
            .filter(|agreed| agreed.aead.is_some() && agreed.protection().is_some())
    }

    /// One byte of a message is changed, where the input says so.
    fn damaged(message: &[u8], input: &mut Input<'_>) -> Vec<u8> {
        let [at, byte] = input.array();
        let mut damaged = message.to_vec();
        let at = usize::from(at) % message.len();
        damaged[at] ^= byte;
        damaged
    }

    /// Asks, and calls for an answer that takes time.
    fn patiently(&mut self, request: &[u8]) -> Vec<u8> {
        let mut answer = self.plain(request);
        for _ in 0..3 {
            let [version, 0x7f, 0x42, _, _, code, token, ..] = answer[..] else { break };
            answer = self.plain(&[version, 0xff, code, token]);
        }
        answer
    }

    fn offer(version: Version) -> Vec<u8> {
        let offer = SecuredOffer { versions: SecuredVersions::ALL, aead_limit: 64 };
        written(|writer| offer.encode(OpaqueFormat::of(version), writer))
    }

    fn exchange(&mut self, input: &mut Input<'_>) {
        let [summary, policy] = input.array();
        let Some(agreed) = self.agreed() else { return };
        let Some(group) = agreed.group else { return };
        let half = self.stub.key_exchange(group).unwrap();
        let mut public = vec![0; group.public_size()];
        half.public(&mut public).unwrap();
        let offer = Self::offer(agreed.version);
        self.next_id += 1;
        let request = KeyExchange {
            summary: [SummaryKind::None, SummaryKind::Tcb, SummaryKind::All][usize::from(summary % 3)],
            slot: summary >> 7,
            session_id: self.next_id,
            policy: SessionPolicy::from_bits_retain(policy) & SessionPolicy::known(agreed.version),
            random: [3; 32],
            exchange: &public,
            opaque: &offer,
        };
        let request = written(|writer| request.encode(agreed.version, writer));
        let request = Self::damaged(&request, input);
        let answer = self.patiently(&request);
        if answer.get(1) != Some(&0x64) || self.agreed() != Some(agreed) {
            return;
        }
        let mut reader = Reader::new(&request);
        let header = Header::decode(&mut reader).unwrap();
        let (asked, length) = KeyExchange::decode(agreed.version, public.len(), header, &mut reader).unwrap();
        if asked.exchange != public {
            return;
        }
        let mut reader = Reader::new(&answer);
        let header = Header::decode(&mut reader).unwrap();
        let in_the_clear = agreed.handshakes_in_the_clear();
        let with_summary = asked.summary != SummaryKind::None;
        let answered = KeyExchangeRsp::decode(
            agreed.format(),
            public.len(),
            with_summary,
            !in_the_clear,
            header,
            &mut reader,
        );
        let (answered, ends) = answered.expect("it can be read");
        let digest = slot_digest(agreed.hash, asked.slot);
        let mut said =
            [&self.negotiated, digest.as_bytes(), &request[..length], &answer[..ends.signed]].concat();
        let signed = signature(&agreed, leaf(asked.slot).point, Purpose::KEY_EXCHANGE_RSP, &said);
        assert_eq!(signed, answered.signature, "it is signed over what was said");
        said.extend(signed);
        let hash = SessionHash { version: agreed.version, algorithm: agreed.hash };
        let secret =
            half.agree(answered.exchange, |shared| HandshakeSecret::from_exchange(&self.stub, hash, shared));
        let id = u32::from(answered.session_id) << 16 | u32::from(asked.session_id);
        let mut session = Partner::begin(&agreed, self.settings.binding, secret.unwrap().unwrap(), said, id);
        session.in_the_clear = in_the_clear;
        session.is_mutual = answered.mutual != MutualAuthentication::None;
        if !in_the_clear {
            assert_eq!(session.expected().as_bytes(), answered.verify_data);
            session.said.extend(answered.verify_data);
        }
        if answered.mutual == MutualAuthentication::EncapsulatedDigests {
            self.told = (0, vec![agreed.version.byte(), 0x81, 0, 0]);
        }
        assert!(self.responder.session(id).is_some_and(|session| !session.is_established()));
        self.sessions.push(session);
    }

    fn psk_exchange(&mut self, input: &mut Input<'_>) {
        let Some(agreed) = self.agreed() else { return };
        let offer = Self::offer(agreed.version);
        self.next_id += 1;
        let request = PskExchange {
            summary: SummaryKind::None,
            policy: SessionPolicy::empty(),
            session_id: self.next_id,
            hint: HINT,
            context: &[9; 32],
            opaque: &offer,
        };
        let request = written(|writer| request.encode(agreed.version, writer));
        let request = Self::damaged(&request, input);
        let answer = self.plain(&request);
        if answer.get(1) != Some(&0x66) {
            return;
        }
        let mut reader = Reader::new(&request);
        let header = Header::decode(&mut reader).unwrap();
        let (asked, length) = PskExchange::decode(agreed.version, header, &mut reader).unwrap();
        let mut reader = Reader::new(&answer);
        let header = Header::decode(&mut reader).unwrap();
        let with_summary = asked.summary != SummaryKind::None;
        let answered = PskExchangeRsp::decode(agreed.format(), with_summary, header, &mut reader);
        let (answered, unverified, _) = answered.expect("it can be read");
        let said = [&self.negotiated, &request[..length], &answer[..unverified]].concat();
        let hash = SessionHash { version: agreed.version, algorithm: agreed.hash };
        let secret = HandshakeSecret::from_psk(&self.stub, hash, PSK).unwrap();
        let id = u32::from(answered.session_id) << 16 | u32::from(asked.session_id);
        let mut session = Partner::begin(&agreed, self.settings.binding, secret, said, id);
        session.is_psk = true;
        assert_eq!(session.expected().as_bytes(), answered.verify_data);
        session.said.extend(answered.verify_data);
        if !C {
            session.establish();
        }
        self.sessions.push(session);
    }

    /// FINISH or PSK_FINISH as it should be, with a byte changed, or signed by somebody else; at any time.
    fn finish(&mut self, which: usize, input: &mut Input<'_>) {
        let how = input.byte();
        let Some(agreed) = self.agreed() else { return };
        let Some(session) = self.sessions.get(which) else { return };
        let (id, in_the_clear, is_mutual) = (session.id, session.in_the_clear, session.is_mutual);
        let mut said = session.said.clone();
        let message = if session.is_psk {
            let head = [agreed.version.byte(), 0xe7, 0, 0];
            said.extend(head);
            written(|writer| {
                PskFinish { verify_data: session.verify_data(&said).as_bytes() }
                    .encode(agreed.version, writer)
            })
        } else {
            let slot = is_mutual.then_some(0);
            let head = written(|writer| Finish::encode_head(agreed.version, slot, writer));
            let mut signed = Vec::new();
            if is_mutual {
                said.extend(slot_digest(agreed.hash, REQUESTER).as_bytes());
                let whole = [said.as_slice(), &head].concat();
                signed = signature(&agreed, leaf(REQUESTER + (how >> 1 & 1)).point, Purpose::FINISH, &whole);
            }
            said.extend([head.as_slice(), &signed].concat());
            [head.as_slice(), &signed, session.verify_data(&said).as_bytes()].concat()
        };
        let sent = Self::damaged(&message, input);
        let is_proven = how & 2 == 0 || !is_mutual;
        let is_honest = sent == message && is_proven && !session.is_established;
        let finishing = is_honest.then_some(id);
        let in_the_clear = how & 1 == 0 && in_the_clear;
        let answer = if in_the_clear {
            self.ask(MessageKind::Plain, &sent, finishing)
        } else {
            let record = self.sessions[which].seal(&sent);
            let answer = self.ask(MessageKind::Secured, &record, finishing);
            answer.map(|record| self.opened(id, &record))
        };
        let Some(answer) = answer.filter(|answer| matches!(answer.get(1), Some(0x65 | 0xe7 | 0x67))) else {
            return;
        };
        assert!(is_honest, "a FINISH that was changed is not answered");
        let Some(session) = self.session(id) else { panic!("it is over") };
        said.extend(&message[message.len() - agreed.hash.size()..]);
        said.extend(&answer[..4]);
        session.said = said;
        if session.in_the_clear {
            let shown = session.expected();
            assert_eq!(shown.as_bytes(), &answer[4..]);
            session.said.extend(shown.as_bytes());
        }
        session.establish();
        assert!(self.responder.session(id).is_some_and(Session::is_established));
        assert_eq!(self.responder.is_requester_known(Some(id)), is_mutual);
        if is_mutual {
            self.proven.push(id);
        }
        self.echo(id);
    }

    /// Both have the same secrets.
    fn echo(&mut self, id: u32) {
        let Some(which) = self.sessions.iter().position(|session| session.id == id) else { return };
        let version = self.agreed().unwrap().version;
        let payload: &[u8] = &[1, 2, 3, 4, 5];
        let asked = VendorMessage { registry: Registry::PCI_SIG_PROTOCOLS, payload };
        let asked = written(|writer| asked.encode(version, true, writer));
        let record = self.sessions[which].seal(&asked);
        let answer = self.ask(MessageKind::Secured, &record, None).expect("it is there");
        let answer = self.opened(id, &answer);
        assert!(answer[1] == 0x7f || answer.ends_with(payload), "{answer:02x?}");
    }

    fn session(&mut self, id: u32) -> Option<&mut Partner> {
        self.sessions.iter_mut().find(|session| session.id == id)
    }

    /// What is in an answer, which opens for who has the keys, also where it was the last one.
    fn opened(&mut self, id: u32, record: &[u8]) -> Vec<u8> {
        let mut all = self.sessions.iter_mut().chain(&mut self.ghosts);
        let session = all.find(|session| session.id == id).expect("it is there, or has ended just now");
        session.open(record).expect("the answer is under the keys of both")
    }

    /// Says something in a session, whatever it is.
    fn sealed(&mut self, which: usize, message: &[u8]) {
        let Some(session) = self.sessions.get_mut(which) else { return };
        let id = session.id;
        let record = session.seal(message);
        let Some(answer) = self.ask(MessageKind::Secured, &record, None) else { return };
        let answer = self.opened(id, &answer);
        assert!(answer.len() >= 4);
        let Some(session) = self.session(id) else { return };
        match (message.get(1), answer[1]) {
            // New keys of the requester's were acknowledged.
            (Some(0xe9), 0x69) if message[2] != 3 => session.renew(),
            (_, 0x6a) => self.told = (answer[2], answer[4..].to_vec()),
            (_, 0x6b) => self.heard(&answer),
            _ => {}
        }
    }

    /// What is asked next.
    fn heard(&mut self, answer: &[u8]) {
        let at = if answer[0] >= Version::V1_2.byte() { 8 } else { 4 };
        self.told = (answer[2], answer.get(at..).unwrap_or_default().to_vec());
    }

    /// Something that sessions are for.
    fn useful(&mut self, which: usize, input: &mut Input<'_>) {
        let [kind, parameter] = input.array();
        let Some(agreed) = self.agreed() else { return };
        let version = agreed.version.byte();
        let message = match kind & 7 {
            0 => vec![version, 0xe8, 0, 0],
            1 => vec![version, 0xe9, parameter & 3, kind],
            2 => vec![version, 0xec, parameter & 1, 0],
            3 => vec![version, 0xea, 0, 0],
            4 => vec![version, 0x81, 0, 0],
            5 => written(|writer| {
                let signed = (parameter & 1 != 0).then_some(([9; 32], 0));
                let operation = Operation::from_byte(0xff);
                GetMeasurements { operation, raw: false, new: false, signed, context: [3; 8] }
                    .encode(agreed.version, writer)
            }),
            6 => written(|writer| {
                let payload = input.counted();
                VendorMessage { registry: Registry::PCI_SIG_PROTOCOLS, payload }.encode(
                    agreed.version,
                    true,
                    writer,
                )
            }),
            _ => vec![version, parameter | 0x80, kind, 0],
        };
        if kind & 0x80 != 0 {
            let answer = self.plain(&message);
            match answer.get(1) {
                Some(0x6a) => self.told = (answer[2], answer[4..].to_vec()),
                Some(0x6b) => self.heard(&answer),
                _ => {}
            }
            return;
        }
        self.sealed(which, &message);
    }

    /// Answers what was asked last: honestly, or with something of the input.
    fn deliver(&mut self, which: usize, input: &mut Input<'_>) {
        let Some(agreed) = self.agreed() else { return };
        let [how, number] = input.array();
        let (id, asked) = self.told.clone();
        let response = if how & 1 == 0 { told(&agreed, &asked) } else { input.counted().to_vec() };
        let response =
            if how & 2 == 0 || response.is_empty() { response } else { Self::damaged(&response, input) };
        let head = [agreed.version.byte(), 0xeb, id.wrapping_add(number), 0];
        let message = [head.as_slice(), &response].concat();
        if how & 0x80 != 0 {
            let answer = self.plain(&message);
            if answer.get(1) == Some(&0x6b) {
                self.heard(&answer);
            }
            return;
        }
        self.sealed(which, &message);
    }

    /// A record that was changed on its way ends its session, and no other.
    fn changed_record(&mut self, which: usize, input: &mut Input<'_>) {
        let Some(session) = self.sessions.get_mut(which) else { return };
        let (id, count) = (session.id, self.responder.sessions().count());
        let record = session.seal(&[0x12, 0xe8, 0, 0]);
        let changed = Self::damaged(&record, input);
        if changed == record || changed[..4] != record[..4] {
            return;
        }
        self.responder.expire(self.now);
        let expired = self.responder.session(id).is_none();
        let count = count.min(self.responder.sessions().count());
        let answer = self.ask(MessageKind::Secured, &changed, None);
        assert_eq!(answer.is_some(), !expired);
        assert!(self.responder.session(id).is_none(), "what does not open ends the session");
        assert!(expired || self.responder.sessions().count() == count - 1);
    }
}

const fn p256() -> lanewarden_crypto::SignatureAlgorithm {
    lanewarden_crypto::SignatureAlgorithm::Ecdsa(lanewarden_crypto::Curve::P256)
}

/// The signature of whoever has this key over what was said.
fn signature(agreed: &Connection, point: [u8; 64], purpose: Purpose, said: &[u8]) -> Vec<u8> {
    let transcript = hashed(agreed.hash, said);
    let to_sign = ToSign::new(&Stub::default(), agreed.version, purpose, &transcript).unwrap();
    sign(&point, p256(), to_sign.signed(p256()))
}

/// What an honest requester answers.
fn told(agreed: &Connection, asked: &[u8]) -> Vec<u8> {
    let version = agreed.version.byte();
    let [_, code, first, second, rest @ ..] = asked else { return vec![version, 0x7f, 1, 0] };
    match code {
        0x81 => {
            let supported = u8::from(agreed.version >= Version::V1_3);
            [&[version, 1, supported, 1], slot_digest(agreed.hash, REQUESTER).as_bytes()].concat()
        }
        0x82 => {
            let (root, certificates) = Device::certificates_of(REQUESTER);
            let whole = chain(agreed.hash, &certificates, &root);
            let number = |at: usize| {
                rest.get(at..at + 2).map_or(0, |two| usize::from(u16::from_le_bytes([two[0], two[1]])))
            };
            let start = number(0).min(whole.len());
            let end = (start + number(2)).min(whole.len());
            let [length, left] =
                [end - start, whole.len() - end].map(|size| u16::try_from(size).unwrap().to_le_bytes());
            [&[version, 2, 0, 0], &length[..], &left, &whole[start..end]].concat()
        }
        0xe9 => vec![version, 0x69, *first, *second],
        other => vec![version, 0x7f, 7, *other],
    }
}
