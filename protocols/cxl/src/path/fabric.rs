//! The tree, and the paths in it.

use alloc::vec::Vec;

use super::{Hop, Link, LinkLatency, Part, Path, Start};
use crate::cdat::{DeviceAttributes, MemoryRange, SwitchAttributes};
use crate::coordinates::{AccessClass, Coordinates, HostCoordinates};

/// A host bridge of a [`Fabric`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HostBridge(pub(super) usize);

/// A root port or switch downstream port of a [`Fabric`]: something with a link below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Port(pub(super) usize);

/// A switch of a [`Fabric`], by its upstream port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Switch(pub(super) usize);

/// A memory device of a [`Fabric`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Memory(pub(super) usize);

/// Host bridges, ports, switches and memories, each under a key of the caller's own.
///
/// Every node is added below one that is there already, so there are no cycles, and the kinds of the arguments allow
/// only trees that PCIe allows. The handles belong to the fabric that gave them; those of another one name an
/// arbitrary node or none, and a path that meets one is cut short.
#[derive(Clone, Debug)]
pub struct Fabric<K> {
    /// Parents stand before their children.
    pub(super) nodes: Vec<Node<K>>,
    pub(super) latency: LinkLatency,
}

#[derive(Clone, Debug)]
pub(super) struct Node<K> {
    pub key: K,
    pub parent: Option<usize>,
    pub kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    HostBridge(Option<HostCoordinates>),
    RootPort,
    Switch { link: Option<Link>, attributes: SwitchAttributes },
    DownstreamPort { number: u16 },
    Memory { link: Option<Link>, attributes: DeviceAttributes },
}

impl<K> Default for Fabric<K> {
    fn default() -> Self {
        Self::new(LinkLatency::default())
    }
}

impl<K> Fabric<K> {
    /// An empty fabric whose links have the latency that this formula gives.
    #[must_use]
    pub const fn new(latency: LinkLatency) -> Self {
        Self { nodes: Vec::new(), latency }
    }

    /// Adds a host bridge; `host` is what an access costs up to it, where that is known.
    pub fn host_bridge(&mut self, key: K, host: Option<HostCoordinates>) -> HostBridge {
        HostBridge(self.add(key, None, Kind::HostBridge(host)))
    }

    /// Adds a root port. It costs nothing by itself.
    pub fn root_port(&mut self, bridge: HostBridge, key: K) -> Port {
        Port(self.add(key, Some(bridge.0), Kind::RootPort))
    }

    /// Adds a switch by its upstream port; `link` is the one above it, and `attributes` are the default where it has
    /// no table.
    pub fn switch(
        &mut self,
        above: Port,
        key: K,
        link: Option<Link>,
        attributes: SwitchAttributes,
    ) -> Switch {
        Switch(self.add(key, Some(above.0), Kind::Switch { link, attributes }))
    }

    /// Adds a switch downstream port; `number` is the port number of its link capabilities.
    pub fn downstream_port(&mut self, switch: Switch, key: K, number: u16) -> Port {
        Port(self.add(key, Some(switch.0), Kind::DownstreamPort { number }))
    }

    /// Adds a memory device; `link` is the one above it, and `attributes` are the default where it has no table.
    pub fn memory(
        &mut self,
        above: Port,
        key: K,
        link: Option<Link>,
        attributes: DeviceAttributes,
    ) -> Memory {
        Memory(self.add(key, Some(above.0), Kind::Memory { link, attributes }))
    }

    fn add(&mut self, key: K, parent: Option<usize>, kind: Kind) -> usize {
        // A handle of another fabric may name a node that is not there yet; such a node hangs in the air.
        let parent = parent.filter(|parent| *parent < self.nodes.len());
        self.nodes.push(Node { key, parent, kind });
        self.nodes.len().saturating_sub(1)
    }
}

impl<K: Clone> Fabric<K> {
    /// The paths to every range of every memory, in the order in which the memories were added.
    pub fn paths(&self, class: AccessClass) -> impl Iterator<Item = Path<K>> {
        (0..self.nodes.len()).flat_map(move |node| self.paths_of(node, class))
    }

    /// The paths to the ranges of one memory, in the order of its table; one without a range where that has none.
    #[must_use]
    pub fn paths_to(&self, memory: Memory, class: AccessClass) -> Vec<Path<K>> {
        self.paths_of(memory.0, class)
    }

    fn paths_of(&self, index: usize, class: AccessClass) -> Vec<Path<K>> {
        let Some(Node { key, kind: Kind::Memory { link, attributes }, .. }) = self.nodes.get(index) else {
            return Vec::new();
        };
        let way = self.way(index, *link, class);
        let path = |range: Option<&MemoryRange>| {
            let coordinates = range.map_or(Coordinates::UNKNOWN, |range| range.coordinates);
            let device = Hop { part: Part::Device { device: key.clone() }, coordinates };
            let hops = way.1.iter().cloned().chain([device]).collect();
            Path { memory: key.clone(), range: range.map(|range| range.dsmas), start: way.0, hops }
        };
        match attributes.ranges() {
            [] => [path(None)].into(),
            ranges => ranges.iter().map(|range| path(Some(range))).collect(),
        }
    }

    /// The hops from the start to the edge of the device at `index`, which has this link above it.
    fn way(&self, index: usize, link: Option<Link>, class: AccessClass) -> (Start, Vec<Hop<K>>) {
        let (mut start, mut hops) = (Start::RootPort, Vec::new());
        let (mut below, mut link) = (index, link);
        while let Some((port, port_node)) = self.parent(below) {
            hops.push(self.link_hop(port_node, below, link));
            let Some((parent, node)) = self.parent(port) else {
                break;
            };
            match (&node.kind, &port_node.kind) {
                (Kind::HostBridge(Some(host)), _) => {
                    let part = Part::Host { bridge: node.key.clone() };
                    hops.push(Hop { part, coordinates: host.of(class) });
                    start = Start::Initiator;
                    break;
                }
                (Kind::Switch { link: uplink, attributes }, Kind::DownstreamPort { number }) => {
                    let (upstream, downstream) = (node.key.clone(), port_node.key.clone());
                    let part = Part::Switch { upstream, downstream };
                    hops.push(Hop { part, coordinates: attributes.way(*number) });
                    (below, link) = (parent, *uplink);
                }
                _ => break,
            }
        }
        hops.reverse();
        (start, hops)
    }

    fn link_hop(&self, port: &Node<K>, below: usize, link: Option<Link>) -> Hop<K> {
        let below = self.nodes.get(below).map_or_else(|| port.key.clone(), |node| node.key.clone());
        Hop { part: Part::Link { above: port.key.clone(), below }, coordinates: self.link_coordinates(link) }
    }
}

impl<K> Fabric<K> {
    pub(super) fn link_coordinates(&self, link: Option<Link>) -> Coordinates {
        let latency = link.and_then(|link| link.latency(self.latency));
        let bandwidth = link.and_then(|link| link.bandwidth_mb_per_s());
        Coordinates {
            read_latency_ns: latency,
            write_latency_ns: latency,
            read_bandwidth_mb_per_s: bandwidth,
            write_bandwidth_mb_per_s: bandwidth,
        }
    }

    pub(super) fn parent(&self, index: usize) -> Option<(usize, &Node<K>)> {
        let parent = self.nodes.get(index)?.parent?;
        Some((parent, self.nodes.get(parent)?))
    }
}
