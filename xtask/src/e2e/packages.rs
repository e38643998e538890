//! Debian packages, fetched and unpacked into the target folder by the machine's own apt, which verifies
//! them.
//!
//! apt is given its own lists, cache, sources and an empty status file, so that it neither reads nor changes
//! what the machine has installed. The result is a small Debian of its own: programs in it run with its own C
//! library.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fmt, fs};

use anyhow::{Context, Result, anyhow, ensure};

use super::{database, sources};

/// Packages the run needs besides the kernel; apt adds what they depend on.
const WANTED: [&str; 3] = ["qemu-system-x86", "pciutils", "busybox-static"];
/// Packages of the guest with a service manager.
const SYSTEM: [&str; 14] = [
    "base-files",
    "base-passwd",
    "coreutils",
    "dash",
    "diffutils",
    "dpkg",
    "init-system-helpers",
    "keyutils",
    "libc-bin",
    "mount",
    "perl-base",
    "systemd",
    "usr-is-merged",
    "util-linux",
];
/// Whose one dependency names the newest point release of the kernel.
const KERNEL_META: &str = "linux-image-6.12-cloud-amd64";
/// Of the `Acquire` settings of the machine (proxies, certificates, dates) those that must not be taken over.
const NOT_OURS: [&str; 2] = ["Acquire::IndexTargets", "Acquire::Languages"];

/// In an error's chain: this machine cannot fetch packages, which is nobody's mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Debian packages cannot be had here")
    }
}

/// An unpacked set of packages.
pub struct Packages {
    /// The folder that stands for `/`.
    root: PathBuf,
    /// The folder that stands for `/` where the kernel is concerned.
    pub kernel: PathBuf,
    /// The unpacked [`SYSTEM`].
    pub system: PathBuf,
    /// What `uname -r` will say in the guest.
    pub release: String,
}

impl Packages {
    /// A file or folder of the packages.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// A command that runs one of the unpacked programs with the unpacked libraries.
    pub fn command(&self, program: &str) -> Command {
        let mut command = self.loader();
        command.arg(self.path(program));
        command
    }

    /// The unpacked C library's program loader, told where the libraries are.
    pub fn loader(&self) -> Command {
        let mut command = Command::new(self.path("lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"));
        let library = |folder: &str| self.path(folder).display().to_string();
        let path = [library("lib/x86_64-linux-gnu"), library("usr/lib/x86_64-linux-gnu")].join(":");
        command.arg("--library-path").arg(path);
        command
    }
}

/// Fetches and unpacks, unless an earlier run did. Without `kernel` (`6.12.95+deb12`) it is the newest 6.12
/// that there was when this was first run.
pub fn fetch(folder: &Path, kernel: Option<&str>) -> Result<Packages> {
    if !cfg!(target_arch = "x86_64") {
        return Err(anyhow!("the virtual machine's are for x86-64").context(Unavailable));
    }
    let apt = Apt { folder: folder.join("apt") };
    let root = folder.join("root");
    if !root.exists() {
        apt.prepare()?;
        unpack(&apt.install(&WANTED, "bookworm-backports", "archives")?, &root)?;
    }
    let system = folder.join("system");
    // Written last: it stands for all of it.
    let (made_of, wanted) = (folder.join("system-made-of"), SYSTEM.join(" "));
    if fs::read_to_string(&made_of).ok().as_ref() != Some(&wanted) {
        fs::remove_dir_all(&system).ok();
        let install = || apt.install(&SYSTEM, "bookworm", "system");
        // The lists of an earlier run may name what there is no longer.
        let archives = install().or_else(|_| apt.prepare().and_then(|()| install()))?;
        unpack(&archives, &system)?;
        database::write(&archives, &system)?;
        fs::write(made_of, wanted)?;
    }
    let release = match kernel {
        Some(version) => format!("{version}-cloud-amd64"),
        None => newest_kernel(folder, &apt)?,
    };
    let unpacked = folder.join("kernels").join(&release);
    if !unpacked.exists() {
        let fetched = apt.download(&format!("linux-image-{release}"));
        // A kernel that was asked for by name and is not there is the caller's mistake.
        let fetched = if kernel.is_some() { fetched.map_err(|error| anyhow!("{error:#}")) } else { fetched };
        unpack(&fetched?, &unpacked)?;
    }
    Ok(Packages { root, kernel: unpacked, system, release })
}

