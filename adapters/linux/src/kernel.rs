//! Where the kernel says what, and how much of it is read.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use lanewarden_pci::Address;
use rustix::io::Errno;

/// More than any text attribute has: the kernel gives a page at most.
const ATTRIBUTE_SIZE: u64 = 4096;

/// The kernel's files, under a root that is `/` outside tests.
#[derive(Debug)]
pub struct Kernel {
    root: PathBuf,
}

impl Kernel {
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// A path below the root.
    pub fn path(&self, below: &str) -> PathBuf {
        self.root.join(below)
    }

    /// The directory of one function.
    pub fn function(&self, address: Address) -> PathBuf {
        self.functions().join(address.to_string())
    }

    /// The directory of all functions.
    pub fn functions(&self) -> PathBuf {
        self.path("sys/bus/pci/devices")
    }

    /// Whether lockdown is in force, in either of its two levels: both forbid writing configuration space, whoever
    /// asks. A kernel without lockdown has no such file.
    pub fn is_locked_down(&self) -> bool {
        let mode = attribute(&self.path("sys/kernel/security/lockdown")).unwrap_or_default();
        mode.contains("[integrity]") || mode.contains("[confidentiality]")
    }
}

/// A text attribute without its line end.
pub fn attribute(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(ATTRIBUTE_SIZE).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).trim_end().to_owned())
}

/// A whole file of at most `most` bytes; EFBIG where it is longer.
pub fn whole(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = File::open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    let fits = u64::try_from(read).is_ok_and(|read| read <= most);
    if fits { Ok(bytes) } else { Err(Errno::FBIG.into()) }
}

/// The names in a directory, in no order. One that is not there has none.
pub fn names(directory: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

/// The last component of what a symbolic link points to.
pub fn link_name(path: &Path) -> Option<String> {
    let target = fs::read_link(path).ok()?;
    target.file_name().map(|name| name.to_string_lossy().into_owned())
}

/// The function whose directory has this name. Only the kernel's own spelling counts.
pub fn function_named(name: &OsStr) -> Option<Address> {
    let name = name.to_str()?;
    let address: Address = name.parse().ok()?;
    (address.to_string() == name).then_some(address)
}

/// Whether `name` is `prefix` and a number.
pub fn is_numbered(name: &str, prefix: &str) -> bool {
    let digits = name.strip_prefix(prefix).unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}
