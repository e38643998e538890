use super::*;
use crate::cxl::{Capabilities, Direction};
use crate::{Blame, Key, Malformed};

const SLOT: Slot = Slot { port: 1, stream: 0, direction: Direction::Tx };

fn material() -> Material {
    Material { key: Key::new([0x5a; 32]), iv: [0x8000_0000, 0, 1] }
}

/// An object for this key, by hand.
const fn head(object: u8, key: u8) -> [u8; 8] {
    [0, object, 0, 0, 0, 0, key, 1]
}

/// GET_KEY_ACK, by hand.
fn get_key_ack() -> [u8; 52] {
    let mut answer = [0x5a; 52];
    answer[..8].copy_from_slice(&head(8, 0x82));
    answer[40..].copy_from_slice(&[0, 0, 0, 0x80, 0, 0, 0, 0, 1, 0, 0, 0]);
    answer
}

#[test]
fn what_was_asked_must_be_repeated_with_its_flag() {
    type Check = fn(&[u8]) -> Result<(), Error>;
    let checks: [(u8, u8, Check); 5] = [
        (3, 0x82, |answer| ProgramKey { slot: SLOT, material: &material(), iv: Iv::Initial }.check(answer)),
        (3, 0x8a, |answer| ProgramKey { slot: SLOT, material: &material(), iv: Iv::Default }.check(answer)),
        (6, 0x82, |answer| SetGo { slot: SLOT, mode: Mode::Skid }.check(answer)),
        (6, 0x8a, |answer| SetGo { slot: SLOT, mode: Mode::Containment }.check(answer)),
        (6, 0x82, |answer| SetStop { slot: SLOT }.check(answer)),
    ];
    for (object, key, check) in checks {
        assert_eq!(check(&head(object, key)), Ok(()));
        assert_eq!(check(&head(object, key ^ 8)), Err(Error::OtherKey { asked: key, seen: key ^ 8 }));
        assert_eq!(check(&head(object, key ^ 2)), Err(Error::OtherKey { asked: key, seen: key ^ 2 }));
        let mut other = head(object, key);
        other[4] = 1;
        assert_eq!(check(&other), Err(Error::OtherStream { asked: 0, seen: 1 }));
        other[7] = 0;
        assert_eq!(check(&other), Err(Error::OtherPort { asked: 1, seen: 0 }));
        let expected = Object::of_byte(object).unwrap();
        let wrong = Error::OtherObject { expected, seen: Object::KSetGo };
        assert_eq!(check(&head(4, key)), Err(wrong));
    }
}

#[test]
fn a_key_that_the_device_makes_is_for_what_was_asked() {
    let get = GetKey { slot: SLOT };
    assert_eq!(get.check(&get_key_ack()), Ok(material()));
    let other = GetKey { slot: Slot { direction: Direction::Rx, ..SLOT } };
    assert_eq!(other.check(&get_key_ack()), Err(Error::OtherKey { asked: 0x80, seen: 0x82 }));
    let length = Malformed::Length { object: Object::GetKeyAck, length: 48, expected: 52 };
    assert_eq!(get.check(&get_key_ack()[..48]), Err(length.into()), "a vector of two DWs");
    let mut program = get_key_ack();
    program[1] = 2;
    let wrong = Error::OtherObject { expected: Object::GetKeyAck, seen: Object::KeyProg };
    assert_eq!(get.check(&program), Err(wrong));
}

#[test]
fn only_success_is_success() {
    let material = material();
    let program = ProgramKey { slot: SLOT, material: &material, iv: Iv::Initial };
    for status in 1..=u8::MAX {
        let mut answer = head(3, 0x82);
        answer[5] = status;
        let refused = program.check(&answer).unwrap_err();
        assert_eq!(refused, Error::CxlKeyRefused(Status(status)));
        assert_eq!(refused.blame() == Blame::PeerCannot, status == 1);
    }
}

#[test]
fn a_query_is_answered_for_its_port() {
    let answer = [0, 1, 0, 1, 0x28, 0x6a, 1, 7, 0x71, 0x42, 0, 0, 0];
    let found = Query { port: 1 }.check(&answer).unwrap();
    assert_eq!((found.capabilities, found.registers.get(0)), (Capabilities(0x71), Some(0x42)));
    assert_eq!(found.info.max_port, 7);
    assert_eq!(Query { port: 0 }.check(&answer), Err(Error::OtherPort { asked: 0, seen: 1 }));
    let other = Error::OtherObject { expected: Object::QueryResp, seen: Object::KGoStopAck };
    assert_eq!(Query { port: 1 }.check(&head(6, 0x80)), Err(other));
}

#[test]
fn requests_have_the_bytes_of_the_specification() {
    let mut out = [0xee; 52];
    assert_eq!(Query { port: 9 }.encode(&mut out), Ok(4));
    assert_eq!(out[..4], [0, 0, 0, 9]);
    assert_eq!(GetKey { slot: SLOT }.encode(&mut out), Ok(8));
    assert_eq!(out[..8], head(7, 0x82));
    assert_eq!(SetStop { slot: SLOT }.encode(&mut out), Ok(8));
    assert_eq!(out[..8], head(5, 0x82));
    assert_eq!(SetGo { slot: SLOT, mode: Mode::Containment }.encode(&mut out), Ok(8));
    assert_eq!(out[..8], head(4, 0x8a));
    let material = material();
    let program = ProgramKey { slot: SLOT, material: &material, iv: Iv::Default };
    assert_eq!(program.encode(&mut out), Ok(52));
    assert_eq!((&out[..8], &out[8..40]), (&head(2, 0x8a)[..], &[0x5a; 32][..]));
    assert_eq!(out[40..], [0, 0, 0, 0x80, 0, 0, 0, 0, 1, 0, 0, 0]);
    assert_eq!(program.encode(&mut out[..51]), Err(NoRoom { needed: 52, room: 51 }));
}
