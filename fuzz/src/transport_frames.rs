//! What stands around messages: frames of the emulators' socket, SPDM over TCP, MCTP.

use lanewarden_mctp::{Message, PacketHeader};
use lanewarden_net::emulator::{HEAD, Head, Payload, Transport};
use lanewarden_spdm::binding::tcp;

use crate::input::Input;
use crate::shown::one_line;

/// The first byte says what the others are.
pub fn transport_frames(data: &[u8]) {
    let mut input = Input::new(data);
    let choice = input.byte();
    match choice & 3 {
        0 => frame(&mut input),
        1 => tcp_head(input.array(), input.rest()),
        2 => packet(input.rest()),
        _ => payload(Transport::ALL[usize::from(choice >> 2 & 3)], input.rest()),
    }
}

fn frame(input: &mut Input<'_>) {
    let bytes: [u8; HEAD] = input.array();
    let head = Head::decode(bytes);
    assert_eq!(head.encode(), bytes);
    one_line(&head.command);
    let transport = Transport::ALL.into_iter().find(|transport| transport.number() == head.transport);
    if let Some(transport) = transport {
        one_line(&transport);
        payload(transport, input.rest());
    }
}

fn tcp_head(bytes: [u8; tcp::HEAD], body: &[u8]) {
    match tcp::Head::decode(bytes) {
        // Of those that stand alone a length of 0 is taken for one of 2.
        Ok(head) => {
            assert_eq!(tcp::Head::decode(head.encode()), Ok(head));
            assert!(bytes[..2] == [0, 0] || head.encode() == bytes);
            if let tcp::Type::Error(why) = head.kind {
                one_line(&why);
            }
        }
        Err(error) => one_line(&error),
    }
    payload(Transport::Tcp, &[&bytes, body].concat());
}

fn packet(bytes: &[u8]) {
    let Some((header, message)) = PacketHeader::split(bytes) else {
        assert!(bytes.len() < PacketHeader::LENGTH);
        return;
    };
    let [version, rest @ ..] = header.encode();
    assert_eq!((version, &rest[..]), (bytes[0] & 0xf, &bytes[1..4]), "but for reserved bits");
    assert!(header.with_tag(header.tag()).is_ok() && header.with_sequence(header.sequence()).is_ok());
    one_line(&header.source);
    match Message::parse(message) {
        Ok(parsed) => {
            one_line(&parsed.message_type);
            let mut again = vec![0; message.len()];
            assert_eq!(parsed.write_to(&mut again), Ok(message.len()));
            assert_eq!(again, message);
        }
        Err(error) => one_line(&error),
    }
    payload(Transport::Mctp, message);
}

/// What is unwrapped is wrapped as it was.
fn payload(transport: Transport, bytes: &[u8]) {
    let unwrapped = match Payload::unwrap(transport, bytes) {
        Ok(unwrapped) => unwrapped,
        Err(error) => return one_line(&error),
    };
    let (kind, message) = match unwrapped.message() {
        Ok(message) => message,
        Err(error) => return one_line(&error),
    };
    let mut again = vec![0xee];
    Payload::wrap(transport, kind, message, &mut again).expect("it was wrapped before");
    assert_eq!((again[0], again.len()), (0xee, bytes.len() + 1));
    let read = Payload::unwrap(transport, &again[1..]).and_then(Payload::message);
    assert_eq!(read, Ok((kind, message)));
}
