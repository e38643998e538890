//! How many interrupt vectors a function needs.
//!
//! Several capabilities report events by MSI or MSI-X and say by which message number. Whoever sets up the function's
//! interrupts has to set up enough of them for all, and does so once for the whole function.

use alloc::vec::Vec;
use core::fmt;

use crate::registers::field::{bit, bits16, extended};
use crate::registers::pcie::Pcie;
use crate::registers::{aer, dpc, msi, msix};
use crate::{AccessError, ConfigSpace, Function};

/// Extended capability ID of Single Root I/O Virtualization (PCIe 6.x, 9.3.3).
const SR_IOV: u16 = 0x0010;
/// Extended capability ID of FRS Queueing (PCIe 6.x, 7.8.9), in root ports and event collectors.
const FRS_QUEUEING: u16 = 0x0021;
/// Offset of the register with the message number in SR-IOV (31:21), FRS Queueing (20:16), AER and DPC apart.
const CAPABILITIES: u16 = 0x04;

/// Who reports events by a message number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// PCI Express capability: hot-plug, PME, link events.
    PciExpress,
    /// Advanced Error Reporting of a root port or an event collector.
    ErrorReporting,
    /// Downstream Port Containment.
    Containment,
    /// Migration of virtual functions.
    Migration,
    /// FRS Queueing.
    FunctionReadiness,
    /// The mailbox at this offset.
    Doe(u16),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PciExpress => f.write_str("PCI Express"),
            Self::ErrorReporting => f.write_str("Advanced Error Reporting"),
            Self::Containment => f.write_str("Downstream Port Containment"),
            Self::Migration => f.write_str("VF migration"),
            Self::FunctionReadiness => f.write_str("FRS Queueing"),
            Self::Doe(offset) => write!(f, "DOE [{offset:03x}]"),
        }
    }
}

/// What a function needs in interrupt vectors, and what it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vectors {
    /// Who uses which message number.
    pub messages: Vec<(Source, u16)>,
    /// How many vectors the function's driver wants for itself.
    pub driver: u16,
    /// How many vectors it could use by MSI, 1-32.
    pub msi: Option<u16>,
    /// How many vectors it could use by MSI-X, 1-2048.
    pub msix: Option<u16>,
}

impl Vectors {
    /// Reads what a function's capabilities need, beside the `driver`'s own number of vectors.
    ///
    /// One register each of MSI and MSI-X; one each of Downstream Port Containment, SR-IOV and FRS Queueing; of
    /// Advanced Error Reporting one in root ports and event collectors and none in others. The numbers of the PCI
    /// Express capability and of the mailboxes are known already. A capability that does not fit into configuration
    /// space asks for nothing.
    pub fn read<C: ConfigSpace>(
        config: &mut C,
        function: &Function,
        driver: u16,
    ) -> Result<Self, AccessError> {
        // Only slots and roots have events to report by the PCI Express capability's number.
        let reports = |pcie: &Pcie| pcie.slot_implemented || aer::Root::is_in(pcie.port_type);
        let known = function.pcie.filter(reports);
        let known = known.map(|pcie| (Source::PciExpress, u16::from(pcie.interrupt_message)));
        let mut messages: Vec<_> = known.into_iter().collect();
        for (source, id) in [
            (Source::ErrorReporting, aer::ID),
            (Source::Containment, dpc::ID),
            (Source::Migration, SR_IOV),
            (Source::FunctionReadiness, FRS_QUEUEING),
        ] {
            let number = message_number(config, function, source, id)?;
            messages.extend(number.map(|number| (source, number)));
        }
        let mailboxes = function.does.iter();
        messages.extend(mailboxes.filter_map(|doe| Some((Source::Doe(doe.offset), doe.interrupt?))));
        let msi = function.capability(msi::ID).map(|at| msi::Msi::read(config, at)).transpose()?;
        let msix = function.capability(msix::ID).map(|at| msix::vectors(config, at)).transpose()?;
        Ok(Self { messages, driver, msi: msi.map(|msi| u16::from(msi.vectors)), msix })
    }

