//! GET_ENCAPSULATED_REQUEST, ENCAPSULATED_REQUEST, DELIVER_ENCAPSULATED_RESPONSE and ENCAPSULATED_RESPONSE_ACK (DSP0274
//! 1.3, 10.22 and 10.23): requests that the responder makes, in its answers.
//!
//! What is carried has no length of its own: it goes to the end, with a transport's padding, which the carried message
//! knows how to tell.

use super::{HEADER_SIZE, Header, Malformed, NoRoom, Reader, Request, Response, SLOTS, Writer, finish};
use crate::Version;

/// GET_ENCAPSULATED_REQUEST: whether the responder has something to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetEncapsulatedRequest;

impl GetEncapsulatedRequest {
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
        head(version, Request::GetEncapsulatedRequest.byte(), 0, 0).encode(writer)
    }
}

const fn head(version: Version, code: u8, param1: u8, param2: u8) -> Header {
    Header { version: version.byte(), code, param1, param2 }
}

/// A message that is carried, to the end.
fn carried<'a>(reader: &Reader<'a>) -> Result<&'a [u8], Malformed> {
    let message = reader.rest();
    if message.len() < HEADER_SIZE { Err(Malformed::Short) } else { Ok(message) }
}

/// ENCAPSULATED_REQUEST: what the responder asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncapsulatedRequest<'a> {
    /// The number of the request, which its answer repeats.
    pub id: u8,
    /// The request.
    pub request: &'a [u8],
}

impl<'a> EncapsulatedRequest<'a> {
    /// Reads what follows the header. All the rest is the request.
    ///
    /// # Errors
    /// [`Malformed::Short`].
    pub fn decode(header: Header, reader: &Reader<'a>) -> Result<Self, Malformed> {
        Ok(Self { id: header.param1, request: carried(reader)? })
    }

    /// Writes what stands before the request.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode_head(version: Version, id: u8, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        head(version, Response::EncapsulatedRequest.byte(), id, 0).encode(writer)
    }

    /// Writes it.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode(&self, version: Version, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        Self::encode_head(version, self.id, writer)?;
        writer.bytes(self.request)
    }
}

/// DELIVER_ENCAPSULATED_RESPONSE: what the requester answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliverEncapsulatedResponse<'a> {
    /// The number of the request that is answered.
    pub id: u8,
    /// The answer.
    pub response: &'a [u8],
}

impl<'a> DeliverEncapsulatedResponse<'a> {
    /// Reads what follows the header. All the rest is the answer.
    ///
    /// # Errors
    /// [`Malformed::Short`].
    pub fn decode(header: Header, reader: &Reader<'a>) -> Result<Self, Malformed> {
        Ok(Self { id: header.param1, response: carried(reader)? })
    }

    /// Writes what stands before the answer.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode_head(version: Version, id: u8, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        head(version, Request::DeliverEncapsulatedResponse.byte(), id, 0).encode(writer)
    }

    /// Writes it.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode(&self, version: Version, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        Self::encode_head(version, self.id, writer)?;
        writer.bytes(self.response)
    }
}

/// What an ENCAPSULATED_RESPONSE_ACK carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncapsulatedPayload<'a> {
    /// Nothing: there is no more to ask.
    None,
    /// The next request.
    Request(&'a [u8]),
    /// The requester's slot that FINISH is to be signed with; there is no more to ask.
    Slot(u8),
}

impl EncapsulatedPayload<'_> {
    /// Its kind, as it stands in the message.
    #[must_use]
    pub const fn kind(&self) -> u8 {
        match self {
            Self::None => 0,
            Self::Request(_) => 1,
            Self::Slot(_) => 2,
        }
    }
}

/// ENCAPSULATED_RESPONSE_ACK: the answer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncapsulatedResponseAck<'a> {
    /// The number of the next request, where there is one.
    pub id: u8,
    /// The number of the request whose answer has come; from 1.2 on.
    pub ack_id: Option<u8>,
    /// What is next.
    pub payload: EncapsulatedPayload<'a>,
}

impl<'a> EncapsulatedResponseAck<'a> {
    /// Reads what follows the header. All the rest is the next request, where there is one.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(version: Version, header: Header, reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let ack_id = if version >= Version::V1_2 {
            let [id, _, _, _] = reader.array()?;
            Some(id)
        } else {
            None
        };
        let payload = match header.param2 {
            0 => EncapsulatedPayload::None,
            1 => return Ok(Self { id: header.param1, ack_id, payload: next(reader)? }),
            2 => EncapsulatedPayload::Slot(slot(reader)?),
            _ => return Err(Malformed::Field("kind of payload")),
        };
        finish(reader)?;
        Ok(Self { id: header.param1, ack_id, payload })
    }

    /// Writes what stands before the next request, or before the slot.
    fn encode_head(&self, version: Version, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        let code = Response::EncapsulatedResponseAck.byte();
        head(version, code, self.id, self.payload.kind()).encode(writer)?;
        if version < Version::V1_2 {
            return Ok(());
        }
        writer.bytes(&[self.ack_id.unwrap_or_default(), 0, 0, 0])
    }

    /// Writes it; after a [`EncapsulatedPayload::Request`] that is empty the caller writes the request.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode(&self, version: Version, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        self.encode_head(version, writer)?;
        match self.payload {
            EncapsulatedPayload::None => Ok(()),
            EncapsulatedPayload::Request(request) => writer.bytes(request),
            EncapsulatedPayload::Slot(slot) => writer.u8(slot),
        }
    }
}

