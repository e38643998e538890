//! The guest's root: an archive in the `newc` form the kernel unpacks, written here since Debian has no
//! `cpio` by itself.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::guest::Binaries;
use super::kernel;
use super::packages::Packages;
use super::responders::Responder;

/// Modules by the step in which the guest loads them.
const STEPS: [(&str, &[&str]); 3] = [
    ("cxl", &["cxl_acpi", "cxl_port", "cxl_mem", "cxl_pci", "dax_cxl", "device_dax", "kmem"]),
    ("nvme", &["nvme"]),
    ("vfio", &["vfio_iommu_type1", "vfio_pci"]),
];

/// Writes the archive and returns its path.
pub fn write(
    folder: &Path,
    packages: &Packages,
    binaries: &Binaries,
    table: &Path,
    responders: &[Responder],
) -> Result<PathBuf> {
    let mut archive = Archive::default();
    archive.file("init", &fs::read(&binaries.init)?, 0o755);
    archive.file("bin/lanewarden", &fs::read(&binaries.lanewarden)?, 0o755);
    for folder in ["dev", "proc", "sys", "run", "tmp"] {
        archive.folder(folder);
    }
    archive.file("custom.cdat", &fs::read(table)?, 0o644);
    add_anchors(&mut archive, responders)?;
    if let Some(responder) = responders.first() {
        archive.file("psk", &fs::read(&responder.psk)?, 0o600);
    }
    add_modules(&mut archive, packages)?;
    add_program(&mut archive, packages, "usr/bin/lspci")?;
    let path = folder.join(format!("initramfs-{}", packages.release));
    fs::write(&path, archive.finish())?;
    Ok(path)
}

/// Whom the guest trusts, under `/anchors`.
fn add_anchors(archive: &mut Archive, responders: &[Responder]) -> Result<()> {
    archive.folder("anchors");
    for responder in responders {
        if let Some(anchor) = &responder.anchor {
            archive.file(&format!("anchors/{}.pem", responder.serial), &fs::read(anchor)?, 0o644);
        }
    }
    Ok(())
}

/// Each step's modules under `/modules`, and a file that lists them in load order.
fn add_modules(archive: &mut Archive, packages: &Packages) -> Result<()> {
    for (step, wanted) in STEPS {
        let modules = kernel::modules(packages, wanted)?;
        let order: Vec<&str> = modules.iter().map(|module| module.name.as_str()).collect();
        archive.file(&format!("modules/{step}"), order.join("\n").as_bytes(), 0o644);
        for module in &modules {
            archive.file(&format!("modules/{}.ko", module.name), &module.object, 0o644);
        }
    }
    Ok(())
}

/// A program of the packages with the libraries its own loader resolves.
fn add_program(archive: &mut Archive, packages: &Packages, program: &str) -> Result<()> {
    let output = packages.loader().arg("--list").arg(packages.path(program)).output()?;
    ensure!(output.status.success(), "cannot list the libraries of {program}");
    archive.file(program, &fs::read(packages.path(program))?, 0o755);
    for line in String::from_utf8(output.stdout)?.lines() {
        let Some((name, rest)) = line.trim().split_once(" => ") else { continue };
        let path = rest.split_once(" (").map_or(rest, |(path, _)| path);
        let library = fs::read(path).with_context(|| format!("{program} needs {name}"))?;
        let place = if name.starts_with('/') {
            name.trim_start_matches('/').to_owned()
        } else {
            format!("lib/{name}")
        };
        archive.file(&place, &library, 0o755);
    }
    Ok(())
}

/// An archive that is being written: names without a leading slash, parents before children.
#[derive(Default)]
struct Archive {
    bytes: Vec<u8>,
    names: BTreeSet<String>,
}

impl Archive {
    fn folder(&mut self, name: &str) {
        self.parents(name);
        if self.names.insert(name.to_owned()) {
            self.entry(name, 0o040_755, &[]);
        }
    }

    fn file(&mut self, name: &str, content: &[u8], permissions: u32) {
        self.parents(name);
        if self.names.insert(name.to_owned()) {
            self.entry(name, 0o100_000 | permissions, content);
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

    fn finish(mut self) -> Vec<u8> {
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
