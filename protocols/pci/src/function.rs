//! One function: what it is and what it has, from one pass over its configuration space.

mod kind;

use alloc::vec::Vec;

pub use kind::PortKind;

use crate::capability::{self, Anomaly, Capability, ExtendedCapability, Found};
use crate::memo::Memo;
use crate::registers::cxl::{self, DeviceType, FlexBus};
use crate::registers::doe::{self, Doe};
use crate::registers::dsn::{self, SerialNumber};
use crate::registers::dvsec::{self, Dvsec};
use crate::registers::header::Header;
use crate::registers::pcie::{self, Pcie};
use crate::{AccessError, Address, ConfigSpace};

/// How much of a function could be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// All of it.
    Whole,
    /// The conventional 256 bytes of a PCI Express function: no serial number, no mailbox, nothing of CXL.
    Conventional,
    /// The header alone, which is what an ordinary user on Linux may read: no capability at all.
    Header,
}

/// What makes a function a CXL one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cxl {
    /// What it is as a device; ports that are no devices have none.
    pub device: Option<cxl::Device>,
    /// Its port on the flex bus.
    pub flex_bus: Option<FlexBus>,
}

/// A function: identity, capabilities, and the decoded form of those that nearly everyone asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Where it is.
    pub address: Address,
    /// What it is.
    pub header: Header,
    /// How much of it could be seen.
    pub visibility: Visibility,
    /// The conventional capability list, in its own order.
    pub capabilities: Vec<Capability>,
    /// The extended capability list, in its own order.
    pub extended: Vec<ExtendedCapability>,
    /// Its place in the hierarchy and its link.
    pub pcie: Option<Pcie>,
    /// Its serial number.
    pub serial: Option<SerialNumber>,
    /// Its mailboxes, in the order of the list.
    pub does: Vec<Doe>,
    /// Headers of all its designated vendor-specific capabilities.
    pub dvsecs: Vec<Dvsec>,
    /// What it is in CXL.
    pub cxl: Option<Cxl>,
    /// What is wrong with it.
    pub anomalies: Vec<Anomaly>,
}

impl Function {
    /// Reads a function. Fails only where an access fails or the function is gone; anything a device can be made to
    /// hold gives a function, with [`Function::anomalies`] telling what is wrong.
    ///
    /// No register is written, and none is read twice:
    ///
    /// | what | registers |
    /// |---|---|
    /// | header | 5 (4 with an undefined layout) |
    /// | capabilities pointer, where there is a list and a layout | 1 |
    /// | each capability | 1 |
    /// | PCI Express: the link | 4; 2 in version 1; 0 without a link |
    /// | each extended capability | 1; 1 where there is none; 0 where they cannot be reached |
    /// | serial number | 2 |
    /// | each DOE | 1 |
    /// | each DVSEC | 2 |
    /// | CXL device | 3 and 4 for each memory range |
    /// | flex bus port | 1 |
    ///
    /// There is one exception. Where a register reads as all ones, Command and Status is read once more at the end,
    /// to tell such a value from a function that went away on the way ([`AccessError::Gone`]).
    pub fn read<C: ConfigSpace>(address: Address, config: &mut C) -> Result<Self, AccessError> {
        let mut memo = Memo::new(config);
        let function = Self::read_through(address, &mut memo);
        memo.check_present()?;
        function
    }

    fn read_through<C: ConfigSpace>(address: Address, config: &mut C) -> Result<Self, AccessError> {
        let mut function = Self::bare(address, Header::read(config)?);
        if config.size() < 256 {
            function.visibility = Visibility::Header;
        }
        for found in capability::conventional(config)? {
            take(found?, &mut function.capabilities, &mut function.anomalies);
        }
        function.read_pcie(config)?;
        for found in capability::extended(config) {
            take(found?, &mut function.extended, &mut function.anomalies);
        }
        for capability in function.extended.clone() {
            function.read_extended(config, capability)?;
        }
        Ok(function)
    }

    pub(crate) const fn bare(address: Address, header: Header) -> Self {
        Self {
            address,
            header,
            visibility: Visibility::Whole,
            capabilities: Vec::new(),
            extended: Vec::new(),
            pcie: None,
            serial: None,
            does: Vec::new(),
            dvsecs: Vec::new(),
            cxl: None,
            anomalies: Vec::new(),
        }
    }

