use super::*;
use crate::pci::{
    Direction, Emulation, Material, Message, ProgramKey, Query, QueryResponse, SetGo, SetStop, SubStream,
};
use crate::{Error, Key, Malformed, NoRoom, PortInfo, tests};

const ALICE: u32 = 0x8000_0001;
const BOB: u32 = 0x8000_0002;

type Device = Responder<Emulation<2, 3>, 2>;

fn device() -> Device {
    Responder::new(Emulation::new())
}

fn material(byte: u8) -> Material {
    Material { key: Key::new([byte; 32]), iv: [0, 1] }
}

/// What is encoded by `request` is asked in `session`; the answer goes to `check`.
fn ask<T>(
    device: &mut Device,
    session: u32,
    request: impl FnOnce(&mut [u8]) -> Result<usize, NoRoom>,
    check: impl FnOnce(&[u8]) -> Result<T, Error>,
) -> Result<Result<T, Error>, Refused> {
    tests::ask(request, |request, answer| device.respond(Some(session), request, answer), check)
}

fn program(device: &mut Device, session: u32, slot: Slot, byte: u8) -> Result<(), Error> {
    let material = material(byte);
    let request = ProgramKey { slot, material: &material };
    ask(device, session, |out| request.encode(out), |answer| request.check(answer)).unwrap()
}

fn go(device: &mut Device, session: u32, slot: Slot) -> Result<(), Refused> {
    let request = SetGo { slot };
    ask(device, session, |out| request.encode(out), |answer| request.check(answer)).map(Result::unwrap)
}

fn stop(device: &mut Device, session: u32, slot: Slot) -> Result<(), Refused> {
    let request = SetStop { slot };
    ask(device, session, |out| request.encode(out), |answer| request.check(answer)).map(Result::unwrap)
}

fn secure(device: &mut Device, session: u32, port: u8, stream: u8) {
    for (slot, byte) in Slot::all(port, stream, KeySet::K0).into_iter().zip(1..) {
        program(device, session, slot, byte).unwrap();
        go(device, session, slot).unwrap();
    }
    assert_eq!(device.state(port, stream), StreamState::Secure);
    assert_eq!(device.hardware().state(port, stream), StreamState::Secure);
}

/// Every key of the stream that the hardware holds.
fn held(device: &Device, port: u8, stream: u8) -> usize {
    let slots = [KeySet::K0, KeySet::K1].map(|set| Slot::all(port, stream, set));
    slots.into_iter().flatten().filter(|slot| device.hardware().material(*slot).is_some()).count()
}

fn is_gone(device: &Device, port: u8, stream: u8) -> bool {
    let states = (device.state(port, stream), device.hardware().state(port, stream));
    states == (StreamState::Insecure, StreamState::Insecure) && held(device, port, stream) == 0
}

#[test]
fn nothing_is_answered_outside_of_a_session() {
    let mut device = device();
    let requests: [&[u8]; 4] =
        [&[0, 0, 0, 0], &[0, 4, 0, 0, 0, 0, 0, 0], &[0, 5, 0, 0, 0, 0, 0, 0], &[0, 2, 0, 0, 0, 0, 0, 0]];
    for request in requests {
        let refused = device.respond(None, request, &mut [0; 128]);
        assert_eq!(refused, Err(Refused::NoSession));
        assert!(device.respond(Some(ALICE), request, &mut [0; 128]) != Err(Refused::NoSession));
    }
}

#[test]
fn every_slot_holds_the_key_that_was_meant_for_it() {
    let mut device = device();
    let slots = [(0, 1), (1, 2)]
        .map(|(port, stream)| [KeySet::K0, KeySet::K1].map(|set| Slot::all(port, stream, set)));
    let slots = slots.as_flattened().as_flattened();
    for (slot, byte) in slots.iter().zip(1..) {
        program(&mut device, ALICE, *slot, byte).unwrap();
    }
    for (slot, byte) in slots.iter().zip(1..) {
        assert_eq!(device.hardware().material(*slot), Some(&material(byte)), "{slot}");
        assert_eq!(device.hardware().in_use(*slot), None, "programmed is not in use");
    }
}

