//! The responder, whatever it is asked, and in whatever order.

use lanewarden_spdm::Identities;
use lanewarden_spdm::message::{
    AsymmetricAlgorithms, Capabilities, Challenge, Chunk, ChunkAck, ChunkGet, Code, ErrorCode, ErrorMessage,
    Format, GET_VERSION, GetCertificate, GetMeasurements, HashAlgorithms, Header, NegotiateAlgorithms,
    Operation, Reader, Registry, Request, RequesterFlags, ResponderFlags, Response, Sizes, Structures,
    SummaryKind, VendorMessage, Writer,
};
use lanewarden_spdm::responder::{MeasurementSource, Parts, Responder, Settings, Support, VendorHandler};
use lanewarden_spdm::{Version, Versions};

use crate::input::Input;
use crate::spdm_message::Message;
use crate::stub::{Device, Echo, Firmware, Stub, plain};

/// Longest messages that it is given and gives.
const TRANSFER: [u32; 4] = [0x11f8, 42, 64, 300];
const BUFFER: [usize; 4] = [0x3000, 64, 400, 0x800];
/// Requests of one run.
const MOST: usize = 200;

/// Two bytes say what the responder is made of; then come requests.
pub fn spdm_responder(data: &[u8]) {
    let mut input = Input::new(data);
    let [parts, sizes] = input.array();
    let settings = Settings {
        versions: if parts & 0x80 == 0 { Versions::ALL } else { Versions::only(Version::V1_2) },
        transfer_size: TRANSFER[usize::from(sizes & 3)],
        ..Settings::default()
    };
    let make = Make { settings, buffer: BUFFER[usize::from(sizes >> 2 & 3)] };
    let device = || Device::new(parts >> 3 & 3);
    match parts & 7 {
        0 => make.run(&mut input, device(), Firmware, Echo),
        1 => make.run(&mut input, device(), Firmware, ()),
        2 => make.run(&mut input, device(), (), Echo),
        3 => make.run(&mut input, device(), (), ()),
        4 => make.run(&mut input, (), Firmware, Echo),
        5 => make.run(&mut input, (), Firmware, ()),
        6 => make.run(&mut input, (), (), Echo),
        _ => make.run(&mut input, (), (), ()),
    }
}

struct Make {
    settings: Settings,
    buffer: usize,
}

impl Make {
    fn run<I: Identities, M: MeasurementSource, V: VendorHandler>(
        &self,
        input: &mut Input<'_>,
        identities: I,
        measurements: M,
        vendor: V,
    ) {
        let parts = Parts::new(Stub::default())
            .with_identities(identities)
            .with_measurements(measurements)
            .with_vendor(vendor);
        let responder = Responder::new(parts, self.settings, vec![0; self.buffer]);
        let mut asker = Asker { responder, settings: self.settings, known: Known::default() };
        for _ in 0..MOST {
            if input.is_empty() {
                return;
            }
            asker.step(input);
        }
    }
}

/// What the asker knows from what it said and heard.
#[derive(Default)]
struct Known {
    version: Option<Version>,
    /// What it said last.
    request: Vec<u8>,
    /// The token of an answer to call for, and the request it answers.
    later: Option<(u8, u8)>,
    /// The handle and the next place of an answer in chunks, and what has come of it.
    large: Option<(u8, u16)>,
    whole: Vec<u8>,
    /// The request that the answers to come are to; empty where it is not known.
    asked: Vec<u8>,
    /// A request that goes in chunks: what is left of it, and the next place.
    sending: Option<(Vec<u8>, usize, u16)>,
}

struct Asker<I: Identities, M: MeasurementSource, V: VendorHandler> {
    responder: Responder<Parts<Stub, I, M, V>, Vec<u8>>,
    settings: Settings,
    known: Known,
}

impl<I: Identities, M: MeasurementSource, V: VendorHandler> Asker<I, M, V> {
    fn version(&self) -> Version {
        self.known.version.unwrap_or(Version::V1_0)
    }

