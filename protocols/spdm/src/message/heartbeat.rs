//! HEARTBEAT and HEARTBEAT_ACK (DSP0274 1.3, 10.20).

use super::{Header, Malformed, NoRoom, Reader, Request, Response, Writer, finish};
use crate::Version;

/// HEARTBEAT, or HEARTBEAT_ACK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat;

impl Heartbeat {
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
    pub fn encode(&self, version: Version, is_request: bool, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        let code = if is_request { Request::Heartbeat.byte() } else { Response::HeartbeatAck.byte() };
        Header { version: version.byte(), code, param1: 0, param2: 0 }.encode(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_header_and_no_more() {
        for (is_request, code) in [(true, 0xe8), (false, 0x68)] {
            let mut buffer = [0; 8];
            let mut writer = Writer::new(&mut buffer);
            Heartbeat.encode(Version::V1_1, is_request, &mut writer).unwrap();
            assert_eq!(writer.written(), [0x11, code, 0, 0]);
        }
        let decode = |message: &[u8]| {
            let mut reader = Reader::new(message);
            Header::decode(&mut reader)?;
            Heartbeat::decode(&reader)
        };
        assert_eq!(decode(&[0x11, 0xe8, 0, 0]), Ok((Heartbeat, 4)));
        assert_eq!(decode(&[0x11, 0xe8, 0]), Err(Malformed::Short));
        assert_eq!(decode(&[0x11, 0xe8, 0, 0, 0, 0, 0, 0]), Err(Malformed::Trailing(4)));
    }
}
