//! Golden figures, worked out by hand from the tables, and properties of all trees.
#![allow(clippy::arithmetic_side_effects)]

use std::format;
use std::string::String;

use proptest::prelude::*;

use super::*;
use crate::cdat::{
    Builder, DeviceAttributes, Dslbis, Dsmas, DsmasFlags, PortId, SslbisEntry, SwitchAttributes,
};
use crate::coordinates::{AccessClass, DataType, HostCoordinates};

const GEN5_X16: Link = Link { rate_mt_per_s: 32_000, width: 16, flit_mode: false };
const GEN5_X8: Link = Link { width: 8, ..GEN5_X16 };

fn figures(read_ns: u64, write_ns: u64, mb_per_s: u64) -> Coordinates {
    Coordinates {
        read_latency_ns: Some(read_ns),
        write_latency_ns: Some(write_ns),
        read_bandwidth_mb_per_s: Some(mb_per_s),
        write_bandwidth_mb_per_s: Some(mb_per_s),
    }
}

fn host(ns: u64, mb_per_s: u64) -> Option<HostCoordinates> {
    let coordinates = figures(ns, ns, mb_per_s);
    Some(HostCoordinates { local: coordinates, cpu: coordinates })
}

fn range(builder: Builder, handle: u8, read_ns: u16, write_ns: u16, gb_per_s: u16) -> Builder {
    builder
        .dsmas(Dsmas { handle, flags: DsmasFlags::empty(), dpa_base: 0, dpa_length: 1 << 28 })
        .dslbis(Dslbis::memory(handle, DataType::ReadLatency, 1000, read_ns))
        .dslbis(Dslbis::memory(handle, DataType::WriteLatency, 1000, write_ns))
        .dslbis(Dslbis::memory(handle, DataType::AccessBandwidth, 1000, gb_per_s))
}

fn memory(read_ns: u16, write_ns: u16, gb_per_s: u16) -> DeviceAttributes {
    DeviceAttributes::new(&range(Builder::new(), 0, read_ns, write_ns, gb_per_s).table().unwrap())
}

fn switch(ns: u16, gb_per_s: u16) -> SwitchAttributes {
    let any = |value| [SslbisEntry { x: PortId::Upstream, y: PortId::Any, value }];
    let table = Builder::new().sslbis(DataType::AccessLatency, 1000, &any(ns)).sslbis(
        DataType::AccessBandwidth,
        1024,
        &any(gb_per_s),
    );
    SwitchAttributes::new(&table.table().unwrap())
}

/// The emulated machine that a real kernel was asked about: a host bridge, a switch, two memories.
fn reference_machine(latency: LinkLatency) -> (Fabric<&'static str>, [Memory; 2]) {
    let mut fabric = Fabric::new(latency);
    let bridge = fabric.host_bridge("hb", host(30, 12 * 1024));
    let root_port = fabric.root_port(bridge, "rp0");
    let upstream = fabric.switch(root_port, "us0", Some(GEN5_X16), switch(150, 16));
    let memories = [("sw0", "mem0", 0), ("sw1", "mem1", 1)].map(|(port, key, number)| {
        let port = fabric.downstream_port(upstream, port, number);
        fabric.memory(port, key, Some(GEN5_X16), memory(150, 250, 16))
    });
    (fabric, memories)
}

/// Row T16: from a processor through a switch to a memory. Latencies add up, bandwidth is the least along the path;
/// the figures are those that Linux 6.12.117 gave for this machine.
#[test]
fn the_reference_machine_comes_out_as_linux_has_it() {
    let (fabric, memories) = reference_machine(LinkLatency::Nanoseconds);
    for class in [AccessClass::Local, AccessClass::Cpu] {
        for path in fabric.paths(class) {
            assert_eq!(path.coordinates(), figures(334, 434, 12_288), "{path:?}");
            assert_eq!(path.start, Start::Initiator);
            assert_eq!(path.limited_by(Direction::Read), Some(&Part::Host { bridge: "hb" }));
        }
        assert_eq!(fabric.region(&memories[..1], class), figures(334, 434, 12_288));
    }
}

