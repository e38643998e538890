//! Captures written and read again, and captures that lie.
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

use std::time::Duration;

use lanewarden_doe::ObjectError;
use lanewarden_spdm::binding::tcp::HeadError;
use proptest::prelude::*;

use super::*;

const LINKS: [LinkType; 3] = [LinkType::Mctp, LinkType::Doe, LinkType::Ip];
const TIME: Duration = Duration::new(1_700_000_000, 123_456_000);
const GET_VERSION: [u8; 4] = [0x10, 0x84, 0, 0];

type Sent = (Direction, MessageKind, Vec<u8>);

fn written(link: LinkType, messages: &[Sent]) -> Vec<u8> {
    let mut writer = CaptureWriter::new(Vec::new(), link).unwrap();
    for (direction, kind, message) in messages {
        writer.message(TIME, *direction, *kind, message).unwrap();
    }
    writer.into_inner()
}

fn dialogue() -> Vec<Sent> {
    let record = [1, 0, 2, 0, 6, 0, 0xde, 0xad, 0xbe, 0xef];
    vec![
        (Direction::ToResponder, MessageKind::Plain, GET_VERSION.to_vec()),
        (Direction::ToRequester, MessageKind::Secured, record.to_vec()),
    ]
}

fn read(file: &[u8]) -> Vec<Result<Captured, Fault>> {
    match CaptureReader::new(file) {
        Ok(reader) => reader.map(|next| next.map_err(|error| error.fault)).collect(),
        Err(error) => vec![Err(error.fault)],
    }
}

/// A classic capture with these packets.
fn classic(link: u32, packets: &[&[u8]]) -> Vec<u8> {
    let mut file = [0xa1b2_c3d4, 0x0004_0002, 0, 0, 0x10000, link].map(u32::to_le_bytes).concat();
    for packet in packets {
        let length = packet.len() as u32;
        file.extend([1, 2, length, length].map(u32::to_le_bytes).concat());
        file.extend(*packet);
    }
    file
}

/// A block of a pcapng file, little-endian.
fn block(kind: u32, content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u32 + 12).to_le_bytes();
    [&kind.to_le_bytes()[..], &length, content, &length].concat()
}

