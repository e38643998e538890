//! CMA/SPDM as far as it goes without a key, from the device's side (DSP0274: GET_VERSION, VERSION, ERROR).
//!
//! Stands in until a full responder is plugged in. It says which versions there are and refuses the rest with the
//! error that names the reason, so that a mailbox that advertises the protocol is not silent. Nothing is negotiated,
//! ever, so there is no state to keep, and one of it serves any number of connections.

use super::{Handler, Incoming, Reply};

/// What it lists, as the version byte of a message: major number in the upper half, minor in the lower.
const VERSIONS: [u8; 4] = [V1_0, 0x11, 0x12, 0x13];
/// The version of GET_VERSION and VERSION, whatever is agreed on later.
const V1_0: u8 = 0x10;

const GET_VERSION: u8 = 0x84;
const GET_CAPABILITIES: u8 = 0xe1;
/// Set in the code of a request, clear in that of a response.
const REQUEST: u8 = 0x80;

const VERSION: u8 = 0x04;
const ERROR: u8 = 0x7f;

/// Why a request is refused: the first parameter of ERROR.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Refusal {
    InvalidRequest = 0x01,
    UnexpectedRequest = 0x04,
    UnsupportedRequest = 0x07,
    VersionMismatch = 0x41,
}

/// Answers GET_VERSION; any other request, with an error. What is no request gets no answer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spdm;

impl Handler for Spdm {
    fn handle(&mut self, incoming: &Incoming<'_>) -> Reply {
        // A response is not answered, not even with an error: two responders would keep each other busy for ever.
        match *incoming.payload {
            [version, code, _, _, ref rest @ ..] if code & REQUEST != 0 => {
                Reply::answer(respond(version, code, rest))
            }
            _ => Reply::Discard,
        }
    }
}

/// The response to a request of this version and code, with what follows its header. The two parameters have no
/// meaning in GET_VERSION, and in other requests none that matters here.
fn respond(version: u8, code: u8, rest: &[u8]) -> Vec<u8> {
    // Before negotiation a request may be of any version that is listed, except that GET_VERSION is 1.0 always. A
    // refusal for its version is itself 1.0, the only one that the requester is sure to understand and that is not
    // a claim to speak what was asked for.
    let known = if code == GET_VERSION { version == V1_0 } else { VERSIONS.contains(&version) };
    if !known {
        return error(V1_0, Refusal::VersionMismatch, 0);
    }
    match code {
        GET_VERSION if rest.is_empty() => versions(),
        // Its four bytes are a whole DW: what follows is not padding.
        GET_VERSION => error(version, Refusal::InvalidRequest, 0),
        // In its place after VERSION, so never unexpected there: it is what this device cannot do. Support goes
        // before order, hence the same without VERSION.
        GET_CAPABILITIES => error(version, Refusal::UnsupportedRequest, code),
        // All else comes after CAPABILITIES and ALGORITHMS, which have not been.
        _ if since(code).is_some_and(|since| since <= version) => {
            error(version, Refusal::UnexpectedRequest, 0)
        }
        // Not a request of this version, or of any: the second parameter says which it was.
        _ => error(version, Refusal::UnsupportedRequest, code),
    }
}

/// VERSION: a reserved byte, the count, and entries of 16 bits with major, minor, update and alpha number from the
/// top. Update and alpha are 0: released, and without an errata level of its own.
fn versions() -> Vec<u8> {
    let [count, ..] = VERSIONS.len().to_le_bytes();
    let entries = VERSIONS.into_iter().flat_map(|version| [0, version]);
    [V1_0, VERSION, 0, 0, 0, count].into_iter().chain(entries).collect()
}

fn error(version: u8, refusal: Refusal, data: u8) -> Vec<u8> {
    vec![version, ERROR, refusal as u8, data]
}

