//! The memories of a machine, and the path to each.

use std::collections::HashMap;
use std::fmt;

use lanewarden_cxl::acpi::{AcpiError, Cedt, HostMap, Signature};
use lanewarden_cxl::cdat::{DeviceAttributes, SwitchAttributes, Table};
use lanewarden_cxl::coordinates::{AccessClass, Coordinates, Direction, HostCoordinates};
use lanewarden_cxl::path::{Fabric, HostBridge, Link, Memory, Part, Path, Port, Share, Switch};
use lanewarden_pci::registers::header::Class;
use lanewarden_pci::{AccessError, Address, Function, Hierarchy, Machine, NodeId, PortKind};

use crate::MailboxReport;

/// A place on a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// A host bridge, by its root bus.
    HostBridge {
        /// Segment.
        segment: u32,
        /// Root bus.
        bus: u8,
    },
    /// A function.
    Function(Address),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HostBridge { segment, bus } => write!(f, "host bridge {segment:04x}:{bus:02x}"),
            Self::Function(address) => address.fmt(f),
        }
    }
}

/// Whether the host's own part of the paths, from initiator to generic port, is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostPart {
    /// The firmware's tables have been read; they may still say nothing of a particular host bridge.
    Read,
    /// There are no such tables.
    Absent,
    /// The tables cannot be read.
    Unreadable(AccessError),
    /// A table is malformed.
    Malformed(String),
}

impl fmt::Display for HostPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read => f.write_str("the firmware's SRAT and HMAT say nothing of this host bridge"),
            Self::Absent => f.write_str("the firmware has no SRAT and HMAT"),
            Self::Unreadable(error) => write!(f, "the firmware's tables cannot be read: {error}"),
            Self::Malformed(reason) => write!(f, "the firmware's tables are malformed: {reason}"),
        }
    }
}

/// The path to one range of a memory.
#[derive(Clone, Debug)]
pub struct MemoryPath {
    /// The memory device.
    pub address: Address,
    /// From the nearest processor: access class 1.
    pub cpu: Path<Place>,
    /// From the nearest initiator of any kind: access class 0.
    pub local: Path<Place>,
    /// What is left of the processors' bandwidth for the whole device when all memories are used at the same time; for
    /// this range at most what its own path lets through. The ranges of a device share it once more.
    pub share: Share,
}

/// All memories and the paths to them.
#[derive(Clone, Debug)]
pub struct Memories {
    /// The paths, in the order of the functions, one for each range.
    pub paths: Vec<MemoryPath>,
    /// Whether they begin at an initiator.
    pub host: HostPart,
}

impl Memories {
    /// The paths to one device's ranges.
    pub fn of(&self, address: Address) -> impl Iterator<Item = &MemoryPath> {
        self.paths.iter().filter(move |path| path.address == address)
    }

    pub(crate) fn compute<M: Machine>(
        machine: &M,
        hierarchy: &Hierarchy,
        mailboxes: &[MailboxReport],
    ) -> Self {
        let (tables, host) = HostTables::read(machine);
        let mut builder = Builder::new(hierarchy, mailboxes);
        for step in hierarchy.depth_first() {
            builder.add(step.id, |segment, bus| tables.of(machine, segment, bus));
        }
        Self { paths: builder.paths(), host }
    }
}

/// Whether a function has memory for the host, as far as can be seen.
#[must_use]
pub fn is_memory(function: &Function) -> bool {
    function.has_cxl_memory() || function.header.class == Class::CXL_MEMORY
}

/// What firmware says of the host's part.
#[derive(Default)]
struct HostTables {
    map: HostMap,
    cedt: Option<Cedt>,
}

impl HostTables {
    fn read<M: Machine>(machine: &M) -> (Self, HostPart) {
        let first = |signature: Signature| Ok(machine.acpi_tables(signature.0)?.into_iter().next());
        let tables = (|| Ok((first(Signature::SRAT)?, first(Signature::HMAT)?, first(Signature::CEDT)?)))();
        match tables {
            Err(error) => (Self::default(), HostPart::Unreadable(error)),
            Ok((Some(srat), Some(hmat), cedt)) => match Self::parse(&srat, &hmat, cedt.as_deref()) {
                Ok(tables) => (tables, HostPart::Read),
                Err(error) => (Self::default(), HostPart::Malformed(error.to_string())),
            },
            Ok(_) => (Self::default(), HostPart::Absent),
        }
    }

    /// A CEDT that cannot be read takes nothing from what the other two say.
    fn parse(srat: &[u8], hmat: &[u8], cedt: Option<&[u8]>) -> Result<Self, AcpiError> {
        let map = HostMap::from_tables(Some(srat), Some(hmat))?;
        Ok(Self { map, cedt: cedt.and_then(|bytes| Cedt::parse(bytes).ok()) })
    }

    /// Of a host bridge, by its ACPI object or by its first root port. Where there is a CEDT it names the CXL host
    /// bridges, and a number that it does not know belongs to something else.
    fn of<M: Machine>(&self, machine: &M, segment: u32, bus: u8) -> Option<HostCoordinates> {
        let uid = machine.host_bridge_uid(segment, bus);
        let is_cxl = |uid: &u32| self.cedt.as_ref().is_none_or(|cedt| cedt.host_bridge(*uid).is_some());
        let by_uid = uid.filter(is_cxl).and_then(|uid| self.map.by_uid(uid));
        by_uid.or_else(|| self.map.by_address(u16::try_from(segment).ok()?, bus, 0))
    }
}

