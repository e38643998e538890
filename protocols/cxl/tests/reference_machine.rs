//! The whole crate on one machine: an emulated host whose firmware tables were dumped from QEMU 10.0.2, and tables of
//! its devices written out byte by byte from the layout in the specification. Linux 6.12.117 gives 334 and 434 ns
//! and 12,288 MB/s for it. Nothing here comes from this crate's own builders, so a mistake that reading and writing
//! share does not hide.
//!
//! The machine: 1 GiB with two processors in domain 0, a CXL host bridge (`_UID` 12) in domain 1; HMAT says 10 ns and
//! 20 GiB/s to domain 0, 30 ns and 12 GiB/s to domain 1; one memory window of 4 GiB.

// No peer reaches these helpers; a wrong index fails the test.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)]

use lanewarden_cxl::acpi::{Cedt, CxlVersion, DeviceHandle, Hmat, HostMap, Srat};
use lanewarden_cxl::cdat::{DeviceAttributes, SwitchAttributes, Table};
use lanewarden_cxl::coordinates::{AccessClass, Coordinates};
use lanewarden_cxl::path::{Fabric, Link, Start};
use lanewarden_cxl::table_access::TableWalk;

const SRAT: &[u8] = include_bytes!("data/qemu-10.0.2.srat");
const HMAT: &[u8] = include_bytes!("data/qemu-10.0.2.hmat");
const CEDT: &[u8] = include_bytes!("data/qemu-10.0.2.cedt");

