use super::*;
use crate::registers::pcie::{PortType, Speed};
use crate::sample::{at, header, pci_express, plain, type_3};
use crate::{Counting, Image};

fn read(mut image: Image) -> Function {
    Function::read(at("0000:0f:00.0"), &mut image).unwrap()
}

#[test]
fn a_cxl_memory_device_is_read_whole() {
    let function = read(type_3());
    assert_eq!((function.header.vendor, function.header.device), (0x1e98, 0x1234));
    assert_eq!(function.header.class, crate::registers::header::Class::CXL_MEMORY);
    assert_eq!(function.header.subsystem, Some((0x1af4, 2)));
    assert_eq!(function.port_kind(), PortKind::Endpoint);
    let link = function.pcie.unwrap().link.unwrap();
    assert_eq!((link.speed, link.width, link.is_down()), (Speed(5), 16, false));
    assert_eq!(function.serial, Some(SerialNumber(1)));
    assert_eq!(function.does.iter().map(|doe| doe.offset).collect::<Vec<_>>(), [0x110, 0x130]);
    assert_eq!((function.does[0].interrupt, function.does[1].interrupt), (Some(3), None));
    assert_eq!(function.does[1].version, doe::VERSION_1_1);
    assert_eq!(function.cxl_type(), Some(DeviceType::Type3));
    assert!(function.is_cxl_memory() && function.has_cxl_memory());
    assert!(function.cxl.unwrap().flex_bus.unwrap().is_trained());
    assert_eq!(function.dvsec(cxl::VENDOR, cxl::FLEX_BUS_PORT).map(|dvsec| dvsec.offset), Some(0x300));
    assert_eq!((function.visibility, function.is_partial()), (Visibility::Whole, false));
    assert_eq!(function.anomalies, []);
}

/// The count is the table in the documentation of [`Function::read`], line by line.
#[test]
fn every_register_is_read_once_and_none_is_written() {
    let mut counted = Counting::new(type_3());
    Function::read(at("0000:0f:00.0"), &mut counted).unwrap();
    let expected = 5 + 1 + 1 + 4 + 5 + 2 + 2 + (2 + 2) + (3 + 4) + 1;
    assert_eq!((counted.reads, counted.writes), (expected, 0));
}

/// Row T1: mailboxes are found on root ports, both kinds of switch ports, endpoints and integrated endpoints alike.
#[test]
fn every_kind_of_port_may_have_a_mailbox() {
    for (port_type, kind) in [
        (PortType::RootPort, PortKind::RootPort),
        (PortType::SwitchUpstream, PortKind::SwitchUpstream),
        (PortType::SwitchDownstream, PortKind::SwitchDownstream),
        (PortType::Endpoint, PortKind::Endpoint),
        (PortType::LegacyEndpoint, PortKind::Endpoint),
        (PortType::IntegratedEndpoint, PortKind::IntegratedEndpoint),
    ] {
        let image = pci_express(plain(0), port_type).with(0x100, header(doe::ID, 1, 0));
        let function = read(image);
        assert_eq!((function.port_kind(), function.does.len()), (kind, 1));
    }
}

/// Row T25: a switch's upstream port holds two mailboxes, one for its CDAT and one for attestation.
#[test]
fn a_switch_upstream_port_may_have_two_mailboxes() {
    let image = pci_express(crate::sample::bridge(0x0d, 0x0e, 0x10), PortType::SwitchUpstream);
    let function = read(image.with(0x100, header(doe::ID, 1, 0x160)).with(0x160, header(doe::ID, 2, 0)));
    assert_eq!(function.port_kind(), PortKind::SwitchUpstream);
    assert_eq!(function.does.iter().map(|doe| doe.offset).collect::<Vec<_>>(), [0x100, 0x160]);
    assert_eq!(function.header.buses.map(|buses| (buses.secondary, buses.subordinate)), Some((0x0e, 0x10)));
    assert_eq!(function.header.subsystem, None);
}

/// Row D2: a function has none, one or any number of mailboxes, and all of them are found.
#[test]
fn mailboxes_are_counted_from_none_to_all_that_fit() {
    for count in [0, 1, 2, 160] {
        let mut image = plain(0);
        let places = (0x100..).step_by(usize::from(doe::SIZE)).take(count);
        let nexts = (0x118..).step_by(usize::from(doe::SIZE)).take(count.saturating_sub(1)).chain([0]);
        for (at, next) in places.zip(nexts) {
            image = image.with(at, header(doe::ID, 1, next));
        }
        let function = read(image);
        assert_eq!((function.does.len(), function.anomalies.len()), (count, 0));
    }
}

#[test]
fn an_ordinary_user_sees_the_header_and_that_there_is_more() {
    let function = read(type_3().cut(64));
    assert_eq!((function.visibility, function.is_partial()), (Visibility::Header, true));
    assert_eq!(function.header.vendor, 0x1e98);
    assert_eq!((function.port_kind(), function.pcie), (PortKind::Device, None));
    assert_eq!(function.anomalies, [Anomaly::OutOfReach { to: 0x40, size: 64 }]);
}

