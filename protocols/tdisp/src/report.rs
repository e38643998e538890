//! The device interface report: what a locked interface has and can do.

use bitflags::bitflags;

use crate::cursor::{Reader, Writer};
use crate::{Malformed, NoRoom};

bitflags! {
    /// What an interface does and allows.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct InterfaceInfo: u16 {
        /// No firmware update while it is locked.
        const NO_UPDATE_AFTER_LOCK = 1 << 0;
        /// It accesses memory without a PASID.
        const DMA_WITHOUT_PASID = 1 << 1;
        /// It accesses memory with a PASID.
        const DMA_WITH_PASID = 1 << 2;
        /// It asks for translated addresses.
        const ATS = 1 << 3;
        /// It asks for pages.
        const PRS = 1 << 4;
    }
}

bitflags! {
    /// What pages are.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct RangeAttributes: u16 {
        /// The MSI-X table is in them.
        const MSIX_TABLE = 1 << 0;
        /// The MSI-X pending bits are in them.
        const MSIX_PBA = 1 << 1;
        /// They are outside of the trusted domain.
        const NON_TEE = 1 << 2;
        /// Whether they are may be changed.
        const UPDATABLE = 1 << 3;
    }
}

/// Pages of an interface that are alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MmioRange {
    /// The number of the first 4 KiB page, the reporting offset added.
    pub first_page: u64,
    /// How many.
    pub pages: u32,
    /// What they are.
    pub attributes: RangeAttributes,
    /// Which range it is, the BAR as a rule.
    pub id: u16,
}

impl MmioRange {
    /// Bytes of a range.
    const SIZE: usize = 16;

    /// Whether the pages of `other` are among these.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let (own, others) = (self.end(), other.end());
        self.first_page <= other.first_page && own.zip(others).is_some_and(|(own, other)| other <= own)
    }

    /// The page after the last.
    fn end(&self) -> Option<u64> {
        self.first_page.checked_add(self.pages.into())
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let (first_page, pages) = (reader.u64()?, reader.u32()?);
        let (attributes, id) = (RangeAttributes::from_bits_retain(reader.u16()?), reader.u16()?);
        Ok(Self { first_page, pages, attributes, id })
    }

    pub(crate) fn encode(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        writer.u64(self.first_page)?;
        writer.u32(self.pages)?;
        writer.u16(self.attributes.bits())?;
        writer.u16(self.id)
    }
}

/// The number of the 4 KiB page at an address, with a lock's reporting offset added. That both are bytes and the field in
/// the report is a page number, public code does not say: spdm-emu's sample ignores the offset, spdm-rs's adds it as it is.
#[must_use]
pub const fn page_with_offset(address: u64, offset: u64) -> u64 {
    address.wrapping_add(offset) >> 12
}

/// What stands before the ranges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportHead {
    /// What the interface does and allows.
    pub info: InterfaceInfo,
    /// MSI-X message control, as in its capability.
    pub msix_control: u16,
    /// LN requester control.
    pub lnr_control: u16,
    /// TPH requester control.
    pub tph_control: u32,
}

/// A whole report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report<'a> {
    head: ReportHead,
    /// As many whole ranges as there are.
    ranges: &'a [u8],
    device_info: &'a [u8],
}

impl<'a> Report<'a> {
    /// Checks it: its lengths, and that no range goes past the last page there can be.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let info = InterfaceInfo::from_bits_retain(reader.u16()?);
        reader.take(2)?;
        let (msix_control, lnr_control, tph_control) = (reader.u16()?, reader.u16()?, reader.u32()?);
        let head = ReportHead { info, msix_control, lnr_control, tph_control };
        let count = usize::try_from(reader.u32()?).map_err(|_| Malformed::Short)?;
        let ranges = reader.take(count.checked_mul(MmioRange::SIZE).ok_or(Malformed::Short)?)?;
        let length = usize::try_from(reader.u32()?).map_err(|_| Malformed::Short)?;
        let report = Self { head, ranges, device_info: reader.take(length)? };
        reader.end()?;
        if report.ranges().any(|range| range.end().is_none()) {
            return Err(Malformed::Field("range"));
        }
        Ok(report)
    }

    /// What stands before the ranges.
    #[must_use]
    pub const fn head(&self) -> ReportHead {
        self.head
    }

    /// The ranges, in their order.
    pub fn ranges(&self) -> impl Iterator<Item = MmioRange> + use<'a> {
        self.ranges
            .chunks_exact(MmioRange::SIZE)
            .filter_map(|range| MmioRange::decode(&mut Reader::new(range)).ok())
    }

    /// What the device's vendor adds.
    #[must_use]
    pub const fn device_info(&self) -> &'a [u8] {
        self.device_info
    }
}

/// A report that is being written: head, ranges, what the vendor adds.
#[derive(Debug)]
pub struct ReportBuilder<'a> {
    writer: Writer<'a>,
    ranges: u32,
}

impl<'a> ReportBuilder<'a> {
    /// Where the number of ranges stands.
    const COUNT_AT: core::ops::Range<usize> = 12..16;

