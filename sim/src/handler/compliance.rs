//! CXL compliance mode, from the device's side (CXL 2.0, 14.16.4).
//!
//! Nothing is injected for real. Codes are answered as a device would that carries them out at once.

use super::{Handler, Incoming, Reply};

/// Version of the responses.
const VERSION: u8 = 1;
/// Status: done.
const SUCCESS: u8 = 0;
/// Status: no such injection.
const UNSUPPORTED: u8 = 3;
/// One bit for each code from 0 to 0xf.
const ALL_CODES: u64 = 0xffff;

/// Answers each code of the registry; one that is not in it, with "unsupported injection".
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Compliance;

impl Handler for Compliance {
    fn handle(&mut self, incoming: &Incoming<'_>) -> Reply {
        let Some([code, ..]) = incoming.payload.first_chunk::<4>() else { return Reply::Discard };
        Reply::answer(response(*code))
    }
}

/// The payload: code, version, length of the whole object in bytes rounded up to DWs, then what belongs to the code.
fn response(code: u8) -> Vec<u8> {
    let body = match code {
        0x0 => [&[SUCCESS][..], &ALL_CODES.to_le_bytes(), &ALL_CODES.to_le_bytes()].concat(),
        0x1 => vec![0; 7],
        0xd..=0xf => vec![0; 5],
        0x2..=0xc => vec![SUCCESS],
        _ => vec![UNSUPPORTED],
    };
    let length = body.len().saturating_add(3).next_multiple_of(4).saturating_add(8);
    let mut payload = vec![code, VERSION, u8::try_from(length).unwrap_or(u8::MAX)];
    payload.extend(body);
    payload
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Row D6: the codes 0 to F round-trip; one outside them is refused and not answered with an empty object.
    #[test]
    fn every_code_has_its_answer() {
        assert_eq!(response(0)[..4], [0, 1, 0x1c, 0]);
        assert_eq!(response(0).len(), 20);
        assert_eq!(response(1)[..3], [1, 1, 0x14]);
        assert_eq!(response(2), [2, 1, 0x0c, 0]);
        assert_eq!(response(0xf).len(), 8);
        assert_eq!(response(0x10), [0x10, 1, 0x0c, 3]);
    }
}