#[test]
fn without_extended_space_only_pci_express_has_lost_something() {
    let function = read(type_3().cut(256));
    assert_eq!(function.visibility, Visibility::Conventional);
    assert!(function.pcie.is_some() && function.does.is_empty());
    assert_eq!(read(plain(0x06_0000).cut(256)).visibility, Visibility::Whole);
    assert_eq!(read(plain(0x06_0000)).port_kind(), PortKind::HostBridge);
}

#[test]
fn a_removed_function_is_gone() {
    let mut removed = Image::from_bytes(&[0xff; 4096]);
    assert_eq!(Function::read(at("01:00.0"), &mut removed), Err(AccessError::Gone));
}

/// Answers a number of reads, then reads as all ones.
struct Leaving(Image, u32);

impl ConfigSpace for Leaving {
    fn read(&mut self, offset: u16) -> Result<u32, AccessError> {
        self.1 = self.1.saturating_sub(1);
        if self.1 == 0 { Ok(u32::MAX) } else { self.0.read(offset) }
    }

    fn write(&mut self, _: u16, _: u32) -> Result<(), AccessError> {
        Err(AccessError::Denied)
    }

    fn size(&self) -> u16 {
        self.0.size()
    }
}

#[test]
fn a_function_that_leaves_on_the_way_is_gone_whenever_that_was() {
    let mut whole = Counting::new(type_3());
    Function::read(at("01:00.0"), &mut whole).unwrap();
    let reads = u32::try_from(whole.reads).unwrap();
    for answered in 1..=reads {
        let left = Function::read(at("01:00.0"), &mut Leaving(type_3(), answered));
        assert_eq!(left, Err(AccessError::Gone), "after {answered} reads");
    }
    assert!(Function::read(at("01:00.0"), &mut Leaving(type_3(), reads + 1)).is_ok());
}

#[test]
fn a_virtual_function_has_no_ids_of_its_own_but_is_there() {
    let function = read(type_3().with(0, u32::MAX));
    assert!(function.header.is_virtual());
    assert_eq!(function.does.len(), 2);
}

#[test]
fn a_mailbox_that_does_not_fit_is_told_and_left_out() {
    let function = read(plain(0).with(0x100, header(doe::ID, 1, 0xff0)).with(0xff0, header(doe::ID, 1, 0)));
    assert_eq!(function.does.len(), 1);
    assert_eq!(function.anomalies, [Anomaly::Cut(0xff0)]);
}

#[test]
fn a_cxl_structure_shorter_than_its_registers_is_told_and_left_out() {
    let function = read(type_3().with(0x204, 0x0101_1e98));
    assert_eq!(function.cxl_type(), None);
    assert!(function.cxl.is_some_and(|cxl| cxl.flex_bus.is_some()));
    assert_eq!(function.anomalies, [Anomaly::Cut(0x200)]);
}

#[test]
fn of_two_serial_numbers_and_of_two_cxl_structures_the_first_counts() {
    let second = header(dsn::ID, 1, 0x420);
    let image = type_3().with(0x300, header(dvsec::ID, 1, 0x400)).with(0x400, second);
    let image = image.with(0x404, 2).with(0x420, header(dvsec::ID, 1, 0));
    let function = read(image.with(0x424, 0x0381_1e98).with(0x428, 0x0001_0000));
    assert_eq!((function.serial, function.cxl_type()), (Some(SerialNumber(1)), Some(DeviceType::Type3)));
    assert_eq!((function.dvsecs.len(), function.extended.len()), (3, 7));
}

mod any_bytes {
    use proptest::prelude::*;

    use super::*;
    use crate::sample::image_of;

    /// Turns a random register into one that looks like something, most of the time.
    fn shape(random: u32) -> u32 {
        let rest = random >> 4;
        let id = [dsn::ID, doe::ID, dvsec::ID, 0][(rest & 3) as usize];
        match random & 15 {
            0..=5 => header(id, (rest >> 2 & 15) as u8, (rest >> 6 & 0xffc) as u16),
            6..=8 => 0x1e98 | rest << 16,
            9 | 10 => rest & 15,
            11 => u32::MAX,
            _ => random,
        }
    }

    fn any_registers() -> impl Strategy<Value = Vec<u32>> {
        proptest::collection::vec(any::<u32>().prop_map(shape), 1024)
    }

    proptest! {
        #[test]
        fn make_a_function_or_an_error(registers in any_registers(), size in 0_u16..=4096) {
            let image = image_of(&registers).cut(size);
            let mut counted = Counting::new(image.with(0x04, 0x0010_0000));
            let read = Function::read(at("01:00.0"), &mut counted);
            prop_assert!(counted.reads <= u64::from(size.div_ceil(4)) + 2);
            prop_assert_eq!(counted.writes, 0);
            match read {
                Ok(function) => prop_assert!(function.does.len() <= 160),
                Err(error) => prop_assert!(matches!(error, AccessError::OutOfRange(_)) && size < 64),
            }
        }
    }
}
