//! Messages for tests: an attestation from the first question to a session, and certificates.

use std::time::Duration;

use lanewarden_doe::{DiscoveryRequest, DiscoveryResponse, Feature, Object, Protocol as DoeProtocol};
use lanewarden_spdm::binding::{MessageKind, tcp};
use lanewarden_spdm::message::*;
use lanewarden_spdm::{Version, Versions};

use crate::capture::{CaptureReader, CaptureWriter, Direction, LinkType};

use Direction::{ToRequester, ToResponder};

pub const VERSION: Version = Version::V1_2;
pub const DIGEST: usize = 48;
pub const SIGNATURE: usize = 96;
/// Bytes of a public value over P-384.
const EXCHANGE: usize = 96;
const START: Duration = Duration::new(1_700_000_000, 250_000_000);

/// A message as it is written.
pub fn built(write: impl FnOnce(&mut Writer<'_>) -> Result<(), NoRoom>) -> Vec<u8> {
    let mut buffer = vec![0; 8192];
    let mut writer = Writer::new(&mut buffer);
    write(&mut writer).unwrap();
    writer.written().to_vec()
}

pub fn header(code: u8, param1: u8, param2: u8) -> Vec<u8> {
    built(|writer| Header { version: VERSION.byte(), code, param1, param2 }.encode(writer))
}

pub type Sent = (Direction, MessageKind, Vec<u8>);

/// A capture of these, a millisecond and a half apart.
pub fn captured(link: LinkType, before: &[(Direction, Vec<u8>)], messages: &[Sent]) -> Vec<u8> {
    let mut writer = CaptureWriter::new(Vec::new(), link).unwrap();
    let mut times = (0..).map(|number| START + Duration::from_micros(1_500) * number);
    for (direction, framed) in before {
        writer.framed(times.next().unwrap(), *direction, framed).unwrap();
    }
    for (direction, kind, message) in messages {
        writer.message(times.next().unwrap(), *direction, *kind, message).unwrap();
    }
    writer.into_inner()
}

pub fn reader(capture: &[u8]) -> CaptureReader<&[u8]> {
    CaptureReader::new(capture).unwrap()
}

/// Discovery of two protocols.
pub fn discovery() -> Vec<(Direction, Vec<u8>)> {
    let object = |payload: &[u8]| {
        let mut bytes = [0; 16];
        let object = Object::new(DoeProtocol::DISCOVERY, 0, payload).unwrap();
        let length = object.write_to(&mut bytes).unwrap();
        bytes[..length].to_vec()
    };
    let entries = [(0, DoeProtocol::DISCOVERY, 1), (1, DoeProtocol::CMA_SPDM, 0)];
    let exchanges = entries.map(|(index, protocol, next)| {
        let (response, length) =
            DiscoveryResponse { feature: Feature { protocol, limits: None }, next }.encode();
        [
            (ToResponder, object(&DiscoveryRequest { index, version: 0 }.encode())),
            (ToRequester, object(&response[..length])),
        ]
    });
    exchanges.concat()
}

/// A control message and its answer, and a message of another protocol.
pub fn mctp_talk() -> Vec<(Direction, Vec<u8>)> {
    vec![
        (ToResponder, vec![0x00, 0x83, 0x02]),
        (ToRequester, vec![0x00, 0x03, 0x02, 0x00, 0x09, 0x00, 0x00]),
        (ToResponder, vec![0x01, 0x80, 0x02]),
    ]
}

/// An inquiry and a refusal.
pub fn tcp_talk() -> Vec<(Direction, Vec<u8>)> {
    vec![
        (ToResponder, tcp::Head::role_inquiry().encode().to_vec()),
        (ToRequester, tcp::Head::refusal(tcp::Refusal::NotRequester).encode().to_vec()),
    ]
}

/// The whole of it, over any transport.
pub fn attestation() -> Vec<Sent> {
    let mut all = negotiation();
    all.extend(authentication());
    all.extend(measurements());
    all.extend(delayed());
    all.extend(key_exchange());
    let mut all: Vec<_> =
        all.into_iter().map(|(direction, bytes)| (direction, MessageKind::Plain, bytes)).collect();
    let sealed = [&[0x34, 0x12, 0x78, 0x56, 20, 0][..], &[0xee; 20]].concat();
    all.push((ToResponder, MessageKind::Secured, sealed.clone()));
    all.push((ToRequester, MessageKind::Secured, sealed));
    all
}

/// A session begins; its number is 0x56781234.
fn key_exchange() -> Vec<(Direction, Vec<u8>)> {
    vec![
        (ToResponder, built(|writer| exchange_request().encode(VERSION, writer))),
        (ToRequester, exchange_response(MutualAuthentication::None, &[0xf0; DIGEST], 0)),
    ]
}

/// What both sides say about secured messages: the versions they speak, and the one that is chosen.
const OFFER: [u8; 20] = [1, 0, 0, 0, 0, 0, 9, 0, 1, 1, 3, 0, 0x10, 0, 0x11, 0, 0x12, 0, 0, 0];
const CHOICE: [u8; 20] = [2, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0x12, 0, 0, 3, 0, 1, 2, 40, 0];

fn exchange_request() -> KeyExchange<'static> {
    KeyExchange {
        summary: SummaryKind::All,
        slot: 0,
        session_id: 0x1234,
        policy: SessionPolicy::TERMINATION_POLICY,
        random: [0x55; 32],
        exchange: &[0xe0; EXCHANGE],
        opaque: &OFFER,
    }
}

