//! The six structures, decoded.

use core::fmt;
use core::iter::FusedIterator;

use bitflags::bitflags;

use crate::bytes::{u8_at, u16_at, u32_at, u64_at};
use crate::coordinates::{DataType, decode};

/// A structure's type number (CDAT 1.03, table 2). Numbers without a meaning are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StructureKind(pub u8);

impl StructureKind {
    /// Device Scoped Memory Affinity Structure.
    pub const DSMAS: Self = Self(0);
    /// Device Scoped Latency and Bandwidth Information Structure.
    pub const DSLBIS: Self = Self(1);
    /// Device Scoped Memory Side Cache Information Structure.
    pub const DSMSCIS: Self = Self(2);
    /// Device Scoped Initiator Structure.
    pub const DSIS: Self = Self(3);
    /// Device Scoped EFI Memory Type Structure.
    pub const DSEMTS: Self = Self(4);
    /// Switch Scoped Latency and Bandwidth Information Structure.
    pub const SSLBIS: Self = Self(5);
}

impl fmt::Display for StructureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::DSMAS => f.pad("DSMAS"),
            Self::DSLBIS => f.pad("DSLBIS"),
            Self::DSMSCIS => f.pad("DSMSCIS"),
            Self::DSIS => f.pad("DSIS"),
            Self::DSEMTS => f.pad("DSEMTS"),
            Self::SSLBIS => f.pad("SSLBIS"),
            Self(number) => write!(f, "type {number:#04x}"),
        }
    }
}

/// Why one structure of an intact table could not be decoded. The device's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StructureError {
    /// A structure of a known type that is longer or shorter than its layout.
    #[error("{kind} at offset {offset:#x}: length {length}, must be {expected}")]
    Length {
        /// Where the structure starts in the table.
        offset: usize,
        /// Its type.
        kind: StructureKind,
        /// Its length in bytes.
        length: usize,
        /// The one length of that layout.
        expected: usize,
    },
    /// An SSLBIS without entries, or with a part of one.
    #[error("SSLBIS at offset {offset:#x}: length {length}, must be 16 and at least one entry of 8")]
    SslbisLength {
        /// Where the structure starts in the table.
        offset: usize,
        /// Its length in bytes.
        length: usize,
    },
}

/// One structure of a table. Printing it gives one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Structure<'a> {
    /// A range of device memory.
    Dsmas(Dsmas),
    /// Latency or bandwidth of such a range.
    Dslbis(Dslbis),
    /// A cache in front of such a range.
    Dsmscis(Dsmscis),
    /// An initiator in the device.
    Dsis(Dsis),
    /// What a range should be in the EFI memory map.
    Dsemts(Dsemts),
    /// Latency or bandwidth between ports of a switch.
    Sslbis(Sslbis<'a>),
    /// A type that is not known here.
    Unknown {
        /// Its type.
        kind: StructureKind,
        /// What follows the structure's four-byte header.
        body: &'a [u8],
    },
}

impl<'a> Structure<'a> {
    /// Decodes the structure that is all of `bytes`, its header included; `offset` is for the error only.
    pub(super) fn decode(bytes: &'a [u8], offset: usize) -> Result<Self, StructureError> {
        let kind = StructureKind(u8_at(bytes, 0).unwrap_or(u8::MAX));
        let (length, body) = (bytes.len(), bytes.get(4..).unwrap_or_default());
        let fixed = |expected: usize, decoded: Option<Self>| {
            decoded.filter(|_| length == expected).ok_or(StructureError::Length {
                offset,
                kind,
                length,
                expected,
            })
        };
        match kind {
            StructureKind::DSMAS => fixed(24, Dsmas::decode(body).map(Self::Dsmas)),
            StructureKind::DSLBIS => fixed(24, Dslbis::decode(body).map(Self::Dslbis)),
            StructureKind::DSMSCIS => fixed(20, Dsmscis::decode(body).map(Self::Dsmscis)),
            StructureKind::DSIS => fixed(8, Dsis::decode(body).map(Self::Dsis)),
            StructureKind::DSEMTS => fixed(24, Dsemts::decode(body).map(Self::Dsemts)),
            StructureKind::SSLBIS => {
                Sslbis::decode(body).map(Self::Sslbis).ok_or(StructureError::SslbisLength { offset, length })
            }
            kind => Ok(Self::Unknown { kind, body }),
        }
    }

    /// Its type.
    #[must_use]
    pub const fn kind(&self) -> StructureKind {
        match self {
            Self::Dsmas(_) => StructureKind::DSMAS,
            Self::Dslbis(_) => StructureKind::DSLBIS,
            Self::Dsmscis(_) => StructureKind::DSMSCIS,
            Self::Dsis(_) => StructureKind::DSIS,
            Self::Dsemts(_) => StructureKind::DSEMTS,
            Self::Sslbis(_) => StructureKind::SSLBIS,
            Self::Unknown { kind, .. } => *kind,
        }
    }
}

