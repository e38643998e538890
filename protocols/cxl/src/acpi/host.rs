//! SRAT and HMAT together: what an access costs up to each host bridge.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::AcpiError;
use super::hmat::{Hmat, Locality};
use super::srat::{DeviceHandle, Srat};
use crate::coordinates::{AccessClass, Coordinates, DataType, HostCoordinates};

/// What an access costs up to each host bridge that firmware describes as a generic port.
///
/// The figures are those of the best initiator, found as Linux finds it: of all initiators known for the target
/// those with the least write latency are kept, of these those with the least read latency, then those with the most
/// write and the most read bandwidth. A kind of value that is unknown for all of them decides nothing. For access
/// class 1 only domains with a processor take part.
///
/// Where HMAT names the initiator that is attached to the port's domain, that one is the best for class 0, and for
/// class 1 if it has a processor. (Linux finds no figures at all in that case.)
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostMap {
    ports: Vec<(DeviceHandle, HostCoordinates)>,
}

impl HostMap {
    /// Looks up every generic port.
    #[must_use]
    pub fn new(srat: &Srat, hmat: &Hmat) -> Self {
        let search = Search::new(srat, hmat);
        let mut by_domain = BTreeMap::new();
        let mut coordinates = |domain| *by_domain.entry(domain).or_insert_with(|| search.host(domain));
        Self {
            ports: srat.generic_ports.iter().map(|port| (port.device, coordinates(port.domain))).collect(),
        }
    }

    /// From the raw tables, of which either may be missing; the map is then empty.
    pub fn from_tables(srat: Option<&[u8]>, hmat: Option<&[u8]>) -> Result<Self, AcpiError> {
        let (Some(srat), Some(hmat)) = (srat, hmat) else {
            return Ok(Self::default());
        };
        Ok(Self::new(&Srat::parse(srat)?, &Hmat::parse(hmat)?))
    }

    /// The generic ports in the order of the table, each with what is known of it.
    pub fn ports(&self) -> impl Iterator<Item = &(DeviceHandle, HostCoordinates)> {
        self.ports.iter()
    }

    /// Those of the host bridge whose ACPI object has this `_UID`; `None` where nothing is known. If several kinds
    /// of objects share the number, the CXL host bridge is meant.
    #[must_use]
    pub fn by_uid(&self, uid: u32) -> Option<HostCoordinates> {
        let of_other_kind =
            |handle: DeviceHandle| matches!(handle, DeviceHandle::Acpi { uid: other, .. } if other == uid);
        let cxl = self.find(|handle| handle == DeviceHandle::cxl_host_bridge(uid));
        cxl.or_else(|| self.find(of_other_kind))
    }

    /// Those of the port with this PCI address, device and function packed; `None` where nothing is known.
    #[must_use]
    pub fn by_address(&self, segment: u16, bus: u8, devfn: u8) -> Option<HostCoordinates> {
        self.find(|handle| handle == DeviceHandle::Pci { segment, bus, devfn })
    }

    fn find(&self, is: impl Fn(DeviceHandle) -> bool) -> Option<HostCoordinates> {
        let (_, coordinates) = self.ports.iter().find(|(handle, _)| is(*handle))?;
        Some(*coordinates).filter(|coordinates| *coordinates != HostCoordinates::default())
    }
}

/// What decides between initiators, in this order.
const CRITERIA: [DataType; 4] =
    [DataType::WriteLatency, DataType::ReadLatency, DataType::WriteBandwidth, DataType::ReadBandwidth];

struct Search<'a> {
    srat: &'a Srat,
    hmat: &'a Hmat,
    /// Domains that can be initiators.
    known: BTreeSet<u32>,
    /// Localities of the memory itself with a kind that is known, each with the places of its targets.
    localities: Vec<(&'a Locality, DataType, BTreeMap<u32, usize>)>,
}

/// What one initiator has to offer, by [`CRITERIA`].
type Offer = [Option<u32>; 4];

impl<'a> Search<'a> {
    fn new(srat: &'a Srat, hmat: &'a Hmat) -> Self {
        let initiators = srat.generic_initiators.iter().map(|initiator| initiator.domain);
        let memories = srat.memories.iter().map(|memory| memory.domain);
        let known = srat.processors.iter().copied().chain(initiators).chain(memories).collect();
        let memory = hmat.localities.iter().filter(|locality| locality.is_memory());
        let indexed =
            |locality: &'a Locality| Some((locality, locality.data_type()?, places(&locality.targets)));
        Self { srat, hmat, known, localities: memory.filter_map(indexed).collect() }
    }

