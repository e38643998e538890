//! The package as a file: an `ar` of a version and two compressed tars (deb(5)).

use std::collections::BTreeSet;
use std::io::Write;

use anyhow::{Context, Result, ensure};
use flate2::{Compression, GzBuilder};
use tar::{EntryType, Header};

/// A file of the package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Where it goes, without a leading slash.
    pub path: String,
    /// Its permissions.
    pub mode: u32,
    /// What is in it.
    pub bytes: Vec<u8>,
}

impl File {
    /// A file that everyone may read.
    pub fn new(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), mode: 0o644, bytes: bytes.into() }
    }

    /// One that everyone may run as well.
    pub fn program(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { mode: 0o755, ..Self::new(path, bytes) }
    }
}

/// The package's bytes.
pub fn package(files: &[File], control: &[File], date: u64) -> Result<Vec<u8>> {
    let mut archive = ar::Builder::new(Vec::new());
    let parts = [
        ("debian-binary", b"2.0\n".to_vec()),
        ("control.tar.gz", gzip(&tar(control, date)?)?),
        ("data.tar.gz", gzip(&tar(files, date)?)?),
    ];
    for (name, bytes) in parts {
        let mut header = ar::Header::new(name.into(), bytes.len() as u64);
        header.set_mode(0o100_644);
        header.set_mtime(date);
        archive.append(&header, &bytes[..])?;
    }
    Ok(archive.into_inner()?)
}

/// Compressed, without a name and without a date.
pub fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut writer = GzBuilder::new().write(Vec::new(), Compression::best());
    writer.write_all(bytes)?;
    Ok(writer.finish()?)
}

/// Sorted, and each folder before what is in it.
fn tar(files: &[File], date: u64) -> Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut sorted: Vec<&File> = files.iter().collect();
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    let mut folders = BTreeSet::new();
    for file in sorted {
        let ends = file.path.match_indices('/').map(|(at, _)| &file.path[..=at]);
        for folder in std::iter::once("").chain(ends) {
            if folders.insert(folder) {
                archive.append(&header(EntryType::Directory, folder, 0o755, 0, date)?, &[][..])?;
            }
        }
        let header = header(EntryType::Regular, &file.path, file.mode, file.bytes.len() as u64, date)?;
        archive.append(&header, &file.bytes[..])?;
    }
    Ok(archive.into_inner()?)
}

fn header(kind: EntryType, path: &str, mode: u32, size: u64, date: u64) -> Result<Header> {
    let mut header = Header::new_gnu();
    // The library would drop the dot, which every package has.
    let path = format!("./{path}");
    let name = header.as_mut_bytes().get_mut(..path.len().min(100)).context("a header of tar")?;
    ensure!(name.len() == path.len(), "{path} is too long for the simple form");
    name.copy_from_slice(path.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(date);
    header.set_uid(0);
    header.set_gid(0);
    header.set_username("root")?;
    header.set_groupname("root")?;
    header.set_cksum();
    Ok(header)
}
