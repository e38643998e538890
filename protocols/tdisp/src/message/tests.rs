//! Layouts by hand, and messages that come back.

use std::vec::Vec;
use std::{format, vec};

use proptest::prelude::*;

use super::*;
use crate::{MmioRange, NONCE_SIZE, NonceView, Portion, RangeAttributes};

const INTERFACE: InterfaceId = InterfaceId::from_bits(0x0112_be1d);
const NONCE: [u8; NONCE_SIZE] = [0x5a; NONCE_SIZE];

/// The protocol's byte and the header.
fn head(code: u8) -> Vec<u8> {
    vec![1, 0x10, code, 0, 0, 0x1d, 0xbe, 0x12, 0x01, 0, 0, 0, 0, 0, 0, 0, 0]
}

fn with(code: u8, body: &[u8]) -> Vec<u8> {
    [&head(code), body].concat()
}

fn written(encode: impl FnOnce(&mut [u8]) -> Result<usize, crate::NoRoom>) -> Vec<u8> {
    let mut buffer = vec![0xee; 1024];
    let length = encode(&mut buffer).unwrap();
    buffer.truncate(length);
    buffer
}

#[test]
fn requests_have_their_layout() {
    let lock = Lock {
        flags: LockFlags::NO_FIRMWARE_UPDATE | LockFlags::ALL_REQUEST_REDIRECT,
        default_stream: 7,
        mmio_reporting_offset: 0x0807_0605_0403_0201,
        p2p_address_mask: 0x1817_1615_1413_1211,
    };
    let lock_body = [0x11, 0, 7, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18];
    let attributes = RangeAttributes::NON_TEE | RangeAttributes::UPDATABLE;
    let range = MmioRange { first_page: 0x0102_0304_0506, pages: 0x0708, attributes, id: 9 };
    let range_body = [6, 5, 4, 3, 2, 1, 0, 0, 8, 7, 0, 0, 0xc, 0, 9, 0];
    let table: [(Request<'_>, Vec<u8>); 11] = [
        (Request::GetVersion, head(0x81)),
        (Request::GetCapabilities { tsm: 0x0403_0201 }, with(0x82, &[1, 2, 3, 4])),
        (Request::LockInterface(lock), with(0x83, &lock_body)),
        (Request::GetReport { offset: 0x201, length: 0x403 }, with(0x84, &[1, 2, 3, 4])),
        (Request::GetState, head(0x85)),
        (Request::StartInterface(NonceView::new(&NONCE)), with(0x86, &NONCE)),
        (Request::StopInterface, head(0x87)),
        (Request::BindStream(3), with(0x88, &[3])),
        (Request::UnbindStream(3), with(0x89, &[3])),
        (Request::SetMmioAttribute(range), with(0x8a, &range_body)),
        (Request::Vendor(b"ab"), with(0x8b, b"ab")),
    ];
    for (request, bytes) in table {
        assert_eq!(written(|buffer| request.encode(INTERFACE, buffer)), bytes, "{request}");
        let (header, decoded) = decode_request(&bytes).unwrap();
        assert_eq!((header.version, header.interface, decoded), (0x10, INTERFACE, request));
    }
}

#[test]
fn answers_have_their_layout() {
    let capabilities = Capabilities {
        dsm: 0x0403_0201,
        requests: Requests([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]),
        lock_flags: LockFlags::LOCK_MSIX,
        address_width: 52,
        requests_this: 1,
        requests_all: 2,
    };
    let capabilities_body =
        [1, 2, 3, 4, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 4, 0, 0, 0, 0, 52, 1, 2];
    let extended = ExtendedError { registry: ErrorRegistry::CXL, vendor: &[0x98, 0x1e], data: b"no" };
    let error = |extended| ErrorAnswer { code: ErrorCode::INVALID_NONCE, data: 0x807, extended };
    let table: [(Response<'_>, Vec<u8>); 13] = [
        (Response::Version(&[0x10, 0x11]), with(1, &[2, 0x10, 0x11])),
        (Response::Capabilities(capabilities), with(2, &capabilities_body)),
        (Response::Locked(NonceView::new(&NONCE)), with(3, &NONCE)),
        (Response::Report(Portion { bytes: b"ab", remainder: 0x304 }), with(4, &[2, 0, 4, 3, b'a', b'b'])),
        (Response::State(State::Error), with(5, &[3])),
        (Response::Started, head(6)),
        (Response::Stopped, head(7)),
        (Response::Bound, head(8)),
        (Response::Unbound, head(9)),
        (Response::AttributeSet, head(0xa)),
        (Response::Vendor(b"ab"), with(0xb, b"ab")),
        (Response::Error(error(None)), with(0x7f, &[2, 1, 0, 0, 7, 8, 0, 0])),
        (
            Response::Error(error(Some(extended))),
            with(0x7f, &[2, 1, 0, 0, 7, 8, 0, 0, 1, 2, 0x98, 0x1e, b'n', b'o']),
        ),
    ];
    for (response, bytes) in table {
        assert_eq!(written(|buffer| response.encode(INTERFACE, buffer)), bytes, "{response}");
        let (header, decoded) = decode_response(&bytes).unwrap();
        assert_eq!((header.version, header.interface, decoded), (0x10, INTERFACE, response));
    }
}

#[test]
fn a_message_ends_where_it_ends() {
    for code in 0x81..=0x8a {
        let body = match code {
            0x82 | 0x84 => 4,
            0x83 => 20,
            0x86 => 32,
            0x88 | 0x89 => 1,
            0x8a => 16,
            _ => 0,
        };
        let bytes = with(code, &[0; 33]);
        assert!(decode_request(&bytes[..17 + body]).is_ok(), "{code:#x}");
        let longer = decode_request(&bytes[..17 + body + 1]);
        assert_eq!(longer.unwrap_err(), Malformed::Trailing(1), "{code:#x}");
        let shorter = decode_request(&bytes[..17 + body - 1]);
        assert_eq!(shorter.unwrap_err(), Malformed::Short, "{code:#x}");
    }
}

#[test]
fn what_is_not_a_message_is_told() {
    assert_eq!(decode_request(&[]), Err(Malformed::Short));
    let mut bytes = head(0x81);
    bytes[0] = 0;
    assert_eq!(decode_request(&bytes), Err(Malformed::Protocol(0)), "IDE_KM");
    assert_eq!(decode_request(&head(0x01)), Err(Malformed::Code(0x01)), "an answer");
    assert_eq!(decode_request(&head(0x8c)), Err(Malformed::Code(0x8c)));
    assert_eq!(decode_response(&head(0x81)), Err(Malformed::Code(0x81)), "a request");
    assert_eq!(decode_response(&head(0xff)), Err(Malformed::Code(0xff)));
    assert_eq!(decode_response(&with(1, &[0])), Err(Malformed::Field("number of versions")));
    assert_eq!(decode_response(&with(5, &[4])), Err(Malformed::Field("state")));
    assert_eq!(decode_response(&with(0x7f, &[2, 1, 0, 0, 0, 0, 0, 0, 1])), Err(Malformed::Short));
}

#[test]
fn what_is_reserved_is_not_looked_at() {
    let mut bytes = head(0x85);
    bytes[3..5].fill(0xff);
    bytes[8] |= 0xfe;
    bytes[9..17].fill(0xff);
    let (header, request) = decode_request(&bytes).unwrap();
    assert_eq!((header.interface, request), (INTERFACE, Request::GetState));
}

#[test]
fn an_interface_is_a_function_in_a_segment() {
    assert_eq!(InterfaceId::new(0xbe1d, Some(0x12)), INTERFACE);
    assert_eq!((INTERFACE.requester(), INTERFACE.segment()), (0xbe1d, Some(0x12)));
    assert_eq!(format!("{INTERFACE}"), "0012:be:03.5");
    let alone = InterfaceId::new(0xbeef, None);
    assert_eq!((alone.bits(), alone.segment()), (0xbeef, None));
    assert_eq!(format!("{alone}"), "be:1d.7");
    assert_ne!(alone, InterfaceId::new(0xbeef, Some(0)), "segment 0 is a segment");
    assert_ne!(alone, InterfaceId::from_bits(0x0002_beef), "a segment that is not valid is none");
}

#[test]
fn requests_are_counted_as_spdm_emu_counts_them() {
    let seven = Requests::of(RequestCode::ALL.into_iter().take(7));
    assert_eq!(seven.0, [0xfe, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let all = Requests::of(RequestCode::ALL);
    assert_eq!(all.0[..2], [0xfe, 0x0f]);
    assert!(seven.contains(RequestCode::StopInterface) && !seven.contains(RequestCode::BindStream));
}

#[test]
fn messages_print_in_one_line_and_nonces_do_not() {
    let nonce = NonceView::new(&NONCE);
    let error = ErrorAnswer { code: ErrorCode(0x999), data: 3, extended: None };
    let lines = [
        (format!("{}", Request::StartInterface(nonce)), "START_INTERFACE_REQUEST"),
        (format!("{}", Response::Locked(nonce)), "LOCK_INTERFACE_RESPONSE"),
        (format!("{}", Response::Version(&[0x10, 0x21])), "TDISP_VERSION: 1.0, 2.1"),
        (
            format!("{}", Request::GetReport { offset: 64, length: 32 }),
            "GET_DEVICE_INTERFACE_REPORT: 32 bytes from 64",
        ),
        (format!("{}", Response::State(State::Run)), "DEVICE_INTERFACE_STATE: RUN"),
        (format!("{}", Response::Error(error)), "TDISP_ERROR: error 0x999, data 0x3"),
        (
            format!("{}", Request::LockInterface(Lock::default())),
            "LOCK_INTERFACE_REQUEST: flags 0x0, stream 0, offset 0x0, peer mask 0x0",
        ),
    ];
    for (line, expected) in lines {
        assert_eq!(line, expected);
    }
    assert!(!format!("{:?}", Response::Locked(nonce)).contains("5a"));
}

#[test]
fn no_message_is_cut_off() {
    let mut buffer = [0; 64];
    let nonce = NonceView::new(&NONCE);
    for room in 0..HEADER_SIZE + NONCE_SIZE {
        let answer = Response::Locked(nonce).encode(INTERFACE, &mut buffer[..room]);
        assert_eq!(answer, Err(crate::NoRoom), "{room}");
    }
    assert_eq!(Response::Locked(nonce).encode(INTERFACE, &mut buffer), Ok(HEADER_SIZE + NONCE_SIZE));
}

fn any_lock() -> impl Strategy<Value = Lock> {
    any::<(u16, u8, u64, u64)>().prop_map(|(flags, stream, offset, mask)| Lock {
        flags: LockFlags::from_bits_retain(flags),
        default_stream: stream,
        mmio_reporting_offset: offset,
        p2p_address_mask: mask,
    })
}

fn any_range() -> impl Strategy<Value = MmioRange> {
    any::<(u64, u32, u16, u16)>().prop_map(|(first_page, pages, attributes, id)| MmioRange {
        first_page,
        pages,
        attributes: RangeAttributes::from_bits_retain(attributes),
        id,
    })
}

proptest! {
    #[test]
    fn any_request_comes_back(
        id: u32,
        which in 0..11_usize,
        lock in any_lock(),
        range in any_range(),
        nonce: [u8; NONCE_SIZE],
        bytes in proptest::collection::vec(any::<u8>(), 0..64),
        numbers: (u32, u16, u16, u8),
    ) {
        let (tsm, offset, length, stream) = numbers;
        let request = match RequestCode::ALL[which] {
            RequestCode::GetVersion => Request::GetVersion,
            RequestCode::GetCapabilities => Request::GetCapabilities { tsm },
            RequestCode::LockInterface => Request::LockInterface(lock),
            RequestCode::GetReport => Request::GetReport { offset, length },
            RequestCode::GetState => Request::GetState,
            RequestCode::StartInterface => Request::StartInterface(NonceView::new(&nonce)),
            RequestCode::StopInterface => Request::StopInterface,
            RequestCode::BindStream => Request::BindStream(stream),
            RequestCode::UnbindStream => Request::UnbindStream(stream),
            RequestCode::SetMmioAttribute => Request::SetMmioAttribute(range),
            RequestCode::Vendor => Request::Vendor(&bytes),
        };
        let payload = written(|buffer| request.encode(InterfaceId::from_bits(id), buffer));
        let (header, decoded) = decode_request(&payload).unwrap();
        prop_assert_eq!(header.interface.bits(), id);
        prop_assert_eq!(decoded, request);
    }

    #[test]
    fn any_error_comes_back(
        code: u32,
        data: u32,
        registry: u8,
        vendor in proptest::collection::vec(any::<u8>(), 0..256),
        more in proptest::collection::vec(any::<u8>(), 0..64),
        is_extended: bool,
    ) {
        let extended = ExtendedError { registry: ErrorRegistry(registry), vendor: &vendor, data: &more };
        let extended = is_extended.then_some(extended);
        let response = Response::Error(ErrorAnswer { code: ErrorCode(code), data, extended });
        let payload = written(|buffer| response.encode(INTERFACE, buffer));
        prop_assert_eq!(decode_response(&payload).unwrap().1, response);
    }

    #[test]
    fn whatever_is_read_is_written_again(code: u8, body in proptest::collection::vec(any::<u8>(), 0..80)) {
        let payload = with(code, &body);
        if let Ok((_, request)) = decode_request(&payload) {
            let again = written(|buffer| request.encode(INTERFACE, buffer));
            prop_assert_eq!(decode_request(&again).unwrap().1, request);
            prop_assert_eq!(again.len(), payload.len());
        }
        if let Ok((_, response)) = decode_response(&payload) {
            let again = written(|buffer| response.encode(INTERFACE, buffer));
            prop_assert_eq!(decode_response(&again).unwrap().1, response);
            prop_assert_eq!(again.len(), payload.len());
        }
    }

    #[test]
    fn any_bytes_are_a_message_or_not(bytes in proptest::collection::vec(any::<u8>(), 0..96)) {
        let _ = decode_request(&bytes);
        let _ = decode_response(&bytes);
    }
}
