//! Whole captures as text and for programs, each as a snapshot.
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod hostile;
mod opened;
mod traffic;

use insta::assert_snapshot;
use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::message::MutualAuthentication;

use super::*;
use crate::capture::{Direction, LinkType};
use traffic::*;

pub fn shown(capture: &[u8], verbosity: Verbosity) -> String {
    lines(reader(capture), verbosity).collect::<Vec<_>>().join("\n")
}

fn plain(messages: Vec<(Direction, Vec<u8>)>) -> Vec<Sent> {
    messages.into_iter().map(|(direction, bytes)| (direction, MessageKind::Plain, bytes)).collect()
}

#[test]
fn an_attestation_over_doe_is_shown_line_by_line() {
    let capture = captured(LinkType::Doe, &discovery(), &attestation());
    assert_snapshot!(shown(&capture, Verbosity::Line));
}

#[test]
fn an_attestation_over_mctp_is_shown_line_by_line() {
    let mut messages = attestation();
    // Over MCTP a sequence number follows the session ID.
    for (_, _, sealed) in messages.iter_mut().filter(|(_, kind, _)| *kind == MessageKind::Secured) {
        sealed.splice(4..4, [9, 0]);
    }
    let capture = captured(LinkType::Mctp, &mctp_talk(), &messages);
    assert_snapshot!(shown(&capture, Verbosity::Line));
}

#[test]
fn an_attestation_over_tcp_is_shown_line_by_line() {
    let capture = captured(LinkType::Ip, &tcp_talk(), &attestation());
    assert_snapshot!(shown(&capture, Verbosity::Line));
}

#[test]
fn the_fields_of_messages_are_shown_when_asked_for() {
    let capture = captured(LinkType::Doe, &discovery(), &attestation());
    assert_snapshot!(shown(&capture, Verbosity::Fields));
}

#[test]
fn the_bytes_of_messages_are_shown_when_asked_for() {
    let capture = captured(LinkType::Mctp, &mctp_talk(), &plain(negotiation()));
    assert_snapshot!(shown(&capture, Verbosity::Bytes));
}

#[test]
fn an_attestation_has_a_form_for_programs() {
    let capture = captured(LinkType::Doe, &discovery(), &attestation());
    let document = Document::new(messages(reader(&capture)));
    assert_snapshot!(serde_json::to_string_pretty(&document).unwrap());
}

#[test]
fn a_session_in_the_clear_is_shown_line_by_line() {
    let capture = captured(LinkType::Doe, &[], &plain(session()));
    assert_snapshot!(shown(&capture, Verbosity::Line));
}

#[test]
fn the_fields_of_a_session_are_shown_when_asked_for() {
    let capture = captured(LinkType::Doe, &[], &plain(session()).split_off(4));
    assert_snapshot!(shown(&capture, Verbosity::Fields));
}

#[test]
fn a_session_with_a_shared_key_is_shown_with_its_fields() {
    let mut messages = plain(negotiation()).split_off(2);
    messages.extend(plain(shared_key_session()));
    let capture = captured(LinkType::Mctp, &[], &messages);
    let text = shown(&capture, Verbosity::Fields);
    let (_, exchange) = text.split_once("PSK_EXCHANGE ").unwrap();
    assert_snapshot!(exchange);
}

/// Of a key exchange whose sizes are not known, no more than the numbers is shown.
#[test]
fn a_key_exchange_without_what_was_negotiated_is_shown_by_its_number() {
    let capture = captured(LinkType::Doe, &[], &plain(session())[6..10]);
    let text = shown(&capture, Verbosity::Line);
    assert!(text.contains("session 0x1234 on this side\n"), "{text}");
    assert!(text.contains("session 0x5678 on this side\n"), "{text}");
    assert_eq!(text.matches("; the algorithms are not known").count(), 2, "{text}");
}

