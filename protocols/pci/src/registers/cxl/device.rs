//! DVSEC for CXL devices (CXL 3.x, 8.1.3).

use bitflags::bitflags;

use super::DeviceType;
use crate::registers::dvsec::{Dvsec, HEADER_2};
use crate::registers::field::{bit, bits8, high_half, low_half, wide};
use crate::{AccessError, ConfigSpace};

/// Offset of the DVSEC CXL Control (15:0) and Status (31:16) registers.
const CONTROL: u16 = 0x0c;
/// Offset of Control 2 (15:0) and Status 2 (31:16).
const CONTROL_2: u16 = 0x10;
/// Offset of Lock (15:0) and Capability 2 (31:16).
const LOCK: u16 = 0x14;
/// Offset of the first range: size high, size low, base high, base low.
const RANGES: u16 = 0x18;
/// From one range to the next.
const RANGE_SIZE: u16 = 0x10;
/// Offset of Capability 3, from revision 2 on.
const CAPABILITY_3: u16 = 0x38;
/// Length of revision 2.
const END: u16 = 0x3c;

bitflags! {
    /// The single bits of DVSEC CXL Capability (8.1.3.1).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct DeviceCapability: u16 {
        /// CXL.cache.
        const CACHE = 1;
        /// CXL.io.
        const IO = 1 << 1;
        /// CXL.mem.
        const MEM = 1 << 2;
        /// Memory is initialised by the device's own hardware or firmware.
        const MEM_HARDWARE_INIT = 1 << 3;
        /// Cache can be written back and invalidated on request.
        const CACHE_WRITEBACK = 1 << 6;
        /// Can be reset alone (CXL Reset).
        const RESET = 1 << 7;
        /// CXL Reset can clear memory.
        const RESET_MEM_CLEAR = 1 << 11;
        /// One of several logical devices.
        const MULTIPLE_LOGICAL_DEVICES = 1 << 13;
        /// Handles viral errors.
        const VIRAL = 1 << 14;
        /// Reports when its power management is initialised.
        const PM_INIT_REPORTING = 1 << 15;
    }
}

bitflags! {
    /// The single bits of DVSEC CXL Control (8.1.3.2).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct DeviceControl: u16 {
        /// CXL.cache enabled.
        const CACHE = 1;
        /// CXL.io enabled (always set).
        const IO = 1 << 1;
        /// CXL.mem enabled.
        const MEM = 1 << 2;
        /// May leave out evictions of clean lines.
        const CACHE_CLEAN_EVICTION = 1 << 11;
        /// Viral handling enabled.
        const VIRAL = 1 << 14;
    }
}

/// What a range of memory is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// Lost without power.
    Volatile,
    /// Kept without power.
    NonVolatile,
    /// The device's CDAT says.
    Cdat,
    /// An encoding that is not defined.
    Undefined(u8),
}

/// What a range of memory is meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryClass {
    /// Ordinary memory.
    Memory,
    /// Storage.
    Storage,
    /// The device's CDAT says.
    Cdat,
    /// An encoding that is not defined.
    Undefined(u8),
}

/// One of the up to two ranges of memory a device states in its DVSEC (8.1.3.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryRange {
    /// Address the range is decoded at, where the device decodes by ranges. In bytes, a multiple of 256 MiB.
    pub base: u64,
    /// Size in bytes, a multiple of 256 MiB.
    pub size: u64,
    /// Size, media and class are valid.
    pub valid: bool,
    /// The memory can be used.
    pub active: bool,
    /// What it is made of.
    pub media: MediaType,
    /// What it is meant for.
    pub class: MemoryClass,
    /// The interleave granularity it prefers, in bytes; 0 for none.
    pub desired_interleave: u32,
    /// How long after a reset it may take to become active, in seconds.
    pub active_timeout_s: u32,
}

impl MemoryRange {
    fn read<C: ConfigSpace>(config: &mut C, dvsec: &Dvsec, at: u16) -> Result<Self, AccessError> {
        let size_high = dvsec.register(config, at)?;
        let size_low = dvsec.register(config, at.saturating_add(4))?;
        let base_high = dvsec.register(config, at.saturating_add(8))?;
        let base_low = dvsec.register(config, at.saturating_add(12))?;
        Ok(Self {
            base: wide(base_low & ADDRESS, base_high),
            size: wide(size_low & ADDRESS, size_high),
            valid: bit(size_low, 0),
            active: bit(size_low, 1),
            media: media(bits8(size_low, 2, 3)),
            class: class(bits8(size_low, 5, 3)),
            desired_interleave: interleave(bits8(size_low, 8, 5)),
            active_timeout_s: 1_u32.wrapping_shl(u32::from(bits8(size_low, 13, 3)).saturating_mul(2)),
        })
    }
}

