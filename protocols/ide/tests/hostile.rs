//! Devices and hosts that send anything: nothing panics, nothing is answered that was not asked, and no stream is secure
//! without six keys, or two.
#![allow(clippy::arithmetic_side_effects, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;

use lanewarden_ide::{Fault, Key, Refused, StreamState, cxl, pci};
use proptest::prelude::*;

/// A payload that is often in order: the object, its length, small numbers for ports and streams.
fn payloads(longest: usize) -> impl Strategy<Value = Vec<u8>> {
    let likely = (0..9u8, 0..3u8, 0..3u8, any::<u8>(), any::<u8>(), prop::bool::weighted(0.9)).prop_map(
        move |(object, stream, port, key, filler, is_right)| {
            let key = if is_right { key & 0x23 } else { key };
            let mut payload = vec![0, object, 0, 0, stream, 0, key, port];
            let length = match object {
                0 => 4,
                2 => longest,
                _ => 8,
            };
            payload.resize(length, filler);
            if object == 0 {
                payload[3] = port;
            }
            payload
        },
    );
    prop_oneof![9 => likely, 1 => prop::collection::vec(any::<u8>(), 0..64)]
}

/// What a host may do, and what may happen.
#[derive(Clone, Debug)]
enum Event {
    Request(Option<u32>, Vec<u8>),
    Ended(u32),
    LinkDown(u8),
    Fails(bool),
}

fn events(longest: usize) -> impl Strategy<Value = Vec<Event>> {
    let session = prop_oneof![1 => Just(None), 19 => (1..3u32).prop_map(Some)];
    let event = prop_oneof![
        40 => (session, payloads(longest)).prop_map(|(session, payload)| Event::Request(session, payload)),
        1 => (1..3u32).prop_map(Event::Ended),
        1 => (0..3u8).prop_map(Event::LinkDown),
        1 => any::<bool>().prop_map(Event::Fails),
    ];
    prop::collection::vec(event, 0..300)
}

/// An answer fits its request: what follows the object is repeated.
fn fits(request: &[u8], answer: &[u8]) -> bool {
    let object = match request[1] {
        0 => 1,
        2 => 3,
        4 | 5 => 6,
        7 => 8,
        _ => return false,
    };
    let is_repeated = if object == 1 {
        request[3] == answer[3]
    } else {
        (request[4], request[6], request[7]) == (answer[4], answer[6], answer[7])
    };
    answer[0] == 0 && answer[1] == object && is_repeated
}

type Pci = pci::Responder<pci::Emulation<2, 2>, 3>;

/// A stream is what its keys make it, above and below.
fn pci_holds(device: &Pci, port: u8, stream: u8) -> Result<(), TestCaseError> {
    let hardware = device.hardware();
    let lanes = pci::Slot::all(port, stream, pci::KeySet::K0);
    let all = lanes.iter().all(|slot| hardware.in_use(*slot).or(hardware.in_use(slot.other())).is_some());
    let state = if all { StreamState::Secure } else { StreamState::Insecure };
    prop_assert_eq!(device.state(port, stream), state);
    prop_assert_eq!(hardware.state(port, stream), state);
    Ok(())
}

