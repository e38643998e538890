//! From a folder.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use crate::error::StoreError;
use crate::evidence::{EvidenceFile, missing};
use crate::file::{self, Links};

/// The files of an evidence folder, in memory: what is checked is what was read, whatever happens to the folder.
#[derive(Clone, PartialEq, Eq)]
pub struct EvidenceReader {
    files: BTreeMap<EvidenceFile, Vec<u8>>,
}

impl EvidenceReader {
    /// Reads a folder. The summary and the chain are there, and every transcript has its signature; which of the rest
    /// belong to it is for the summary to say.
    ///
    /// # Errors
    /// [`StoreError`], among others for anything in the folder that does not belong there.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let files = listed(folder)?
            .into_iter()
            .map(|kind| Ok((kind, file::read(&kind.path(folder), kind.limit(), Links::Refuse)?)))
            .collect::<Result<BTreeMap<_, _>, _>>()?;
        match missing(|kind| files.contains_key(&kind)) {
            Some(kind) => Err(StoreError::Missing(kind.path(folder))),
            None => Ok(Self { files }),
        }
    }

    /// What stands in a file; `None` where there is none.
    #[must_use]
    pub fn get(&self, file: EvidenceFile) -> Option<&[u8]> {
        self.files.get(&file).map(Vec::as_slice)
    }

    /// The files there are.
    pub fn files(&self) -> impl Iterator<Item = EvidenceFile> {
        self.files.keys().copied()
    }
}

impl fmt::Debug for EvidenceReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.files.iter().map(|(file, bytes)| (file.name(), bytes.len()))).finish()
    }
}

/// The files of a folder that has no others.
pub(super) fn listed(folder: &Path) -> Result<Vec<EvidenceFile>, StoreError> {
    let named = |path: &std::path::PathBuf| {
        path.file_name().and_then(EvidenceFile::named).ok_or_else(|| StoreError::Unknown(path.clone()))
    };
    // One more than there are kinds, so that the stranger is named.
    match file::list(folder, EvidenceFile::ALL.len().saturating_add(1)) {
        Ok(paths) => paths.iter().map(named).collect(),
        Err(error) => Err(error),
    }
}
