//! As much of PLDM (DSP0240) as shows that a terminus is there: its ID, and a refusal of all else.

/// Bytes of a request's header.
const HEAD: usize = 3;
/// The first byte says that it is a request.
const REQUEST: u8 = 0x80;
/// The second byte: which format the header has, and of which PLDM type it is.
const FORMAT: u8 = 0xc0;
const TYPE: u8 = 0x3f;
/// Messaging control and discovery.
const CONTROL: u8 = 0;
const GET_TID: u8 = 2;

const SUCCESS: u8 = 0x00;
const INVALID_LENGTH: u8 = 0x03;
const UNSUPPORTED_COMMAND: u8 = 0x05;
const INVALID_TYPE: u8 = 0x20;

/// A terminus: whoever speaks PLDM at an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminus {
    /// Its ID; 0 where none was given to it.
    pub id: u8,
}

/// GetTID (DSP0240 1.1, 9.2), as a request with this instance ID, 0-31.
#[must_use]
pub const fn id_request(instance: u8) -> [u8; HEAD] {
    [REQUEST | (instance & 0x1f), CONTROL, GET_TID]
}

/// The ID in the answer to [`id_request`] of the same instance; `None` where it is another answer, or a refusal.
#[must_use]
pub fn read_id(instance: u8, answer: &[u8]) -> Option<u8> {
    match *answer {
        [first, CONTROL, GET_TID, SUCCESS, id] => (first == instance & 0x1f).then_some(id),
        _ => None,
    }
}

impl Terminus {
    /// Answers a request, and gives the length of the answer. `None` for what is no request, and where there is no room.
    pub fn respond(&self, request: &[u8], answer: &mut [u8]) -> Option<usize> {
        let (&[first, second, command], body) = request.split_first_chunk::<HEAD>()?;
        if first & REQUEST == 0 || second & FORMAT != 0 {
            return None;
        }
        let (code, id) = match (second & TYPE, command, body) {
            (CONTROL, GET_TID, []) => (SUCCESS, Some(self.id)),
            (CONTROL, GET_TID, _) => (INVALID_LENGTH, None),
            (CONTROL, _, _) => (UNSUPPORTED_COMMAND, None),
            _ => (INVALID_TYPE, None),
        };
        // The bits that make it a request, or one without an answer, are clear in answers.
        let head = [first & 0x1f, second, command, code];
        let mut places = answer.iter_mut();
        let said = head.into_iter().chain(id);
        let mut length = 0_usize;
        for byte in said {
            *places.next()? = byte;
            length = length.saturating_add(1);
        }
        Some(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(request: &[u8]) -> Option<([u8; 8], usize)> {
        let mut answer = [0xee; 8];
        let length = Terminus { id: 9 }.respond(request, &mut answer)?;
        Some((answer, length))
    }

    #[test]
    fn the_id_is_told_and_read() {
        let (answer, length) = answer(&id_request(3)).unwrap();
        assert_eq!(answer[..length], [3, 0, 2, 0, 9]);
        assert_eq!(read_id(3, &answer[..length]), Some(9));
        assert_eq!(read_id(4, &answer[..length]), None);
        assert_eq!(read_id(3, &answer[..4]), None);
    }

    #[test]
    fn all_else_is_refused() {
        for (request, code) in [
            ([0x80, 0, 2, 7].as_slice(), INVALID_LENGTH),
            (&[0x81, 0, 3], UNSUPPORTED_COMMAND),
            (&[0x82, 2, 2], INVALID_TYPE),
        ] {
            let (answer, length) = answer(request).unwrap();
            assert_eq!(answer[..length], [request[0] & 0x1f, request[1], request[2], code]);
            assert_eq!(read_id(request[0] & 0x1f, &answer[..length]), None);
        }
    }

    #[test]
    fn what_is_no_request_is_not_answered() {
        for silent in [[0x00, 0, 2].as_slice(), &[0x80, 0], &[], &[0x80, 0x40, 2]] {
            assert_eq!(answer(silent), None);
        }
        assert_eq!(Terminus { id: 1 }.respond(&id_request(0), &mut [0; 4]), None);
    }
}
