use super::*;
use crate::cxl::{Direction, Emulation, FIRST_IV, GetKey, ProgramKey, Query, SetGo, SetStop};
use crate::{Error, Fault, Malformed, NoRoom, PortInfo, tests};

const ALICE: u32 = 0x8000_0001;
const BOB: u32 = 0x8000_0002;

type Random = fn(&mut [u8]) -> Result<(), Fault>;
type Device = Responder<Emulation<Random, 2>, 1>;

fn random(out: &mut [u8]) -> Result<(), Fault> {
    out.fill(0x77);
    Ok(())
}

fn device() -> Device {
    Responder::new(Emulation::new(random as Random))
}

fn able(capabilities: Capabilities) -> Device {
    Responder::new(Emulation::new(random as Random).with(capabilities))
}

fn material(byte: u8) -> Material {
    Material { key: Key::new([byte; 32]), iv: [byte.into(), 5, 6] }
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
    let request = ProgramKey { slot, material: &material, iv: Iv::Initial };
    ask(device, session, |out| request.encode(out), |answer| request.check(answer)).unwrap()
}

fn go(device: &mut Device, session: u32, slot: Slot, mode: Mode) -> Result<(), Refused> {
    let request = SetGo { slot, mode };
    ask(device, session, |out| request.encode(out), |answer| request.check(answer)).map(Result::unwrap)
}

fn stop(device: &mut Device, session: u32, slot: Slot) -> Result<(), Refused> {
    let request = SetStop { slot };
    ask(device, session, |out| request.encode(out), |answer| request.check(answer)).map(Result::unwrap)
}

fn get_key(device: &mut Device, slot: Slot) -> Result<Material, Refused> {
    let request = GetKey { slot };
    ask(device, ALICE, |out| request.encode(out), |answer| request.check(answer)).map(Result::unwrap)
}

fn secure(device: &mut Device, session: u32) {
    for (slot, byte) in Slot::all(0, 0).into_iter().zip(1..) {
        program(device, session, slot, byte).unwrap();
        go(device, session, slot, Mode::Skid).unwrap();
    }
    assert_eq!((device.state(0, 0), device.hardware().state(0)), (StreamState::Secure, StreamState::Secure));
}

fn is_gone(device: &Device) -> bool {
    let is_empty =
        |slot| device.hardware().waiting(slot).is_none() && device.hardware().in_use(slot).is_none();
    let states = (device.state(0, 0), device.hardware().state(0));
    states == (StreamState::Insecure, StreamState::Insecure) && Slot::all(0, 0).into_iter().all(is_empty)
}

#[test]
fn nothing_is_answered_outside_of_a_session() {
    for object in [0, 2, 4, 5, 7] {
        let refused = device().respond(None, &[0, object, 0, 0, 0, 0, 0x80, 0], &mut [0; 64]);
        assert_eq!(refused, Err(Refused::NoSession));
    }
}