/// Bits 31:28 of a low register are address; the rest of it is flags, or reserved.
const ADDRESS: u32 = 0xf000_0000;

const fn media(encoding: u8) -> MediaType {
    match encoding {
        0 => MediaType::Volatile,
        1 => MediaType::NonVolatile,
        2 => MediaType::Cdat,
        other => MediaType::Undefined(other),
    }
}

const fn class(encoding: u8) -> MemoryClass {
    match encoding {
        0 => MemoryClass::Memory,
        1 => MemoryClass::Storage,
        2 => MemoryClass::Cdat,
        other => MemoryClass::Undefined(other),
    }
}

const fn interleave(encoding: u8) -> u32 {
    match encoding {
        1 => 256,
        2 => 4096,
        3 => 512,
        4 => 1024,
        5 => 2048,
        6 => 8192,
        7 => 16384,
        _ => 0,
    }
}

bitflags! {
    /// After which resets volatile memory comes back in its default state: DVSEC CXL Capability 3.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ResetDefaults: u8 {
        /// After a cold reset.
        const COLD = 1;
        /// After a warm reset.
        const WARM = 1 << 1;
        /// After a hot reset.
        const HOT = 1 << 2;
        /// Whether it does after a hot reset can be set.
        const HOT_CONFIGURABLE = 1 << 3;
    }
}

impl ResetDefaults {
    /// Reads the register: one. `None`, and no access, where revision or stated length do not have it.
    pub fn read<C: ConfigSpace>(config: &mut C, dvsec: &Dvsec) -> Result<Option<Self>, AccessError> {
        if dvsec.revision < 2 || dvsec.length < END {
            return Ok(None);
        }
        let value = dvsec.register(config, CAPABILITY_3)?;
        Ok(Some(Self::from_bits_truncate(bits8(value, 0, 4))))
    }
}

/// What a device says of itself as a CXL device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device {
    /// Revision of the DVSEC: 0 CXL 1.1, 1 CXL 2.0, 2 and later CXL 3.x.
    pub revision: u8,
    /// The single bits of its Capability register.
    pub capability: DeviceCapability,
    /// How many memory ranges it states, 0-2.
    pub range_count: u8,
    /// The single bits of its Control register.
    pub control: DeviceControl,
    /// How much of the host's snoop filter the cache takes up, as set by software, 0-31.
    pub snoop_filter_coverage: u8,
    /// Granularity of that figure as encoded, 0-7.
    pub snoop_filter_granularity: u8,
    /// Viral state was entered.
    pub viral: bool,
    /// Caching is disabled.
    pub caching_disabled: bool,
    /// The cache was written back and invalidated.
    pub cache_invalid: bool,
    /// A CXL Reset has completed.
    pub reset_complete: bool,
    /// A CXL Reset has failed.
    pub reset_error: bool,
    /// Power management is initialised.
    pub pm_init_complete: bool,
    /// The configuration of this DVSEC is locked.
    pub locked: bool,
    /// Size of its cache in bytes; 0 where it does not say.
    pub cache_size: u64,
    /// The ranges, as many as there are.
    pub ranges: [Option<MemoryRange>; 2],
}

impl Device {
    /// Reads the DVSEC: four registers (one of them part of the headers), and four for each range.
    pub fn read<C: ConfigSpace>(config: &mut C, dvsec: &Dvsec) -> Result<Self, AccessError> {
        let capability = u32::from(high_half(dvsec.register(config, HEADER_2)?));
        let control = dvsec.register(config, CONTROL)?;
        let control2 = dvsec.register(config, CONTROL_2)?;
        let lock = dvsec.register(config, LOCK)?;
        let range_count = bits8(capability, 4, 2).min(2);
        Ok(Self {
            revision: dvsec.revision,
            capability: DeviceCapability::from_bits_truncate(low_half(capability)),
            range_count,
            control: DeviceControl::from_bits_truncate(low_half(control)),
            snoop_filter_coverage: bits8(control, 3, 5),
            snoop_filter_granularity: bits8(control, 8, 3),
            viral: bit(control, 30),
            caching_disabled: bit(control2, 0),
            cache_invalid: bit(control2, 16),
            reset_complete: bit(control2, 17),
            reset_error: bit(control2, 18),
            pm_init_complete: bit(control2, 31),
            locked: bit(lock, 0),
            cache_size: cache_size(bits8(lock, 16, 4), bits8(lock, 24, 8)),
            ranges: ranges(config, dvsec, range_count)?,
        })
    }

