//! PCIe's two peers as stories: their orders, and what their libraries look at in an answer. Each check is written from
//! what they do, on bytes, and not with this crate's reader.
#![allow(clippy::arithmetic_side_effects, clippy::expect_used, clippy::indexing_slicing, clippy::unwrap_used)]

use lanewarden_ide::pci::{
    Blocks, Emulation, KeySet, Material, ProgramKey, Query, Responder, SetGo, SetStop, Slot,
};
use lanewarden_ide::{Error, Key, Refused, StreamState};

const SESSION: u32 = 0xffff_fffe;

/// As many streams as fit the 74 registers that spdm-emu's requester has room for.
type Device = Responder<Emulation<8, 8>, 8>;

fn device() -> Device {
    Responder::new(Emulation::new())
}

/// What a peer gets: the answer, in a buffer that it shares with whatever was there before.
fn exchange(device: &mut Device, request: &[u8]) -> Vec<u8> {
    let mut answer = [0xee; 1025];
    let length = device.respond(Some(SESSION), request, &mut answer).expect("the peer's request is in order");
    answer[..length].to_vec()
}

/// spdm-emu sends the protocol's byte and the object packed; reserved bytes are zero.
fn object(id: u8, stream: u8, key: u8, port: u8) -> Vec<u8> {
    vec![0, id, 0, 0, stream, 0, key, port]
}

/// It wants the protocol that it asked in, an exact size, the object, and stream, key and port as they were.
fn is_satisfied(answer: &[u8], id: u8, request: &[u8]) -> bool {
    answer.len() == 8
        && answer[0] == request[0]
        && answer[1] == id
        && answer[4] == request[4]
        && answer[6] == request[6]
        && answer[7] == request[7]
}

/// It takes no answer to QUERY of more than 7 bytes and 74 registers after the protocol, none that is not whole
/// registers, and none for another port.
fn takes_query(answer: &[u8], port: u8) -> bool {
    let object = &answer[1..];
    let registers = object.len() - 7;
    answer[0] == 0
        && object[0] == 1
        && object[2] == port
        && registers.is_multiple_of(4)
        && registers / 4 <= 74
}

const K0: [u8; 6] = [0x00, 0x10, 0x20, 0x02, 0x12, 0x22];

/// The requester of DMTF's spdm-emu: QUERY of port 1; for Rx PR, NPR, CPL, then Tx, KEY_PROG with K_SET_GO right after
/// it, on stream 0; TDISP in between; then K_SET_STOP in the same order.
#[test]
fn the_requester_of_spdm_emu_is_satisfied() {
    let mut device = device();
    for run in 0..2 {
        assert!(takes_query(&exchange(&mut device, &[0, 0, 0, 1]), 1));
        for (index, key) in K0.into_iter().enumerate() {
            assert_eq!(device.state(1, 0), StreamState::Insecure, "key {index} is to come");
            let mut program = object(2, 0, key, 1);
            program.extend([0x11 * u8::try_from(index).unwrap() + run; 32]);
            program.extend([0, 0, 0, 0, 1, 0, 0, 0]);
            let answer = exchange(&mut device, &program);
            assert!(is_satisfied(&answer, 3, &program) && answer[5] == 0, "it prints the status: {answer:?}");
            let go = object(4, 0, key, 1);
            assert!(is_satisfied(&exchange(&mut device, &go), 6, &go));
        }
        assert_eq!(device.state(1, 0), StreamState::Secure);
        for key in K0 {
            let stop = object(5, 0, key, 1);
            assert!(is_satisfied(&exchange(&mut device, &stop), 6, &stop));
            assert_eq!(device.state(1, 0), StreamState::Insecure);
        }
    }
}

/// The responder of spdm-emu shows eight ports; a host that asks each is answered, and what was programmed stays.
#[test]
fn a_query_of_every_port_wipes_no_key() {
    let mut device = device();
    for key in K0 {
        let mut program = object(2, 0, key, 1);
        program.extend([key; 40]);
        assert_eq!(exchange(&mut device, &program)[5], 0);
    }
    for port in 0..8 {
        let answer = exchange(&mut device, &[0, 0, 0, port]);
        assert!(takes_query(&answer, port));
        assert_eq!(answer[7], 7, "the highest port");
    }
    for key in K0 {
        let go = object(4, 0, key, 1);
        assert!(is_satisfied(&exchange(&mut device, &go), 6, &go));
    }
    assert_eq!(device.state(1, 0), StreamState::Secure);
}