    fn host(&self, target: u32) -> HostCoordinates {
        let (offers, kinds) = self.offers(target);
        let attached = self.hmat.attached.get(&target).copied();
        let of = |class| best(self.candidates(&offers, attached, class), &kinds);
        HostCoordinates { local: of(AccessClass::Local), cpu: of(AccessClass::Cpu) }
    }

    /// The offers that take part.
    fn candidates(
        &self,
        offers: &BTreeMap<u32, Offer>,
        attached: Option<u32>,
        class: AccessClass,
    ) -> Vec<Offer> {
        let takes_part = |domain: &u32| class == AccessClass::Local || self.srat.processors.contains(domain);
        let attached = attached.filter(takes_part);
        let chosen = |domain: &u32| attached.is_none_or(|attached| attached == *domain);
        let offers = offers.iter().filter(|(domain, _)| takes_part(domain) && chosen(domain));
        offers.map(|(_, offer)| *offer).collect()
    }

    /// What each initiator offers for this target, and the kind of table that each criterion was last taken from. A
    /// later table replaces the values of an earlier one for the same pair.
    fn offers(&self, target: u32) -> (BTreeMap<u32, Offer>, [Option<DataType>; 4]) {
        let (mut offers, mut kinds) = (BTreeMap::<u32, Offer>::new(), [None; 4]);
        for (locality, kind, places) in &self.localities {
            let Some(place) = places.get(&target) else {
                continue;
            };
            let criteria = || CRITERIA.iter().enumerate().filter(|(_, criterion)| covers(*kind, **criterion));
            for (index, _) in criteria() {
                if let Some(slot) = kinds.get_mut(index) {
                    *slot = Some(*kind);
                }
            }
            // From the last to the first, so that the first of several rows for the same initiator stays.
            for (row, initiator) in locality.initiators.iter().enumerate().rev() {
                if !self.known.contains(initiator) {
                    continue;
                }
                let entry = locality.entry(row, *place);
                let value = entry.and_then(|entry| self.hmat.value(entry, locality.base_unit, *kind));
                let offer = offers.entry(*initiator).or_default();
                for (index, _) in criteria() {
                    if let Some(slot) = offer.get_mut(index) {
                        *slot = value;
                    }
                }
            }
        }
        (offers, kinds)
    }
}

/// The first place of each domain in a list.
fn places(domains: &[u32]) -> BTreeMap<u32, usize> {
    domains.iter().enumerate().rev().map(|(place, domain)| (*domain, place)).collect()
}

/// Whether a table of this kind has values for this criterion.
fn covers(kind: DataType, criterion: DataType) -> bool {
    match kind {
        DataType::AccessLatency => criterion.is_latency(),
        DataType::AccessBandwidth => !criterion.is_latency(),
        kind => kind == criterion,
    }
}

/// Narrows the candidates down, criterion by criterion.
fn best(mut candidates: Vec<Offer>, kinds: &[Option<DataType>; 4]) -> Coordinates {
    let mut coordinates = Coordinates::UNKNOWN;
    for (index, (criterion, kind)) in CRITERIA.iter().zip(kinds).enumerate() {
        let offered = |offer: &Offer| offer.get(index).copied().flatten();
        let values = candidates.iter().filter_map(offered);
        let best = if criterion.is_latency() { values.min() } else { values.max() };
        if let (Some(best), Some(kind)) = (best, kind) {
            candidates.retain(|offer| offered(offer) == Some(best));
            coordinates.set(*kind, Some(best));
        }
    }
    coordinates
}

#[cfg(test)]
mod tests {
    use std::string::ToString;
    use std::vec;

    use proptest::prelude::*;

    use super::super::srat::{GenericAffinity, MemoryAffinity};
    use super::*;

    const UNKNOWN: u16 = 0xffff;

    fn locality(
        kind: DataType,
        base_unit: u64,
        initiators: &[u32],
        targets: &[u32],
        entries: &[u16],
    ) -> Locality {
        Locality {
            flags: 0,
            data_type: kind.to_wire(),
            base_unit,
            initiators: initiators.to_vec(),
            targets: targets.to_vec(),
            entries: entries.to_vec(),
        }
    }

    fn hmat(localities: Vec<Locality>) -> Hmat {
        Hmat { revision: 2, attached: BTreeMap::new(), localities }
    }