    /// How many vectors have to be set up.
    #[must_use]
    pub fn needed(&self) -> u16 {
        needed(self.messages.iter().map(|(_, number)| *number), self.driver)
    }

    /// How many vectors there can be, by the better of the two ways.
    #[must_use]
    pub fn available(&self) -> u16 {
        self.msi.max(self.msix).unwrap_or(0)
    }

    /// How many vectors are lacking. Whoever reports by a number that is not there has to be polled.
    #[must_use]
    pub fn lacking(&self) -> u16 {
        self.needed().saturating_sub(self.available())
    }

    /// Who reports by a message number that cannot be set up.
    pub fn unserved(&self) -> impl Iterator<Item = Source> + '_ {
        let available = self.available();
        self.messages.iter().filter(move |(_, number)| *number >= available).map(|(source, _)| *source)
    }
}

/// How many vectors serve all these message numbers and a driver's own: the largest number and one, or the driver's.
pub fn needed(messages: impl IntoIterator<Item = u16>, driver: u16) -> u16 {
    messages.into_iter().map(|number| number.saturating_add(1)).fold(driver, u16::max)
}

fn message_number<C: ConfigSpace>(
    config: &mut C,
    function: &Function,
    source: Source,
    id: u16,
) -> Result<Option<u16>, AccessError> {
    let is_root = function.pcie.is_some_and(|pcie| aer::Root::is_in(pcie.port_type));
    let at = if source == Source::ErrorReporting { aer::ROOT_STATUS } else { CAPABILITIES };
    let place = function.extended_capability(id).filter(|_| is_root || source != Source::ErrorReporting);
    let Some(offset) = place.map(|found| found.offset) else { return Ok(None) };
    match extended(config, offset, at) {
        Ok(value) => Ok(field(source, value)),
        Err(AccessError::OutOfRange(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The message number in the register that holds it; `None` where the capability cannot report.
fn field(source: Source, value: u32) -> Option<u16> {
    match source {
        Source::ErrorReporting => Some(bits16(value, 27, 5)),
        Source::Containment => Some(bits16(value, 0, 5)),
        Source::Migration => bit(value, 0).then_some(bits16(value, 21, 11)),
        Source::FunctionReadiness => Some(bits16(value, 16, 5)),
        Source::PciExpress | Source::Doe(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec;

    use proptest::prelude::*;

    use super::*;
    use crate::registers::doe;
    use crate::registers::pcie::PortType;
    use crate::sample::{PCIE, at, bridge, header, pci_express, plain, type_3};
    use crate::{Counting, Image};

    fn vectors(mut image: Image, driver: u16) -> Vectors {
        let function = Function::read(at("01:00.0"), &mut image).unwrap();
        Vectors::read(&mut image, &function, driver).unwrap()
    }

    /// A root port with everything a port can report by, MSI with 32 vectors and MSI-X with 8.
    fn root_port() -> Image {
        pci_express(bridge(0, 1, 1), PortType::RootPort)
            .with(PCIE, 0x0442_8010)
            .with(0x80, 0x008a_a005)
            .with(0xa0, 0x0007_0011)
            .with(0x100, header(aer::ID, 2, 0x140))
            .with(0x130, 4 << 27)
            .with(0x140, header(dpc::ID, 1, 0x160))
            .with(0x144, 9)
            .with(0x160, header(FRS_QUEUEING, 1, 0x180))
            .with(0x164, 6 << 16 | 1)
            .with(0x180, header(doe::ID, 1, 0))
            .with(0x184, 1 | 17 << 1)
    }

    /// Row T14: the vectors cover the largest message number over all standard capabilities.
    #[test]
    fn a_root_port_needs_a_vector_for_the_largest_number_of_all() {
        let port = vectors(root_port(), 2);
        let expected = vec![
            (Source::PciExpress, 2),
            (Source::ErrorReporting, 4),
            (Source::Containment, 9),
            (Source::FunctionReadiness, 6),
            (Source::Doe(0x180), 17),
        ];
        assert_eq!(port.messages, expected);
        assert_eq!((port.needed(), port.msi, port.msix), (18, Some(32), Some(8)));
        assert_eq!((port.available(), port.lacking(), port.unserved().count()), (32, 0, 0));
    }

    /// Row T14: the driver's own number counts where it is larger.
    #[test]
    fn a_driver_that_wants_more_gets_more() {
        assert_eq!(vectors(root_port(), 19).needed(), 19);
        assert_eq!(vectors(plain(0), 5).needed(), 5);
        assert_eq!(vectors(plain(0), 0).needed(), 0);
    }

    /// Row T14: a device that cannot interrupt often enough is told apart, with who goes without.
    #[test]
    fn a_device_with_fewer_vectors_than_it_needs_says_who_goes_without() {
        let image = type_3().with(PCIE, 0x0402_5010).with(0x50, 0x0002_0005);
        let device = vectors(image, 0);
        assert_eq!((device.needed(), device.available(), device.lacking()), (4, 2, 2));
        let unserved: Vec<_> = device.unserved().map(|source| source.to_string()).collect();
        assert_eq!(unserved, ["DOE [110]"]);
    }

    #[test]
    fn an_endpoint_has_no_root_errors_and_only_migration_that_is_supported_counts() {
        let image = pci_express(plain(0), PortType::Endpoint)
            .with(0x100, header(aer::ID, 2, 0x140))
            .with(0x130, 31 << 27)
            .with(0x140, header(SR_IOV, 1, 0))
            .with(0x144, 40 << 21);
        assert_eq!(vectors(image.clone(), 0).messages, []);
        assert_eq!(vectors(image.with(0x144, 40 << 21 | 1), 0).needed(), 41);
    }

    #[test]
    fn reading_costs_one_register_a_capability() {
        let mut image = root_port();
        let function = Function::read(at("01:00.0"), &mut image).unwrap();
        let mut counted = Counting::new(image);
        Vectors::read(&mut counted, &function, 0).unwrap();
        assert_eq!((counted.reads, counted.writes), (5, 0));
    }

    #[test]
    fn a_capability_that_does_not_fit_asks_for_nothing() {
        let image = pci_express(bridge(0, 1, 1), PortType::RootPort)
            .with(0x100, header(dpc::ID, 1, 0xff0))
            .with(0x104, 3)
            .with(0xff0, header(aer::ID, 1, 0));
        assert_eq!(vectors(image, 0).messages, [(Source::PciExpress, 0), (Source::Containment, 3)]);
    }

    proptest! {
        /// Row T14: for any set of mailboxes and a driver, the need is the largest number and one, or the driver's.
        #[test]
        fn the_need_is_the_largest_number_and_one_or_the_drivers(
            numbers in proptest::collection::vec(proptest::option::of(0_u32..0x800), 0..20),
            driver in 0_u16..3000,
        ) {
            let mut image = plain(0);
            let (mut places, registers) = ((0x100..).step_by(0x20), (0x104..).step_by(0x20));
            for (number, register) in numbers.iter().zip(registers) {
                let (at, next) = (places.next().unwrap(), places.clone().next().unwrap());
                let capability = number.map_or(0x0ffe, |number| 1 | number << 1);
                image = image.with(at, header(doe::ID, 1, next)).with(register, capability);
            }
            let (need, largest) = (vectors(image, driver).needed(), numbers.iter().flatten().max());
            prop_assert!(need >= driver && largest.is_none_or(|number| u32::from(need) > *number));
            let exact = largest.is_some_and(|number| u32::from(need).checked_sub(1) == Some(*number));
            prop_assert!(exact || need == driver);
        }
    }
}
