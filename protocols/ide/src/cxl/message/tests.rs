use std::string::ToString;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::Key;
use crate::tests::{key, needs, payloads, places, written};

fn encoded(message: &Message<'_>) -> Vec<u8> {
    written(|out| message.encode(out))
}

/// Tx with the flag, of stream 0 of port 0x33.
const PLACE: Place = Place { port: 0x33, stream: 0, key: 0x8a };

fn key_prog() -> KeyProg {
    let iv = [0x8000_0000, 0, 0x0c0b_0a09];
    KeyProg { place: PLACE, material: Material { key: key(), iv } }
}

/// By hand from the table of objects: protocol, object, then as it stands there; the vector has three DWs.
#[test]
fn objects_have_the_bytes_of_the_specification() {
    let head = |object, fourth| [0, object, 0, 0, 0, fourth, 0x8a, 0x33];
    assert_eq!(encoded(&Message::Query { port: 0x33 }), [0, 0, 0, 0x33]);
    assert_eq!(encoded(&Message::KpAck(PLACE, Status::INVALID)), head(3, 1));
    assert_eq!(encoded(&Message::KSetGo(PLACE)), head(4, 0));
    assert_eq!(encoded(&Message::KSetStop(PLACE)), head(5, 0));
    assert_eq!(encoded(&Message::KGoStopAck(PLACE)), head(6, 0));
    assert_eq!(encoded(&Message::GetKey(PLACE)), head(7, 0));
    for (object, message) in [(2, Message::KeyProg(key_prog())), (8, Message::GetKeyAck(key_prog()))] {
        let payload = encoded(&message);
        assert_eq!(payload.len(), 52);
        assert_eq!(payload[..8], head(object, 0));
        assert!(payload[8..40].iter().copied().eq(0x40..0x60), "the key as it is");
        assert_eq!(payload[40..], [0, 0, 0, 0x80, 0, 0, 0, 0, 9, 10, 11, 12], "DWs are little-endian");
    }
    let info = PortInfo { device_function: 0x44, bus: 0x55, segment: 0x66, max_port: 0x77 };
    let registers = Registers::new(&[1, 2, 3, 4]).unwrap();
    let capabilities = Capabilities::V1.and(Capabilities::KEY_GENERATION).and(Capabilities::STOP);
    let response = Message::QueryResp(QueryResponse { port: 0x33, info, capabilities, registers });
    assert_eq!(encoded(&response), [0, 1, 0, 0x33, 0x44, 0x55, 0x66, 0x77, 0x61, 1, 2, 3, 4]);
}

#[test]
fn capabilities_are_bits() {
    let capabilities = Capabilities(0x51);
    assert_eq!(capabilities.version(), 1);
    assert!(capabilities.has(Capabilities::IV_GENERATION) && capabilities.has(Capabilities::STOP));
    assert!(!capabilities.has(Capabilities::KEY_GENERATION));
}

#[test]
fn every_other_length_is_refused() {
    let objects = [
        (Object::Query, 4),
        (Object::KeyProg, 52),
        (Object::KpAck, 8),
        (Object::KSetGo, 8),
        (Object::KSetStop, 8),
        (Object::KGoStopAck, 8),
        (Object::GetKey, 8),
        (Object::GetKeyAck, 52),
    ];
    for (object, expected) in objects {
        for length in 2..64 {
            let mut payload = [0; 64];
            payload[1] = object.byte();
            let decoded = Message::decode(&payload[..length]);
            if length == expected {
                assert_eq!(decoded.map(|message| message.object()), Ok(object));
            } else {
                assert_eq!(decoded, Err(Malformed::Length { object, length, expected }));
            }
        }
    }
}

#[test]
fn a_query_response_has_capabilities_and_whole_registers() {
    let mut payload = [0; 21];
    payload[1] = 1;
    let short = Malformed::Length { object: Object::QueryResp, length: 8, expected: 9 };
    assert_eq!(Message::decode(&payload[..8]), Err(short));
    assert!(Message::decode(&payload[..9]).is_ok());
    assert_eq!(Message::decode(&payload[..12]), Err(Malformed::Registers(3)));
}

#[test]
fn a_message_is_one_line_without_the_key() {
    let program = Message::KeyProg(key_prog());
    assert_eq!(program.to_string(), "KEY_PROG port 51 stream 0 Tx, default vector");
    assert_eq!(Message::KSetGo(PLACE).to_string(), "K_SET_GO port 51 stream 0 Tx, containment mode");
    let ack = Message::GetKeyAck(key_prog());
    assert_eq!(ack.to_string(), "GET_KEY_ACK port 51 stream 0 Tx");
    assert!(!std::format!("{program:?}{ack:?}").contains("64, 65"), "the key begins with 0x40, 0x41");
    let refused = Message::KpAck(Place { key: 0x02, ..PLACE }, Status::INVALID);
    assert_eq!(refused.to_string(), "KP_ACK port 51 stream 0 key 0x02: invalid");
}

fn keys() -> impl Strategy<Value = KeyProg> {
    (places(), any::<([u8; 32], [u32; 3])>())
        .prop_map(|(place, (key, iv))| KeyProg { place, material: Material { key: Key::new(key), iv } })
}

fn messages(registers: &[u8]) -> impl Strategy<Value = Message<'_>> {
    let registers = Registers::new(registers).unwrap();
    prop_oneof![
        any::<u8>().prop_map(|port| Message::Query { port }),
        any::<[u8; 6]>().prop_map(move |[port, device_function, bus, segment, max_port, capabilities]| {
            let info = PortInfo { device_function, bus, segment, max_port };
            let capabilities = Capabilities(capabilities);
            Message::QueryResp(QueryResponse { port, info, capabilities, registers })
        }),
        keys().prop_map(Message::KeyProg),
        keys().prop_map(Message::GetKeyAck),
        (places(), any::<u8>()).prop_map(|(place, status)| Message::KpAck(place, Status(status))),
        places().prop_map(Message::KSetGo),
        places().prop_map(Message::KSetStop),
        places().prop_map(Message::KGoStopAck),
        places().prop_map(Message::GetKey),
    ]
}

static REGISTERS: [u8; 36] = [0xa5; 36];

proptest! {
    #[test]
    fn a_message_comes_back(message in messages(&REGISTERS)) {
        let payload = encoded(&message);
        prop_assert_eq!(Message::decode(&payload), Ok(message.clone()));
        needs(payload.len(), |out| message.encode(out));
    }

    /// What can be read, can be written again; but for reserved bytes it is the same.
    #[test]
    fn no_bytes_make_it_panic(bytes in payloads(10)) {
        if let Ok(message) = Message::decode(&bytes) {
            let _ = (message.to_string(), std::format!("{message:?}"));
            let again = encoded(&message);
            prop_assert_eq!(again.len(), bytes.len());
            prop_assert_eq!(Message::decode(&again), Ok(message));
        }
    }
}