    fn step(&mut self, input: &mut Input<'_>) {
        let kind = input.byte();
        match kind & 0xf {
            0 => self.connect(input),
            1 => self.ask(&[self.version().byte(), 0x81, 0, 0]),
            9 => self.ask(input.counted()),
            10 => {
                let again = self.known.request.clone();
                self.ask(&again);
            }
            11 => {
                self.responder.reset();
                self.known = Known::default();
            }
            12 => self.send_in_chunks(input),
            13 => {
                let other = input.byte();
                let mut request = self.request(other, input);
                let (at, byte) = (usize::from(input.byte()), input.byte());
                let at = at % request.len();
                request[at] ^= byte;
                self.ask(&request);
            }
            other => {
                let request = self.request(other, input);
                self.ask(&request);
            }
        }
    }

    /// The whole negotiation, in a version and with sizes of the asker's choice.
    fn connect(&mut self, input: &mut Input<'_>) {
        let [version, sizes] = input.array();
        let version = Version::ALL[usize::from(version & 3)];
        self.ask(&GET_VERSION);
        self.known.version = Some(version);
        let transfer = TRANSFER[usize::from(sizes & 3)];
        let chunks = sizes & 4 == 0;
        let flags = if chunks { RequesterFlags::CHUNK } else { RequesterFlags::empty() };
        let message = if chunks { 0x4000 } else { transfer };
        let sizes = (version >= Version::V1_2).then_some(Sizes { transfer, message });
        let flags = flags & RequesterFlags::known(version);
        self.ask(&written(|writer| Capabilities { ct_exponent: 0, flags, sizes }.encode(version, writer)));
        self.ask(&written(|writer| {
            let offer = NegotiateAlgorithms {
                measurement_specifications: 1,
                other_parameters: 0,
                asymmetric: AsymmetricAlgorithms::spoken(version),
                hash: HashAlgorithms::spoken(),
                structures: Structures::default(),
            };
            offer.encode(version, &[], writer)
        }));
    }

    /// A request as it should be.
    fn request(&self, kind: u8, input: &mut Input<'_>) -> Vec<u8> {
        let version = self.version();
        written(|writer| match kind & 0xf {
            2 => {
                let [slot, offset, length] = input.array();
                let (offset, length) = (u16::from(offset) << 3, 0xffff >> (length & 0xf));
                GetCertificate { slot, size_only: slot & 0x80 != 0, offset, length }.encode(version, writer)
            }
            3 => {
                let [slot, summary] = input.array();
                let summary =
                    [SummaryKind::None, SummaryKind::Tcb, SummaryKind::All][usize::from(summary % 3)];
                Challenge { slot, summary, nonce: [7; 32], context: [8; 8] }.encode(version, writer)
            }
            4 => {
                let [operation, slot] = input.array();
                let signed = (slot & 0x80 != 0).then_some(([9; 32], slot & 0xf));
                let (raw, new) = (slot & 0x40 != 0, slot & 0x20 != 0);
                let operation = Operation::from_byte(operation);
                GetMeasurements { operation, raw, new, signed, context: [3; 8] }.encode(version, writer)
            }
            5 => {
                let payload = input.counted();
                VendorMessage { registry: Registry::PCI_SIG_PROTOCOLS, payload }.encode(version, true, writer)
            }
            6 => {
                let (handle, sequence) = self.known.large.unwrap_or_default();
                ChunkGet { handle, sequence }.encode(version, writer)
            }
            7 => {
                let (param1, param2) = self.known.later.unwrap_or_default();
                Header { version: version.byte(), code: Request::RespondIfReady.byte(), param1, param2 }
                    .encode(writer)
            }
            _ => Header { version: version.byte(), code: 0x80 | kind, param1: 0, param2: 0 }.encode(writer),
        })
    }