fn next<'a>(reader: &Reader<'a>) -> Result<EncapsulatedPayload<'a>, Malformed> {
    carried(reader).map(EncapsulatedPayload::Request)
}

fn slot(reader: &mut Reader<'_>) -> Result<u8, Malformed> {
    let slot = reader.u8()?;
    if slot < SLOTS { Ok(slot) } else { Err(Malformed::Field("slot")) }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use super::*;

    fn written(write: impl FnOnce(&mut Writer<'_>) -> Result<(), NoRoom>) -> Vec<u8> {
        let mut buffer = [0; 64];
        let mut writer = Writer::new(&mut buffer);
        write(&mut writer).unwrap();
        writer.written().to_vec()
    }

    fn read(message: &[u8]) -> Result<(Header, Reader<'_>), Malformed> {
        let mut reader = Reader::new(message);
        Ok((Header::decode(&mut reader)?, reader))
    }

    fn acknowledged(version: Version, message: &[u8]) -> Result<EncapsulatedResponseAck<'_>, Malformed> {
        let (header, mut reader) = read(message)?;
        EncapsulatedResponseAck::decode(version, header, &mut reader)
    }

    #[test]
    fn the_call_for_a_request_says_nothing_more() {
        let message = written(|writer| GetEncapsulatedRequest.encode(Version::V1_1, writer));
        assert_eq!(message, [0x11, 0xea, 0, 0]);
        let (_, reader) = read(&message).unwrap();
        assert_eq!(GetEncapsulatedRequest::decode(&reader), Ok((GetEncapsulatedRequest, 4)));
        let (_, reader) = read(&[0x11, 0xea, 0, 0, 1]).unwrap();
        assert_eq!(GetEncapsulatedRequest::decode(&reader), Err(Malformed::Trailing(1)));
    }

    #[test]
    fn what_is_carried_comes_back() {
        let digests = [0x12, 0x81, 0, 0];
        let asked = EncapsulatedRequest { id: 5, request: &digests };
        let message = written(|writer| asked.encode(Version::V1_2, writer));
        assert_eq!(message, [0x12, 0x6a, 5, 0, 0x12, 0x81, 0, 0]);
        let (header, reader) = read(&message).unwrap();
        assert_eq!(EncapsulatedRequest::decode(header, &reader), Ok(asked));
        let answered = DeliverEncapsulatedResponse { id: 5, response: &[0x12, 0x7f, 1, 0] };
        let message = written(|writer| answered.encode(Version::V1_2, writer));
        assert_eq!(message, [0x12, 0xeb, 5, 0, 0x12, 0x7f, 1, 0]);
        let (header, reader) = read(&message).unwrap();
        assert_eq!(DeliverEncapsulatedResponse::decode(header, &reader), Ok(answered));
    }

    #[test]
    fn what_is_shorter_than_a_header_is_no_message() {
        let (header, reader) = read(&[0x12, 0x6a, 5, 0, 0x12, 0x81, 0]).unwrap();
        assert_eq!(EncapsulatedRequest::decode(header, &reader), Err(Malformed::Short));
        assert_eq!(DeliverEncapsulatedResponse::decode(header, &reader), Err(Malformed::Short));
        assert_eq!(acknowledged(Version::V1_1, &[0x11, 0x6b, 5, 1, 0x11, 0x82, 0]), Err(Malformed::Short));
    }

    #[test]
    fn an_acknowledgement_carries_nothing_a_request_or_a_slot() {
        let request = [0x12, 0x82, 0, 0];
        let ack = |payload| EncapsulatedResponseAck { id: 6, ack_id: Some(5), payload };
        for (payload, known) in [
            (EncapsulatedPayload::None, &[0x12, 0x6b, 6, 0, 5, 0, 0, 0][..]),
            (EncapsulatedPayload::Request(&request), &[0x12, 0x6b, 6, 1, 5, 0, 0, 0, 0x12, 0x82, 0, 0]),
            (EncapsulatedPayload::Slot(7), &[0x12, 0x6b, 6, 2, 5, 0, 0, 0, 7]),
        ] {
            let message = written(|writer| ack(payload).encode(Version::V1_2, writer));
            assert_eq!(message, known);
            assert_eq!(acknowledged(Version::V1_2, &message), Ok(ack(payload)));
            assert_eq!(acknowledged(Version::V1_2, &message[..7]), Err(Malformed::Short));
        }
    }

    #[test]
    fn in_1_1_an_acknowledgement_does_not_name_what_it_acknowledges() {
        let ack = EncapsulatedResponseAck { id: 6, ack_id: None, payload: EncapsulatedPayload::Slot(1) };
        let message = written(|writer| ack.encode(Version::V1_1, writer));
        assert_eq!(message, [0x11, 0x6b, 6, 2, 1]);
        assert_eq!(acknowledged(Version::V1_1, &message), Ok(ack));
    }

    #[test]
    fn other_payloads_slots_and_lengths_are_refused() {
        let ack = |bytes: &[u8]| acknowledged(Version::V1_1, bytes).unwrap_err();
        assert_eq!(ack(&[0x11, 0x6b, 0, 3]), Malformed::Field("kind of payload"));
        assert_eq!(ack(&[0x11, 0x6b, 0, 2]), Malformed::Short);
        assert_eq!(ack(&[0x11, 0x6b, 0, 2, 8]), Malformed::Field("slot"));
        assert_eq!(ack(&[0x11, 0x6b, 0, 2, 1, 1]), Malformed::Trailing(1));
        assert_eq!(ack(&[0x11, 0x6b, 0, 0, 1]), Malformed::Trailing(1));
    }
}
