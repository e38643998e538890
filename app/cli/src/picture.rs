//! An inventory as the renderers want it: a tree of nodes.

use std::collections::BTreeMap;

use lanewarden_cxl::coordinates::Direction;
use lanewarden_cxl::path::{Part, Start};
use lanewarden_doe::Protocol;
use lanewarden_inventory::{Class, Inventory, MailboxError, MailboxReport, MemoryPath, Place, is_memory};
use lanewarden_pci::registers::pcie::PortType;
use lanewarden_pci::{Address, Function, NodeId, PortKind};
use lanewarden_render::{Figures, Hop, Kind, Limits, Link, Mailbox, Node, State, Topology};

use crate::names::Name;

/// The whole machine.
pub fn topology(inventory: &Inventory, title: &str) -> Topology {
    let painter = Painter::new(inventory);
    let roots = inventory.hierarchy.roots().iter().map(|root| Node {
        kind: Kind::HostBridge,
        address: format!("pci{:04x}:{:02x}", root.segment, root.bus),
        limits: painter
            .limits
            .get(&(Place::HostBridge { segment: root.segment, bus: root.bus }, false))
            .cloned(),
        children: root.functions.iter().filter_map(|id| painter.node(*id)).collect(),
        ..Node::default()
    });
    Topology { title: title.into(), subtitle: subtitle(inventory), roots: roots.collect() }
}

fn subtitle(inventory: &Inventory) -> String {
    let count =
        |number: usize, one: &str, many: &str| format!("{number} {}", if number == 1 { one } else { many });
    let mut parts = vec![
        count(inventory.hierarchy.len(), "function", "functions"),
        count(inventory.mailboxes.len(), "mailbox", "mailboxes"),
    ];
    if !inventory.memories.paths.is_empty() {
        parts.push(count(inventory.memories.paths.len(), "memory path", "memory paths"));
    }
    parts.join(", ")
}

struct Painter<'a> {
    inventory: &'a Inventory,
    mailboxes: BTreeMap<Address, Vec<&'a MailboxReport>>,
    paths: BTreeMap<Address, Vec<&'a MemoryPath>>,
    /// By place and whether it is the link above it that limits.
    limits: BTreeMap<(Place, bool), Limits>,
}

impl<'a> Painter<'a> {
    fn new(inventory: &'a Inventory) -> Self {
        let mailboxes = by_address(&inventory.mailboxes, MailboxReport::address);
        let paths = by_address(&inventory.memories.paths, |path| path.address);
        let mut painter = Self { inventory, mailboxes, paths, limits: BTreeMap::new() };
        for path in &inventory.memories.paths {
            painter.note_limit(path);
        }
        painter
    }

    fn note_limit(&mut self, path: &MemoryPath) {
        let (place, link) = match path.limited_by(Direction::Read) {
            // A memory that is itself the narrowest part needs no mark: it is the common case.
            None | Some(Part::Device { .. }) => return,
            Some(Part::Host { bridge }) => (*bridge, false),
            Some(Part::Link { below, .. }) => (*below, true),
            Some(Part::Switch { upstream, .. }) => (*upstream, false),
        };
        let hop = if link { Hop::Link } else { Hop::Function };
        let limits = self.limits.entry((place, link)).or_insert_with(|| Limits { hop, memories: Vec::new() });
        let memory = short(path.address);
        if !limits.memories.contains(&memory) {
            limits.memories.push(memory);
        }
    }

    /// Recursion is as deep as bus numbers go below one another: 256 at most.
    fn node(&self, id: NodeId) -> Option<Node> {
        let hierarchy = &self.inventory.hierarchy;
        let function = hierarchy.get(id)?;
        let place = Place::Function(function.address);
        let limits = self.limits.get(&(place, true)).or_else(|| self.limits.get(&(place, false)));
        let known = self.inventory.functions.get(&function.address);
        let paths = self.paths.get(&function.address).map_or(&[][..], Vec::as_slice);
        Some(Node {
            kind: kind(function),
            address: function.address.to_string(),
            name: name(function),
            aliases: known.map(|known| known.cxl_objects.clone()).unwrap_or_default(),
            link: link(function),
            mailboxes: self
                .mailboxes
                .get(&function.address)
                .into_iter()
                .flatten()
                .map(|m| mailbox(m))
                .collect(),
            figures: paths.first().map(|path| figures(path)),
            capacity: capacity(paths),
            limits: limits.cloned(),
            note: note(function, paths),
            children: hierarchy.children(id).filter_map(|child| self.node(child)).collect(),
        })
    }
}

/// Bus, device and function: what a person calls a device within one machine.
fn short(address: Address) -> String {
    let text = address.to_string();
    if address.segment == 0 { text.trim_start_matches("0000:").to_owned() } else { text }
}

/// Name from the database; a bridge's is what kind of port it is as well.
fn name(function: &Function) -> String {
    Name(function).to_string()
}

/// What a function is, to look at.
pub fn kind(function: &Function) -> Kind {
    let class = function.header.class;
    match function.port_kind() {
        PortKind::RootPort => Kind::RootPort,
        PortKind::SwitchUpstream => Kind::UpstreamPort,
        PortKind::SwitchDownstream => Kind::DownstreamPort,
        PortKind::HostBridge => Kind::Other,
        PortKind::PciBridge | PortKind::Bridge => Kind::Bridge,
        _ if is_memory(function) && class.base == 0x05 => Kind::Memory,
        _ => match class.base {
            0x01 => Kind::Storage,
            0x02 => Kind::Network,
            0x03 | 0x12 => Kind::Accelerator,
            0x05 => Kind::Memory,
            _ => Kind::Endpoint,
        },
    }
}

