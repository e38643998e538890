//! Signatures that come late, and what is left after an abort or a reset.

use std::time::Duration;

use lanewarden_pci::{ConfigSpace, Machine};

use crate::support::World;

#[test]
fn a_signature_that_is_put_off_comes_in_the_end() {
    let prompt = World::one("{}");
    let mut host = prompt.host("drive");
    host.attest(&prompt.emulation.anchors()).unwrap();
    let usual = host.now();
    let world = World::one("{ not_ready = { times = 3, wait_us = 200000 } }");
    let mut host = world.host("drive");
    host.attest(&world.emulation.anchors()).unwrap();
    let not_ready = host.wire.heard.iter().filter(|answer| answer[1..3] == [0x7f, 0x42]).count();
    assert_eq!(not_ready, 6, "three times each for CHALLENGE and GET_MEASUREMENTS");
    assert!(host.now() > usual + Duration::from_millis(6 * 200), "{:?}", host.now());
}

#[test]
fn a_signature_takes_its_time() {
    let world = World::one("{ algorithm = \"RSASSA-2048\", hash = \"SHA-256\" }");
    let mut host = world.host("drive");
    host.connect().unwrap();
    host.chain(&world.emulation.anchors()).unwrap();
    let before = host.now();
    host.challenge().unwrap();
    assert!(host.now() - before >= Duration::from_millis(20));
}

#[test]
fn a_reset_of_the_function_forgets_what_was_agreed_on() {
    let world = World::one("{}");
    let mut host = world.host("drive");
    host.connect().unwrap();
    // Hot reset below the root port: Bridge Control, bit 6 of its upper half.
    let port = world.machine.functions().unwrap()[0];
    let mut config = world.machine.open(port).unwrap();
    let control = config.read(0x3c).unwrap();
    config.write(0x3c, control | 1 << 22).unwrap();
    let refused = host.chain(&world.emulation.anchors()).unwrap_err();
    assert!(format!("{refused:?}").contains("UnexpectedRequest"), "{refused:?}");
    host.attest(&world.emulation.anchors()).unwrap();
}
