//! Everything a function's capabilities say, decoded: for showing it to a person.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::capability::{Capability, ExtendedCapability};
use crate::registers::aer::{self, Aer};
use crate::registers::cxl::{
    self, Device, FlexBus, FlexBusTraining, GpfDevice, GpfPort, PortExtensions, ResetDefaults,
};
use crate::registers::doe::{self, Activity, Doe};
use crate::registers::dpc::{self, Dpc};
use crate::registers::dsn::{self, SerialNumber};
use crate::registers::dvsec::{self, Dvsec};
use crate::registers::ide::{self, Ide};
use crate::registers::msi::{self, Message, Msi};
use crate::registers::msix::{self, MsiX};
use crate::registers::pcie::{self, Pcie, PortType};
use crate::registers::pm::{self, PowerManagement};
use crate::registers::ssid;
use crate::{AccessError, ConfigSpace, Function};

/// What a capability says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Power Management.
    PowerManagement(PowerManagement),
    /// Subsystem Vendor ID and Subsystem ID of a bridge.
    Subsystem(u16, u16),
    /// MSI, and where it goes.
    Msi(Msi, Message),
    /// MSI-X.
    MsiX(MsiX),
    /// PCI Express.
    PciExpress(Box<PciExpress>),
    /// Advanced Error Reporting.
    Aer(Box<Aer>),
    /// Device Serial Number.
    SerialNumber(SerialNumber),
    /// Downstream Port Containment.
    Dpc(Dpc),
    /// Data Object Exchange, and what the mailbox is doing.
    Doe(Doe, Activity),
    /// Integrity and Data Encryption.
    Ide(Ide),
    /// Designated Vendor-Specific; `None` where the vendor is not CXL, or CXL does not define it.
    Dvsec(Dvsec, Option<CxlDetail>),
    /// A capability that is not decoded here.
    Other,
    /// A capability that does not fit where it is, so that it could not be decoded.
    Cut,
}

/// The PCI Express capability with all its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PciExpress {
    /// Place in the hierarchy, and the link.
    pub pcie: Pcie,
    /// The device's own registers.
    pub device: pcie::Device,
    /// The slot, where there is one.
    pub slot: Option<pcie::Slot>,
    /// The root's registers, where it is one.
    pub root: Option<pcie::Root>,
}

impl PciExpress {
    /// Reads the capability at `offset`: thirteen registers at most.
    pub fn read<C: ConfigSpace>(config: &mut C, offset: u8) -> Result<Self, AccessError> {
        let pcie = Pcie::read(config, offset)?;
        Ok(Self {
            pcie,
            device: pcie::Device::read(config, &pcie)?,
            slot: pcie::Slot::read(config, &pcie)?,
            root: pcie::Root::read(config, &pcie)?,
        })
    }
}

/// What one of CXL's DVSECs says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CxlDetail {
    /// CXL device, and what resets do to its memory.
    Device(Box<Device>, Option<ResetDefaults>),
    /// Functions that do neither CXL.cache nor CXL.mem, as eight registers of bits.
    NonCxlFunctionMap([u32; 8]),
    /// Extensions for ports.
    PortExtensions(PortExtensions),
    /// Global persistent flush of a port.
    GpfPort(GpfPort),
    /// Global persistent flush of a device.
    GpfDevice(GpfDevice),
    /// Flex bus port, and what it met in training.
    FlexBus(FlexBus, FlexBusTraining),
    /// Register locator.
    RegisterLocator(Vec<cxl::RegisterBlock>),
    /// Multiple logical devices: how many.
    Mld(Option<u16>),
}

impl CxlDetail {
    /// Reads a DVSEC of CXL's; `None`, and no access, where it is none.
    pub fn read<C: ConfigSpace>(config: &mut C, dvsec: &Dvsec) -> Result<Option<Self>, AccessError> {
        if dvsec.vendor != cxl::VENDOR {
            return Ok(None);
        }
        Ok(Some(match dvsec.id {
            cxl::DEVICE => {
                Self::Device(Box::new(Device::read(config, dvsec)?), ResetDefaults::read(config, dvsec)?)
            }
            cxl::NON_CXL_FUNCTION_MAP => Self::NonCxlFunctionMap(cxl::non_cxl_functions(config, dvsec)?),
            cxl::PORT_EXTENSIONS => Self::PortExtensions(PortExtensions::read(config, dvsec)?),
            cxl::GPF_PORT => Self::GpfPort(GpfPort::read(config, dvsec)?),
            cxl::GPF_DEVICE => Self::GpfDevice(GpfDevice::read(config, dvsec)?),
            cxl::FLEX_BUS_PORT => {
                Self::FlexBus(FlexBus::read(config, dvsec)?, FlexBusTraining::read(config, dvsec)?)
            }
            cxl::REGISTER_LOCATOR => Self::RegisterLocator(cxl::register_blocks(config, dvsec)?),
            cxl::MLD => Self::Mld(cxl::logical_devices(config, dvsec)?),
            _ => return Ok(None),
        }))
    }
}

