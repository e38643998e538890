//! The machine's parts, as a scenario names them.

use std::path::PathBuf;

use serde::Deserialize;

use super::spdm::Spdm;
use super::value::{ClassCode, Generation, HexBytes, ProtocolName, Serial, Width};

/// A host bridge: the root of one hierarchy.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bridge {
    /// Segment group; 0 if not given.
    #[serde(default)]
    pub segment: u16,
    /// ACPI `_UID`, by which the firmware tables name it.
    pub uid: u32,
    /// Number of its root bus; if not given, the start of an equal share of its segment's buses.
    pub root_bus: Option<u8>,
    /// Whether CXL runs below it.
    #[serde(default)]
    pub cxl: bool,
    /// The way from the processor to this bridge, which ACPI states for a generic port. Without it there is no
    /// generic port.
    pub host: Option<Figures>,
    /// Its root ports.
    #[serde(default)]
    pub ports: Vec<Port>,
    /// Endpoints that are integrated into the root complex, on the root bus itself.
    #[serde(default)]
    pub functions: Vec<Function>,
}

/// A port that leads downwards: a root port, or a downstream port of a switch. A switch or a device may be below it;
/// with neither it is an empty slot.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Port {
    /// What faults call it.
    pub name: Option<String>,
    /// Device number on its bus; given out in order if not said. A device number holds up to eight ports.
    pub device: Option<u8>,
    /// Function number, 0 if not said.
    pub function: Option<u8>,
    /// Identity.
    pub id: Option<Id>,
    /// Serial number.
    pub serial: Option<Serial>,
    /// Its end of the link below it.
    pub link: Option<Link>,
    /// Interrupt vectors.
    pub interrupts: Option<Interrupts>,
    /// Mailboxes.
    #[serde(default)]
    pub doe: Vec<Doe>,
    /// Link encryption.
    pub ide: Option<Ide>,
    /// How its mailboxes answer SPDM.
    pub spdm: Option<Spdm>,
    /// The name of the kernel driver that has it.
    pub driver: Option<String>,
    /// The switch below it.
    pub switch: Option<Box<Switch>>,
    /// The functions of the device below it.
    #[serde(default)]
    pub functions: Vec<Function>,
}

/// A switch; what is said of it directly belongs to its upstream port.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    /// What faults call it.
    pub name: Option<String>,
    /// Identity.
    pub id: Option<Id>,
    /// Serial number.
    pub serial: Option<Serial>,
    /// Its end of the link above it.
    pub link: Option<Link>,
    /// Interrupt vectors.
    pub interrupts: Option<Interrupts>,
    /// Mailboxes. Not given, a CXL switch has one for table access.
    pub doe: Option<Vec<Doe>>,
    /// Link encryption.
    pub ide: Option<Ide>,
    /// How its mailboxes answer SPDM.
    pub spdm: Option<Spdm>,
    /// The name of the kernel driver that has it.
    pub driver: Option<String>,
    /// The way through it, from its upstream port to each downstream port.
    #[serde(default)]
    pub figures: Figures,
    /// The table it gives instead of the one made from `figures`.
    pub cdat: Option<Cdat>,
    /// Its downstream ports.
    #[serde(default)]
    pub ports: Vec<Port>,
}

/// What kind of endpoint a function is; gives the defaults of all that is not said of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// CXL memory (type 3).
    Memory,
    /// NVMe drive.
    Nvme,
    /// Accelerator, GPU-like; with `cxl = true` a CXL device of type 2.
    Accelerator,
    /// Network interface.
    Nic,
    /// Any other.
    Endpoint,
}

/// A function of a device.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// What it is.
    pub kind: Kind,
    /// What faults call it.
    pub name: Option<String>,
    /// Function number; given out in order if not said.
    pub function: Option<u8>,
    /// Identity.
    pub id: Option<Id>,
    /// Serial number.
    pub serial: Option<Serial>,
    /// Its end of the link. Read from the first function of a device, which speaks for all.
    pub link: Option<Link>,
    /// Interrupt vectors.
    pub interrupts: Option<Interrupts>,
    /// Mailboxes. Not given, a CXL memory has one for table access.
    pub doe: Option<Vec<Doe>>,
    /// Link encryption.
    pub ide: Option<Ide>,
    /// How its mailboxes answer SPDM.
    pub spdm: Option<Spdm>,
    /// The name of the kernel driver that has it.
    pub driver: Option<String>,
    /// An accelerator speaks CXL too. Memory always does.
    #[serde(default)]
    pub cxl: bool,
    /// The ranges of its memory, in the order of device physical addresses.
    #[serde(default)]
    pub memory: Vec<MemoryRange>,
    /// The table it gives instead of the one made from `memory`.
    pub cdat: Option<Cdat>,
}

