//! To a folder.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;
use tempfile::TempDir;

use crate::error::StoreError;
use crate::evidence::{EvidenceFile, missing, reader};

/// What happens to a folder that is there already and not empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and evidence is refused.
    Keep,
    /// If it is evidence, it is replaced, at once and as a whole.
    Replace,
}

/// An evidence folder in the making. It stands beside the folder that it shall be, under a name of its own, until
/// [`EvidenceWriter::finish`]; dropped before, it is gone.
#[derive(Debug)]
pub struct EvidenceWriter {
    folder: PathBuf,
    parent: PathBuf,
    existing: Existing,
    written: Vec<EvidenceFile>,
    temporary: TempDir,
}

impl EvidenceWriter {
    /// Begins one. The folder above is there.
    ///
    /// # Errors
    /// [`StoreError`], among others if the folder is there and shall be kept.
    pub fn new(folder: &Path, existing: Existing) -> Result<Self, StoreError> {
        let name = folder.file_name().ok_or_else(|| StoreError::NoName(folder.to_owned()))?;
        let parent = match folder.parent() {
            Some(parent) if parent != Path::new("") => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        check(folder, existing)?;
        let mut prefix = std::ffi::OsString::from(".");
        prefix.push(name);
        // Others are to verify it; the umask has its say.
        let temporary = tempfile::Builder::new()
            .prefix(&prefix)
            .permissions(Permissions::from_mode(0o755))
            .tempdir_in(&parent)
            .map_err(|source| StoreError::io(&parent, source))?;
        Ok(Self { folder: folder.to_owned(), parent, existing, written: Vec::new(), temporary })
    }

    /// Writes a file, each once.
    ///
    /// # Errors
    /// [`StoreError`], among others for more than can be read back.
    pub fn write(&mut self, file: EvidenceFile, bytes: &[u8]) -> Result<(), StoreError> {
        let (path, limit) = (file.path(&self.folder), file.limit());
        if !u64::try_from(bytes.len()).is_ok_and(|length| length <= limit) {
            return Err(StoreError::TooLarge { path, limit });
        }
        write_new(&file.path(self.temporary.path()), bytes)
            .map_err(|source| StoreError::io(&path, source))?;
        self.written.push(file);
        Ok(())
    }

    /// Puts the folder where it belongs. It is there as a whole or not at all, after a loss of power too.
    ///
    /// # Errors
    /// [`StoreError`], among others if files are missing.
    pub fn finish(self) -> Result<(), StoreError> {
        if let Some(file) = missing(|file| self.written.contains(&file)) {
            return Err(StoreError::Missing(file.path(&self.folder)));
        }
        sync(self.temporary.path())?;
        // Also now: it may have come since the beginning.
        check(&self.folder, self.existing)?;
        if is_filled(&self.folder) {
            self.exchange()?
        } else {
            self.put()?
        }
        Ok(())
    }

    /// A folder that is empty is replaced too; the system refuses to replace any other.
    fn put(self) -> Result<(), StoreError> {
        fs::rename(self.temporary.path(), &self.folder).map_err(|source| match source.kind() {
            io::ErrorKind::DirectoryNotEmpty => StoreError::NotEmpty(self.folder.clone()),
            _ => StoreError::io(&self.folder, source),
        })?;
        let _ = self.temporary.keep();
        sync(&self.parent)
    }

    /// The old one then goes as what was temporary.
    fn exchange(self) -> Result<(), StoreError> {
        rustix::fs::renameat_with(CWD, self.temporary.path(), CWD, &self.folder, RenameFlags::EXCHANGE)
            .map_err(|errno: Errno| StoreError::io(&self.folder, errno))?;
        sync(&self.parent)?;
        self.temporary.close().map_err(|source| StoreError::io(&self.folder, source))
    }
}

/// Whether evidence may go there. What is replaced is evidence: nothing else is deleted.
fn check(folder: &Path, existing: Existing) -> Result<(), StoreError> {
    match existing {
        Existing::Keep if is_filled(folder) => Err(StoreError::NotEmpty(folder.to_owned())),
        Existing::Replace if is_filled(folder) => {
            reader::listed(folder)?.into_iter().map(|file| file.path(folder)).try_for_each(check_file)
        }
        _ => Ok(()),
    }
}

fn check_file(path: PathBuf) -> Result<(), StoreError> {
    let is_file = path.symlink_metadata().is_ok_and(|metadata| metadata.is_file());
    if is_file { Ok(()) } else { Err(StoreError::NoFile(path)) }
}

/// Whether it is a folder with something in it. What is there but no folder is for the system to refuse.
fn is_filled(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync(folder: &Path) -> Result<(), StoreError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|source| StoreError::io(folder, source))
}