/// A type-3 device with 256 MiB of volatile memory, as the entries that its mailbox gives.
const MEMORY: [&[u8]; 7] = [
    // Header: 160 bytes, revision 2, checksum, sequence 0.
    &[0xa0, 0, 0, 0, 2, 0x0d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    // DSMAS 0: flags 0, from 0, 0x10000000 bytes.
    &[0, 0, 24, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0],
    // DSLBIS 0: read latency, 15 times 10,000 ps.
    &[1, 0, 24, 0, 0, 0, 1, 0, 0x10, 0x27, 0, 0, 0, 0, 0, 0, 15, 0, 0, 0, 0, 0, 0, 0],
    // DSLBIS 0: write latency, 25 times 10,000 ps.
    &[1, 0, 24, 0, 0, 0, 2, 0, 0x10, 0x27, 0, 0, 0, 0, 0, 0, 25, 0, 0, 0, 0, 0, 0, 0],
    // DSLBIS 0: read bandwidth, 16 times 1,000 MB/s.
    &[1, 0, 24, 0, 0, 0, 4, 0, 0xe8, 3, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0],
    // DSLBIS 0: write bandwidth, 16 times 1,000 MB/s.
    &[1, 0, 24, 0, 0, 0, 5, 0, 0xe8, 3, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0],
    // DSEMTS 0: type 1, from 0, 0x10000000 bytes.
    &[4, 0, 24, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0],
];

/// The upstream port of a switch with the downstream ports 0 and 1.
const SWITCH: [&[u8]; 3] = [
    // Header: 80 bytes, revision 2, checksum, sequence 0.
    &[0x50, 0, 0, 0, 2, 0xe2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    // SSLBIS: access latency in units of 10,000 ps; upstream to 0 and to 1, 15 each.
    &[
        5, 0, 32, 0, 0, 0, 0, 0, 0x10, 0x27, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 15, 0, 0, 0, 0, 1, 1, 0, 15, 0, 0,
        0,
    ],
    // SSLBIS: access bandwidth in units of 1,024 MB/s; upstream to 0 and to 1, 16 each.
    &[5, 0, 32, 0, 3, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 16, 0, 0, 0, 0, 1, 1, 0, 16, 0, 0, 0],
];

const GEN5_X16: Option<Link> = Some(Link { rate_mt_per_s: 32_000, width: 16, flit_mode: false });

/// What a device with these entries answers to a request, handles counted from 0.
fn respond(entries: &[&[u8]], request: [u8; 4]) -> Vec<u8> {
    let handle = usize::from(u16::from_le_bytes([request[2], request[3]]));
    let last = handle + 1 == entries.len();
    let next = if last { [0xff, 0xff] } else { [request[2] + 1, 0] };
    [&[0, 0], &next[..], entries[handle]].concat()
}

fn walk(entries: &[&[u8]]) -> Table {
    let mut walk = TableWalk::new();
    while let Some(request) = walk.request() {
        walk.answer(&respond(entries, request)).unwrap();
    }
    assert_eq!(walk.discarded(), None);
    walk.finish().unwrap()
}

/// Row T16: from firmware tables and mailboxes to the figures that Linux shows. Row T24: the same walk reads the
/// endpoint's table and the switch's.
#[test]
fn the_figures_are_those_of_linux() {
    let host = HostMap::from_tables(Some(SRAT), Some(HMAT)).unwrap().by_uid(12);
    let mut fabric = Fabric::default();
    let bridge = fabric.host_bridge("0000:0c", host);
    let root_port = fabric.root_port(bridge, "0c:00.0");
    let switch = fabric.switch(root_port, "0d:00.0", GEN5_X16, SwitchAttributes::new(&walk(&SWITCH)));
    let memories = [("0e:00.0", "0f:00.0", 0), ("0e:01.0", "10:00.0", 1)].map(|(port, device, number)| {
        let port = fabric.downstream_port(switch, port, number);
        fabric.memory(port, device, GEN5_X16, DeviceAttributes::new(&walk(&MEMORY)))
    });
    let linux = Coordinates {
        read_latency_ns: Some(334),
        write_latency_ns: Some(434),
        read_bandwidth_mb_per_s: Some(12_288),
        write_bandwidth_mb_per_s: Some(12_288),
    };
    for class in [AccessClass::Local, AccessClass::Cpu] {
        for path in fabric.paths(class) {
            assert_eq!((path.start, path.coordinates()), (Start::Initiator, linux));
        }
        for memory in memories {
            assert_eq!(fabric.region(&[memory], class), linux);
        }
    }
}

#[test]
fn every_structure_is_read_as_it_stands() {
    let lines: Vec<_> = [&MEMORY[..], &SWITCH[..]]
        .iter()
        .flat_map(|entries| {
            let table = walk(entries);
            assert_eq!(table.bytes(), entries.concat());
            assert_eq!(Table::parse(entries.concat()), Ok(table.clone()));
            table.structures().map(|structure| structure.unwrap().to_string()).collect::<Vec<_>>()
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    DSMAS   memory 0: 0x10000000 bytes at DPA 0x0, volatile
    DSLBIS  memory 0: read latency 150 ns (15 x 10000)
    DSLBIS  memory 0: write latency 250 ns (25 x 10000)
    DSLBIS  memory 0: read bandwidth 16000 MB/s (16 x 1000)
    DSLBIS  memory 0: write bandwidth 16000 MB/s (16 x 1000)
    DSEMTS  memory 0: 0x10000000 bytes at offset 0x0 are conventional, special purpose
    SSLBIS  access latency: up-0 150 ns, up-1 150 ns
    SSLBIS  access bandwidth: up-0 16384 MB/s, up-1 16384 MB/s
    ");
}

#[test]
fn firmware_tables_are_read_as_they_stand() {
    let srat = Srat::parse(SRAT).unwrap();
    assert_eq!(Vec::from_iter(srat.processors), [0]);
    let [port] = srat.generic_ports[..] else { panic!("{:?}", srat.generic_ports) };
    assert_eq!((port.domain, port.device), (1, DeviceHandle::cxl_host_bridge(12)));
    let domains: Vec<_> = srat.memories.iter().map(|memory| (memory.domain, memory.length)).collect();
    assert_eq!(domains, [(0, 0xa_0000), (0, 0x3ff0_0000), (1, 0x3_c000_0000)]);
    assert!(srat.memories[2].hot_pluggable);

    let hmat = Hmat::parse(HMAT).unwrap();
    assert_eq!((hmat.revision, hmat.localities.len(), hmat.attached[&0]), (2, 2, 0));

    let cedt = Cedt::parse(CEDT).unwrap();
    let bridge = cedt.host_bridge(12).unwrap();
    assert_eq!((bridge.version, bridge.length), (CxlVersion::Cxl2_0, 0x1_0000));
    let [window] = &cedt.windows[..] else { panic!("{:?}", cedt.windows) };
    assert_eq!((window.size, window.ways(), &window.targets[..]), (1 << 32, Some(1), &[12][..]));
}

/// What is written is what firmware wrote, but for who wrote it and what does not matter here.
#[test]
fn tables_survive_being_written_anew() {
    let srat = Srat::parse(SRAT).unwrap();
    assert_eq!(Srat::parse(&srat.encode()), Ok(srat));
    let hmat = Hmat::parse(HMAT).unwrap();
    assert_eq!(hmat.encode()[36..], HMAT[36..]);
    assert_eq!(Hmat::parse(&hmat.encode()), Ok(hmat));
    let cedt = Cedt::parse(CEDT).unwrap();
    assert_eq!(cedt.encode()[36..], CEDT[36..]);
}

/// Row B14: one wrong byte anywhere in a firmware table is caught as well.
#[test]
fn every_single_wrong_byte_of_a_firmware_table_is_caught() {
    for at in 0..SRAT.len() {
        let mut bad = SRAT.to_vec();
        bad[at] ^= 0x40;
        assert!(Srat::parse(&bad).is_err(), "byte {at}");
    }
}