impl Detail {
    /// Decodes an entry of the conventional list.
    pub fn conventional<C: ConfigSpace>(config: &mut C, entry: Capability) -> Result<Self, AccessError> {
        let at = entry.offset;
        or_cut(match entry.id {
            pm::ID => PowerManagement::read(config, at).map(Self::PowerManagement),
            msi::ID => Msi::read(config, at).and_then(|msi| Ok(Self::Msi(msi, msi.message(config)?))),
            msix::ID => MsiX::read(config, at).map(Self::MsiX),
            ssid::ID => ssid::subsystem(config, at).map(|(vendor, id)| Self::Subsystem(vendor, id)),
            pcie::ID => PciExpress::read(config, at).map(|whole| Self::PciExpress(Box::new(whole))),
            _ => Ok(Self::Other),
        })
    }

    /// Decodes an entry of the extended list of a function with this port type.
    pub fn extended<C: ConfigSpace>(
        config: &mut C,
        entry: ExtendedCapability,
        port_type: Option<PortType>,
    ) -> Result<Self, AccessError> {
        let at = entry.offset;
        or_cut(match entry.id {
            aer::ID => Aer::read(config, at, port_type).map(|aer| Self::Aer(Box::new(aer))),
            dsn::ID => SerialNumber::read(config, at).map(Self::SerialNumber),
            dpc::ID => Dpc::read(config, at).map(Self::Dpc),
            doe::ID => Doe::read(config, at, entry.version)
                .and_then(|doe| Ok(Self::Doe(doe, Activity::read(config, at)?))),
            ide::ID => Ide::read(config, at).map(Self::Ide),
            dvsec::ID => Dvsec::read(config, at)
                .and_then(|dvsec| Ok(Self::Dvsec(dvsec, CxlDetail::read(config, &dvsec)?))),
            _ => Ok(Self::Other),
        })
    }
}

impl Function {
    /// Decodes all that can be reached of this function's capabilities, in the order of its lists. Pass a
    /// [`crate::Memo`] where the access counts; state that changes (links, mailboxes) is then of one moment.
    pub fn details<C: ConfigSpace>(&self, config: &mut C) -> Result<Details, AccessError> {
        let port_type = self.pcie.map(|pcie| pcie.port_type);
        let conventional = self.capabilities.iter();
        let extended = self.extended.iter();
        Ok(Details {
            conventional: conventional
                .map(|entry| Ok((*entry, Detail::conventional(config, *entry)?)))
                .collect::<Result<_, _>>()?,
            extended: extended
                .map(|entry| Ok((*entry, Detail::extended(config, *entry, port_type)?)))
                .collect::<Result<_, _>>()?,
        })
    }
}

/// What a function's capabilities say, in the order of its lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// The conventional list.
    pub conventional: Vec<(Capability, Detail)>,
    /// The extended list.
    pub extended: Vec<(ExtendedCapability, Detail)>,
}

