#![allow(clippy::arithmetic_side_effects)]

use std::fs;
use std::os::fd::AsRawFd;
use std::sync::{Arc, Mutex};

use lanewarden_pci::registers::doe::{CONTROL, READ_MAILBOX, STATUS, WRITE_MAILBOX};
use lanewarden_pci::{Image, Machine};
use rustix::fs::{MemfdFlags, SealFlags};

use super::*;
use crate::sample::{MAILBOX, Tree, address, endpoint};
use crate::{RawWrite, Sysfs};

const BDF: &str = "0000:0f:00.0";
const GO: u32 = 1 << 31;
const ABORT: u32 = 1;

fn register(register: u16) -> u16 {
    MAILBOX + register
}

/// A machine that collects its audit lines.
fn audited(machine: Sysfs) -> (Sysfs, Arc<Mutex<Vec<String>>>) {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&lines);
    (machine.audit(move |write: &RawWrite| sink.lock().unwrap().push(write.to_string())), lines)
}

#[test]
fn registers_are_little_endian() {
    let tree = Tree::new();
    tree.endpoint(BDF);
    let mut config = tree.open(BDF);
    assert_eq!(config.read(0), Ok(0x0d93_8086));
    config.write(register(WRITE_MAILBOX), 0x1234_5678).unwrap();
    let bytes = fs::read(tree.path("sys/bus/pci/devices/0000:0f:00.0/config")).unwrap();
    assert_eq!(bytes[0x1a0..0x1a4], [0x78, 0x56, 0x34, 0x12]);
}

#[test]
fn the_size_is_what_can_be_read() {
    for size in [64, 256, 4096] {
        let tree = Tree::new();
        tree.function(BDF, &Image::new(size));
        let mut config = tree.open(BDF);
        assert_eq!(config.size(), size);
        assert_eq!(config.read(size - 4), Ok(0));
        assert_eq!(config.read(size), Err(AccessError::OutOfRange(size)));
        assert_eq!(config.write(size, 0), Err(AccessError::OutOfRange(size)));
        assert_eq!(config.read(2), Err(AccessError::OutOfRange(2)));
        assert_eq!(config.read(0xffff), Err(AccessError::OutOfRange(0xffff)));
    }
}

/// The file always has its full length; to an ordinary user it ends behind the header all the same.
#[test]
fn an_ordinary_user_sees_the_header() {
    assert_eq!(reachable(4096, || Ok(false)), Ok(64));
    assert_eq!(reachable(256, || Ok(true)), Ok(256));
    assert_eq!(reachable(1 << 40, || Ok(true)), Ok(4096));
    assert_eq!(reachable(64, || Err(AccessError::Gone)), Ok(64));
    assert_eq!(reachable(4096, || Err(AccessError::Gone)), Err(AccessError::Gone));
}

/// Row T22: it says so at once, whatever is tried.
#[test]
fn a_vanished_function_is_gone() {
    let tree = Tree::new();
    tree.endpoint(BDF);
    let mut config = tree.open(BDF);
    config.write(register(WRITE_MAILBOX), 0).unwrap();
    fs::write(&config.path, []).unwrap();
    assert_eq!(config.read(0), Err(AccessError::Gone));
    fs::remove_file(&config.path).unwrap();
    assert_eq!(tree.machine().open(address(BDF)).err(), Some(AccessError::Gone));
}

/// A device is not its address: another may have taken the place between the first read and the first write.
#[test]
fn what_replaced_a_function_is_not_written_to() {
    let tree = Tree::new();
    tree.endpoint(BDF);
    let mut config = tree.open(BDF);
    let aside = config.path.with_file_name("old");
    fs::rename(&config.path, aside).unwrap();
    tree.endpoint(BDF);
    assert_eq!(config.write(register(WRITE_MAILBOX), 1), Err(AccessError::Gone));
    assert_eq!(tree.open(BDF).read(register(WRITE_MAILBOX)), Ok(0));
}

#[test]
fn lockdown_refuses_before_the_kernel_has_to() {
    for mode in ["none [integrity] confidentiality", "none integrity [confidentiality]"] {
        let tree = Tree::new();
        tree.endpoint(BDF).lockdown(mode);
        let mut config = tree.machine().allow_shared(true).open(address(BDF)).unwrap();
        assert_eq!(config.write(register(WRITE_MAILBOX), 1), Err(AccessError::Lockdown));
        assert_eq!(config.read(register(WRITE_MAILBOX)), Ok(0));
    }
    let tree = Tree::new();
    tree.endpoint(BDF).lockdown("[none] integrity confidentiality");
    assert_eq!(tree.open(BDF).write(register(WRITE_MAILBOX), 1), Ok(()));
}

/// A sealed memory file refuses writes with EPERM, as the kernel does under lockdown.
#[test]
fn lockdown_that_begins_later_is_told_from_other_refusals() {
    let tree = Tree::new();
    let sealed = rustix::fs::memfd_create("config", MemfdFlags::ALLOW_SEALING).unwrap();
    pwrite(&sealed, endpoint().bytes(), 0).unwrap();
    rustix::fs::fcntl_add_seals(&sealed, SealFlags::WRITE).unwrap();
    let below = format!("sys/bus/pci/devices/{BDF}/config");
    tree.link(&below, &format!("/proc/self/fd/{}", sealed.as_raw_fd()));
    let mut config = tree.open(BDF);
    assert_eq!(config.write(register(WRITE_MAILBOX), 1), Err(AccessError::Denied));
    tree.lockdown("none [integrity] confidentiality");
    assert_eq!(config.write(register(WRITE_MAILBOX), 1), Err(AccessError::Lockdown));
}

