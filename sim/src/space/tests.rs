//! What the registers must hold, by figures written from the specifications' layouts and not from this crate.
#![allow(clippy::arithmetic_side_effects)]

use lanewarden_pci::{ConfigSpace, Machine};

use crate::{FunctionConfig, Scenario, Simulator};

fn open(scenario: &str, name: &str) -> FunctionConfig {
    let simulator = Simulator::new(&Scenario::parse(scenario).unwrap()).unwrap();
    simulator.open(simulator.address(name).unwrap()).unwrap()
}

fn built_in(name: &str) -> FunctionConfig {
    open(crate::scenario::DEFAULT_TOML, name)
}

fn read(config: &mut FunctionConfig, offset: u16) -> u32 {
    config.read(offset).unwrap()
}

/// What a register holds after all ones were written to it.
fn after_ones(config: &mut FunctionConfig, offset: u16) -> u32 {
    config.write(offset, u32::MAX).unwrap();
    read(config, offset)
}

/// Capability IDs with their offsets, in list order.
fn conventional(config: &mut FunctionConfig) -> Vec<(u8, u16)> {
    let mut found = Vec::new();
    let mut at = read(config, 0x34) & 0xff;
    while at != 0 {
        let header = read(config, u16::try_from(at).unwrap());
        found.push((header.to_le_bytes()[0], u16::try_from(at).unwrap()));
        at = header >> 8 & 0xff;
    }
    found
}

/// Extended capability IDs with their versions and offsets, in list order.
fn extended(config: &mut FunctionConfig) -> Vec<(u16, u8, u16)> {
    let mut found = Vec::new();
    let mut at = 0x100;
    while at != 0 {
        let header = read(config, at);
        found.push(((header & 0xffff) as u16, (header >> 16 & 0xf) as u8, at));
        at = (header >> 20) as u16;
    }
    found
}

fn first_extended(config: &mut FunctionConfig, id: u16) -> u16 {
    extended(config).iter().find(|(found, ..)| *found == id).unwrap().2
}

fn pcie(config: &mut FunctionConfig) -> u16 {
    conventional(config).iter().find(|(id, _)| *id == 0x10).unwrap().1
}

/// The offset of the CXL DVSEC with this ID.
fn cxl(config: &mut FunctionConfig, id: u32) -> u16 {
    let all = extended(config);
    let mut dvsecs = all.iter().filter(|(found, ..)| *found == 0x23).map(|(.., at)| *at);
    dvsecs.find(|at| read(config, at + 4) & 0xffff == 0x1e98 && read(config, at + 8) & 0xffff == id).unwrap()
}

#[test]
fn a_drive_has_an_ordinary_header() {
    let mut drive = built_in("drive");
    assert_eq!(read(&mut drive, 0x00), 0xac00_144d);
    assert_eq!(read(&mut drive, 0x04), 0x0010_0002, "memory space on, capability list present");
    assert_eq!(read(&mut drive, 0x08), 0x0108_0201);
    assert_eq!(read(&mut drive, 0x0c), 0, "layout 0, one function");
    assert_eq!(read(&mut drive, 0x2c), 0xac00_144d);
    assert_eq!(read(&mut drive, 0x3c), 0x0000_01ff);
    let ids: Vec<_> = conventional(&mut drive).iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, [0x01, 0x11, 0x10], "power management, MSI-X, PCI Express");
    let ids: Vec<_> = extended(&mut drive).iter().map(|(id, version, _)| (*id, *version)).collect();
    assert_eq!(ids, [(0x01, 2), (0x03, 1), (0x2e, 2), (0x30, 1)], "AER, serial number, DOE, IDE");
}

#[test]
fn a_port_has_a_bridge_header() {
    let mut root = built_in("cxl-root");
    assert_eq!(read(&mut root, 0x00), 0x153e_1022);
    assert_eq!(read(&mut root, 0x0c), 0x0001_0000);
    assert_eq!(read(&mut root, 0x18), 0x0010_0d0c, "buses 0c, 0d to 10");
    assert_eq!(after_ones(&mut root, 0x18), 0x00ff_ffff, "no secondary latency timer");
    // The window opens where the regions below it begin.
    let (low, base_high, limit_high) = (read(&mut root, 0x24), read(&mut root, 0x28), read(&mut root, 0x2c));
    let base = u64::from(base_high) << 32 | u64::from(low & 0xfff0) << 16;
    let limit = u64::from(limit_high) << 32 | u64::from(low & 0xfff0_0000) | 0xf_ffff;
    let mut memory = built_in("mem1");
    let region = u64::from(read(&mut memory, 0x14)) << 32 | u64::from(read(&mut memory, 0x10) & !0xf);
    assert!(base < region && region + (256 << 10) <= limit + 1, "{base:x} {region:x} {limit:x}");
}