    fn read_pcie<C: ConfigSpace>(&mut self, config: &mut C) -> Result<(), AccessError> {
        let Some(offset) = self.capability(pcie::ID) else { return Ok(()) };
        self.pcie = self.tolerate(Pcie::read(config, offset), u16::from(offset))?;
        if config.size() <= capability::EXTENDED_START {
            self.visibility = Visibility::Conventional;
        }
        Ok(())
    }

    fn read_extended<C: ConfigSpace>(
        &mut self,
        config: &mut C,
        found: ExtendedCapability,
    ) -> Result<(), AccessError> {
        let offset = found.offset;
        match found.id {
            dsn::ID if self.serial.is_none() => {
                self.serial = self.tolerate(SerialNumber::read(config, offset), offset)?;
            }
            doe::ID => {
                let mailbox =
                    fits(config, offset, doe::SIZE).and_then(|()| Doe::read(config, offset, found.version));
                let mailbox = self.tolerate(mailbox, offset)?;
                self.does.extend(mailbox);
            }
            dvsec::ID => {
                let dvsec = self.tolerate(Dvsec::read(config, offset), offset)?;
                self.dvsecs.extend(dvsec);
                dvsec.map_or(Ok(()), |dvsec| self.read_cxl(config, &dvsec))?;
            }
            _ => {}
        }
        Ok(())
    }

    fn read_cxl<C: ConfigSpace>(&mut self, config: &mut C, dvsec: &Dvsec) -> Result<(), AccessError> {
        let mut cxl = self.cxl.unwrap_or(Cxl { device: None, flex_bus: None });
        if dvsec.is(cxl::VENDOR, cxl::DEVICE) && cxl.device.is_none() {
            cxl.device = self.tolerate(cxl::Device::read(config, dvsec), dvsec.offset)?;
        } else if dvsec.is(cxl::VENDOR, cxl::FLEX_BUS_PORT) && cxl.flex_bus.is_none() {
            cxl.flex_bus = self.tolerate(FlexBus::read(config, dvsec), dvsec.offset)?;
        }
        if cxl.device.is_some() || cxl.flex_bus.is_some() {
            self.cxl = Some(cxl);
        }
        Ok(())
    }

    /// A capability that does not fit is the device's fault and no reason to give up on the rest.
    fn tolerate<T>(&mut self, read: Result<T, AccessError>, offset: u16) -> Result<Option<T>, AccessError> {
        match read {
            Ok(value) => Ok(Some(value)),
            Err(AccessError::OutOfRange(_)) => {
                self.anomalies.push(Anomaly::Cut(offset));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Offset of the first capability with this ID.
    #[must_use]
    pub fn capability(&self, id: u8) -> Option<u8> {
        self.capabilities.iter().find(|found| found.id == id).map(|found| found.offset)
    }

    /// The first extended capability with this ID.
    #[must_use]
    pub fn extended_capability(&self, id: u16) -> Option<ExtendedCapability> {
        self.extended.iter().copied().find(|found| found.id == id)
    }

    /// The first designated vendor-specific capability of this vendor and ID.
    #[must_use]
    pub fn dvsec(&self, vendor: u16, id: u16) -> Option<Dvsec> {
        self.dvsecs.iter().copied().find(|dvsec| dvsec.is(vendor, id))
    }

    /// Whether part of the function was out of reach.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.visibility != Visibility::Whole
    }

    /// What kind of port it is.
    #[must_use]
    pub fn port_kind(&self) -> PortKind {
        PortKind::of(self)
    }

    /// Which CXL type of device it is; `None` where it is none.
    #[must_use]
    pub fn cxl_type(&self) -> Option<DeviceType> {
        self.cxl?.device?.device_type()
    }

    /// Whether it is a CXL device with memory for the host, of type 2 or 3.
    #[must_use]
    pub fn has_cxl_memory(&self) -> bool {
        matches!(self.cxl_type(), Some(DeviceType::Type2 | DeviceType::Type3))
    }

    /// Whether it is a CXL memory device: type 3.
    #[must_use]
    pub fn is_cxl_memory(&self) -> bool {
        self.cxl_type() == Some(DeviceType::Type3)
    }
}

fn take<T>(found: Found<T>, entries: &mut Vec<T>, anomalies: &mut Vec<Anomaly>) {
    match found {
        Found::Entry(entry) => entries.push(entry),
        Found::Anomaly(anomaly) => anomalies.push(anomaly),
    }
}

/// Whether a capability's registers all lie in the space.
fn fits<C: ConfigSpace>(config: &C, offset: u16, size: u16) -> Result<(), AccessError> {
    let end = offset.saturating_add(size);
    if end > config.size() { Err(AccessError::OutOfRange(end)) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
