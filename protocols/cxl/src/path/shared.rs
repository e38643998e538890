//! Memories that are used at the same time share what is above them.
//!
//! Bottom up, every node passes on what its children have together, clipped by its own link and, in a switch, by the
//! way to its downstream port; a host bridge clips by the host's part. That is what Linux does for the targets of a
//! region, except that it gives up where they stand at different depths, and nothing here depends on depth. Top
//! down, what a node has is divided among its children so that none gets more than it can use while another goes
//! short (max-min fairness).

use alloc::vec;
use alloc::vec::Vec;

use super::fabric::{Fabric, HostBridge, Kind, Memory, Node};
use crate::cdat::DeviceAttributes;
use crate::coordinates::{AccessClass, Coordinates, Direction};

/// The bandwidth of memories that share a way. `None` where a part of it is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Share {
    /// Reads, in MB/s.
    pub read_bandwidth_mb_per_s: Option<u64>,
    /// Writes, in MB/s.
    pub write_bandwidth_mb_per_s: Option<u64>,
}

/// What each part of a fabric has when all its memories are used at the same time.
#[derive(Clone, Debug)]
pub struct Shares {
    nodes: Vec<Share>,
}

impl Shares {
    /// What is left for one memory. It is at most what its path lets through.
    #[must_use]
    pub fn memory(&self, memory: Memory) -> Share {
        self.nodes.get(memory.0).copied().unwrap_or_default()
    }

    /// What all memories below a host bridge have together.
    #[must_use]
    pub fn bridge(&self, bridge: HostBridge) -> Share {
        self.nodes.get(bridge.0).copied().unwrap_or_default()
    }
}

impl<K> Fabric<K> {
    /// What each memory and each host bridge has when all memories are used at the same time.
    #[must_use]
    pub fn shares(&self, class: AccessClass) -> Shares {
        let busy = vec![true; self.nodes.len()];
        let children = self.children();
        let [read, write] = [Direction::Read, Direction::Write].map(|direction| {
            let flows = Lane { fabric: self, class, direction }.flows(&busy);
            self.divide(&flows, &children)
        });
        let share = |(read_bandwidth_mb_per_s, write_bandwidth_mb_per_s)| Share {
            read_bandwidth_mb_per_s,
            write_bandwidth_mb_per_s,
        };
        Shares { nodes: read.into_iter().zip(write).map(share).collect() }
    }

    /// What these memories, and no others, have together when they are used at the same time, as the targets of an
    /// interleaved region are: the worst of their latencies, and the bandwidth that arrives over all host bridges.
    ///
    /// Of a device with several ranges the slowest counts for latency, the widest for bandwidth.
    #[must_use]
    pub fn region(&self, memories: &[Memory], class: AccessClass) -> Coordinates
    where
        K: Clone,
    {
        let paths: Vec<_> = memories.iter().flat_map(|memory| self.paths_to(*memory, class)).collect();
        let latency = |direction| {
            let totals = paths.iter().map(|path| path.latency(direction).total_ns);
            totals.reduce(|worst, next| Some(worst?.max(next?))).flatten()
        };
        let busy = self.marked(memories);
        let bandwidth = |direction| Lane { fabric: self, class, direction }.total(&busy);
        Coordinates {
            read_latency_ns: latency(Direction::Read),
            write_latency_ns: latency(Direction::Write),
            read_bandwidth_mb_per_s: bandwidth(Direction::Read),
            write_bandwidth_mb_per_s: bandwidth(Direction::Write),
        }
    }

    /// For each node whether it is one of these.
    fn marked(&self, memories: &[Memory]) -> Vec<bool> {
        let mut marked = vec![false; self.nodes.len()];
        for memory in memories {
            if let Some(mark) = marked.get_mut(memory.0) {
                *mark = true;
            }
        }
        marked
    }

    fn children(&self) -> Vec<Vec<usize>> {
        let mut children = vec![Vec::new(); self.nodes.len()];
        for (index, node) in self.nodes.iter().enumerate() {
            if let Some(siblings) = node.parent.and_then(|parent| children.get_mut(parent)) {
                siblings.push(index);
            }
        }
        children
    }

    /// Divides what each node has among its children.
    fn divide(&self, flows: &[Flow], children: &[Vec<usize>]) -> Vec<Option<u64>> {
        let mut given: Vec<Given> = flows.iter().map(|flow| Given::all(*flow)).collect();
        for (index, (node, children)) in self.nodes.iter().zip(children).enumerate() {
            // Without the host's part nothing above the root ports is shared.
            if matches!(node.kind, Kind::HostBridge(None)) {
                continue;
            }
            let Some(Given { amount, known }) = given.get(index).copied() else {
                continue;
            };
            for (child, amount) in fair(amount, children, flows) {
                if let Some(given) = given.get_mut(child) {
                    *given = Given { amount, known };
                }
            }
        }
        given.iter().zip(flows).map(|(given, flow)| given.value().filter(|_| flow.busy)).collect()
    }
}

/// A fabric as accesses of one class see it in one direction.
struct Lane<'a, K> {
    fabric: &'a Fabric<K>,
    class: AccessClass,
    direction: Direction,
}

