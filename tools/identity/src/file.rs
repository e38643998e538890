//! Single files: read no further than it makes sense, written once.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;

use zeroize::Zeroizing;

use crate::error::FolderError;

/// Bytes of a file: sixteen large certificates in PEM are a fraction of it.
pub(crate) const MAX_FILE: u64 = 1 << 20;

/// What stands in a file. It may be a private key.
pub(crate) struct Content {
    pub(crate) bytes: Zeroizing<Vec<u8>>,
    /// The permissions, where others than its owner have any.
    pub(crate) exposed: Option<u32>,
}

/// Reads a whole file. A pipe or device is no file: it might never end, or never begin.
pub(crate) fn read(path: &Path) -> Result<Content, FolderError> {
    let failed = |source| FolderError::io(path, source);
    if !path.metadata().map_err(failed)?.is_file() {
        return Err(FolderError::NoFile(path.to_owned()));
    }
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    // Room for all of it at once: a buffer that grows would leave copies behind.
    let room = usize::try_from(metadata.len().min(MAX_FILE)).unwrap_or_default().saturating_add(1);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(MAX_FILE.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(FolderError::TooLarge { path: path.to_owned(), limit: MAX_FILE });
    }
    Ok(Content { bytes, exposed: exposed(&metadata) })
}

#[cfg(unix)]
fn exposed(metadata: &std::fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn exposed(_: &std::fs::Metadata) -> Option<u32> {
    None
}

/// Writes a new file.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), FolderError> {
    write_with(OpenOptions::new().write(true).create_new(true), path, bytes)
}

/// Writes a new file that only its owner can read.
pub(crate) fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), FolderError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    write_with(&options, path, bytes)
}

fn write_with(options: &OpenOptions, path: &Path, bytes: &[u8]) -> Result<(), FolderError> {
    options
        .open(path)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .map_err(|source| FolderError::io(path, source))
}
