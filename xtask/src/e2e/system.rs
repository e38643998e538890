//! The root of the guest with a service manager: a Debian of few packages, run from the archive that the kernel
//! unpacks.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::archive::Archive;
use super::initramfs::Parts;
use crate::package;

/// On the kernel's command line.
pub const OPTIONS: &str = "systemd.unit=e2e.target systemd.show_status=0";

/// Folders of the packages that nobody in the guest looks at.
const LEFT_OUT: [&str; 8] = [
    "usr/lib/x86_64-linux-gnu/gconv",
    "usr/share/bash-completion",
    "usr/share/common-licenses",
    "usr/share/doc",
    "usr/share/info",
    "usr/share/locale",
    "usr/share/man",
    "usr/share/zsh",
];
/// Folders at the top that are links into `usr`.
const MERGED: [&str; 4] = ["bin", "lib", "lib64", "sbin"];
/// Units that take time and show nothing here. The generators are for login prompts and for disks.
const MASKED: [&str; 13] = [
    "system-generators/systemd-fstab-generator",
    "system-generators/systemd-getty-generator",
    "system-generators/systemd-gpt-auto-generator",
    "system/apt-daily.timer",
    "system/dev-hugepages.mount",
    "system/getty.target",
    "system/modprobe@.service",
    "system/proc-sys-fs-binfmt_misc.automount",
    "system/systemd-logind.service",
    "system/systemd-modules-load.service",
    "system/systemd-random-seed.service",
    "system/systemd-update-utmp-runlevel.service",
    "system/systemd-update-utmp.service",
];
/// What is not in the packages. The users have no passwords: root becomes them.
const FILES: [(&str, &str); 6] = [
    ("etc/hostname", "e2e\n"),
    // A machine that has one does not go through its first boot.
    ("etc/machine-id", "0123456789abcdef0123456789abcdef\n"),
    ("etc/systemd/journald.conf.d/e2e.conf", "[Journal]\nStorage=volatile\n"),
    ("etc/systemd/system/e2e.target", "[Unit]\nRequires=multi-user.target\nWants=e2e.service\n"),
    (
        "etc/systemd/system/e2e.service",
        "[Unit]\nAfter=multi-user.target\n\n[Service]\nExecStart=/usr/lib/e2e/checker service\n",
    ),
    (
        "etc/sysusers.d/e2e.conf",
        "u alice 1000 - /tmp /bin/sh\nu bob 1001 - /tmp /bin/sh\nu carol 1002 - /tmp /bin/sh\n",
    ),
];
/// The package manager asks for it.
const DATABASES: [&str; 2] = ["passwd", "group"];

/// Writes the archive, with the package in it, and returns its path.
pub fn write(folder: &Path, parts: &Parts<'_>) -> Result<PathBuf> {
    // Not the release build, which would take minutes more; linked with nothing, since the guest's libraries may be
    // older than this machine's.
    let package = package::write(&parts.binaries.lanewarden, &folder.join("package"))?;
    let mut archive = Archive::default();
    for folder in MERGED {
        archive.link(folder, &format!("usr/{folder}"));
    }
    archive.link("init", "usr/lib/systemd/systemd");
    archive.link("var/run", "/run");
    for (name, text) in FILES {
        archive.file(name, text.as_bytes(), 0o644);
    }
    for unit in MASKED {
        archive.link(&format!("etc/systemd/{unit}"), "/dev/null");
    }
    archive.file("usr/lib/e2e/checker", &fs::read(&parts.binaries.init)?, 0o755);
    archive.file("lanewarden.deb", &fs::read(package)?, 0o644);
    parts.add_common(&mut archive)?;
    let system = &parts.packages.system;
    for name in DATABASES {
        let master = system.join(format!("usr/share/base-passwd/{name}.master"));
        archive.file(&format!("etc/{name}"), &fs::read(master)?, 0o644);
    }
    add_folder(&mut archive, system, Path::new(""))?;
    let path = folder.join(format!("system-{}", parts.packages.release));
    fs::write(&path, archive.finish())?;
    Ok(path)
}

/// Everything below a folder of the unpacked packages, but for what is left out.
fn add_folder(archive: &mut Archive, root: &Path, below: &Path) -> Result<()> {
    let place = root.join(below);
    for entry in fs::read_dir(&place).with_context(|| place.display().to_string())? {
        let entry = entry?;
        let path = below.join(entry.file_name());
        let name = merged(path.to_str().context("a file name that is not UTF-8")?);
        let metadata = entry.metadata()?;
        if LEFT_OUT.contains(&name.as_str()) {
        } else if metadata.is_symlink() {
            let target = fs::read_link(entry.path())?;
            archive.link(&name, target.to_str().context("a link that is not UTF-8")?);
        } else if metadata.is_dir() {
            archive.folder(&name);
            add_folder(archive, root, &path)?;
        } else {
            archive.file(&name, &fs::read(entry.path())?, metadata.permissions().mode() & 0o7777);
        }
    }
    Ok(())
}

/// Where a file of a package is when the folders at the top are merged into `usr`.
fn merged(name: &str) -> String {
    let top = name.split('/').next().unwrap_or_default();
    if MERGED.contains(&top) { format!("usr/{name}") } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_at_the_top_are_merged_into_usr() {
        assert_eq!(merged("lib/systemd/systemd"), "usr/lib/systemd/systemd");
        assert_eq!(merged("lib64"), "usr/lib64");
        assert_eq!(merged("libexec/x"), "libexec/x");
        assert_eq!(merged("etc/lib"), "etc/lib");
    }

    #[test]
    fn what_is_left_out_is_named_as_it_is_merged() {
        assert!(LEFT_OUT.iter().all(|name| merged(name) == *name));
    }
}
