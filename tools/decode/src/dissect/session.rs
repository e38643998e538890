//! Secured messages (DSP0277): what stands outside the ciphertext, and what is inside where there are keys.

use lanewarden_mctp::{Message, MessageType};
use lanewarden_spdm::binding::{Binding, MessageKind, tcp};
use lanewarden_spdm::crypto::AeadAlgorithm;
use lanewarden_spdm::session::{Protection, SessionHash};

use super::opener::{Open, Opened, Sealed};
use super::{Carried, Shown, What};
use crate::capture::{Captured, Direction, Framing};
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
            let shown = Shown { session: Some(session), ..shown };
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

/// What sealed it is made with, as was said before.
type Terms = (SessionHash, AeadAlgorithm, Protection);

/// The same message, opened where the keys are there; where not, it is said why.
pub fn opened(shown: Shown, opener: &mut dyn Open, terms: Option<Terms>, captured: &Captured) -> Shown {
    match open(&shown, opener, terms, captured) {
        Ok(opened) => with_inside(shown, opened, captured.framing),
        Err(why) => {
            let gist = format!("{}, not opened: {why}", shown.gist);
            Shown { gist, ..shown }.and(Field::new("opened", false))
        }
    }
}

fn open(
    shown: &Shown,
    opener: &mut dyn Open,
    terms: Option<Terms>,
    captured: &Captured,
) -> Result<Opened, &'static str> {
    let (hash, aead, protection) = terms.ok_or("the algorithms are not known")?;
    let binding = match captured.framing {
        Framing::Mctp { .. } => Binding::MCTP,
        Framing::Tcp(_) => Binding::TCP,
        _ => Binding::DOE,
    };
    let direction = captured.direction.or(shown.direction).unwrap_or(Direction::ToResponder);
    let session = shown.session.ok_or("its session is not known")?;
    let (connection, bytes) = (captured.connection, captured.bytes.as_slice());
    opener.open(&Sealed { connection, session, binding, direction, hash, aead, protection, bytes })
}

fn with_inside(shown: Shown, opened: Opened, framing: Framing) -> Shown {
    let Opened { direction, application, phase, updates } = opened;
    let gist = match updates {
        0 => format!("{}, opened with the {} secret", shown.gist, phase.name()),
        1 => format!("{}, opened with the {} secret, updated once", shown.gist, phase.name()),
        _ => format!("{}, opened with the {} secret, updated {updates} times", shown.gist, phase.name()),
    };
    let shown = Shown { gist, direction: Some(direction), ..shown };
    let shown = shown.and(Field::new("opened", true)).and(Field::new("secret", phase.name()));
    let shown = shown.and(Field::new("updates", updates));
    match inside(&application, framing) {
        Some((what, bytes)) => {
            let carries = Carried { by: "secured message", bytes: bytes.to_vec(), what };
            Shown { carries: Some(carries), ..shown }
        }
        None => shown.wrong("what is inside does not begin as messages do on this transport"),
    }
}

/// What the transport's head inside of a record says, and what follows it.
fn inside(application: &[u8], framing: Framing) -> Option<(What, &[u8])> {
    match framing {
        Framing::Mctp { .. } => {
            let message = Message::parse(application).ok()?;
            match message.message_type {
                MessageType::SPDM => Some((What::Spdm, message.body)),
                other => Some((What::Mctp(other), message.body)),
            }
        }
        Framing::Tcp(_) => {
            let (head, rest) = application.split_first_chunk()?;
            let head = tcp::Head::decode(*head).ok()?;
            let is_whole =
                head.kind == tcp::Type::Message(MessageKind::Plain) && head.body_len() == rest.len();
            is_whole.then_some((What::Spdm, rest))
        }
        _ => Some((What::Spdm, application)),
    }
}

impl Shown {
    fn and(mut self, field: Field) -> Self {
        self.fields.push(field);
        self
    }
}