/// The link above a function. A port that leads down has its link below; what hangs on it shows that.
fn link(function: &Function) -> Option<Link> {
    let pcie = function.pcie?;
    let link =
        pcie.link.filter(|_| !pcie.port_type.is_downstream() && pcie.port_type != PortType::RootPort)?;
    if link.is_down() {
        return Some(Link::default());
    }
    let capable = || format!("{} x{} capable", link.max_speed, link.max_width);
    Some(Link {
        megatransfers: link.speed.megatransfers().unwrap_or(0),
        width: link.width,
        degraded: link.is_downgraded().then(capable),
    })
}

fn mailbox(report: &MailboxReport) -> Mailbox {
    Mailbox {
        offset: report.id.offset,
        protocols: report.protocols().filter(|p| *p != Protocol::DISCOVERY).map(friendly).collect(),
        state: match report.error() {
            None => State::Ok,
            Some(MailboxError::InUse(claim)) => State::InUse(claim.to_string()),
            Some(error @ (MailboxError::Lock(_) | MailboxError::Open(_))) => {
                State::NotAsked(error.to_string())
            }
            Some(error) if error.class() == Class::Policy => State::NotAsked(error.to_string()),
            Some(error) if error.class() == Class::Busy => State::InUse(error.to_string()),
            Some(error) => State::Failed(error.to_string()),
        },
    }
}

/// What people call a protocol for short.
fn friendly(protocol: Protocol) -> String {
    match protocol {
        Protocol::CXL_TABLE_ACCESS => "CDAT".into(),
        Protocol::CXL_COMPLIANCE => "compliance".into(),
        Protocol::CMA_SPDM => "SPDM".into(),
        Protocol::SECURED_CMA_SPDM => "secured SPDM".into(),
        Protocol::CMA_SPDM_WITH_CONNECTION => "SPDM (connections)".into(),
        Protocol::SECURED_CMA_SPDM_WITH_CONNECTION => "secured SPDM (connections)".into(),
        Protocol::ASYNC_MESSAGE => "async".into(),
        other => other.to_string(),
    }
}

fn figures(path: &MemoryPath) -> Figures {
    let c = path.coordinates();
    let shared = path.share.read_bandwidth_mb_per_s;
    Figures {
        read_latency_ns: c.read_latency_ns,
        write_latency_ns: c.write_latency_ns,
        read_bandwidth_mb_per_s: c.read_bandwidth_mb_per_s,
        write_bandwidth_mb_per_s: c.write_bandwidth_mb_per_s,
        shared_read_bandwidth_mb_per_s: shared.filter(|shared| Some(*shared) < c.read_bandwidth_mb_per_s),
        from: match path.cpu.start {
            Start::Initiator => "processor".into(),
            Start::RootPort => "root port".into(),
        },
        // Within one segment nobody says its number.
        limited_by: path.limited_by(Direction::Read).map(|part| match path.address.segment {
            0 => part.to_string().replace("0000:", ""),
            _ => part.to_string(),
        }),
    }
}

/// The memory a device's table tells of.
fn capacity(paths: &[&MemoryPath]) -> Option<u64> {
    let ranges = paths.iter().filter_map(|path| path.cpu.range);
    let bytes = ranges.map(|range| range.dpa_length).reduce(u64::saturating_add)?;
    (bytes > 0).then_some(bytes)
}

/// What else is worth a line: what is hidden or wrong, and the ranges of a memory after the first, whose figures the
/// node has no place for.
fn note(function: &Function, paths: &[&MemoryPath]) -> Option<String> {
    use lanewarden_pci::Visibility;
    let hidden = match function.visibility {
        Visibility::Whole => None,
        Visibility::Conventional => Some("extended capabilities are out of reach".to_owned()),
        Visibility::Header => Some("capabilities are for root only".to_owned()),
    };
    // That a list goes on where this user cannot read follows from what is hidden.
    let anomalies = function.anomalies.iter().filter(|_| hidden.is_none()).map(ToString::to_string);
    let ranges = paths.iter().skip(1).filter_map(|path| another_range(path));
    let notes: Vec<_> = hidden.iter().cloned().chain(anomalies).chain(ranges).collect();
    (!notes.is_empty()).then(|| notes.join("; "))
}

fn another_range(path: &MemoryPath) -> Option<String> {
    use lanewarden_render::units;
    let (size, c) = (units::capacity(path.cpu.range?.dpa_length), path.coordinates());
    let figure = |latency: Option<u64>, bandwidth: Option<u64>| {
        let latency = latency.map_or_else(|| "?".into(), units::latency);
        format!("{latency}, {}", bandwidth.map_or_else(|| "?".into(), units::bandwidth))
    };
    let read = figure(c.read_latency_ns, c.read_bandwidth_mb_per_s);
    let write = figure(c.write_latency_ns, c.write_bandwidth_mb_per_s);
    Some(format!("{size} more: read {read}; write {write}"))
}

fn by_address<T>(items: &[T], address: impl Fn(&T) -> Address) -> BTreeMap<Address, Vec<&T>> {
    let mut map: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for item in items {
        map.entry(address(item)).or_default().push(item);
    }
    map
}