#[test]
fn a_key_that_was_not_programmed_does_not_go() {
    let mut device = device();
    let [rx, ..] = Slot::all(0, 0, KeySet::K0);
    assert_eq!(go(&mut device, ALICE, rx), Err(Refused::NotProgrammed(rx.place())));
    program(&mut device, ALICE, rx, 1).unwrap();
    let others = [
        rx.other(),
        Slot { port: 1, ..rx },
        Slot { stream: 1, ..rx },
        Slot { direction: Direction::Tx, ..rx },
        Slot { sub_stream: SubStream::Completion, ..rx },
    ];
    for other in others {
        assert_eq!(go(&mut device, ALICE, other), Err(Refused::NotProgrammed(other.place())), "{other}");
    }
    assert_eq!(go(&mut device, ALICE, rx), Ok(()));
}

#[test]
fn a_second_go_is_acknowledged_and_changes_nothing() {
    let mut device = device();
    secure(&mut device, ALICE, 0, 0);
    device.hardware_mut().set_fails(true);
    for slot in Slot::all(0, 0, KeySet::K0) {
        assert_eq!(go(&mut device, ALICE, slot), Ok(()), "the hardware, which would fail, is not asked");
    }
    assert_eq!(device.state(0, 0), StreamState::Secure);
}

/// The vector's counter would start again under a key whose packets are out already.
#[test]
fn a_key_in_use_is_not_replaced() {
    let mut device = device();
    secure(&mut device, ALICE, 0, 0);
    let [slot, ..] = Slot::all(0, 0, KeySet::K0);
    let refused = program(&mut device, ALICE, slot, 0x99);
    assert_eq!(refused, Err(Error::KeyRefused(Status::UNSPECIFIED)));
    assert_eq!(device.hardware().in_use(slot), Some(&material(1).key));
}

#[test]
fn a_query_wipes_nothing_and_shows_what_streams_are() {
    let mut device = device();
    secure(&mut device, ALICE, 1, 2);
    let query = Query { port: 1 };
    let mut answer = [0; 128];
    let length = device.respond(Some(BOB), &[0, 0, 0, 1], &mut answer).unwrap();
    let found: QueryResponse<'_> = query.check(&answer[..length]).unwrap();
    assert_eq!(found.info, PortInfo { max_port: 1, ..PortInfo::default() });
    let blocks = crate::pci::Blocks::new(found.registers).unwrap();
    let mut states = blocks.selective().map(|block| (block.stream(), block.state()));
    assert_eq!(states.next(), Some((0, Some(StreamState::Insecure))));
    assert_eq!(states.next(), Some((1, Some(StreamState::Insecure))));
    assert_eq!(states.next(), Some((2, Some(StreamState::Secure))));
    assert_eq!(states.next(), None);
    assert_eq!((device.state(1, 2), held(&device, 1, 2)), (StreamState::Secure, 6));
}

#[test]
fn the_keys_of_a_secure_stream_change_while_it_is_secure() {
    let mut device = device();
    secure(&mut device, ALICE, 0, 0);
    for round in 0..3 {
        let set = if round % 2 == 0 { KeySet::K1 } else { KeySet::K0 };
        for slot in Slot::all(0, 0, set) {
            program(&mut device, ALICE, slot, 0x80 + round).unwrap();
            assert_eq!(device.hardware().in_use(slot), None);
        }
        for slot in Slot::all(0, 0, set) {
            go(&mut device, ALICE, slot).unwrap();
            assert_eq!(device.hardware().in_use(slot), Some(&material(0x80 + round).key), "{slot}");
            let is_leaving = device.hardware().in_use(slot.other()).is_some();
            assert_eq!(is_leaving, slot.direction == Direction::Rx, "its partner may not have changed yet");
            assert_eq!(device.state(0, 0), StreamState::Secure);
        }
    }
}

