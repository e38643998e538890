//! END_SESSION and END_SESSION_ACK (DSP0274 1.3, 10.24).

use super::{Header, Malformed, NoRoom, Reader, Request, Response, Writer, finish};
use crate::Version;

/// What was negotiated is to be forgotten.
const CLEAR: u8 = 1;

/// END_SESSION.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndSession {
    /// Whether a responder that keeps what was negotiated over a reset (CACHE_CAP) is to forget it; else it keeps it.
    pub clear_state: bool,
}

impl EndSession {
    /// Reads it; returns the message's length too.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(header: Header, reader: &Reader<'_>) -> Result<(Self, usize), Malformed> {
        Ok((Self { clear_state: header.param1 & CLEAR != 0 }, finish(reader)?))
    }

    /// Writes it.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode(&self, version: Version, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        let (code, param1) = (Request::EndSession.byte(), if self.clear_state { CLEAR } else { 0 });
        Header { version: version.byte(), code, param1, param2: 0 }.encode(writer)
    }
}

/// END_SESSION_ACK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndSessionAck;

impl EndSessionAck {
    /// Reads what follows the header, which is nothing; returns the message's length too.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(reader: &Reader<'_>) -> Result<(Self, usize), Malformed> {
        Ok((Self, finish(reader)?))
    }

    /// Writes it.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode(&self, version: Version, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        let code = Response::EndSessionAck.byte();
        Header { version: version.byte(), code, param1: 0, param2: 0 }.encode(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_says_whether_what_was_negotiated_is_kept() {
        for (clear_state, param1) in [(false, 0), (true, 1)] {
            let mut buffer = [0; 4];
            let message = EndSession { clear_state };
            message.encode(Version::V1_1, &mut Writer::new(&mut buffer)).unwrap();
            assert_eq!(buffer, [0x11, 0xec, param1, 0]);
            let mut reader = Reader::new(&buffer);
            let header = Header::decode(&mut reader).unwrap();
            assert_eq!(EndSession::decode(header, &reader), Ok((message, 4)));
        }
        let reserved = Header { version: 0x11, code: 0xec, param1: 0xfe, param2: 0 };
        let (message, _) = EndSession::decode(reserved, &Reader::new(&[])).unwrap();
        assert!(!message.clear_state);
        assert_eq!(EndSession::decode(reserved, &Reader::new(&[1])), Err(Malformed::Trailing(1)));
    }

    #[test]
    fn an_answer_says_nothing_more() {
        let mut buffer = [0; 4];
        EndSessionAck.encode(Version::V1_2, &mut Writer::new(&mut buffer)).unwrap();
        assert_eq!(buffer, [0x12, 0x6c, 0, 0]);
        assert_eq!(EndSessionAck::decode(&Reader::new(&[0, 0])), Ok((EndSessionAck, 0)));
        assert_eq!(EndSessionAck::decode(&Reader::new(&[0; 5])), Err(Malformed::Trailing(5)));
    }
}