#[test]
fn kernels_that_mistake_the_unit_can_be_compared_with() {
    let (fabric, _) = reference_machine(LinkLatency::PicosecondsAsNanoseconds);
    let path = fabric.paths(AccessClass::Cpu).next().unwrap();
    assert_eq!(path.coordinates(), figures(34_330, 34_430, 12_288));
}

#[test]
fn each_hop_says_what_it_adds() {
    let (fabric, _) = reference_machine(LinkLatency::Nanoseconds);
    let path = fabric.paths(AccessClass::Local).nth(1).unwrap();
    insta::assert_snapshot!(lines(&path), @r"
    host to hb: read 30 ns 12288 MB/s, write 30 ns 12288 MB/s
    link rp0 to us0: read 2 ns 64000 MB/s, write 2 ns 64000 MB/s
    switch us0 to sw1: read 150 ns 16384 MB/s, write 150 ns 16384 MB/s
    link sw1 to mem1: read 2 ns 64000 MB/s, write 2 ns 64000 MB/s
    device mem1: read 150 ns 16000 MB/s, write 250 ns 16000 MB/s
    ");
}

fn lines(path: &Path<&str>) -> String {
    let lines: Vec<_> = path.hops.iter().map(|hop| format!("{}: {}", hop.part, hop.coordinates)).collect();
    lines.join("\n")
}

/// A tree whose memories stand at four different depths:
///
/// ```text
/// hb0 (20 ns, 100 GB/s) - rp0 - swa (100 ns, 40 GiB/s) - a0 - near
///                                                      - a1 - swb (70 ns, 30 GiB/s) - b0 - mid
///                                                                                   - b1 - swc (50 ns) - c0 - far
///                       - rp1 - direct
/// ```
struct Uneven {
    fabric: Fabric<&'static str>,
    direct: Memory,
    near: Memory,
    mid: Memory,
    far: Memory,
}

fn uneven(innermost: SwitchAttributes) -> Uneven {
    let mut fabric = Fabric::default();
    let bridge = fabric.host_bridge("hb0", host(20, 100_000));
    let rp0 = fabric.root_port(bridge, "rp0");
    let rp1 = fabric.root_port(bridge, "rp1");
    let direct = fabric.memory(rp1, "direct", Some(GEN5_X16), memory(90, 95, 50));
    let swa = fabric.switch(rp0, "swa", Some(GEN5_X16), switch(100, 40));
    let a0 = fabric.downstream_port(swa, "a0", 0);
    let a1 = fabric.downstream_port(swa, "a1", 1);
    let near = fabric.memory(a0, "near", Some(GEN5_X8), memory(110, 120, 20));
    let swb = fabric.switch(a1, "swb", Some(GEN5_X16), switch(70, 30));
    let b0 = fabric.downstream_port(swb, "b0", 0);
    let b1 = fabric.downstream_port(swb, "b1", 1);
    let mid = fabric.memory(b0, "mid", Some(GEN5_X8), memory(130, 140, 60));
    let swc = fabric.switch(b1, "swc", Some(GEN5_X16), innermost);
    let c0 = fabric.downstream_port(swc, "c0", 4);
    let far = fabric.memory(c0, "far", Some(GEN5_X8), memory(150, 160, 25));
    Uneven { fabric, direct, near, mid, far }
}

/// Row T16: a fixture of three levels of switches, with depths that Linux gives up on.
#[test]
fn depths_may_differ() {
    let Uneven { fabric, direct, near, mid, far } = uneven(switch(50, 10));
    let of = |memory| fabric.paths_to(memory, AccessClass::Cpu)[0].coordinates();
    // host + 2 ns for each x16 link, 3 ns for each x8 link, the switches, the device.
    assert_eq!(of(direct), figures(20 + 2 + 90, 20 + 2 + 95, 50_000));
    assert_eq!(of(near), figures(20 + 2 + 100 + 3 + 110, 20 + 2 + 100 + 3 + 120, 20_000));
    assert_eq!(of(mid), figures(20 + 2 + 100 + 2 + 70 + 3 + 130, 20 + 2 + 100 + 2 + 70 + 3 + 140, 30_720));
    let far_ns = 20 + 2 + 100 + 2 + 70 + 2 + 50 + 3;
    assert_eq!(of(far), figures(far_ns + 150, far_ns + 160, 10_240));
}

#[test]
fn the_narrowest_hop_is_named() {
    let Uneven { fabric, direct, near, mid, far } = uneven(switch(50, 10));
    let limit = |memory| {
        let path = fabric.paths_to(memory, AccessClass::Local).remove(0);
        format!("{}", path.limited_by(Direction::Write).unwrap())
    };
    assert_eq!(limit(direct), "device direct");
    assert_eq!(limit(near), "device near");
    assert_eq!(limit(mid), "switch swb to b0");
    assert_eq!(limit(far), "switch swc to c0");
}

/// Row T16: a switch without SSLBIS makes the path unknown, not cheaper.
#[test]
fn a_missing_sslbis_is_unknown_and_not_free() {
    let Uneven { fabric, near, far, .. } = uneven(SwitchAttributes::default());
    let path = fabric.paths_to(far, AccessClass::Cpu).remove(0);
    assert_eq!(path.coordinates(), Coordinates::UNKNOWN);
    let unknown: Vec<_> = path.unknown_hops().map(|hop| hop.part).collect();
    assert_eq!(unknown, [Part::Switch { upstream: "swc", downstream: "c0" }]);
    // The known part is still there: everything but that switch.
    let known_ns = 20 + 2 + 100 + 2 + 70 + 2 + 3 + 150;
    assert_eq!(path.latency(Direction::Read), Latency { total_ns: None, known_ns });
    let bandwidth = path.bandwidth(Direction::Read);
    assert_eq!((bandwidth.total_mb_per_s, bandwidth.known_mb_per_s), (None, Some(25_000)));
    // Its neighbours do not suffer.
    assert!(fabric.paths_to(near, AccessClass::Cpu)[0].coordinates().is_complete());
}

#[test]
fn every_other_gap_is_unknown_too() {
    let mut fabric = Fabric::default();
    let bridge = fabric.host_bridge("hb", Some(HostCoordinates::default()));
    let port = fabric.root_port(bridge, "rp");
    fabric.memory(port, "no table", Some(GEN5_X16), DeviceAttributes::default());
    fabric.memory(port, "no link", None, memory(1, 1, 1));
    let unknown: Vec<_> = fabric
        .paths(AccessClass::Local)
        .map(|path| path.unknown_hops().map(|hop| format!("{}", hop.part)).collect::<Vec<_>>())
        .collect();
    assert_eq!(unknown[0], ["host to hb", "device no table"]);
    assert_eq!(unknown[1], ["host to hb", "link rp to no link"]);
}

#[test]
fn without_the_hosts_part_a_path_starts_at_the_root_port() {
    let mut fabric = Fabric::default();
    let bridge = fabric.host_bridge("hb", None);
    let port = fabric.root_port(bridge, "rp");
    fabric.memory(port, "mem", Some(GEN5_X16), memory(150, 250, 16));
    let path = fabric.paths(AccessClass::Cpu).next().unwrap();
    assert_eq!(path.start, Start::RootPort);
    assert_eq!(path.coordinates(), figures(152, 252, 16_000), "complete for what it covers");
}

#[test]
fn only_the_hosts_part_depends_on_the_access_class() {
    let mut fabric = Fabric::default();
    let classes = HostCoordinates { local: figures(10, 10, 1000), cpu: figures(40, 40, 500) };
    let bridge = fabric.host_bridge("hb", Some(classes));
    let port = fabric.root_port(bridge, "rp");
    let memory = fabric.memory(port, "mem", Some(GEN5_X16), memory(100, 100, 16));
    assert_eq!(fabric.region(&[memory], AccessClass::Local), figures(112, 112, 1000));
    assert_eq!(fabric.region(&[memory], AccessClass::Cpu), figures(142, 142, 500));
}

#[test]
fn every_range_of_a_device_has_its_own_path() {
    let mut fabric = Fabric::default();
    let bridge = fabric.host_bridge("hb", None);
    let port = fabric.root_port(bridge, "rp");
    let table = range(range(Builder::new(), 0, 100, 100, 16), 1, 300, 900, 4).table().unwrap();
    fabric.memory(port, "mem", Some(GEN5_X16), DeviceAttributes::new(&table));
    let paths: Vec<_> = fabric.paths(AccessClass::Local).collect();
    let of = |path: &Path<_>| (path.range.unwrap().handle, path.coordinates());
    assert_eq!(of(&paths[0]), (0, figures(102, 102, 16_000)));
    assert_eq!(of(&paths[1]), (1, figures(302, 902, 4_000)));
}

fn share(mb_per_s: u64) -> Share {
    Share { read_bandwidth_mb_per_s: Some(mb_per_s), write_bandwidth_mb_per_s: Some(mb_per_s) }
}

#[test]
fn memories_under_one_uplink_share_it() {
    let (fabric, memories) = reference_machine(LinkLatency::Nanoseconds);
    let shares = fabric.shares(AccessClass::Cpu);
    assert_eq!(shares.memory(memories[0]), share(6_144));
    assert_eq!(shares.memory(memories[1]), share(6_144));
    assert_eq!(fabric.region(&memories, AccessClass::Cpu), figures(334, 434, 12_288));
}

/// The sum of what comes from below is clipped at every level, whatever the depth:
/// far 10,240 and mid 30,720 through swb's x16 link and swa's way to a1 (40,960); near 20,000 beside it; both through
/// rp0's link (64,000); direct 50,000 beside that; all through the host bridge (100,000).
#[test]
fn sharing_works_at_uneven_depth() {
    let Uneven { fabric, direct, near, mid, far } = uneven(switch(50, 10));
    let together =
        |memories: &[Memory]| fabric.region(memories, AccessClass::Local).read_bandwidth_mb_per_s.unwrap();
    assert_eq!(together(&[far, mid]), 40_960);
    assert_eq!(together(&[far, mid, near]), 60_960);
    assert_eq!(together(&[direct, near]), 70_000);
    assert_eq!(together(&[far, mid, near, direct]), 100_000);

    // The host bridge's 100,000 are too little for 60,960 + 50,000: each half gets 50,000. Below rp0 that is too
    // little for 20,000 + 40,960: near can use no more than 20,000, and the rest is far's 10,240 and mid's 19,760.
    let shares = fabric.shares(AccessClass::Local);
    assert_eq!(shares.memory(direct), share(50_000));
    assert_eq!(shares.memory(near), share(20_000));
    assert_eq!(shares.memory(far), share(10_240));
    assert_eq!(shares.memory(mid), share(19_760));
}

#[test]
fn an_unknown_part_makes_unknown_only_what_shares_with_it() {
    let mut fabric = Fabric::default();
    let bridges = [host(10, 50_000), None].map(|host| fabric.host_bridge("hb", host));
    let [known, unknown, free, unknown_too] = [
        (bridges[0], memory(1, 1, 10)),
        (bridges[0], DeviceAttributes::default()),
        (bridges[1], memory(1, 1, 10)),
        (bridges[1], DeviceAttributes::default()),
    ]
    .map(|(bridge, attributes)| {
        let port = fabric.root_port(bridge, "rp");
        fabric.memory(port, "mem", Some(GEN5_X16), attributes)
    });
    let shares = fabric.shares(AccessClass::Local);
    assert_eq!(
        shares.memory(known),
        Share::default(),
        "the neighbour may take what it wants of the host's part"
    );
    assert_eq!(shares.memory(unknown), Share::default());
    assert_eq!(shares.memory(free), share(10_000), "nothing is known to be shared above its root port");
    assert_eq!(shares.memory(unknown_too), Share::default());
    assert_eq!(fabric.region(&[known], AccessClass::Local).read_bandwidth_mb_per_s, Some(10_000));
    assert_eq!(fabric.region(&[known, unknown], AccessClass::Local), Coordinates::UNKNOWN);
}

#[test]
fn two_functions_behind_one_link_share_it() {
    let mut fabric = Fabric::default();
    let bridge = fabric.host_bridge("hb", None);
    let port = fabric.root_port(bridge, "rp");
    let narrow = Link { width: 1, ..GEN5_X16 };
    let memories = ["fn0", "fn1"].map(|key| fabric.memory(port, key, Some(narrow), memory(1, 1, 10)));
    assert_eq!(fabric.region(&memories, AccessClass::Local).read_bandwidth_mb_per_s, Some(4_000));
    assert_eq!(fabric.shares(AccessClass::Local).memory(memories[0]), share(2_000));
}

#[test]
fn a_narrow_uplink_is_shared_below_a_wide_switch() {
    let mut fabric = Fabric::default();
    let bridge = fabric.host_bridge("hb", host(1, 100_000));
    let root_port = fabric.root_port(bridge, "rp");
    let upstream = fabric.switch(root_port, "us", Some(GEN5_X8), switch(1, 40));
    let memories = [0, 1].map(|number| {
        let port = fabric.downstream_port(upstream, "ds", number);
        fabric.memory(port, "mem", Some(GEN5_X16), memory(1, 1, 30))
    });
    assert_eq!(fabric.region(&memories, AccessClass::Local).write_bandwidth_mb_per_s, Some(32_000));
    assert_eq!(fabric.shares(AccessClass::Local).memory(memories[1]), share(16_000));
}

#[test]
fn a_region_of_nothing_has_no_figures() {
    let (fabric, _) = reference_machine(LinkLatency::Nanoseconds);
    assert_eq!(fabric.region(&[], AccessClass::Cpu), Coordinates::UNKNOWN);
}

#[test]
fn handles_of_another_fabric_do_no_harm() {
    let (other, memories) = reference_machine(LinkLatency::Nanoseconds);
    let mut fabric = Fabric::<&str>::default();
    assert!(fabric.paths_to(memories[0], AccessClass::Cpu).is_empty());
    assert_eq!(fabric.region(&memories, AccessClass::Cpu), Coordinates::UNKNOWN);
    assert_eq!(fabric.shares(AccessClass::Cpu).memory(memories[0]), Share::default());
    let port = other.clone().root_port(HostBridge(0), "elsewhere");
    fabric.memory(port, "lost", Some(GEN5_X16), memory(1, 1, 1));
    assert_eq!(fabric.paths(AccessClass::Cpu).next().unwrap().start, Start::RootPort);
}

#[test]
fn handles_of_another_fabric_close_no_circle() {
    let mut fabric = Fabric::default();
    let switch = fabric.switch(Port(1), "us", Some(GEN5_X16), SwitchAttributes::default());
    let port = fabric.downstream_port(switch, "ds", 0);
    assert_eq!(port, Port(1), "the switch would stand below itself");
    let memory = fabric.memory(port, "mem", Some(GEN5_X16), memory(1, 1, 1));
    assert_eq!(fabric.paths_to(memory, AccessClass::Cpu)[0].hops.len(), 3);
    assert_eq!(fabric.shares(AccessClass::Cpu).memory(memory), Share::default());
}

/// A random tree: each step adds something below a random port.
#[derive(Clone, Debug)]
enum Step {
    RootPort,
    Switch(usize, u16, u16),
    Memory(usize, u16, u16),
}

fn grow(steps: &[Step], host: Option<HostCoordinates>) -> (Fabric<usize>, Vec<Memory>) {
    let mut fabric = Fabric::default();
    let bridge = fabric.host_bridge(0, host);
    let mut ports = std::vec![fabric.root_port(bridge, 1)];
    let mut memories = Vec::new();
    for (key, step) in steps.iter().enumerate() {
        match *step {
            Step::RootPort => ports.push(fabric.root_port(bridge, key)),
            Step::Switch(port, ns, gb_per_s) => {
                let switch =
                    fabric.switch(ports[port % ports.len()], key, Some(GEN5_X8), switch(ns, gb_per_s));
                ports.extend([0, 1].map(|number| fabric.downstream_port(switch, key, number)));
            }
            Step::Memory(port, ns, gb_per_s) => {
                let port = ports[port % ports.len()];
                memories.push(fabric.memory(port, key, Some(GEN5_X16), memory(ns, ns, gb_per_s)));
            }
        }
    }
    (fabric, memories)
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        Just(Step::RootPort),
        (any::<usize>(), 0_u16..90, 0_u16..90).prop_map(|(port, ns, gb)| Step::Switch(port, ns, gb)),
        (any::<usize>(), 0_u16..90, 0_u16..90).prop_map(|(port, ns, gb)| Step::Memory(port, ns, gb)),
    ];
    proptest::collection::vec(step, 0..40)
}

