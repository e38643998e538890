//! How a message is wrapped in the payload of a frame.

use lanewarden_doe::{Object, Protocol};
use lanewarden_mctp::{Message, MessageType};
use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::binding::tcp;

use super::Transport;
use crate::TransportError;

/// What the payload of a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload<'a> {
    /// A message, over DOE with its padding.
    Message(MessageKind, &'a [u8]),
    /// A data object of a protocol other than these two, with its padding.
    Object(Protocol, &'a [u8]),
    /// What TCP has beside messages.
    Tcp(tcp::Type),
}

impl<'a> Payload<'a> {
    /// Reads a payload.
    ///
    /// # Errors
    /// Those of [`TransportError`] that say what is wrong with it.
    pub fn unwrap(transport: Transport, bytes: &'a [u8]) -> Result<Self, TransportError> {
        match transport {
            _ if bytes.is_empty() => Err(TransportError::NoAnswer),
            Transport::None => Ok(Self::Message(MessageKind::Plain, bytes)),
            Transport::Mctp => of_mctp(bytes),
            Transport::Doe => of_doe(bytes),
            Transport::Tcp => of_tcp(bytes),
        }
    }

    /// The message in it.
    ///
    /// # Errors
    /// [`TransportError::WrongProtocol`], [`TransportError::Refused`] and [`TransportError::NoMessage`] where it is
    /// something else.
    pub fn message(self) -> Result<(MessageKind, &'a [u8]), TransportError> {
        match self {
            Self::Message(kind, message) => Ok((kind, message)),
            Self::Object(protocol, _) => Err(TransportError::WrongProtocol(protocol)),
            Self::Tcp(tcp::Type::Error(why)) => Err(TransportError::Refused(why)),
            Self::Tcp(kind) => Err(TransportError::NoMessage(kind.number())),
        }
    }

    /// Appends a wrapped message to `out`.
    ///
    /// # Errors
    /// [`TransportError::NoSecured`] and [`TransportError::Unsendable`]; `out` is then unchanged.
    pub fn wrap(
        transport: Transport,
        kind: MessageKind,
        message: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), TransportError> {
        match transport {
            Transport::None if kind == MessageKind::Secured => return Err(TransportError::NoSecured),
            Transport::None => {}
            Transport::Mctp => out.push(Message::new(mctp_type(kind), message).first_byte()),
            Transport::Doe => return wrap_object(protocol(kind), message, out),
            Transport::Tcp => {
                let head = tcp::Head::message(kind, message.len());
                out.extend(head.map_err(|_| TransportError::Unsendable(message.len()))?.encode());
            }
        }
        out.extend(message);
        Ok(())
    }
}

/// Appends a data object to `out`.
///
/// # Errors
/// [`TransportError::Unsendable`]; `out` is then unchanged.
pub(super) fn wrap_object(
    protocol: Protocol,
    payload: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), TransportError> {
    let unsendable = |_| TransportError::Unsendable(payload.len());
    let object = Object::new(protocol, 0, payload).map_err(unsendable)?;
    let start = out.len();
    out.resize(start.saturating_add(8).saturating_add(object.header.payload_len()), 0);
    let room = out.get_mut(start..).unwrap_or_default();
    object.write_to(room).map(drop).map_err(TransportError::from)
}

fn of_mctp(bytes: &[u8]) -> Result<Payload<'_>, TransportError> {
    let Ok(Message { message_type, integrity_check, body }) = Message::parse(bytes) else {
        return Err(TransportError::NoAnswer);
    };
    if integrity_check {
        return Err(TransportError::IntegrityCheck(message_type));
    }
    match message_type {
        MessageType::SPDM => Ok(Payload::Message(MessageKind::Plain, body)),
        MessageType::SECURED => Ok(Payload::Message(MessageKind::Secured, body)),
        other => Err(TransportError::WrongType(other)),
    }
}

fn of_doe(bytes: &[u8]) -> Result<Payload<'_>, TransportError> {
    let Object { header, payload } = Object::parse(bytes)?;
    Ok(match header.protocol {
        Protocol::CMA_SPDM => Payload::Message(MessageKind::Plain, payload),
        Protocol::SECURED_CMA_SPDM => Payload::Message(MessageKind::Secured, payload),
        other => Payload::Object(other, payload),
    })
}

fn of_tcp(bytes: &[u8]) -> Result<Payload<'_>, TransportError> {
    let length = |named| TransportError::Length { named, present: bytes.len() };
    let (head, body) = bytes.split_first_chunk::<{ tcp::HEAD }>().ok_or(length(tcp::HEAD))?;
    let head = tcp::Head::decode(*head)?;
    if head.body_len() != body.len() {
        return Err(length(head.body_len().saturating_add(tcp::HEAD)));
    }
    Ok(match head.kind {
        tcp::Type::Message(kind) => Payload::Message(kind, body),
        other => Payload::Tcp(other),
    })
}