#[test]
fn a_port_with_nothing_below_keeps_its_window_shut() {
    let mut empty = open("[[bridges]]\nuid = 1\n[[bridges.ports]]\nname = \"empty\"", "empty");
    let low = read(&mut empty, 0x24);
    assert!(low & 0xfff0 > low >> 16 & 0xfff0, "the base lies above the limit");
    let link = pcie(&mut empty) + 0x10;
    assert_eq!(read(&mut empty, link) >> 16, 0x1001, "2.5 GT/s, no lanes, link not active");
}

#[test]
fn base_addresses_tell_their_size_when_ones_are_written() {
    let mut memory = built_in("mem0");
    assert_eq!(after_ones(&mut memory, 0x10), 0xfffc_000c, "256 KiB, 64-bit, prefetchable");
    assert_eq!(after_ones(&mut memory, 0x14), 0xffff_ffff);
    assert_eq!(after_ones(&mut memory, 0x20), 0, "no third region");
    let mut accelerator = built_in("accelerator");
    assert_eq!(after_ones(&mut accelerator, 0x18), 0xf000_000c, "256 MiB");
}

#[test]
fn bits_are_read_only_writable_or_cleared_by_ones() {
    let mut drive = built_in("drive");
    assert_eq!(after_ones(&mut drive, 0x00), 0xac00_144d);
    assert_eq!(after_ones(&mut drive, 0x04), 0x0010_0547);
    drive.write(0x04, 0).unwrap();
    assert_eq!(read(&mut drive, 0x04), 0x0010_0000);
    assert_eq!(after_ones(&mut drive, 0x3c), 0x0000_01ff, "the interrupt pin stays");
    assert_eq!(after_ones(&mut drive, 0x40), read(&mut drive, 0x40), "a capability header stays");
    assert_eq!(after_ones(&mut drive, 0xff0), 0, "nothing there");
}

#[test]
fn power_goes_between_d0_and_d3hot() {
    let mut drive = built_in("drive");
    let (id, at) = conventional(&mut drive)[0];
    assert_eq!((id, read(&mut drive, at) >> 16), (1, 0xc803), "version 3, PME from D0, D3hot and D3cold");
    assert_eq!(after_ones(&mut drive, at + 4), 0x010b, "state, no soft reset, PME enabled");
}

/// Row T14: how many vectors there are is what the MSI-X and MSI capabilities say.
#[test]
fn interrupt_capabilities_count_their_vectors() {
    let mut drive = built_in("drive");
    let (id, at) = conventional(&mut drive)[1];
    assert_eq!((id, read(&mut drive, at) >> 16), (0x11, 31), "32 entries, disabled");
    assert_eq!(after_ones(&mut drive, at) >> 16, 0xc01f);
    let mut switch = built_in("switch");
    let (id, at) = conventional(&mut switch)[1];
    assert_eq!((id, read(&mut switch, at) >> 16), (0x05, 0x0084), "four messages, 64-bit addresses");
    assert_eq!(after_ones(&mut switch, at) >> 16, 0x00f5);
}

#[test]
fn links_say_what_they_can_and_what_they_do() {
    // 32 GT/s is encoding 5. The second memory came up on four of its eight lanes.
    let mut memory = built_in("mem1");
    let at = pcie(&mut memory);
    assert_eq!(read(&mut memory, at) >> 16, 0x0002, "version 2, endpoint");
    assert_eq!(read(&mut memory, at + 0x0c) & 0x3ff, 0x85);
    assert_eq!(read(&mut memory, at + 0x10) >> 16, 0x1045);
    assert_eq!(read(&mut memory, at + 0x2c), 0x3e, "2.5 to 32 GT/s");
    assert_eq!(read(&mut memory, at + 0x30), 0x001e_0005);

    let mut above = built_in("switch-1");
    let at = pcie(&mut above);
    assert_eq!(read(&mut above, at) >> 16, 0x0162, "downstream port with a slot");
    assert_eq!(read(&mut above, at + 0x0c) >> 24, 1, "port number");
    assert_eq!(read(&mut above, at + 0x10) >> 16, 0x3045, "and the link is active");
    assert_eq!(read(&mut above, at + 0x18) >> 16, 0x0040, "something is in the slot");

    let kinds = [("cxl-root", 4), ("switch", 5), ("switch-0", 6), ("mem0", 0)];
    for (name, kind) in kinds {
        let mut config = built_in(name);
        let at = pcie(&mut config);
        assert_eq!(read(&mut config, at) >> 20 & 0xf, kind, "{name}");
    }
}

