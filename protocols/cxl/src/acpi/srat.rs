//! System Resource Affinity Table (ACPI 6.5, 5.2.16): which processors, memories and host bridges are near each
//! other.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::fmt;

use super::sdt::{AcpiError, Framing, Layout, Signature};
use crate::bytes::{array, u8_at, u16_at, u32_at, u64_at};

const LAYOUT: Layout = Layout { signature: Signature::SRAT, fixed: 12, framing: Framing::Narrow };

const ENABLED: u32 = 1;

/// The entries of a table that are enabled and matter for memory paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Srat {
    /// Proximity domains that have a processor.
    pub processors: BTreeSet<u32>,
    /// Ranges of memory.
    pub memories: Vec<MemoryAffinity>,
    /// Initiators that are no processors: accelerators and other devices.
    pub generic_initiators: Vec<GenericAffinity>,
    /// Ports to memory that firmware does not describe itself: the host bridges above CXL memory.
    pub generic_ports: Vec<GenericAffinity>,
}

/// A range of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryAffinity {
    /// Its proximity domain.
    pub domain: u32,
    /// First physical address.
    pub base: u64,
    /// Bytes.
    pub length: u64,
    /// May be added and removed at run time.
    pub hot_pluggable: bool,
    /// Keeps its content without power.
    pub non_volatile: bool,
}

/// A device in a proximity domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GenericAffinity {
    /// Its proximity domain.
    pub domain: u32,
    /// Which device.
    pub device: DeviceHandle,
}

/// How firmware names a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeviceHandle {
    /// By its ACPI object.
    Acpi {
        /// `_HID`; that of a CXL host bridge is `ACPI0016`.
        hid: [u8; 8],
        /// `_UID`.
        uid: u32,
    },
    /// By its PCI address.
    Pci {
        /// Segment group.
        segment: u16,
        /// Bus number.
        bus: u8,
        /// Device and function number, packed as in a requester ID.
        devfn: u8,
    },
}

impl DeviceHandle {
    /// `_HID` of a CXL host bridge (CXL 3.1, 9.18.1).
    pub const CXL_HOST_BRIDGE: [u8; 8] = *b"ACPI0016";

    /// The CXL host bridge with this `_UID`.
    #[must_use]
    pub const fn cxl_host_bridge(uid: u32) -> Self {
        Self::Acpi { hid: Self::CXL_HOST_BRIDGE, uid }
    }

    /// Reads a handle of 16 bytes; `None` for a kind that is not known, and for a name that is left empty.
    fn decode(kind: u8, handle: &[u8]) -> Option<Self> {
        match kind {
            0 => Some(Self::Acpi { hid: array(handle, 0)?, uid: u32_at(handle, 8)? })
                .filter(|handle| !matches!(handle, Self::Acpi { hid: [0, 0, ..], .. })),
            1 => Some(Self::Pci {
                segment: u16_at(handle, 0)?,
                bus: u8_at(handle, 2)?,
                devfn: u8_at(handle, 3)?,
            }),
            _ => None,
        }
    }

    fn encode(self) -> (u8, [u8; 16]) {
        let [mut handle, zeros] = [[0; 16]; 2];
        let (kind, name) = match self {
            Self::Acpi { hid, uid } => (0, [&hid[..], &uid.to_le_bytes()].concat()),
            Self::Pci { segment, bus, devfn } => (1, [&segment.to_le_bytes()[..], &[bus, devfn]].concat()),
        };
        for (to, from) in handle.iter_mut().zip(name.iter().chain(&zeros)) {
            *to = *from;
        }
        (kind, handle)
    }
}

impl fmt::Display for DeviceHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Acpi { hid, uid } => write!(f, "{}:{uid:x}", hid.escape_ascii()),
            Self::Pci { segment, bus, devfn } => {
                write!(f, "{segment:04x}:{bus:02x}:{:02x}.{}", devfn >> 3, devfn & 7)
            }
        }
    }
}

impl Srat {
    /// Reads a whole table. Entries that are disabled, and types that do not matter here, are left out.
    pub fn parse(bytes: &[u8]) -> Result<Self, AcpiError> {
        let sdt = LAYOUT.parse(bytes)?;
        let mut srat = Self::default();
        for structure in sdt.structures() {
            let structure = structure?;
            match structure.kind {
                0 => srat.processors.extend(structure.decode(|bytes| local_apic(bytes, sdt.revision))?),
                1 => srat.memories.extend(structure.decode(|bytes| memory(bytes, sdt.revision))?),
                2 | 7 => srat.processors.extend(structure.decode(|bytes| processor(bytes, 4, 12))?),
                3 => srat.processors.extend(structure.decode(|bytes| processor(bytes, 2, 10))?),
                5 => srat.generic_initiators.extend(structure.decode(generic)?),
                6 => srat.generic_ports.extend(structure.decode(generic)?),
                _ => {}
            }
        }
        Ok(srat)
    }

