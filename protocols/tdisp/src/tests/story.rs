//! Host and device from the first message to the last, and spdm-emu's requester as it asks and checks.

use std::vec;
use std::vec::Vec;

use super::shared;
use super::support::{
    DEVICE_INFO, Device, INTERFACE, LOCK, NONCE, OWNER, RANGES, device, exchange, random, updatable,
};
use crate::{
    BindStream, Error, ErrorCode, GetCapabilities, GetState, GetVersion, Host, LockFlags, LockInterface,
    MmioRange, Question, RangeAttributes, Refusal, ReportFetch, RequestCode, SetMmioAttribute, State,
    StopInterface, UnbindStream, Violation,
};

const HOST: Host = Host::new(INTERFACE);

/// Asks; hands the answer to what checks it.
fn tell<Q: Question, T>(
    device: &mut Device,
    question: &Q,
    told: impl FnOnce(Result<Q::Answer<'_>, Error>) -> T,
) -> T {
    let (mut request, mut answer) = ([0; 128], [0; 96]);
    let length = HOST.ask(question, &mut request).unwrap();
    let length = device.respond(Some(OWNER), random, &request[..length], &mut answer).unwrap();
    told(HOST.answer(question, &answer[..length]))
}

fn state(device: &mut Device) -> State {
    tell(device, &GetState, |state| state.unwrap())
}

#[test]
fn a_host_takes_an_interface_into_a_trusted_domain_and_gives_it_back() {
    let mut device = device();
    tell(&mut device, &GetVersion, |answer| answer.unwrap());
    let capabilities = tell(&mut device, &GetCapabilities::default(), |answer| answer.unwrap());
    assert!(capabilities.lock_flags.contains(LockFlags::BIND_P2P));
    assert!(capabilities.requests.contains(RequestCode::SetMmioAttribute));
    assert!(!capabilities.requests.contains(RequestCode::Vendor));
    assert_eq!(state(&mut device), State::ConfigUnlocked);

    let start = tell(&mut device, &LockInterface(LOCK), |answer| answer.unwrap());
    assert_eq!(state(&mut device), State::ConfigLocked);
    let mut buffer = [0; 256];
    let mut fetch = ReportFetch::new(&mut buffer, 1000);
    let mut portions = 0;
    while let Some(question) = fetch.next() {
        tell(&mut device, &question, |answer| fetch.take(answer.unwrap())).unwrap();
        portions += 1;
    }
    assert_eq!(portions, 1, "60 bytes, and the room of an answer is for 75");
    let report = fetch.finish().unwrap();
    assert_eq!(report.device_info(), DEVICE_INFO);
    let seen: Vec<_> = report.ranges().map(|range| range.first_page).collect();
    assert_eq!(seen, [0x15_0000, 0x15_0004], "moved by 0xd0000000");

    tell(&mut device, &start, |answer| answer.unwrap());
    assert_eq!(state(&mut device), State::Run);
    tell(&mut device, &BindStream(5), |answer| answer.unwrap());
    tell(&mut device, &SetMmioAttribute(updatable(RangeAttributes::NON_TEE)), |answer| answer.unwrap());
    tell(&mut device, &UnbindStream(5), |answer| answer.unwrap());
    tell(&mut device, &StopInterface, |answer| answer.unwrap());
    assert_eq!(state(&mut device), State::ConfigUnlocked);

    let refused = Error::Refused(Refusal { code: ErrorCode::INVALID_INTERFACE_STATE, data: 0 });
    assert_eq!(tell(&mut device, &start, |answer| answer), Err(refused), "the nonce is used up");
}

#[test]
fn a_host_sees_that_an_interface_broke_and_takes_it_anew() {
    let mut device = device();
    let start = tell(&mut device, &LockInterface(LOCK), |answer| answer.unwrap());
    tell(&mut device, &start, |answer| answer.unwrap());
    device.violated(INTERFACE, Violation::StreamInsecure);
    assert_eq!(state(&mut device), State::Error);
    tell(&mut device, &StopInterface, |answer| answer.unwrap());
    let start = tell(&mut device, &LockInterface(LOCK), |answer| answer.unwrap());
    tell(&mut device, &start, |answer| answer.unwrap());
    assert_eq!(state(&mut device), State::Run);
}

/// A request as spdm-emu's requester makes it, and what it checks of every answer: the version, the type, the function.
/// Its buffers hold an error or the one answer, so nothing may be longer.
fn emu(device: &mut Device, code: u8, body: &[u8], longest: usize) -> Vec<u8> {
    let head = [1, 0x10, code, 0, 0, 0xef, 0xbe, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let answer = exchange(device, OWNER, &[&head, body].concat());
    assert_eq!(answer[0], 1, "protocol");
    let message = &answer[1..];
    assert!(message.len() <= longest.max(24), "{code:#x}: {}", message.len());
    assert_eq!(message[..2], [0x10, code & 0x7f], "version and type of the answer to {code:#x}");
    assert_eq!(message[4..8], [0xef, 0xbe, 0, 0], "function");
    message.to_vec()
}

fn emu_state(device: &mut Device) -> u8 {
    let answer = emu(device, 0x85, &[], 17);
    assert_eq!(answer.len(), 17);
    answer[16]
}

/// In portions of 64 bytes, as it does it.
fn emu_report(device: &mut Device) -> Vec<u8> {
    shared::emu_report(64, |offset, length| {
        let body = [offset.to_le_bytes(), length.to_le_bytes()].concat();
        let answer = emu(device, 0x84, &body, 20 + 64);
        let portion = u16::from_le_bytes([answer[16], answer[17]]);
        assert_eq!(answer.len(), 20 + usize::from(portion));
        (answer[20..].to_vec(), u16::from_le_bytes([answer[18], answer[19]]))
    })
}

#[test]
fn spdm_emu_s_requester_is_satisfied() {
    let mut device = device();
    let version = emu(&mut device, 0x81, &[], 18);
    assert_eq!(version[16..], [1, 0x10], "one version, 1.0");
    let capabilities = emu(&mut device, 0x82, &[0; 4], 44);
    assert_eq!(capabilities.len(), 44);
    assert_eq!(emu_state(&mut device), 0);

    let flags = &capabilities[36..38];
    let rest = [0, 0, 0, 0, 0, 0xd0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let locked = emu(&mut device, 0x83, &[flags, &rest[..2], &rest[2..]].concat(), 48);
    assert_eq!(locked.len(), 48);
    assert_eq!(emu_state(&mut device), 1);

    let report = emu_report(&mut device);
    assert!(report.len() > 64 - 20, "{}", report.len());
    let count = u32::from_le_bytes(report[12..16].try_into().unwrap());
    let info_at = 16 + 16 * usize::try_from(count).unwrap();
    let info_length = u32::from_le_bytes(report[info_at..info_at + 4].try_into().unwrap());
    assert_eq!(report.len(), info_at + 4 + usize::try_from(info_length).unwrap());

    assert_eq!(locked[16..], NONCE);
    assert_eq!(emu(&mut device, 0x86, &locked[16..], 16).len(), 16);
    assert_eq!(emu_state(&mut device), 2);
    assert_eq!(emu(&mut device, 0x87, &[], 16).len(), 16);
    assert_eq!(emu_state(&mut device), 0);
}

#[test]
fn spdm_emu_s_requester_puts_a_report_of_many_portions_together() {
    let ranges: Vec<_> = (0..8).map(|id| MmioRange { id, ..RANGES[0] }).collect();
    let head = crate::ReportHead::default();
    let interface = crate::EmulatedInterface::new(INTERFACE, head, &ranges, &[7; 64]).unwrap();
    let other = crate::EmulatedInterface::new(super::support::OTHER, head, &[], &[]).unwrap();
    let hardware = crate::Emulated::new([interface, other]);
    let ids = hardware.ids();
    let mut device = Device::new(hardware, ids);
    tell(&mut device, &LockInterface(LOCK), |answer| answer.map(|_| ())).unwrap();
    let report = emu_report(&mut device);
    assert_eq!(report.len(), 20 + 8 * 16 + 64);
    let mut buffer = [0; 256];
    let mut fetch = ReportFetch::new(&mut buffer, 50);
    while let Some(question) = fetch.next() {
        tell(&mut device, &question, |answer| fetch.take(answer.unwrap())).unwrap();
    }
    assert_eq!(fetch.finish(), crate::Report::parse(&report).map_err(Error::Malformed));
}

#[test]
fn an_emulated_interface_has_fixed_room() {
    let head = crate::ReportHead::default();
    let of = |ranges: usize, info: usize| {
        let ranges = vec![MmioRange::default(); ranges];
        crate::EmulatedInterface::new(INTERFACE, head, &ranges, &vec![0; info]).map(|_| ())
    };
    assert_eq!((of(8, 64), of(9, 0), of(0, 65)), (Ok(()), Err(crate::NoRoom), Err(crate::NoRoom)));
}