/// Who made a function and what it says it is for.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Id {
    /// Vendor ID.
    pub vendor: Option<u16>,
    /// Device ID.
    pub device: Option<u16>,
    /// Revision ID.
    pub revision: Option<u8>,
    /// Class code.
    pub class: Option<ClassCode>,
    /// Subsystem vendor ID.
    pub subsystem_vendor: Option<u16>,
    /// Subsystem ID.
    pub subsystem: Option<u16>,
}

/// One end of a link.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The fastest it can.
    pub generation: Generation,
    /// The lanes it has.
    pub width: Width,
    /// What the link was trained to, where that is less than both ends can.
    pub trained: Option<Trained>,
}

/// What a link was trained to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trained {
    /// Its speed.
    pub generation: Generation,
    /// Its lanes.
    pub width: Width,
}

/// Interrupt vectors a function has.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interrupts {
    /// MSI messages: 0, or a power of two up to 32.
    #[serde(default)]
    pub msi: u8,
    /// MSI-X table entries, up to 2048.
    #[serde(default)]
    pub msix: u16,
}

/// A mailbox.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Doe {
    /// What it speaks besides discovery, in the order discovery lists it. A protocol that is neither PCI-SIG's nor
    /// CXL's has its payload sent back. `compliance` is answered. `cma_spdm` is answered as the function's `spdm` says
    /// once a responder is attached ([`crate::Simulator::spdm_devices`]), and stays silent before. Where
    /// `secured_cma_spdm` is beside it, sessions can be opened, whose messages come in that; so with the two of
    /// connections. More than that needs a handler ([`crate::Simulator::attach`]).
    #[serde(default)]
    pub protocols: Vec<ProtocolName>,
    /// Version of the capability, 1 or 2; 1 if not given.
    pub version: Option<u8>,
    /// Message number of its interrupt; without one it has none.
    pub interrupt: Option<u16>,
    /// How long an answer takes, in microseconds; 100 if not given.
    pub answer_us: Option<u32>,
    /// How long an abort takes, in microseconds; 10 if not given.
    pub abort_us: Option<u32>,
    /// The longest object it takes, in DW; 1024 if not given.
    pub max_dwords: Option<u32>,
    /// The kernel driver that uses it.
    pub claimed_by: Option<String>,
}

/// The IDE capability.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ide {
    /// Link IDE is supported.
    #[serde(default)]
    pub link: bool,
    /// How many traffic classes have a link stream, 1 to 8.
    pub traffic_classes: Option<u8>,
    /// How many selective streams there are, up to 255; 0 for no selective IDE.
    #[serde(default)]
    pub selective_streams: u8,
    /// How many address association blocks each selective stream has, up to 15.
    #[serde(default)]
    pub address_blocks: u8,
    /// Flow-through streams are supported.
    #[serde(default)]
    pub flow_through: bool,
    /// Keys can be managed over SPDM.
    #[serde(default)]
    pub ide_km: bool,
    /// Selective IDE for configuration requests.
    #[serde(default)]
    pub config_requests: bool,
}

/// A range of a device's memory.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemoryRange {
    /// Size in MiB, a multiple of 256.
    pub size_mib: u64,
    /// Keeps its content without power.
    #[serde(default)]
    pub persistent: bool,
    /// From a read at the device to its data, in nanoseconds.
    pub read_latency_ns: Option<u32>,
    /// From a write at the device to its completion, in nanoseconds.
    pub write_latency_ns: Option<u32>,
    /// Sustained reads, in MB/s.
    pub read_bandwidth_mb_per_s: Option<u32>,
    /// Sustained writes, in MB/s.
    pub write_bandwidth_mb_per_s: Option<u32>,
}

impl MemoryRange {
    /// Its figures.
    #[must_use]
    pub const fn figures(&self) -> Figures {
        Figures {
            read_latency_ns: self.read_latency_ns,
            write_latency_ns: self.write_latency_ns,
            read_bandwidth_mb_per_s: self.read_bandwidth_mb_per_s,
            write_bandwidth_mb_per_s: self.write_bandwidth_mb_per_s,
        }
    }
}

/// Latency and bandwidth of a part of the way; what is not given is not stated by the machine either.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// Reads, in nanoseconds.
    pub read_latency_ns: Option<u32>,
    /// Writes, in nanoseconds.
    pub write_latency_ns: Option<u32>,
    /// Reads, in MB/s.
    pub read_bandwidth_mb_per_s: Option<u32>,
    /// Writes, in MB/s.
    pub write_bandwidth_mb_per_s: Option<u32>,
}

/// A raw table, well formed or not.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cdat {
    /// Its bytes.
    Hex(HexBytes),
    /// A file that holds them, named from the scenario's own folder.
    File(PathBuf),
}
