//! The root of the guest whose first process is the checker itself.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::archive::Archive;
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

/// What guests are made of.
pub struct Parts<'a> {
    /// The kernel, and Debian.
    pub packages: &'a Packages,
    /// Our programs.
    pub binaries: &'a Binaries,
    /// The second memory's CDAT.
    pub table: &'a Path,
    /// Who answers for the drives.
    pub responders: &'a [Responder],
}

/// Writes the archive and returns its path.
pub fn write(folder: &Path, parts: &Parts<'_>) -> Result<PathBuf> {
    let mut archive = Archive::default();
    archive.file("init", &fs::read(&parts.binaries.init)?, 0o755);
    archive.file("bin/lanewarden", &fs::read(&parts.binaries.lanewarden)?, 0o755);
    for folder in ["dev", "proc", "sys", "run", "tmp"] {
        archive.folder(folder);
    }
    parts.add_common(&mut archive)?;
    add_program(&mut archive, parts.packages, "usr/bin/lspci")?;
    let path = folder.join(format!("initramfs-{}", parts.packages.release));
    fs::write(&path, archive.finish())?;
    Ok(path)
}

impl Parts<'_> {
    /// What the checker looks for in every guest.
    pub fn add_common(&self, archive: &mut Archive) -> Result<()> {
        archive.file("custom.cdat", &fs::read(self.table)?, 0o644);
        add_anchors(archive, self.responders)?;
        if let Some(responder) = self.responders.first() {
            archive.file("psk", &fs::read(&responder.psk)?, 0o600);
        }
        add_modules(archive, self.packages)
    }
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
