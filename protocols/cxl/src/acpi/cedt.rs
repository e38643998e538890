//! CXL Early Discovery Table (CXL 3.1, 9.18.1): the CXL host bridges, and the windows of memory below them.

use alloc::vec::Vec;

use super::sdt::{AcpiError, Framing, Layout, Signature};
use crate::bytes::{u8_at, u16_at, u32_at, u64_at};

const LAYOUT: Layout = Layout { signature: Signature::CEDT, fixed: 0, framing: Framing::Medium };

/// The structures of a table that matter for memory paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cedt {
    /// CXL host bridges.
    pub host_bridges: Vec<Chbs>,
    /// Windows of host physical addresses.
    pub windows: Vec<MemoryWindow>,
}

/// Which kind of CXL hierarchy is below a host bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CxlVersion {
    /// A restricted hierarchy (CXL 1.1): one device, its link not visible as a root port.
    Cxl1_1,
    /// A virtual hierarchy (CXL 2.0 and later): root ports and switches.
    Cxl2_0,
    /// A number without a meaning.
    Other(u32),
}

impl CxlVersion {
    const fn from_wire(number: u32) -> Self {
        match number {
            0 => Self::Cxl1_1,
            1 => Self::Cxl2_0,
            number => Self::Other(number),
        }
    }

    const fn to_wire(self) -> u32 {
        match self {
            Self::Cxl1_1 => 0,
            Self::Cxl2_0 => 1,
            Self::Other(number) => number,
        }
    }
}

/// CXL Host Bridge Structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chbs {
    /// `_UID` of the host bridge's ACPI object.
    pub uid: u32,
    /// Its hierarchy.
    pub version: CxlVersion,
    /// Physical address of its registers.
    pub base: u64,
    /// Bytes of them.
    pub length: u64,
}

/// CXL Fixed Memory Window Structure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryWindow {
    /// First host physical address.
    pub base: u64,
    /// Bytes.
    pub size: u64,
    /// Number of interleaved host bridges, encoded; see [`MemoryWindow::ways`].
    pub encoded_ways: u8,
    /// How an address is told to be whose: 0 modulo, 1 modulo after XOR.
    pub arithmetic: u8,
    /// Bytes to one host bridge before the next, encoded; see [`MemoryWindow::granularity`].
    pub encoded_granularity: u32,
    /// What the window may be used for: bit 0 type 2, bit 1 type 3, bit 2 volatile, bit 3 persistent, bit 4 fixed.
    pub restrictions: u16,
    /// Quality-of-service group.
    pub qtg_id: u16,
    /// `_UID`s of the host bridges in their order.
    pub targets: Vec<u32>,
}

impl MemoryWindow {
    /// Number of interleaved host bridges; `None` for an encoding without a meaning.
    #[must_use]
    pub const fn ways(&self) -> Option<u8> {
        Some(match self.encoded_ways {
            shift @ 0..=4 => 1 << shift,
            8 => 3,
            9 => 6,
            10 => 12,
            _ => return None,
        })
    }

    /// Bytes to one host bridge before the next; `None` for an encoding without a meaning.
    #[must_use]
    pub const fn granularity(&self) -> Option<u32> {
        if self.encoded_granularity > 6 { None } else { Some(256 << self.encoded_granularity) }
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            base: u64_at(bytes, 8)?,
            size: u64_at(bytes, 16)?,
            encoded_ways: u8_at(bytes, 24)?,
            arithmetic: u8_at(bytes, 25)?,
            encoded_granularity: u32_at(bytes, 28)?,
            restrictions: u16_at(bytes, 32)?,
            qtg_id: u16_at(bytes, 34)?,
            targets: bytes.get(36..)?.chunks_exact(4).filter_map(|target| u32_at(target, 0)).collect(),
        })
    }

    fn encode(&self) -> Vec<u8> {
        let mut body = [
            &[0; 4][..],
            &self.base.to_le_bytes(),
            &self.size.to_le_bytes(),
            &[self.encoded_ways, self.arithmetic, 0, 0],
            &self.encoded_granularity.to_le_bytes(),
            &self.restrictions.to_le_bytes(),
            &self.qtg_id.to_le_bytes(),
        ]
        .concat();
        body.extend(self.targets.iter().flat_map(|target| target.to_le_bytes()));
        body
    }
}

