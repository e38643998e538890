//! A device of two interfaces, and messages to it.

use std::vec;
use std::vec::Vec;

use crate::{
    Emulated, EmulatedInterface, ErrorCode, InterfaceId, InterfaceInfo, Lock, LockFlags, MmioRange,
    NONCE_SIZE, NoEntropy, NonceView, RangeAttributes, ReportHead, Request, Responder, Response, State,
    decode_response,
};

pub(super) const OWNER: u32 = 0x1111_2222;
pub(super) const STRANGER: u32 = 0x3333_4444;
pub(super) const NONCE: [u8; NONCE_SIZE] = [0xc7; NONCE_SIZE];
/// spdm-emu's requester speaks to this one, whatever the device's address is.
pub(super) const INTERFACE: InterfaceId = InterfaceId::from_bits(0xbeef);
pub(super) const OTHER: InterfaceId = InterfaceId::from_bits(0xbef0);
pub(super) const NOWHERE: InterfaceId = InterfaceId::from_bits(0x1234);
pub(super) const DEVICE_INFO: &[u8] = b"emulated";

pub(super) const LOCK: Lock = Lock {
    flags: LockFlags::NO_FIRMWARE_UPDATE.union(LockFlags::BIND_P2P),
    default_stream: 0,
    mmio_reporting_offset: 0xd000_0000,
    p2p_address_mask: 0,
};

pub(super) const RANGES: [MmioRange; 2] = [
    MmioRange { first_page: 0x8_0000, pages: 4, attributes: RangeAttributes::MSIX_TABLE, id: 0 },
    MmioRange { first_page: 0x8_0004, pages: 16, attributes: RangeAttributes::UPDATABLE, id: 2 },
];

pub(super) type Device = Responder<Emulated<2>, 2>;

pub(super) fn device() -> Device {
    let info = InterfaceInfo::NO_UPDATE_AFTER_LOCK | InterfaceInfo::DMA_WITHOUT_PASID;
    let head = ReportHead { info, ..ReportHead::default() };
    let interface = |id| EmulatedInterface::new(id, head, &RANGES, DEVICE_INFO).unwrap();
    let hardware = Emulated::new([interface(INTERFACE), interface(OTHER)]);
    let ids = hardware.ids();
    Responder::new(hardware, ids)
}

/// The range that may be changed, as the report gives it under [`LOCK`].
pub(super) fn updatable(attributes: RangeAttributes) -> MmioRange {
    MmioRange { first_page: 0x15_0004, attributes, ..RANGES[1] }
}

/// Fills with [`NONCE`].
pub(super) fn random(bytes: &mut [u8; NONCE_SIZE]) -> Result<(), NoEntropy> {
    *bytes = NONCE;
    Ok(())
}

pub(super) fn exchange(device: &mut Device, session: u32, payload: &[u8]) -> Vec<u8> {
    let mut answer = vec![0xee; 512];
    let length = device.respond(Some(session), random, payload, &mut answer).unwrap();
    answer.truncate(length);
    answer
}

pub(super) fn payload(interface: InterfaceId, request: &Request<'_>) -> Vec<u8> {
    let mut payload = vec![0xee; 512];
    let length = request.encode(interface, &mut payload).unwrap();
    payload.truncate(length);
    payload
}

/// Asks [`INTERFACE`]; what it refuses with.
pub(super) fn ask(device: &mut Device, session: u32, request: &Request<'_>) -> Result<(), ErrorCode> {
    let answer = exchange(device, session, &payload(INTERFACE, request));
    let (header, response) = decode_response(&answer).unwrap();
    assert_eq!(header.interface, INTERFACE);
    match response {
        Response::Error(error) => Err(error.code),
        _ => Ok(()),
    }
}

pub(super) fn start() -> Request<'static> {
    Request::StartInterface(NonceView::new(&NONCE))
}

/// A device whose first interface is in this state, through [`OWNER`].
pub(super) fn device_in(state: State) -> Device {
    let mut device = device();
    if state != State::ConfigUnlocked {
        ask(&mut device, OWNER, &Request::LockInterface(LOCK)).unwrap();
    }
    if matches!(state, State::Run | State::Error) {
        ask(&mut device, OWNER, &start()).unwrap();
    }
    if state == State::Error {
        device.violated(INTERFACE, crate::Violation::Other);
    }
    assert_eq!(device.state(INTERFACE), Some(state));
    device
}