/// A capability that does not fit is the device's fault and no reason to give up on the rest.
fn or_cut(read: Result<Detail, AccessError>) -> Result<Detail, AccessError> {
    match read {
        Err(AccessError::OutOfRange(_)) => Ok(Detail::Cut),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registers::pcie::PortType;
    use crate::sample::{PCIE, at, bridge, header, pci_express, type_3};
    use crate::{Counting, Image, Memo};

    fn details(mut image: Image) -> Details {
        let function = Function::read(at("01:00.0"), &mut image).unwrap();
        function.details(&mut image).unwrap()
    }

    /// Every conventional capability that is decoded, and one that is not.
    fn busy() -> Image {
        pci_express(bridge(0, 1, 1), PortType::RootPort)
            .with(PCIE, 0x0142_8010)
            .with(0x80, 0x0000_9001)
            .with(0x90, 0x0080_a005)
            .with(0xa0, 0x0001_b011)
            .with(0xb0, 0x0000_c009)
            .with(0xc0, 0x0000_000d)
            .with(0xc4, 0x0002_1af4)
            .with(0x100, header(aer::ID, 2, 0x148))
            .with(0x148, header(dpc::ID, 1, 0x160))
            .with(0x160, header(ide::ID, 1, 0x200))
            .with(0x200, header(dvsec::ID, 1, 0))
            .with(0x204, 0x0141_8086)
    }

    #[test]
    fn a_memory_devices_capabilities_come_decoded_in_order() {
        let details = details(type_3());
        assert!(
            matches!(&details.conventional[..], [(_, Detail::PciExpress(whole))] if whole.slot.is_none())
        );
        let [dsn, first, second, device, port] = &details.extended[..] else { panic!("five entries") };
        assert_eq!(dsn.1, Detail::SerialNumber(SerialNumber(1)));
        assert!(
            matches!(&first.1, Detail::Doe(doe, activity) if doe.offset == 0x110 && activity.status.is_empty())
        );
        assert!(matches!(&second.1, Detail::Doe(doe, _) if doe.version == 2));
        assert!(
            matches!(&device.1, Detail::Dvsec(_, Some(CxlDetail::Device(device, None))) if device.range_count == 1)
        );
        assert!(matches!(&port.1, Detail::Dvsec(_, Some(CxlDetail::FlexBus(port, _))) if port.is_trained()));
    }

    #[test]
    fn a_root_port_has_slot_root_and_error_registers() {
        let details = details(busy());
        let [express, pm, msi, msix, other, subsystem] = &details.conventional[..] else {
            panic!("six entries")
        };
        assert!(
            matches!(&express.1, Detail::PciExpress(whole) if whole.slot.is_some() && whole.root.is_some())
        );
        assert!(matches!(pm.1, Detail::PowerManagement(_)));
        assert!(matches!(msi.1, Detail::Msi(msi, _) if msi.wide));
        assert!(matches!(msix.1, Detail::MsiX(msix) if msix.vectors == 2));
        assert_eq!((&other.1, &subsystem.1), (&Detail::Other, &Detail::Subsystem(0x1af4, 2)));
        let [aer, dpc, ide, dvsec] = &details.extended[..] else { panic!("four entries") };
        assert!(matches!(&aer.1, Detail::Aer(aer) if aer.root.is_some()));
        assert!(matches!(&dpc.1, Detail::Dpc(_)));
        assert!(matches!(&ide.1, Detail::Ide(_)));
        assert!(matches!(&dvsec.1, Detail::Dvsec(dvsec, None) if dvsec.vendor == 0x8086));
    }

    #[test]
    fn each_of_cxls_structures_is_told_by_its_id() {
        let kinds = [
            cxl::NON_CXL_FUNCTION_MAP,
            cxl::PORT_EXTENSIONS,
            cxl::GPF_PORT,
            cxl::GPF_DEVICE,
            cxl::REGISTER_LOCATOR,
            cxl::MLD,
        ]
        .map(|id| Dvsec { offset: 0x200, vendor: cxl::VENDOR, id, revision: 0, length: 0x2c })
        .map(|dvsec| CxlDetail::read(&mut Image::new(4096), &dvsec).unwrap().unwrap());
        assert!(matches!(
            kinds,
            [
                CxlDetail::NonCxlFunctionMap(_),
                CxlDetail::PortExtensions(_),
                CxlDetail::GpfPort(_),
                CxlDetail::GpfDevice(_),
                CxlDetail::RegisterLocator(_),
                CxlDetail::Mld(None),
            ]
        ));
    }

    #[test]
    fn a_capability_that_does_not_fit_is_shown_as_cut() {
        let image = type_3().with(0x300, header(dvsec::ID, 1, 0xff4)).with(0xff4, header(doe::ID, 1, 0));
        let details = details(image);
        assert_eq!(details.extended.last().unwrap().1, Detail::Cut);
    }

    #[test]
    fn through_a_memo_nothing_is_read_twice_and_nothing_is_written() {
        let mut counted = Counting::new(busy());
        let mut memo = Memo::new(&mut counted);
        let function = Function::read(at("01:00.0"), &mut memo).unwrap();
        function.details(&mut memo).unwrap();
        let again = function.details(&mut memo).unwrap();
        let reads = counted.reads;
        assert_eq!(again, function.details(&mut counted.inner).unwrap());
        assert!(reads < 64, "{reads} reads");
        assert_eq!(counted.writes, 0);
    }
}