#[test]
fn a_key_that_is_leaving_does_not_go_again() {
    let mut device = device();
    secure(&mut device, ALICE, 0, 0);
    let [rx, ..] = Slot::all(0, 0, KeySet::K0);
    program(&mut device, ALICE, rx.other(), 9).unwrap();
    go(&mut device, ALICE, rx.other()).unwrap();
    assert_eq!(go(&mut device, ALICE, rx), Err(Refused::NotProgrammed(rx.place())));
    assert_eq!(stop(&mut device, ALICE, rx), Ok(()));
    assert_eq!(device.state(0, 0), StreamState::Secure, "the new key is the one in use");
    assert_eq!(held(&device, 0, 0), 6);
}

#[test]
fn each_of_the_six_keys_stops_the_whole_stream_and_all_its_keys_are_wiped() {
    for (index, slot) in Slot::all(0, 0, KeySet::K0).into_iter().enumerate() {
        let mut device = device();
        secure(&mut device, ALICE, 0, 0);
        secure(&mut device, ALICE, 0, 1);
        stop(&mut device, ALICE, slot).unwrap();
        assert!(is_gone(&device, 0, 0), "{index}");
        assert_eq!(device.state(0, 1), StreamState::Secure, "another stream");
        for slot in Slot::all(0, 0, KeySet::K0) {
            assert_eq!(stop(&mut device, ALICE, slot), Ok(()), "what is stopped can be stopped");
            assert_eq!(go(&mut device, ALICE, slot), Err(Refused::NotProgrammed(slot.place())));
        }
        secure(&mut device, ALICE, 0, 0);
    }
}

#[test]
fn stopping_one_key_of_a_stream_that_is_not_secure_yet_leaves_the_others() {
    let mut device = device();
    let [first, second, third, ..] = Slot::all(0, 0, KeySet::K0);
    program(&mut device, ALICE, first, 1).unwrap();
    program(&mut device, ALICE, second, 2).unwrap();
    go(&mut device, ALICE, second).unwrap();
    stop(&mut device, ALICE, second).unwrap();
    stop(&mut device, ALICE, third).unwrap();
    assert_eq!(device.hardware().material(second), None);
    assert_eq!(go(&mut device, ALICE, first), Ok(()));
    stop(&mut device, ALICE, first).unwrap();
    assert_eq!(program(&mut device, BOB, first, 3), Ok(()), "nobody has the stream any more");
}

/// Row T20: what a session has set up ends with it.
#[test]
fn all_of_a_session_ends_with_it_and_nothing_of_another() {
    let mut device = device();
    secure(&mut device, ALICE, 0, 0);
    secure(&mut device, BOB, 1, 0);
    device.ended(ALICE);
    assert!(is_gone(&device, 0, 0));
    assert_eq!((device.state(1, 0), held(&device, 1, 0)), (StreamState::Secure, 6));
    device.ended(0x1234);
    assert_eq!(device.state(1, 0), StreamState::Secure);
    secure(&mut device, BOB, 0, 0);
    device.ended(BOB);
    assert!(is_gone(&device, 0, 0) && is_gone(&device, 1, 0));
}

#[test]
fn keys_that_never_went_end_with_their_session() {
    let mut device = device();
    let [slot, ..] = Slot::all(0, 0, KeySet::K1);
    program(&mut device, ALICE, slot, 1).unwrap();
    device.ended(ALICE);
    assert_eq!(held(&device, 0, 0), 0);
    assert_eq!(go(&mut device, ALICE, slot), Err(Refused::NotProgrammed(slot.place())));
}

