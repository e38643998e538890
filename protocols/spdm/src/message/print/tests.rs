//! Lines of messages that were written and read again.

extern crate std;

mod session;

use std::string::{String, ToString};
use std::vec::Vec;

use super::super::*;
use super::*;
use crate::{Version, Versions};

fn body(write: impl FnOnce(&mut Writer<'_>) -> Result<(), NoRoom>) -> (Header, Vec<u8>) {
    let mut buffer = [0; 2048];
    let mut writer = Writer::new(&mut buffer);
    write(&mut writer).unwrap();
    let mut reader = Reader::new(writer.written());
    (Header::decode(&mut reader).unwrap(), reader.rest().to_vec())
}

#[test]
fn bytes_are_cut_to_a_line_and_counted() {
    let line = |bytes: &[u8]| Hex(bytes).to_string();
    assert_eq!(line(&[]), "none");
    assert_eq!(line(&[0, 1, 0xfe, 3, 4, 5, 6, 7]), "0001fe0304050607");
    assert_eq!(line(&[0xaa; 9]), "aaaaaaaaaaaaaaaa.. (9 bytes)");
}

#[test]
fn sets_are_named_and_bits_of_no_name_are_numbers() {
    assert_eq!(HashAlgorithms::empty().to_string(), "none");
    assert_eq!((HashAlgorithms::SHA_384 | HashAlgorithms::SM3_256).to_string(), "SHA_384 SM3_256");
    let bits = AsymmetricAlgorithms::from_bits_retain(0x8000_0080);
    assert_eq!(bits.to_string(), "ECDSA_P384 0x80000000");
    assert_eq!(MeasurementHashes::from_bits_retain(1 << 20).to_string(), "0x100000");
    assert_eq!((RequesterFlags::CERT | RequesterFlags::CHUNK).to_string(), "CERT CHUNK");
}

#[test]
fn algorithm_structures_are_named_by_their_kind() {
    let line = |kind, algorithms| Structure { kind, algorithms }.to_string();
    assert_eq!(line(2, 0x19), "FFDHE_2048 SECP_256_R1 SECP_384_R1");
    assert_eq!(line(3, 0x0002), "AES_256_GCM");
    assert_eq!(line(4, 0x0008), "RSAPSS_3072");
    assert_eq!(line(5, 0x8001), "SPDM 0x8000");
    assert_eq!(line(6, 0x0001), "0x1");
    assert_eq!(line(3, 0), "none");
}

#[test]
fn negotiation_is_printed() {
    let (_, list) = body(|writer| VersionList::encode(Versions::ALL, writer));
    assert_eq!(VersionList::decode(&mut Reader::new(&list)).unwrap().0.to_string(), "1.0 1.1 1.2 1.3");
    let sizes = Some(Sizes { transfer: 42, message: 100 });
    let flags = ResponderFlags::CERT | ResponderFlags::MEAS_SIGNED;
    let capabilities = Capabilities { ct_exponent: 12, flags, sizes };
    let line = "CERT MEAS_SIGNED; CT exponent 12; transfer 42 bytes, message 100 bytes";
    assert_eq!(capabilities.to_string(), line);
    let algorithms = Algorithms {
        measurement_specification: 1,
        other_parameters: 0,
        measurement_hash: MeasurementHashes::SHA_256,
        asymmetric: AsymmetricAlgorithms::ECDSA_P256,
        hash: HashAlgorithms::SHA_256,
        extended: 0,
        structures: Structures::default(),
    };
    let structures = [Structure { kind: 3, algorithms: 1 }, Structure { kind: 5, algorithms: 0 }];
    let (header, bytes) = body(|writer| algorithms.encode(Version::V1_3, &structures, writer));
    let whole = [&[0x13, 0x63, 2, 0][..], &bytes].concat();
    let mut reader = Reader::new(&whole);
    Header::decode(&mut reader).unwrap();
    let (read, _) = Algorithms::decode(Version::V1_3, header, &mut reader).unwrap();
    let line = "signature ECDSA_P256; hash SHA_256; measurements SHA_256; AEAD AES_128_GCM";
    assert_eq!(read.to_string(), line);
}

#[test]
fn certificates_and_challenges_are_printed() {
    let digests = [&[0xa0; 32][..], &[0xa3; 32]].concat();
    let header = Header { version: 0x13, code: 1, param1: 0x0f, param2: 0b1001 };
    let (message, _) = Digests::decode(Version::V1_3, 32, header, &mut Reader::new(&digests)).unwrap();
    let line = "slots 0 3 of 0 1 2 3; 0: a0a0a0a0a0a0a0a0.. (32 bytes); 3: a3a3a3a3a3a3a3a3.. (32 bytes)";
    assert_eq!(message.to_string(), line);
    let mut request = GetCertificate { slot: 1, size_only: false, offset: 512, length: 256 };
    assert_eq!(request.to_string(), "slot 1, up to 256 bytes from 512");
    request.size_only = true;
    assert_eq!(request.to_string(), "slot 1, size only");
    let portion = CertificatePortion { slot: 1, bytes: &[0; 9], remainder: 7 };
    assert_eq!(portion.to_string(), "slot 1, 9 bytes, 7 follow");
    let challenge = Challenge { slot: 0, summary: SummaryKind::Tcb, nonce: [1; 32], context: [0; 8] };
    assert_eq!(challenge.to_string(), "slot 0, summary of the TCB, nonce 0101010101010101.. (32 bytes)");
    let answer = ChallengeAuth {
        attributes: 0x82,
        slots: 0,
        chain_digest: &[2; 8],
        nonce: [0; 32],
        summary: &[3; 8],
        opaque: b"\x1b[1m",
        context: [0; 8],
        signature: &[4; 8],
    };
    let line = "slot 2 of none, chain 0202020202020202, summary 0303030303030303, \
                opaque data 1b5b316d, signature 0404040404040404";
    assert_eq!(answer.to_string(), line);
}

#[test]
fn measurements_are_printed_and_those_that_do_not_fit_are_counted() {
    let mut request = GetMeasurements {
        operation: Operation::Index(3),
        raw: true,
        new: true,
        signed: Some(([5; 32], 2)),
        context: [0; 8],
    };
    let line = "index 3, raw, as of the next reset, signed by slot 2, nonce 0505050505050505.. (32 bytes)";
    assert_eq!(request.to_string(), line);
    request =
        GetMeasurements { operation: Operation::Count, raw: false, new: false, signed: None, ..request };
    assert_eq!(request.to_string(), "how many");
    let mut record = [0; 256];
    let mut writer = Writer::new(&mut record);
    for index in 1..=6 {
        Block::encode(index, ValueType(index), index % 2 == 0, b"ab", &mut writer).unwrap();
    }
    let line = |count: u8, record: &[u8], total, signature: &'static [u8]| -> String {
        let blocks = Blocks::decode(count, record).unwrap();
        Measurements { total, attributes: 0, blocks, nonce: [0; 32], opaque: b"", context: [0; 8], signature }
            .to_string()
    };
    let all = "6 blocks; 1: mutable firmware 6162; 2: hardware configuration raw 6162; \
               3: firmware configuration 6162; 4: measurement manifest raw 6162; and 2 more; signature 09";
    assert_eq!(line(6, writer.written(), 0, &[9]), all);
    assert_eq!(line(1, &writer.written()[..9], 0, &[]), "1 block; 1: mutable firmware 6162");
    assert_eq!(line(0, &[], 12, &[]), "12 in all");
    assert_eq!(line(1, &[1, 2, 1, 0, 0xff], 0, &[]), "1 block; 1: specification 0x02 ff");
}

