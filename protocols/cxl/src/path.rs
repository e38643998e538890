//! End-to-end coordinates: from an initiator (or, where the host's part is not known, from the root port) to every
//! memory, through any number of switches.
//!
//! A [`Fabric`] describes the tree in terms that need no PCI types; `K` is whatever the caller knows its functions
//! by. Latencies along a path add up, its bandwidth is the least along it, and memories below the same link share
//! it. Trees may be of any shape: an endpoint at a root port next to one behind three switches is fine.
//!
//! What is not known stays unknown. A switch without SSLBIS makes the latency of every path through it unknown, not
//! smaller; the part that is known can still be had, and [`Path::unknown_hops`] names the rest.

mod fabric;
mod link;
mod shared;

use alloc::vec::Vec;
use core::fmt;

pub use fabric::{Fabric, HostBridge, Memory, Port, Switch};
pub use link::{Link, LinkLatency};
pub use shared::{Share, Shares};

use crate::cdat::Dsmas;
use crate::coordinates::{Coordinates, Direction};

/// One part of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part<K> {
    /// From the initiator to the host bridge (HMAT).
    Host {
        /// The host bridge.
        bridge: K,
    },
    /// A link, from the port above to the port or device below.
    Link {
        /// The root port or switch downstream port.
        above: K,
        /// The switch upstream port or memory device.
        below: K,
    },
    /// Through a switch (SSLBIS).
    Switch {
        /// Its upstream port.
        upstream: K,
        /// The downstream port.
        downstream: K,
    },
    /// From the device's edge to its memory (DSLBIS).
    Device {
        /// The memory device.
        device: K,
    },
}

impl<K: fmt::Display> fmt::Display for Part<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host { bridge } => write!(f, "host to {bridge}"),
            Self::Link { above, below } => write!(f, "link {above} to {below}"),
            Self::Switch { upstream, downstream } => write!(f, "switch {upstream} to {downstream}"),
            Self::Device { device } => write!(f, "device {device}"),
        }
    }
}

/// A part of a path and what it adds to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hop<K> {
    /// Which part.
    pub part: Part<K>,
    /// The latency it adds and the bandwidth it has.
    pub coordinates: Coordinates,
}

/// Where a path starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Start {
    /// At the initiator: the figures are end to end.
    Initiator,
    /// At the root port, because the host's own part is not known.
    RootPort,
}

/// The way to one range of one memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path<K> {
    /// The memory device.
    pub memory: K,
    /// The range of its memory; `None` where its table tells of none.
    pub range: Option<Dsmas>,
    /// Where the hops start.
    pub start: Start,
    /// From the start to the memory. At least a link and the device.
    pub hops: Vec<Hop<K>>,
}

/// The bandwidth of a path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bandwidth {
    /// The least along the path in MB/s; `None` where that of any hop is unknown.
    pub total_mb_per_s: Option<u64>,
    /// The least of those that are known in MB/s: the total is at most this.
    pub known_mb_per_s: Option<u64>,
    /// Index of the hop that has it, the one nearest to the start where there are several.
    pub limited_by: Option<usize>,
}

/// The latency of a path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    /// The sum of all hops in ns; `None` where that of any hop is unknown.
    pub total_ns: Option<u64>,
    /// The sum of those that are known in ns: the total is at least this.
    pub known_ns: u64,
}

impl<K> Path<K> {
    /// What its hops add up to.
    #[must_use]
    pub fn latency(&self, direction: Direction) -> Latency {
        let hops = || self.hops.iter().map(|hop| hop.coordinates.latency_ns(direction));
        let known_ns = hops().flatten().fold(0, u64::saturating_add);
        Latency { total_ns: hops().all(|hop| hop.is_some()).then_some(known_ns), known_ns }
    }

    /// What its narrowest hop lets through when nobody else uses it.
    #[must_use]
    pub fn bandwidth(&self, direction: Direction) -> Bandwidth {
        let hops = || self.hops.iter().map(|hop| hop.coordinates.bandwidth_mb_per_s(direction));
        let known = hops().enumerate().filter_map(|(index, hop)| Some((hop?, index))).min();
        let (known_mb_per_s, limited_by) = (known.map(|(least, _)| least), known.map(|(_, index)| index));
        let total_mb_per_s = known_mb_per_s.filter(|_| hops().all(|hop| hop.is_some()));
        Bandwidth { total_mb_per_s, known_mb_per_s, limited_by }
    }

    /// The part that limits its bandwidth.
    #[must_use]
    pub fn limited_by(&self, direction: Direction) -> Option<&Part<K>> {
        let index = self.bandwidth(direction).limited_by?;
        self.hops.get(index).map(|hop| &hop.part)
    }

    /// The four totals.
    #[must_use]
    pub fn coordinates(&self) -> Coordinates {
        Coordinates {
            read_latency_ns: self.latency(Direction::Read).total_ns,
            write_latency_ns: self.latency(Direction::Write).total_ns,
            read_bandwidth_mb_per_s: self.bandwidth(Direction::Read).total_mb_per_s,
            write_bandwidth_mb_per_s: self.bandwidth(Direction::Write).total_mb_per_s,
        }
    }

    /// The hops of which any of the four figures is not known.
    pub fn unknown_hops(&self) -> impl Iterator<Item = &Hop<K>> {
        self.hops.iter().filter(|hop| !hop.coordinates.is_complete())
    }
}

#[cfg(test)]
mod tests;