/// Row P1: a port that loses its link or its power forgets its keys, whosever they are.
#[test]
fn a_link_that_is_down_has_no_keys() {
    let mut device = device();
    secure(&mut device, ALICE, 0, 0);
    secure(&mut device, BOB, 1, 0);
    device.link_down(0);
    assert!(is_gone(&device, 0, 0));
    assert_eq!(device.state(1, 0), StreamState::Secure);
    device.reset();
    assert!(is_gone(&device, 1, 0));
    let [slot, ..] = Slot::all(0, 0, KeySet::K0);
    assert_eq!(go(&mut device, ALICE, slot), Err(Refused::NotProgrammed(slot.place())));
}

#[test]
fn a_stream_of_another_session_is_not_touched() {
    let mut device = device();
    secure(&mut device, ALICE, 0, 0);
    let [slot, ..] = Slot::all(0, 0, KeySet::K0);
    let refused = Err(Error::KeyRefused(Status::UNSPECIFIED));
    assert_eq!(program(&mut device, BOB, slot.other(), 0x99), refused);
    assert_eq!(go(&mut device, BOB, slot), Err(Refused::OtherSession));
    assert_eq!(stop(&mut device, BOB, slot), Err(Refused::OtherSession));
    assert_eq!((device.state(0, 0), held(&device, 0, 0)), (StreamState::Secure, 6));
}

/// Each status of the table but the unspecified one, by the bytes.
#[test]
fn a_refused_key_gets_the_status_that_says_why() {
    let mut device = device();
    let mut request = [0; 48];
    request[1] = 2;
    let kp_ack = |device: &mut Device, at: usize, value: u8, length: usize| {
        let mut request = request;
        request[at] = value;
        let mut answer = [0xee; 8];
        assert_eq!(device.respond(Some(ALICE), &request[..length], &mut answer), Ok(8));
        assert_eq!(answer[at], value, "the answer repeats what was asked");
        assert_eq!(answer[..4], [0, 3, 0, 0]);
        answer[5]
    };
    assert_eq!(kp_ack(&mut device, 7, 1, 48), 0, "port 1");
    assert_eq!(kp_ack(&mut device, 7, 1, 47), 1, "a byte too short");
    assert_eq!(kp_ack(&mut device, 7, 1, 8), 1, "no key at all");
    assert_eq!(kp_ack(&mut device, 7, 2, 48), 2, "there are ports 0 and 1");
    assert_eq!(kp_ack(&mut device, 6, 0x30, 48), 3, "sub-stream 3");
    assert_eq!(kp_ack(&mut device, 4, 3, 48), 3, "there are streams 0 to 2");
    assert_eq!(kp_ack(&mut device, 6, 0x0c, 48), 0, "reserved bits are repeated, and mean nothing");
    let [port0, ..] = Slot::all(0, 0, KeySet::K0);
    assert!(device.hardware().material(port0).is_some());
}

#[test]
fn a_key_that_is_too_long_is_refused_by_its_length() {
    let mut answer = [0; 8];
    let mut request = [0; 52];
    request[1] = 2;
    assert_eq!(device().respond(Some(ALICE), &request, &mut answer), Ok(8));
    assert_eq!(answer[5], 1);
    let short = Malformed::Length { object: Object::KeyProg, length: 7, expected: 48 };
    let refused = device().respond(Some(ALICE), &request[..7], &mut answer);
    assert_eq!(refused, Err(Refused::Malformed(short)), "whose key it is, is not known");
}

#[test]
fn there_is_room_for_so_many_streams_with_keys() {
    let mut device = device();
    secure(&mut device, ALICE, 0, 0);
    secure(&mut device, ALICE, 0, 1);
    let [slot, ..] = Slot::all(0, 2, KeySet::K0);
    assert_eq!(program(&mut device, ALICE, slot, 1), Err(Error::KeyRefused(Status::UNSPECIFIED)));
    device.link_down(0);
    assert_eq!(program(&mut device, ALICE, slot, 1), Ok(()));
}