/// Without the capabilities, whether there is verify data is told from the length.
#[test]
fn verify_data_is_found_where_the_capabilities_are_not_known() {
    let capture = |verify_data: &[u8]| {
        let answer = exchange_response(MutualAuthentication::None, verify_data, 0);
        let mut messages = plain(negotiation()).split_off(4);
        messages.push((Direction::ToRequester, MessageKind::Plain, answer));
        shown(&captured(LinkType::Mctp, &[], &messages), Verbosity::Line)
    };
    let text = capture(&[0xf0; DIGEST]);
    assert!(text.contains(", verify data f0f0f0f0f0f0f0f0.. (48 bytes), secured"), "{text}");
    let text = capture(&[]);
    assert!(text.contains("signature c2c2c2c2c2c2c2c2.. (96 bytes), secured"), "{text}");
}

/// What carries a message has the same number as the message, and so the same time.
#[test]
fn encapsulated_messages_are_taken_apart_with_the_other_sides_sizes() {
    let mut messages = plain(negotiation());
    let mut inner = |request: Vec<u8>, response: Vec<u8>| {
        let ask = [header(0x6a, 1, 0), request].concat();
        let tell = [header(0xeb, 1, 0), response].concat();
        messages.push((Direction::ToResponder, MessageKind::Plain, header(0xea, 0, 0)));
        messages.push((Direction::ToRequester, MessageKind::Plain, ask));
        messages.push((Direction::ToResponder, MessageKind::Plain, tell));
    };
    for pair in portions(&chain(&["Requester"]), 600).chunks(2) {
        inner(pair[0].1.clone(), pair[1].1.clone());
    }
    messages.push((
        Direction::ToRequester,
        MessageKind::Plain,
        [header(0x6b, 0, 0), vec![1, 0, 0, 0]].concat(),
    ));
    let capture = captured(LinkType::Mctp, &[], &messages[6..]);
    let with_algorithms = captured(LinkType::Mctp, &[], &messages);
    assert_snapshot!(shown(&capture, Verbosity::Line));
    assert!(shown(&with_algorithms, Verbosity::Fields).contains("subjects: CN=Requester\n"));
}

#[test]
fn the_same_conversation_reads_the_same_over_each_transport() {
    let told = |link| -> Vec<_> {
        let capture = captured(link, &[], &plain(negotiation()));
        messages(reader(&capture)).map(|message| (message.number, message.direction, message.gist)).collect()
    };
    let over_doe = told(LinkType::Doe);
    assert_eq!(over_doe.len(), 6);
    assert_eq!(told(LinkType::Mctp), over_doe);
    assert_eq!(told(LinkType::Ip), over_doe);
}

#[test]
fn digests_are_shown_with_what_is_said_of_their_keys() {
    let mut digests = [&[0x13, 0x01, 0x07, 0b101][..], &[0xa0; DIGEST * 2]].concat();
    digests.extend([5, 17, 1, 2, 0x0f, 0, 0x03, 0x01]);
    let mut messages = plain(negotiation());
    messages.push((Direction::ToRequester, MessageKind::Plain, digests));
    let text = shown(&captured(LinkType::Doe, &[], &messages), Verbosity::Fields);
    let (_, keys) = text.split_once("keys: 2\n").unwrap();
    let values: Vec<_> = keys.lines().map(str::trim).collect();
    let first = ["1.", "slot: 0", "key pair id: 5", "certificate info: 0x01", "key usage: 0x0f"];
    let second = ["2.", "slot: 2", "key pair id: 17", "certificate info: 0x02", "key usage: 0x103"];
    assert_eq!(values, [first, second].concat());
}

#[test]
fn connections_are_kept_apart() {
    let mut dissector = Dissector::default();
    let capture = captured(LinkType::Ip, &[], &plain(negotiation()));
    let negotiated: Vec<_> = reader(&capture).map(Result::unwrap).collect();
    for captured in &negotiated {
        dissector.take(captured);
    }
    let mut answer = negotiated[5].clone();
    answer.bytes = challenge_auth(0);
    let known = dissector.take(&answer).remove(0);
    assert!(known.gist.contains("signature c0c0c0c0c0c0c0c0.. (96 bytes)"), "{}", known.gist);
    if let capture::Connection::Tcp(requester, _) = &mut answer.connection {
        requester.1 += 1;
    }
    let unknown = dissector.take(&answer).remove(0);
    assert!(unknown.gist.ends_with("the algorithms are not known"), "{}", unknown.gist);
    assert_eq!(unknown.error, None);
}
