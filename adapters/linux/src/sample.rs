//! A machine in a temporary directory, for the tests.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use lanewarden_pci::{Address, Image, MailboxId};
use tempfile::TempDir;

use crate::{Config, Sysfs};

/// Where the mailbox of [`Tree::endpoint`] is.
pub const MAILBOX: u16 = 0x190;

/// The tree; it goes when this is dropped.
pub struct Tree(TempDir);

impl Tree {
    /// Without any function.
    pub fn new() -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        fs::create_dir_all(tree.path("sys/bus/pci/devices")).unwrap();
        fs::create_dir(tree.path("run")).unwrap();
        tree
    }

    pub fn root(&self) -> &Path {
        self.0.path()
    }

    pub fn machine(&self) -> Sysfs {
        Sysfs::at(self.root())
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.root().join(below)
    }

    pub fn file(&self, below: &str, content: impl AsRef<[u8]>) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub fn link(&self, below: &str, target: &str) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
    }

    /// A function with this configuration space.
    pub fn function(&self, address: &str, config: &Image) -> &Self {
        self.file(&format!("sys/bus/pci/devices/{address}/config"), config.bytes());
        self
    }

    /// A function with one mailbox at [`MAILBOX`], behind another capability.
    pub fn endpoint(&self, address: &str) -> &Self {
        self.function(address, &endpoint())
    }

    pub fn driver(&self, address: &str, name: &str) -> &Self {
        let below = format!("sys/bus/pci/devices/{address}/driver");
        self.link(&below, &format!("../../../../bus/pci/drivers/{name}"));
        self
    }

    pub fn unbind(&self, address: &str) {
        fs::remove_file(self.path(&format!("sys/bus/pci/devices/{address}/driver"))).unwrap();
    }

    pub fn attribute(&self, address: &str, name: &str, text: &str) -> &Self {
        self.file(&format!("sys/bus/pci/devices/{address}/{name}"), text);
        self
    }

    /// `memN` below a function.
    pub fn memory(&self, name: &str, address: &str) -> &Self {
        let target = format!("../../../devices/pci0000:0c/0000:0c:00.0/{address}/{name}");
        self.link(&format!("sys/bus/cxl/devices/{name}"), &target);
        self
    }

    /// `portN` or `endpointN` for what `uport` ends with: a function, or a memory below one.
    pub fn port(&self, name: &str, uport: &str) -> &Self {
        let place = format!("sys/devices/platform/ACPI0017:00/root0/{name}");
        self.link(&format!("{place}/uport"), &format!("../../../../pci0000:0c/0000:0c:00.0/{uport}"));
        self.link(
            &format!("sys/bus/cxl/devices/{name}"),
            &format!("../../../devices/platform/ACPI0017:00/root0/{name}"),
        );
        self
    }

    pub fn lockdown(&self, mode: &str) -> &Self {
        self.file("sys/kernel/security/lockdown", format!("{mode}\n"));
        self
    }

    pub fn open(&self, address: &str) -> Config {
        use lanewarden_pci::Machine;
        self.machine().open(self::address(address)).unwrap()
    }
}

/// The address of a function.
pub fn address(text: &str) -> Address {
    text.parse().unwrap()
}

/// The mailbox of a function made by [`Tree::endpoint`].
pub fn mailbox(function: &str) -> MailboxId {
    MailboxId { address: address(function), offset: MAILBOX }
}

/// See [`Tree::endpoint`].
pub fn endpoint() -> Image {
    let serial_number = 0x1901_0003;
    let mailbox = 0x0002_002e;
    Image::new(4096).with(0, 0x0d93_8086).with(0x100, serial_number).with(MAILBOX, mailbox)
}
