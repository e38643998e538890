//! The path to a memory, for programs.

use lanewarden_cxl::coordinates::{Coordinates, Direction};
use lanewarden_cxl::path::{Hop as PathHop, Start};
use lanewarden_inventory::{MemoryPath, Place};
use serde::Serialize;

/// The path to one range of a memory. What is not known is null.
#[derive(Serialize)]
pub struct Path {
    /// The memory device.
    address: String,
    range: Option<Range>,
    /// `initiator`, or `root_port` where the host's own part is not known.
    starts_at: &'static str,
    #[serde(flatten)]
    totals: Totals,
    /// The hop that limits reads.
    limited_by: Option<String>,
    /// The hop that limits writes.
    write_limited_by: Option<String>,
    /// From the nearest initiator of any kind, where that is not a processor.
    local: Totals,
    shared_read_bandwidth_mb_per_s: Option<u64>,
    shared_write_bandwidth_mb_per_s: Option<u64>,
    hops: Vec<Hop>,
}

#[derive(Serialize)]
struct Range {
    handle: u8,
    dpa_base_bytes: u64,
    length_bytes: u64,
}

/// The four figures.
#[derive(Serialize)]
struct Totals {
    read_latency_ns: Option<u64>,
    write_latency_ns: Option<u64>,
    read_bandwidth_mb_per_s: Option<u64>,
    write_bandwidth_mb_per_s: Option<u64>,
}

#[derive(Serialize)]
struct Hop {
    hop: String,
    #[serde(flatten)]
    adds: Totals,
}

impl From<Coordinates> for Totals {
    fn from(c: Coordinates) -> Self {
        Self {
            read_latency_ns: c.read_latency_ns,
            write_latency_ns: c.write_latency_ns,
            read_bandwidth_mb_per_s: c.read_bandwidth_mb_per_s,
            write_bandwidth_mb_per_s: c.write_bandwidth_mb_per_s,
        }
    }
}

impl From<&PathHop<Place>> for Hop {
    fn from(hop: &PathHop<Place>) -> Self {
        Self { hop: hop.part.to_string(), adds: hop.coordinates.into() }
    }
}

impl From<&MemoryPath> for Path {
    fn from(path: &MemoryPath) -> Self {
        let limited_by = |direction| path.limited_by(direction).map(ToString::to_string);
        let range = path.cpu.range;
        Self {
            address: path.address.to_string(),
            range: range.map(|range| Range {
                handle: range.handle,
                dpa_base_bytes: range.dpa_base,
                length_bytes: range.dpa_length,
            }),
            starts_at: match path.cpu.start {
                Start::Initiator => "initiator",
                Start::RootPort => "root_port",
            },
            totals: path.coordinates().into(),
            limited_by: limited_by(Direction::Read),
            write_limited_by: limited_by(Direction::Write),
            local: path.local.coordinates().into(),
            shared_read_bandwidth_mb_per_s: path.share.read_bandwidth_mb_per_s,
            shared_write_bandwidth_mb_per_s: path.share.write_bandwidth_mb_per_s,
            hops: path.cpu.hops.iter().map(Into::into).collect(),
        }
    }
}