#[test]
fn the_sixth_generation_runs_in_flit_mode() {
    let text = "
        [[bridges]]
        uid = 1
        [[bridges.ports]]
        link = { generation = 6, width = 16 }
        [[bridges.ports.functions]]
        kind = \"nic\"
        name = \"nic\"
        link = { generation = 6, width = 4 }";
    let mut nic = open(text, "nic");
    let at = pcie(&mut nic);
    assert_eq!(read(&mut nic, at) >> 31, 1, "flit mode supported");
    assert_eq!(read(&mut nic, at + 0x10) >> 16 & 0x3ff, 0x46);
    assert_eq!(read(&mut nic, at + 0x30) >> 26 & 1, 1, "flit mode in use");
}

#[test]
fn the_serial_number_is_split_into_two_registers() {
    let mut drive = built_in("drive");
    let at = first_extended(&mut drive, 3);
    assert_eq!((read(&mut drive, at + 4), read(&mut drive, at + 8)), (0xfe17_5001, 0x0025_38ff));
}

#[test]
fn a_mailbox_says_whether_and_how_it_interrupts() {
    let mut drive = built_in("drive");
    let at = first_extended(&mut drive, 0x2e);
    assert_eq!(read(&mut drive, at + 4), 0x7, "interrupts with message 3");
    assert_eq!(after_ones(&mut drive, at + 4), 0x7);
    let mut root = built_in("cxl-root");
    let at = first_extended(&mut root, 0x2e);
    assert_eq!(read(&mut root, at + 4), 0, "does not interrupt");
}

#[test]
fn link_encryption_has_a_block_for_each_stream() {
    let mut memory = built_in("mem0");
    let at = first_extended(&mut memory, 0x30);
    assert_eq!(read(&mut memory, at + 4), 0x43, "link and selective streams, IDE_KM, one of each");
    // One link block of 8 bytes, then the selective one: its capability says one address block.
    assert_eq!(read(&mut memory, at + 0x14), 1);
    assert_eq!(after_ones(&mut memory, at + 0x20) & 0xff00_00ff, 0, "RID limit in 23:8");

    let mut accelerator = built_in("accelerator");
    let at = first_extended(&mut accelerator, 0x30);
    assert_eq!(read(&mut accelerator, at + 4), 0x0003_00c2, "four selective streams");
    assert_eq!(read(&mut accelerator, at + 0x0c), 2, "which follow at once");
    assert_eq!(read(&mut accelerator, at + 0x0c + 44), 2, "20 and two times 12 bytes further");
}

#[test]
fn a_cxl_memory_states_its_ranges() {
    let mut memory = built_in("mem1");
    let device = cxl(&mut memory, 0);
    assert_eq!(read(&mut memory, device + 4), 0x03c2_1e98, "revision 2, 60 bytes");
    assert_eq!(read(&mut memory, device + 8) >> 16, 0x2e, "io, mem, hardware init, two ranges");
    assert_eq!(read(&mut memory, device + 0x0c), 6, "io and mem enabled");
    for range in [device + 0x18, device + 0x28] {
        assert_eq!(read(&mut memory, range), 0x10, "64 GiB");
        assert_eq!(read(&mut memory, range + 4), 0x4b, "valid, active, the rest is for CDAT to say");
    }
    let flex_bus = cxl(&mut memory, 7);
    assert_eq!(read(&mut memory, flex_bus + 8) >> 16, 0x26, "io, mem, 68-byte flits");
    assert_eq!(read(&mut memory, flex_bus + 0x0c), 0x0026_0026);
    let locator = cxl(&mut memory, 8);
    assert_eq!(read(&mut memory, locator + 0x0c) >> 8 & 0xff, 1, "component registers");
    assert_eq!(read(&mut memory, locator + 0x14) >> 8 & 0xff, 3, "device registers");
}

#[test]
fn cxl_ports_have_their_own_dvsecs_and_others_have_none() {
    for (name, ids) in [("cxl-root", &[3, 4, 7, 8][..]), ("switch", &[3, 7, 8]), ("switch-0", &[3, 4, 7, 8])]
    {
        let mut config = built_in(name);
        for id in ids {
            cxl(&mut config, *id);
        }
    }
    let mut drive = built_in("drive");
    assert!(extended(&mut drive).iter().all(|(id, ..)| *id != 0x23));
}

#[test]
fn only_aligned_offsets_within_4096_bytes_exist() {
    use lanewarden_pci::AccessError::OutOfRange;
    let mut drive = built_in("drive");
    assert_eq!((drive.read(2), drive.read(4096)), (Err(OutOfRange(2)), Err(OutOfRange(4096))));
    assert_eq!((drive.write(1, 0), drive.read(0xffff)), (Err(OutOfRange(1)), Err(OutOfRange(0xffff))));
    assert_eq!((drive.size(), drive.read(4092)), (4096, Ok(0)));
}
