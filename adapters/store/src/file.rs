//! Single files, read no further than a limit.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::error::StoreError;

/// Whether a symbolic link stands for what it points to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Links {
    Follow,
    Refuse,
}

/// Reads a whole file. A pipe or device is no file: it might never end, or never begin.
pub(crate) fn read(path: &Path, limit: u64, links: Links) -> Result<Vec<u8>, StoreError> {
    let (file, metadata) = open(path, links)?;
    let too_large = || StoreError::TooLarge { path: path.to_owned(), limit };
    if metadata.len() > limit {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|source| StoreError::io(path, source))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= limit) { Ok(bytes) } else { Err(too_large()) }
}

/// Reads a file that decides whom to trust: only some may be able to write it.
pub(crate) fn read_trusted(path: &Path, limit: u64) -> Result<Vec<u8>, StoreError> {
    check_trusted(path)?;
    read(path, limit, Links::Follow)
}

/// Refuses a file or folder that everyone can write.
pub(crate) fn check_trusted(path: &Path) -> Result<(), StoreError> {
    let metadata = path.metadata().map_err(|source| StoreError::io(path, source))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o002 == 0 { Ok(()) } else { Err(StoreError::Exposed { path: path.to_owned(), mode }) }
}

/// Does not wait for the other end of a pipe.
fn open(path: &Path, links: Links) -> Result<(File, Metadata), StoreError> {
    let mut flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    if links == Links::Refuse {
        flags |= OFlags::NOFOLLOW;
    }
    let file = rustix::fs::open(path, flags, Mode::empty()).map(File::from).map_err(|errno| match errno {
        Errno::LOOP if links == Links::Refuse => StoreError::Link(path.to_owned()),
        // A socket.
        Errno::NXIO => StoreError::NoFile(path.to_owned()),
        errno => StoreError::io(path, errno),
    })?;
    let metadata = file.metadata().map_err(|source| StoreError::io(path, source))?;
    if metadata.is_file() { Ok((file, metadata)) } else { Err(StoreError::NoFile(path.to_owned())) }
}

/// What is in a folder, in the order of the names.
pub(crate) fn list(folder: &Path, limit: usize) -> Result<Vec<PathBuf>, StoreError> {
    let failed = |source| StoreError::io(folder, source);
    let entries = fs::read_dir(folder).map_err(failed)?.take(limit.saturating_add(1));
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>().map_err(failed)?;
    if paths.len() > limit {
        return Err(StoreError::TooMany { path: folder.to_owned(), what: "files", limit });
    }
    paths.sort();
    Ok(paths)
}