#[test]
fn hardware_that_fails_leaves_no_key_behind() {
    let mut device = device();
    let [slot, ..] = Slot::all(0, 0, KeySet::K0);
    program(&mut device, ALICE, slot, 1).unwrap();
    device.hardware_mut().set_fails(true);
    assert_eq!(program(&mut device, ALICE, slot, 2), Err(Error::KeyRefused(Status::UNSPECIFIED)));
    assert_eq!(held(&device, 0, 0), 0);

    device.hardware_mut().set_fails(false);
    program(&mut device, ALICE, slot, 1).unwrap();
    device.hardware_mut().set_fails(true);
    assert_eq!(go(&mut device, ALICE, slot), Err(Refused::Hardware(Fault::Failed)));
    assert_eq!(held(&device, 0, 0), 0);
    device.hardware_mut().set_fails(false);
    assert_eq!(go(&mut device, ALICE, slot), Err(Refused::NotProgrammed(slot.place())));
    assert_eq!(program(&mut device, BOB, slot, 1), Ok(()), "and the stream is free");
}

#[test]
fn a_stream_has_the_id_that_the_host_gave_it() {
    let mut device = device();
    device.hardware_mut().set_stream(0, 1, 0x42);
    secure(&mut device, ALICE, 0, 0x42);
    let [slot, ..] = Slot::all(0, 1, KeySet::K0);
    let refused = program(&mut device, ALICE, slot, 1);
    assert_eq!(refused, Err(Error::KeyRefused(Status::UNSUPPORTED_VALUE)), "stream 1 is now 0x42");
}

#[test]
fn requests_that_are_none_are_refused_and_change_nothing() {
    let mut device = device();
    secure(&mut device, ALICE, 0, 0);
    let mut refused = |request: &[u8]| device.respond(Some(ALICE), request, &mut [0; 128]).unwrap_err();
    assert_eq!(refused(&[]), Refused::Malformed(Malformed::Short(0)));
    assert_eq!(refused(&[1, 0, 0, 0]), Refused::Malformed(Malformed::Protocol(1)));
    assert_eq!(refused(&[0, 7, 0, 0, 0, 0, 0, 0]), Refused::Malformed(Malformed::Object(7)));
    for object in [Object::QueryResp, Object::KpAck, Object::KGoStopAck] {
        let request = [0, object.byte(), 0, 0, 0, 0, 0, 0];
        assert_eq!(refused(&request), Refused::NotARequest(object));
    }
    for object in [Object::KSetGo, Object::KSetStop] {
        assert_eq!(refused(&[0, object.byte(), 0, 0, 0, 0, 0, 2]), Refused::Port(2));
        assert_eq!(refused(&[0, object.byte(), 0, 0, 0, 0, 0x30, 0]), Refused::Key(0x30));
        let long = Malformed::Length { object, length: 9, expected: 8 };
        assert_eq!(refused(&[0, object.byte(), 0, 0, 0, 0, 0, 0, 0]), Refused::Malformed(long));
    }
    assert_eq!(refused(&[0, 0, 0, 2]), Refused::Port(2));
    assert_eq!((device.state(0, 0), held(&device, 0, 0)), (StreamState::Secure, 6));
}

#[test]
fn an_answer_that_does_not_fit_comes_before_the_deed() {
    let mut device = device();
    let [slot, ..] = Slot::all(0, 0, KeySet::K0);
    let mut request = [0; 48];
    let short = Refused::NoRoom(NoRoom { needed: 8, room: 7 });
    let length = Message::KSetGo(slot.place()).encode(&mut request).unwrap();
    request[1] = 2;
    assert_eq!(device.respond(Some(ALICE), &request, &mut [0; 7]), Err(short));
    assert_eq!(held(&device, 0, 0), 0);
    secure(&mut device, ALICE, 0, 0);
    request[1] = 5;
    assert_eq!(device.respond(Some(ALICE), &request[..length], &mut [0; 7]), Err(short));
    assert_eq!(device.state(0, 0), StreamState::Secure);
}