/// The version that brought a request, up to 1.3; none where there is no such request.
const fn since(code: u8) -> Option<u8> {
    Some(match code {
        0x81..=0x84 | 0xe0 | 0xe1 | 0xe3 | 0xfe | 0xff => 0x10,
        0xe4..=0xec => 0x11,
        0x85 | 0x86 | 0xed | 0xee => 0x12,
        0x87 | 0xe2 | 0xef..=0xf1 | 0xfc | 0xfd => 0x13,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use lanewarden_doe::Protocol;
    use lanewarden_time::Instant;
    use proptest::prelude::*;

    use super::*;

    fn ask(payload: &[u8]) -> Reply {
        let protocol = Protocol::CMA_SPDM;
        Spdm.handle(&Incoming { protocol, connection: 0, payload, now: Instant::ORIGIN })
    }

    fn refused(version: u8, code: u8, data: u8) -> Reply {
        Reply::answer(vec![version, 0x7f, code, data])
    }

    #[test]
    fn versions_1_0_to_1_3_are_listed() {
        let version = vec![0x10, 0x04, 0, 0, 0, 4, 0x00, 0x10, 0x00, 0x11, 0x00, 0x12, 0x00, 0x13];
        assert_eq!(ask(&[0x10, 0x84, 0, 0]), Reply::answer(version.clone()));
        assert_eq!(ask(&[0x10, 0x84, 0xff, 0xff]), Reply::answer(version), "reserved, hence ignored");
        assert_eq!(ask(&[0x10, 0x84, 0, 0, 0, 0, 0, 0]), refused(0x10, 0x01, 0), "not one DW");
    }

    #[test]
    fn a_version_that_is_not_listed_is_a_mismatch_told_in_1_0() {
        for version in [0x00, 0x0f, 0x14, 0x20, 0xff] {
            assert_eq!(ask(&[version, 0xe1, 0, 0]), refused(0x10, 0x41, 0), "{version:#x}");
        }
        for version in [0x00, 0x11, 0x12, 0x13, 0x14] {
            assert_eq!(ask(&[version, 0x84, 0, 0]), refused(0x10, 0x41, 0), "{version:#x}");
        }
    }

    #[test]
    fn what_needs_negotiation_is_unexpected_in_each_version_that_has_it() {
        for version in [0x10, 0x11, 0x12, 0x13] {
            for code in [0xe3, 0x81, 0x82, 0x83, 0xe0, 0xfe, 0xff] {
                assert_eq!(ask(&[version, code, 0, 0]), refused(version, 0x04, 0), "{code:#x}");
            }
        }
        // KEY_EXCHANGE, CHUNK_GET and GET_ENDPOINT_INFO, in the last version without them and the first with them.
        for (code, first) in [(0xe4, 0x11), (0x86, 0x12), (0x87, 0x13)] {
            assert_eq!(ask(&[first - 1, code, 0, 0, 1, 2, 3, 4]), refused(first - 1, 0x07, code));
            assert_eq!(ask(&[first, code, 0, 0, 1, 2, 3, 4]), refused(first, 0x04, 0));
        }
    }

    #[test]
    fn capabilities_and_codes_of_no_version_are_unsupported_and_named() {
        // GET_CAPABILITIES, SLOT_MANAGEMENT of 1.4, and codes that no version has.
        for code in [0xe1, 0x88, 0x80, 0xc0, 0xf2] {
            assert_eq!(ask(&[0x12, code, 0, 0]), refused(0x12, 0x07, code), "{code:#x}");
        }
    }

    #[test]
    fn what_is_no_request_gets_no_answer() {
        // Nothing, less than a header, a VERSION, an ERROR.
        for silent in [&[][..], &[0x10, 0x84, 0], &[0x10, 0x04, 0, 0], &[0x10, 0x7f, 1, 0]] {
            assert_eq!(ask(silent), Reply::Discard);
        }
    }

    proptest! {
        /// Any request at all gets one response: a VERSION, or an ERROR of a version that is listed.
        #[test]
        fn no_request_stays_unanswered(payload in proptest::collection::vec(any::<u8>(), 4..64), code in 0x80_u8..) {
            let payload = [&payload[..1], &[code], &payload[2..]].concat();
            let Reply::Answer { payload, after: None } = ask(&payload) else { panic!("silent") };
            prop_assert!(VERSIONS.contains(&payload[0]));
            prop_assert!(payload[1] == VERSION || payload.len() == 4 && payload[1] == ERROR);
        }
    }
}
