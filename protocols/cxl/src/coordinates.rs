//! Latency and bandwidth as CDAT and HMAT give them: the kinds of value, the arithmetic of their units, and the four
//! figures that describe an access.

use core::fmt;

/// What a value measures (HMAT, ACPI 6.5 table 5.146; CDAT 1.03 uses the same numbers in DSLBIS and SSLBIS).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DataType {
    /// Latency of reads and writes alike.
    AccessLatency,
    /// Latency of reads.
    ReadLatency,
    /// Latency of writes.
    WriteLatency,
    /// Bandwidth of reads and writes alike.
    AccessBandwidth,
    /// Bandwidth of reads.
    ReadBandwidth,
    /// Bandwidth of writes.
    WriteBandwidth,
}

impl DataType {
    /// The kind with this number on the wire; `None` for a number without a meaning.
    #[must_use]
    pub const fn from_wire(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::AccessLatency,
            1 => Self::ReadLatency,
            2 => Self::WriteLatency,
            3 => Self::AccessBandwidth,
            4 => Self::ReadBandwidth,
            5 => Self::WriteBandwidth,
            _ => return None,
        })
    }

    /// The number on the wire.
    #[must_use]
    pub const fn to_wire(self) -> u8 {
        match self {
            Self::AccessLatency => 0,
            Self::ReadLatency => 1,
            Self::WriteLatency => 2,
            Self::AccessBandwidth => 3,
            Self::ReadBandwidth => 4,
            Self::WriteBandwidth => 5,
        }
    }

    /// Whether this is one of the three latencies; else it is a bandwidth.
    #[must_use]
    pub const fn is_latency(self) -> bool {
        matches!(self, Self::AccessLatency | Self::ReadLatency | Self::WriteLatency)
    }

    /// The unit of the value that [`decode`] gives.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        if self.is_latency() { "ns" } else { "MB/s" }
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::AccessLatency => "access latency",
            Self::ReadLatency => "read latency",
            Self::WriteLatency => "write latency",
            Self::AccessBandwidth => "access bandwidth",
            Self::ReadBandwidth => "read bandwidth",
            Self::WriteBandwidth => "write bandwidth",
        })
    }
}

/// `entry * base_unit` in ns (latencies, given in ps and rounded up) or MB/s (bandwidths).
///
/// `None` where the table says that it does not know: entry 0 or 0xffff, a base unit of 0, or a product that does
/// not fit in 32 bits, which no reader of these tables takes for a value.
#[must_use]
pub fn decode(entry: u16, base_unit: u64, data_type: DataType) -> Option<u32> {
    let product = product(entry, base_unit)?;
    Some(if data_type.is_latency() { product.div_ceil(1000) } else { product })
}

/// `entry * base_unit`, where both mean something and the product fits.
pub(crate) fn product(entry: u16, base_unit: u64) -> Option<u32> {
    if entry == 0 || entry == 0xffff || base_unit == 0 {
        return None;
    }
    u32::try_from(base_unit.checked_mul(u64::from(entry))?).ok()
}

/// Who accesses the memory (Linux's `access0` and `access1`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AccessClass {
    /// The nearest initiator, generic initiators such as accelerators included: class 0.
    #[default]
    Local,
    /// The nearest processor: class 1.
    Cpu,
}

/// Reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Reads.
    Read,
    /// Writes.
    Write,
}

/// Latency and bandwidth of an access, or of one part of the way. What is not known is `None`; 0 never stands for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Coordinates {
    /// From a read request to its data, in nanoseconds.
    pub read_latency_ns: Option<u64>,
    /// From a write to its completion, in nanoseconds.
    pub write_latency_ns: Option<u64>,
    /// Sustained reads, in units of 10^6 bytes per second.
    pub read_bandwidth_mb_per_s: Option<u64>,
    /// Sustained writes, in units of 10^6 bytes per second.
    pub write_bandwidth_mb_per_s: Option<u64>,
}

impl Coordinates {
    /// Nothing known.
    pub const UNKNOWN: Self = Self {
        read_latency_ns: None,
        write_latency_ns: None,
        read_bandwidth_mb_per_s: None,
        write_bandwidth_mb_per_s: None,
    };

    /// Writes a value where its kind belongs; an "access" kind is both read and write. A later value of a kind
    /// replaces an earlier one, `None` included.
    pub fn set(&mut self, data_type: DataType, value: Option<u32>) {
        let value = value.map(u64::from);
        match data_type {
            DataType::AccessLatency => (self.read_latency_ns, self.write_latency_ns) = (value, value),
            DataType::ReadLatency => self.read_latency_ns = value,
            DataType::WriteLatency => self.write_latency_ns = value,
            DataType::AccessBandwidth => {
                (self.read_bandwidth_mb_per_s, self.write_bandwidth_mb_per_s) = (value, value);
            }
            DataType::ReadBandwidth => self.read_bandwidth_mb_per_s = value,
            DataType::WriteBandwidth => self.write_bandwidth_mb_per_s = value,
        }
    }