impl<K> Lane<'_, K> {
    /// What leaves each node upwards when the marked memories are busy.
    fn flows(&self, busy: &[bool]) -> Vec<Flow> {
        let mut flows = vec![Flow::IDLE; self.fabric.nodes.len()];
        for (index, (node, busy)) in self.fabric.nodes.iter().zip(busy).enumerate().rev() {
            let below = flows.get(index).copied().unwrap_or(Flow::IDLE);
            let out = self.out(index, node, below, *busy);
            if let Some(flow) = flows.get_mut(index) {
                *flow = out;
            }
            if let Some(above) = node.parent.and_then(|parent| flows.get_mut(parent)) {
                *above = above.plus(out, self.uplink(node));
            }
        }
        flows
    }

    /// What arrives over all host bridges.
    fn total(&self, busy: &[bool]) -> Option<u64> {
        let flows = self.flows(busy);
        let roots = self.fabric.nodes.iter().zip(flows).filter(|(node, _)| node.parent.is_none());
        let total = roots.fold(Flow::IDLE, |total, (_, flow)| total.plus(flow, None));
        total.value().filter(|_| total.busy)
    }

    /// What leaves one node upwards, given what comes from below it.
    fn out(&self, index: usize, node: &Node<K>, below: Flow, busy: bool) -> Flow {
        match &node.kind {
            Kind::Memory { .. } if !busy => Flow::IDLE,
            Kind::Memory { attributes, .. } => {
                Flow::of(widest(attributes, self.direction)).limit(self.uplink(node))
            }
            Kind::Switch { .. } => below.limit(self.uplink(node)),
            Kind::DownstreamPort { number } => below.shared_link().limit(self.way(index, *number)),
            Kind::RootPort => below.shared_link(),
            Kind::HostBridge(Some(host)) => below.limit(self.of(host.of(self.class))),
            Kind::HostBridge(None) => below,
        }
    }

    /// The bandwidth of the link above a node that has one.
    fn uplink(&self, node: &Node<K>) -> Option<u64> {
        match node.kind {
            Kind::Memory { link, .. } | Kind::Switch { link, .. } => {
                self.of(self.fabric.link_coordinates(link))
            }
            _ => None,
        }
    }

    /// The bandwidth between a downstream port and its switch's upstream port.
    fn way(&self, port: usize, number: u16) -> Option<u64> {
        match &self.fabric.parent(port)?.1.kind {
            Kind::Switch { attributes, .. } => self.of(attributes.way(number)),
            _ => None,
        }
    }

    const fn of(&self, coordinates: Coordinates) -> Option<u64> {
        coordinates.bandwidth_mb_per_s(self.direction)
    }
}

/// The widest range of a device.
fn widest(attributes: &DeviceAttributes, direction: Direction) -> Option<u64> {
    attributes.ranges().iter().filter_map(|range| range.coordinates.bandwidth_mb_per_s(direction)).max()
}

/// Max-min fair parts of `amount`, none greater than what the child can use.
fn fair(amount: u64, children: &[usize], flows: &[Flow]) -> Vec<(usize, u64)> {
    let demand = |child: &usize| flows.get(*child).map(|flow| flow.bound);
    let mut demands: Vec<_> = children.iter().filter_map(|child| Some((demand(child)?, *child))).collect();
    demands.sort_unstable();
    let mut left = amount;
    let mut waiting = u64::try_from(demands.len()).unwrap_or(u64::MAX);
    let mut parts = Vec::with_capacity(demands.len());
    for (demand, child) in demands {
        let part = demand.min(left.checked_div(waiting).unwrap_or(0));
        left = left.saturating_sub(part);
        waiting = waiting.saturating_sub(1);
        parts.push((child, part));
    }
    parts
}

/// Bandwidth on its way up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Flow {
    /// At most this, in MB/s; `u64::MAX` where nothing known bounds it.
    bound: u64,
    /// Nothing on the way is unknown, so the bound is reached.
    known: bool,
    /// There is a memory in use below.
    busy: bool,
    /// The widest link through which it came into the port it is at.
    link: u64,
}

impl Flow {
    const IDLE: Self = Self { bound: 0, known: true, busy: false, link: 0 };

    fn of(bandwidth: Option<u64>) -> Self {
        Self { bound: u64::MAX, known: true, busy: true, link: 0 }.limit(bandwidth)
    }

    /// Clipped by something on the way; by something unknown if `None`.
    fn limit(self, limit: Option<u64>) -> Self {
        if !self.busy {
            return self;
        }
        let bound = self.bound.min(limit.unwrap_or(u64::MAX));
        Self { bound, known: self.known && limit.is_some(), ..self }
    }

    /// Together with another flow that came through a link of its own.
    fn plus(self, other: Self, link: Option<u64>) -> Self {
        if !other.busy {
            return self;
        }
        Self {
            bound: self.bound.saturating_add(other.bound),
            known: self.known && other.known,
            busy: true,
            link: self.link.max(link.unwrap_or(u64::MAX)),
        }
    }

    /// Several functions of one device use one link.
    fn shared_link(self) -> Self {
        Self { bound: self.bound.min(self.link), ..self }
    }

    fn value(self) -> Option<u64> {
        Some(self.bound).filter(|_| self.known)
    }
}

/// Bandwidth on its way down.
#[derive(Clone, Copy, Debug)]
struct Given {
    amount: u64,
    known: bool,
}

impl Given {
    const fn all(flow: Flow) -> Self {
        Self { amount: flow.bound, known: flow.known }
    }

    fn value(self) -> Option<u64> {
        Some(self.amount).filter(|_| self.known)
    }
}
