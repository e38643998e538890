//! Hardware that is not there.

use super::{Attributes, Features, Hardware, Streams};
use crate::{
    ErrorCode, InterfaceId, Lock, LockFlags, MmioRange, NoRoom, RangeAttributes, ReportBuilder, ReportHead,
    Violation, page_with_offset,
};

/// Ranges that an emulated interface has room for.
const RANGES: usize = 8;
/// Bytes of a vendor's that its report has room for.
const DEVICE_INFO: usize = 64;
/// Streams that it has room for.
const STREAMS: usize = 4;
/// Bytes of the longest report.
const REPORT: usize = 20 + 16 * RANGES + DEVICE_INFO;

/// An interface of an emulated device, with fixed room: 8 ranges, 64 bytes of a vendor's, 4 streams to other devices.
#[derive(Clone, Debug)]
pub struct EmulatedInterface {
    id: InterfaceId,
    head: ReportHead,
    /// As they are when unlocked. Their pages are those of the host's addresses.
    configured: [Option<MmioRange>; RANGES],
    /// With the attributes that were set.
    ranges: [Option<MmioRange>; RANGES],
    device_info: [u8; DEVICE_INFO],
    info_length: usize,
    offset: u64,
    report: [u8; REPORT],
    report_length: usize,
    streams: [Option<u8>; STREAMS],
    runs: bool,
    broken: Option<Violation>,
}

impl EmulatedInterface {
    /// One with these pages, as the host numbers them, and this in its report.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn new(
        id: InterfaceId,
        head: ReportHead,
        ranges: &[MmioRange],
        device_info: &[u8],
    ) -> Result<Self, NoRoom> {
        let mut room = [None; RANGES];
        let used = room.get_mut(..ranges.len()).ok_or(NoRoom)?;
        used.iter_mut().zip(ranges).for_each(|(slot, range)| *slot = Some(*range));
        let mut info = [0; DEVICE_INFO];
        info.get_mut(..device_info.len()).ok_or(NoRoom)?.copy_from_slice(device_info);
        Ok(Self {
            id,
            head,
            configured: room,
            ranges: room,
            device_info: info,
            info_length: device_info.len(),
            offset: 0,
            report: [0; REPORT],
            report_length: 0,
            streams: [None; STREAMS],
            runs: false,
            broken: None,
        })
    }

    /// Whether it works for a trusted domain.
    #[must_use]
    pub const fn runs(&self) -> bool {
        self.runs
    }

    /// What broke it, until it is stopped.
    #[must_use]
    pub const fn broken(&self) -> Option<Violation> {
        self.broken
    }

    /// The streams to other devices that it uses.
    pub fn streams(&self) -> impl Iterator<Item = u8> + '_ {
        self.streams.iter().flatten().copied()
    }

    /// A range as it is reported: its pages moved by the lock's offset.
    fn reported(range: &MmioRange, offset: u64) -> MmioRange {
        let address = range.first_page.wrapping_shl(12);
        MmioRange { first_page: page_with_offset(address, offset), ..*range }
    }

    fn make_report(&mut self) -> Result<(), NoRoom> {
        let builder = ReportBuilder::new(&mut self.report, &self.head)?;
        let mut ranges = self.ranges.iter().flatten();
        let offset = self.offset;
        let builder =
            ranges.try_fold(builder, |builder, range| builder.range(&Self::reported(range, offset)))?;
        let info = self.device_info.get(..self.info_length).unwrap_or_default();
        self.report_length = builder.finish(info)?.len();
        Ok(())
    }

    fn set(&mut self, asked: &MmioRange) -> Result<(), ErrorCode> {
        let offset = self.offset;
        let is_asked = |range: &&mut MmioRange| {
            let reported = Self::reported(range, offset);
            (reported.id, reported.first_page, reported.pages) == (asked.id, asked.first_page, asked.pages)
        };
        let range = self.ranges.iter_mut().flatten().find(is_asked).ok_or(ErrorCode::INVALID_REQUEST)?;
        let is_outside = asked.attributes.contains(RangeAttributes::NON_TEE);
        range.attributes.set(RangeAttributes::NON_TEE, is_outside);
        self.make_report().map_err(|NoRoom| ErrorCode::UNSPECIFIED)
    }
}

/// An emulated device. It has streams to other devices and pages whose attribute can be set, a range at a time, and no
/// messages of a vendor's.
#[derive(Clone, Debug)]
pub struct Emulated<const N: usize> {
    interfaces: [EmulatedInterface; N],
    lockable: bool,
    default_stream: Option<u8>,
}