    /// The table of revision 3 that says this, one x2APIC entry for each domain that has a processor.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let processors = (0_u32..).zip(&self.processors).map(|(id, domain)| (2, x2apic(*domain, id)));
        let memories = self.memories.iter().map(|memory| (1, memory.encode()));
        let initiators = self.generic_initiators.iter().map(|affinity| (5, affinity.encode()));
        let ports = self.generic_ports.iter().map(|affinity| (6, affinity.encode()));
        let structures: Vec<_> = processors.chain(memories).chain(initiators).chain(ports).collect();
        let mut table = LAYOUT.encode(3, &structures);
        // The field before the structures that was once a revision of its own.
        if let Some(field) = table.get_mut(36) {
            *field = 1;
            if let Some(checksum) = table.get_mut(9) {
                *checksum = checksum.wrapping_sub(1);
            }
        }
        table
    }
}

impl MemoryAffinity {
    fn encode(&self) -> Vec<u8> {
        let flags = ENABLED | u32::from(self.hot_pluggable) << 1 | u32::from(self.non_volatile) << 2;
        [
            &self.domain.to_le_bytes()[..],
            &[0; 2],
            &self.base.to_le_bytes(),
            &self.length.to_le_bytes(),
            &[0; 4],
            &flags.to_le_bytes(),
            &[0; 8],
        ]
        .concat()
    }
}

impl GenericAffinity {
    fn encode(&self) -> Vec<u8> {
        let (kind, handle) = self.device.encode();
        [&[0, kind][..], &self.domain.to_le_bytes(), &handle, &ENABLED.to_le_bytes(), &[0; 4]].concat()
    }
}

fn x2apic(domain: u32, id: u32) -> Vec<u8> {
    [&[0; 2][..], &domain.to_le_bytes(), &id.to_le_bytes(), &ENABLED.to_le_bytes(), &[0; 8]].concat()
}

/// `Some(None)` is an entry that is disabled or left out, `None` one that is too short.
type Decoded<T> = Option<Option<T>>;

/// Processor Local APIC/SAPIC Affinity: the upper 24 bits of the domain count from revision 2 on.
fn local_apic(bytes: &[u8], revision: u8) -> Decoded<u32> {
    let [b1, b2, b3] = array(bytes, 9)?;
    let b0 = u8_at(bytes, 2)?;
    let high = if revision >= 2 { [b1, b2, b3] } else { [0; 3] };
    let [b1, b2, b3] = high;
    let enabled = u32_at(bytes, 4)? & ENABLED != 0;
    Some(enabled.then_some(u32::from_le_bytes([b0, b1, b2, b3])))
}

/// The other kinds of processors, with the domain and the flags at these offsets.
fn processor(bytes: &[u8], domain: usize, flags: usize) -> Decoded<u32> {
    let domain = u32_at(bytes, domain)?;
    Some((u32_at(bytes, flags)? & ENABLED != 0).then_some(domain))
}

fn memory(bytes: &[u8], revision: u8) -> Decoded<MemoryAffinity> {
    let flags = u32_at(bytes, 28)?;
    let domain = u32_at(bytes, 2)?;
    let memory = MemoryAffinity {
        domain: if revision >= 2 { domain } else { domain & 0xff },
        base: u64_at(bytes, 8)?,
        length: u64_at(bytes, 16)?,
        hot_pluggable: flags & 2 != 0,
        non_volatile: flags & 4 != 0,
    };
    Some((flags & ENABLED != 0).then_some(memory))
}

fn generic(bytes: &[u8]) -> Decoded<GenericAffinity> {
    let (kind, domain) = (u8_at(bytes, 3)?, u32_at(bytes, 4)?);
    let handle: [u8; 16] = array(bytes, 8)?;
    let enabled = u32_at(bytes, 24)? & ENABLED != 0;
    let device = DeviceHandle::decode(kind, &handle).filter(|_| enabled);
    Some(device.map(|device| GenericAffinity { domain, device }))
}

#[cfg(test)]
mod tests {
    use std::string::ToString;
    use std::vec;

    use proptest::prelude::*;

    use super::*;

    fn table(revision: u8, structures: &[(u8, Vec<u8>)]) -> Result<Srat, AcpiError> {
        Srat::parse(&LAYOUT.encode(revision, structures))
    }

