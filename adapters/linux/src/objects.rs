//! The CXL core's objects, and on which function each hangs.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::DirEntryExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use lanewarden_pci::Address;

use crate::kernel::{self, Kernel};

/// The three kinds of object that hang on a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// `memN`: made by the function's own driver. Its place in the tree tells the function.
    Memory,
    /// `portN`, `endpointN`: these talk to the function's mailbox. Their link `uport` tells the function, or the memory
    /// below it.
    Port,
}

impl Kind {
    fn of(name: &str) -> Option<Self> {
        let is = |prefix| kernel::is_numbered(name, prefix);
        match () {
            () if is("mem") => Some(Self::Memory),
            () if is("port") || is("endpoint") => Some(Self::Port),
            () => None,
        }
    }

    fn link(self, entry: PathBuf) -> PathBuf {
        match self {
            Self::Memory => entry,
            Self::Port => entry.join("uport"),
        }
    }
}

/// The CXL bus, with a memory of which object hangs where.
///
/// Which objects there are is asked each time. Where one hangs is asked until there is an answer, which holds as long as
/// the object lives: a later one of the same name has another inode number.
#[derive(Debug, Default)]
pub struct Objects {
    known: Mutex<Places>,
}

impl Objects {
    /// The objects on a function, sorted by name.
    pub fn on(&self, kernel: &Kernel, address: Address) -> Vec<String> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        *known = present(kernel, &known);
        let on_it = known.iter().filter(|(_, place)| **place == address);
        let mut names: Vec<_> = on_it.map(|((name, _), _)| name.clone()).collect();
        names.sort();
        names
    }

    /// The ports and endpoints on a function, sorted by name, with their directories: those that use its mailbox.
    pub fn ports_on(&self, kernel: &Kernel, address: Address) -> Vec<(String, PathBuf)> {
        let bus = bus(kernel);
        let ports = self.on(kernel, address).into_iter().filter(|name| Kind::of(name) == Some(Kind::Port));
        ports.map(|name| (name.clone(), bus.join(name))).collect()
    }
}

/// By name and inode number.
type Places = HashMap<(String, u64), Address>;

/// The objects there are now, where they hang on a function.
fn present(kernel: &Kernel, known: &Places) -> Places {
    let mut present = Places::new();
    for entry in fs::read_dir(bus(kernel)).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(kind) = Kind::of(&name) else { continue };
        let key = (name, entry.ino());
        let place = known.get(&key).copied().or_else(|| place(&kind.link(entry.path())));
        present.extend(place.map(|place| (key, place)));
    }
    present
}

fn bus(kernel: &Kernel) -> PathBuf {
    kernel.path("sys/bus/cxl/devices")
}

/// The function that a link leads to, or to whose memory it leads.
fn place(link: &Path) -> Option<Address> {
    let target = fs::read_link(link).ok()?;
    let name = target.file_name()?;
    if Kind::of(&name.to_string_lossy()) == Some(Kind::Memory) {
        return kernel::function_named(target.parent()?.file_name()?);
    }
    kernel::function_named(name)
}
