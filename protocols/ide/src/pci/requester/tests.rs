use super::*;
use crate::pci::{Direction, KeySet, SubStream};
use crate::{Blame, Key, Malformed};

const SLOT: Slot = Slot {
    port: 1,
    stream: 7,
    key_set: KeySet::K1,
    direction: Direction::Tx,
    sub_stream: SubStream::Completion,
};

fn material() -> Material {
    Material { key: Key::new([0x5a; 32]), iv: [0, 1] }
}

/// The acknowledgement of an object, by hand: the byte of key set, direction and sub-stream is 0x23.
const fn ack(object: u8) -> [u8; 8] {
    [0, object, 0, 0, 7, 0, 0x23, 1]
}

type Check = fn(&[u8]) -> Result<(), Error>;

/// Each request but QUERY with the object that answers it.
const CHECKS: [(Object, Check); 3] = [
    (Object::KpAck, |answer| ProgramKey { slot: SLOT, material: &material() }.check(answer)),
    (Object::KGoStopAck, |answer| SetGo { slot: SLOT }.check(answer)),
    (Object::KGoStopAck, |answer| SetStop { slot: SLOT }.check(answer)),
];

#[test]
fn what_was_asked_must_be_repeated() {
    for (expected, check) in CHECKS {
        let good = ack(expected.byte());
        assert_eq!(check(&good), Ok(()));
        let changed = |at: usize, value: u8| {
            let mut answer = good;
            answer[at] = value;
            check(&answer)
        };
        assert_eq!(changed(4, 8), Err(Error::OtherStream { asked: 7, seen: 8 }));
        assert_eq!(changed(7, 0), Err(Error::OtherPort { asked: 1, seen: 0 }));
        for bit in 0..8 {
            let seen = 0x23 ^ 1 << bit;
            assert_eq!(changed(6, seen), Err(Error::OtherKey { asked: 0x23, seen }));
        }
        assert_eq!(changed(2, 0xff), Ok(()), "reserved");
    }
}

#[test]
fn another_object_is_no_answer() {
    for (expected, check) in CHECKS {
        for object in [Object::KpAck, Object::KSetGo, Object::KSetStop, Object::KGoStopAck] {
            let wrong = Err(Error::OtherObject { expected, seen: object });
            let due = if object == expected { Ok(()) } else { wrong };
            assert_eq!(check(&ack(object.byte())), due);
        }
        assert_eq!(check(&[]), Err(Malformed::Short(0).into()));
        assert_eq!(check(&[1, 6, 0, 0, 7, 0, 0x23, 1]), Err(Malformed::Protocol(1).into()));
        let long = [ack(expected.byte()), [0; 8]].concat();
        let length = Malformed::Length { object: expected, length: 16, expected: 8 };
        assert_eq!(check(&long), Err(length.into()));
    }
}

#[test]
fn only_success_is_success() {
    let program = ProgramKey { slot: SLOT, material: &material() };
    for status in 1..=u8::MAX {
        let mut answer = ack(3);
        answer[5] = status;
        let refused = program.check(&answer).unwrap_err();
        assert_eq!(refused, Error::KeyRefused(Status(status)));
        assert_eq!(refused.blame() == Blame::PeerCannot, status <= 4);
    }
    let mut answer = ack(6);
    answer[5] = 1;
    assert_eq!(
        SetGo { slot: SLOT }.check(&answer),
        Ok(()),
        "K_GOSTOP_ACK has no status; the byte is reserved"
    );
}

#[test]
fn a_query_is_answered_for_its_port() {
    let query = Query { port: 1 };
    let answer = [0, 1, 0, 1, 0x28, 0x6a, 1, 7, 0x42, 0, 0, 0];
    let found = query.check(&answer).unwrap();
    assert_eq!((found.info.device_function, found.info.bus, found.info.segment), (0x28, 0x6a, 1));
    assert_eq!((found.info.max_port, found.registers.get(0)), (7, Some(0x42)));
    assert_eq!(Query { port: 0 }.check(&answer), Err(Error::OtherPort { asked: 0, seen: 1 }));
    let other = Error::OtherObject { expected: Object::QueryResp, seen: Object::KGoStopAck };
    assert_eq!(query.check(&ack(6)), Err(other));
    assert_eq!(query.check(&answer[..11]), Err(Malformed::Registers(3).into()));
}

#[test]
fn requests_have_the_bytes_of_the_specification() {
    let mut out = [0xee; 48];
    assert_eq!(Query { port: 9 }.encode(&mut out), Ok(4));
    assert_eq!(out[..4], [0, 0, 0, 9]);
    assert_eq!(SetGo { slot: SLOT }.encode(&mut out), Ok(8));
    assert_eq!(out[..8], ack(4));
    assert_eq!(SetStop { slot: SLOT }.encode(&mut out), Ok(8));
    assert_eq!(out[..8], ack(5));
    let program = ProgramKey { slot: SLOT, material: &material() };
    assert_eq!(program.encode(&mut out), Ok(48));
    assert_eq!((&out[..8], &out[8..40]), (&ack(2)[..], &[0x5a; 32][..]));
    assert_eq!(out[40..], [0, 0, 0, 0, 1, 0, 0, 0]);
    assert_eq!(program.encode(&mut out[..47]), Err(NoRoom { needed: 48, room: 47 }));
}
