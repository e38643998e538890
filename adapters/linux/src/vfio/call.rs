//! The ioctls of VFIO (`include/uapi/linux/vfio.h`): each takes a number, a structure, or a name.

use std::ffi::{CStr, c_void};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;

use lanewarden_pci::low_power::{Feature, Request};
use rustix::io::Errno;
use rustix::ioctl::{Ioctl, IoctlOutput, Opcode, ioctl, opcode};
use vfio_bindings::bindings::vfio::{
    VFIO_PCI_INTX_IRQ_INDEX, VFIO_TYPE, vfio_device_info, vfio_group_status, vfio_region_info,
};

const GET_API_VERSION: Opcode = opcode::none(VFIO_TYPE, 100);
const CHECK_EXTENSION: Opcode = opcode::none(VFIO_TYPE, 101);
const SET_IOMMU: Opcode = opcode::none(VFIO_TYPE, 102);
const GROUP_GET_STATUS: Opcode = opcode::none(VFIO_TYPE, 103);
const GROUP_SET_CONTAINER: Opcode = opcode::none(VFIO_TYPE, 104);
const GROUP_GET_DEVICE_FD: Opcode = opcode::none(VFIO_TYPE, 106);
const DEVICE_GET_INFO: Opcode = opcode::none(VFIO_TYPE, 107);
const DEVICE_GET_REGION_INFO: Opcode = opcode::none(VFIO_TYPE, 108);
const DEVICE_SET_IRQS: Opcode = opcode::none(VFIO_TYPE, 110);
const DEVICE_RESET: Opcode = opcode::none(VFIO_TYPE, 111);
const DEVICE_FEATURE: Opcode = opcode::none(VFIO_TYPE, 117);

/// A call with an argument that is a number, or a pointer to what outlives the call.
struct Call {
    opcode: Opcode,
    argument: *mut c_void,
}

// SAFETY: the opcode and the argument go together: only the functions below make a `Call`. The answer is the call's own
// number, and nothing is read through the pointer.
unsafe impl Ioctl for Call {
    type Output = IoctlOutput;

    const IS_MUTATING: bool = true;

    fn opcode(&self) -> Opcode {
        self.opcode
    }

    fn as_ptr(&mut self) -> *mut c_void {
        self.argument
    }

    unsafe fn output_from_ptr(output: IoctlOutput, _: *mut c_void) -> Result<IoctlOutput, Errno> {
        Ok(output)
    }
}

/// A call whose argument is a number, which the kernel takes for no address.
fn number(fd: BorrowedFd<'_>, opcode: Opcode, value: u32) -> Result<i32, Errno> {
    let value = usize::try_from(value).map_err(|_| Errno::INVAL)?;
    let call = Call { opcode, argument: ptr::without_provenance_mut(value) };
    // SAFETY: the calls that are made here (API version, extension, IOMMU, reset) take a number or nothing at all.
    unsafe { ioctl(fd, call) }
}

/// A call whose argument is a structure.
///
/// # Safety
///
/// The structure is the one that the call takes, any bytes the kernel may write into it are a value of it, and a size
/// in it is not above its own.
unsafe fn structure<T>(fd: BorrowedFd<'_>, opcode: Opcode, value: &mut T) -> Result<i32, Errno> {
    let call = Call { opcode, argument: ptr::from_mut(value).cast() };
    // SAFETY: the pointer is valid for the whole structure while the call lasts; the rest is the caller's promise.
    unsafe { ioctl(fd, call) }
}

fn size_of<T>() -> u32 {
    u32::try_from(std::mem::size_of::<T>()).unwrap_or_default()
}

/// The version of the interface, of a container.
pub fn api_version(container: impl AsFd) -> Result<i32, Errno> {
    number(container.as_fd(), GET_API_VERSION, 0)
}

/// Whether the container's kernel has a kind of IOMMU.
pub fn has_extension(container: impl AsFd, extension: u32) -> Result<bool, Errno> {
    Ok(number(container.as_fd(), CHECK_EXTENSION, extension)? > 0)
}

/// Chooses the kind of IOMMU of a container that has a group.
pub fn set_iommu(container: impl AsFd, kind: u32) -> Result<(), Errno> {
    number(container.as_fd(), SET_IOMMU, kind).map(drop)
}

/// The flags of a group.
pub fn group_flags(group: impl AsFd) -> Result<u32, Errno> {
    let mut status = vfio_group_status { argsz: size_of::<vfio_group_status>(), flags: 0 };
    // SAFETY: GROUP_GET_STATUS takes this structure of integers, with its size in it.
    unsafe { structure(group.as_fd(), GROUP_GET_STATUS, &mut status) }?;
    Ok(status.flags)
}

/// Puts a group into a container.
pub fn set_container(group: impl AsFd, container: impl AsFd) -> Result<(), Errno> {
    let mut descriptor = container.as_fd().as_raw_fd();
    // SAFETY: GROUP_SET_CONTAINER takes a pointer to a descriptor, an `int`.
    unsafe { structure(group.as_fd(), GROUP_SET_CONTAINER, &mut descriptor) }.map(drop)
}

