//! Errors, and messages that carry messages.

use lanewarden_spdm::Version;
use lanewarden_spdm::message::{
    Chunk, ChunkAck, ChunkGet, Code, DeliverEncapsulatedResponse, EncapsulatedPayload, EncapsulatedRequest,
    EncapsulatedResponseAck, ErrorMessage, GetEncapsulatedRequest, HEADER_SIZE, Header, Malformed, Reader,
    Request, RespondIfReady, Response,
};

use super::super::large::Large;
use super::super::{Carried, What};
use super::{Content, bare};
use crate::{Field, Value};

pub fn error(header: Header, reader: &Reader<'_>) -> Content {
    let message = ErrorMessage::decode(header, reader);
    Content::new(
        &message,
        vec![
            Field::new("error_code", message.code.0),
            Field::new("error_name", message.code.name()),
            Field::new("error_data", Value::mask(message.data)),
            Field::new("extended", message.extended),
        ],
    )
}

pub fn respond_if_ready(header: Header) -> Content {
    let message = RespondIfReady::decode(header);
    Content::new(
        &message,
        vec![
            Field::new("request", message.request.to_string()),
            Field::new("token", Value::mask(message.token)),
        ],
    )
}

pub fn chunk_get(header: Header, reader: &mut Reader<'_>) -> Result<Content, Malformed> {
    let (message, _) = ChunkGet::decode(header, reader)?;
    let ChunkGet { handle, sequence } = message;
    Ok(Content::new(&message, vec![Field::new("handle", handle), Field::new("sequence", sequence)]))
}

/// A chunk in either direction; the last carries the large message.
pub fn chunk(
    by: &'static str,
    header: Header,
    reader: &mut Reader<'_>,
    large: &mut Large,
) -> Result<Content, Malformed> {
    let (chunk, _) = Chunk::decode(header, reader)?;
    let content = Content::new(
        &chunk,
        vec![
            Field::new("handle", chunk.handle),
            Field::new("sequence", chunk.sequence),
            Field::new("last", chunk.last),
            Field::new("total", chunk.total),
            Field::new("data", chunk.data),
        ],
    );
    Ok(match large.take(&chunk) {
        Ok(whole) => {
            let carries = whole.map(|bytes| Carried { by, bytes, what: What::Spdm });
            Content { carries, ..content }
        }
        Err(error) => Content { error: Some(error), ..content },
    })
}

pub fn chunk_ack(header: Header, reader: &mut Reader<'_>) -> Result<Content, Malformed> {
    let mut message = ChunkAck::decode(header, reader)?;
    // The place of the chunk has two bytes more from 1.4 on.
    if header.version > Version::V1_3.byte() {
        message.answer = message.answer.get(2..).unwrap_or_default();
    }
    let ChunkAck { early_error, handle, sequence, answer } = message;
    let content = Content::new(
        &message,
        vec![
            Field::new("handle", handle),
            Field::new("sequence", sequence),
            Field::new("early_error", early_error),
            Field::new("answer_length", answer.len()),
        ],
    );
    Ok(Content { carries: carried(Response::ChunkSendAck.name(), answer, false), ..content })
}

pub fn get_encapsulated_request(reader: &Reader<'_>) -> Result<Content, Malformed> {
    let (message, _) = GetEncapsulatedRequest::decode(reader)?;
    Ok(Content::new(&message, Vec::new()))
}

pub fn encapsulated_request(header: Header, reader: &Reader<'_>) -> Result<Content, Malformed> {
    let message = EncapsulatedRequest::decode(header, reader)?;
    let content = Content::new(&message, numbered(message.id, message.request));
    let by = Response::EncapsulatedRequest.name();
    Ok(Content { carries: carried(by, message.request, true), ..content })
}

pub fn deliver_encapsulated_response(header: Header, reader: &Reader<'_>) -> Result<Content, Malformed> {
    let message = DeliverEncapsulatedResponse::decode(header, reader)?;
    let content = Content::new(&message, numbered(message.id, message.response));
    let by = Request::DeliverEncapsulatedResponse.name();
    Ok(Content { carries: carried(by, message.response, true), ..content })
}

fn numbered(id: u8, carried: &[u8]) -> Vec<Field> {
    vec![Field::new("request_id", id), Field::new("message_length", carried.len())]
}

/// ENCAPSULATED_RESPONSE_ACK: the next request may follow, or the number of a slot.
pub fn encapsulated_ack(
    version: Version,
    header: Header,
    reader: &mut Reader<'_>,
) -> Result<Content, Malformed> {
    let message = EncapsulatedResponseAck::decode(version, header, reader)?;
    let EncapsulatedResponseAck { id, ack_id, payload } = message;
    let (next, slot): (&[u8], _) = match payload {
        EncapsulatedPayload::None => (&[], None),
        EncapsulatedPayload::Request(next) => (next, None),
        EncapsulatedPayload::Slot(slot) => (&[], Some(slot)),
    };
    let fields = vec![
        Field::new("request_id", id),
        Field::new("acknowledged_id", ack_id),
        Field::new("payload_type", payload.kind()),
        Field::new("slot", slot),
        Field::new("message_length", next.len()),
    ];
    let by = Response::EncapsulatedResponseAck.name();
    Ok(Content { carries: carried(by, next, true), ..Content::new(&message, fields) })
}

/// A message that another one carries. What is shorter than a header is padding.
fn carried(by: &'static str, bytes: &[u8], encapsulated: bool) -> Option<Carried> {
    let what = if encapsulated { What::Encapsulated } else { What::Spdm };
    (bytes.len() >= HEADER_SIZE).then(|| Carried { by, bytes: bytes.to_vec(), what })
}

/// A key exchange where the algorithms are not known: the sender's half of the session ID follows the header.
pub fn exchange(header: Header, reader: &Reader<'_>) -> Result<Content, Malformed> {
    let session = { *reader }.u16()?;
    let half = if Code(header.code).is_request() { "requester_session_id" } else { "responder_session_id" };
    let mut fields = bare(header, *reader).split_off(1);
    fields.insert(0, Field::new(half, Value::mask(session)));
    Ok(Content::new(&format!("session {session:#06x} on this side"), fields))
}
