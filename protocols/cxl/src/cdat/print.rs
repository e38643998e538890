//! One line for every structure.

use core::fmt;

use super::{
    Dsemts, Dsis, Dslbis, Dsmas, DsmasFlags, Dsmscis, Header, MemoryHierarchy, PortId, Sslbis, Structure,
};
use crate::coordinates::DataType;

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { length, revision, checksum, sequence } = self;
        write!(f, "CDAT revision {revision}, {length} bytes, sequence {sequence}, checksum {checksum:#04x}")
    }
}

impl fmt::Display for Structure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:7} ", self.kind())?;
        match self {
            Self::Dsmas(dsmas) => dsmas.fmt(f),
            Self::Dslbis(dslbis) => dslbis.fmt(f),
            Self::Dsmscis(dsmscis) => dsmscis.fmt(f),
            Self::Dsis(dsis) => dsis.fmt(f),
            Self::Dsemts(dsemts) => dsemts.fmt(f),
            Self::Sslbis(sslbis) => sslbis.fmt(f),
            Self::Unknown { body, .. } => write!(f, "unknown, {} bytes: {}", body.len(), Hex(body)),
        }
    }
}

impl fmt::Display for Dsmas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { handle, flags, dpa_base, dpa_length } = self;
        write!(f, "memory {handle}: {dpa_length:#x} bytes at DPA {dpa_base:#x}, {flags}")
    }
}

impl fmt::Display for DsmasFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let volatile = !self.contains(Self::NON_VOLATILE);
        f.write_str(if volatile { "volatile" } else { "non-volatile" })?;
        for (flag, name) in [
            (Self::SHAREABLE, ", shareable"),
            (Self::HW_COHERENT, ", hardware coherent"),
            (Self::DYNAMIC_CAPACITY, ", dynamic capacity"),
            (Self::READ_ONLY, ", read only"),
        ] {
            f.write_str(if self.contains(flag) { name } else { "" })?;
        }
        Ok(())
    }
}

impl fmt::Display for Dslbis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, ..] = self.entries;
        write!(f, "memory {}", self.handle)?;
        match self.hierarchy() {
            MemoryHierarchy::Memory => {}
            MemoryHierarchy::SideCache(level) => write!(f, ", side cache {level}")?,
            MemoryHierarchy::Reserved(level) => write!(f, ", reserved level {level}")?,
        }
        write!(f, ": {}", Kind(self.data_type))?;
        write!(f, " {} ({first} x {})", Value(self.value(), self.data_type), self.base_unit)
    }
}

impl fmt::Display for Dsmscis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let associativity = match self.associativity() {
            0 => "unspecified associativity",
            1 => "direct mapped",
            2 => "complex associativity",
            _ => "reserved associativity",
        };
        let policy = match self.write_policy() {
            0 => "unspecified write policy",
            1 => "write back",
            2 => "write through",
            _ => "reserved write policy",
        };
        write!(f, "memory {}: side cache {} of {}, ", self.handle, self.level(), self.levels())?;
        write!(f, "{:#x} bytes, lines of {}, {associativity}, {policy}", self.size, self.line_size())
    }
}

impl fmt::Display for Dsis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let memory = if self.memory_attached() { "with" } else { "without" };
        write!(f, "initiator {} {memory} memory of its own", self.handle)
    }
}

impl fmt::Display for Dsemts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let memory_type = match self.memory_type {
            0 => "conventional",
            1 => "conventional, special purpose",
            2 => "reserved",
            _ => "unknown EFI type",
        };
        let Self { handle, dpa_offset, length, .. } = self;
        write!(f, "memory {handle}: {length:#x} bytes at offset {dpa_offset:#x} are {memory_type}")
    }
}

impl fmt::Display for PortId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Upstream => f.pad("up"),
            Self::Any => f.pad("any"),
            Self::Downstream(number) => number.fmt(f),
        }
    }
}

impl fmt::Display for Sslbis<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", Kind(self.data_type))?;
        for (index, entry) in self.entries().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma} {}-{} {}", entry.x, entry.y, Value(self.value(entry), self.data_type))?;
        }
        Ok(())
    }
}

