//! PSK_FINISH and PSK_FINISH_RSP (DSP0274 1.3, 10.19).

use super::{Format, Header, Malformed, NoRoom, Reader, Request, Response, Writer, finish};
use crate::Version;

/// PSK_FINISH, where the responder gave a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PskFinish<'a> {
    /// The proof that the requester has the session's keys.
    pub verify_data: &'a [u8],
}

impl<'a> PskFinish<'a> {
    /// Reads what follows the header; returns the message's length without the verify data, and with it.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(format: Format, reader: &mut Reader<'a>) -> Result<(Self, usize, usize), Malformed> {
        let unverified = reader.position();
        let verify_data = reader.take(format.digest)?;
        Ok((Self { verify_data }, unverified, finish(reader)?))
    }

    /// Writes what stands before the verify data.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode_head(version: Version, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        let code = Request::PskFinish.byte();
        Header { version: version.byte(), code, param1: 0, param2: 0 }.encode(writer)
    }

    /// Writes it.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode(&self, version: Version, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        Self::encode_head(version, writer)?;
        writer.bytes(self.verify_data)
    }
}

/// PSK_FINISH_RSP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PskFinishRsp;

impl PskFinishRsp {
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
        let code = Response::PskFinishRsp.byte();
        Header { version: version.byte(), code, param1: 0, param2: 0 }.encode(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: Format = Format { version: Version::V1_2, digest: 32, signature: 0 };

    fn asked(message: &[u8]) -> Result<(PskFinish<'_>, usize, usize), Malformed> {
        let mut reader = Reader::new(message);
        Header::decode(&mut reader)?;
        PskFinish::decode(FORMAT, &mut reader)
    }

    #[test]
    fn a_request_comes_back_with_the_place_of_its_verify_data() {
        let finish = PskFinish { verify_data: &[7; 32] };
        let mut buffer = [0; 64];
        let mut writer = Writer::new(&mut buffer);
        finish.encode(Version::V1_2, &mut writer).unwrap();
        assert_eq!(writer.written()[..5], [0x12, 0xe7, 0, 0, 7]);
        assert_eq!(asked(writer.written()), Ok((finish, 4, 36)));
        assert_eq!(asked(&buffer[..39]), Ok((finish, 4, 36)), "padding follows");
        assert_eq!(asked(&buffer[..35]), Err(Malformed::Short));
        assert_eq!(asked(&buffer[..40]), Err(Malformed::Trailing(4)));
    }

    #[test]
    fn an_answer_says_nothing_more() {
        let mut buffer = [0; 8];
        let mut writer = Writer::new(&mut buffer);
        PskFinishRsp.encode(Version::V1_3, &mut writer).unwrap();
        assert_eq!(writer.written(), [0x13, 0x67, 0, 0]);
        let decode = |message: &[u8]| {
            let mut reader = Reader::new(message);
            Header::decode(&mut reader)?;
            PskFinishRsp::decode(&reader)
        };
        assert_eq!(decode(&buffer[..4]), Ok((PskFinishRsp, 4)));
        assert_eq!(decode(&[0x13, 0x67, 0, 0, 1]), Err(Malformed::Trailing(1)));
    }
}
