//! The CDAT of each device and switch, from its figures.

use lanewarden_cxl::cdat::{Builder, Dsemts, Dslbis, Dsmas, DsmasFlags, PortId, SslbisEntry};
use lanewarden_cxl::coordinates::DataType;

use crate::plan::{Part, Planned};
use crate::scenario::{Cdat, Figures, MemoryRange};

/// What EFI is to make of volatile memory: for a special purpose.
const SPECIAL_PURPOSE: u8 = 1;
/// And of persistent memory: reserved.
const RESERVED: u8 = 2;

/// The raw table of a function; `None` where it has none.
pub(crate) fn cdat(planned: &Planned<'_>) -> Option<Vec<u8>> {
    if let Some(Cdat::Hex(bytes)) = planned.part.cdat() {
        return Some(bytes.0.clone());
    }
    match planned.part {
        Part::Upstream(switch) if planned.cxl => Some(of_switch(&switch.figures, &planned.downstream)),
        Part::Endpoint(_) | Part::Integrated(_) if planned.part.speaks_cxl(planned.cxl) => {
            Some(of_memory(planned.part.memory()))
        }
        _ => None,
    }
}

/// For each range its place, its figures and its EFI memory type.
fn of_memory(ranges: &[MemoryRange]) -> Vec<u8> {
    let mut builder = Builder::new();
    let mut base = 0_u64;
    for (handle, range) in (0_u8..).zip(ranges) {
        let flags = if range.persistent { DsmasFlags::NON_VOLATILE } else { DsmasFlags::empty() };
        let length = range.size_mib << 20;
        builder = builder.dsmas(Dsmas { handle, flags, dpa_base: base, dpa_length: length });
        for (kind, value) in values(&range.figures()) {
            let (unit, entry) = split(kind, value);
            builder = builder.dslbis(Dslbis::memory(handle, kind, unit, entry));
        }
        let memory_type = if range.persistent { RESERVED } else { SPECIAL_PURPOSE };
        builder = builder.dsemts(Dsemts { handle, memory_type, dpa_offset: 0, length });
        base = base.saturating_add(length);
    }
    builder.build()
}

/// From the upstream port to each downstream port.
fn of_switch(figures: &Figures, ports: &[u8]) -> Vec<u8> {
    let mut builder = Builder::new();
    if ports.is_empty() {
        return builder.build();
    }
    for (kind, value) in together(figures) {
        let (unit, value) = split(kind, value);
        let entry =
            |port: &u8| SslbisEntry { x: PortId::Upstream, y: PortId::Downstream((*port).into()), value };
        builder = builder.sslbis(kind, unit, &ports.iter().map(entry).collect::<Vec<_>>());
    }
    builder.build()
}

/// The figures that are known, each with its kind.
pub(crate) fn values(figures: &Figures) -> Vec<(DataType, u32)> {
    let all = [
        (DataType::ReadLatency, figures.read_latency_ns),
        (DataType::WriteLatency, figures.write_latency_ns),
        (DataType::ReadBandwidth, figures.read_bandwidth_mb_per_s),
        (DataType::WriteBandwidth, figures.write_bandwidth_mb_per_s),
    ];
    all.into_iter().filter_map(|(kind, value)| Some((kind, value?))).collect()
}

/// The same, reads and writes in one where they agree.
fn together(figures: &Figures) -> Vec<(DataType, u32)> {
    let latencies = (figures.read_latency_ns, figures.write_latency_ns);
    let bandwidths = (figures.read_bandwidth_mb_per_s, figures.write_bandwidth_mb_per_s);
    match (latencies, bandwidths) {
        ((Some(latency), Some(same)), (Some(bandwidth), Some(alike)))
            if latency == same && bandwidth == alike =>
        {
            vec![(DataType::AccessLatency, latency), (DataType::AccessBandwidth, bandwidth)]
        }
        _ => values(figures),
    }
}

/// A value in ns or MB/s as a base unit and an entry that multiply to it, in ps or MB/s.
pub(crate) fn split(kind: DataType, value: u32) -> (u64, u16) {
    let natural: u64 = if kind.is_latency() { 1000 } else { 1 };
    let units = std::iter::successors(Some(1_u64), |unit| unit.checked_mul(10)).take(6);
    for unit in units {
        let value = u64::from(value);
        let entry = value.checked_div(unit).and_then(|entry| u16::try_from(entry).ok());
        if let Some(entry) = entry.filter(|entry| *entry != u16::MAX && value.is_multiple_of(unit)) {
            return (natural.saturating_mul(unit), entry);
        }
    }
    (natural.saturating_mul(value.into()), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_split_without_loss() {
        assert_eq!(split(DataType::ReadLatency, 140), (1000, 140));
        assert_eq!(split(DataType::ReadBandwidth, 64_000), (1, 64_000));
        assert_eq!(split(DataType::ReadBandwidth, 65_535), (65_535, 1));
        assert_eq!(split(DataType::WriteBandwidth, 128_000), (10, 12_800));
        assert_eq!(split(DataType::WriteBandwidth, 65_537), (65_537, 1));
        assert_eq!(split(DataType::ReadLatency, 0), (1000, 0));
    }
}