/// The number of a data type, by name where it has one.
struct Kind(u8);

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DataType::from_wire(self.0) {
            Some(kind) => kind.fmt(f),
            None => write!(f, "unknown data type {}", self.0),
        }
    }
}

/// A value with the unit of its data type.
struct Value(Option<u32>, u8);

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0, DataType::from_wire(self.1)) {
            (Some(value), Some(kind)) => write!(f, "{value} {}", kind.unit()),
            _ => f.write_str("unknown"),
        }
    }
}

/// The first bytes of a body in hexadecimal.
struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 16;
        for byte in self.0.iter().take(SHOWN) {
            write!(f, "{byte:02x}")?;
        }
        f.write_str(if self.0.len() > SHOWN { "..." } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::string::String;

    use super::super::{Builder, SslbisEntry, StructureKind, Table};
    use super::*;

    fn lines(table: &Table) -> String {
        let mut text = String::new();
        writeln!(text, "{}", table.header()).unwrap();
        for structure in table.structures() {
            match structure {
                Ok(structure) => writeln!(text, "{structure}").unwrap(),
                Err(error) => writeln!(text, "! {error}").unwrap(),
            }
        }
        text
    }

    #[test]
    fn every_structure_is_one_line() {
        let flags = DsmasFlags::NON_VOLATILE | DsmasFlags::SHAREABLE | DsmasFlags::READ_ONLY;
        let cached = Dslbis { flags: 1, ..Dslbis::memory(0, DataType::AccessLatency, 1000, 5) };
        let ports = [
            SslbisEntry { x: PortId::Upstream, y: PortId::Downstream(0), value: 15 },
            SslbisEntry { x: PortId::Any, y: PortId::Any, value: 0 },
        ];
        let table = Builder::new()
            .sequence(3)
            .dsmas(Dsmas { handle: 0, flags: DsmasFlags::empty(), dpa_base: 0, dpa_length: 0x1000_0000 })
            .dsmas(Dsmas { handle: 1, flags, dpa_base: 0x1000_0000, dpa_length: 0x1000 })
            .dslbis(Dslbis::memory(0, DataType::ReadLatency, 10_000, 15))
            .dslbis(Dslbis::memory(0, DataType::WriteBandwidth, 1000, 16))
            .dslbis(Dslbis { data_type: 9, ..cached })
            .dslbis(cached)
            .dsmscis(Dsmscis { handle: 0, size: 0x40_0000, attributes: 0x0040_1111 })
            .dsis(Dsis::memory(0))
            .dsemts(Dsemts { handle: 1, memory_type: 2, dpa_offset: 0, length: 0x1000 })
            .sslbis(DataType::AccessLatency, 10_000, &ports)
            .unknown(0x99, &[0xab; 20])
            .unknown(StructureKind::DSMAS.0, &[0; 4])
            .unknown(StructureKind::SSLBIS.0, &[0; 12])
            .table()
            .unwrap();
        insta::assert_snapshot!(lines(&table), @r"
        CDAT revision 2, 292 bytes, sequence 3, checksum 0x0e
        DSMAS   memory 0: 0x10000000 bytes at DPA 0x0, volatile
        DSMAS   memory 1: 0x1000 bytes at DPA 0x10000000, non-volatile, shareable, read only
        DSLBIS  memory 0: read latency 150 ns (15 x 10000)
        DSLBIS  memory 0: write bandwidth 16000 MB/s (16 x 1000)
        DSLBIS  memory 0, side cache 1: unknown data type 9 unknown (5 x 1000)
        DSLBIS  memory 0, side cache 1: access latency 5 ns (5 x 1000)
        DSMSCIS memory 0: side cache 1 of 1, 0x400000 bytes, lines of 64, direct mapped, write back
        DSIS    initiator 0 with memory of its own
        DSEMTS  memory 1: 0x1000 bytes at offset 0x0 are reserved
        SSLBIS  access latency: up-0 150 ns, any-any unknown
        type 0x99 unknown, 20 bytes: abababababababababababababababab...
        ! DSMAS at offset 0x10c: length 8, must be 24
        ! SSLBIS at offset 0x114: length 16, must be 16 and at least one entry of 8
        ");
    }
}
