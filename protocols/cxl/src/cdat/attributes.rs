//! What the structures of a table say together: the coordinates of a device's memory, and of the ways through a switch.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::{Dslbis, Dsmas, MemoryHierarchy, PortId, Sslbis, SslbisEntry, Structure, StructureError, Table};
use crate::coordinates::{Coordinates, DataType};

/// Why a part of a table could not be used. The rest is; the device is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A structure could not be decoded.
    #[error(transparent)]
    Malformed(#[from] StructureError),
    /// Two ranges have the same handle, so no value can be told to be of either.
    #[error("two DSMAS have the handle {handle}; its values are not used")]
    DuplicateHandle {
        /// The handle.
        handle: u8,
    },
    /// A value belongs to no range.
    #[error("a DSLBIS speaks of handle {handle}, which no DSMAS has")]
    UnknownHandle {
        /// The handle.
        handle: u8,
    },
}

/// The memory of a device by its ranges, read from its table once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceAttributes {
    ranges: Vec<MemoryRange>,
    problems: Vec<Problem>,
}

/// One range of a device's memory and what an access costs inside the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryRange {
    /// The range.
    pub dsmas: Dsmas,
    /// From the device's upstream edge to the memory.
    pub coordinates: Coordinates,
}

impl DeviceAttributes {
    /// Gathers ranges and their values. Values of memory-side caches, and of kinds that are not known, are left out;
    /// of two values of the same kind for the same range the later one counts.
    #[must_use]
    pub fn new(table: &Table) -> Self {
        let mut attributes = Self::default();
        let mut by_handle = BTreeMap::<u8, Vec<usize>>::new();
        let mut values = Vec::new();
        for structure in table.structures() {
            match structure {
                Ok(Structure::Dsmas(dsmas)) => {
                    by_handle.entry(dsmas.handle).or_default().push(attributes.ranges.len());
                    attributes.ranges.push(MemoryRange { dsmas, coordinates: Coordinates::UNKNOWN });
                }
                Ok(Structure::Dslbis(dslbis)) => values.push(dslbis),
                Ok(_) => {}
                Err(error) => attributes.problems.push(error.into()),
            }
        }
        attributes.refuse_duplicates(&by_handle);
        values.iter().for_each(|value| attributes.apply(value, &by_handle));
        attributes
    }

    /// The ranges in the order of the table.
    #[must_use]
    pub fn ranges(&self) -> &[MemoryRange] {
        &self.ranges
    }

    /// What could not be used.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    fn refuse_duplicates(&mut self, by_handle: &BTreeMap<u8, Vec<usize>>) {
        let duplicates = by_handle.iter().filter(|(_, ranges)| ranges.len() > 1);
        self.problems.extend(duplicates.map(|(handle, _)| Problem::DuplicateHandle { handle: *handle }));
    }

    fn apply(&mut self, dslbis: &Dslbis, by_handle: &BTreeMap<u8, Vec<usize>>) {
        let (Some(kind), MemoryHierarchy::Memory) = (dslbis.data_type(), dslbis.hierarchy()) else {
            return;
        };
        match by_handle.get(&dslbis.handle).map(Vec::as_slice) {
            Some(&[range]) => {
                if let Some(range) = self.ranges.get_mut(range) {
                    range.coordinates.set(kind, dslbis.value());
                }
            }
            Some(_) => {}
            None => self.problems.push(Problem::UnknownHandle { handle: dslbis.handle }),
        }
    }
}

/// The ways between a switch's upstream port and its downstream ports, read from its table once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SwitchAttributes {
    any: Stamped,
    ports: BTreeMap<u16, Stamped>,
    problems: Vec<Problem>,
}

impl SwitchAttributes {
    /// Gathers the values of the ways between upstream and downstream ports. Of two values of the same kind for the
    /// same downstream port the later one counts, be it given for this port or for any.
    ///
    /// A value between two downstream ports counts for the one named first. That is what Linux makes of it, and a
    /// path must come out as it does there.
    #[must_use]
    pub fn new(table: &Table) -> Self {
        let mut attributes = Self::default();
        let mut stamp = 0_u32;
        for structure in table.structures() {
            match structure {
                Ok(Structure::Sslbis(sslbis)) => attributes.take(&sslbis, &mut stamp),
                Ok(_) => {}
                Err(error) => attributes.problems.push(error.into()),
            }
        }
        attributes
    }

