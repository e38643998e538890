//! The firmware's tables: what the machine says of the host's own part of memory paths.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use lanewarden_cxl::acpi::{
    Cedt, Chbs, CxlVersion, DeviceHandle, GenericAffinity, Hmat, Locality, MemoryAffinity, MemoryWindow, Srat,
};
use lanewarden_cxl::coordinates::DataType;

use crate::plan::{Plan, PlannedBridge};
use crate::scenario::Bridge;
use crate::tables::{split, values};

/// The domain of the processors and their own memory.
const PROCESSORS: u32 = 0;
/// Bytes of that memory.
const OWN_MEMORY: u64 = 64 << 30;
/// Where windows for CXL memory begin.
const WINDOWS: u64 = 1 << 40;
/// Registers of the first CXL host bridge.
const REGISTERS: u64 = 0xf000_0000_0000;
/// Bytes of the registers of each.
const REGISTERS_SIZE: u64 = 0x1_0000;
/// `_HID` of a host bridge that is PCI Express only.
const PCIE_HOST_BRIDGE: [u8; 8] = *b"PNP0A08\0";

pub(crate) type Tables = HashMap<[u8; 4], Vec<u8>>;

/// The tables of a machine, by signature. Those that would be empty are not there.
pub(crate) fn tables(plan: &Plan<'_>) -> Tables {
    let mut tables = Tables::new();
    let ports: Vec<_> =
        plan.bridges.iter().map(|planned| planned.bridge).filter(|b| b.host.is_some()).collect();
    if !ports.is_empty() {
        tables.insert(*b"SRAT", srat(&ports).encode());
        tables.insert(*b"HMAT", hmat(&ports).encode());
    }
    let cxl: Vec<_> = plan.bridges.iter().filter(|planned| planned.bridge.cxl).collect();
    if !cxl.is_empty() {
        tables.insert(*b"CEDT", cedt(plan, &cxl).encode());
    }
    tables
}

/// Generic ports with the domains from 1 up.
fn domains<'p, 's>(ports: &'p [&'s Bridge]) -> impl Iterator<Item = (u32, &'s Bridge)> + 'p {
    (1_u32..).zip(ports.iter().copied())
}

fn srat(ports: &[&Bridge]) -> Srat {
    let port = |(domain, bridge): (u32, &Bridge)| {
        let hid = if bridge.cxl { DeviceHandle::CXL_HOST_BRIDGE } else { PCIE_HOST_BRIDGE };
        GenericAffinity { domain, device: DeviceHandle::Acpi { hid, uid: bridge.uid } }
    };
    Srat {
        processors: BTreeSet::from([PROCESSORS]),
        memories: vec![MemoryAffinity {
            domain: PROCESSORS,
            base: 0,
            length: OWN_MEMORY,
            hot_pluggable: false,
            non_volatile: false,
        }],
        generic_initiators: Vec::new(),
        generic_ports: domains(ports).map(port).collect(),
    }
}

/// One locality for each kind of value and base unit.
fn hmat(ports: &[&Bridge]) -> Hmat {
    let mut found: BTreeMap<(DataType, u64), Vec<(u32, u16)>> = BTreeMap::new();
    for (domain, bridge) in domains(ports) {
        for (kind, value) in values(&bridge.host.unwrap_or_default()) {
            let (unit, entry) = split(kind, value);
            found.entry((kind, unit)).or_default().push((domain, entry));
        }
    }
    let locality = |((kind, base_unit), cells): ((DataType, u64), Vec<(u32, u16)>)| Locality {
        flags: 0,
        data_type: kind.to_wire(),
        base_unit,
        initiators: vec![PROCESSORS],
        targets: cells.iter().map(|(domain, _)| *domain).collect(),
        entries: cells.iter().map(|(_, entry)| *entry).collect(),
    };
    let attached = BTreeMap::from([(PROCESSORS, PROCESSORS)]);
    Hmat { revision: 2, attached, localities: found.into_iter().map(locality).collect() }
}

/// The CXL host bridges, and one window for each that has memory below it.
fn cedt(plan: &Plan<'_>, bridges: &[&PlannedBridge<'_>]) -> Cedt {
    let mut cedt = Cedt::default();
    let (mut registers, mut base) = (REGISTERS, WINDOWS);
    for planned in bridges {
        let (uid, length) = (planned.bridge.uid, REGISTERS_SIZE);
        cedt.host_bridges.push(Chbs { uid, version: CxlVersion::Cxl2_0, base: registers, length });
        registers = registers.saturating_add(REGISTERS_SIZE);
        let size = memory_below(plan, planned);
        if size > 0 {
            cedt.windows.push(MemoryWindow {
                base,
                size,
                encoded_ways: 0,
                arithmetic: 0,
                encoded_granularity: 0,
                restrictions: 0x0f,
                qtg_id: 0,
                targets: vec![uid],
            });
            base = base.saturating_add(size);
        }
    }
    cedt
}

fn memory_below(plan: &Plan<'_>, bridge: &PlannedBridge<'_>) -> u64 {
    let functions = plan.functions.get(bridge.functions.clone()).unwrap_or_default();
    let ranges = functions.iter().flat_map(|planned| planned.part.memory());
    ranges.fold(0, |sum: u64, range| sum.saturating_add(range.size_mib << 20))
}
