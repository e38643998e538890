//! What of the machine stands on a function: file systems, swap space, the way to the network.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use lanewarden_pci::Address;

use crate::kernel::{self, Kernel};

/// More than a list of mounts or routes has.
const TABLE_SIZE: u64 = 1 << 22;
/// RTF_REJECT: a route to nowhere.
const REJECTED: u32 = 0x0200;

/// One thing that would break if the function were taken away.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// A file system is mounted that lies on it.
    Mount {
        /// The block device.
        device: String,
        /// Where it is mounted, as the kernel spells it.
        place: String,
    },
    /// It holds swap space.
    Swap {
        /// The block device.
        device: String,
    },
    /// The default route goes through it.
    DefaultRoute {
        /// The network interface that the route names.
        interface: String,
    },
    /// One of the kernel's tables cannot be read, or is longer than any should be.
    Unknown {
        /// Which, below the root.
        table: &'static str,
    },
}

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mount { device, place } => write!(f, "{device} on it is mounted at {place}"),
            Self::Swap { device } => write!(f, "{device} on it is swap space"),
            Self::DefaultRoute { interface } => write!(f, "the default route goes through {interface}"),
            Self::Unknown { table } => write!(f, "what stands on it is not known: /{table} cannot be read"),
        }
    }
}

/// All that stands on the function, sorted. Mounts are those of the first process and of this one.
pub fn uses_of(kernel: &Kernel, address: Address) -> Vec<Use> {
    let Ok(function) = fs::canonicalize(kernel.function(address)) else { return Vec::new() };
    let blocks = Blocks::on(kernel, &function);
    let mut uses = BTreeSet::new();
    let mut table = |table: &'static str| {
        text(kernel, table).unwrap_or_else(|| {
            uses.insert(Use::Unknown { table });
            String::new()
        })
    };
    let (own, swaps) = (table("proc/self/mountinfo"), table("proc/swaps"));
    let (v4, v6) = (table("proc/net/route"), table("proc/net/ipv6_route"));
    // Not everybody may see those of the first process.
    let first = text(kernel, "proc/1/mountinfo").unwrap_or_default();
    uses.extend(first.lines().chain(own.lines()).filter_map(|line| blocks.mount(line)));
    uses.extend(swaps.lines().filter_map(|line| blocks.swap(line)));
    let routes = v4.lines().filter_map(default_v4).chain(v6.lines().filter_map(default_v6));
    let through = routes.filter(|interface| stands_on(kernel, interface, &function));
    uses.extend(through.map(|interface| Use::DefaultRoute { interface: interface.to_owned() }));
    uses.into_iter().collect()
}

/// A table that a kernel may be without; `None` where it has it and does not show it.
fn text(kernel: &Kernel, below: &str) -> Option<String> {
    match kernel::whole(&kernel.path(below), TABLE_SIZE) {
        Ok(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) => (error.kind() == std::io::ErrorKind::NotFound).then(String::new),
    }
}

/// Block devices by name, number and what they are called in `/dev`.
struct Blocks(Vec<Block>);

struct Block {
    name: String,
    number: Option<String>,
    /// The name of a device mapper's device.
    mapped: Option<String>,
}

impl Blocks {
    /// Those that lie on the function, and those that are made of them.
    fn on(kernel: &Kernel, function: &Path) -> Self {
        let class = kernel.path("sys/class/block");
        let all: Vec<(String, PathBuf)> = kernel::names(&class)
            .unwrap_or_default()
            .into_iter()
            .filter_map(|name| Some((name.clone(), fs::canonicalize(class.join(&name)).ok()?)))
            .collect();
        let mut found = BTreeSet::new();
        let mut next: Vec<&str> = below(&all, function);
        while let Some(name) = next.pop() {
            if !found.insert(name) {
                continue;
            }
            let holders = kernel::names(&class.join(name).join("holders")).unwrap_or_default();
            let above =
                all.iter().map(|(name, _)| name.as_str()).filter(|held| holders.iter().any(|h| h == held));
            next.extend(above);
            let head = multipath_head(name);
            if let Some((_, disk)) = all.iter().find(|(name, _)| Some(name) == head.as_ref()) {
                next.extend(below(&all, disk));
            }
        }
        Self(found.into_iter().map(|name| Block::named(&class, name)).collect())
    }

    fn find(&self, source: &str, number: Option<&str>) -> Option<&Block> {
        self.0.iter().find(|block| {
            let same_number = number.is_some() && block.number.as_deref() == number;
            same_number
                || source.strip_prefix("/dev/") == Some(&block.name)
                || block.mapped.is_some() && source.strip_prefix("/dev/mapper/") == block.mapped.as_deref()
        })
    }