/// The requester of spdm-rs: QUERY of port 0, which must have two registers at least; all KEY_PROG, then all K_SET_GO,
/// then all K_SET_STOP. It panics at any other status than success. The DWs of its vector are the other way round.
#[test]
fn the_requester_of_spdm_rs_is_satisfied() {
    let mut device = device();
    let answer = exchange(&mut device, &[0, 0, 0, 0]);
    assert!(takes_query(&answer, 0));
    assert!((answer.len() - 8) / 4 >= 2);
    for key in K0 {
        let mut program = object(2, 0, key, 0);
        program.extend([key ^ 0xff; 32]);
        program.extend([1, 0, 0, 0, 0, 0, 0, 0]);
        let answer = exchange(&mut device, &program);
        assert!(is_satisfied(&answer, 3, &program) && answer[5] == 0);
    }
    assert_eq!(device.state(0, 0), StreamState::Insecure);
    for key in K0 {
        let go = object(4, 0, key, 0);
        assert!(is_satisfied(&exchange(&mut device, &go), 6, &go));
    }
    assert_eq!(device.state(0, 0), StreamState::Secure);
    for key in K0 {
        let stop = object(5, 0, key, 0);
        assert!(is_satisfied(&exchange(&mut device, &stop), 6, &stop));
    }
    assert_eq!(device.state(0, 0), StreamState::Insecure);
}

fn material(byte: u8) -> Material {
    Material { key: Key::new([byte; 32]), iv: [0, 1] }
}

/// A host of this crate, as its user drives it.
struct Host<'d> {
    device: &'d mut Device,
    session: Option<u32>,
}

impl Host<'_> {
    fn exchange(&mut self, request: &[u8]) -> Result<Vec<u8>, Refused> {
        let mut answer = vec![0; 1024];
        let length = self.device.respond(self.session, request, &mut answer)?;
        answer.truncate(length);
        Ok(answer)
    }

    fn program(&mut self, slot: Slot, material: &Material) -> Result<Result<(), Error>, Refused> {
        let (program, mut request) = (ProgramKey { slot, material }, [0; 48]);
        program.encode(&mut request).unwrap();
        Ok(program.check(&self.exchange(&request)?))
    }

    fn go(&mut self, slot: Slot) -> Result<Result<(), Error>, Refused> {
        let (go, mut request) = (SetGo { slot }, [0; 8]);
        go.encode(&mut request).unwrap();
        Ok(go.check(&self.exchange(&request)?))
    }

    fn stop(&mut self, slot: Slot) -> Result<Result<(), Error>, Refused> {
        let (stop, mut request) = (SetStop { slot }, [0; 8]);
        stop.encode(&mut request).unwrap();
        Ok(stop.check(&self.exchange(&request)?))
    }
}

#[test]
fn a_host_and_a_device_agree_in_both_orders() {
    for all_keys_first in [false, true] {
        let mut device = device();
        let mut host = Host { device: &mut device, session: Some(SESSION) };
        let slots = Slot::all(3, 5, KeySet::K0);
        let keys = [1, 2, 3, 4, 5, 6].map(material);
        for (slot, key) in slots.iter().zip(&keys) {
            assert_eq!(host.program(*slot, key), Ok(Ok(())));
            if !all_keys_first {
                assert_eq!(host.go(*slot), Ok(Ok(())));
            }
        }
        for slot in slots.iter().filter(|_| all_keys_first) {
            assert_eq!(host.go(*slot), Ok(Ok(())));
        }
        let answer = host.exchange(&[0, 0, 0, 3]).unwrap();
        let found = Query { port: 3 }.check(&answer).unwrap();
        let secure = Blocks::new(found.registers).unwrap().selective();
        let secure: Vec<_> = secure.filter(|block| block.state() == Some(StreamState::Secure)).collect();
        assert_eq!(secure.iter().map(|block| block.stream()).collect::<Vec<_>>(), [5]);
        for (slot, key) in slots.iter().zip(&keys) {
            assert_eq!(host.device.hardware().in_use(*slot), Some(&key.key));
        }
        assert_eq!(host.stop(slots[0]), Ok(Ok(())));
        assert_eq!(device.state(3, 5), StreamState::Insecure);
    }
}

/// Row T20: without a session it fails, with one it works, and the end of the session ends it.
#[test]
fn link_keys_live_and_die_with_their_session() {
    let mut device = device();
    let slots = Slot::all(0, 0, KeySet::K0);
    let mut host = Host { device: &mut device, session: None };
    assert_eq!(host.program(slots[0], &material(1)), Err(Refused::NoSession));
    host.session = Some(SESSION);
    for slot in slots {
        assert_eq!(host.program(slot, &material(1)), Ok(Ok(())));
        assert_eq!(host.go(slot), Ok(Ok(())));
    }
    device.ended(SESSION);
    assert_eq!(device.state(0, 0), StreamState::Insecure);
    let mut host = Host { device: &mut device, session: Some(SESSION) };
    assert_eq!(
        host.go(slots[0]),
        Err(Refused::NotProgrammed(slots[0].place())),
        "even under the same number"
    );
}