#[test]
fn a_query_says_what_the_device_can_do_and_wipes_nothing() {
    let mut device = device();
    device.hardware_mut().set_registers(1, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    secure(&mut device, ALICE);
    let mut answer = [0; 64];
    let length = device.respond(Some(BOB), &[0, 0, 0, 1], &mut answer).unwrap();
    assert_eq!(length, 9 + 9 * 4);
    let found = Query { port: 1 }.check(&answer[..length]).unwrap();
    assert_eq!(found.info, PortInfo { max_port: 1, ..PortInfo::default() });
    assert_eq!(found.capabilities, Capabilities(0x71));
    assert!(found.registers.iter().eq(1..=9));
    assert_eq!(device.state(0, 0), StreamState::Secure);
}

#[test]
fn a_programmed_key_waits_and_go_puts_it_in_the_place_of_the_one_in_use() {
    let mut device = device();
    secure(&mut device, ALICE);
    let [rx, tx] = Slot::all(0, 0);
    program(&mut device, ALICE, tx, 9).unwrap();
    program(&mut device, ALICE, tx, 10).unwrap();
    assert_eq!(device.hardware().waiting(tx), Some(&material(10)), "one that waits can be replaced");
    assert_eq!(device.hardware().in_use(tx), Some((&material(2), Mode::Skid)));
    go(&mut device, ALICE, tx, Mode::Containment).unwrap();
    assert_eq!(device.hardware().in_use(tx), Some((&material(10), Mode::Containment)));
    assert_eq!(device.hardware().waiting(tx), None);
    assert_eq!(device.hardware().in_use(rx), Some((&material(1), Mode::Skid)));
    assert_eq!(device.state(0, 0), StreamState::Secure);
}

#[test]
fn a_key_that_was_not_programmed_does_not_go() {
    let mut device = device();
    let [rx, tx] = Slot::all(0, 0);
    assert_eq!(go(&mut device, ALICE, rx, Mode::Skid), Err(Refused::NotProgrammed(rx.place())));
    program(&mut device, ALICE, rx, 1).unwrap();
    assert_eq!(go(&mut device, ALICE, tx, Mode::Skid), Err(Refused::NotProgrammed(tx.place())));
    go(&mut device, ALICE, rx, Mode::Skid).unwrap();
    assert_eq!(device.state(0, 0), StreamState::Insecure, "one direction is not enough");
    assert_eq!(go(&mut device, ALICE, rx, Mode::Skid), Ok(()), "it goes already");
    let other = rx.with_mode(Mode::Containment);
    assert_eq!(go(&mut device, ALICE, rx, Mode::Containment), Err(Refused::NotProgrammed(other)));
}

#[test]
fn the_default_vector_is_taken_where_the_message_says_so() {
    let mut device = device();
    let [rx, _] = Slot::all(0, 0);
    let given = material(3);
    let request = ProgramKey { slot: rx, material: &given, iv: Iv::Default };
    ask(&mut device, ALICE, |out| request.encode(out), |answer| request.check(answer)).unwrap().unwrap();
    let waiting = device.hardware().waiting(rx).unwrap();
    assert_eq!((&waiting.key, waiting.iv), (&given.key, FIRST_IV));
}

#[test]
fn either_direction_stops_the_stream_and_all_its_keys_are_wiped() {
    for slot in Slot::all(0, 0) {
        let mut device = device();
        secure(&mut device, ALICE);
        program(&mut device, ALICE, slot, 9).unwrap();
        stop(&mut device, ALICE, slot).unwrap();
        assert!(is_gone(&device), "{slot}");
        for slot in Slot::all(0, 0) {
            assert_eq!(stop(&mut device, ALICE, slot), Ok(()), "what is stopped can be stopped");
        }
        secure(&mut device, BOB);
    }
}

#[test]
fn a_direction_that_is_stopped_before_the_stream_is_secure_leaves_the_other() {
    let mut device = device();
    let [rx, tx] = Slot::all(0, 0);
    program(&mut device, ALICE, rx, 1).unwrap();
    program(&mut device, ALICE, tx, 2).unwrap();
    go(&mut device, ALICE, rx, Mode::Skid).unwrap();
    stop(&mut device, ALICE, rx).unwrap();
    assert_eq!((device.hardware().in_use(rx), device.hardware().waiting(tx)), (None, Some(&material(2))));
}

#[test]
fn a_device_that_does_not_stop_says_so() {
    let mut device = able(Capabilities::V1);
    secure(&mut device, ALICE);
    let [rx, _] = Slot::all(0, 0);
    assert_eq!(stop(&mut device, ALICE, rx), Err(Refused::Unsupported(Object::KSetStop)));
    assert_eq!(device.state(0, 0), StreamState::Secure);
    device.ended(ALICE);
    assert!(is_gone(&device), "the end of the session stops it all the same");
}

#[test]
fn a_device_gives_what_its_capabilities_promise_and_no_more() {
    let [rx, _] = Slot::all(0, 0);
    let (key, iv) = (Capabilities::KEY_GENERATION, Capabilities::IV_GENERATION);
    let both = get_key(&mut able(key.and(iv)), rx).unwrap();
    assert_eq!(both, Material { key: Key::new([0x77; 32]), iv: FIRST_IV });
    let alone = get_key(&mut able(key), rx).unwrap();
    assert_eq!(alone, Material { key: Key::new([0x77; 32]), iv: [0; 3] });
    let alone = get_key(&mut able(iv), rx).unwrap();
    assert_eq!(alone, Material { key: Key::new([0; 32]), iv: FIRST_IV });
    let none = get_key(&mut able(Capabilities::STOP), rx);
    assert_eq!(none, Err(Refused::Unsupported(Object::GetKey)));
}

#[test]
fn without_randomness_there_is_no_key() {
    let mut device = Device::new(Emulation::new(|_| Err(Fault::Failed)));
    let [rx, _] = Slot::all(0, 0);
    assert_eq!(get_key(&mut device, rx), Err(Refused::Hardware(Fault::Failed)));
}

/// Row T20: what a session has set up ends with it.
#[test]
fn all_of_a_session_ends_with_it_and_another_does_not_touch_it() {
    let mut device = device();
    secure(&mut device, ALICE);
    let [rx, tx] = Slot::all(0, 0);
    let refused = Err(Error::CxlKeyRefused(Status::INVALID));
    assert_eq!(program(&mut device, BOB, rx, 9), refused);
    assert_eq!(go(&mut device, BOB, rx, Mode::Skid), Err(Refused::OtherSession));
    assert_eq!(stop(&mut device, BOB, tx), Err(Refused::OtherSession));
    device.ended(BOB);
    assert_eq!(device.state(0, 0), StreamState::Secure);
    program(&mut device, ALICE, rx, 3).unwrap();
    device.ended(ALICE);
    assert!(is_gone(&device));
}

/// Row P1: a port that loses its link or its power forgets its keys.
#[test]
fn a_link_that_is_down_has_no_keys() {
    let mut device = device();
    secure(&mut device, ALICE);
    device.link_down(1);
    assert_eq!(device.state(0, 0), StreamState::Secure, "another port");
    device.link_down(0);
    assert!(is_gone(&device));
    secure(&mut device, ALICE);
    device.reset();
    assert!(is_gone(&device));
}

#[test]
fn a_refused_key_is_invalid_whatever_the_reason_and_repeated() {
    let mut device = device();
    let mut request = [0; 52];
    (request[1], request[6]) = (2, 0x80);
    let mut kp_ack = |at: usize, value: u8, length: usize| {
        let mut request = request;
        request[at] = value;
        let mut answer = [0xee; 8];
        assert_eq!(device.respond(Some(ALICE), &request[..length], &mut answer), Ok(8));
        assert_eq!(answer[at], value);
        assert_eq!(answer[..4], [0, 3, 0, 0]);
        answer[5]
    };
    assert_eq!(kp_ack(6, 0x8d, 52), 0, "bits 0 and 2 are reserved");
    assert_eq!(kp_ack(6, 0x80, 48), 1, "the length of PCIe, with two DWs of vector");
    assert_eq!(kp_ack(7, 2, 52), 1, "there are ports 0 and 1");
    assert_eq!(kp_ack(6, 0x00, 52), 1, "the sub-stream must be 8");
    assert_eq!(kp_ack(7, 1, 52), 1, "there is room for one stream");
    assert_eq!(kp_ack(4, 1, 52), 1, "there is stream 0");
}

#[test]
fn hardware_that_fails_leaves_no_key_waiting_and_the_one_in_use_in_use() {
    let mut device = device();
    secure(&mut device, ALICE);
    let [rx, _] = Slot::all(0, 0);
    program(&mut device, ALICE, rx, 9).unwrap();
    device.hardware_mut().set_fails(true);
    assert_eq!(go(&mut device, ALICE, rx, Mode::Skid), Err(Refused::Hardware(Fault::Failed)));
    assert_eq!(device.hardware().waiting(rx), None);
    device.hardware_mut().set_fails(false);
    program(&mut device, ALICE, rx, 9).unwrap();
    device.hardware_mut().set_fails(true);
    assert_eq!(program(&mut device, ALICE, rx, 10), Err(Error::CxlKeyRefused(Status::INVALID)));
    assert_eq!(device.hardware().waiting(rx), None);
    assert_eq!(device.hardware().in_use(rx), Some((&material(1), Mode::Skid)));
    assert_eq!(device.state(0, 0), StreamState::Secure);
}

#[test]
fn requests_that_are_none_are_refused() {
    let mut device = device();
    let mut refused = |request: &[u8]| device.respond(Some(ALICE), request, &mut [0; 64]).unwrap_err();
    assert_eq!(refused(&[0]), Refused::Malformed(Malformed::Short(1)));
    assert_eq!(refused(&[1, 0, 0, 0]), Refused::Malformed(Malformed::Protocol(1)));
    assert_eq!(refused(&[0, 9, 0, 0, 0, 0, 0, 0]), Refused::Malformed(Malformed::Object(9)));
    for object in [Object::QueryResp, Object::KpAck, Object::KGoStopAck, Object::GetKeyAck] {
        let request = [0, object.byte(), 0, 0, 0, 0, 0x80, 0];
        assert_eq!(refused(&request), Refused::NotARequest(object));
    }
    for object in [Object::KSetGo, Object::KSetStop, Object::GetKey] {
        assert_eq!(refused(&[0, object.byte(), 0, 0, 0, 0, 0x80, 2]), Refused::Port(2));
        assert_eq!(refused(&[0, object.byte(), 0, 0, 0, 0, 0x20, 0]), Refused::Key(0x20));
        let short = Malformed::Length { object, length: 7, expected: 8 };
        assert_eq!(refused(&[0, object.byte(), 0, 0, 0, 0, 0x80]), Refused::Malformed(short));
    }
}

#[test]
fn an_answer_that_does_not_fit_comes_before_the_deed() {
    let mut device = device();
    secure(&mut device, ALICE);
    let [rx, _] = Slot::all(0, 0);
    assert_eq!(rx.direction, Direction::Rx);
    let mut ask = |request: &[u8], room: usize| device.respond(Some(ALICE), request, &mut [0; 64][..room]);
    let short = |needed, room| Err(Refused::NoRoom(NoRoom { needed, room }));
    assert_eq!(ask(&[0, 5, 0, 0, 0, 0, 0x80, 0], 7), short(8, 7));
    assert_eq!(ask(&[0, 7, 0, 0, 0, 0, 0x80, 0], 51), short(52, 51));
    assert_eq!(ask(&[0, 0, 0, 0], 44), short(45, 44));
    assert_eq!(device.state(0, 0), StreamState::Secure);
}