impl Chbs {
    fn decode(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            uid: u32_at(bytes, 4)?,
            version: CxlVersion::from_wire(u32_at(bytes, 8)?),
            base: u64_at(bytes, 16)?,
            length: u64_at(bytes, 24)?,
        })
    }

    fn encode(&self) -> Vec<u8> {
        [
            &self.uid.to_le_bytes()[..],
            &self.version.to_wire().to_le_bytes(),
            &[0; 4],
            &self.base.to_le_bytes(),
            &self.length.to_le_bytes(),
        ]
        .concat()
    }
}

impl Cedt {
    /// Reads a whole table. Types that do not matter here are left out.
    pub fn parse(bytes: &[u8]) -> Result<Self, AcpiError> {
        let mut cedt = Self::default();
        for structure in LAYOUT.parse(bytes)?.structures() {
            let structure = structure?;
            match structure.kind {
                0 => cedt.host_bridges.push(structure.decode(Chbs::decode)?),
                1 => cedt.windows.push(structure.decode(MemoryWindow::decode)?),
                _ => {}
            }
        }
        Ok(cedt)
    }

    /// The table that says this.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let bridges = self.host_bridges.iter().map(|bridge| (0, bridge.encode()));
        let windows = self.windows.iter().map(|window| (1, window.encode()));
        LAYOUT.encode(1, &bridges.chain(windows).collect::<Vec<_>>())
    }

    /// The CXL host bridge with this `_UID`.
    #[must_use]
    pub fn host_bridge(&self, uid: u32) -> Option<&Chbs> {
        self.host_bridges.iter().find(|bridge| bridge.uid == uid)
    }
}

#[cfg(test)]
mod tests {
    use std::vec;

    use proptest::prelude::*;

    use super::*;

    fn cedt() -> Cedt {
        let window = MemoryWindow {
            base: 0x1_0000_0000,
            size: 1 << 32,
            encoded_ways: 1,
            arithmetic: 0,
            encoded_granularity: 0,
            restrictions: 6,
            qtg_id: 3,
            targets: vec![12, 52],
        };
        let bridge = |uid| Chbs { uid, version: CxlVersion::Cxl2_0, base: 0xfe00_0000, length: 0x1_0000 };
        Cedt { host_bridges: vec![bridge(12), bridge(52)], windows: vec![window] }
    }

    #[test]
    fn what_is_encoded_is_parsed() {
        assert_eq!(Cedt::parse(&cedt().encode()), Ok(cedt()));
        assert_eq!(cedt().host_bridge(52).unwrap().length, 0x1_0000);
        assert_eq!(cedt().host_bridge(1), None);
    }

    #[test]
    fn interleaving_is_decoded() {
        let decoded = |encoded_ways, encoded_granularity| {
            let window = MemoryWindow { encoded_ways, encoded_granularity, ..cedt().windows[0].clone() };
            (window.ways(), window.granularity())
        };
        assert_eq!(decoded(0, 0), (Some(1), Some(256)));
        assert_eq!(decoded(4, 6), (Some(16), Some(16_384)));
        assert_eq!(decoded(8, 7), (Some(3), None));
        assert_eq!(decoded(10, 1), (Some(12), Some(512)));
        assert_eq!(decoded(5, u32::MAX), (None, None));
    }

    #[test]
    fn a_structure_that_is_too_short_is_an_error() {
        for kind in [0, 1] {
            let parsed = Cedt::parse(&LAYOUT.encode(1, &[(kind, vec![0; 8])]));
            assert!(matches!(parsed, Err(AcpiError::Structure { offset: 36, length: 12, .. })), "{parsed:?}");
        }
        assert_eq!(Cedt::parse(&LAYOUT.encode(1, &[(2, vec![])])), Ok(Cedt::default()));
    }

    proptest! {
        #[test]
        fn any_structures_are_a_table_or_an_error(
            structures in proptest::collection::vec((0_u8..4, proptest::collection::vec(any::<u8>(), 0..80)), 0..4)
        ) {
            let _ = Cedt::parse(&LAYOUT.encode(1, &structures));
        }
    }
}