bitflags! {
    /// Flags of a [`Dsmas`]. Other bits are reserved and kept.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct DsmasFlags: u8 {
        /// Keeps its content without power.
        const NON_VOLATILE = 1 << 2;
        /// Several hosts may map it at the same time.
        const SHAREABLE = 1 << 3;
        /// The device keeps the copies of those hosts coherent.
        const HW_COHERENT = 1 << 4;
        /// Backed by dynamic capacity.
        const DYNAMIC_CAPACITY = 1 << 5;
        /// Cannot be written.
        const READ_ONLY = 1 << 6;
        const _ = !0;
    }
}

/// Device Scoped Memory Affinity Structure: a range of device physical addresses under a handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dsmas {
    /// What other structures call the range.
    pub handle: u8,
    /// What the range is like.
    pub flags: DsmasFlags,
    /// First device physical address.
    pub dpa_base: u64,
    /// Bytes.
    pub dpa_length: u64,
}

impl Dsmas {
    fn decode(body: &[u8]) -> Option<Self> {
        Some(Self {
            handle: u8_at(body, 0)?,
            flags: DsmasFlags::from_bits_retain(u8_at(body, 1)?),
            dpa_base: u64_at(body, 4)?,
            dpa_length: u64_at(body, 12)?,
        })
    }
}

/// Which level of the memory a [`Dslbis`] speaks of: the low four bits of its flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryHierarchy {
    /// The memory itself (0).
    Memory,
    /// The memory-side cache of this level (1 to 3).
    SideCache(u8),
    /// A number without a meaning.
    Reserved(u8),
}

/// Device Scoped Latency and Bandwidth Information Structure: one value for one range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dslbis {
    /// The [`Dsmas`] or [`Dsis`] it speaks of.
    pub handle: u8,
    /// Flags; the low four bits are the level of the memory.
    pub flags: u8,
    /// Number of what it measures; see [`Dslbis::data_type`].
    pub data_type: u8,
    /// What an entry counts in: ps or MB/s.
    pub base_unit: u64,
    /// Values in base units. Only the first means something where the range has no memory-side cache.
    pub entries: [u16; 3],
}

impl Dslbis {
    /// The structure with one value of the memory itself, `entry * base_unit` in ps or MB/s.
    #[must_use]
    pub const fn memory(handle: u8, data_type: DataType, base_unit: u64, entry: u16) -> Self {
        Self { handle, flags: 0, data_type: data_type.to_wire(), base_unit, entries: [entry, 0, 0] }
    }

    fn decode(body: &[u8]) -> Option<Self> {
        Some(Self {
            handle: u8_at(body, 0)?,
            flags: u8_at(body, 1)?,
            data_type: u8_at(body, 2)?,
            base_unit: u64_at(body, 4)?,
            entries: [u16_at(body, 12)?, u16_at(body, 14)?, u16_at(body, 16)?],
        })
    }

    /// What it measures; `None` for a number without a meaning.
    #[must_use]
    pub const fn data_type(&self) -> Option<DataType> {
        DataType::from_wire(self.data_type)
    }

    /// Which level of the memory it speaks of.
    #[must_use]
    pub const fn hierarchy(&self) -> MemoryHierarchy {
        match self.flags & 0xf {
            0 => MemoryHierarchy::Memory,
            level @ 1..=3 => MemoryHierarchy::SideCache(level),
            other => MemoryHierarchy::Reserved(other),
        }
    }

    /// The first value in ns or MB/s; `None` where it is not known.
    #[must_use]
    pub fn value(&self) -> Option<u32> {
        let [first, ..] = self.entries;
        decode(first, self.base_unit, self.data_type()?)
    }
}

/// Device Scoped Memory Side Cache Information Structure: a cache in front of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dsmscis {
    /// The [`Dsmas`] it speaks of.
    pub handle: u8,
    /// Bytes of the cache.
    pub size: u64,
    /// Levels, associativity, write policy and line size, packed as in HMAT's memory-side cache structure.
    pub attributes: u32,
}

impl Dsmscis {
    fn decode(body: &[u8]) -> Option<Self> {
        Some(Self { handle: u8_at(body, 0)?, size: u64_at(body, 4)?, attributes: u32_at(body, 12)? })
    }

    /// How many cache levels there are in front of the range, 0 to 3.
    #[must_use]
    pub const fn levels(&self) -> u8 {
        self.nibble(0)
    }

    /// Which of them this is, counted from 1.
    #[must_use]
    pub const fn level(&self) -> u8 {
        self.nibble(4)
    }

    /// 0 none, 1 direct mapped, 2 complex.
    #[must_use]
    pub const fn associativity(&self) -> u8 {
        self.nibble(8)
    }