fn section() -> Vec<u8> {
    let content = [0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    block(pcapng::SECTION, &content)
}

fn interface(link: u16, options: &[u8]) -> Vec<u8> {
    block(1, &[&link.to_le_bytes()[..], &[0; 6], options].concat())
}

fn enhanced(stamp: u64, packet: &[u8]) -> Vec<u8> {
    let length = packet.len() as u32;
    let head = [0, (stamp >> 32) as u32, stamp as u32, length, length].map(u32::to_le_bytes).concat();
    let padding = vec![0; packet.len().next_multiple_of(4) - packet.len()];
    block(6, &[head, packet.to_vec(), padding].concat())
}

const MCTP_PACKET: [u8; 9] = [0, 0, 0, 0xc0, 5, 0x10, 0x84, 0, 0];

#[test]
fn the_bytes_of_a_capture_stay_as_they_are() {
    let lines = |file: &[u8]| {
        let rows =
            file.chunks(16).map(|row| row.iter().map(|byte| format!("{byte:02x} ")).collect::<String>());
        rows.map(|row| row.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
    };
    let shown = LINKS.map(|link| format!("{link:?}\n{}", lines(&written(link, &dialogue()))));
    insta::assert_snapshot!(shown.join("\n\n"));
}

#[test]
fn what_is_written_is_read_again() {
    for link in LINKS {
        let read = read(&written(link, &dialogue()));
        assert_eq!(read.len(), 2, "{link:?}");
        for (captured, (direction, kind, message)) in read.into_iter().zip(dialogue()) {
            let captured = captured.unwrap();
            let (seen, bytes) = captured.message().unwrap();
            assert_eq!(seen, kind);
            assert_eq!(bytes[..message.len()], message);
            assert_eq!(captured.time, TIME);
            assert_eq!(captured.direction, (link == LinkType::Ip).then_some(direction));
        }
    }
}

#[test]
fn a_packet_longer_than_spdm_dump_reads_is_not_written() {
    let mut writer = CaptureWriter::new(Vec::new(), LinkType::Mctp).unwrap();
    let long = writer.message(TIME, Direction::ToResponder, MessageKind::Plain, &vec![0; 0x10000]);
    assert!(matches!(long, Err(WriteError::TooLong(0x10005))), "{long:?}");
    assert_eq!(writer.into_inner().len(), 24);
}

#[test]
fn files_that_are_no_captures_are_refused() {
    assert_eq!(read(b"\x7fELF....................."), [Err(Fault::Magic(0x7f45_4c46))]);
    assert_eq!(read(b""), [Err(Fault::Cut)]);
    assert_eq!(read(&classic(291, &[])[..23]), [Err(Fault::Cut)]);
    let mut old = classic(291, &[]);
    old[4] = 1;
    assert_eq!(read(&old), [Err(Fault::Version { major: 1, minor: 4 })]);
}

#[test]
fn a_classic_capture_is_read_in_either_order_and_either_unit() {
    for (magic, nanos) in [(0xa1b2_c3d4_u32, 2_000), (0xa1b2_3c4d, 2)] {
        let words = [magic, 0x0002_0004, 0, 0, 0x10000, 291, 1, 2, 9, 9];
        let file = [words.map(u32::to_be_bytes).as_flattened(), &MCTP_PACKET].concat();
        let captured = read(&file).remove(0).unwrap();
        assert_eq!(captured.time, Duration::new(1, nanos));
        assert_eq!(captured.message(), Some((MessageKind::Plain, &GET_VERSION[..])));
    }
}

#[test]
fn a_length_that_the_file_does_not_honour_ends_it() {
    let file = classic(291, &[&MCTP_PACKET]);
    let good = read(&file);
    let mut cut = [&file[..], &file[24..file.len() - 1]].concat();
    assert_eq!(read(&cut), [good[0].clone(), Err(Fault::Cut)]);
    cut[24 + 25 + 8..][..4].copy_from_slice(&[0xff; 4]);
    let too_long = Fault::TooLong { length: 0xffff_ffff, limit: 262_144 };
    assert_eq!(read(&cut), [good[0].clone(), Err(too_long)]);
}

#[test]
fn an_error_says_where_it_is() {
    let packets: [&[u8]; 2] = [&MCTP_PACKET, &[0, 0, 0, 0xc0]];
    let file = classic(291, &packets);
    let error = CaptureReader::new(&file[..]).unwrap().nth(1).unwrap().unwrap_err();
    assert_eq!(error, CaptureError { offset: 49, fault: Fault::NoMessage });
    assert_eq!(error.to_string(), "at byte 49 of the capture: an MCTP packet without a message");
}

#[test]
fn what_is_wrong_with_one_packet_does_not_end_the_capture() {
    let part = [0, 0, 0, 0x80, 5, 0x10];
    let mctp = read(&classic(291, &[&part, &MCTP_PACKET]));
    assert_eq!(mctp[0], Err(Fault::Fragment));
    assert!(mctp[1].is_ok());
    let doe = read(&classic(292, &[&[1, 0, 1, 0, 9, 0, 0, 0], &[1, 0, 1, 0, 2, 0, 0, 0]]));
    assert_eq!(doe[0], Err(Fault::Object(ObjectError::Length { named: 36, present: 8 })));
    assert!(doe[1].is_ok());
    let mut short = classic(291, &[&MCTP_PACKET, &MCTP_PACKET]);
    short[24 + 12] = 10;
    let short = read(&short);
    assert_eq!(short[0], Err(Fault::Truncated { kept: 9, length: 10 }));
    assert!(short[1].is_ok());
    assert_eq!(read(&classic(147, &[&[1]])), [Err(Fault::Link(147))]);
    assert_eq!(read(&classic(101, &[&[0x45, 0, 0]])), [Err(Fault::Packet)]);
}

#[test]
fn other_messages_and_objects_are_captured_but_no_spdm() {
    let pldm = read(&classic(291, &[&[1, 8, 9, 0xc8, 1, 0x80]])).remove(0).unwrap();
    assert_eq!(pldm.message(), None);
    let discovery = read(&classic(292, &[&[1, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]])).remove(0).unwrap();
    assert_eq!(discovery.message(), None);
    assert_eq!(discovery.bytes, [0; 4]);
}

#[test]
fn pcapng_is_read_with_its_unit_of_time_and_past_blocks_that_do_not_matter() {
    let nanoseconds = [9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0];
    let file = [
        section(),
        interface(291, &nanoseconds),
        block(0x0bad, &[1, 2, 3, 4]),
        enhanced(1_500_000_007, &MCTP_PACKET),
        section(),
        interface(291, &[]),
        enhanced(2_000_003, &MCTP_PACKET),
        block(3, &[9, 0, 0, 0, 0, 0, 0, 0xc0, 5, 0x10, 0x84, 0, 0, 0, 0, 0]),
    ];
    let times: Vec<_> = read(&file.concat()).into_iter().map(|captured| captured.unwrap().time).collect();
    assert_eq!(times, [Duration::new(1, 500_000_007), Duration::new(2, 3_000), Duration::ZERO]);
}

#[test]
fn damaged_pcapng_blocks_end_the_file() {
    let read = |blocks: &[Vec<u8>]| read(&blocks.concat());
    let mut lengths = interface(291, &[]);
    lengths[16] ^= 1;
    assert_eq!(read(&[section(), lengths]), [Err(Fault::Block("two lengths that differ"))]);
    let contradiction = Fault::Block("a packet that contradicts itself");
    assert_eq!(read(&[section(), enhanced(0, &MCTP_PACKET)]), [Err(contradiction)]);
    let mut longer = enhanced(0, &MCTP_PACKET);
    longer[8 + 12] = 0x80;
    assert_eq!(read(&[section(), interface(291, &[]), longer]), [Err(contradiction)]);
    let odd = [6_u32, 13].map(u32::to_le_bytes).concat();
    assert_eq!(read(&[section(), odd]), [Err(Fault::Block("a length that no block has"))]);
    let huge = [6, 0xffff_fffc_u32].map(u32::to_le_bytes).concat();
    let limit = Fault::TooLong { length: 0xffff_fff0, limit: 524_288 };
    assert_eq!(read(&[section(), huge]), [Err(limit)]);
    let endless = [7, 0xffff_fffc_u32].map(u32::to_le_bytes).concat();
    assert_eq!(read(&[section(), endless]), [Err(Fault::Cut)]);
    let unit = [9, 0, 1, 0, 0x7f, 0, 0, 0];
    let uncountable = Fault::Block("a unit of time that cannot be counted");
    assert_eq!(read(&[section(), interface(291, &unit)]), [Err(uncountable)]);
}

/// The packets of a capture of one long TCP message, without the head of the file.
fn packets_of(message: &[u8]) -> Vec<Vec<u8>> {
    let file = written(LinkType::Ip, &[(Direction::ToResponder, MessageKind::Plain, message.to_vec())]);
    Packets::new(&file[..]).unwrap().map(|packet| packet.unwrap().bytes).collect()
}

fn read_packets<'a>(packets: impl IntoIterator<Item = &'a Vec<u8>>) -> Vec<Result<Captured, Fault>> {
    let packets: Vec<_> = packets.into_iter().map(Vec::as_slice).collect();
    read(&classic(101, &packets))
}

#[test]
fn segments_that_come_twice_and_in_another_order_make_the_same_message() {
    let message: Vec<u8> = (0..60_000_u32).map(|index| (index * 7) as u8).collect();
    let packets = packets_of(&message);
    assert_eq!(packets.len(), 4);
    for order in [[0, 3, 2, 1], [0, 2, 3, 1], [0, 1, 3, 2]] {
        let again = order.iter().flat_map(|index| [&packets[*index], &packets[*index]]);
        let read = read_packets(again);
        assert_eq!(read.len(), 1, "{order:?}");
        assert_eq!(read[0].as_ref().unwrap().bytes, message);
    }
}

#[test]
fn a_message_that_the_capture_does_not_finish_is_told() {
    let packets = packets_of(&[7; 60_000]);
    assert_eq!(read_packets(&packets[..3]), [Err(Fault::Unfinished)]);
    assert_eq!(read_packets([&packets[0], &packets[2]]), [Err(Fault::Unfinished)]);
}

#[test]
fn a_stream_that_misses_too_much_is_given_up_once() {
    let packets = packets_of(&[7; 60_000]);
    let later = std::iter::repeat_n(&packets[2], 70);
    assert_eq!(read_packets(std::iter::once(&packets[0]).chain(later)), [Err(Fault::Gap)]);
}

#[test]
fn a_stream_of_something_else_is_given_up_once() {
    let mut writer = CaptureWriter::new(Vec::new(), LinkType::Ip).unwrap();
    for _ in 0..3 {
        writer.framed(TIME, Direction::ToResponder, b"GET / HTTP/1.1").unwrap();
    }
    assert_eq!(read(&writer.into_inner()), [Err(Fault::Head(HeadError::Version(b'T')))]);
}

#[test]
fn other_ports_are_passed_over_unless_they_are_asked_for() {
    let mut packets = packets_of(&GET_VERSION);
    packets[0][22..24].copy_from_slice(&4711_u16.to_be_bytes());
    let file = classic(228, &[&packets[0]]);
    assert_eq!(read(&file), []);
    let reader = CaptureReader::new(&file[..]).unwrap().on_port(4711);
    assert_eq!(reader.filter(Result::is_ok).count(), 1);
}

#[test]
fn ethernet_frames_are_read_with_their_padding() {
    let mut packets = packets_of(&GET_VERSION);
    let frame = [&[2; 12][..], &[0x08, 0x00], &packets.remove(0), &[0; 6]].concat();
    let captured = read(&classic(1, &[&frame])).remove(0).unwrap();
    assert_eq!(captured.message(), Some((MessageKind::Plain, &GET_VERSION[..])));
    let arp = [&[2; 12][..], &[0x08, 0x06], &[0; 28]].concat();
    assert!(read(&classic(1, &[&arp])).iter().all(Result::is_err));
}

/// A frame of the emulators' socket.
fn frame(command: u32, transport: u32, payload: &[u8]) -> Vec<u8> {
    let head = [command, transport, payload.len() as u32].map(u32::to_be_bytes);
    [head.as_flattened(), payload].concat()
}

fn read_frames(port: u16, bytes: &[u8]) -> Vec<Result<Captured, Fault>> {
    let mut writer = CaptureWriter::new(Vec::new(), LinkType::Ip).unwrap();
    // One byte at a time, then all the rest.
    for part in [&bytes[..1], &bytes[1..]] {
        writer.framed(TIME, Direction::ToResponder, part).unwrap();
    }
    let file = writer.into_inner();
    let mut packets: Vec<_> = Packets::new(&file[..]).unwrap().map(|packet| packet.unwrap().bytes).collect();
    for packet in &mut packets {
        packet[22..24].copy_from_slice(&port.to_be_bytes());
    }
    read_packets(&packets)
}

#[test]
fn frames_of_the_emulators_are_read_with_what_is_in_them() {
    let object = [&[1, 0, 1, 0, 3, 0, 0, 0][..], &GET_VERSION].concat();
    let message = [&[6, 0, 1, 5][..], &GET_VERSION].concat();
    let mctp = [&[5][..], &GET_VERSION].concat();
    let frames = [
        frame(0xdead, 1, b"Client Hello!\0"),
        frame(1, 0, &GET_VERSION),
        frame(1, 1, &mctp),
        frame(1, 2, &object),
        frame(1, 3, &message),
        message,
        frame(0xfffe, 3, &[]),
    ];
    for port in [2323, 4194] {
        let read: Vec<_> = read_frames(port, &frames.concat()).into_iter().map(Result::unwrap).collect();
        assert_eq!(read.len(), 7);
        assert_eq!(read[0].framing, Framing::Emulator { command: 0xdead });
        assert_eq!(read[0].message(), None);
        for captured in &read[1..6] {
            assert_eq!(captured.message(), Some((MessageKind::Plain, &GET_VERSION[..])));
        }
        assert_eq!(read[6].framing, Framing::Emulator { command: 0xfffe });
    }
}

#[test]
fn a_bad_message_in_a_frame_does_not_end_the_connection_but_an_endless_frame_does() {
    let good = frame(1, 0, &GET_VERSION);
    let bad = [frame(1, 2, &[1, 0, 1]), frame(1, 9, &[]), frame(1, 3, &[9, 0, 1, 5]), frame(1, 1, &[])];
    let read = read_frames(2323, &[&bad.concat()[..], &good].concat());
    let faults: Vec<_> = read[..4].iter().map(|next| next.clone().unwrap_err()).collect();
    let expected =
        [Fault::Object(ObjectError::NoHeader(3)), Fault::Transport(9), Fault::Unfilled, Fault::NoMessage];
    assert_eq!(faults, expected);
    assert!(read[4].is_ok());
    let mut endless = frame(1, 0, &[]);
    endless[8] = 0xff;
    let read = read_frames(2323, &[endless, good].concat());
    assert_eq!(read, [Err(Fault::FrameTooLong(0xff00_0000))]);
}

/// Whole and half connections of as many ports as a capture may have.
#[test]
fn as_many_connections_are_followed_as_are_open() {
    let whole = packets_of(&GET_VERSION).remove(0);
    let half = packets_of(&[7; 60_000]).remove(0);
    let many = |packet: &Vec<u8>| -> Vec<_> {
        let with = |port: u16| {
            let mut packet = packet.clone();
            packet[20..22].copy_from_slice(&port.to_be_bytes());
            packet
        };
        (10_000..10_600).map(with).collect()
    };
    assert!(read_packets(&many(&whole)).iter().all(Result::is_ok));
    let faults = read_packets(&many(&half));
    let of = |fault: Fault| faults.iter().filter(|seen| **seen == Err(fault)).count();
    assert_eq!((of(Fault::TooManyConnections), of(Fault::Unfinished)), (88, 512));
}

fn any_message() -> impl Strategy<Value = Sent> {
    let direction = prop_oneof![Just(Direction::ToResponder), Just(Direction::ToRequester)];
    let kind = prop_oneof![Just(MessageKind::Plain), Just(MessageKind::Secured)];
    (direction, kind, proptest::collection::vec(any::<u8>(), 0..40))
}

proptest! {
    #[test]
    fn any_messages_are_read_as_they_were_written(
        messages in proptest::collection::vec(any_message(), 0..8),
        link in proptest::sample::select(&LINKS[..]),
    ) {
        let read = read(&written(link, &messages));
        prop_assert_eq!(read.len(), messages.len());
        for (captured, (_, kind, message)) in read.into_iter().zip(messages) {
            let captured = captured.unwrap();
            let (seen, bytes) = captured.message().unwrap();
            prop_assert_eq!(seen, kind);
            prop_assert_eq!(&bytes[..message.len()], &message[..]);
        }
    }

    #[test]
    fn a_damaged_capture_is_read_to_an_end(
        link in proptest::sample::select(&LINKS[..]),
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..8),
        cut: proptest::sample::Index,
        next: bool,
    ) {
        let plain = written(link, &dialogue());
        let mut file: Vec<u8> = if next {
            let packets = Packets::new(&plain[..]).unwrap();
            let packets = packets.map(|packet| enhanced(5, &packet.unwrap().bytes));
            [section(), interface(link.number() as u16, &[])].into_iter().chain(packets).flatten().collect()
        } else {
            plain
        };
        for (index, byte) in damage {
            let index = index.index(file.len());
            file[index] = byte;
        }
        file.truncate(cut.index(file.len()) + 1);
        let held: usize = read(&file).iter().flatten().map(|captured| captured.bytes.len()).sum();
        prop_assert!(held <= file.len());
    }

    #[test]
    fn garbage_is_read_to_an_end(mut bytes in proptest::collection::vec(any::<u8>(), 0..300), next: bool) {
        let head = if next { section() } else { classic(101, &[]) };
        bytes.splice(0..0, head);
        prop_assert!(read(&bytes).len() <= bytes.len());
    }
}