pub fn exchange_response(mutual: MutualAuthentication, verify_data: &[u8], missing: usize) -> Vec<u8> {
    let answer = KeyExchangeRsp {
        heartbeat: 20,
        session_id: 0x5678,
        mutual,
        slot: 2,
        random: [0x66; 32],
        exchange: &[0xe1; EXCHANGE],
        summary: &[0xb0; DIGEST],
        opaque: &CHOICE,
        signature: &[],
        verify_data: &[],
    };
    built(|writer| {
        answer.encode_unsigned(VERSION, writer)?;
        writer.bytes(&[0xc2; SIGNATURE][missing..])?;
        writer.bytes(verify_data)
    })
}

/// A session whose handshake goes in the clear, and all that is said in one, as if it were in the clear too.
pub fn session() -> Vec<(Direction, Vec<u8>)> {
    let finish = Finish { slot: 2, signature: Some(&[0xc3; SIGNATURE]), verify_data: &[0xf1; DIGEST] };
    let finished = FinishRsp { verify_data: &[0xf2; DIGEST] };
    let update = KeyUpdate { operation: KeyOperation::UpdateAllKeys, tag: 7 };
    let verify = KeyUpdate { operation: KeyOperation::VerifyNewKey, tag: 8 };
    let mut all = negotiation_of(true);
    all.push((ToResponder, built(|writer| exchange_request().encode(VERSION, writer))));
    all.push((ToRequester, exchange_response(MutualAuthentication::Direct, &[], 0)));
    all.push((ToResponder, built(|writer| finish.encode(VERSION, writer))));
    all.push((ToRequester, built(|writer| finished.encode(VERSION, writer))));
    all.extend(both(|is_request, writer| Heartbeat.encode(VERSION, is_request, writer)));
    all.extend(both(|is_request, writer| update.encode(VERSION, is_request, writer)));
    all.extend(both(|is_request, writer| verify.encode(VERSION, is_request, writer)));
    all.extend(asked_back());
    let end = EndSession { clear_state: true };
    all.push((ToResponder, built(|writer| end.encode(VERSION, writer))));
    all.push((ToRequester, built(|writer| EndSessionAck.encode(VERSION, writer))));
    all
}

