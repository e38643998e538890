//! Secured messages (DSP0277): what stands outside the ciphertext.

use super::Shown;
use crate::{Field, Protocol, Value};

/// Bytes of the session ID.
const SESSION: usize = 4;

/// A secured message. Over MCTP two bytes of a sequence number follow the session ID (DSP0276); other transports have
/// none.
pub fn secured(bytes: &[u8], with_sequence: bool) -> Shown {
    let shown = Shown::new(Protocol::Secured, "secured message", "");
    match head(bytes, with_sequence) {
        None => shown.wrong(format!("{} bytes are shorter than the head of a secured message", bytes.len())),
        Some((session, sequence, length, rest)) => {
            let sealed = rest.get(..length.into());
            let fields = vec![
                Field::new("requester_session_id", Value::mask(session & 0xffff)),
                Field::new("responder_session_id", Value::mask(session >> 16)),
                Field::new("sequence_number", sequence),
                Field::new("sealed_length", length),
                Field::new("sealed", sealed),
            ];
            let gist = match sequence {
                Some(sequence) => {
                    format!("session {session:#010x}, number {sequence}, {length} bytes sealed")
                }
                None => format!("session {session:#010x}, {length} bytes sealed"),
            };
            let shown = Shown { gist, ..shown.with(fields) };
            match sealed {
                Some(_) => shown,
                None => shown.wrong(format!("{length} bytes are announced, there are {}", rest.len())),
            }
        }
    }
}

type Head<'a> = (u32, Option<u16>, u16, &'a [u8]);

fn head(bytes: &[u8], with_sequence: bool) -> Option<Head<'_>> {
    let (session, rest) = bytes.split_first_chunk::<SESSION>()?;
    let (sequence, rest) = if with_sequence {
        let (sequence, rest) = rest.split_first_chunk()?;
        (Some(u16::from_le_bytes(*sequence)), rest)
    } else {
        (None, rest)
    };
    let (length, rest) = rest.split_first_chunk()?;
    Some((u32::from_le_bytes(*session), sequence, u16::from_le_bytes(*length), rest))
}