/// Resolved once, since otherwise every run would have to ask the mirror.
fn newest_kernel(folder: &Path, apt: &Apt) -> Result<String> {
    let answer = folder.join("newest-kernel");
    if let Ok(release) = fs::read_to_string(&answer) {
        return Ok(release);
    }
    let package = apt.dependency(KERNEL_META)?;
    let release = package.strip_prefix("linux-image-").context("a kernel package's name")?;
    fs::write(answer, release)?;
    Ok(release.to_owned())
}

/// apt with everything of its own.
struct Apt {
    folder: PathBuf,
}

impl Apt {
    /// Its configuration and the mirror's lists.
    fn prepare(&self) -> Result<()> {
        let sources = sources::debian_12().context(Unavailable)?;
        for part in ["state/lists/partial", "cache/archives/partial", "empty"] {
            fs::create_dir_all(self.folder.join(part))?;
        }
        fs::write(self.folder.join("e2e.sources"), sources)?;
        fs::write(self.folder.join("status"), "")?;
        fs::write(self.folder.join("apt.conf"), configuration(&self.folder).context(Unavailable)?)?;
        eprintln!("e2e: fetching package lists");
        self.run("apt-get", &["--quiet", "--error-on=any", "update"])?;
        Ok(())
    }

    /// Downloads packages of a suite with all they depend on into a folder of the cache.
    fn install(&self, wanted: &[&str], suite: &str, cache: &str) -> Result<Vec<PathBuf>> {
        eprintln!("e2e: fetching {}", wanted.join(", "));
        let folder = self.folder.join("cache").join(cache);
        fs::remove_dir_all(&folder).ok();
        fs::create_dir_all(folder.join("partial"))?;
        let place = format!("Dir::Cache::archives={}", folder.display());
        let install = ["--quiet", "--yes", "--download-only", "-o", &place, "-t", suite, "install"];
        self.run("apt-get", &[&install, wanted].concat())?;
        archives(&folder, "")
    }

    /// Downloads one package alone; where the lists of an earlier run know it no longer, with fresh ones.
    fn download(&self, package: &str) -> Result<Vec<PathBuf>> {
        eprintln!("e2e: fetching {package}");
        let download = || self.run("apt-get", &["--quiet", "download", package]);
        if download().is_err() {
            self.prepare()?;
            download()?;
        }
        archives(&self.folder.join("cache/archives"), &format!("{package}_"))
    }

    fn dependency(&self, package: &str) -> Result<String> {
        let text = self.run("apt-cache", &["depends", package])?;
        let name = text.lines().find_map(|line| line.trim().strip_prefix("Depends: "));
        Ok(name.with_context(|| format!("package {package} depends on nothing"))?.to_owned())
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<String> {
        let output = Command::new(program)
            .args(arguments)
            .env("APT_CONFIG", self.folder.join("apt.conf"))
            .env("LC_ALL", "C")
            .current_dir(self.folder.join("cache/archives"))
            .output()
            .with_context(|| format!("cannot run {program}"))
            .context(Unavailable)?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            return Err(anyhow!("{program} {}: {}", arguments.join(" "), words.trim()).context(Unavailable));
        }
        Ok(String::from_utf8(output.stdout)?)
    }
}

/// Downloaded packages whose file name starts so.
fn archives(folder: &Path, prefix: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(prefix) && name.ends_with(".deb") {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
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
        "Acquire::Retries \"3\";\n",
        "APT::Architecture \"amd64\";\n",
        "APT::Architectures \"amd64\";\n",
        "APT::Install-Recommends \"false\";\n",
        "APT::Sandbox::User \"root\";\n",
    ));
    Ok(text)
}

/// Unpacks packages into a folder, which is there only when all of them are in it.
fn unpack(archives: &[PathBuf], folder: &Path) -> Result<()> {
    let mut unfinished = folder.as_os_str().to_owned();
    unfinished.push(".unfinished");
    let unfinished = PathBuf::from(unfinished);
    fs::remove_dir_all(&unfinished).ok();
    fs::create_dir_all(&unfinished)?;
    for archive in archives {
        let status = Command::new("dpkg-deb").arg("-x").arg(archive).arg(&unfinished).status()?;
        ensure!(status.success(), "dpkg-deb -x {}: {status}", archive.display());
    }
    fs::rename(unfinished, folder)?;
    Ok(())
}