/// Row D4: no register of a mailbox that the kernel uses is written to.
#[test]
fn a_claimed_mailbox_is_read_only() {
    let tree = Tree::new();
    tree.endpoint(BDF).driver(BDF, "cxl_pci");
    let mut config = tree.open(BDF);
    for offset in (MAILBOX..register(0x18)).step_by(4) {
        assert_eq!(config.write(offset, u32::MAX), Err(AccessError::Claimed), "{offset:#x}");
    }
    assert_eq!(config.read(register(STATUS)), Ok(0));
}

/// Row D4: unless that was asked for.
#[test]
fn sharing_has_to_be_allowed() {
    let tree = Tree::new();
    tree.endpoint(BDF).driver(BDF, "cxl_pci");
    let mut config = tree.machine().allow_shared(true).open(address(BDF)).unwrap();
    assert_eq!(config.write(register(WRITE_MAILBOX), 1), Ok(()));
    assert_eq!(config.write(register(CONTROL), GO), Ok(()));
}

/// Row D4: a driver bound while the request was being written keeps GO from being given.
#[test]
fn the_kernel_is_asked_again_before_go() {
    let tree = Tree::new();
    tree.endpoint(BDF);
    let mut config = tree.open(BDF);
    config.write(register(WRITE_MAILBOX), 1).unwrap();
    tree.driver(BDF, "cxl_pci");
    // What has been begun goes on, up to the write that would set it off.
    assert_eq!(config.write(register(WRITE_MAILBOX), 2), Ok(()));
    assert_eq!(config.write(register(CONTROL), GO), Err(AccessError::Claimed));
    assert_eq!(config.read(register(CONTROL)), Ok(0));
}

/// Rows D4 and B12: what was found before one exchange is not believed in the next.
#[test]
fn every_exchange_begins_with_the_question() {
    let tree = Tree::new();
    tree.endpoint(BDF);
    let mut config = tree.open(BDF);
    config.write(register(WRITE_MAILBOX), 1).unwrap();
    config.write(register(CONTROL), GO).unwrap();
    tree.port("port2", BDF);
    // The rest of our own answer may be taken away; a new request, or an abort of what is the kernel's by now, not.
    assert_eq!(config.write(register(READ_MAILBOX), 0), Ok(()));
    assert_eq!(config.write(register(WRITE_MAILBOX), 1), Err(AccessError::Claimed));
    assert_eq!(config.write(register(CONTROL), ABORT), Err(AccessError::Claimed));
}

#[test]
fn a_strangers_answer_is_not_acknowledged() {
    let tree = Tree::new();
    tree.endpoint(BDF).driver(BDF, "cxl_pci");
    assert_eq!(tree.open(BDF).write(register(READ_MAILBOX), 0), Err(AccessError::Claimed));
    tree.unbind(BDF);
    let mut config = tree.open(BDF);
    config.write(register(WRITE_MAILBOX), 1).unwrap();
    config.write(register(CONTROL), GO).unwrap();
    config.write(register(CONTROL), ABORT).unwrap();
    tree.driver(BDF, "cxl_pci");
    assert_eq!(config.write(register(READ_MAILBOX), 0), Err(AccessError::Claimed));
}

/// Row D13: other registers are the administrator's affair, and leave a line each.
#[test]
fn a_write_elsewhere_passes_and_is_told() {
    let tree = Tree::new();
    tree.endpoint(BDF).driver(BDF, "cxl_pci");
    let (machine, lines) = audited(tree.machine());
    let mut config = machine.open(address(BDF)).unwrap();
    assert_eq!(config.write(0x04, 0x0010_0406), Ok(()));
    assert_eq!(config.write(register(0x18), 7), Ok(()));
    assert_eq!(config.write(register(CONTROL), GO), Err(AccessError::Claimed));
    assert_eq!(
        *lines.lock().unwrap(),
        [
            "audit: raw write of 0x00100406 to 0000:0f:00.0 [004]: done",
            "audit: raw write of 0x00000007 to 0000:0f:00.0 [1a8]: done",
        ]
    );
}

/// Row D4: a list of capabilities that cannot be followed does not hide a mailbox.
#[test]
fn where_mailboxes_may_be_anywhere_all_of_it_is_theirs() {
    let tree = Tree::new();
    let looped = Image::new(4096).with(0x100, 0x1001_0003);
    tree.function(BDF, &looped).driver(BDF, "cxl_pci");
    let (machine, lines) = audited(tree.machine());
    let mut config = machine.open(address(BDF)).unwrap();
    assert_eq!(config.write(register(CONTROL), GO), Err(AccessError::Claimed));
    assert_eq!(config.write(0x04, 6), Ok(()));
    assert_eq!(lines.lock().unwrap().len(), 1);
}
