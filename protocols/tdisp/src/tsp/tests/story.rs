//! Host and device from the first message to the last, and spdm-emu's requester as it asks and checks.

use std::vec;
use std::vec::Vec;

use super::support::{Device, OTHER, PRIMARY, RANGES, device, exchange, wanted};
use crate::tests::shared;
use crate::tsp::{
    CheckDelayedCompletion, Emulated, Error, ErrorCode, GetCapabilities, GetConfiguration, GetVersion,
    LockConfiguration, Question, Refusal, ReportFetch, Secondary, SetConfiguration, SetTeState, State,
    answer, ask,
};

/// Asks; hands the answer to what checks it.
fn tell<Q: Question, T>(
    device: &mut Device,
    question: &Q,
    told: impl FnOnce(Result<Q::Answer<'_>, Error>) -> T,
) -> T {
    let (mut request, mut buffer) = ([0; 400], [0; 200]);
    let length = ask(question, &mut request).unwrap();
    let length = device.respond(Some(PRIMARY), &request[..length], &mut buffer).unwrap();
    told(answer(question, &buffer[..length]))
}

const SECONDARY: Secondary<'static> = Secondary::NONE;

#[test]
fn a_host_takes_memory_into_a_trusted_domain() {
    let report: Vec<u8> = (0..=255).collect();
    let mut device = Device::new(Emulated::new(0x20_0000).with_report(&report).unwrap());
    tell(&mut device, &GetVersion, |answer| answer.unwrap());
    let capabilities = tell(&mut device, &GetCapabilities, |answer| answer.unwrap());
    assert_eq!(wanted().check_against(&capabilities), Ok(()));
    let set = SetConfiguration { configuration: wanted(), secondary: SECONDARY };
    tell(&mut device, &set, |answer| answer.unwrap());
    let seen = tell(&mut device, &GetConfiguration, |answer| answer.unwrap());
    assert_eq!(seen, (wanted(), State::ConfigUnlocked));

    let mut buffer = [0; 256];
    let mut fetch = ReportFetch::new(&mut buffer, 1000);
    let mut portions = 0;
    while let Some(question) = fetch.next() {
        tell(&mut device, &question, |answer| fetch.take(answer.unwrap())).unwrap();
        portions += 1;
    }
    assert_eq!(portions, 2, "256 bytes, and the room of an answer is for 191");
    let seen = fetch.finish().unwrap();
    assert_eq!((seen.valid, seen.structures), (0, &report[4..]));

    tell(&mut device, &LockConfiguration, |answer| answer.unwrap());
    let refused = |code| Err(Error::Refused(Refusal { code, data: 0 }));
    let again = tell(&mut device, &LockConfiguration, |answer| answer);
    assert_eq!(again, refused(ErrorCode::ALREADY_LOCKED));
    let give = SetTeState { is_trusted: true, ranges: &RANGES };
    tell(&mut device, &give, |answer| answer.unwrap());
    assert!(device.hardware().is_trusted(RANGES[0].start));

    device.hardware_mut().put_off(9);
    let take = SetTeState { is_trusted: false, ranges: &RANGES };
    assert_eq!(tell(&mut device, &take, |answer| answer), Err(Error::Delayed(9)));
    tell(&mut device, &CheckDelayedCompletion, |answer| answer.unwrap());
    assert!(!device.hardware().is_trusted(RANGES[0].start));

    device.violated();
    let seen = tell(&mut device, &GetConfiguration, |answer| answer.map(|_| ()));
    assert_eq!(seen, refused(ErrorCode::INVALID_SECURITY_STATE));
}

/// A request as spdm-emu's requester makes it, and what it checks of every answer. Its buffers hold an error or the one
/// answer, so nothing may be longer.
fn emu(device: &mut Device, session: u32, code: u8, body: &[u8], longest: usize) -> Vec<u8> {
    let answer = exchange(device, session, &[&[1, 0x10, code], body].concat());
    assert_eq!(answer[0], 1, "protocol");
    let message = &answer[1..];
    assert!(message.len() <= longest.max(12), "{code:#x}: {}", message.len());
    assert_eq!(message[..2], [0x10, code & 0x7f], "version and code of the answer to {code:#x}");
    message.to_vec()
}

fn u16_at(bytes: &[u8], place: usize) -> u16 {
    u16::from_le_bytes([bytes[place], bytes[place + 1]])
}

fn u32_at(bytes: &[u8], place: usize) -> u32 {
    u32::from_le_bytes(bytes[place..place + 4].try_into().unwrap())
}

fn emu_meet(device: &mut Device, session: u32) {
    let version = emu(device, session, 0x81, &[0, 0], 6);
    assert_eq!(version[4..], [1, 0x10], "one version, 1.0");
    let capabilities = emu(device, session, 0x82, &[0, 0], 52);
    assert_eq!(capabilities.len(), 52);
    let (encryption, te) = (u16_at(&capabilities, 2), u16_at(&capabilities, 12));
    assert_eq!(encryption & 0x17, 1, "encryption, and no kind that needs more");
    assert_ne!(u32_at(&capabilities, 4) & 0x8000_0003, 0, "a cipher");
    assert_eq!(u16_at(&capabilities, 8), 0, "no keys of ranges");
    assert!(te & 2 == 0 || te & 0x1c != 0, "read access control has a way to change the state");
    assert_eq!(te & 1, 0, "no write access control");
    assert!(te & 4 == 0 || (te & 0x10 != 0 && u32_at(&capabilities, 20) & 1 != 0), "implicit change");
    assert_eq!((te & 8, u32_at(&capabilities, 16)), (0, 0), "nothing out of band");
    assert_eq!(te & 0x10 != 0, u32_at(&capabilities, 20) & 0x8000_07ff != 0, "in band");
    assert_eq!((u16_at(&capabilities, 24) & 2, capabilities[32]), (0, 0), "no secondary sessions");
}

fn emu_configuration(device: &mut Device) -> Vec<u8> {
    let configuration = emu(device, PRIMARY, 0x84, &[0, 0], 192);
    assert_eq!(configuration.len(), 192);
    assert!(configuration[36] <= 2, "state");
    configuration
}

/// In portions of 512 bytes, as it does it.
fn emu_report(device: &mut Device) -> Vec<u8> {
    shared::emu_report(512, |offset, length| {
        let body = [[0, 0], offset.to_le_bytes(), length.to_le_bytes()].concat();
        let answer = emu(device, PRIMARY, 0x85, &body, 8 + 512);
        assert_eq!(answer.len(), 8 + usize::from(u16_at(&answer, 4)));
        (answer[8..].to_vec(), u16_at(&answer, 6))
    })
}

#[test]
fn spdm_emu_s_requester_is_satisfied() {
    let mut device = device();
    emu_meet(&mut device, PRIMARY);
    let mut set = vec![0; 350];
    set[0] = 1; // encryption
    set[2] = 2; // AES-XTS-256
    set[10] = 0x16; // read access control, implicit and in band
    set[22] = 1; // firmware updates while locked
    for entry in 1..8 {
        set[46 + 16 * entry + 8] = 0xff;
    }
    assert_eq!(emu(&mut device, PRIMARY, 0x83, &set, 4).len(), 4);

    let configuration = emu_configuration(&mut device);
    assert_eq!(configuration[2..36], set[..34], "what was set");
    assert_eq!(configuration[48..176], set[46..174], "the granularities that were set");
    assert_eq!(configuration[36], 0, "unlocked");
    assert_eq!(emu_report(&mut device).len(), 4);
    assert_eq!(emu(&mut device, PRIMARY, 0x86, &[0, 0], 4).len(), 4);
    assert_eq!(emu_configuration(&mut device)[36], 1, "locked");
    for state in [1, 0] {
        let mut body = vec![state, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        body.extend([0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]);
        assert_eq!(emu(&mut device, PRIMARY, 0x8d, &body, 4).len(), 4);
        assert_eq!(device.hardware().is_trusted(0x10_0000), state == 1);
    }
    device.ended(PRIMARY);
    emu_meet(&mut device, OTHER);
}

#[test]
fn spdm_emu_s_requester_puts_a_report_together() {
    let report: Vec<u8> = (0..512_u32).map(|place| place.to_le_bytes()[0]).collect();
    let mut device = Device::new(Emulated::new(0).with_report(&report).unwrap());
    emu_meet(&mut device, PRIMARY);
    assert_eq!(emu_report(&mut device), report);
}
