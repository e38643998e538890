//! Layouts by hand, and messages that come back.
#![allow(clippy::arithmetic_side_effects)] // no peer but ourselves

use std::vec::Vec;
use std::{format, vec};

use proptest::prelude::*;

use super::*;
use crate::Portion;

const KEYS: [u8; 128] = [0x5a; 128];

fn with(code: u8, body: &[u8]) -> Vec<u8> {
    [&[1, 0x10, code], body].concat()
}

fn written(encode: impl FnOnce(&mut [u8]) -> Result<usize, NoRoom>) -> Vec<u8> {
    let mut buffer = vec![0xee; 8192];
    let length = encode(&mut buffer).unwrap();
    buffer.truncate(length);
    buffer
}

fn configuration() -> Configuration {
    let mut in_band_granularity = [Granularity::UNUSED; 8];
    in_band_granularity[1] = Granularity { te_state: 0x1817_1615_1413_1211, length_index: 3 };
    Configuration {
        encryption: EncryptionFeatures::from_bits_retain(0x0201),
        algorithm: Algorithms::from_bits_retain(0x0605_0403),
        te: TeFeatures::from_bits_retain(0x0807),
        out_of_band_granularity: 0x0c0b_0a09,
        features: ConfigurationFeatures::from_bits_retain(0x0e0d),
        ckid_base: 0x2423_2221,
        ckids: 0x2827_2625,
        in_band_granularity,
    }
}

/// With the byte that is the state in an answer.
fn configuration_bytes(state: u8) -> Vec<u8> {
    let mut bytes = vec![
        1, 2, 3, 4, 5, 6, 0, 0, 0, 0, 7, 8, 0, 0, 9, 10, 11, 12, 0, 0, 0, 0, 13, 14, 0, 0, // features
        0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, // CKIDs
        state, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];
    let unused = [0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0, 0, 0, 0, 0, 0, 0];
    bytes.extend(unused);
    bytes.extend([0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 3, 0, 0, 0, 0, 0, 0, 0]);
    (2..8).for_each(|_| bytes.extend(unused));
    bytes.extend([0; 16]);
    bytes
}