    /// 0 none, 1 write back, 2 write through.
    #[must_use]
    pub const fn write_policy(&self) -> u8 {
        self.nibble(12)
    }

    /// Bytes of a cache line.
    #[must_use]
    pub const fn line_size(&self) -> u16 {
        let [_, _, low, high] = self.attributes.to_le_bytes();
        u16::from_le_bytes([low, high])
    }

    const fn nibble(&self, shift: u32) -> u8 {
        let [byte, ..] = self.attributes.wrapping_shr(shift).to_le_bytes();
        byte & 0xf
    }
}

/// Device Scoped Initiator Structure: something in the device that accesses memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dsis {
    /// Bit 0: the initiator has memory of its own, and `handle` is that of its [`Dsmas`].
    pub flags: u8,
    /// The handle under which it is known.
    pub handle: u8,
}

impl Dsis {
    /// An initiator whose memory is the [`Dsmas`] with this handle.
    #[must_use]
    pub const fn memory(handle: u8) -> Self {
        Self { flags: 1, handle }
    }

    fn decode(body: &[u8]) -> Option<Self> {
        Some(Self { flags: u8_at(body, 0)?, handle: u8_at(body, 1)? })
    }

    /// Whether the initiator has memory of its own.
    #[must_use]
    pub const fn memory_attached(&self) -> bool {
        self.flags & 1 != 0
    }
}

/// Device Scoped EFI Memory Type Structure: what a part of a range should be in the EFI memory map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dsemts {
    /// The [`Dsmas`] it speaks of.
    pub handle: u8,
    /// 0 conventional memory, 1 conventional memory for a special purpose, 2 reserved.
    pub memory_type: u8,
    /// Start of the part, in bytes from the start of the range.
    pub dpa_offset: u64,
    /// Bytes of the part.
    pub length: u64,
}

impl Dsemts {
    fn decode(body: &[u8]) -> Option<Self> {
        Some(Self {
            handle: u8_at(body, 0)?,
            memory_type: u8_at(body, 1)?,
            dpa_offset: u64_at(body, 4)?,
            length: u64_at(body, 12)?,
        })
    }
}

/// A port of a switch as an [`Sslbis`] names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PortId {
    /// The upstream port (0x0100).
    Upstream,
    /// Whichever port (0xffff).
    Any,
    /// The downstream port with this port number.
    Downstream(u16),
}

impl PortId {
    /// The port with this number on the wire.
    #[must_use]
    pub const fn from_wire(number: u16) -> Self {
        match number {
            0x0100 => Self::Upstream,
            0xffff => Self::Any,
            number => Self::Downstream(number),
        }
    }

    /// The number on the wire.
    #[must_use]
    pub const fn to_wire(self) -> u16 {
        match self {
            Self::Upstream => 0x0100,
            Self::Any => 0xffff,
            Self::Downstream(number) => number,
        }
    }
}

/// One entry of an [`Sslbis`]: the value between two ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SslbisEntry {
    /// One port.
    pub x: PortId,
    /// The other.
    pub y: PortId,
    /// The value in base units.
    pub value: u16,
}

/// Switch Scoped Latency and Bandwidth Information Structure: one kind of value between pairs of ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sslbis<'a> {
    /// Number of what it measures; see [`Sslbis::data_type`].
    pub data_type: u8,
    /// What an entry counts in: ps or MB/s.
    pub base_unit: u64,
    /// At least one entry of 8 bytes, and no part of one.
    entries: &'a [u8],
}

impl<'a> Sslbis<'a> {
    const ENTRY_SIZE: usize = 8;

    fn decode(body: &'a [u8]) -> Option<Self> {
        let entries = body.get(12..)?;
        if entries.is_empty() || !entries.len().is_multiple_of(Self::ENTRY_SIZE) {
            return None;
        }
        Some(Self { data_type: u8_at(body, 0)?, base_unit: u64_at(body, 4)?, entries })
    }

    /// What it measures; `None` for a number without a meaning.
    #[must_use]
    pub const fn data_type(&self) -> Option<DataType> {
        DataType::from_wire(self.data_type)
    }

    /// Its entries in their order; at least one.
    pub fn entries(&self) -> impl FusedIterator<Item = SslbisEntry> + use<'a> {
        self.entries
            .chunks_exact(Self::ENTRY_SIZE)
            .map_while(|entry| {
                Some(SslbisEntry {
                    x: PortId::from_wire(u16_at(entry, 0)?),
                    y: PortId::from_wire(u16_at(entry, 2)?),
                    value: u16_at(entry, 4)?,
                })
            })
            .fuse()
    }

    /// The value of one entry in ns or MB/s; `None` where it is not known.
    #[must_use]
    pub fn value(&self, entry: SslbisEntry) -> Option<u32> {
        decode(entry.value, self.base_unit, self.data_type()?)
    }
}
