//! Tables and paths of 4,096 memories behind 512 switches: parsing, the tree, the path to each range in both access
//! classes, and what is left when all are used at once.
#![allow(missing_docs)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation, clippy::indexing_slicing)] // no peer
#![allow(clippy::unwrap_used)]

use std::hint::black_box;
use std::time::Instant;

use lanewarden_cxl::cdat::{
    Builder, DeviceAttributes, Dslbis, Dsmas, DsmasFlags, PortId, SslbisEntry, SwitchAttributes, Table,
};
use lanewarden_cxl::coordinates::{AccessClass, DataType};
use lanewarden_cxl::path::{Fabric, Link};

const MEMORIES: u16 = 4096;
const PER_SWITCH: u16 = 8;
const RUNS: usize = 51;

fn main() {
    let memory = memory_table();
    let switch = switch_table();
    let mut times: Vec<_> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            let paths = compute(&memory, &switch);
            let spent = start.elapsed();
            assert_eq!(paths, 2 * usize::from(MEMORIES));
            spent.as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let [min, median, max] = [times[0], times[RUNS / 2], times[RUNS - 1]];
    println!("{MEMORIES} memories, tables and paths: min/median/max {min:.2}/{median:.2}/{max:.2} ms");
}

/// Every table is parsed anew, as if each had come from a mailbox.
fn compute(memory: &[u8], switch: &[u8]) -> usize {
    let mut fabric = Fabric::default();
    let bridge = fabric.host_bridge(u16::MAX, None);
    let link = Some(Link { rate_mt_per_s: 32_000, width: 16, flit_mode: false });
    for number in 0..MEMORIES / PER_SWITCH {
        let root = fabric.root_port(bridge, number);
        let attributes = SwitchAttributes::new(&Table::parse(switch).unwrap());
        let upstream = fabric.switch(root, number, link, attributes);
        for port in 0..PER_SWITCH {
            let below = fabric.downstream_port(upstream, number, port);
            let attributes = DeviceAttributes::new(&Table::parse(memory).unwrap());
            fabric.memory(below, number * PER_SWITCH + port, link, attributes);
        }
    }
    let mut paths = 0;
    for path in [AccessClass::Local, AccessClass::Cpu].into_iter().flat_map(|class| fabric.paths(class)) {
        black_box(path.coordinates());
        paths += 1;
    }
    black_box(fabric.shares(AccessClass::Cpu));
    paths
}

fn memory_table() -> Vec<u8> {
    let range = Dsmas { handle: 0, flags: DsmasFlags::empty(), dpa_base: 0, dpa_length: 1 << 36 };
    Builder::default()
        .dsmas(range)
        .dslbis(Dslbis::memory(0, DataType::ReadLatency, 10_000, 15))
        .dslbis(Dslbis::memory(0, DataType::WriteLatency, 10_000, 25))
        .dslbis(Dslbis::memory(0, DataType::ReadBandwidth, 1000, 16))
        .dslbis(Dslbis::memory(0, DataType::WriteBandwidth, 1000, 16))
        .build()
}

fn switch_table() -> Vec<u8> {
    let entry = |port, value| SslbisEntry { x: PortId::Upstream, y: PortId::Downstream(port), value };
    let entries = |value| (0..PER_SWITCH).map(|port| entry(port, value)).collect::<Vec<_>>();
    Builder::default()
        .sslbis(DataType::AccessLatency, 10_000, &entries(15))
        .sslbis(DataType::AccessBandwidth, 1024, &entries(16))
        .build()
}
