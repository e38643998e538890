//! A device, and messages to it.

use std::vec;
use std::vec::Vec;

use crate::tsp::{
    Algorithms, Configuration, ConfigurationFeatures, Emulated, EncryptionFeatures, ErrorCode, Granularity,
    MemoryRange, Ranges, Request, Responder, Response, Secondary, State, TeFeatures, decode_response,
};

pub(super) const PRIMARY: u32 = 0x1111_2222;
pub(super) const OTHER: u32 = 0x3333_4444;
pub(super) const RANGES: [MemoryRange; 1] = [MemoryRange { start: 0x10_0000, length: 0x1_0000 }];

pub(super) type Device = Responder<Emulated>;

/// As spdm-emu's requester wants it.
pub(super) fn wanted() -> Configuration {
    let mut in_band_granularity = [Granularity::UNUSED; 8];
    in_band_granularity[0].length_index = 0;
    Configuration {
        encryption: EncryptionFeatures::ENCRYPTION,
        algorithm: Algorithms::AES_XTS_256,
        te: TeFeatures::READ_ACCESS_CONTROL
            | TeFeatures::IMPLICIT_CHANGE
            | TeFeatures::EXPLICIT_IN_BAND_CHANGE,
        features: ConfigurationFeatures::LOCKED_FIRMWARE_UPDATE,
        in_band_granularity,
        ..Configuration::default()
    }
}

pub(super) fn set() -> Request<'static> {
    Request::SetConfiguration(wanted(), Secondary::NONE)
}

pub(super) fn te(state: u8) -> Request<'static> {
    Request::SetTeState { state, ranges: Ranges::new(&RANGES) }
}

/// With 2 MiB of memory.
pub(super) fn device() -> Device {
    Device::new(Emulated::new(0x20_0000))
}

pub(super) fn payload(request: &Request<'_>) -> Vec<u8> {
    let mut payload = vec![0xee; 1024];
    let length = request.encode(&mut payload).unwrap();
    payload.truncate(length);
    payload
}

pub(super) fn exchange(device: &mut Device, session: u32, payload: &[u8]) -> Vec<u8> {
    let mut answer = vec![0xee; 600];
    let length = device.respond(Some(session), payload, &mut answer).unwrap();
    answer.truncate(length);
    answer
}

/// What it refuses with.
pub(super) fn ask(device: &mut Device, session: u32, request: &Request<'_>) -> Result<(), ErrorCode> {
    let answer = exchange(device, session, &payload(request));
    match decode_response(&answer).unwrap().1 {
        Response::Error(error) => Err(error.code),
        _ => Ok(()),
    }
}

/// A device in this state, whose primary session is [`PRIMARY`].
pub(super) fn device_in(state: State) -> Device {
    let mut device = device();
    ask(&mut device, PRIMARY, &Request::GetVersion).unwrap();
    if state != State::ConfigUnlocked {
        ask(&mut device, PRIMARY, &set()).unwrap();
        ask(&mut device, PRIMARY, &Request::LockConfiguration).unwrap();
    }
    if state == State::Error {
        device.violated();
    }
    assert_eq!(device.state(), state);
    device
}
