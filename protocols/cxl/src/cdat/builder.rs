//! Tables written, for the device's side and for tests.

use alloc::vec::Vec;

use super::{
    Dsemts, Dsis, Dslbis, Dsmas, Dsmscis, HEADER_SIZE, ParseError, SslbisEntry, StructureKind, Table,
};
use crate::bytes::sum;
use crate::coordinates::DataType;

/// Builds a table structure by structure; length and checksum are filled in at the end.
///
/// A body that a structure cannot hold (65,532 bytes or more) is the caller's mistake and is cut.
#[derive(Clone, Debug)]
pub struct Builder {
    revision: u8,
    sequence: u32,
    structures: Vec<u8>,
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// A table of revision 2 with sequence 0 and no structures.
    #[must_use]
    pub const fn new() -> Self {
        Self { revision: 2, sequence: 0, structures: Vec::new() }
    }

    /// Sets the revision of the layout.
    #[must_use]
    pub const fn revision(mut self, revision: u8) -> Self {
        self.revision = revision;
        self
    }

    /// Sets the sequence number.
    #[must_use]
    pub const fn sequence(mut self, sequence: u32) -> Self {
        self.sequence = sequence;
        self
    }

    /// Adds a range of memory.
    #[must_use]
    pub fn dsmas(self, dsmas: Dsmas) -> Self {
        let mut body = Body::new(&[dsmas.handle, dsmas.flags.bits(), 0, 0]);
        body.u64(dsmas.dpa_base).u64(dsmas.dpa_length);
        self.structure(StructureKind::DSMAS, &body)
    }

    /// Adds a value of a range.
    #[must_use]
    pub fn dslbis(self, dslbis: Dslbis) -> Self {
        let [first, second, third] = dslbis.entries;
        let mut body = Body::new(&[dslbis.handle, dslbis.flags, dslbis.data_type, 0]);
        body.u64(dslbis.base_unit).u16(first).u16(second).u16(third).u16(0);
        self.structure(StructureKind::DSLBIS, &body)
    }

    /// Adds a memory-side cache.
    #[must_use]
    pub fn dsmscis(self, dsmscis: Dsmscis) -> Self {
        let mut body = Body::new(&[dsmscis.handle, 0, 0, 0]);
        body.u64(dsmscis.size).u32(dsmscis.attributes);
        self.structure(StructureKind::DSMSCIS, &body)
    }

    /// Adds an initiator.
    #[must_use]
    pub fn dsis(self, dsis: Dsis) -> Self {
        self.structure(StructureKind::DSIS, &Body::new(&[dsis.flags, dsis.handle, 0, 0]))
    }

    /// Adds an EFI memory type.
    #[must_use]
    pub fn dsemts(self, dsemts: Dsemts) -> Self {
        let mut body = Body::new(&[dsemts.handle, dsemts.memory_type, 0, 0]);
        body.u64(dsemts.dpa_offset).u64(dsemts.length);
        self.structure(StructureKind::DSEMTS, &body)
    }

    /// Adds one kind of value between ports, in units of `base_unit` ps or MB/s.
    #[must_use]
    pub fn sslbis(self, data_type: DataType, base_unit: u64, entries: &[SslbisEntry]) -> Self {
        let mut body = Body::new(&[data_type.to_wire(), 0, 0, 0]);
        body.u64(base_unit);
        for entry in entries {
            body.u16(entry.x.to_wire()).u16(entry.y.to_wire()).u16(entry.value).u16(0);
        }
        self.structure(StructureKind::SSLBIS, &body)
    }

    /// Adds a structure of any type with any body, be it well formed or not.
    #[must_use]
    pub fn unknown(self, kind: u8, body: &[u8]) -> Self {
        self.structure(StructureKind(kind), &Body::new(body))
    }

    fn structure(mut self, kind: StructureKind, body: &Body) -> Self {
        const MOST: usize = 0xfffb;
        let body = body.0.get(..MOST).unwrap_or(&body.0);
        let length = u16::try_from(body.len()).unwrap_or(0).saturating_add(4);
        self.structures.extend([kind.0, 0]);
        self.structures.extend(length.to_le_bytes());
        self.structures.extend(body);
        self
    }

    /// The raw table.
    #[must_use]
    pub fn build(&self) -> Vec<u8> {
        let length = HEADER_SIZE.saturating_add(self.structures.len());
        let mut table = Vec::with_capacity(length);
        table.extend(u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
        table.extend([self.revision, 0, 0, 0, 0, 0, 0, 0]);
        table.extend(self.sequence.to_le_bytes());
        table.extend(&self.structures);
        let checksum = sum(&table).wrapping_neg();
        if let Some(field) = table.get_mut(5) {
            *field = checksum;
        }
        table
    }

    /// The same, parsed. Fails only for a table longer than any may be.
    pub fn table(&self) -> Result<Table, ParseError> {
        Table::parse(self.build())
    }
}

/// The bytes of a structure after its header.
struct Body(Vec<u8>);

impl Body {
    fn new(start: &[u8]) -> Self {
        Self(start.to_vec())
    }

    fn u16(&mut self, value: u16) -> &mut Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    fn u32(&mut self, value: u32) -> &mut Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    fn u64(&mut self, value: u64) -> &mut Self {
        self.0.extend(value.to_le_bytes());
        self
    }
}
