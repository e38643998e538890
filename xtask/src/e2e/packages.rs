//! Debian packages, fetched and unpacked into the target folder by the machine's own apt, which verifies them.
//!
//! apt is given its own lists, cache, sources and an empty status file, so that it neither reads nor changes what the
//! machine has installed. The result is a small Debian of its own: programs in it run with its own C library.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use super::sources;

/// Packages the run needs besides the kernel; apt adds what they depend on.
const WANTED: [&str; 3] = ["qemu-system-x86", "pciutils", "busybox-static"];
/// Whose one dependency names the newest point release of the kernel.
const KERNEL_META: &str = "linux-image-6.12-cloud-amd64";
/// Of the `Acquire` settings of the machine (proxies, certificates, dates) those that must not be taken over.
const NOT_OURS: [&str; 2] = ["Acquire::IndexTargets", "Acquire::Languages"];

/// An unpacked set of packages.
pub struct Packages {
    /// The folder that stands for `/`.
    pub root: PathBuf,
    /// What `uname -r` will say in the guest.
    pub kernel: String,
}

impl Packages {
    /// A command that runs one of the unpacked programs with the unpacked libraries.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.root.join("lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"));
        let library = |folder: &str| self.root.join(folder).display().to_string();
        let path = [library("lib/x86_64-linux-gnu"), library("usr/lib/x86_64-linux-gnu")].join(":");
        command.arg("--library-path").arg(path).arg(self.root.join(program));
        command
    }
}

/// Fetches and unpacks, unless an earlier run did.
pub fn fetch(folder: &Path, refresh: bool) -> Result<Packages> {
    ensure!(cfg!(target_arch = "x86_64"), "the virtual machine is built from x86-64 packages");
    let stamp = folder.join("kernel-release");
    if refresh {
        fs::remove_dir_all(folder).ok();
    }
    if let Ok(kernel) = fs::read_to_string(&stamp) {
        return Ok(Packages { root: folder.join("root"), kernel });
    }
    let apt = Apt::new(&folder.join("apt"))?;
    let kernel = apt.download()?;
    let root = unpack(folder)?;
    fs::write(&stamp, &kernel)?;
    Ok(Packages { root, kernel })
}

/// apt with everything of its own.
struct Apt {
    folder: PathBuf,
}

impl Apt {
    fn new(folder: &Path) -> Result<Self> {
        let sources = sources::debian_12()?;
        for part in ["state/lists/partial", "cache/archives/partial", "empty"] {
            fs::create_dir_all(folder.join(part))?;
        }
        fs::write(folder.join("e2e.sources"), sources)?;
        fs::write(folder.join("status"), "")?;
        fs::write(folder.join("apt.conf"), configuration(folder)?)?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Downloads all packages; returns the kernel's release.
    fn download(&self) -> Result<String> {
        eprintln!("e2e: fetching QEMU and a kernel as packages");
        self.run("apt-get", &["--quiet", "update"])?;
        let mut install = vec!["--quiet", "--yes", "--download-only", "-t", "bookworm-backports", "install"];
        install.extend(WANTED);
        self.run("apt-get", &install)?;
        let package = self.kernel_package()?;
        self.run("apt-get", &["--quiet", "download", &package])?;
        let release = package.strip_prefix("linux-image-").context("a kernel package's name")?;
        Ok(release.to_owned())
    }

    fn kernel_package(&self) -> Result<String> {
        let text = self.run("apt-cache", &["depends", KERNEL_META])?;
        let name = text.lines().find_map(|line| line.trim().strip_prefix("Depends: "));
        Ok(name.with_context(|| format!("package {KERNEL_META} names no kernel"))?.to_owned())
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<String> {
        let output = Command::new(program)
            .args(arguments)
            .env("APT_CONFIG", self.folder.join("apt.conf"))
            .env("LC_ALL", "C")
            .current_dir(self.folder.join("cache/archives"))
            .output()
            .with_context(|| format!("cannot run {program}"))?;
        if !output.status.success() {
            bail!("{program} {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8(output.stdout)?)
    }
}

/// The text of the `APT_CONFIG` file: our folders, and how the machine reaches its mirror.
fn configuration(folder: &Path) -> Result<String> {
    let dump = Command::new("apt-config").arg("dump").output().context("no apt here: this is not Debian")?;
    let dump = String::from_utf8(dump.stdout)?;
    let ours = |line: &&str| {
        line.starts_with("Acquire::") && !NOT_OURS.iter().any(|prefix| line.starts_with(prefix))
    };
    let mut text: String = dump.lines().filter(ours).map(|line| format!("{line}\n")).collect();
    let empty = folder.join("empty");
    let folders = [
        ("Dir::State", folder.join("state")),
        ("Dir::State::status", folder.join("status")),
        ("Dir::Cache", folder.join("cache")),
        ("Dir::Etc::sourcelist", folder.join("e2e.sources")),
        ("Dir::Etc::sourceparts", empty.clone()),
        ("Dir::Etc::parts", empty.clone()),
        ("Dir::Etc::main", empty.join("none")),
        ("Dir::Etc::preferences", empty.join("none")),
        ("Dir::Etc::preferencesparts", empty),
    ];
    for (name, path) in folders {
        text.push_str(&format!("{name} \"{}\";\n", path.display()));
    }
    text.push_str(concat!(
        "Acquire::Languages \"none\";\n",
        "APT::Architecture \"amd64\";\n",
        "APT::Architectures \"amd64\";\n",
        "APT::Install-Recommends \"false\";\n",
        "APT::Sandbox::User \"root\";\n",
    ));
    Ok(text)
}

/// Unpacks every downloaded package into a fresh root.
fn unpack(folder: &Path) -> Result<PathBuf> {
    eprintln!("e2e: unpacking");
    let root = folder.join("root");
    if root.exists() {
        fs::remove_dir_all(&root)?;
    }
    for entry in fs::read_dir(folder.join("apt/cache/archives"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "deb") {
            let status = Command::new("dpkg-deb").arg("-x").arg(&path).arg(&root).status()?;
            ensure!(status.success(), "dpkg-deb -x {}: {status}", path.display());
        }
    }
    Ok(root)
}