fn both(write: impl Fn(bool, &mut Writer<'_>) -> Result<(), NoRoom>) -> [(Direction, Vec<u8>); 2] {
    [(ToResponder, built(|writer| write(true, writer))), (ToRequester, built(|writer| write(false, writer)))]
}

/// The responder asks for a digest, and names a slot in the end.
fn asked_back() -> Vec<(Direction, Vec<u8>)> {
    let digests = [&header(0x01, 0, 0b10)[..], &[0xa1; DIGEST]].concat();
    let request = EncapsulatedRequest { id: 1, request: &header(0x81, 0, 0) };
    let response = DeliverEncapsulatedResponse { id: 1, response: &digests };
    let ack = EncapsulatedResponseAck { id: 0, ack_id: Some(1), payload: EncapsulatedPayload::Slot(1) };
    vec![
        (ToResponder, built(|writer| GetEncapsulatedRequest.encode(VERSION, writer))),
        (ToRequester, built(|writer| request.encode(VERSION, writer))),
        (ToResponder, built(|writer| response.encode(VERSION, writer))),
        (ToRequester, built(|writer| ack.encode(VERSION, writer))),
    ]
}

/// A session with a key that both sides have.
pub fn shared_key_session() -> Vec<(Direction, Vec<u8>)> {
    let request = PskExchange {
        summary: SummaryKind::None,
        policy: SessionPolicy::empty(),
        session_id: 0x1234,
        hint: b"hint",
        context: &[0x77; 32],
        opaque: &OFFER,
    };
    let response = PskExchangeRsp {
        heartbeat: 0,
        session_id: 0x5678,
        summary: &[],
        context: &[0x88; 32],
        opaque: &CHOICE,
        verify_data: &[],
    };
    let answer = built(|writer| {
        response.encode_unverified(VERSION, writer)?;
        writer.bytes(&[0xf3; DIGEST])
    });
    let finish = PskFinish { verify_data: &[0xf4; DIGEST] };
    vec![
        (ToResponder, built(|writer| request.encode(VERSION, writer))),
        (ToRequester, answer),
        (ToResponder, built(|writer| finish.encode(VERSION, writer))),
        (ToRequester, built(|writer| PskFinishRsp.encode(VERSION, writer))),
    ]
}

pub fn negotiation() -> Vec<(Direction, Vec<u8>)> {
    negotiation_of(false)
}

/// What both sides say when they would have the handshake of a session in the clear, or not.
fn negotiation_of(clear: bool) -> Vec<(Direction, Vec<u8>)> {
    let sizes = Some(Sizes { transfer: 4608, message: 65536 });
    let mut requester =
        Capabilities { ct_exponent: 12, flags: RequesterFlags::CERT | RequesterFlags::CHUNK, sizes };
    let flags =
        ResponderFlags::CERT | ResponderFlags::CHAL | ResponderFlags::MEAS_SIGNED | ResponderFlags::CHUNK;
    let mut responder = Capabilities { ct_exponent: 20, flags, sizes };
    requester.flags.set(RequesterFlags::HANDSHAKE_IN_THE_CLEAR, clear);
    responder.flags.set(ResponderFlags::HANDSHAKE_IN_THE_CLEAR, clear);
    let offer = NegotiateAlgorithms {
        measurement_specifications: MEASUREMENT_SPECIFICATION_DMTF,
        other_parameters: OPAQUE_FORMAT_1,
        asymmetric: AsymmetricAlgorithms::ECDSA_P256 | AsymmetricAlgorithms::ECDSA_P384,
        hash: HashAlgorithms::SHA_256 | HashAlgorithms::SHA_384,
        structures: Structures::default(),
    };
    let choice = Algorithms {
        measurement_specification: MEASUREMENT_SPECIFICATION_DMTF,
        other_parameters: OPAQUE_FORMAT_1,
        measurement_hash: MeasurementHashes::SHA_384,
        asymmetric: AsymmetricAlgorithms::ECDSA_P384,
        hash: HashAlgorithms::SHA_384,
        extended: 0,
        structures: Structures::default(),
    };
    let offered = [Structure { kind: 2, algorithms: 0x18 }, Structure { kind: 3, algorithms: 0x8002 }];
    let mut chosen = vec![Structure { kind: 2, algorithms: 0x10 }, Structure { kind: 3, algorithms: 2 }];
    if clear {
        chosen.push(Structure { kind: 4, algorithms: 0x80 });
    }
    vec![
        (ToResponder, GET_VERSION.to_vec()),
        (ToRequester, built(|writer| VersionList::encode(Versions::ALL, writer))),
        (ToResponder, built(|writer| requester.encode(VERSION, writer))),
        (ToRequester, built(|writer| responder.encode(VERSION, writer))),
        (ToResponder, built(|writer| offer.encode(VERSION, &offered, writer))),
        (ToRequester, built(|writer| choice.encode(VERSION, &chosen, writer))),
    ]
}

/// Digests, a chain in two portions, and a challenge with a summary.
fn authentication() -> Vec<(Direction, Vec<u8>)> {
    let digests = built(|writer| {
        Digests::encode_header(VERSION, 0, 0b101, writer)?;
        writer.bytes(&[0xa0; DIGEST])?;
        writer.bytes(&[0xa2; DIGEST])
    });
    let challenge =
        Challenge { slot: 0, summary: SummaryKind::All, nonce: [0x11; 32], context: Context::default() };
    let mut all = vec![(ToResponder, header(0x81, 0, 0)), (ToRequester, digests)];
    all.extend(portions(&chain(&["Root", "Device, \u{7}bell"]), 400));
    all.push((ToResponder, built(|writer| challenge.encode(VERSION, writer))));
    all.push((ToRequester, challenge_auth(0)));
    all
}

pub fn challenge_auth(missing: usize) -> Vec<u8> {
    let answer = ChallengeAuth {
        attributes: 0,
        slots: 0b101,
        chain_digest: &[0xa0; DIGEST],
        nonce: [0x22; 32],
        summary: &[0xb0; DIGEST],
        opaque: &[],
        context: Context::default(),
        signature: &[],
    };
    built(|writer| {
        answer.encode_unsigned(VERSION, writer)?;
        writer.bytes(&[0xc0; SIGNATURE][missing..])
    })
}

/// A chain as it is asked for and given, so many bytes at a time.
pub fn portions(chain: &[u8], size: usize) -> Vec<(Direction, Vec<u8>)> {
    let exchange = |(number, portion): (usize, &[u8])| {
        let offset = number * size;
        let remainder = (chain.len() - offset - portion.len()) as u16;
        let request =
            GetCertificate { slot: 0, size_only: false, offset: offset as u16, length: size as u16 };
        let response = built(|writer| {
            CertificatePortion::encode_head(VERSION, 0, portion.len() as u16, remainder, writer)?;
            writer.bytes(portion)
        });
        [(ToResponder, built(|writer| request.encode(VERSION, writer))), (ToRequester, response)]
    };
    chain.chunks(size).enumerate().flat_map(exchange).collect()
}

/// Measurements that are too long for one message.
fn measurements() -> Vec<(Direction, Vec<u8>)> {
    let request = GetMeasurements {
        operation: Operation::All,
        raw: true,
        new: false,
        signed: Some(([0x33; 32], 0)),
        context: Context::default(),
    };
    let large = measured(0);
    let refusal = ErrorMessage { code: ErrorCode::LARGE_RESPONSE, data: 0, extended: &[7] };
    let mut all = vec![
        (ToResponder, built(|writer| request.encode(VERSION, writer))),
        (ToRequester, built(|writer| refusal.encode(VERSION.byte(), writer))),
    ];
    all.extend(chunks(&large, 200));
    all
}

pub fn measured(missing: usize) -> Vec<u8> {
    let mut record = vec![0; 1024];
    let mut writer = Writer::new(&mut record);
    Block::encode(1, ValueType::IMMUTABLE_ROM, false, &[0xd1; DIGEST], &mut writer).unwrap();
    Block::encode(2, ValueType::MUTABLE_FIRMWARE, false, &[0xd2; DIGEST], &mut writer).unwrap();
    Block::encode(0x10, ValueType::SECURITY_VERSION, true, &[3, 0, 0, 0, 0, 0, 0, 0], &mut writer).unwrap();
    Block::encode(0xfd, ValueType::MANIFEST, true, b"<b>bold\x1b[1m</b>", &mut writer).unwrap();
    Block::encode(0xfe, ValueType(0x7e), true, &[], &mut writer).unwrap();
    let answer = Measurements {
        total: 0,
        attributes: 0x20,
        blocks: Blocks::decode(5, writer.written()).unwrap(),
        nonce: [0x44; 32],
        opaque: b"opaque",
        context: Context::default(),
        signature: &[],
    };
    built(|writer| {
        answer.encode_unsigned(VERSION, writer)?;
        writer.bytes(&[0xc1; SIGNATURE][missing..])
    })
}

/// A large response as it is fetched, so many bytes at a time.
pub fn chunks(large: &[u8], size: usize) -> Vec<(Direction, Vec<u8>)> {
    let parts: Vec<_> = large.chunks(size).collect();
    let exchange = |(number, data): (usize, &&[u8])| {
        let (handle, sequence) = (7, number as u16);
        let total = (number == 0).then_some(large.len() as u32);
        let chunk = Chunk { last: number + 1 == parts.len(), handle, sequence, total, data };
        let response = built(|writer| {
            chunk.encode_head(VERSION, false, writer)?;
            writer.bytes(data)
        });
        let request = built(|writer| ChunkGet { handle, sequence }.encode(VERSION, writer));
        [(ToResponder, request), (ToRequester, response)]
    };
    parts.iter().enumerate().flat_map(exchange).collect()
}

/// A vendor's message whose answer is called for later, and is an error in the end.
fn delayed() -> Vec<(Direction, Vec<u8>)> {
    let query = VendorMessage { registry: Registry::PCI_SIG_PROTOCOLS, payload: &[0, 0, 0, 1] };
    let later = ErrorMessage { code: ErrorCode::RESPONSE_NOT_READY, data: 0, extended: &[16, 0xfe, 9, 2] };
    let never = ErrorMessage { code: ErrorCode::UNSUPPORTED_REQUEST, data: 0xfe, extended: &[] };
    vec![
        (ToResponder, built(|writer| query.encode(VERSION, true, writer))),
        (ToRequester, built(|writer| later.encode(VERSION.byte(), writer))),
        (ToResponder, header(0xff, 0xfe, 9)),
        (ToRequester, built(|writer| never.encode(VERSION.byte(), writer))),
        (ToResponder, header(Request::Heartbeat.byte(), 0, 0)),
        (ToRequester, header(0x5a, 1, 2)),
    ]
}

/// A chain of certificates with these names: its header, a root's digest, and the certificates.
pub fn chain(names: &[&str]) -> Vec<u8> {
    let certificates: Vec<u8> = names.iter().flat_map(|name| certificate(name)).collect();
    let length = (4 + DIGEST + certificates.len()) as u32;
    [&length.to_le_bytes()[..], &[0xe0; DIGEST], &certificates].concat()
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let head = match length {
        ..0x80 => vec![tag, length as u8],
        0x80..0x100 => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [head, content.to_vec()].concat()
}

/// A certificate that can be read, with a signature that is none.
fn certificate(name: &str) -> Vec<u8> {
    let algorithm = der(0x30, &der(6, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3]));
    let attribute = [der(6, &[0x55, 4, 3]), der(12, name.as_bytes())].concat();
    let name = der(0x30, &der(0x31, &der(0x30, &attribute)));
    let times = [der(0x17, b"230101000000Z"), der(0x17, b"330101000000Z")].concat();
    let kind = [der(6, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]), der(6, &[0x2b, 0x81, 4, 0, 0x22])].concat();
    let key = [der(0x30, &kind), der(3, &[&[0, 4][..], &[5; 96]].concat())].concat();
    let signed = [
        der(0xa0, &der(2, &[2])),
        der(2, &[1]),
        algorithm.clone(),
        name.clone(),
        der(0x30, &times),
        name,
        der(0x30, &key),
    ];
    der(0x30, &[der(0x30, &signed.concat()), algorithm, der(3, &[0; 9])].concat())
}