#[test]
fn requests_have_their_layout() {
    let secondary = Secondary { valid: 0x201, ckid_type: 3, keys: &KEYS };
    let mut set = configuration_bytes(0);
    set.extend([1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    set.extend([3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    set.extend(KEYS);
    assert_eq!(set.len() + 2, 352, "as in the header");
    let ranges = [
        MemoryRange { start: 0x0807_0605_0403_0201, length: 0x1817_1615_1413_1211 },
        MemoryRange { start: 9, length: 10 },
    ];
    let mut te = vec![1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    te.extend([1, 2, 3, 4, 5, 6, 7, 8, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18]);
    te.extend([9, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0]);
    let set_te = Request::SetTeState { state: 1, ranges: Ranges::new(&ranges) };
    let table: [(Request<'_>, Vec<u8>); 8] = [
        (Request::GetVersion, with(0x81, &[0, 0])),
        (Request::GetCapabilities, with(0x82, &[0, 0])),
        (Request::SetConfiguration(configuration(), secondary), with(0x83, &set)),
        (Request::GetConfiguration, with(0x84, &[0, 0])),
        (Request::GetReport { offset: 0x201, length: 0x403 }, with(0x85, &[0, 0, 1, 2, 3, 4])),
        (Request::LockConfiguration, with(0x86, &[0, 0])),
        (set_te, with(0x8d, &te)),
        (Request::CheckDelayedCompletion, with(0x8e, &[0, 0])),
    ];
    for (request, bytes) in table {
        assert_eq!(written(|buffer| request.encode(buffer)), bytes, "{request}");
        let (header, decoded) = decode_request(&bytes).unwrap();
        assert_eq!((header.version, decoded), (0x10, request));
    }
}

#[test]
fn answers_have_their_layout() {
    let capabilities = Capabilities {
        encryption: EncryptionSupport::from_bits_retain(0x0201),
        algorithms: Algorithms::from_bits_retain(0x0605_0403),
        range_keys: 0x0807,
        te: TeFeatures::from_bits_retain(0x0a09),
        out_of_band_granularity: 0x0e0d_0c0b,
        in_band_granularity: 0x1817_1615,
        configuration: ConfigurationSupport::from_bits_retain(0x1a19),
        ckids: 0x2423_2221,
        secondary_sessions: 0x25,
    };
    let mut capable = vec![
        1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 9, 10, 0, 0, 11, 12, 13, 14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0, 0,
        0x21, 0x22, 0x23, 0x24, 0x25,
    ];
    capable.extend([0; 19]);
    assert_eq!(capable.len() + 2, 52, "as in the header");
    let configured = configuration_bytes(2);
    assert_eq!(configured.len() + 2, 192, "as in the header");
    let error = ErrorAnswer { code: ErrorCode(0x0403_0201), data: 0x0807_0605, extended: b"no" };
    let table: [(Response<'_>, Vec<u8>); 10] = [
        (Response::Version(&[0x10, 0x11]), with(1, &[0, 0, 2, 0x10, 0x11])),
        (Response::Capabilities(capabilities), with(2, &capable)),
        (Response::ConfigurationSet, with(3, &[0, 0])),
        (Response::Configuration(configuration(), State::Error), with(4, &configured)),
        (
            Response::Report(Portion { bytes: b"ab", remainder: 0x304 }),
            with(5, &[0, 0, 2, 0, 4, 3, b'a', b'b']),
        ),
        (Response::Locked, with(6, &[0, 0])),
        (Response::TeStateSet, with(0xd, &[0, 0])),
        (Response::Completed, with(0xe, &[0, 0])),
        (Response::Delayed(0x0403_0201), with(0x7e, &[0, 0, 1, 2, 3, 4])),
        (Response::Error(error), with(0x7f, &[0, 0, 1, 2, 3, 4, 5, 6, 7, 8, b'n', b'o'])),
    ];
    for (response, bytes) in table {
        assert_eq!(written(|buffer| response.encode(buffer)), bytes, "{response}");
        let (header, decoded) = decode_response(&bytes).unwrap();
        assert_eq!((header.version, decoded), (0x10, response));
    }
}

#[test]
fn a_message_ends_where_it_ends() {
    for code in RequestCode::ALL {
        let body = match code {
            RequestCode::SetConfiguration => 350,
            RequestCode::GetReport => 6,
            RequestCode::SetTeState => 14,
            _ => 2,
        };
        let bytes = with(code.byte(), &[0; 400]);
        assert!(decode_request(&bytes[..3 + body]).is_ok(), "{code}");
        assert_eq!(decode_request(&bytes[..4 + body]).unwrap_err(), Malformed::Trailing(1), "{code}");
        assert_eq!(decode_request(&bytes[..2 + body]).unwrap_err(), Malformed::Short, "{code}");
    }
}

#[test]
fn ranges_are_counted() {
    let mut body = vec![0; 14 + 16];
    body[1] = 1;
    assert!(decode_request(&with(0x8d, &body)).is_ok());
    body[1] = 2;
    assert_eq!(decode_request(&with(0x8d, &body)).unwrap_err(), Malformed::Short);
    let ranges = [MemoryRange::default(); 256];
    let request = Request::SetTeState { state: 0, ranges: Ranges::new(&ranges) };
    assert_eq!(request.encode(&mut [0; 8192]), Err(NoRoom), "more than a byte counts");
    assert!(Ranges::new(&[]).is_empty() && !Ranges::new(&ranges).is_empty());
}

#[test]
fn what_is_not_a_message_is_told() {
    assert_eq!(decode_request(&[]), Err(Malformed::Short));
    assert_eq!(decode_request(&[0, 0x10, 0x81, 0, 0]), Err(Malformed::Protocol(0)), "IDE_KM");
    assert_eq!(decode_request(&with(0x01, &[0, 0])), Err(Malformed::Code(0x01)), "an answer");
    for code in 0x87..=0x8c {
        assert_eq!(decode_request(&with(code, &[0; 80])), Err(Malformed::Code(code)), "keys");
    }
    assert_eq!(decode_response(&with(0x81, &[0, 0])), Err(Malformed::Code(0x81)), "a request");
    assert_eq!(decode_response(&with(0xff, &[0; 10])), Err(Malformed::Code(0xff)));
    assert_eq!(decode_response(&with(1, &[0, 0, 0])), Err(Malformed::Field("number of versions")));
    let state = decode_response(&with(4, &configuration_bytes(3))).map(|_| ());
    assert_eq!(state, Err(Malformed::Field("state")));
}

#[test]
fn keys_of_secondary_sessions_are_those_that_are_valid() {
    let mut keys = [0; 128];
    keys.iter_mut().zip(0_u8..).for_each(|(byte, place)| *byte = place / 32);
    let secondary = Secondary { valid: 0b1011, ckid_type: 0, keys: &keys };
    assert_eq!(secondary.key(0), Some(&[0; 32]));
    assert_eq!(secondary.key(1), Some(&[1; 32]));
    assert_eq!(secondary.key(2), None);
    assert_eq!(secondary.key(3), Some(&[3; 32]));
    assert_eq!(Secondary { valid: u16::MAX, ..secondary }.key(4), None);
    assert_eq!(secondary.key(16), None);
    assert_ne!(secondary, Secondary { keys: &KEYS, ..secondary });
    assert_ne!(secondary, Secondary { valid: 3, ..secondary });
}

#[test]
fn messages_print_in_one_line_and_keys_do_not() {
    let ranges = [MemoryRange { start: 0x1000, length: 0x40 }];
    let secondary = Secondary { valid: 1, ckid_type: 0, keys: &KEYS };
    let set = Request::SetConfiguration(Configuration::default(), secondary);
    let error = ErrorAnswer { code: ErrorCode::NO_PRIVILEGE, data: 0, extended: b"a" };
    let lines = [
        (
            format!("{}", Request::SetTeState { state: 1, ranges: Ranges::new(&ranges) }),
            "SET_TARGET_TE_STATE: state 1, 0x40 bytes at 0x1000",
        ),
        (
            format!("{set}"),
            "SET_TARGET_CONFIGURATION: encryption 0x0 with 0x0, TE 0x0, features 0x0, 0 CKIDs from 0, \
             secondary sessions 0x1",
        ),
        (format!("{}", Response::Version(&[0x10])), "GET_TARGET_TSP_VERSION_RSP: 1.0"),
        (format!("{}", Response::Delayed(7)), "DELAYED_RSP: 7"),
        (format!("{}", Response::Error(error)), "ERROR_RSP: NO_PRIVILEGE, extended data 61"),
    ];
    for (line, expected) in lines {
        assert_eq!(line, expected);
    }
    assert!(!format!("{set:?}").contains("90"), "0x5a is 90");
}

fn any_configuration() -> impl Strategy<Value = Configuration> {
    let numbers = any::<(u16, u32, u16, u32, u16, u32, u32)>();
    let entries = proptest::array::uniform8(any::<(u64, u8)>());
    (numbers, entries).prop_map(|(numbers, entries)| {
        let (encryption, algorithm, te, out_of_band_granularity, features, ckid_base, ckids) = numbers;
        Configuration {
            encryption: EncryptionFeatures::from_bits_retain(encryption),
            algorithm: Algorithms::from_bits_retain(algorithm),
            te: TeFeatures::from_bits_retain(te),
            out_of_band_granularity,
            features: ConfigurationFeatures::from_bits_retain(features),
            ckid_base,
            ckids,
            in_band_granularity: entries
                .map(|(te_state, length_index)| Granularity { te_state, length_index }),
        }
    })
}

proptest! {
    #[test]
    fn any_configuration_comes_back(
        configuration in any_configuration(),
        state in 0..3_usize,
        valid: u16,
        ckid_type: u8,
        key: [u8; 32],
    ) {
        let keys: [u8; 128] = [key; 4].concat().try_into().unwrap();
        let request = Request::SetConfiguration(configuration, Secondary { valid, ckid_type, keys: &keys });
        let payload = written(|buffer| request.encode(buffer));
        prop_assert_eq!(decode_request(&payload).unwrap().1, request);
        let response = Response::Configuration(configuration, State::ALL[state]);
        let payload = written(|buffer| response.encode(buffer));
        prop_assert_eq!(decode_response(&payload).unwrap().1, response);
        let _ = (configuration.check(), configuration.check_against(&Capabilities::default()));
    }

    #[test]
    fn any_ranges_come_back(
        state: u8,
        ranges in proptest::collection::vec(any::<(u64, u64)>(), 0..64),
    ) {
        let ranges: Vec<_> = ranges.into_iter().map(|(start, length)| MemoryRange { start, length }).collect();
        let request = Request::SetTeState { state, ranges: Ranges::new(&ranges) };
        let payload = written(|buffer| request.encode(buffer));
        prop_assert_eq!(decode_request(&payload).unwrap().1, request);
    }

    #[test]
    fn whatever_is_read_is_written_again(
        code in prop_oneof![0x81..0x8f_u8, 1..0xf_u8, Just(0x7e), Just(0x7f)],
        body in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..64),
            proptest::collection::vec(0..3_u8, 190..=190),
            proptest::collection::vec(any::<u8>(), 350..=350),
        ],
    ) {
        let payload = with(code, &body);
        if let Ok((_, request)) = decode_request(&payload) {
            let again = written(|buffer| request.encode(buffer));
            prop_assert_eq!(decode_request(&again).unwrap().1, request);
            prop_assert_eq!(again.len(), payload.len());
        }
        if let Ok((_, response)) = decode_response(&payload) {
            let again = written(|buffer| response.encode(buffer));
            prop_assert_eq!(decode_response(&again).unwrap().1, response);
            prop_assert_eq!(again.len(), payload.len());
        }
    }

    #[test]
    fn any_bytes_are_a_message_or_not(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = decode_request(&bytes);
        let _ = decode_response(&bytes);
    }
}