    /// A line of `mountinfo`: ID, parent, number, root, place, options, ..., `-`, kind, source, ...
    fn mount(&self, line: &str) -> Option<Use> {
        let (left, right) = line.split_once(" - ")?;
        let mut fields = left.split(' ').skip(2);
        let (number, place) = (fields.next()?, fields.nth(1)?);
        let source = right.split(' ').nth(1)?;
        let device = self.find(source, Some(number))?.name.clone();
        Some(Use::Mount { device, place: place.to_owned() })
    }

    fn swap(&self, line: &str) -> Option<Use> {
        let device = self.find(line.split_whitespace().next()?, None)?.name.clone();
        Some(Use::Swap { device })
    }
}

impl Block {
    fn named(class: &Path, name: &str) -> Self {
        let read = |below: &str| kernel::attribute(&class.join(name).join(below)).ok();
        Self { name: name.to_owned(), number: read("dev"), mapped: read("dm/name") }
    }
}

/// The names of devices whose place is there or below.
fn below<'a>(all: &'a [(String, PathBuf)], place: &Path) -> Vec<&'a str> {
    all.iter().filter(|(_, path)| path.starts_with(place)).map(|(name, _)| name.as_str()).collect()
}

/// The disk that a path of it belongs to: `nvme0c1n2` is a path of `nvme0n2`, which lies elsewhere in the tree.
fn multipath_head(name: &str) -> Option<String> {
    let (subsystem, rest) = name.strip_prefix("nvme")?.split_once('c')?;
    let (_, namespace) = rest.split_once('n')?;
    Some(format!("nvme{subsystem}n{namespace}"))
}

/// The interface of a default route in `/proc/net/route`.
fn default_v4(line: &str) -> Option<&str> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let is_zero = |index: usize| fields.get(index) == Some(&"00000000");
    if is_zero(1) && is_zero(7) { fields.first().copied() } else { None }
}

/// The same in `/proc/net/ipv6_route`.
fn default_v6(line: &str) -> Option<&str> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let &[destination, prefix, .., flags, interface] = fields.as_slice() else { return None };
    let flags = u32::from_str_radix(flags, 16).ok()?;
    let is_default = destination.bytes().all(|byte| byte == b'0') && prefix == "00" && flags & REJECTED == 0;
    (is_default && interface != "lo").then_some(interface)
}