    fn memory(domain: u32) -> MemoryAffinity {
        MemoryAffinity { domain, base: 0, length: 1, hot_pluggable: false, non_volatile: false }
    }

    fn port(domain: u32, uid: u32) -> GenericAffinity {
        GenericAffinity { domain, device: DeviceHandle::cxl_host_bridge(uid) }
    }

    /// Processors in domains 0 and 2, an accelerator in 3, host bridge 12 in 1.
    fn srat() -> Srat {
        let accelerator =
            GenericAffinity { domain: 3, device: DeviceHandle::Pci { segment: 0, bus: 9, devfn: 0 } };
        Srat {
            processors: BTreeSet::from([0, 2]),
            memories: vec![memory(0)],
            generic_initiators: vec![accelerator],
            generic_ports: vec![port(1, 12)],
        }
    }

    fn figures(hmat: &Hmat) -> [std::string::String; 2] {
        let host = HostMap::new(&srat(), hmat).by_uid(12).unwrap();
        [host.local.to_string(), host.cpu.to_string()]
    }

    /// The machine of which a real kernel was asked: 30 ns and 12 GiB/s up to the host bridge.
    #[test]
    fn the_reference_machine_comes_out_as_linux_has_it() {
        let hmat = hmat(vec![
            locality(DataType::AccessLatency, 1000, &[0], &[0, 1], &[10, 30]),
            locality(DataType::AccessBandwidth, 1024, &[0], &[0, 1], &[20, 12]),
        ]);
        let same = "read 30 ns 12288 MB/s, write 30 ns 12288 MB/s";
        assert_eq!(figures(&hmat), [same, same]);
        let map = HostMap::from_tables(Some(&srat().encode()), Some(&hmat.encode())).unwrap();
        assert_eq!(map, HostMap::new(&srat(), &hmat));
    }

    #[test]
    fn an_accelerator_may_be_nearest_but_is_no_processor() {
        let hmat = hmat(vec![
            locality(DataType::AccessLatency, 1000, &[0, 2, 3], &[1], &[30, 40, 20]),
            locality(DataType::AccessBandwidth, 1000, &[0, 2, 3], &[1], &[12, 99, 5]),
        ]);
        let local = "read 20 ns 5000 MB/s, write 20 ns 5000 MB/s";
        let cpu = "read 30 ns 12000 MB/s, write 30 ns 12000 MB/s";
        assert_eq!(figures(&hmat), [local, cpu], "latency decides before bandwidth");
    }

    #[test]
    fn ties_are_broken_in_order_and_unknown_values_decide_nothing() {
        let hmat = hmat(vec![
            locality(DataType::WriteLatency, 1000, &[0, 2, 3], &[1], &[50, 50, UNKNOWN]),
            locality(DataType::ReadLatency, 1000, &[0, 2, 3], &[1], &[UNKNOWN, UNKNOWN, 1]),
            locality(DataType::ReadBandwidth, 1000, &[0, 2, 3], &[1], &[7, 8, 9]),
        ]);
        let both = "read ? ns 8000 MB/s, write 50 ns ? MB/s";
        assert_eq!(figures(&hmat), [both, both], "3 is out because its write latency is unknown");
    }

    #[test]
    fn later_tables_replace_earlier_ones_and_caches_do_not_count() {
        let cache = Locality { flags: 1, ..locality(DataType::AccessLatency, 1000, &[0], &[1], &[5]) };
        let hmat = hmat(vec![
            locality(DataType::AccessLatency, 1000, &[0], &[1], &[30]),
            locality(DataType::ReadLatency, 1000, &[0], &[1], &[25]),
            cache,
            locality(DataType::AccessBandwidth, 1000, &[0], &[7], &[9]),
        ]);
        let both = "read 25 ns ? MB/s, write 30 ns ? MB/s";
        assert_eq!(figures(&hmat), [both, both]);
    }

    #[test]
    fn the_first_row_and_column_of_a_domain_count() {
        let twice = locality(DataType::AccessLatency, 1000, &[0, 0], &[1, 1], &[30, 31, 32, 33]);
        let both = "read 30 ns ? MB/s, write 30 ns ? MB/s";
        assert_eq!(figures(&hmat(vec![twice])), [both, both]);
    }

