use super::*;
use crate::Image;

/// Two link streams, one selective stream with one address range, written from the register description.
fn port() -> Image {
    Image::new(4096)
        .with(0x204, 1 | 2 | 1 << 5 | 1 << 6 | 1 << 13 | 1 << 24)
        .with(0x208, 1 << 2)
        .with(0x20c, 1 | 2 << 4 | 1 << 8 | 5 << 24)
        .with(0x210, 2)
        .with(0x21c, 1)
        .with(0x220, 1 | 1 << 9 | 3 << 10 | 7 << 19 | 1 << 22 | 0xab << 24)
        .with(0x224, 2 | 1 << 31)
        .with(0x228, 0x0fff << 8)
        .with(0x22c, 1 | 0x0f00 << 8)
        .with(0x230, 1 | 0x123 << 8 | 0x456 << 20)
        .with(0x234, 0x22)
        .with(0x238, 0x11)
}

#[test]
fn counts_are_one_more_than_the_fields() {
    let ide = Ide::read(&mut port(), 0x200).unwrap();
    assert_eq!((ide.link_count, ide.selective_count, ide.cut), (2, 1, false));
    assert!(ide.capability.contains(Capability::KEY_MANAGEMENT | Capability::TEE_LIMITED));
    assert!(ide.flow_through && ide.algorithms == ALGORITHM_AES_GCM_256);
}

#[test]
fn a_link_stream_that_is_secure_and_one_that_is_not() {
    let ide = Ide::read(&mut port(), 0x200).unwrap();
    let first = ide.link[0];
    assert_eq!((first.state, first.check_failed, first.offset), (StreamState::Secure, false, 0x20c));
    assert_eq!((first.control.stream, first.control.enabled, first.control.pcrc), (5, true, true));
    assert_eq!(first.control.aggregation, Aggregation { non_posted: 1, posted: 4, completions: 1 });
    assert_eq!(ide.link[1].state, StreamState::Insecure);
}

#[test]
fn a_selective_stream_with_its_associations() {
    let ide = Ide::read(&mut port(), 0x200).unwrap();
    let stream = &ide.selective[0];
    assert_eq!((stream.offset, stream.size()), (0x21c, 0x20));
    assert_eq!((stream.control.stream, stream.control.partial_header), (0xab, 3));
    assert_eq!(stream.control.traffic_class, 7);
    assert!(stream.config_requests && stream.default_stream && !stream.tee_limited && stream.check_failed);
    assert_eq!(stream.requesters, RequesterRange { valid: true, base: 0x0f00, limit: 0x0fff, segment: 0 });
    let range = AddressRange { valid: true, base: 0x11_1230_0000, limit: 0x22_456f_ffff };
    assert_eq!(stream.addresses, [range]);
}

#[test]
fn a_streams_address_ranges_move_the_next_one_back() {
    let mut image = port().with(0x204, 3 | 1 << 13 | 1 << 16).with(0x240, 1 | 9 << 24);
    let ide = Ide::read(&mut image, 0x200).unwrap();
    let places: Vec<_> = ide.selective.iter().map(|stream| (stream.offset, stream.control.stream)).collect();
    assert_eq!(places, [(0x21c, 0xab), (0x23c, 9)]);
}

#[test]
fn without_link_streams_the_selective_ones_come_first() {
    let mut image = Image::new(4096).with(0x204, 2 | 7 << 13).with(0x210, 3 << 24).with(0x214, 1);
    let ide = Ide::read(&mut image, 0x200).unwrap();
    assert_eq!((ide.link.len(), ide.selective.len(), ide.selective[0].control.stream), (0, 1, 3));
    assert_eq!(ide.selective[0].state, StreamState::Undefined(1));
}

#[test]
fn more_streams_than_there_is_room_for_are_cut_off() {
    let mut image = Image::new(4096).with(0xf04, 3 | 7 << 13 | 255 << 16);
    let ide = Ide::read(&mut image, 0xf00).unwrap();
    assert_eq!((ide.link_count, ide.selective_count), (8, 256));
    assert_eq!((ide.link.len(), ide.selective.len(), ide.cut), (8, 9, true));
    let mut image = Image::new(4096).with(0xff4, 1 | 7 << 13);
    assert_eq!(Ide::read(&mut image, 0xff0).unwrap().link.len(), 0);
    assert_eq!(Ide::read(&mut Image::new(4096), 0xffc), Err(AccessError::OutOfRange(0x1000)));
}
