//! Heterogeneous Memory Attribute Table (ACPI 6.5, 5.2.28): latency and bandwidth between proximity domains.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::sdt::{AcpiError, Framing, Layout, Signature};
use crate::bytes::{u8_at, u16_at, u32_at, u64_at};
use crate::coordinates::{DataType, decode, product};

const LAYOUT: Layout = Layout { signature: Signature::HMAT, fixed: 4, framing: Framing::Wide };

/// A whole table, memory-side caches left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hmat {
    /// 1 or 2: it decides on the units.
    pub revision: u8,
    /// The initiator's domain that is attached to a memory's domain, by the latter.
    pub attached: BTreeMap<u32, u32>,
    /// Values between domains, in the order of the table.
    pub localities: Vec<Locality>,
}

/// System Locality Latency and Bandwidth Information: one kind of value for pairs of domains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locality {
    /// Low four bits: 0 the memory itself, 1 to 3 a memory-side cache.
    pub flags: u8,
    /// Number of what it measures; see [`Locality::data_type`].
    pub data_type: u8,
    /// What an entry counts in.
    pub base_unit: u64,
    /// Domains from which accesses come.
    pub initiators: Vec<u32>,
    /// Domains to which they go.
    pub targets: Vec<u32>,
    /// For each initiator the values of all targets.
    pub entries: Vec<u16>,
}

impl Locality {
    /// What it measures; `None` for a number without a meaning.
    #[must_use]
    pub const fn data_type(&self) -> Option<DataType> {
        DataType::from_wire(self.data_type)
    }

    /// Whether its values are those of the memory itself and not of a cache in front of it.
    #[must_use]
    pub const fn is_memory(&self) -> bool {
        self.flags & 0xf == 0
    }

    /// The entry for the initiator and the target at these places of the lists.
    #[must_use]
    pub fn entry(&self, initiator: usize, target: usize) -> Option<u16> {
        let row = initiator.checked_mul(self.targets.len())?;
        self.entries.get(row.checked_add(target)?).copied()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let initiators = usize::try_from(u32_at(bytes, 12)?).ok()?;
        let targets = usize::try_from(u32_at(bytes, 16)?).ok()?;
        let (lists, entries) =
            bytes.get(32..)?.split_at_checked(initiators.checked_add(targets)?.checked_mul(4)?)?;
        let entries = entries.get(..initiators.checked_mul(targets)?.checked_mul(2)?)?;
        let domains: Vec<_> = lists.chunks_exact(4).filter_map(|domain| u32_at(domain, 0)).collect();
        let (initiators, targets) = domains.split_at_checked(initiators)?;
        Some(Self {
            flags: u8_at(bytes, 8)?,
            data_type: u8_at(bytes, 9)?,
            base_unit: u64_at(bytes, 24)?,
            initiators: initiators.to_vec(),
            targets: targets.to_vec(),
            entries: entries.chunks_exact(2).filter_map(|entry| u16_at(entry, 0)).collect(),
        })
    }

    fn encode(&self) -> Vec<u8> {
        let count = |list: &[u32]| u32::try_from(list.len()).unwrap_or(u32::MAX).to_le_bytes();
        let mut body = [
            &[self.flags, self.data_type, 0, 0][..],
            &count(&self.initiators),
            &count(&self.targets),
            &[0; 4],
            &self.base_unit.to_le_bytes(),
        ]
        .concat();
        body.extend(self.initiators.iter().chain(&self.targets).flat_map(|domain| domain.to_le_bytes()));
        let count = self.initiators.len().saturating_mul(self.targets.len());
        let entries = self.entries.iter().copied().chain(core::iter::repeat(0)).take(count);
        body.extend(entries.flat_map(u16::to_le_bytes));
        body
    }
}

impl Hmat {
    /// Reads a whole table of revision 1 or 2.
    pub fn parse(bytes: &[u8]) -> Result<Self, AcpiError> {
        let sdt = LAYOUT.parse(bytes)?;
        let revision = sdt.revision;
        if !(1..=2).contains(&revision) {
            return Err(AcpiError::Revision { table: Signature::HMAT, revision });
        }
        let mut hmat = Self { revision, attached: BTreeMap::new(), localities: Vec::new() };
        for structure in sdt.structures() {
            let structure = structure?;
            match structure.kind {
                0 => hmat.attached.extend(structure.decode(|bytes| attached(bytes, revision))?),
                1 => hmat.localities.push(structure.decode(Locality::decode)?),
                _ => {}
            }
        }
        Ok(hmat)
    }

    /// The table that says this. Entries that a locality lacks are written as unknown.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let attached = self
            .attached
            .iter()
            .map(|(memory, initiator)| (0, attachment(*memory, *initiator, self.revision)));
        let localities = self.localities.iter().map(|locality| (1, locality.encode()));
        LAYOUT.encode(self.revision, &attached.chain(localities).collect::<Vec<_>>())
    }

    /// An entry in ns or MB/s; `None` where it is not known.
    ///
    /// In revision 1 the product with the base unit is ten times the value, latency or bandwidth, and one below ten
    /// is not known; from revision 2 on the units are those of [`decode`].
    #[must_use]
    pub fn value(&self, entry: u16, base_unit: u64, data_type: DataType) -> Option<u32> {
        if self.revision == 1 {
            return product(entry, base_unit)
                .filter(|tenths| *tenths >= 10)
                .map(|tenths| tenths.div_ceil(10));
        }
        decode(entry, base_unit, data_type)
    }
}