#[test]
fn errors_are_printed_with_what_their_code_adds() {
    let line = |code, data, extended: &[u8]| ErrorMessage { code, data, extended }.to_string();
    assert_eq!(line(ErrorCode::BUSY, 0, &[]), "Busy");
    assert_eq!(line(ErrorCode::UNSUPPORTED_REQUEST, 0x83, &[]), "UnsupportedRequest: CHALLENGE");
    let later = "ResponseNotReady: CHALLENGE, token 0x07, in 2^16 us, kept 2 times that";
    assert_eq!(line(ErrorCode::RESPONSE_NOT_READY, 0, &[16, 0x83, 7, 2]), later);
    let short = "ResponseNotReady, extended data 1083";
    assert_eq!(line(ErrorCode::RESPONSE_NOT_READY, 0, &[16, 0x83]), short);
    assert_eq!(line(ErrorCode::LARGE_RESPONSE, 0, &[5, 0, 0, 0]), "LargeResponse: handle 5");
    assert_eq!(line(ErrorCode::RESPONSE_TOO_LARGE, 0, &[0, 1, 0, 0]), "ResponseTooLarge: 256 bytes");
    assert_eq!(line(ErrorCode(0x99), 1, b"<b>"), "error 0x99, data 0x01, extended data 3c623e");
}

#[test]
fn what_carries_messages_is_printed() {
    let chunk = Chunk { last: true, handle: 1, sequence: 0, total: Some(3), data: &[1, 2, 3] };
    assert_eq!(chunk.to_string(), "handle 1, chunk 0, 3 bytes of 3, the last");
    let acknowledged = ChunkAck { early_error: true, handle: 1, sequence: 2, answer: &[0; 4] };
    assert_eq!(acknowledged.to_string(), "handle 1, chunk 2, given up, answer of 4 bytes");
    assert_eq!(ChunkGet { handle: 9, sequence: 300 }.to_string(), "handle 9, chunk 300");
    let header = Header { version: 0x12, code: 0xff, param1: 0xe0, param2: 4 };
    assert_eq!(RespondIfReady::decode(header).to_string(), "GET_MEASUREMENTS, token 0x04");
    assert_eq!(header.to_string(), "RESPOND_IF_READY 1.2, parameters 0xe0 0x04");
}

#[test]
fn vendors_messages_are_printed_by_their_registry() {
    let line =
        |body, vendor| VendorMessage { registry: Registry { body, vendor }, payload: b"hi" }.to_string();
    assert_eq!(line(3, &[0x98, 0x1e]), "PCI-SIG 1e98, payload 6869");
    assert_eq!(line(0, &[]), "DMTF, payload 6869");
    assert_eq!(line(0x1234, &[0xaa; 9]), "body 0x1234 aaaaaaaaaaaaaaaa.. (9 bytes), payload 6869");
}