impl<const N: usize> Emulated<N> {
    /// What it can fix.
    const LOCK_FLAGS: LockFlags = LockFlags::NO_FIRMWARE_UPDATE
        .union(LockFlags::SYSTEM_CACHE_LINE_SIZE)
        .union(LockFlags::LOCK_MSIX)
        .union(LockFlags::BIND_P2P);
    const ADDRESS_WIDTH: u8 = 48;

    /// Of these interfaces.
    #[must_use]
    pub const fn new(interfaces: [EmulatedInterface; N]) -> Self {
        Self { interfaces, lockable: true, default_stream: None }
    }

    /// Which there are, for [`super::Responder::new`].
    #[must_use]
    pub fn ids(&self) -> [InterfaceId; N] {
        core::array::from_fn(|place| {
            let interface = self.interfaces.get(place);
            interface.map_or(InterfaceId::from_bits(u32::MAX), |interface| interface.id)
        })
    }

    /// Whether its configuration is one that can be locked; it is at first.
    pub fn set_lockable(&mut self, lockable: bool) {
        self.lockable = lockable;
    }

    /// The only stream that a lock may name, or any.
    pub fn set_default_stream(&mut self, stream: Option<u8>) {
        self.default_stream = stream;
    }

    /// One of its interfaces.
    #[must_use]
    pub fn interface(&self, id: InterfaceId) -> Option<&EmulatedInterface> {
        self.interfaces.iter().find(|interface| interface.id == id)
    }

    fn interface_mut(&mut self, id: InterfaceId) -> Result<&mut EmulatedInterface, ErrorCode> {
        let found = self.interfaces.iter_mut().find(|interface| interface.id == id);
        found.ok_or(ErrorCode::INVALID_INTERFACE)
    }
}

impl<const N: usize> Hardware for Emulated<N> {
    fn features(&self, _: InterfaceId) -> Features {
        Features { dsm: 0, lock_flags: Self::LOCK_FLAGS, address_width: Self::ADDRESS_WIDTH }
    }

    fn lock(&mut self, id: InterfaceId, lock: &Lock) -> Result<(), ErrorCode> {
        let is_stream = self.default_stream.is_none_or(|stream| stream == lock.default_stream);
        if !self.lockable || !is_stream {
            return Err(ErrorCode::INVALID_DEVICE_CONFIGURATION);
        }
        let interface = self.interface_mut(id)?;
        (interface.offset, interface.ranges) = (lock.mmio_reporting_offset, interface.configured);
        interface.make_report().map_err(|NoRoom| ErrorCode::INVALID_DEVICE_CONFIGURATION)
    }

    fn report(&self, id: InterfaceId) -> &[u8] {
        let report = self.interface(id).and_then(|found| found.report.get(..found.report_length));
        report.unwrap_or_default()
    }

    fn start(&mut self, id: InterfaceId) -> Result<(), ErrorCode> {
        self.interface_mut(id)?.runs = true;
        Ok(())
    }

    fn stop(&mut self, id: InterfaceId) -> Result<(), ErrorCode> {
        let interface = self.interface_mut(id)?;
        (interface.runs, interface.broken, interface.report_length) = (false, None, 0);
        interface.streams = [None; STREAMS];
        Ok(())
    }

    fn broken(&mut self, id: InterfaceId, why: Violation) {
        if let Ok(interface) = self.interface_mut(id) {
            (interface.runs, interface.broken) = (false, Some(why));
            interface.streams = [None; STREAMS];
        }
    }

    fn streams(&mut self) -> Option<&mut dyn Streams> {
        Some(self)
    }

    fn attributes(&mut self) -> Option<&mut dyn Attributes> {
        Some(self)
    }
}

impl<const N: usize> Streams for Emulated<N> {
    fn bind(&mut self, id: InterfaceId, stream: u8) -> Result<(), ErrorCode> {
        let mut slots = self.interface_mut(id)?.streams.iter_mut();
        let slot = slots.find(|slot| slot.is_none()).ok_or(ErrorCode::INVALID_REQUEST)?;
        *slot = Some(stream);
        Ok(())
    }

    fn unbind(&mut self, id: InterfaceId, stream: u8) -> Result<(), ErrorCode> {
        let mut slots = self.interface_mut(id)?.streams.iter_mut();
        let slot = slots.find(|slot| **slot == Some(stream)).ok_or(ErrorCode::INVALID_REQUEST)?;
        *slot = None;
        Ok(())
    }
}

impl<const N: usize> Attributes for Emulated<N> {
    fn set(&mut self, id: InterfaceId, range: &MmioRange) -> Result<(), ErrorCode> {
        self.interface_mut(id)?.set(range)
    }
}
