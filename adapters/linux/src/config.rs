//! One function's configuration space through its sysfs file.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;

use lanewarden_pci::{AccessError, Address, ConfigSpace};
use rustix::io::{Errno, pread, pwrite, retry_on_intr};

use crate::guard::{Guard, Place};
use crate::sysfs::Shared;
use crate::{RawWrite, errno};

/// The part of configuration space that every user may read: the predefined header.
const HEADER_SIZE: u16 = 64;
const LARGEST: u16 = 4096;

/// One function's configuration space, open for reading; it is opened for writing when the first write comes.
///
/// A write to a mailbox's registers is refused with [`AccessError::Claimed`] while the kernel uses the function's
/// mailboxes, unless sharing was allowed. The kernel is asked before the first DW of a request, again before GO, and
/// before any other write that is not part of an exchange begun on this handle. A write elsewhere goes through and leaves
/// an audit line. Under kernel lockdown every write is refused with [`AccessError::Lockdown`] before it is tried.
///
/// Between the question and the write the kernel may still step in: no lock of ours excludes it.
#[derive(Debug)]
pub struct Config {
    address: Address,
    path: PathBuf,
    file: File,
    size: u16,
    writer: Option<Writer>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Writer {
    file: File,
    guard: Guard,
}

impl Config {
    pub(crate) fn open(shared: Arc<Shared>, address: Address) -> Result<Self, AccessError> {
        let path = shared.kernel.function(address).join("config");
        let file = File::open(&path).map_err(|error| errno::of_io(&error))?;
        let size = readable(&file)?;
        Ok(Self { address, path, file, size, writer: None, shared })
    }

    fn check(&self, offset: u16) -> Result<(), AccessError> {
        let fits = offset.checked_add(4).is_some_and(|end| end <= self.size);
        if fits && offset.is_multiple_of(4) { Ok(()) } else { Err(AccessError::OutOfRange(offset)) }
    }

    /// Opens the file for writing, unless it is another function's by now.
    fn writer(&mut self) -> Result<Writer, AccessError> {
        if let Some(writer) = self.writer.take() {
            return Ok(writer);
        }
        if self.shared.kernel.is_locked_down() {
            return Err(AccessError::Lockdown);
        }
        let file =
            File::options().read(true).write(true).open(&self.path).map_err(|error| errno::of_io(&error))?;
        if inode(&file)? != inode(&self.file)? {
            return Err(AccessError::Gone);
        }
        let guard = Guard::read(self)?;
        Ok(Writer { file, guard })
    }

    fn refuse_claimed(&self) -> Result<(), AccessError> {
        let claimed = !self.shared.allowed && self.shared.claim(self.address).is_some();
        if claimed { Err(AccessError::Claimed) } else { Ok(()) }
    }

    fn write_with(&self, writer: &mut Writer, offset: u16, value: u32) -> Result<(), AccessError> {
        let place = writer.guard.place(offset);
        if place == Place::Check {
            self.refuse_claimed()?;
        }
        let result = self.store(&writer.file, offset, value);
        if place == Place::Outside {
            (self.shared.audit)(&RawWrite { address: self.address, offset, value, result });
        }
        result.map(|()| writer.guard.written(offset, value))
    }

    fn store(&self, file: &File, offset: u16, value: u32) -> Result<(), AccessError> {
        match retry_on_intr(|| pwrite(file, &value.to_le_bytes(), offset.into())) {
            Ok(4) => Ok(()),
            Ok(_) => Err(AccessError::Gone),
            // Lockdown may have begun since it was looked at.
            Err(Errno::PERM) if self.shared.kernel.is_locked_down() => Err(AccessError::Lockdown),
            Err(error) => Err(errno::access(error)),
        }
    }
}

impl ConfigSpace for Config {
    fn read(&mut self, offset: u16) -> Result<u32, AccessError> {
        self.check(offset)?;
        load(&self.file, offset)?.ok_or(AccessError::Gone)
    }

    fn write(&mut self, offset: u16, value: u32) -> Result<(), AccessError> {
        self.check(offset)?;
        let mut writer = self.writer()?;
        let result = self.write_with(&mut writer, offset, value);
        self.writer = Some(writer);
        result
    }

    fn size(&self) -> u16 {
        self.size
    }
}

/// The register at `offset`; `None` where the file gives fewer than four bytes.
fn load(file: &File, offset: u16) -> Result<Option<u32>, AccessError> {
    let mut bytes = [0; 4];
    let read = retry_on_intr(|| pread(file, &mut bytes, offset.into())).map_err(errno::access)?;
    Ok((read == bytes.len()).then(|| u32::from_le_bytes(bytes)))
}

fn readable(file: &File) -> Result<u16, AccessError> {
    let length = file.metadata().map_err(|error| errno::of_io(&error))?.len();
    reachable(length, || load(file, HEADER_SIZE).map(|register| register.is_some()))
}

/// How many bytes this process can read. The file's length says how many there are (256 or 4096); to an ordinary user it
/// ends behind the header all the same.
fn reachable(
    length: u64,
    beyond_header: impl FnOnce() -> Result<bool, AccessError>,
) -> Result<u16, AccessError> {
    let length = u16::try_from(length).unwrap_or(LARGEST).min(LARGEST) & !3;
    if length > HEADER_SIZE && !beyond_header()? {
        return Ok(HEADER_SIZE);
    }
    Ok(length)
}

fn inode(file: &File) -> Result<u64, AccessError> {
    file.metadata().map(|metadata| metadata.ino()).map_err(|error| errno::of_io(&error))
}

#[cfg(test)]
mod tests;