    /// The way between the upstream port and the downstream port with this port number.
    #[must_use]
    pub fn way(&self, port_number: u16) -> Coordinates {
        let port = self.ports.get(&port_number).copied().unwrap_or_default();
        let mut way = Coordinates::UNKNOWN;
        for (kind, (any, own)) in Stamped::KINDS.into_iter().zip(self.any.0.into_iter().zip(port.0)) {
            way.set(kind, any.max(own).value);
        }
        way
    }

    /// What could not be used.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    fn take(&mut self, sslbis: &Sslbis<'_>, stamp: &mut u32) {
        let Some(kind) = sslbis.data_type() else {
            return;
        };
        for entry in sslbis.entries() {
            *stamp = stamp.saturating_add(1);
            let port = match downstream(entry) {
                PortId::Any => &mut self.any,
                PortId::Downstream(number) => self.ports.entry(number).or_default(),
                PortId::Upstream => continue,
            };
            port.set(kind, Stamp { stamp: *stamp, value: sslbis.value(entry) });
        }
    }
}

/// Which downstream ports an entry is for.
const fn downstream(entry: SslbisEntry) -> PortId {
    match (entry.x, entry.y) {
        (PortId::Upstream, other) | (other, PortId::Upstream) => other,
        (PortId::Any, other) => other,
        (port, _) => port,
    }
}

/// The four values of a way, each with the moment at which the table gave it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Stamped([Stamp; 4]);

/// A value and its moment; later ones are greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Stamp {
    stamp: u32,
    value: Option<u32>,
}

impl Stamped {
    const KINDS: [DataType; 4] =
        [DataType::ReadLatency, DataType::WriteLatency, DataType::ReadBandwidth, DataType::WriteBandwidth];

