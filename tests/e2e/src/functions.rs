//! The functions of the machine that have mailboxes, found in sysfs.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use lanewarden_pci::MailboxId;

use crate::doe::Mailbox;
use crate::system::{read_line, wait_for};

const CLASS_CXL_MEMORY: u32 = 0x05_0210;
const CLASS_NVME: u32 = 0x01_0802;
const CLASS_NETWORK: u32 = 0x02_0000;
const CLASS_BRIDGE: u32 = 0x06_0400;
const UPSTREAM_PORT: u32 = 5;

/// The machine's functions by what they are.
pub struct Functions {
    /// The two memories, by serial number: the first with the emulator's own table, the second with ours.
    pub memories: [String; 2],
    /// The CXL switch's upstream port.
    pub switch: String,
    /// The NVMe drives, whose mailboxes speak SPDM.
    pub drives: Drives,
}

/// The drives, by the serial number that the machine gave each. They differ only in who answers for them outside.
pub struct Drives {
    /// Its certificate names it, and its root is a trust anchor.
    pub trusted: String,
    /// The same, but its root is no trust anchor.
    pub stranger: String,
    /// Its root is a trust anchor, but its signatures are wrong.
    pub forger: String,
}

impl Drives {
    fn find() -> Result<Self> {
        let of =
            |serial| wait_for(&format!("a drive with serial number {serial}"), || with_drive_serial(serial));
        Ok(Self { trusted: of("trusted")?, stranger: of("stranger")?, forger: of("forger")? })
    }

    /// Each with the name it has in the report.
    pub fn all(&self) -> [(&'static str, &str); 3] {
        [("nvme", &self.trusted), ("nvme stranger", &self.stranger), ("nvme forger", &self.forger)]
    }
}

impl Functions {
    /// Looks for them.
    pub fn find() -> Result<Self> {
        let memories = of_class(CLASS_CXL_MEMORY)?;
        Ok(Self {
            memories: [with_serial(&memories, 1)?, with_serial(&memories, 2)?],
            switch: upstream_port()?,
            drives: Drives::find()?,
        })
    }

    /// Each with the name it has in the report and the protocols its mailbox must speak.
    pub fn all(&self) -> [(&'static str, &str, &'static [&'static str]); 6] {
        const TABLE: &[&str] = &["0001:00", "1e98:02"];
        const SPDM: &[&str] = &["0001:00", "0001:01", "0001:02"];
        let [trusted, stranger, forger] = self.drives.all().map(|(name, address)| (name, address, SPDM));
        [
            ("memory 1", &self.memories[0], TABLE),
            ("memory 2", &self.memories[1], TABLE),
            ("switch", &self.switch, TABLE),
            trusted,
            stranger,
            forger,
        ]
    }
}

/// The one network interface, which has no mailbox and, in the guest's kernel, no driver.
pub fn network() -> Result<String> {
    let mut found = of_class(CLASS_NETWORK)?;
    ensure!(found.len() == 1, "the machine has {} network interfaces", found.len());
    found.pop().context("no network interface")
}

/// The sysfs folder of a function.
pub fn folder(address: &str) -> PathBuf {
    PathBuf::from("/sys/bus/pci/devices").join(address)
}

/// The addresses, ascending, of all functions with this class code.
fn of_class(class: u32) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/sys/bus/pci/devices")? {
        let path = entry?.path();
        let text = read_line(path.join("class"))?;
        if u32::from_str_radix(text.trim_start_matches("0x"), 16)? == class {
            found.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    found.sort();
    Ok(found)
}

fn with_serial(addresses: &[String], serial: u64) -> Result<String> {
    for address in addresses {
        let mailbox = Mailbox::open(address)?;
        let at = mailbox.capability(0x03)?.with_context(|| format!("{address} has no serial number"))?;
        if u64::from(mailbox.register(at + 8)?) << 32 | u64::from(mailbox.register(at + 4)?) == serial {
            return Ok(address.clone());
        }
    }
    anyhow::bail!("no memory has serial number {serial}")
}

/// The drive whose driver has read this serial number and is ready.
fn with_drive_serial(serial: &str) -> Result<Option<String>> {
    for address in of_class(CLASS_NVME)? {
        if let Some(controller) = controller(&address)
            && read_line(controller.join("serial"))?.trim() == serial
            && read_line(controller.join("state"))? == "live"
        {
            return Ok(Some(address));
        }
    }
    Ok(None)
}

/// What the driver made of a drive.
pub fn controller(address: &str) -> Option<PathBuf> {
    let mut entries = fs::read_dir(folder(address).join("nvme")).ok()?;
    Some(entries.next()?.ok()?.path())
}

/// The bridge with a mailbox: it must be the one upstream port.
fn upstream_port() -> Result<String> {
    let mut found: Vec<String> = of_class(CLASS_BRIDGE)?;
    found.retain(|address| port_type(address).is_ok_and(|kind| kind == UPSTREAM_PORT));
    ensure!(found.len() == 1, "the machine has {} upstream ports", found.len());
    found.pop().context("no upstream port")
}

/// The device/port type in the PCI Express capability.
fn port_type(address: &str) -> Result<u32> {
    let config = fs::read(folder(address).join("config"))?;
    let mut at = usize::from(config[0x34] & 0xfc);
    while at != 0 && config[at] != 0x10 {
        at = usize::from(config[at + 1] & 0xfc);
    }
    ensure!(at != 0, "{address} is not PCI Express");
    Ok(u32::from(config[at + 2] >> 4))
}

/// The mailbox of a function, as the daemon names it.
pub fn mailbox(address: &str) -> Result<MailboxId> {
    let offset = u16::try_from(Mailbox::open(address)?.offset)?;
    Ok(MailboxId { address: address.parse()?, offset })
}
