//! Sessions with devices of an emulated machine.

use std::time::Duration;

use lanewarden_doe::Error as MailboxError;
use lanewarden_pci::{ConfigSpace, Machine};
use lanewarden_spdm::Reason;
use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::message::KeyOperation;
use lanewarden_spdm::requester::{Settings, Transport};
use lanewarden_time::Clock;

use crate::support::{Host, Refused, World, one};

/// A vendor's request (DSP0274 1.3, 10.13), and what it says.
const VENDOR_REQUEST: [u8; 11] = [0x13, 0xfe, 0, 0, 3, 0, 2, 0xf4, 0x1a, 16, 0];
const MARKER: &[u8; 16] = b"read by nobody..";

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|part| part == wanted)
}

/// A vendor's request, which the device refuses.
fn refused_marker(host: &mut Host, session: Option<u32>) {
    let message = [&VENDOR_REQUEST[..], MARKER].concat();
    match session {
        Some(id) => host.requester.within(id).request(&message).unwrap(),
        None => host.requester.request(&message).unwrap(),
    }
    let Refused::Spdm(error) = host.run(|_| {}).unwrap_err() else { panic!("over SPDM") };
    assert!(matches!(error.reason, Reason::Refused(_)), "{error}");
}

/// Row D8: outside of sessions who watches the mailbox reads all that is said, and in one nothing.
#[test]
fn who_watches_the_mailbox_reads_nothing_of_what_is_said_in_a_session() {
    let world = World::with_sessions("{ heartbeat_s = 10 }");
    let mut host = world.host("drive");
    let attested = host.attest(&world.emulation.anchors()).unwrap();
    let values: Vec<Vec<u8>> = attested.measurements.into_iter().map(|(.., value)| value).collect();
    refused_marker(&mut host, None);
    let outside = std::mem::take(&mut host.wire.config.seen);
    assert!(holds(&outside, MARKER) && values.iter().all(|value| holds(&outside, value)));

    let id = host.open(&world.emulation.anchors()).unwrap();
    host.wire.config.seen.clear();
    assert_eq!(host.measure_in(id).unwrap(), values);
    refused_marker(&mut host, Some(id));
    host.requester.within(id).update_keys(KeyOperation::UpdateAllKeys).unwrap();
    host.run(|_| {}).unwrap();
    assert_eq!(host.measure_in(id).unwrap(), values);
    refused_marker(&mut host, Some(id));
    let inside = &host.wire.config.seen;
    assert!(inside.len() > 1000, "{} bytes went by", inside.len());
    assert!(!holds(inside, MARKER));
    for value in values {
        assert!(!holds(inside, &value), "{value:02x?}");
    }
}

/// Sessions of two hosts with one device, used in turn, stay apart; when one has ended the other goes on.
fn stay_apart(world: &World, mut one: Host, mut other: Host) {
    let anchors = world.emulation.anchors();
    let (first, second) = (one.open(&anchors).unwrap(), other.open(&anchors).unwrap());
    for host in [&mut one, &mut other] {
        host.wire.said.clear();
    }
    for _ in 0..5000 {
        one.beat(first).unwrap();
        other.beat(second).unwrap();
    }
    // The same was said, and the keys are others.
    let pairs = one.wire.said.iter().zip(&other.wire.said);
    assert_eq!((pairs.len(), pairs.filter(|(one, other)| one == other).count()), (5000, 0));
    assert_eq!(one.measure_in(first).unwrap(), other.measure_in(second).unwrap());

    other.requester.within(second).end(false).unwrap();
    other.run(|_| {}).unwrap();
    one.beat(first).unwrap();
    // What belongs to the one is of no meaning to who has answered the other.
    let record = one.wire.said.last().unwrap().clone();
    let crossed = other.wire.exchange(MessageKind::Secured, &record, &mut [0; 4096], Duration::ZERO);
    assert_eq!(crossed, Err(MailboxError::Timeout));
    one.beat(first).unwrap();
    let again = other.open(&anchors).unwrap();
    other.beat(again).unwrap();
    one.beat(first).unwrap();
}