    /// Which type of device this is; `None` where it has neither cache nor memory.
    #[must_use]
    pub const fn device_type(&self) -> Option<DeviceType> {
        let cache = self.capability.contains(DeviceCapability::CACHE);
        match (cache, self.capability.contains(DeviceCapability::MEM)) {
            (true, false) => Some(DeviceType::Type1),
            (true, true) => Some(DeviceType::Type2),
            (false, true) => Some(DeviceType::Type3),
            (false, false) => None,
        }
    }

    /// How much memory the valid ranges come to, in bytes.
    #[must_use]
    pub fn memory_size(&self) -> u64 {
        let valid = self.ranges.iter().flatten().filter(|range| range.valid);
        valid.fold(0, |sum, range| sum.saturating_add(range.size))
    }
}

fn ranges<C: ConfigSpace>(
    config: &mut C,
    dvsec: &Dvsec,
    count: u8,
) -> Result<[Option<MemoryRange>; 2], AccessError> {
    let mut ranges = [None; 2];
    let places = (RANGES..).step_by(usize::from(RANGE_SIZE));
    for (range, at) in ranges.iter_mut().zip(places).take(usize::from(count)) {
        *range = Some(MemoryRange::read(config, dvsec, at)?);
    }
    Ok(ranges)
}

const fn cache_size(unit: u8, count: u8) -> u64 {
    let unit = match unit {
        1 => 64 << 10,
        2 => 1 << 20,
        _ => 0,
    };
    (count as u64).saturating_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Image;

    const DVSEC: Dvsec =
        Dvsec { offset: 0x200, vendor: super::super::VENDOR, id: 0, revision: 1, length: 0x38 };

    fn type_3() -> Image {
        Image::new(4096)
            .with(0x208, 0x001e_0000)
            .with(0x20c, 0x4000_0006)
            .with(0x210, 0x8000_0001)
            .with(0x214, 0x0002_0001)
            .with(0x218, 1)
            .with(0x21c, 0x1000_2547)
            .with(0x220, 2)
            .with(0x224, 0x3000_0000)
    }

    #[test]
    fn a_memory_device_of_four_gibibytes_and_a_quarter() {
        let device = Device::read(&mut type_3(), &DVSEC).unwrap();
        assert_eq!(device.device_type(), Some(DeviceType::Type3));
        assert!(device.control.contains(DeviceControl::MEM | DeviceControl::IO));
        assert!(device.viral && device.caching_disabled && device.pm_init_complete && device.locked);
        assert_eq!(device.memory_size(), (4 << 30) + (256 << 20));
        let range = device.ranges[0].unwrap();
        assert_eq!((range.base, range.valid, range.active), (0x2_3000_0000, true, true));
        assert_eq!((range.media, range.class), (MediaType::NonVolatile, MemoryClass::Cdat));
        assert_eq!((range.desired_interleave, range.active_timeout_s), (2048, 4));
        assert_eq!(device.ranges[1], None);
    }

    #[test]
    fn what_a_reset_does_to_memory_is_told_from_revision_2_on() {
        let mut image = type_3().with(0x238, 0xf5);
        let later = Dvsec { revision: 2, length: 0x3c, ..DVSEC };
        let told = ResetDefaults::COLD | ResetDefaults::HOT;
        assert_eq!(ResetDefaults::read(&mut image, &later), Ok(Some(told)));
        assert_eq!(ResetDefaults::read(&mut image, &DVSEC), Ok(None));
        assert_eq!(ResetDefaults::read(&mut image, &Dvsec { revision: 2, ..DVSEC }), Ok(None));
    }

    #[test]
    fn the_stated_length_bounds_the_ranges() {
        let short = Dvsec { length: 0x20, ..DVSEC };
        assert_eq!(Device::read(&mut type_3(), &short), Err(AccessError::OutOfRange(0x220)));
    }

    #[test]
    fn the_reserved_range_count_is_two_at_most() {
        let mut image = type_3().with(0x208, 0x0037_0000).with(0x22c, 0x2000_0002);
        let device = Device::read(&mut image, &DVSEC).unwrap();
        assert_eq!((device.range_count, device.device_type()), (2, Some(DeviceType::Type2)));
        assert!(device.ranges[1].is_some_and(|range| !range.valid && range.size == 512 << 20));
        assert_eq!(device.memory_size(), (4 << 30) + (256 << 20), "a range that is not valid does not count");
    }

    #[test]
    fn cache_size_has_two_units() {
        assert_eq!(cache_size(1, 16), 1 << 20);
        assert_eq!(cache_size(2, 3), 3 << 20);
        assert_eq!(cache_size(0, 3), 0);
    }
}