const fn mctp_type(kind: MessageKind) -> MessageType {
    match kind {
        MessageKind::Plain => MessageType::SPDM,
        MessageKind::Secured => MessageType::SECURED,
    }
}

const fn protocol(kind: MessageKind) -> Protocol {
    match kind {
        MessageKind::Plain => Protocol::CMA_SPDM,
        MessageKind::Secured => Protocol::SECURED_CMA_SPDM,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wrapped(transport: Transport, kind: MessageKind, message: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        Payload::wrap(transport, kind, message, &mut out).unwrap();
        out
    }

    #[test]
    fn each_transport_has_its_own_few_bytes_in_front() {
        let message = [0x10, 0x84, 0, 0, 0xaa];
        let plain = |transport| wrapped(transport, MessageKind::Plain, &message);
        let secured = |transport| wrapped(transport, MessageKind::Secured, &message);
        assert_eq!(plain(Transport::None), message);
        assert_eq!(plain(Transport::Mctp), [5, 0x10, 0x84, 0, 0, 0xaa]);
        assert_eq!(secured(Transport::Mctp)[0], 6);
        assert_eq!(plain(Transport::Doe), [1, 0, 1, 0, 4, 0, 0, 0, 0x10, 0x84, 0, 0, 0xaa, 0, 0, 0]);
        assert_eq!(secured(Transport::Doe)[2], 2);
        assert_eq!(plain(Transport::Tcp), [7, 0, 1, 5, 0x10, 0x84, 0, 0, 0xaa]);
        assert_eq!(secured(Transport::Tcp)[3], 6);
    }

    #[test]
    fn what_a_transport_cannot_carry_is_the_callers_mistake() {
        let mut out = vec![7];
        let secured = Payload::wrap(Transport::None, MessageKind::Secured, &[1], &mut out);
        assert_eq!(secured, Err(TransportError::NoSecured));
        let long = vec![0; tcp::MAX_MESSAGE + 1];
        let long = Payload::wrap(Transport::Tcp, MessageKind::Plain, &long, &mut out);
        assert_eq!(long, Err(TransportError::Unsendable(tcp::MAX_MESSAGE + 1)));
        assert_eq!(out, [7]);
    }

    #[test]
    fn other_mctp_messages_are_none_of_ours() {
        let unwrap = |bytes| Payload::unwrap(Transport::Mctp, bytes);
        assert_eq!(unwrap(&[0x01, 0]), Err(TransportError::WrongType(MessageType::PLDM)));
        assert_eq!(unwrap(&[0x85, 0]), Err(TransportError::IntegrityCheck(MessageType::SPDM)));
        assert_eq!(unwrap(&[]), Err(TransportError::NoAnswer));
    }

    #[test]
    fn a_tcp_head_that_miscounts_is_refused() {
        let unwrap = |bytes| Payload::unwrap(Transport::Tcp, bytes);
        assert_eq!(unwrap(&[4, 0, 1, 5, 0x10]), Err(TransportError::Length { named: 6, present: 5 }));
        assert_eq!(unwrap(&[4, 0, 1]), Err(TransportError::Length { named: 4, present: 3 }));
        assert_eq!(unwrap(&[0, 0, 1, 0xbf]), Ok(Payload::Tcp(tcp::Type::RoleInquiry)));
    }

    proptest! {
        #[test]
        fn what_is_wrapped_can_be_unwrapped(
            message in proptest::collection::vec(any::<u8>(), 1..300),
            transport in proptest::sample::select(&Transport::ALL[1..]),
            secured: bool,
        ) {
            let kind = if secured { MessageKind::Secured } else { MessageKind::Plain };
            let bytes = wrapped(transport, kind, &message);
            let (seen, body) = Payload::unwrap(transport, &bytes).unwrap().message().unwrap();
            prop_assert_eq!(seen, kind);
            prop_assert_eq!(&body[..message.len()], &message[..]);
            prop_assert!(body[message.len()..].iter().all(|padding| *padding == 0));
            prop_assert!(body.len() == message.len() || transport == Transport::Doe);
        }

        #[test]
        fn any_bytes_are_a_payload_or_an_error(
            bytes in proptest::collection::vec(any::<u8>(), 0..64),
            transport in proptest::sample::select(&Transport::ALL[..]),
        ) {
            if let Ok(payload) = Payload::unwrap(transport, &bytes)
                && let Ok((kind, message)) = payload.message()
            {
                let again = wrapped(transport, kind, message);
                prop_assert_eq!(again.len(), bytes.len());
            }
        }
    }
}
