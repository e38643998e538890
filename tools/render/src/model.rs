//! What there is to draw: the functions of a machine as a tree, with links, mailboxes and path figures.
//!
//! All text may come from a peer and is escaped and cut by the renderers; the model takes it as it is. Trees are walked
//! by recursion: their depth is that of bus numbers below one another, so at most 256 and a few.

/// A machine, or a part of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topology {
    /// What the picture is of, such as the host's name.
    pub title: String,
    /// One line more: when and how it was seen, what could not be seen.
    pub subtitle: String,
    /// The host bridges, or whatever the listing starts at.
    pub roots: Vec<Node>,
}

/// A function, or a host bridge, and all below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Its address as the user types it, such as `0000:02:00.0`, or `pci0000:00` for a host bridge.
    pub address: String,
    /// Vendor and device by name; may be empty.
    pub name: String,
    /// The kernel's names for it, such as `mem0` and `endpoint2`.
    pub aliases: Vec<String>,
    /// The link up to its parent; `None` where there is none (a host bridge, a root port, inside a switch).
    pub link: Option<Link>,
    /// Its DOE mailboxes, in the order of their offsets.
    pub mailboxes: Vec<Mailbox>,
    /// How far and how wide the path to its memory is.
    pub figures: Option<Figures>,
    /// The memory in it, in bytes.
    pub capacity: Option<u64>,
    /// The paths that are no wider than this hop lets them be.
    pub limits: Option<Limits>,
    /// Anything else worth a line, such as why it could not be read.
    pub note: Option<String>,
    /// What is below it.
    pub children: Vec<Self>,
}

/// What a function is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The start of a hierarchy.
    HostBridge,
    /// A root port.
    RootPort,
    /// The upstream port of a switch.
    UpstreamPort,
    /// A downstream port of a switch.
    DownstreamPort,
    /// A function that is none of the kinds below.
    Endpoint,
    /// Memory, such as a CXL type-3 device.
    Memory,
    /// A processor of its own: a GPU, an accelerator.
    Accelerator,
    /// A drive.
    Storage,
    /// A network adapter.
    Network,
    /// A bridge to a bus of another kind.
    Bridge,
    /// Anything else.
    #[default]
    Other,
}

impl Kind {
    /// Every kind, from the root of a tree to its leaves.
    pub const ALL: [Self; 11] = [
        Self::HostBridge,
        Self::RootPort,
        Self::UpstreamPort,
        Self::DownstreamPort,
        Self::Endpoint,
        Self::Memory,
        Self::Accelerator,
        Self::Storage,
        Self::Network,
        Self::Bridge,
        Self::Other,
    ];

    /// What a person calls it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::HostBridge => "Host bridge",
            Self::RootPort => "Root port",
            Self::UpstreamPort => "Switch upstream port",
            Self::DownstreamPort => "Switch downstream port",
            Self::Endpoint => "Endpoint",
            Self::Memory => "Memory",
            Self::Accelerator => "Accelerator",
            Self::Storage => "Storage",
            Self::Network => "Network",
            Self::Bridge => "Bridge",
            Self::Other => "Function",
        }
    }

    /// Whether it is there for what is below it.
    #[must_use]
    pub const fn is_port(self) -> bool {
        matches!(
            self,
            Self::HostBridge | Self::RootPort | Self::UpstreamPort | Self::DownstreamPort | Self::Bridge
        )
    }
}

/// A link in the state it is in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// Transfers per lane in MT/s, such as 32,000; 0 where it is not known.
    pub megatransfers: u32,
    /// Lanes; 0 where it is not known.
    pub width: u8,
    /// Where both ends could do more: what they could, such as `x16 capable`.
    pub degraded: Option<String>,
}

/// A DOE mailbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mailbox {
    /// Where its capability is in configuration space.
    pub offset: u16,
    /// What it speaks, by friendly name, such as `CDAT`.
    pub protocols: Vec<String>,
    /// Whether it can be used.
    pub state: State,
}

/// Whether a mailbox can be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// It answers.
    #[default]
    Ok,
    /// Someone else uses it: who.
    InUse(String),
    /// It does not answer as it should: what went wrong.
    Failed(String),
    /// It was left alone: why.
    NotAsked(String),
}

impl State {
    /// The state in words; `None` where there is nothing to say.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        let (state, detail) = match self {
            Self::Ok => return None,
            Self::InUse(by) => ("in use", by),
            Self::Failed(what) => ("failed", what),
            Self::NotAsked(why) => ("not asked", why),
        };
        Some(if detail.is_empty() { state.to_owned() } else { format!("{state}: {detail}") })
    }
}

/// How far and how wide the path to a memory is; what is not known is `None`, never 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// From a read to its data, in ns.
    pub read_latency_ns: Option<u64>,
    /// From a write to its completion, in ns.
    pub write_latency_ns: Option<u64>,
    /// Reads, in MB/s (10^6 bytes).
    pub read_bandwidth_mb_per_s: Option<u64>,
    /// Writes, in MB/s (10^6 bytes).
    pub write_bandwidth_mb_per_s: Option<u64>,
    /// Where the path starts, such as `processor` or `root port`.
    pub from: String,
    /// The hop that limits the bandwidth, in words.
    pub limited_by: Option<String>,
    /// Reads while everything else that shares the way is busy, in MB/s; `None` where that makes no difference.
    pub shared_read_bandwidth_mb_per_s: Option<u64>,
}

impl Figures {
    /// What sharing leaves, in words.
    pub(crate) fn shared(&self) -> Option<String> {
        let shared = self.shared_read_bandwidth_mb_per_s?;
        Some(format!("{} when shared", crate::units::bandwidth(shared)))
    }
}

/// That a hop is the narrowest of some paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Which part of the hop.
    pub hop: Hop,
    /// The memories at the ends of those paths, by their shortest names.
    pub memories: Vec<String>,
}

/// A part of a hop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hop {
    /// The link up to its parent.
    #[default]
    Link,
    /// The function itself.
    Function,
}
