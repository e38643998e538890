//! What is no SPDM.

use lanewarden_doe::{DiscoveryRequest, DiscoveryResponse, Feature, Header};
use lanewarden_mctp::MessageType;
use lanewarden_spdm::binding::tcp;
use lanewarden_spdm::message::Hex;

use super::Shown;
use crate::capture::Direction;
use crate::{Field, Protocol, Value};

/// Commands of MCTP control messages by their number, from 1 on (DSP0236, table 12).
const CONTROL: [&str; 20] = [
    "Set Endpoint ID",
    "Get Endpoint ID",
    "Get Endpoint UUID",
    "Get MCTP Version Support",
    "Get Message Type Support",
    "Get Vendor Defined Message Support",
    "Resolve Endpoint ID",
    "Allocate Endpoint IDs",
    "Routing Information Update",
    "Get Routing Table Entries",
    "Prepare for Endpoint Discovery",
    "Endpoint Discovery",
    "Discovery Notify",
    "Get Network ID",
    "Query Hop",
    "Resolve UUID",
    "Query Rate Limit",
    "Request TX Rate Limit",
    "Update Rate Limit",
    "Query Supported Interfaces",
];

/// DOE Discovery. A payload does not tell a request from a response; where the capture does not either, it is the other
/// side's turn, but for what no request can be.
pub fn discovery(payload: &[u8], known: Option<Direction>, last: Option<Direction>) -> Shown {
    let shown = Shown::new(Protocol::DoeDiscovery, "DOE Discovery", "").by_turn(last);
    let request_like = matches!(payload, [_, 0 | 2, 0, 0]);
    let is_request = match known.or(shown.direction) {
        Some(Direction::ToRequester) => false,
        _ => known.is_some() || request_like,
    };
    let direction = Some(if is_request { Direction::ToResponder } else { Direction::ToRequester });
    let shown = Shown { direction, ..shown };
    if is_request { discovery_request(shown, payload) } else { discovery_response(shown, payload) }
}

fn discovery_request(shown: Shown, payload: &[u8]) -> Shown {
    let Some(DiscoveryRequest { index, version }) = DiscoveryRequest::decode(payload) else {
        return shown.wrong(format!("a discovery request of {} bytes is shorter than a DW", payload.len()));
    };
    let gist = format!("index {index}, version {version}");
    Shown { gist, ..shown }.with(vec![Field::new("index", index), Field::new("version", version)])
}

fn discovery_response(shown: Shown, payload: &[u8]) -> Shown {
    let DiscoveryResponse { feature: Feature { protocol, limits }, next } =
        match DiscoveryResponse::decode(payload) {
            Ok(response) => response,
            Err(error) => return shown.wrong(error),
        };
    let name = protocol.name();
    let gist = format!("{protocol}, {}, next {next}", name.unwrap_or("no name known"));
    Shown { gist, ..shown }.with(vec![
        Field::new("vendor_id", Value::mask(protocol.vendor)),
        Field::new("data_object_type", protocol.kind),
        Field::new("protocol", name),
        Field::new("next", next),
        Field::new("max_object_dwords", limits.map(|limits| limits.max_dwords)),
    ])
}

/// Another data object.
pub fn doe(header: Header, payload: &[u8]) -> Shown {
    let protocol = header.protocol;
    let gist = format!("{protocol}, {}", Hex(payload));
    Shown::new(Protocol::Doe, protocol.name().unwrap_or("data object"), gist).with(vec![
        Field::new("vendor_id", Value::mask(protocol.vendor)),
        Field::new("data_object_type", protocol.kind),
        Field::new("payload", payload),
    ])
}

/// An MCTP control message (DSP0236, 11).
pub fn control(bytes: &[u8]) -> Shown {
    let shown = Shown::new(Protocol::MctpControl, "MCTP Control", "");
    let [flags, command, rest @ ..] = bytes else {
        return shown.wrong(format!("{} bytes are shorter than the head of a control message", bytes.len()));
    };
    let is_request = flags & 0x80 != 0;
    let name = usize::from(*command).checked_sub(1).and_then(|index| CONTROL.get(index)).copied();
    let completion = if is_request { None } else { rest.first() };
    let mut gist = name.map_or_else(|| format!("command {command:#04x}"), str::to_owned);
    if let Some(completion) = completion {
        gist.push_str(&format!(", completion code {completion:#04x}"));
    }
    let direction = Some(if is_request { Direction::ToResponder } else { Direction::ToRequester });
    Shown { gist, code: Some(*command), direction, ..shown }.with(vec![
        Field::new("request", is_request),
        Field::new("datagram", flags & 0x40 != 0),
        Field::new("instance", flags & 0x1f),
        Field::new("command", name),
        Field::new("completion_code", completion.copied()),
        Field::new("data", rest),
    ])
}

/// Another MCTP message.
pub fn mctp(message_type: MessageType, bytes: &[u8]) -> Shown {
    let gist = format!("type {message_type}, {}", Hex(bytes));
    Shown::new(Protocol::Mctp, message_type.name().unwrap_or("MCTP message"), gist)
        .with(vec![Field::new("message_type", message_type.number()), Field::new("body", bytes)])
}

/// What SPDM over TCP says of itself.
pub fn tcp(kind: tcp::Type) -> Shown {
    let (name, gist) = match kind {
        tcp::Type::Error(refusal) => ("TCP error", refusal.to_string()),
        tcp::Type::RoleInquiry | tcp::Type::Message(_) => ("TCP role inquiry", String::new()),
    };
    Shown { code: Some(kind.number()), ..Shown::new(Protocol::Tcp, name, gist) }
}

/// What the emulators say to each other.
pub fn emulator(command: u32, payload: &[u8]) -> Shown {
    let gist = match command {
        0x8001 => "a key update is wanted",
        0x8002 => "endpoint information is wanted",
        0xfffd => "this connection ends",
        0xfffe => "the responder shall end",
        0xffff => "the command is not known",
        0xdead => "hello",
        _ => "",
    };
    Shown::new(Protocol::Emulator, "emulator", gist)
        .with(vec![Field::new("command", Value::mask(command)), Field::new("payload", payload)])
}