proptest! {
    /// Whatever the tree: what is known adds up, a total is there exactly when no hop is unknown, and the least is
    /// the least.
    #[test]
    fn a_path_is_the_sum_and_the_least_of_its_hops(steps in steps(), ns in 1_u64..99, mb in 1_u64..99_999) {
        let (fabric, memories) = grow(&steps, host(ns, mb));
        let paths: Vec<_> = fabric.paths(AccessClass::Cpu).collect();
        prop_assert_eq!(paths.len(), memories.len());
        for path in paths {
            let hops: Vec<_> = path.hops.iter().map(|hop| hop.coordinates.read_latency_ns).collect();
            let latency = path.latency(Direction::Read);
            prop_assert_eq!(latency.known_ns, hops.iter().flatten().sum::<u64>());
            prop_assert_eq!(latency.total_ns, hops.iter().copied().sum::<Option<u64>>());
            let least = path.hops.iter().filter_map(|hop| hop.coordinates.read_bandwidth_mb_per_s).min();
            prop_assert_eq!(path.bandwidth(Direction::Read).known_mb_per_s, least);
        }
    }

    /// Whatever the tree: together memories have no more than the sum of each alone, sharing takes nothing from the
    /// whole but the remainders of a division, and gives nobody more than its own path lets through.
    #[test]
    fn shares_are_fair(steps in steps(), mb in 1_u64..99_999) {
        let (fabric, memories) = grow(&steps, host(1, mb));
        let class = AccessClass::Cpu;
        let alone = |memory: &Memory| fabric.paths_to(*memory, class)[0].coordinates().read_bandwidth_mb_per_s;
        let shares = fabric.shares(class);
        let each: Option<Vec<u64>> =
            memories.iter().map(|memory| shares.memory(*memory).read_bandwidth_mb_per_s).collect();
        let whole = fabric.region(&memories, class).read_bandwidth_mb_per_s;
        if let (Some(each), Some(whole)) = (each, whole) {
            let sum: u64 = each.iter().sum();
            prop_assert_eq!(sum, whole);
            for (memory, share) in memories.iter().zip(each) {
                prop_assert!(Some(share) <= alone(memory));
            }
        }
    }

    /// One memory in use is limited by its path and nothing else.
    #[test]
    fn a_region_of_one_is_its_path(steps in steps(), mb in 1_u64..99_999) {
        let (fabric, memories) = grow(&steps, host(1, mb));
        for memory in memories {
            let path = fabric.paths_to(memory, AccessClass::Cpu)[0].coordinates();
            prop_assert_eq!(fabric.region(&[memory], AccessClass::Cpu), path);
        }
    }
}