    #[test]
    fn every_kind_of_processor_counts_if_it_is_enabled() {
        // Domain 0x01020304 in each layout, then the same disabled.
        let layouts: [(u8, &[u8], usize); 4] = [
            (0, &[4, 9, 1, 0, 0, 0, 0, 3, 2, 1, 0, 0, 0, 0], 2),
            (2, &[0, 0, 4, 3, 2, 1, 9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 10),
            (3, &[4, 3, 2, 1, 9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0], 8),
            (7, &[0, 0, 4, 3, 2, 1, 9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0], 10),
        ];
        for (kind, body, flags) in layouts {
            let srat = table(3, &[(kind, body.to_vec())]).unwrap();
            assert_eq!(srat.processors, BTreeSet::from([0x0102_0304]), "type {kind}");
            let mut disabled = body.to_vec();
            disabled[flags] = 0;
            assert_eq!(table(3, &[(kind, disabled)]).unwrap(), Srat::default(), "type {kind}");
        }
    }

    #[test]
    fn domains_had_eight_bits_before_revision_2() {
        let processor = [4, 9, 1, 0, 0, 0, 0, 3, 2, 1, 0, 0, 0, 0].to_vec();
        let memory =
            MemoryAffinity { domain: 0x104, base: 0, length: 1, hot_pluggable: false, non_volatile: false };
        let srat = table(1, &[(0, processor), (1, memory.encode())]).unwrap();
        assert_eq!(srat.processors, BTreeSet::from([4]));
        assert_eq!(srat.memories[0].domain, 4);
    }

    #[test]
    fn generic_ports_are_named_by_acpi_object_or_pci_address() {
        let port = |kind: u8, handle: [u8; 16], flags: u8| {
            [&[0, kind, 1, 0, 0, 0][..], &handle, &[flags, 0, 0, 0, 0, 0, 0, 0]].concat()
        };
        let acpi = *b"ACPI0016\x0c\x00\x00\x00\x00\x00\x00\x00";
        let mut pci = [0; 16];
        pci[..4].copy_from_slice(&[1, 0, 0x34, 0x0a]);
        let srat = table(
            3,
            &[
                (6, port(0, acpi, 1)),
                (6, port(1, pci, 1)),
                (6, port(0, acpi, 0)),
                (6, port(0, [0; 16], 1)),
                (6, port(2, acpi, 1)),
                (5, port(1, pci, 1)),
            ],
        )
        .unwrap();
        let names: Vec<_> = srat.generic_ports.iter().map(|port| port.device.to_string()).collect();
        assert_eq!(names, ["ACPI0016:c", "0001:34:01.2"]);
        assert_eq!(srat.generic_initiators.len(), 1);
    }

    #[test]
    fn an_entry_that_is_too_short_is_an_error() {
        for kind in [0, 1, 2, 3, 5, 6, 7] {
            let error = table(3, &[(kind, vec![0; 6])]).unwrap_err();
            let kind = kind.into();
            assert_eq!(error, AcpiError::Structure { table: Signature::SRAT, offset: 48, kind, length: 8 });
        }
        assert_eq!(table(3, &[(4, vec![0; 6]), (99, vec![])]), Ok(Srat::default()), "others do not matter");
    }

    fn handles() -> impl Strategy<Value = DeviceHandle> {
        prop_oneof![
            any::<u32>().prop_map(DeviceHandle::cxl_host_bridge),
            any::<(u16, u8, u8)>().prop_map(|(segment, bus, devfn)| DeviceHandle::Pci {
                segment,
                bus,
                devfn
            }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_parsed(
            processors in proptest::collection::btree_set(any::<u32>(), 0..4),
            memories in proptest::collection::vec(any::<(u32, u64, u64, bool, bool)>(), 0..4),
            generic in proptest::collection::vec((any::<u32>(), handles()), 0..4),
        ) {
            let memory = |(domain, base, length, hot_pluggable, non_volatile)| {
                MemoryAffinity { domain, base, length, hot_pluggable, non_volatile }
            };
            let generic: Vec<_> =
                generic.into_iter().map(|(domain, device)| GenericAffinity { domain, device }).collect();
            let srat = Srat {
                processors,
                memories: memories.into_iter().map(memory).collect(),
                generic_initiators: generic.iter().rev().copied().collect(),
                generic_ports: generic,
            };
            prop_assert_eq!(Srat::parse(&srat.encode()), Ok(srat));
        }

        #[test]
        fn any_structures_are_entries_or_an_error(
            structures in proptest::collection::vec((0_u8..9, proptest::collection::vec(any::<u8>(), 0..60)), 0..6)
        ) {
            let _ = table(3, &structures);
        }
    }
}
