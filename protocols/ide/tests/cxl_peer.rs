//! The CXL flow of DMTF's spdm-emu as a story, and a host of this crate against a device of this crate. The peer's checks
//! are written from what it does, on bytes, and not with this crate's reader.
#![allow(clippy::arithmetic_side_effects, clippy::expect_used, clippy::indexing_slicing)]

use lanewarden_ide::cxl::{
    Capabilities, Emulation, FIRST_IV, GetKey, Iv, Mode, ProgramKey, Query, Responder, SetGo, SetStop, Slot,
};
use lanewarden_ide::{Error, Fault, StreamState};

const SESSION: u32 = 0xffff_fffe;

type Random = fn(&mut [u8]) -> Result<(), Fault>;
type Device = Responder<Emulation<Random, 8>, 8>;

fn device(capabilities: Capabilities) -> Device {
    let random: Random = |out| {
        out.fill(0x77);
        Ok(())
    };
    Responder::new(Emulation::new(random).with(capabilities))
}

fn exchange(device: &mut Device, request: &[u8]) -> Vec<u8> {
    let mut answer = [0xee; 1025];
    let length = device.respond(Some(SESSION), request, &mut answer).expect("the request is in order");
    answer[..length].to_vec()
}

fn object(id: u8, key: u8) -> Vec<u8> {
    vec![0, id, 0, 0, 0, 0, key, 0]
}

/// It wants the protocol that it asked in, an exact size, the object, and stream, key and port as they were.
fn is_satisfied(answer: &[u8], id: u8, size: usize, request: &[u8]) -> bool {
    answer.len() == size
        && answer[0] == request[0]
        && answer[1] == id
        && answer[4] == request[4]
        && answer[6] == request[6]
        && answer[7] == request[7]
}

/// The requester of spdm-emu: QUERY of port 0, with room for nine registers; GET_KEY where the device makes anything;
/// KEY_PROG for Rx with the device's key and for Tx with its own; K_SET_GO for both; K_SET_STOP for both where the device
/// can. A vector that does not begin with 0x80000000 it does not send, but asks for the default one.
fn as_spdm_emu(capabilities: Capabilities) {
    let mut device = device(capabilities);
    let answer = exchange(&mut device, &[0, 0, 0, 0]);
    let caps = answer[8];
    assert!(answer[..2] == [0, 1] && answer[3] == 0 && (answer.len() - 9).is_multiple_of(4));
    assert!((answer.len() - 9) / 4 <= 9);
    assert_eq!(caps, capabilities.0);

    let mut material = vec![0x11; 44];
    if caps & 0x30 != 0 {
        let get = object(7, 0x80);
        let answer = exchange(&mut device, &get);
        assert!(is_satisfied(&answer, 8, 52, &get));
        material.copy_from_slice(&answer[8..]);
    }
    if caps & 0x20 == 0 {
        material[..32].fill(0x22);
    }
    if caps & 0x10 == 0 {
        material[32..].copy_from_slice(&[0, 0, 0, 0x80, 0, 0, 0, 0, 1, 0, 0, 0]);
    }
    let iv = if material[32..36] == [0, 0, 0, 0x80] { 0 } else { 8 };
    for key in [0x80 | iv, 0x82] {
        let program = [object(2, key), material.clone()].concat();
        let answer = exchange(&mut device, &program);
        assert!(is_satisfied(&answer, 3, 8, &program) && answer[5] == 0, "it prints the status: {answer:?}");
    }
    assert_eq!(device.state(0, 0), StreamState::Insecure);
    for key in [0x80, 0x82] {
        let go = object(4, key);
        assert!(is_satisfied(&exchange(&mut device, &go), 6, 8, &go));
    }
    assert_eq!(device.state(0, 0), StreamState::Secure);
    let [rx, _] = Slot::all(0, 0);
    let (used, mode) = device.hardware().in_use(rx).expect("it is in use");
    assert_eq!((&used.key.expose()[..], used.iv, mode), (&material[..32], FIRST_IV, Mode::Skid));
    for key in [0x80, 0x82].into_iter().filter(|_| caps & 0x40 != 0) {
        let stop = object(5, key);
        assert!(is_satisfied(&exchange(&mut device, &stop), 6, 8, &stop));
        assert_eq!(device.state(0, 0), StreamState::Insecure);
    }
}

#[test]
fn the_requester_of_spdm_emu_is_satisfied_whatever_the_device_can_do() {
    for bits in 0..8 {
        as_spdm_emu(Capabilities(bits << 4).and(Capabilities::V1));
    }
}

#[test]
fn a_host_and_a_device_agree() -> Result<(), Error> {
    let capabilities = [Capabilities::KEY_GENERATION, Capabilities::IV_GENERATION, Capabilities::STOP];
    let mut device = device(capabilities.into_iter().fold(Capabilities::V1, Capabilities::and));
    let mut request = [0; 52];
    let length = Query { port: 2 }.encode(&mut request).expect("there is room");
    let answer = exchange(&mut device, &request[..length]);
    let found = Query { port: 2 }.check(&answer)?;
    assert!(capabilities.into_iter().all(|one| found.capabilities.has(one)));
    for slot in Slot::all(2, 0) {
        let get = GetKey { slot };
        let length = get.encode(&mut request).expect("there is room");
        let material = get.check(&exchange(&mut device, &request[..length]))?;
        let program = ProgramKey { slot, material: &material, iv: Iv::Initial };
        let length = program.encode(&mut request).expect("there is room");
        program.check(&exchange(&mut device, &request[..length]))?;
        let go = SetGo { slot, mode: Mode::Containment };
        let length = go.encode(&mut request).expect("there is room");
        go.check(&exchange(&mut device, &request[..length]))?;
        assert_eq!(device.hardware().in_use(slot), Some((&material, Mode::Containment)));
    }
    assert_eq!(device.state(2, 0), StreamState::Secure);
    let [slot, _] = Slot::all(2, 0);
    let stop = SetStop { slot };
    let length = stop.encode(&mut request).expect("there is room");
    stop.check(&exchange(&mut device, &request[..length]))?;
    assert_eq!(device.state(2, 0), StreamState::Insecure);
    Ok(())
}
