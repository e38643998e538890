//! A region in this process' memory.

use std::ffi::c_void;
use std::ptr;

use lanewarden_pci::AccessError;
use rustix::io::{self, Errno};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
use rustix::pipe::{PipeFlags, pipe_with};

use super::{Device, Region};
use crate::errno;

/// A mapped region. It outlives the device's descriptor as the kernel sees it: the device stays open until it is unmapped.
///
/// While low power is engaged every load and store faults (SIGBUS), wakes nothing and tells nobody.
#[derive(Debug)]
pub struct Mapping {
    start: *mut c_void,
    length: usize,
}

// SAFETY: the mapping is the process', not a thread's, and nothing here is changed after it was made.
unsafe impl Send for Mapping {}

impl Device {
    /// Maps a whole region.
    pub fn map(&self, region: &Region) -> Result<Mapping, AccessError> {
        let length = usize::try_from(region.size).map_err(|_| errno::access(Errno::INVAL))?;
        let rights = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: the kernel chooses where, so that nothing that is there is replaced.
        let start = unsafe { mmap(ptr::null_mut(), length, rights, MapFlags::SHARED, self, region.offset) };
        Ok(Mapping { start: start.map_err(errno::access)?, length })
    }
}

impl Mapping {
    /// Whether a load there would be answered. One that would fault is found out without the fault's signal: it is the
    /// kernel that loads.
    pub fn answers(&self, offset: usize) -> Result<bool, Errno> {
        if offset.checked_add(4).is_none_or(|end| end > self.length) {
            return Ok(false);
        }
        let (_out, input) = pipe_with(PipeFlags::CLOEXEC)?;
        // SAFETY: the four bytes lie in the mapping, which lasts longer than this. Only the kernel reads them, into a pipe
        // with room, and answers EFAULT where that faults.
        let bytes = unsafe { std::slice::from_raw_parts(self.start.cast::<u8>().add(offset), 4) };
        match io::retry_on_intr(|| io::write(&input, bytes)) {
            Ok(_) => Ok(true),
            Err(Errno::FAULT) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: it was mapped with this length, and nobody has an address in it any more.
        let _ = unsafe { munmap(self.start, self.length) };
    }
}