const INITIATOR_VALID: u8 = 1;
/// Only in revision 1; from revision 2 on the memory's domain is always valid.
const MEMORY_VALID: u8 = 2;

/// Memory Proximity Domain Attributes: the domain of a memory, then that of the initiator attached to it.
/// `Some(None)` where it has none.
fn attached(bytes: &[u8], revision: u8) -> Option<Option<(u32, u32)>> {
    let needed = if revision == 1 { INITIATOR_VALID | MEMORY_VALID } else { INITIATOR_VALID };
    let (flags, initiator, memory) = (u8_at(bytes, 8)?, u32_at(bytes, 12)?, u32_at(bytes, 16)?);
    bytes.get(..40)?;
    Some((flags & needed == needed).then_some((memory, initiator)))
}

fn attachment(memory: u32, initiator: u32, revision: u8) -> Vec<u8> {
    let flags = if revision == 1 { INITIATOR_VALID | MEMORY_VALID } else { INITIATOR_VALID };
    [&[flags, 0, 0, 0][..], &initiator.to_le_bytes(), &memory.to_le_bytes(), &[0; 20]].concat()
}

#[cfg(test)]
mod tests {
    use std::vec;

    use proptest::prelude::*;

    use super::*;

    fn hmat(revision: u8) -> Hmat {
        let latency = Locality {
            flags: 0,
            data_type: DataType::AccessLatency.to_wire(),
            base_unit: 1000,
            initiators: vec![0, 7],
            targets: vec![0, 1, 7],
            entries: vec![10, 30, 40, 41, 31, 11],
        };
        Hmat { revision, attached: BTreeMap::from([(1, 0)]), localities: vec![latency] }
    }

    #[test]
    fn what_is_encoded_is_parsed() {
        for revision in [1, 2] {
            assert_eq!(Hmat::parse(&hmat(revision).encode()), Ok(hmat(revision)));
        }
    }

    #[test]
    fn an_entry_is_found_by_row_and_column() {
        let locality = &hmat(2).localities[0];
        assert_eq!(locality.entry(0, 1), Some(30));
        assert_eq!(locality.entry(1, 2), Some(11));
        assert_eq!(locality.entry(2, 0), None);
    }

    #[test]
    fn revisions_differ_in_their_units() {
        let value = |revision, entry, base, kind| hmat(revision).value(entry, base, kind);
        assert_eq!(value(2, 30, 1000, DataType::ReadLatency), Some(30));
        assert_eq!(value(2, 12, 1024, DataType::ReadBandwidth), Some(12_288));
        assert_eq!(value(1, 31, 10, DataType::ReadLatency), Some(31));
        assert_eq!(value(1, 13, 1, DataType::ReadLatency), Some(2));
        assert_eq!(value(1, 9, 1, DataType::ReadLatency), None);
        assert_eq!(value(1, 120, 10, DataType::ReadBandwidth), Some(120));
        assert_eq!(value(1, 0xffff, 10, DataType::ReadBandwidth), None);
    }

    #[test]
    fn an_attachment_counts_only_if_it_is_flagged_valid() {
        for (revision, flags, valid) in [
            (1, 0, false),
            (1, 1, false),
            (1, 2, false),
            (1, 3, true),
            (2, 0, false),
            (2, 1, true),
            (2, 2, false),
        ] {
            let mut body = attachment(1, 0, revision);
            body[0] = flags;
            let hmat = Hmat::parse(&LAYOUT.encode(revision, &[(0, body)])).unwrap();
            assert_eq!(hmat.attached.contains_key(&1), valid, "revision {revision}, flags {flags}");
        }
    }

    #[test]
    fn unknown_revisions_are_refused() {
        for revision in [0, 3] {
            let error = AcpiError::Revision { table: Signature::HMAT, revision };
            assert_eq!(Hmat::parse(&hmat(revision).encode()), Err(error));
        }
    }

    #[test]
    fn counts_must_fit_the_structure() {
        for (initiators, targets) in [(u32::MAX, u32::MAX), (u32::MAX, 0), (0, u32::MAX), (3, 3)] {
            let mut body = hmat(2).localities[0].encode();
            body[4..8].copy_from_slice(&initiators.to_le_bytes());
            body[8..12].copy_from_slice(&targets.to_le_bytes());
            let parsed = Hmat::parse(&LAYOUT.encode(2, &[(1, body)]));
            assert!(matches!(parsed, Err(AcpiError::Structure { offset: 40, kind: 1, .. })), "{parsed:?}");
        }
    }

    proptest! {
        #[test]
        fn any_structures_are_a_table_or_an_error(
            structures in proptest::collection::vec((0_u8..4, proptest::collection::vec(any::<u8>(), 0..80)), 0..4)
        ) {
            let _ = Hmat::parse(&LAYOUT.encode(2, &structures));
        }

        #[test]
        fn any_counts_stay_within_the_structure(initiators in 0_u32..9, targets in 0_u32..9, more: Vec<u8>) {
            let counts = [&initiators.to_le_bytes()[..], &targets.to_le_bytes()].concat();
            let body = [&[0; 4][..], &counts, &[0; 12], &more].concat();
            if let Ok(hmat) = Hmat::parse(&LAYOUT.encode(2, &[(1, body)])) {
                let locality = &hmat.localities[0];
                prop_assert_eq!(locality.initiators.len(), initiators as usize);
                prop_assert_eq!(locality.entries.len(), initiators.saturating_mul(targets) as usize);
            }
        }
    }
}