    fn set(&mut self, kind: DataType, value: Stamp) {
        for (slot, slot_kind) in self.0.iter_mut().zip(Self::KINDS) {
            let both = match kind {
                DataType::AccessLatency => slot_kind.is_latency(),
                DataType::AccessBandwidth => !slot_kind.is_latency(),
                kind => kind == slot_kind,
            };
            if both {
                *slot = value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;
    use std::vec;

    use proptest::prelude::*;

    use super::super::{Builder, DsmasFlags};
    use super::*;

    fn dsmas(handle: u8) -> Dsmas {
        Dsmas { handle, flags: DsmasFlags::empty(), dpa_base: 0, dpa_length: 1 << 28 }
    }

    fn device(builder: Builder) -> DeviceAttributes {
        DeviceAttributes::new(&builder.table().unwrap())
    }

    #[test]
    fn a_ranges_values_are_its_dslbis() {
        let device = device(
            Builder::new()
                .dslbis(Dslbis::memory(3, DataType::ReadLatency, 10_000, 15))
                .dsmas(dsmas(3))
                .dslbis(Dslbis::memory(3, DataType::WriteLatency, 10_000, 25))
                .dslbis(Dslbis::memory(3, DataType::AccessBandwidth, 1000, 1))
                .dslbis(Dslbis::memory(3, DataType::AccessBandwidth, 1000, 16)),
        );
        assert_eq!(device.problems(), []);
        let [range] = device.ranges() else { panic!("{device:?}") };
        assert_eq!(range.coordinates.to_string(), "read 150 ns 16000 MB/s, write 250 ns 16000 MB/s");
    }

    #[test]
    fn side_caches_and_unknown_kinds_are_left_out() {
        let latency = Dslbis::memory(0, DataType::AccessLatency, 1000, 9);
        let device = device(
            Builder::new()
                .dsmas(dsmas(0))
                .dslbis(Dslbis { flags: 1, ..latency })
                .dslbis(Dslbis { data_type: 6, ..latency }),
        );
        assert_eq!(device.ranges()[0].coordinates, Coordinates::UNKNOWN);
        // Only the low four bits are the level.
        let flagged = DeviceAttributes::new(
            &Builder::new().dsmas(dsmas(0)).dslbis(Dslbis { flags: 0x10, ..latency }).table().unwrap(),
        );
        assert_eq!(flagged.ranges()[0].coordinates.read_latency_ns, Some(9));
    }

    #[test]
    fn what_belongs_to_no_single_range_is_reported_and_not_used() {
        let device = device(
            Builder::new()
                .dsmas(dsmas(1))
                .dsmas(dsmas(1))
                .dslbis(Dslbis::memory(1, DataType::ReadLatency, 1000, 5))
                .dslbis(Dslbis::memory(2, DataType::ReadLatency, 1000, 5))
                .unknown(1, &[0; 3]),
        );
        assert!(device.ranges().iter().all(|range| range.coordinates == Coordinates::UNKNOWN));
        let problems: Vec<_> = device.problems().iter().map(ToString::to_string).collect();
        insta::assert_debug_snapshot!(problems, @r#"
        [
            "DSLBIS at offset 0x70: length 7, must be 24",
            "two DSMAS have the handle 1; its values are not used",
            "a DSLBIS speaks of handle 2, which no DSMAS has",
        ]
        "#);
    }

    fn entry(x: u16, y: u16, value: u16) -> SslbisEntry {
        SslbisEntry { x: PortId::from_wire(x), y: PortId::from_wire(y), value }
    }

    fn switch(entries: &[SslbisEntry]) -> SwitchAttributes {
        let table = Builder::new().sslbis(DataType::AccessLatency, 1000, entries).table().unwrap();
        SwitchAttributes::new(&table)
    }

    const UP: u16 = 0x0100;
    const ANY: u16 = 0xffff;

    #[test]
    fn a_way_is_named_from_either_end_or_for_any_port() {
        for (x, y, seven, eight) in [
            (UP, 7, Some(5), None),
            (7, UP, Some(5), None),
            (7, 8, Some(5), None),
            (ANY, 7, Some(5), None),
            (7, ANY, Some(5), None),
            (UP, ANY, Some(5), Some(5)),
            (ANY, UP, Some(5), Some(5)),
            (ANY, ANY, Some(5), Some(5)),
            (UP, UP, None, None),
        ] {
            let switch = switch(&[entry(x, y, 5)]);
            let latencies = (switch.way(7).read_latency_ns, switch.way(8).write_latency_ns);
            assert_eq!(latencies, (seven, eight), "{x:#x} {y:#x}");
        }
    }

    #[test]
    fn a_later_entry_replaces_an_earlier_one() {
        let narrowed = switch(&[entry(UP, ANY, 5), entry(UP, 7, 6)]);
        assert_eq!(narrowed.way(7).read_latency_ns, Some(6));
        assert_eq!(narrowed.way(8).read_latency_ns, Some(5));
        let widened = switch(&[entry(UP, 7, 6), entry(UP, ANY, 5)]);
        assert_eq!(widened.way(7).read_latency_ns, Some(5));
        let withdrawn = switch(&[entry(UP, 7, 6), entry(UP, 7, 0xffff)]);
        assert_eq!(withdrawn.way(7), Coordinates::UNKNOWN);
    }

    /// What the walk over all ports for every entry would give, which is what the stamps save.
    fn naive(entries: &[SslbisEntry], port: u16) -> Option<u64> {
        let mut value = None;
        for entry in entries {
            let target = downstream(*entry);
            if target == PortId::Any || target == PortId::Downstream(port) {
                value = (entry.value != 0 && entry.value != 0xffff).then_some(u64::from(entry.value));
            }
        }
        value
    }

    proptest! {
        #[test]
        fn any_order_of_entries_gives_the_last_that_fits(
            entries in proptest::collection::vec(
                (prop::sample::select(vec![0, 1, 2, UP, ANY]), prop::sample::select(vec![0, 1, 2, UP, ANY]), any::<u16>()),
                1..20,
            )
        ) {
            let entries: Vec<_> = entries.into_iter().map(|(x, y, value)| entry(x, y, value)).collect();
            let switch = switch(&entries);
            for port in 0..4 {
                prop_assert_eq!(switch.way(port).read_latency_ns, naive(&entries, port));
            }
        }
    }
}