/// Row D9: sessions on two mailboxes of a device live and die apart, and nothing crosses between them.
#[test]
fn sessions_on_two_mailboxes_stay_apart() {
    let both = "{ protocols = [\"cma_spdm\", \"secured_cma_spdm\"] }";
    let text = one("{ heartbeat_s = 255 }");
    let world = World::new(&text.replace("{ protocols = [\"cma_spdm\"] }", &format!("{both}, {both}")));
    let [one, other] = [0, 1].map(|place| Host::at(&world.machine, "drive", place, Settings::default()));
    stay_apart(&world, one, other);
}

/// Row D9: so do sessions on two connections of one mailbox.
#[test]
fn sessions_on_two_connections_of_a_mailbox_stay_apart() {
    let both = "\"cma_spdm_with_connection\", \"secured_cma_spdm_with_connection\"";
    let world = World::new(&one("{ heartbeat_s = 255 }").replace("\"cma_spdm\"", both));
    let [one, other] = [3, 4].map(|connection| {
        let mut host = world.host("drive");
        host.wire.connection = Some(connection);
        host
    });
    stay_apart(&world, one, other);
}

#[test]
fn a_mailbox_without_secured_messages_opens_no_session() {
    let world = World::one("{}");
    let mut host = world.host("drive");
    let Refused::Spdm(error) = host.open(&world.emulation.anchors()).unwrap_err() else {
        panic!("over SPDM")
    };
    assert!(matches!(error.reason, Reason::Incapable(what) if what.contains("KEY_EX_CAP")), "{error}");
}

#[test]
fn a_session_ends_when_nothing_is_heard_of_its_host_for_too_long() {
    let world = World::with_sessions("{ heartbeat_s = 10 }");
    let mut host = world.host("drive");
    let id = host.open(&world.emulation.anchors()).unwrap();
    for _ in 0..3 {
        world.machine.wait_until(world.machine.now() + Duration::from_secs(19));
        host.beat(id).unwrap();
    }
    world.machine.wait_until(world.machine.now() + Duration::from_secs(20));
    assert_eq!(host.beat(id), Err(Refused::Mailbox(MailboxError::Timeout)));
}

#[test]
fn a_reset_of_the_function_ends_its_sessions() {
    let world = World::with_sessions("{ heartbeat_s = 10 }");
    let mut host = world.host("drive");
    let id = host.open(&world.emulation.anchors()).unwrap();
    // Hot reset below the root port: Bridge Control, bit 6 of its upper half.
    let port = world.machine.functions().unwrap()[0];
    let mut config = world.machine.open(port).unwrap();
    let control = config.read(0x3c).unwrap();
    config.write(0x3c, control | 1 << 22).unwrap();
    assert_eq!(host.beat(id), Err(Refused::Mailbox(MailboxError::Timeout)));
}

/// The records of a mailbox that takes little are no longer than what it takes.
#[test]
fn records_fit_into_a_small_mailbox() {
    let text = one("{}").replace("[\"cma_spdm\"]", "[\"cma_spdm\", \"secured_cma_spdm\"], max_dwords = 96");
    let world = World::new(&text);
    let mut host = world.host("drive");
    let id = host.open(&world.emulation.anchors()).unwrap();
    assert_eq!(host.measure_in(id).unwrap().len(), 4);
    assert!(host.wire.heard.iter().all(|answer| answer.len() <= 96 * 4 - 8));
}

/// The device's random bytes and its share of the key exchange (DSP0274 1.3, table 70).
fn share(seed: u64) -> Vec<u8> {
    let text = one("{}").replace("\"cma_spdm\"", "\"cma_spdm\", \"secured_cma_spdm\"");
    let world = World::new(&text.replace("seed = 7", &format!("seed = {seed}")));
    let mut host = world.host("drive");
    host.open(&world.emulation.anchors()).unwrap();
    let answer = host.wire.heard.iter().find(|answer| answer[1] == 0x64).unwrap();
    answer[8..136].to_vec()
}

#[test]
fn keys_of_sessions_come_from_the_seed() {
    assert_eq!(share(7), share(7));
    assert_ne!(share(7), share(8));
}