    /// The next chunk of a long request; where there is none on its way, the first of a new one.
    fn send_in_chunks(&mut self, input: &mut Input<'_>) {
        let [size, damage] = input.array();
        let (whole, sent, sequence) = self.known.sending.take().unwrap_or_else(|| {
            let payload = vec![damage; usize::from(size) * 8];
            let version = self.version();
            let long = VendorMessage { registry: Registry::PCI_SIG_PROTOCOLS, payload: &payload };
            (written(|writer| long.encode(version, true, writer)), 0, 0)
        });
        let room = usize::try_from(self.settings.transfer_size).unwrap() - Chunk::head(sequence);
        let end = (sent + room).min(whole.len());
        let chunk = Chunk {
            last: end == whole.len(),
            handle: 0,
            sequence,
            total: (sequence == 0).then(|| u32::try_from(whole.len()).unwrap()),
            data: &whole[sent..end],
        };
        let version = self.version();
        let message = written(|writer| {
            chunk.encode_head(version, true, writer)?;
            writer.bytes(chunk.data)
        });
        let last = chunk.last;
        self.ask_as_it_is(&message, Some(whole.clone()));
        if !last {
            self.known.sending = Some((whole, end, sequence + 1));
        }
    }

    fn ask(&mut self, request: &[u8]) {
        let code = request.get(1).copied().and_then(Request::from_byte);
        let asked = match code {
            Some(Request::ChunkGet | Request::RespondIfReady) => None,
            // What is in it has come who knows how.
            Some(Request::ChunkSend) => Some(Vec::new()),
            _ => Some(request.to_vec()),
        };
        self.ask_as_it_is(request, asked);
    }

    /// Sends a request that asks for this, or that goes on with what was asked before.
    fn ask_as_it_is(&mut self, request: &[u8], asked: Option<Vec<u8>>) {
        self.known.request = request.to_vec();
        let before = self.responder.connection().copied();
        let answer = plain(&mut self.responder, request);
        let is_request = request.len() >= 4 && Code(request[1]).is_request();
        assert_eq!(answer.is_some(), is_request, "every request has its answer, and nothing else has");
        let Some(answer) = answer else { return };
        let connection = self.responder.connection().or(before.as_ref());
        let stated =
            connection.and_then(|connection| connection.sizes).map_or(u32::MAX, |sizes| sizes.transfer);
        let longest = usize::try_from(stated.min(self.settings.transfer_size)).unwrap();
        assert!(answer.len() <= longest, "{} bytes where {longest} are taken", answer.len());
        let refused = answer.get(1) == Some(&Response::Error.byte()) && !is_later(&answer);
        if let Some(asked) = asked.filter(|_| !refused) {
            self.known.asked = asked;
        }
        self.take(request[1], &answer);
    }

    fn take(&mut self, code: u8, answer: &[u8]) {
        let mut reader = Reader::new(answer);
        let header = Header::decode(&mut reader).expect("an answer has a header");
        assert!(Version::from_byte(header.version).is_some());
        if header.code == Response::Error.byte() {
            self.note(&ErrorMessage::decode(header, &reader));
            return;
        }
        self.may_be_said(header.code);
        let expected = Request::from_byte(code).and_then(Request::response).map(Response::byte);
        let called_for = code == Request::RespondIfReady.byte() || self.known.asked.is_empty();
        assert!(called_for || Some(header.code) == expected, "{} to {}", Code(header.code), Code(code));
        match Response::from_byte(header.code) {
            Some(Response::ChunkResponse) => {
                let (chunk, _) = Chunk::decode(header, &mut reader).expect("a chunk");
                if chunk.sequence == 0 {
                    self.known.whole.clear();
                }
                self.known.whole.extend(chunk.data);
                self.known.large = (!chunk.last).then_some((chunk.handle, chunk.sequence + 1));
                if chunk.last {
                    let whole = std::mem::take(&mut self.known.whole);
                    self.decode(&whole);
                }
            }
            Some(Response::ChunkSendAck) => {
                let ack = ChunkAck::decode(header, &mut reader).expect("an acknowledgement");
                if !ack.answer.is_empty() {
                    let answer = ack.answer.to_vec();
                    let code = self.known.asked.get(1).copied().unwrap_or_default();
                    self.take(code, &answer);
                }
            }
            _ => self.decode(answer),
        }
    }

