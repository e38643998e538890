//! CHUNK_SEND, CHUNK_SEND_ACK, CHUNK_GET and CHUNK_RESPONSE (DSP0274 1.3, 10.26): messages longer than the other side
//! takes at once.

use super::{Header, MIN_TRANSFER_SIZE, Malformed, NoRoom, Reader, Request, Response, Writer, finish};
use crate::Version;

/// Bytes before the data in the first chunk; [`Chunk::HEAD`] in all further ones.
const FIRST_HEAD: usize = 16;

/// A chunk: CHUNK_SEND or CHUNK_RESPONSE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// Whether it is the last.
    pub last: bool,
    /// To which large message it belongs.
    pub handle: u8,
    /// Its place, from 0.
    pub sequence: u16,
    /// The length of the whole message, in the first chunk only.
    pub total: Option<u32>,
    /// Its part of the message.
    pub data: &'a [u8],
}

impl<'a> Chunk<'a> {
    /// Bytes before the data in all chunks but the first, which has four more.
    pub const HEAD: usize = 12;

    /// Bytes before the data in the chunk with this place.
    #[must_use]
    pub const fn head(sequence: u16) -> usize {
        if sequence == 0 { FIRST_HEAD } else { Self::HEAD }
    }

    /// Whether it is shorter than a chunk may be that is not the last: the least message that every side takes. This
    /// bounds how many chunks a message has.
    #[must_use]
    pub fn is_too_short(&self) -> bool {
        let length = self.data.len().saturating_add(Self::head(self.sequence));
        !self.last && u32::try_from(length).is_ok_and(|length| length < MIN_TRANSFER_SIZE)
    }

    /// Reads what follows the header; returns the message's length too.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(header: Header, reader: &mut Reader<'a>) -> Result<(Self, usize), Malformed> {
        let sequence = reader.u16()?;
        reader.u16()?;
        let size = reader.u32()?;
        let total = if sequence == 0 { Some(reader.u32()?) } else { None };
        let data = reader.take(usize::try_from(size).map_err(|_| Malformed::Field("size of a chunk"))?)?;
        if data.is_empty() {
            return Err(Malformed::Field("size of a chunk"));
        }
        let chunk = Self { last: header.param1 & 1 != 0, handle: header.param2, sequence, total, data };
        Ok((chunk, finish(reader)?))
    }

    /// Writes what stands before the data, [`Chunk::head`] bytes.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode_head(
        &self,
        version: Version,
        is_request: bool,
        writer: &mut Writer<'_>,
    ) -> Result<(), NoRoom> {
        let code = if is_request { Request::ChunkSend.byte() } else { Response::ChunkResponse.byte() };
        let header =
            Header { version: version.byte(), code, param1: u8::from(self.last), param2: self.handle };
        header.encode(writer)?;
        writer.u16(self.sequence)?;
        writer.u16(0)?;
        writer.u32(u32::try_from(self.data.len()).map_err(|_| NoRoom)?)?;
        self.total.map_or(Ok(()), |total| writer.u32(total))
    }
}

/// CHUNK_SEND_ACK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkAck<'a> {
    /// The responder gives up on the request before it is whole; the answer says why.
    pub early_error: bool,
    /// To which large request it belongs.
    pub handle: u8,
    /// The place of the chunk.
    pub sequence: u16,
    /// The answer to the whole request, with the last chunk.
    pub answer: &'a [u8],
}

impl<'a> ChunkAck<'a> {
    /// Reads what follows the header. All the rest is the answer.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(header: Header, reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let sequence = reader.u16()?;
        Ok(Self {
            early_error: header.param1 & 1 != 0,
            handle: header.param2,
            sequence,
            answer: reader.rest(),
        })
    }

    /// Writes what stands before the answer.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode_head(&self, version: Version, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        let header = Header {
            version: version.byte(),
            code: Response::ChunkSendAck.byte(),
            param1: u8::from(self.early_error),
            param2: self.handle,
        };
        header.encode(writer)?;
        writer.u16(self.sequence)
    }
}

/// CHUNK_GET.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkGet {
    /// The large message.
    pub handle: u8,
    /// Which chunk of it.
    pub sequence: u16,
}

impl ChunkGet {
    /// Reads what follows the header; returns the message's length too.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(header: Header, reader: &mut Reader<'_>) -> Result<(Self, usize), Malformed> {
        let message = Self { handle: header.param2, sequence: reader.u16()? };
        Ok((message, finish(reader)?))
    }

    /// Writes it.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode(&self, version: Version, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        let header = Header {
            version: version.byte(),
            code: Request::ChunkGet.byte(),
            param1: 0,
            param2: self.handle,
        };
        header.encode(writer)?;
        writer.u16(self.sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_chunk_alone_states_the_whole_length() {
        for (sequence, total, head) in [(0, Some(100), 16), (1, None, 12)] {
            let chunk = Chunk { last: sequence == 1, handle: 7, sequence, total, data: &[9; 5] };
            let mut buffer = [0; 32];
            let mut writer = Writer::new(&mut buffer);
            chunk.encode_head(Version::V1_2, true, &mut writer).unwrap();
            assert_eq!((writer.length(), Chunk::head(sequence)), (head, head));
            writer.bytes(&[9; 5]).unwrap();
            let length = writer.length();
            let mut reader = Reader::new(&buffer[..length]);
            let header = Header::decode(&mut reader).unwrap();
            assert_eq!(Chunk::decode(header, &mut reader), Ok((chunk, length)));
        }
    }

    #[test]
    fn a_chunk_of_nothing_is_refused() {
        let header = Header { version: 0x12, code: 6, param1: 0, param2: 0 };
        let empty = Chunk::decode(header, &mut Reader::new(&[1, 0, 0, 0, 0, 0, 0, 0]));
        assert_eq!(empty, Err(Malformed::Field("size of a chunk")));
        let huge = Chunk::decode(header, &mut Reader::new(&[1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1]));
        assert_eq!(huge, Err(Malformed::Short));
    }
}