    /// The latency in one direction, in ns.
    #[must_use]
    pub const fn latency_ns(&self, direction: Direction) -> Option<u64> {
        match direction {
            Direction::Read => self.read_latency_ns,
            Direction::Write => self.write_latency_ns,
        }
    }

    /// The bandwidth in one direction, in MB/s.
    #[must_use]
    pub const fn bandwidth_mb_per_s(&self, direction: Direction) -> Option<u64> {
        match direction {
            Direction::Read => self.read_bandwidth_mb_per_s,
            Direction::Write => self.write_bandwidth_mb_per_s,
        }
    }

    /// Whether all four are known.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.read_latency_ns.is_some()
            && self.write_latency_ns.is_some()
            && self.read_bandwidth_mb_per_s.is_some()
            && self.write_bandwidth_mb_per_s.is_some()
    }
}

/// What an access costs from an initiator up to a host bridge, by who accesses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct HostCoordinates {
    /// From the nearest initiator, generic initiators included (access class 0).
    pub local: Coordinates,
    /// From the nearest processor (access class 1).
    pub cpu: Coordinates,
}

impl HostCoordinates {
    /// Those of one access class.
    #[must_use]
    pub const fn of(&self, class: AccessClass) -> Coordinates {
        match class {
            AccessClass::Local => self.local,
            AccessClass::Cpu => self.cpu,
        }
    }
}

impl fmt::Display for Coordinates {
    /// `read 334 ns 12288 MB/s, write 434 ns ? MB/s`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "read {} ns {} MB/s, write {} ns {} MB/s",
            Figure(self.read_latency_ns),
            Figure(self.read_bandwidth_mb_per_s),
            Figure(self.write_latency_ns),
            Figure(self.write_bandwidth_mb_per_s)
        )
    }
}

/// Prints a number, or `?` for an unknown one.
struct Figure(Option<u64>);

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(value) => value.fmt(f),
            None => f.pad("?"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn latencies_come_in_picoseconds_and_leave_rounded_up_in_nanoseconds() {
        assert_eq!(decode(15, 10_000, DataType::ReadLatency), Some(150));
        assert_eq!(decode(1, 1, DataType::WriteLatency), Some(1));
        assert_eq!(decode(1, 1001, DataType::AccessLatency), Some(2));
    }

    #[test]
    fn bandwidths_are_the_bare_product() {
        assert_eq!(decode(16, 1000, DataType::ReadBandwidth), Some(16_000));
        assert_eq!(decode(16, 1024, DataType::AccessBandwidth), Some(16_384));
    }

    #[test]
    fn what_is_not_provided_is_unknown_and_not_zero() {
        assert_eq!(decode(0, 1000, DataType::ReadLatency), None);
        assert_eq!(decode(0xffff, 1000, DataType::ReadLatency), None);
        assert_eq!(decode(5, 0, DataType::ReadBandwidth), None);
    }

    #[test]
    fn a_product_that_does_not_fit_in_32_bits_is_unknown() {
        assert_eq!(decode(1, 0xffff_ffff, DataType::WriteBandwidth), Some(0xffff_ffff));
        assert_eq!(decode(1, 0x1_0000_0000, DataType::WriteBandwidth), None);
        // It would fit once divided by 1000, but the tables are read with 32 bits before that.
        assert_eq!(decode(2, 0x8000_0000, DataType::ReadLatency), None);
        assert_eq!(decode(0xfffe, u64::MAX, DataType::ReadLatency), None);
    }

    #[test]
    fn an_access_value_is_both_and_a_later_one_replaces_it() {
        let mut known = Coordinates::UNKNOWN;
        known.set(DataType::AccessLatency, Some(150));
        known.set(DataType::WriteLatency, Some(250));
        known.set(DataType::AccessBandwidth, Some(16_000));
        known.set(DataType::ReadBandwidth, None);
        assert_eq!(known.to_string(), "read 150 ns ? MB/s, write 250 ns 16000 MB/s");
    }

    proptest! {
        #[test]
        fn every_kind_survives_the_wire(number: u8) {
            if let Some(kind) = DataType::from_wire(number) {
                prop_assert_eq!(kind.to_wire(), number);
            } else {
                prop_assert!(number > 5);
            }
        }

        #[test]
        fn a_known_value_is_never_zero(entry: u16, base: u64, number in 0_u8..6) {
            let kind = DataType::from_wire(number).unwrap();
            prop_assert_ne!(decode(entry, base, kind), Some(0));
        }
    }
}
