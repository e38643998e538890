//! A guest's root: an archive in the `newc` form the kernel unpacks, written here since Debian has no `cpio` by
//! itself.

use std::collections::BTreeSet;

/// An archive that is being written: names without a leading slash, parents before children. What is
/// there first stays.
#[derive(Default)]
pub struct Archive {
    bytes: Vec<u8>,
    names: BTreeSet<String>,
}

impl Archive {
    /// A folder.
    pub fn folder(&mut self, name: &str) {
        self.parents(name);
        if self.names.insert(name.to_owned()) {
            self.entry(name, 0o040_755, &[]);
        }
    }

    /// A file.
    pub fn file(&mut self, name: &str, content: &[u8], permissions: u32) {
        self.parents(name);
        if self.names.insert(name.to_owned()) {
            self.entry(name, 0o100_000 | permissions, content);
        }
    }

    /// A symbolic link.
    pub fn link(&mut self, name: &str, target: &str) {
        self.parents(name);
        if self.names.insert(name.to_owned()) {
            self.entry(name, 0o120_777, target.as_bytes());
        }
    }

    fn parents(&mut self, name: &str) {
        if let Some((parent, _)) = name.rsplit_once('/') {
            self.folder(parent);
        }
    }

    /// Header, name, content; name and content padded to four bytes.
    fn entry(&mut self, name: &str, mode: u32, content: &[u8]) {
        let inode = self.names.len();
        self.bytes.extend_from_slice(b"070701");
        // Inode, mode, owner, group, links, time, size, four device numbers, length of the name, check.
        let mode = mode as usize;
        for field in [inode, mode, 0, 0, 1, 0, content.len(), 0, 0, 0, 0, name.len() + 1, 0] {
            self.bytes.extend_from_slice(format!("{field:08x}").as_bytes());
        }
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend_from_slice(content);
        self.pad();
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }

    /// The bytes.
    pub fn finish(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, &[]);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_holds_parents_once_and_is_aligned() {
        let mut archive = Archive::default();
        archive.file("a/b", b"12345", 0o644);
        archive.file("a/c", b"", 0o755);
        let text = String::from_utf8(archive.finish()).unwrap();
        let headers: Vec<usize> = text.match_indices("070701").map(|(at, _)| at).collect();
        assert_eq!(headers.len(), 4, "a, a/b, a/c and the trailer");
        assert!(headers.iter().all(|at| at % 4 == 0));
        assert!(text[headers[1]..].starts_with("07070100000002000081a4"));
        assert_eq!(&text[headers[1] + 54..headers[1] + 62], "00000005", "the size is the seventh field");
    }
}