    #[test]
    fn initiators_that_srat_does_not_know_take_no_part() {
        let hmat = hmat(vec![locality(DataType::AccessLatency, 1000, &[0, 77], &[1], &[30, 1])]);
        let both = "read 30 ns ? MB/s, write 30 ns ? MB/s";
        assert_eq!(figures(&hmat), [both, both]);
    }

    #[test]
    fn an_attached_initiator_is_the_nearest() {
        let mut hmat = hmat(vec![locality(DataType::AccessLatency, 1000, &[0, 2, 3], &[1], &[30, 10, 40])]);
        hmat.attached = BTreeMap::from([(1, 3)]);
        let accelerator = "read 40 ns ? MB/s, write 40 ns ? MB/s";
        let nearest = "read 10 ns ? MB/s, write 10 ns ? MB/s";
        assert_eq!(figures(&hmat), [accelerator, nearest], "3 has no processor");
        hmat.attached = BTreeMap::from([(1, 0)]);
        let attached = "read 30 ns ? MB/s, write 30 ns ? MB/s";
        assert_eq!(figures(&hmat), [attached, attached]);
    }

    #[test]
    fn ports_are_found_by_uid_and_by_address() {
        let mut srat = srat();
        let other = DeviceHandle::Acpi { hid: *b"PNP0A08\0", uid: 12 };
        let pci = DeviceHandle::Pci { segment: 1, bus: 0x34, devfn: 8 };
        srat.generic_ports = vec![
            GenericAffinity { domain: 9, device: other },
            port(1, 12),
            GenericAffinity { domain: 1, device: pci },
            port(8, 13),
        ];
        let hmat = hmat(vec![locality(DataType::AccessLatency, 1000, &[0], &[1, 9], &[30, 90])]);
        let map = HostMap::new(&srat, &hmat);
        assert_eq!(map.by_uid(12).unwrap().local.read_latency_ns, Some(30));
        assert_eq!(map.by_address(1, 0x34, 8), map.by_uid(12));
        assert_eq!(map.by_uid(13), None, "a port of which HMAT says nothing");
        assert_eq!(map.by_uid(14), None);
        assert_eq!(map.by_address(1, 0x34, 9), None);
        assert_eq!(map.ports().count(), 4);
    }

    #[test]
    fn without_tables_nothing_is_known() {
        let srat = srat().encode();
        assert_eq!(HostMap::from_tables(Some(&srat), None), Ok(HostMap::default()));
        assert_eq!(HostMap::from_tables(None, None).unwrap().by_uid(12), None);
        let error = HostMap::from_tables(Some(&srat), Some(&srat)).unwrap_err();
        assert_eq!(error.to_string(), "not a HMAT: the signature is SRAT");
    }

    /// The same by the rule's letter, one value at a time.
    fn by_the_letter(latencies: &[u16], bandwidths: &[u16]) -> Option<(u64, Option<u64>)> {
        let known = |entry: &u16| (*entry != 0 && *entry != UNKNOWN).then_some(u64::from(*entry));
        let least = latencies.iter().filter_map(known).min()?;
        let near = latencies.iter().zip(bandwidths).filter(|(latency, _)| known(latency) == Some(least));
        Some((least, near.filter_map(|(_, bandwidth)| known(bandwidth)).max()))
    }

    proptest! {
        #[test]
        fn the_best_is_the_best(
            pairs in proptest::collection::vec((0_u16..4, prop::sample::select(vec![0, 1, 2, UNKNOWN])), 1..6)
        ) {
            let initiators: Vec<u32> = (100..).take(pairs.len()).collect();
            let (latencies, bandwidths): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
            let mut srat = srat();
            srat.processors.extend(&initiators);
            let hmat = hmat(vec![
                locality(DataType::AccessLatency, 1000, &initiators, &[1], &latencies),
                locality(DataType::AccessBandwidth, 1, &initiators, &[1], &bandwidths),
            ]);
            let expected = by_the_letter(&latencies, &bandwidths);
            if let Some((latency, bandwidth)) = expected {
                let cpu = HostMap::new(&srat, &hmat).by_uid(12).unwrap().cpu;
                prop_assert_eq!(cpu.read_latency_ns, Some(latency));
                prop_assert_eq!(cpu.read_bandwidth_mb_per_s, bandwidth);
            }
        }

        #[test]
        fn any_two_tables_do_no_harm(srat: Vec<u8>, hmat: Vec<u8>) {
            let _ = HostMap::from_tables(Some(&srat), Some(&hmat));
        }
    }
}
