//! A folder for one run of the emulators: links to all that is in theirs, and files of our own in place of some.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;

/// The variable that names the folder with the emulators.
pub const VARIABLE: &str = "SPDM_EMU_BIN";

/// The folder with the emulators, where the operator has named one.
///
/// # Errors
/// Where it cannot be read.
pub fn emulators() -> Result<Option<PathBuf>> {
    let Some(folder) = std::env::var_os(VARIABLE).filter(|folder| !folder.is_empty()) else {
        return Ok(None);
    };
    let folder =
        fs::canonicalize(&folder).with_context(|| format!("{VARIABLE} names {}", folder.display()))?;
    Ok(Some(folder))
}

/// The folder of one run, gone with it.
#[derive(Debug)]
pub struct Scratch {
    folder: TempDir,
}

impl Scratch {
    /// Links to everything in the emulators' folder.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn new(emulators: &Path) -> Result<Self> {
        let folder = TempDir::with_prefix("lanewarden-interop-")?;
        link_all(emulators, folder.path())?;
        Ok(Self { folder })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Puts a file of our own in place of `folder/name`.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn replace(&self, folder: &str, name: &str, bytes: &[u8]) -> Result<()> {
        let inner = self.path().join(folder);
        if inner.is_symlink() {
            let outside = fs::canonicalize(&inner)?;
            fs::remove_file(&inner)?;
            fs::create_dir(&inner)?;
            link_all(&outside, &inner)?;
        }
        let file = inner.join(name);
        if file.is_symlink() {
            fs::remove_file(&file)?;
        }
        fs::write(&file, bytes).with_context(|| format!("cannot write {}", file.display()))
    }

    /// Reads one of the emulators' files.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn read(&self, folder: &str, name: &str) -> Result<Vec<u8>> {
        let file = self.path().join(folder).join(name);
        fs::read(&file).with_context(|| format!("cannot read {folder}/{name}"))
    }
}

fn link_all(from: &Path, to: &Path) -> Result<()> {
    let entries = fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))?;
    let names: Vec<OsString> = entries.map(|entry| Ok(entry?.file_name())).collect::<Result<_>>()?;
    for name in names {
        symlink(from.join(&name), to.join(&name))?;
    }
    Ok(())
}
