use super::*;
use crate::{Counting, Image};

#[test]
fn an_nvme_drive() {
    let image = Image::new(64)
        .with(0x00, 0xa824_144d)
        .with(0x04, 0x4010_0546)
        .with(0x08, 0x0108_0207)
        .with(0x0c, 0x0080_0010)
        .with(0x2c, 0xa801_144e);
    let mut counted = Counting::new(image);
    let header = Header::read(&mut counted).unwrap();
    assert_eq!((header.vendor, header.device, header.revision), (0x144d, 0xa824, 7));
    assert_eq!(header.class, Class { base: 1, sub: 8, interface: 2 });
    assert_eq!(header.class.device_class(), 0x0108);
    assert_eq!((header.layout, header.multi_function, header.buses), (0, true, None));
    assert_eq!(header.subsystem, Some((0x144e, 0xa801)));
    let command = Command::MEMORY_SPACE | Command::BUS_MASTER | Command::PARITY_ERROR_RESPONSE;
    assert_eq!(header.command, command | Command::SERR | Command::INTX_DISABLE);
    assert_eq!(header.status, Status::CAPABILITIES_LIST | Status::SIGNALED_SYSTEM_ERROR);
    assert_eq!(counted.reads, 5);
}

#[test]
fn a_bridge_has_bus_numbers_in_place_of_a_subsystem() {
    let mut image = Image::new(64).with(0x0c, 0x0001_0000).with(0x18, 0x40_10_0d_0c).with(0x2c, 0x1234);
    let header = Header::read(&mut image).unwrap();
    let expected = BusNumbers { primary: 0x0c, secondary: 0x0d, subordinate: 0x10 };
    assert_eq!((header.buses, header.subsystem, header.multi_function), (Some(expected), None, false));
}

#[test]
fn only_ids_and_status_of_all_ones_mean_that_nobody_is_there() {
    let ones = Image::from_bytes(&[0xff; 64]);
    assert_eq!(Header::read(&mut ones.clone()), Err(AccessError::Gone));
    let header = Header::read(&mut ones.with(0x04, 0x0010_0000)).unwrap();
    assert!(header.is_virtual());
}

#[test]
fn an_undefined_layout_has_neither() {
    let header = Header::read(&mut Image::new(64).with(0x0c, 0x007f_0000)).unwrap();
    assert_eq!((header.layout, header.buses, header.subsystem), (0x7f, None, None));
}