    /// What an ERROR says of an answer to come.
    fn note(&mut self, error: &ErrorMessage<'_>) {
        match error.code {
            ErrorCode::RESPONSE_NOT_READY => {
                let later = error.not_ready().expect("it says when");
                self.known.later = Some((later.request, later.token));
            }
            ErrorCode::LARGE_RESPONSE => {
                self.known.large = Some((error.handle().expect("it says under which handle"), 0));
            }
            _ => {}
        }
    }

    /// No part, no answer.
    fn may_be_said(&self, code: u8) {
        let part = match Response::from_byte(code) {
            Some(Response::Digests | Response::Certificate | Response::ChallengeAuth) => I::PRESENT,
            Some(Response::Measurements) => M::SUPPORT != Support::None,
            Some(Response::VendorDefined) => V::PRESENT,
            _ => true,
        };
        assert!(part, "{} without the part it needs", Code(code));
    }

    /// A whole answer can be read by whoever asked.
    fn decode(&self, answer: &[u8]) {
        self.may_be_said(answer[1]);
        let connection = self.responder.connection();
        let version = Version::from_byte(answer[0]).unwrap();
        let format = connection
            .map_or(Format { version, digest: 48, signature: 64 }, lanewarden_spdm::Connection::format);
        let asked = &self.known.asked;
        let depends = [Response::ChallengeAuth.byte(), Response::Measurements.byte()];
        if asked.is_empty() && depends.contains(&answer[1]) {
            return;
        }
        let with_summary = asked.get(3).is_some_and(|kind| *kind != 0);
        let is_signed = asked.get(2).is_some_and(|attributes| attributes & 1 != 0);
        let message =
            Message { format, exchange: 0, with_summary, is_signed, with_verify_data: false, bytes: answer };
        assert!(message.check(), "{answer:02x?} to {asked:02x?}");
        if answer[1] == Response::Capabilities.byte() {
            self.claims(version, answer);
        }
    }

    /// Nothing is claimed that there is no part for.
    fn claims(&self, version: Version, answer: &[u8]) {
        let mut reader = Reader::new(&answer[4..]);
        let (said, _) = Capabilities::<ResponderFlags>::decode(version, &mut reader).unwrap();
        assert_eq!(said.contradiction(version), None);
        assert_eq!(said.flags.contains(ResponderFlags::CERT | ResponderFlags::CHAL), I::PRESENT);
        let measures = ResponderFlags::MEAS | ResponderFlags::MEAS_SIGNED;
        assert_eq!(said.flags.intersects(measures), M::SUPPORT != Support::None);
        assert!(!said.flags.contains(ResponderFlags::MEAS_SIGNED) || I::PRESENT);
        let known = ResponderFlags::CERT | ResponderFlags::CHAL | measures | ResponderFlags::CHUNK;
        assert!(known.contains(said.flags), "{}", said.flags);
    }
}

/// Whether an ERROR says that the answer is still to come.
fn is_later(answer: &[u8]) -> bool {
    let later = [ErrorCode::LARGE_RESPONSE, ErrorCode::RESPONSE_NOT_READY];
    answer.get(2).is_some_and(|code| later.contains(&ErrorCode(*code)))
}

/// A message.
pub fn written(
    encode: impl FnOnce(&mut Writer<'_>) -> Result<(), lanewarden_spdm::message::NoRoom>,
) -> Vec<u8> {
    let mut room = vec![0; 0x1000];
    let mut writer = Writer::new(&mut room);
    encode(&mut writer).expect("there is room");
    writer.written().to_vec()
}
