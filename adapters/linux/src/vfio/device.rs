//! A device, opened by its group and a container.

use std::ffi::CString;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use lanewarden_pci::{AccessError, Address};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::{Errno, pread, pwrite, retry_on_intr};
use vfio_bindings::bindings::vfio::{
    VFIO_API_VERSION, VFIO_GROUP_FLAGS_VIABLE, VFIO_REGION_INFO_FLAG_MMAP, VFIO_REGION_INFO_FLAG_READ,
    VFIO_REGION_INFO_FLAG_WRITE, VFIO_TYPE1_IOMMU, VFIO_TYPE1v2_IOMMU,
};

use super::host::Host;
use super::{Feature, LowPower, OpenError, Operation, call};
use crate::errno;

/// A part of the device's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Where it begins in the file.
    pub(super) offset: u64,
    /// How many bytes it has; 0 where the device has it not.
    pub size: u64,
    /// It can be read.
    pub readable: bool,
    /// It can be written.
    pub writable: bool,
    /// It can be mapped; what is mapped faults in low power.
    pub mappable: bool,
}

/// A device that this process has for itself. Dropping it closes it, which ends low power.
#[derive(Debug)]
pub struct Device {
    address: Address,
    device: OwnedFd,
    pub(super) has_low_power: bool,
    /// Held as long as the device is: without them it has no IOMMU.
    _group: OwnedFd,
    _container: OwnedFd,
}

impl Device {
    /// Opens it. Everything that can be known beforehand is looked at first, so that the error says what is wrong.
    pub(super) fn open(host: &Host, address: Address) -> Result<Self, OpenError> {
        let group = host.ready(address)?;
        let container = container(&host.path("dev/vfio/vfio"))?;
        let descriptor = open_group(&host.path(&format!("dev/vfio/{group}")), group)?;
        let flags = call::group_flags(&descriptor).map_err(OpenError::system("ask for the group's state"))?;
        if flags & VFIO_GROUP_FLAGS_VIABLE == 0 {
            return Err(OpenError::NotViable { group, others: host.others(group, address) });
        }
        let kind = iommu(&container)?;
        call::set_container(&descriptor, &container)
            .map_err(OpenError::system("put the group into a container"))?;
        call::set_iommu(&container, kind).map_err(OpenError::system("set up the IOMMU"))?;
        let name = CString::new(address.to_string()).unwrap_or_default();
        let device = call::device(&descriptor, &name).map_err(OpenError::system("get the device"))?;
        let opened =
            Self { address, device, has_low_power: false, _group: descriptor, _container: container };
        let has_low_power = opened.probe(Feature::LowPowerEntry, Operation::Set).unwrap_or(false);
        Ok(Self { has_low_power, ..opened })
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> Address {
        self.address
    }

    /// How many regions it has.
    pub fn region_count(&self) -> Result<u32, AccessError> {
        call::info(self).map(|info| info.num_regions).map_err(errno::access)
    }

    /// How many kinds of interrupts it has: INTx, MSI, MSI-X, errors, and the request to let go. A wake-up is none of them.
    pub fn interrupt_count(&self) -> Result<u32, AccessError> {
        call::info(self).map(|info| info.num_irqs).map_err(errno::access)
    }

    /// One of its regions, by index: 0-5 the BARs, 6 the expansion ROM, 7 configuration space.
    pub fn region(&self, index: u32) -> Result<Region, AccessError> {
        let info = call::region(self, index).map_err(errno::access)?;
        let can = |flag| info.flags & flag != 0;
        Ok(Region {
            offset: info.offset,
            size: info.size,
            readable: can(VFIO_REGION_INFO_FLAG_READ),
            writable: can(VFIO_REGION_INFO_FLAG_WRITE),
            mappable: can(VFIO_REGION_INFO_FLAG_MMAP),
        })
    }

    /// Reads 32 bits of a region.
    pub fn read(&self, region: &Region, offset: u64) -> Result<u32, AccessError> {
        let mut bytes = [0; 4];
        let at = region.place(offset)?;
        let read = retry_on_intr(|| pread(self, &mut bytes, at)).map_err(errno::access)?;
        if read == bytes.len() { Ok(u32::from_le_bytes(bytes)) } else { Err(AccessError::Gone) }
    }

    /// Writes 32 bits of a region.
    pub fn write(&self, region: &Region, offset: u64, value: u32) -> Result<(), AccessError> {
        let at = region.place(offset)?;
        let written = retry_on_intr(|| pwrite(self, &value.to_le_bytes(), at)).map_err(errno::access)?;
        if written == 4 { Ok(()) } else { Err(AccessError::Gone) }
    }

    /// Resets it, where it can be reset.
    pub fn reset(&self) -> Result<(), AccessError> {
        call::reset(self).map_err(errno::access)
    }
}

impl AsFd for Device {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.device.as_fd()
    }
}

impl Region {
    fn place(&self, offset: u64) -> Result<u64, AccessError> {
        let fits = offset.checked_add(4).is_some_and(|end| end <= self.size);
        let outside = AccessError::OutOfRange(u16::try_from(offset).unwrap_or(u16::MAX));
        if !fits {
            return Err(outside);
        }
        self.offset.checked_add(offset).ok_or(outside)
    }
}

fn container(path: &Path) -> Result<OwnedFd, OpenError> {
    let container = descriptor(path)?;
    match call::api_version(&container) {
        Ok(version) if u32::try_from(version) == Ok(VFIO_API_VERSION) => Ok(container),
        Ok(_) | Err(Errno::NOTTY) => Err(OpenError::Unsupported("version 0 of its interface")),
        Err(error) => Err(OpenError::system("ask for the interface's version")(error)),
    }
}

fn open_group(path: &Path, group: u32) -> Result<OwnedFd, OpenError> {
    match descriptor(path) {
        Err(OpenError::System { number, .. }) if number == Errno::BUSY.raw_os_error() => {
            Err(OpenError::Busy(group))
        }
        other => other,
    }
}

fn descriptor(path: &Path) -> Result<OwnedFd, OpenError> {
    open(path, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()).map_err(|error| match error {
        Errno::NOENT | Errno::NODEV | Errno::NXIO => OpenError::NoVfio(path.to_owned()),
        Errno::ACCESS | Errno::PERM => OpenError::Denied(path.to_owned()),
        error => OpenError::system("open the group or the container")(error),
    })
}

/// Whether another process has a group open. One that cannot be asked is not known to be.
pub(super) fn is_open(path: &Path) -> bool {
    let opened = File::options().read(true).write(true).open(path);
    opened.is_err_and(|error| Errno::from_io_error(&error) == Some(Errno::BUSY))
}

/// The better of the kinds there are.
fn iommu(container: &OwnedFd) -> Result<u32, OpenError> {
    let has = |kind| call::has_extension(container, kind).map_err(OpenError::system("ask for the IOMMU"));
    for kind in [VFIO_TYPE1v2_IOMMU, VFIO_TYPE1_IOMMU] {
        if has(kind)? {
            return Ok(kind);
        }
    }
    Err(OpenError::Unsupported("type 1 IOMMU"))
}
