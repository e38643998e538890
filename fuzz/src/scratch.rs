//! Folders for one input.

use std::path::Path;

use tempfile::TempDir;

/// Files that need no disk.
const MEMORY: &str = "/dev/shm";

/// An empty folder, in memory where there is a place for it: a fuzzer makes thousands a second.
pub fn folder() -> TempDir {
    let in_memory = Some(MEMORY).filter(|memory| Path::new(memory).is_dir()).map(tempfile::tempdir_in);
    in_memory.and_then(Result::ok).unwrap_or_else(|| tempfile::tempdir().unwrap())
}