/// What a function has become in the fabric.
#[derive(Clone, Copy)]
enum Handle {
    Port(Port),
    Switch(Switch),
}

struct Builder<'a> {
    hierarchy: &'a Hierarchy,
    tables: HashMap<Address, &'a Table>,
    fabric: Fabric<Place>,
    bridges: HashMap<(u32, u8), HostBridge>,
    handles: HashMap<NodeId, Handle>,
    memories: Vec<(Address, Memory)>,
}

impl<'a> Builder<'a> {
    fn new(hierarchy: &'a Hierarchy, mailboxes: &'a [MailboxReport]) -> Self {
        let table = |m: &'a MailboxReport| Some((m.address(), m.table.as_ref()?.table.as_ref().ok()?));
        // Of several tables in one function the first counts, as for the kernel.
        let tables = mailboxes.iter().rev().filter_map(table).collect();
        let (bridges, handles) = (HashMap::new(), HashMap::new());
        Self { hierarchy, tables, fabric: Fabric::default(), bridges, handles, memories: Vec::new() }
    }

    fn add(&mut self, id: NodeId, host: impl Fn(u32, u8) -> Option<HostCoordinates>) {
        let Some(function) = self.hierarchy.get(id) else { return };
        let above = self.hierarchy.parent(id).and_then(|parent| self.handles.get(&parent).copied());
        let key = Place::Function(function.address);
        let table = self.tables.get(&function.address).copied();
        let handle = match (function.port_kind(), above) {
            (PortKind::RootPort, _) => {
                let bridge = self.bridge(function.address, host);
                Handle::Port(self.fabric.root_port(bridge, key))
            }
            (PortKind::SwitchUpstream, Some(Handle::Port(port))) => {
                let attributes = table.map(SwitchAttributes::new).unwrap_or_default();
                Handle::Switch(self.fabric.switch(port, key, link(function), attributes))
            }
            (PortKind::SwitchDownstream, Some(Handle::Switch(switch))) => {
                let number = function.pcie.and_then(|pcie| pcie.link).map_or(0, |link| link.port);
                Handle::Port(self.fabric.downstream_port(switch, key, number.into()))
            }
            _ if is_memory(function) => {
                let port = match above {
                    Some(Handle::Port(port)) => port,
                    // Integrated, or below something that is no port: its way is not known.
                    _ => {
                        let bridge = self.bridge(function.address, host);
                        self.fabric.root_port(bridge, key)
                    }
                };
                let attributes = table.map(DeviceAttributes::new).unwrap_or_default();
                let memory = self.fabric.memory(port, key, link(function), attributes);
                self.memories.push((function.address, memory));
                return;
            }
            _ => return,
        };
        self.handles.insert(id, handle);
    }

    fn bridge(&mut self, below: Address, host: impl Fn(u32, u8) -> Option<HostCoordinates>) -> HostBridge {
        let Address { segment, bus, .. } = below;
        let fabric = &mut self.fabric;
        *self
            .bridges
            .entry((segment, bus))
            .or_insert_with(|| fabric.host_bridge(Place::HostBridge { segment, bus }, host(segment, bus)))
    }

    fn paths(&self) -> Vec<MemoryPath> {
        let shares = self.fabric.shares(AccessClass::Cpu);
        let of = |&(address, memory): &(Address, Memory)| {
            let share = shares.memory(memory);
            let local = self.fabric.paths_to(memory, AccessClass::Local);
            let cpu = self.fabric.paths_to(memory, AccessClass::Cpu);
            cpu.into_iter().zip(local).map(move |(cpu, local)| {
                let share = clipped(share, cpu.coordinates());
                MemoryPath { address, cpu, local, share }
            })
        };
        self.memories.iter().flat_map(of).collect()
    }
}

/// A device's share as far as the path to one of its ranges lets it through.
fn clipped(share: Share, path: Coordinates) -> Share {
    let least = |share: Option<u64>, path: Option<u64>| Some(share?.min(path?));
    Share {
        read_bandwidth_mb_per_s: least(share.read_bandwidth_mb_per_s, path.read_bandwidth_mb_per_s),
        write_bandwidth_mb_per_s: least(share.write_bandwidth_mb_per_s, path.write_bandwidth_mb_per_s),
    }
}

impl MemoryPath {
    /// The hop that limits the processors' bandwidth; `None` where that of any hop is unknown, for then another may.
    #[must_use]
    pub fn limited_by(&self, direction: Direction) -> Option<&Part<Place>> {
        self.cpu.bandwidth(direction).total_mb_per_s?;
        self.cpu.limited_by(direction)
    }

    /// The four totals as the processors see them.
    #[must_use]
    pub fn coordinates(&self) -> Coordinates {
        self.cpu.coordinates()
    }
}

/// The link above a function as it is trained; `None` where it is down or not known.
fn link(function: &Function) -> Option<Link> {
    let link = function.pcie?.link.filter(|link| !link.is_down())?;
    Some(Link { rate_mt_per_s: link.speed.megatransfers()?, width: link.width, flit_mode: link.flit_mode })
}