    /// Begins it.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn new(buffer: &'a mut [u8], head: &ReportHead) -> Result<Self, NoRoom> {
        let mut writer = Writer::new(buffer);
        writer.u16(head.info.bits())?;
        writer.u16(0)?;
        writer.u16(head.msix_control)?;
        writer.u16(head.lnr_control)?;
        writer.u32(head.tph_control)?;
        writer.u32(0)?;
        Ok(Self { writer, ranges: 0 })
    }

    /// Adds a range.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn range(mut self, range: &MmioRange) -> Result<Self, NoRoom> {
        range.encode(&mut self.writer)?;
        self.ranges = self.ranges.checked_add(1).ok_or(NoRoom)?;
        Ok(self)
    }

    /// Ends it; returns its bytes. A report of more than 65,535 cannot be asked for in portions.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn finish(mut self, device_info: &[u8]) -> Result<&'a [u8], NoRoom> {
        self.writer.u32(u32::try_from(device_info.len()).map_err(|_| NoRoom)?)?;
        self.writer.bytes(device_info)?;
        u16::try_from(self.writer.length()).map_err(|_| NoRoom)?;
        let bytes = self.writer.into_written();
        let count = bytes.get_mut(Self::COUNT_AT).ok_or(NoRoom)?;
        count.copy_from_slice(&self.ranges.to_le_bytes());
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    const RANGE: MmioRange = MmioRange {
        first_page: 0x0807_0605_0403_0201,
        pages: 0x0c0b_0a09,
        attributes: RangeAttributes::from_bits_retain(0x0e0d),
        id: 0x100f,
    };

    #[test]
    fn a_report_has_its_layout() {
        let mut buffer = [0xff; 64];
        let info = InterfaceInfo::NO_UPDATE_AFTER_LOCK | InterfaceInfo::PRS;
        let head = ReportHead { info, msix_control: 0x2322, lnr_control: 0x2524, tph_control: 0x2928_2726 };
        let builder = ReportBuilder::new(&mut buffer, &head).unwrap();
        let bytes = builder.range(&RANGE).unwrap().finish(b"x").unwrap();
        let expected = [
            0x11, 0, 0, 0, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 1, 0, 0, 0, // head
            1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, // range
            1, 0, 0, 0, b'x',
        ];
        assert_eq!(bytes, expected);
        let report = Report::parse(bytes).unwrap();
        assert_eq!((report.head(), report.device_info()), (head, &b"x"[..]));
        assert_eq!(report.ranges().collect::<Vec<_>>(), [RANGE]);
    }

    #[test]
    fn counts_of_a_report_are_checked() {
        let mut buffer = [0; 64];
        let length = {
            let builder = ReportBuilder::new(&mut buffer, &ReportHead::default()).unwrap();
            builder.range(&RANGE).unwrap().finish(b"x").unwrap().len()
        };
        for short in 0..length {
            assert_eq!(Report::parse(&buffer[..short]), Err(Malformed::Short), "{short}");
        }
        assert_eq!(Report::parse(&buffer[..length + 1]), Err(Malformed::Trailing(1)));
        buffer[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(Report::parse(&buffer[..length]), Err(Malformed::Short));
    }

    #[test]
    fn a_range_ends_where_there_are_pages() {
        let mut buffer = [0; 64];
        let range = MmioRange { first_page: u64::MAX, pages: 1, ..MmioRange::default() };
        let builder = ReportBuilder::new(&mut buffer, &ReportHead::default()).unwrap();
        let bytes = builder.range(&range).unwrap().finish(&[]).unwrap();
        assert_eq!(Report::parse(bytes), Err(Malformed::Field("range")));
    }

    #[test]
    fn a_range_covers_what_is_inside_it() {
        let of = |first_page, pages| MmioRange { first_page, pages, ..MmioRange::default() };
        let range = of(8, 4);
        assert!(range.covers(&range));
        assert!(range.covers(&of(9, 2)));
        assert!(!range.covers(&of(7, 2)));
        assert!(!range.covers(&of(11, 2)));
        assert!(!range.covers(&of(u64::MAX, 1)));
    }

    #[test]
    fn the_reporting_offset_moves_pages() {
        assert_eq!(page_with_offset(0x8000_0000, 0xd000_0000), 0x15_0000);
        assert_eq!(page_with_offset(0xf000_0000, 0x1000_u64.wrapping_neg()), 0xe_ffff);
    }

    #[test]
    fn no_report_is_longer_than_can_be_asked_for() {
        let mut buffer = std::vec![0; 0x1_0010];
        for (info, expected) in [(0xffff - 20, Ok(0xffff)), (0xffff - 19, Err(NoRoom))] {
            let builder = ReportBuilder::new(&mut buffer, &ReportHead::default()).unwrap();
            assert_eq!(builder.finish(&std::vec![7; info]).map(<[u8]>::len), expected);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_report_or_not(bytes in proptest::collection::vec(any::<u8>(), 0..128)) {
            if let Ok(report) = Report::parse(&bytes) {
                let ranges = report.ranges().count().saturating_mul(16);
                let lengths = [20, ranges, report.device_info().len()];
                prop_assert_eq!(lengths.iter().sum::<usize>(), bytes.len());
            }
        }
    }
}
