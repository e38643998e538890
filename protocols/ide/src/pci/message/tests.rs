use std::string::ToString;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::Key;
use crate::tests::{key, needs, payloads, places, written};

fn encoded(message: &Message<'_>) -> Vec<u8> {
    written(|out| message.encode(out))
}

/// K1, Tx, NPR of stream 0x22 of port 0x33.
const PLACE: Place = Place { port: 0x33, stream: 0x22, key: 0x13 };

fn material() -> Material {
    Material { key: key(), iv: [0x0403_0201, 0x0807_0605] }
}

/// By hand from the table of objects: protocol, object, then as it stands there.
#[test]
fn objects_have_the_bytes_of_the_specification() {
    let head = |object, fourth| [0, object, 0, 0, 0x22, fourth, 0x13, 0x33];
    assert_eq!(encoded(&Message::Query { port: 0x33 }), [0, 0, 0, 0x33]);
    assert_eq!(encoded(&Message::KpAck(PLACE, Status::UNSUPPORTED_VALUE)), head(3, 3));
    assert_eq!(encoded(&Message::KSetGo(PLACE)), head(4, 0));
    assert_eq!(encoded(&Message::KSetStop(PLACE)), head(5, 0));
    assert_eq!(encoded(&Message::KGoStopAck(PLACE)), head(6, 0));

    let program = encoded(&Message::KeyProg(KeyProg { place: PLACE, material: material() }));
    assert_eq!(program.len(), 48);
    assert_eq!(program[..8], head(2, 0));
    assert!(program[8..40].iter().copied().eq(0x40..0x60), "the key as it is");
    assert_eq!(program[40..], [1, 2, 3, 4, 5, 6, 7, 8], "DWs are little-endian");

    let info = PortInfo { device_function: 0x44, bus: 0x55, segment: 0x66, max_port: 0x77 };
    let registers = Registers::new(&[1, 2, 3, 4, 5, 6, 7, 8]).unwrap();
    let response = encoded(&Message::QueryResp(QueryResponse { port: 0x33, info, registers }));
    assert_eq!(response, [0, 1, 0, 0x33, 0x44, 0x55, 0x66, 0x77, 1, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn reserved_bytes_are_not_looked_at() {
    let go = Message::decode(&[0, 4, 0xff, 0xff, 0x22, 0xff, 0x13, 0x33]).unwrap();
    assert_eq!(go, Message::KSetGo(PLACE));
    assert_eq!(Message::decode(&[0, 0, 0xff, 1]), Ok(Message::Query { port: 1 }));
}

#[test]
fn every_other_length_is_refused() {
    let objects = [
        (Object::Query, 4),
        (Object::KeyProg, 48),
        (Object::KpAck, 8),
        (Object::KSetGo, 8),
        (Object::KSetStop, 8),
        (Object::KGoStopAck, 8),
    ];
    for (object, expected) in objects {
        for length in 2..64 {
            let mut payload = [0; 64];
            payload[1] = object.byte();
            let decoded = Message::decode(&payload[..length]);
            let refused = Malformed::Length { object, length, expected };
            if length == expected {
                assert_eq!(decoded.map(|message| message.object()), Ok(object));
            } else {
                assert_eq!(decoded, Err(refused));
            }
        }
    }
}

#[test]
fn a_query_response_has_whole_registers() {
    let mut payload = [0; 20];
    payload[1] = 1;
    let short = Malformed::Length { object: Object::QueryResp, length: 7, expected: 8 };
    assert_eq!(Message::decode(&payload[..7]), Err(short));
    assert!(Message::decode(&payload[..8]).is_ok(), "none at all can be read; who needs some, asks for them");
    assert_eq!(Message::decode(&payload[..15]), Err(Malformed::Registers(7)));
}

#[test]
fn objects_of_cxl_are_not_known() {
    let mut payload = [0; 52];
    for object in [7, 8] {
        payload[1] = object;
        assert_eq!(Message::decode(&payload), Err(Malformed::Object(object)));
        assert_eq!(Message::decode(&payload[..8]), Err(Malformed::Object(object)));
    }
}

#[test]
fn a_message_is_one_line_without_the_key() {
    let program = Message::KeyProg(KeyProg { place: PLACE, material: material() });
    assert_eq!(program.to_string(), "KEY_PROG port 51 stream 34 K1 Tx NPR");
    assert!(!std::format!("{program:?}").contains("64, 65"), "the key begins with 0x40, 0x41");
    let refused = Message::KpAck(Place { key: 0xf0, ..PLACE }, Status(9));
    assert_eq!(refused.to_string(), "KP_ACK port 51 stream 34 key 0xf0: status 0x09");
    let info = PortInfo { device_function: 0x29, bus: 0x6a, segment: 1, max_port: 7 };
    let response = QueryResponse { port: 1, info, registers: Registers::new(&[0; 8]).unwrap() };
    let response = Message::QueryResp(response).to_string();
    assert_eq!(response, "QUERY_RESP port 1 at 01:6a:05.1 of 8 ports, 2 registers");
    assert_eq!(Message::Query { port: 1 }.to_string(), "QUERY port 1");
}

fn messages(registers: &[u8]) -> impl Strategy<Value = Message<'_>> {
    let info = any::<(u8, u8, u8, u8)>().prop_map(|(device_function, bus, segment, max_port)| PortInfo {
        device_function,
        bus,
        segment,
        max_port,
    });
    let registers = Registers::new(registers).unwrap();
    prop_oneof![
        any::<u8>().prop_map(|port| Message::Query { port }),
        (any::<u8>(), info).prop_map(move |(port, info)| Message::QueryResp(QueryResponse {
            port,
            info,
            registers
        })),
        (places(), any::<([u8; 32], [u32; 2])>()).prop_map(|(place, (key, iv))| {
            Message::KeyProg(KeyProg { place, material: Material { key: Key::new(key), iv } })
        }),
        (places(), any::<u8>()).prop_map(|(place, status)| Message::KpAck(place, Status(status))),
        places().prop_map(Message::KSetGo),
        places().prop_map(Message::KSetStop),
        places().prop_map(Message::KGoStopAck),
    ]
}

static REGISTERS: [u8; 24] = [0xa5; 24];

proptest! {
    #[test]
    fn a_message_comes_back(message in messages(&REGISTERS)) {
        let payload = encoded(&message);
        prop_assert_eq!(Message::decode(&payload), Ok(message.clone()));
        needs(payload.len(), |out| message.encode(out));
    }

    /// What can be read, can be written again; but for reserved bytes it is the same.
    #[test]
    fn no_bytes_make_it_panic(bytes in payloads(9)) {
        if let Ok(message) = Message::decode(&bytes) {
            let _ = (message.to_string(), std::format!("{message:?}"));
            let again = encoded(&message);
            prop_assert_eq!(again.len(), bytes.len());
            prop_assert_eq!(Message::decode(&again), Ok(message));
        }
    }
}