/// Opens the device of this name in a group.
pub fn device(group: impl AsFd, name: &CStr) -> Result<OwnedFd, Errno> {
    let call = Call { opcode: GROUP_GET_DEVICE_FD, argument: name.as_ptr().cast_mut().cast() };
    // SAFETY: GROUP_GET_DEVICE_FD takes a string that ends with a zero byte, and only reads it.
    let descriptor = unsafe { ioctl(group, call) }?;
    // SAFETY: the call succeeded, so that this is a descriptor made for us which nobody else has.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// What a device has.
pub fn info(device: impl AsFd) -> Result<vfio_device_info, Errno> {
    let mut info = vfio_device_info { argsz: size_of::<vfio_device_info>(), ..Default::default() };
    // SAFETY: DEVICE_GET_INFO takes this structure of integers, with its size in it.
    unsafe { structure(device.as_fd(), DEVICE_GET_INFO, &mut info) }?;
    Ok(info)
}

/// Where a region lies in the device's file, and what can be done with it.
pub fn region(device: impl AsFd, index: u32) -> Result<vfio_region_info, Errno> {
    let mut info = vfio_region_info { argsz: size_of::<vfio_region_info>(), index, ..Default::default() };
    // SAFETY: DEVICE_GET_REGION_INFO takes this structure of integers, with its size in it.
    unsafe { structure(device.as_fd(), DEVICE_GET_REGION_INFO, &mut info) }?;
    Ok(info)
}

/// The structure of DEVICE_SET_IRQS with room for one descriptor.
#[repr(C)]
struct InterruptCall {
    argsz: u32,
    flags: u32,
    index: u32,
    start: u32,
    count: u32,
    descriptor: i32,
}

/// Does to the interrupt line what the flags say; `descriptor` is for those that take one.
pub fn set_line(device: impl AsFd, flags: u32, count: u32, descriptor: i32) -> Result<(), Errno> {
    let argsz = size_of::<InterruptCall>();
    let mut call =
        InterruptCall { argsz, flags, index: VFIO_PCI_INTX_IRQ_INDEX, start: 0, count, descriptor };
    if count > 1 {
        return Err(Errno::INVAL);
    }
    // SAFETY: DEVICE_SET_IRQS takes a header and `count` descriptors or bytes, one at most, for which there is room. It only
    // reads them.
    unsafe { structure(device.as_fd(), DEVICE_SET_IRQS, &mut call) }.map(drop)
}

/// Resets the device.
pub fn reset(device: impl AsFd) -> Result<(), Errno> {
    number(device.as_fd(), DEVICE_RESET, 0).map(drop)
}

/// The structure of DEVICE_FEATURE with room behind it.
#[repr(C, align(8))]
#[derive(Clone, Copy, Debug)]
pub struct FeatureCall {
    /// Bytes from here on that the caller vouches for, these included.
    pub argsz: u32,
    /// Number of the feature, and what is to be done.
    pub flags: u32,
    /// What belongs to the feature: a word and zeros, so that no feature finds an address of a buffer in it.
    data: [u32; 14],
}

impl FeatureCall {
    /// A call with the first word of its data.
    pub fn new(argsz: u32, flags: u32, word: i32) -> Self {
        let mut data = [0; 14];
        if let Some(first) = data.first_mut() {
            *first = u32::from_ne_bytes(word.to_ne_bytes());
        }
        Self { argsz, flags, data }
    }
}

/// Makes a call of DEVICE_FEATURE. One that vouches for more bytes than there are is not made (EINVAL), but for the features
/// of low power, which look at a word behind the header at the most.
pub fn feature(device: impl AsFd, mut call: FeatureCall) -> Result<(), Errno> {
    let is_short = Feature::ALL.iter().any(|feature| feature.number() == call.flags & Request::NUMBER);
    if call.argsz > size_of::<FeatureCall>() && !is_short {
        return Err(Errno::INVAL);
    }
    // SAFETY: DEVICE_FEATURE takes a header and `argsz` bytes at most, which there are, or less where a feature has less; the
    // kernel may write any of them. What a feature takes for the address of a buffer lies behind the first word and is null.
    unsafe { structure(device.as_fd(), DEVICE_FEATURE, &mut call) }.map(drop)
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn a_file_that_is_no_device_refuses_every_call() {
        let file = File::open("/dev/null").unwrap();
        assert_eq!(api_version(&file), Err(Errno::NOTTY));
        assert_eq!(group_flags(&file), Err(Errno::NOTTY));
        assert_eq!(set_container(&file, &file), Err(Errno::NOTTY));
        assert_eq!(device(&file, c"0000:00:00.0").unwrap_err(), Errno::NOTTY);
        assert_eq!(info(&file).unwrap_err(), Errno::NOTTY);
        assert_eq!(set_line(&file, 0, 1, -1), Err(Errno::NOTTY));
        assert_eq!(feature(&file, FeatureCall::new(8, 3, 0)), Err(Errno::NOTTY));
    }

    #[test]
    fn no_call_vouches_for_more_than_there_is() {
        let file = File::open("/dev/null").unwrap();
        assert_eq!(size_of::<FeatureCall>(), 64);
        assert_eq!(feature(&file, FeatureCall::new(64, 3, 0)), Err(Errno::NOTTY));
        assert_eq!(feature(&file, FeatureCall::new(65, 2, 0)), Err(Errno::INVAL));
        assert_eq!(
            feature(&file, FeatureCall::new(u32::MAX, 3, 0)),
            Err(Errno::NOTTY),
            "the kernel is asked"
        );
        assert_eq!(set_line(&file, 0, 2, -1), Err(Errno::INVAL));
    }
}
