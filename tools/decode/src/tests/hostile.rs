//! Messages and captures that lie.

use insta::assert_snapshot;
use lanewarden_spdm::message::GET_VERSION;
use proptest::prelude::*;

use super::*;

fn messages_after_negotiation(after: &[Vec<u8>]) -> Vec<u8> {
    let mut all = plain(negotiation());
    // Directions are not told over MCTP.
    all.extend(after.iter().map(|bytes| (Direction::ToResponder, MessageKind::Plain, bytes.clone())));
    captured(LinkType::Mctp, &[], &all[5..])
}

#[test]
fn malformed_messages_are_shown_with_the_reason_and_their_bytes() {
    let mut wrong_mask = header(0x01, 0, 0);
    wrong_mask.extend([0; 48]);
    let capture = messages_after_negotiation(&[
        vec![0x12, 0x83],
        vec![],
        vec![0x73, 0x84, 0, 0],
        header(0x83, 0, 0x55),
        wrong_mask,
        challenge_auth(1),
        measured(100 - 10),
        [header(0x82, 0, 0), vec![0; 10]].concat(),
        [header(0x7e, 0, 0), vec![3, 0, 2, 1, 0, 0xff, 0xff]].concat(),
        [header(0x06, 1, 7), vec![0; 300]].concat(),
        header(0x84, 0, 0),
    ]);
    assert_snapshot!(shown(&capture, Verbosity::Line));
}

#[test]
fn chunks_that_are_missing_or_too_many_are_told() {
    let large = measured(0);
    let parts: Vec<_> = chunks(&large, 100).into_iter().map(|(_, bytes)| bytes).skip(1).step_by(2).collect();
    let mut huge = parts[0].clone();
    huge[12..16].copy_from_slice(&0x10_0001_u32.to_le_bytes());
    let mut short = parts[0].clone();
    short[12..16].copy_from_slice(&99_u32.to_le_bytes());
    let capture =
        messages_after_negotiation(&[parts[0].clone(), parts[2].clone(), huge, parts[1].clone(), short]);
    let errors: Vec<_> = messages(reader(&capture)).filter_map(|message| message.error).collect();
    let missing = "a chunk before it is missing";
    let too_many = "the chunks have 100 bytes of a message of 99";
    assert_eq!(errors, [missing, "a large message of 1048577 bytes, over 1048576", missing, too_many]);
}

#[test]
fn what_is_wrong_with_a_capture_is_shown_among_its_messages() {
    let mut capture = captured(LinkType::Mctp, &[], &plain(negotiation()));
    capture.truncate(70);
    assert_snapshot!(shown(&capture, Verbosity::Line));
}

#[test]
fn newer_versions_are_read_as_far_as_the_rules_have_stayed() {
    let capture = messages_after_negotiation(&[
        vec![0x14, 0x81, 0, 0],
        vec![0x14, 0x82, 0x80, 0, 1, 2, 3, 4, 5, 6, 7, 8],
    ]);
    let all: Vec<_> = messages(reader(&capture)).skip(1).collect();
    assert_eq!(
        all.iter().map(|message| &*message.gist).collect::<Vec<_>>(),
        ["", "parameters 0x80 0x00, 8 bytes more; not as in 1.3"]
    );
    assert!(all.iter().all(|message| message.error.is_none()));
}

#[test]
fn a_chain_that_cannot_be_read_is_named_as_such() {
    let mut chain = chain(&["Root"]);
    chain[60] ^= 0xff;
    let after: Vec<_> = portions(&chain, 600).into_iter().map(|(_, bytes)| bytes).collect();
    let shown = shown(&messages_after_negotiation(&after), Verbosity::Fields);
    assert!(shown.contains("subjects: certificate 0"), "{shown}");
}

#[test]
fn long_fields_and_dumps_are_shortened_and_their_length_named() {
    let long = [header(0x7f, 1, 0), vec![0xab; 60_000]].concat();
    let capture = captured(LinkType::Mctp, &[], &[(Direction::ToRequester, MessageKind::Plain, long)]);
    let text = shown(&capture, Verbosity::Bytes);
    assert!(text.contains("extended: abab") && text.contains(".. (60000 bytes)"), "{text}");
    assert!(text.ends_with("... 60004 bytes in all"));
    let document = serde_json::to_string(&Document::new(messages(reader(&capture)))).unwrap();
    assert!(document.contains(r#""extended":{"length":60000,"hex":"abab"#));
    assert!(document.len() < 3000, "{}", document.len());
}

#[test]
fn a_repeated_connection_forgets_what_it_had_agreed_on() {
    let capture = messages_after_negotiation(&[GET_VERSION.to_vec(), challenge_auth(0)]);
    let last = messages(reader(&capture)).last().unwrap();
    assert!(last.gist.ends_with("the algorithms are not known"), "{}", last.gist);
}

/// The most that is shown of a message: of each byte its digits in a field and in the dump, with names around, and as
/// much again for what it carries.
const MOST_SHOWN: usize = 64;

fn sane(capture: &[u8]) -> Result<(), TestCaseError> {
    for verbosity in [Verbosity::Line, Verbosity::Fields, Verbosity::Bytes] {
        let Ok(reader) = CaptureReader::new(capture) else { return Ok(()) };
        let text: usize = lines(reader, verbosity)
            .map(|text| {
                assert!(text.chars().all(|c| c == '\n' || c == ' ' || c.is_ascii_graphic()), "{text:?}");
                text.len()
            })
            .sum();
        prop_assert!(text <= (capture.len() + 256) * MOST_SHOWN, "{text} of {}", capture.len());
    }
    let Ok(reader) = CaptureReader::new(capture) else { return Ok(()) };
    let document = serde_json::to_vec(&Document::new(messages(reader))).unwrap();
    let read: serde_json::Value = serde_json::from_slice(&document).unwrap();
    prop_assert_eq!(&read["schema"], SCHEMA);
    prop_assert!(document.len() <= (capture.len() + 256) * MOST_SHOWN);
    Ok(())
}

fn any_link() -> impl Strategy<Value = LinkType> {
    prop_oneof![Just(LinkType::Mctp), Just(LinkType::Doe), Just(LinkType::Ip)]
}

proptest! {
    #[test]
    fn damaged_attestations_are_shown_to_an_end(
        link in any_link(),
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..16),
        cut: proptest::sample::Index,
    ) {
        let mut capture = captured(link, &[], &attestation());
        for (index, byte) in damage {
            let index = index.index(capture.len());
            capture[index] = byte;
        }
        capture.truncate(cut.index(capture.len()) + 1);
        sane(&capture)?;
    }

    #[test]
    fn any_messages_are_shown(
        link in any_link(),
        messages in proptest::collection::vec(
            (
                any::<(bool, bool, u8)>(),
                prop_oneof![Just(0x10_u8), Just(0x12), Just(0x13), Just(0x14), any::<u8>()],
                proptest::collection::vec(any::<u8>(), 0..200),
            ),
            0..24,
        ),
    ) {
        let mut all = plain(negotiation());
        all.extend(messages.into_iter().map(|((to_responder, plain, code), version, rest)| {
            let direction = if to_responder { Direction::ToResponder } else { Direction::ToRequester };
            let kind = if plain { MessageKind::Plain } else { MessageKind::Secured };
            (direction, kind, [vec![version, code], rest].concat())
        }));
        sane(&captured(link, &[], &all))?;
    }

    #[test]
    fn garbage_is_shown_to_an_end(bytes in proptest::collection::vec(any::<u8>(), 0..400), link in any_link()) {
        sane(&bytes)?;
        sane(&[captured(link, &[], &[]), bytes].concat())?;
    }
}
