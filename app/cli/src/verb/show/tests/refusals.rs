//! What cannot be seen, asked or found.

use lanewarden_inventory::FunctionReport;
use lanewarden_pci::{AccessError, Claim, Image};

use super::super::reading::{Reading, ask_mailboxes};
use super::super::{Json, conclude, read_all, run};
use super::{address, extended, people, programs, read};
use crate::args::Sharing;
use crate::exit::Exit;
use crate::output::Output;
use crate::verb::images::Images;

const KEPT_APART: Sharing = Sharing { unsafe_shared: false };

fn header_only() -> Image {
    let header = Image::new(64).with(0x00, 0x0010_1b36).with(0x04, 0x0010_0406).with(0x08, 0x0108_0202);
    header.with(0x2c, 0x1100_1af4).with(0x34, 0x40)
}

fn with_mailbox() -> Image {
    let image = Image::new(4096).with(0x00, 0x0010_1b36).with(0x08, 0x0108_0202);
    image.with(0x100, extended(0x002e, 1, 0)).with(0x10c, 1)
}

fn exit_of(machine: &Images) -> Exit {
    run(machine, Some(address()), KEPT_APART, &Output::new(false, 0)).unwrap_err().exit
}

#[test]
fn an_ordinary_user_sees_the_header_and_who_sees_more() {
    let reading = read(header_only(), FunctionReport::default(), 1);
    insta::assert_snapshot!(people(&reading, 0), @r"
    0000:0d:00.0 Non-Volatile memory controller: Red Hat, Inc. QEMU NVM Express Controller (rev 02)
        Kind:      PCI device
        IDs:       1b36:0010, class 010802
        Subsystem: 1af4:1100 Red Hat, Inc.
        Driver:    none
        Command:   memory space, bus master, INTx disable
        Status:    capabilities list
        Visible:   the header only: capabilities can be read as root
    ");
    let json = programs(&reading);
    assert_eq!(json["visibility"], "header");
    assert_eq!(json["anomalies"].as_array().unwrap().len(), 0);
    assert_eq!(conclude(&[reading], Vec::new(), &Output::new(false, 0)), Exit::Ok);
}

#[test]
fn a_function_that_is_not_there_is_not_found() {
    assert_eq!(exit_of(&Images::default()), Exit::NotFound);
    let vanished = Image::from_bytes(&[0xff; 4096]);
    assert_eq!(exit_of(&Images::of([(address(), Ok(vanished))])), Exit::NotFound);
}

#[test]
fn a_function_that_may_not_be_read_is_a_matter_of_permission() {
    assert_eq!(exit_of(&Images::of([(address(), Err(AccessError::Denied))])), Exit::Permission);
}

#[test]
fn of_all_functions_those_that_cannot_be_read_are_named() {
    let other = "0000:0e:00.0".parse().unwrap();
    let machine = Images::of([(address(), Ok(header_only())), (other, Err(AccessError::Denied))]);
    let (readings, unreadable) = read_all(&machine, 0).unwrap();
    let json = serde_json::to_value(Json::new(&readings, &unreadable)).unwrap();
    assert_eq!(json["schema"], "lanewarden.show/1");
    assert_eq!(json["functions"][0]["address"], "0000:0d:00.0");
    assert_eq!(json["functions"][1]["address"], "0000:0e:00.0");
    assert_eq!(json["functions"][1]["visibility"], "none");
    assert_eq!(conclude(&readings, unreadable, &Output::new(true, 0)), Exit::Permission);
}

#[test]
fn a_mailbox_that_the_kernel_uses_is_not_asked_and_that_is_no_failure() {
    let machine = Images::of([(address(), Ok(with_mailbox()))]).claimed(Claim::Driver("nvme".into()));
    let mut readings = vec![Reading::new(&machine, address(), 0).unwrap()];
    ask_mailboxes(&machine, &mut readings, KEPT_APART);
    let json = programs(&readings[0]);
    let mailbox = &json["capabilities"][0];
    assert_eq!((&mailbox["state"], &mailbox["used_by"]), (&"in_use".into(), &"kernel driver nvme".into()));
    assert_eq!(mailbox["error"]["exit_code"], 8);
    assert_eq!(conclude(&readings, Vec::new(), &Output::new(false, 0)), Exit::Ok);
}

#[test]
fn a_mailbox_that_a_stranger_holds_is_shown_as_it_is_and_left_alone() {
    let machine = Images::of([(address(), Ok(with_mailbox()))]);
    let mut readings = vec![Reading::new(&machine, address(), 0).unwrap()];
    ask_mailboxes(&machine, &mut readings, KEPT_APART);
    let text = people(&readings[0], 0);
    assert!(text.contains("busy"), "{text}");
    assert_eq!(readings[0].mailboxes[0].statistics.aborts, 0);
    assert_eq!(conclude(&readings, Vec::new(), &Output::new(false, 0)), Exit::Busy);
}
