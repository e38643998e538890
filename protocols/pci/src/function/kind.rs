//! What kind of port a function is.

use core::fmt;

use super::Function;
use crate::registers::header::Class;
use crate::registers::pcie::PortType;

/// What a function is in its hierarchy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PortKind {
    /// A bridge from a processor to a root bus.
    HostBridge,
    /// Root port.
    RootPort,
    /// Upstream port of a switch.
    SwitchUpstream,
    /// Downstream port of a switch.
    SwitchDownstream,
    /// Endpoint, legacy ones included.
    Endpoint,
    /// Root complex integrated endpoint.
    IntegratedEndpoint,
    /// Root complex event collector.
    EventCollector,
    /// Bridge between PCI Express and conventional PCI, in either direction.
    PciBridge,
    /// A bridge that says no more of itself: conventional PCI, or its capabilities are out of reach.
    Bridge,
    /// A function that says no more of itself: conventional PCI, or its capabilities are out of reach.
    Device,
}

impl PortKind {
    pub(super) fn of(function: &Function) -> Self {
        match function.pcie.map(|pcie| pcie.port_type) {
            Some(PortType::RootPort) => Self::RootPort,
            Some(PortType::SwitchUpstream) => Self::SwitchUpstream,
            Some(PortType::SwitchDownstream) => Self::SwitchDownstream,
            Some(PortType::Endpoint | PortType::LegacyEndpoint) => Self::Endpoint,
            Some(PortType::IntegratedEndpoint) => Self::IntegratedEndpoint,
            Some(PortType::EventCollector) => Self::EventCollector,
            Some(PortType::ToPciBridge | PortType::FromPciBridge) => Self::PciBridge,
            Some(PortType::Undefined(_)) | None => Self::by_header(function),
        }
    }

    fn by_header(function: &Function) -> Self {
        let Class { base, sub, .. } = function.header.class;
        match function.header.buses {
            Some(_) => Self::Bridge,
            None if (base, sub) == Class::HOST_BRIDGE => Self::HostBridge,
            None => Self::Device,
        }
    }

    /// Whether other functions can be below it.
    #[must_use]
    pub const fn is_bridge(self) -> bool {
        matches!(
            self,
            Self::RootPort | Self::SwitchUpstream | Self::SwitchDownstream | Self::PciBridge | Self::Bridge
        )
    }
}

impl fmt::Display for PortKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::HostBridge => "host bridge",
            Self::RootPort => "root port",
            Self::SwitchUpstream => "switch upstream port",
            Self::SwitchDownstream => "switch downstream port",
            Self::Endpoint => "endpoint",
            Self::IntegratedEndpoint => "root complex integrated endpoint",
            Self::EventCollector => "root complex event collector",
            Self::PciBridge => "PCI Express to PCI bridge",
            Self::Bridge => "PCI bridge",
            Self::Device => "PCI device",
        })
    }
}