proptest! {
    #[test]
    fn a_device_of_pcie_holds_whatever_comes(events in events(48)) {
        let mut device = Pci::new(pci::Emulation::new());
        let mut owners = BTreeMap::new();
        for event in events {
            match event {
                Event::Request(session, request) => {
                    let mut answer = [0; 64];
                    let answered = device.respond(session, &request, &mut answer);
                    if let Ok(length) = answered {
                        prop_assert!(fits(&request, &answer[..length]));
                        if request[1] == 2 && answer[5] == 0 {
                            owners.insert((request[7], request[4]), session);
                        }
                    }
                    prop_assert!(session.is_some() || answered == Err(Refused::NoSession));
                }
                Event::Ended(session) => {
                    device.ended(session);
                    for ((port, stream), _) in owners.iter().filter(|(_, owner)| **owner == Some(session)) {
                        prop_assert_eq!(device.state(*port, *stream), StreamState::Insecure);
                        for slot in pci::Slot::all(*port, *stream, pci::KeySet::K0) {
                            prop_assert!(device.hardware().material(slot).is_none());
                            prop_assert!(device.hardware().material(slot.other()).is_none());
                        }
                    }
                }
                Event::LinkDown(port) => device.link_down(port),
                Event::Fails(fails) => device.hardware_mut().set_fails(fails),
            }
            for (port, stream) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                pci_holds(&device, port, stream)?;
            }
        }
    }

    #[test]
    fn a_device_of_cxl_holds_whatever_comes(events in events(52)) {
        let random = |out: &mut [u8]| -> Result<(), Fault> { out.fill(1); Ok(()) };
        let mut device = cxl::Responder::<_, 2>::new(cxl::Emulation::<_, 2>::new(random));
        for event in events {
            match event {
                Event::Request(session, mut request) => {
                    if let Some(key) = request.get_mut(6) {
                        *key = *key & 0x0f | if *key & 0x10 == 0 { 0x80 } else { *key & 0xf0 };
                    }
                    let mut answer = [0; 64];
                    let answered = device.respond(session, &request, &mut answer);
                    if let Ok(length) = answered {
                        prop_assert!(fits(&request, &answer[..length]));
                    }
                    prop_assert!(session.is_some() || answered == Err(Refused::NoSession));
                }
                Event::Ended(session) => device.ended(session),
                Event::LinkDown(port) => device.link_down(port),
                Event::Fails(fails) => device.hardware_mut().set_fails(fails),
            }
            for port in [0, 1] {
                let all = cxl::Slot::all(port, 0).iter().all(|slot| device.hardware().in_use(*slot).is_some());
                let state = if all { StreamState::Secure } else { StreamState::Insecure };
                prop_assert_eq!(device.state(port, 0), state);
                prop_assert_eq!(device.hardware().state(port), state);
            }
        }
    }

    /// What a device answers is taken for success only where it fits in all its bytes.
    #[test]
    fn a_host_takes_no_answer_that_does_not_fit(answer in payloads(48), port in 0..3u8, stream in 0..3u8) {
        let material = pci::Material { key: Key::new([1; 32]), iv: [0, 1] };
        for slot in pci::Slot::all(port, stream, pci::KeySet::K1) {
            let place = slot.place();
            let is_for = |object: u8| {
                answer.len() == 8
                    && answer[..2] == [0, object]
                    && (answer[4], answer[6], answer[7]) == (stream, place.key, port)
            };
            let programmed = pci::ProgramKey { slot, material: &material }.check(&answer).is_ok();
            prop_assert_eq!(programmed, is_for(3) && answer[5] == 0);
            prop_assert_eq!(pci::SetGo { slot }.check(&answer).is_ok(), is_for(6));
            prop_assert_eq!(pci::SetStop { slot }.check(&answer).is_ok(), is_for(6));
        }
        if let Ok(found) = (pci::Query { port }).check(&answer)
            && let Some(blocks) = pci::Blocks::new(found.registers)
        {
            prop_assert!(blocks.links().count() <= blocks.link_count().into());
            prop_assert!(blocks.selective().count() <= blocks.selective_count().into());
        }
        let slot = cxl::Slot { port, stream, direction: cxl::Direction::Rx };
        let _ = (cxl::GetKey { slot }.check(&answer), cxl::Query { port }.check(&answer));
    }

    /// Registers of any bits and any number are taken apart without end or panic.
    #[test]
    fn registers_of_any_bits_are_taken_apart(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut answer = vec![0, 1, 0, 0, 0, 0, 0, 0];
        answer.extend(&bytes[..bytes.len() / 4 * 4]);
        let found = pci::Query { port: 0 }.check(&answer).expect("it is whole");
        if let Some(blocks) = pci::Blocks::new(found.registers) {
            let links = blocks.links().count() * 2;
            let selective: usize = blocks.selective().map(|block| 5 + block.addresses.len()).sum();
            prop_assert!(2 + links + selective <= found.registers.len());
        }
    }
}