/// Whether an interface, or one below it (of a bond, a bridge, a VLAN), is the function's.
fn stands_on(kernel: &Kernel, interface: &str, function: &Path) -> bool {
    let class = kernel.path("sys/class/net");
    let mut seen = BTreeSet::new();
    let mut next = vec![interface.to_owned()];
    while let Some(name) = next.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        let Ok(place) = fs::canonicalize(class.join(&name)) else { continue };
        if place.starts_with(function) {
            return true;
        }
        let entries = kernel::names(&place).unwrap_or_default();
        next.extend(entries.iter().filter_map(|entry| entry.strip_prefix("lower_")).map(str::to_owned));
        // Members of a bridge.
        next.extend(kernel::names(&place.join("brif")).unwrap_or_default());
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Tree, address};

    const DISK: &str = "0000:01:00.0";
    const NIC: &str = "0000:02:00.0";

    /// The functions are where the kernel has them, and the bus has links to them.
    fn tree() -> Tree {
        let tree = Tree::new();
        for function in [DISK, NIC] {
            tree.file(&format!("sys/devices/pci0000:00/{function}/class"), "");
            tree.link(
                &format!("sys/bus/pci/devices/{function}"),
                &format!("../../../devices/pci0000:00/{function}"),
            );
        }
        tree
    }

    fn block(tree: &Tree, name: &str, place: &str, number: &str) {
        tree.file(&format!("sys/devices/{place}/dev"), number);
        tree.link(&format!("sys/class/block/{name}"), &format!("../../devices/{place}"));
    }

    fn uses(tree: &Tree, function: &str) -> Vec<String> {
        let uses = uses_of(&Kernel::at(tree.root()), address(function));
        uses.iter().map(ToString::to_string).collect()
    }

    fn mounts(tree: &Tree, lines: &str) {
        tree.file("proc/self/mountinfo", lines);
    }

    #[test]
    fn a_mounted_partition_is_a_use_of_its_disks_function() {
        let tree = tree();
        block(&tree, "sda", &format!("pci0000:00/{DISK}/ata1/block/sda"), "8:0\n");
        block(&tree, "sda1", &format!("pci0000:00/{DISK}/ata1/block/sda/sda1"), "8:1\n");
        mounts(&tree, "22 1 0:21 / /proc rw - proc proc rw\n");
        assert_eq!(uses(&tree, DISK), [""; 0]);
        mounts(&tree, "29 1 8:1 / / rw,relatime shared:1 - ext4 /dev/root rw\n");
        assert_eq!(uses(&tree, DISK), ["sda1 on it is mounted at /"]);
        assert_eq!(uses(&tree, NIC), [""; 0]);
    }

    #[test]
    fn a_file_system_with_a_number_of_its_own_is_known_by_its_source() {
        let tree = tree();
        block(&tree, "sda1", &format!("pci0000:00/{DISK}/block/sda1"), "8:1\n");
        mounts(&tree, "29 1 0:44 /sub /home rw - btrfs /dev/sda1 rw\n");
        assert_eq!(uses(&tree, DISK), ["sda1 on it is mounted at /home"]);
    }

    #[test]
    fn what_is_made_of_a_disk_stands_on_it() {
        let tree = tree();
        block(&tree, "sda", &format!("pci0000:00/{DISK}/block/sda"), "8:0\n");
        block(&tree, "dm-0", "virtual/block/dm-0", "253:0\n");
        tree.file("sys/devices/virtual/block/dm-0/dm/name", "vg-swap\n");
        tree.file(&format!("sys/devices/pci0000:00/{DISK}/block/sda/holders/dm-0/x"), "");
        tree.file("proc/swaps", "Filename Type\n/dev/mapper/vg-swap partition 1 0 -2\n");
        assert_eq!(uses(&tree, DISK), ["dm-0 on it is swap space"]);
    }

    #[test]
    fn a_drive_with_several_paths_has_its_disk_elsewhere() {
        let tree = tree();
        block(&tree, "nvme0c0n1", &format!("pci0000:00/{DISK}/nvme/nvme0/nvme0c0n1"), "");
        block(&tree, "nvme0n1", "virtual/nvme-subsystem/nvme-subsys0/nvme0n1", "259:0\n");
        block(&tree, "nvme0n1p2", "virtual/nvme-subsystem/nvme-subsys0/nvme0n1/nvme0n1p2", "259:2\n");
        mounts(&tree, "29 1 259:2 / /data rw - xfs /dev/nvme0n1p2 rw\n");
        assert_eq!(uses(&tree, DISK), ["nvme0n1p2 on it is mounted at /data"]);
    }

    #[test]
    fn a_default_route_is_followed_down_to_its_function() {
        let tree = tree();
        tree.file(&format!("sys/devices/pci0000:00/{NIC}/net/eth0/mtu"), "1500");
        tree.link("sys/class/net/eth0", &format!("../../devices/pci0000:00/{NIC}/net/eth0"));
        tree.file("sys/devices/virtual/net/bond0/lower_eth0/x", "");
        tree.link("sys/class/net/bond0", "../../devices/virtual/net/bond0");
        let head = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n";
        tree.file("proc/net/route", format!("{head}eth0\t000000A9\t0\t1\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"));
        assert_eq!(uses(&tree, NIC), [""; 0]);
        tree.file("proc/net/route", format!("{head}bond0\t00000000\t1\t3\t0\t0\t0\t00000000\t0\t0\t0\n"));
        assert_eq!(uses(&tree, NIC), ["the default route goes through bond0"]);
        assert_eq!(uses(&tree, DISK), [""; 0]);
    }

    /// Rather once too often than a root file system away.
    #[test]
    fn a_table_that_cannot_be_read_may_name_anything() {
        let tree = tree();
        tree.file("proc/self/mountinfo/x", "");
        assert_eq!(
            uses(&tree, DISK),
            ["what stands on it is not known: /proc/self/mountinfo cannot be read"]
        );
    }

    #[test]
    fn a_rejecting_route_is_no_way_out() {
        let zeros = "0".repeat(32);
        let route = |flags: &str, interface: &str| {
            format!("{zeros} 00 {zeros} 00 {zeros} 00000400 00000001 00000000 {flags}     {interface}")
        };
        assert_eq!(default_v6(&route("00450003", "eth0")), Some("eth0"));
        assert_eq!(default_v6(&route("00200200", "eth0")), None);
        assert_eq!(default_v6(&route("00450003", "lo")), None);
        assert_eq!(default_v6(""), None);
    }
}
