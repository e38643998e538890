//! What a planned function is, and what it has where its scenario does not say.

use std::sync::LazyLock;

use lanewarden_doe::Protocol;
use lanewarden_pci::registers::pcie::PortType;

use super::trained;
use crate::scenario::{
    Cdat, Doe, Figures, Function, Generation, Id, Ide, Interrupts, Kind, Link, MemoryRange, Port, Problem,
    ProtocolName, Serial, Spdm, Switch, Trained, Width,
};

/// A function's part in the scenario.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part<'s> {
    Root(&'s Port),
    Downstream(&'s Port),
    Upstream(&'s Switch),
    Endpoint(&'s Function),
    Integrated(&'s Function),
}

/// A function's end of its link.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends {
    /// What this end can do; `None` where there is no link at all.
    pub own: Option<Link>,
    /// What the link was trained to; `None` where it is down.
    pub trained: Option<Trained>,
}

impl Ends {
    pub const NONE: Self = Self { own: None, trained: None };
}

/// Vendor, device, class, subsystem vendor and subsystem, where the scenario does not say.
type Identity = (u16, u16, u32, u16, u16);

const PORT: Identity = (0x1022, 0x153e, 0x06_0400, 0, 0);
const SWITCH: Identity = (0x1f16, 0xc500, 0x06_0400, 0, 0);

const fn identity(kind: Kind) -> Identity {
    match kind {
        Kind::Memory => (0x1b00, 0xc001, 0x05_0210, 0x1ff9, 0x00a2),
        Kind::Nvme => (0x144d, 0xac00, 0x01_0802, 0x144d, 0xac00),
        Kind::Accelerator => (0x10de, 0x2331, 0x03_0200, 0x10de, 0x1626),
        Kind::Nic => (0x15b3, 0x1021, 0x02_0000, 0x15b3, 0x0001),
        Kind::Endpoint => (0x1b36, 0x0005, 0x00_ff00, 0x1af4, 0x1100),
    }
}

/// A function's identity, complete.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identified {
    pub vendor: u16,
    pub device: u16,
    pub revision: u8,
    pub class: u32,
    pub subsystem_vendor: u16,
    pub subsystem: u16,
}

static TABLE_ACCESS: LazyLock<Vec<Doe>> = LazyLock::new(|| {
    vec![Doe {
        protocols: vec![ProtocolName(Protocol::CXL_TABLE_ACCESS)],
        version: None,
        interrupt: None,
        answer_us: None,
        abort_us: None,
        max_dwords: None,
        claimed_by: None,
    }]
});

impl<'s> Part<'s> {
    pub fn port_type(&self) -> PortType {
        match self {
            Self::Root(_) => PortType::RootPort,
            Self::Downstream(_) => PortType::SwitchDownstream,
            Self::Upstream(_) => PortType::SwitchUpstream,
            Self::Endpoint(_) => PortType::Endpoint,
            Self::Integrated(_) => PortType::IntegratedEndpoint,
        }
    }

    pub fn is_bridge(&self) -> bool {
        matches!(self, Self::Root(_) | Self::Downstream(_) | Self::Upstream(_))
    }

    pub fn name(&self) -> Option<&'s str> {
        match self {
            Self::Root(port) | Self::Downstream(port) => port.name.as_deref(),
            Self::Upstream(switch) => switch.name.as_deref(),
            Self::Endpoint(function) | Self::Integrated(function) => function.name.as_deref(),
        }
    }

    pub fn driver(&self) -> Option<&'s str> {
        match self {
            Self::Root(port) | Self::Downstream(port) => port.driver.as_deref(),
            Self::Upstream(switch) => switch.driver.as_deref(),
            Self::Endpoint(function) | Self::Integrated(function) => function.driver.as_deref(),
        }
    }

    pub fn identity(&self) -> Identified {
        let (said, (vendor, device, class, subsystem_vendor, subsystem)) = match self {
            Self::Root(port) => (port.id, PORT),
            Self::Downstream(port) => (port.id, SWITCH),
            Self::Upstream(switch) => (switch.id, SWITCH),
            Self::Endpoint(function) | Self::Integrated(function) => (function.id, identity(function.kind)),
        };
        let said: Id = said.unwrap_or_default();
        Identified {
            vendor: said.vendor.unwrap_or(vendor),
            device: said.device.unwrap_or(device),
            revision: said.revision.unwrap_or(1),
            class: said.class.map_or(class, |code| code.bits()),
            subsystem_vendor: said.subsystem_vendor.unwrap_or(subsystem_vendor),
            subsystem: said.subsystem.unwrap_or(subsystem),
        }
    }

    pub fn serial(&self) -> Option<Serial> {
        match self {
            Self::Root(port) | Self::Downstream(port) => port.serial,
            Self::Upstream(switch) => switch.serial,
            Self::Endpoint(function) | Self::Integrated(function) => function.serial,
        }
    }

    pub fn interrupts(&self) -> Interrupts {
        let (said, default) = match self {
            Self::Root(port) | Self::Downstream(port) => (port.interrupts, Interrupts { msi: 1, msix: 0 }),
            Self::Upstream(switch) => (switch.interrupts, Interrupts { msi: 1, msix: 0 }),
            Self::Endpoint(function) | Self::Integrated(function) => {
                (function.interrupts, default_interrupts(function.kind))
            }
        };
        said.unwrap_or(default)
    }

    pub fn ide(&self) -> Option<Ide> {
        match self {
            Self::Root(port) | Self::Downstream(port) => port.ide,
            Self::Upstream(switch) => switch.ide,
            Self::Endpoint(function) | Self::Integrated(function) => function.ide,
        }
    }

    /// How it answers SPDM, where that is said.
    pub fn spdm(&self) -> Option<&'s Spdm> {
        match self {
            Self::Root(port) | Self::Downstream(port) => port.spdm.as_ref(),
            Self::Upstream(switch) => switch.spdm.as_ref(),
            Self::Endpoint(function) | Self::Integrated(function) => function.spdm.as_ref(),
        }
    }

    /// Its mailboxes, in the order of their offsets.
    pub fn doe(&self, cxl: bool) -> &'s [Doe] {
        let (said, default) = match self {
            Self::Root(port) | Self::Downstream(port) => (Some(&port.doe), false),
            Self::Upstream(switch) => (switch.doe.as_ref(), cxl && has_figures(switch)),
            Self::Endpoint(function) | Self::Integrated(function) => {
                (function.doe.as_ref(), function.kind == Kind::Memory)
            }
        };
        match said {
            Some(said) => said,
            None if default => &TABLE_ACCESS,
            None => &[],
        }
    }

    pub fn memory(&self) -> &'s [MemoryRange] {
        match self {
            Self::Endpoint(function) | Self::Integrated(function) => &function.memory,
            _ => &[],
        }
    }

    pub fn cdat(&self) -> Option<&'s Cdat> {
        match self {
            Self::Upstream(switch) => switch.cdat.as_ref(),
            Self::Endpoint(function) | Self::Integrated(function) => function.cdat.as_ref(),
            _ => None,
        }
    }

    /// Whether the function itself speaks CXL, which for a port depends on where it is.
    pub fn speaks_cxl(&self, cxl: bool) -> bool {
        match self {
            Self::Endpoint(function) | Self::Integrated(function) => {
                function.kind == Kind::Memory || function.cxl && function.kind == Kind::Accelerator
            }
            _ => cxl,
        }
    }

    /// Sizes of its base address registers.
    pub fn bar_sizes(&self, cxl: bool) -> [Option<u64>; 2] {
        const KIB: u64 = 1 << 10;
        match self {
            Self::Endpoint(function) | Self::Integrated(function) => match function.kind {
                Kind::Memory => [Some(256 * KIB), None],
                Kind::Nvme => [Some(32 * KIB), None],
                Kind::Accelerator => [Some(16 << 20), Some(256 << 20)],
                Kind::Nic => [Some(32 << 20), None],
                Kind::Endpoint => [Some(64 * KIB), None],
            },
            _ if cxl => [Some(64 * KIB), None],
            _ => [None, None],
        }
    }

    /// What no register could hold, or makes no sense.
    pub fn check(&self) -> Result<(), Problem> {
        self.check_interrupts()?;
        self.check_mailboxes()?;
        self.check_memory()?;
        self.check_figures()?;
        if matches!(self.cdat(), Some(Cdat::File(_))) {
            return Err(Problem::FileWithoutFolder);
        }
        self.ide().map_or(Ok(()), |ide| check_ide(&ide))
    }

    fn check_interrupts(&self) -> Result<(), Problem> {
        let Interrupts { msi, msix } = self.interrupts();
        if msi != 0 && (msi > 32 || !msi.is_power_of_two()) {
            let allowed = "0, or a power of two up to 32";
            return Err(Problem::Range { what: "msi", value: msi.into(), allowed });
        }
        range("msix", msix.into(), msix <= 2048, "from 0 to 2048")
    }

    fn check_mailboxes(&self) -> Result<(), Problem> {
        let Interrupts { msi, msix } = self.interrupts();
        let vectors = if msix > 0 { msix } else { u16::from(msi) };
        // Without CXL there may be fewer, never more.
        for doe in self.doe(true) {
            let version = doe.version.unwrap_or(1);
            range("version", version.into(), matches!(version, 1 | 2), "1 or 2")?;
            let most = doe.max_dwords.unwrap_or(1024);
            range("max_dwords", most.into(), (8..=1 << 18).contains(&most), "from 8 to 262144")?;
            let protocols = doe.protocols.len();
            range("number of protocols", wide(protocols), protocols <= 255, "255 at most beside discovery")?;
            let message = doe.interrupt.filter(|message| *message >= vectors);
            if let Some(message) = message {
                return Err(Problem::NoVector { message, vectors });
            }
        }
        Ok(())
    }

    fn check_figures(&self) -> Result<(), Problem> {
        if let Self::Upstream(switch) = self {
            check_figures(&switch.figures)?;
        }
        self.memory().iter().try_for_each(|range| check_figures(&range.figures()))
    }

    fn check_memory(&self) -> Result<(), Problem> {
        let memory = self.memory();
        if !memory.is_empty() && !self.speaks_cxl(false) || memory.len() > 16 {
            return Err(Problem::Memory);
        }
        let fits = |size: u64| size > 0 && size.is_multiple_of(256) && size <= 1 << 32;
        match memory.iter().find(|range| !fits(range.size_mib)) {
            Some(range) => Err(Problem::MemorySize(range.size_mib)),
            None => Ok(()),
        }
    }
}

/// The longest latency in nanoseconds whose picoseconds still fit into the 32 bits that readers of the tables allow.
const MAX_LATENCY: u32 = u32::MAX / 1000;

/// Whether figures can be stated in the tables.
pub(crate) fn check_figures(figures: &Figures) -> Result<(), Problem> {
    let latencies =
        [("read_latency_ns", figures.read_latency_ns), ("write_latency_ns", figures.write_latency_ns)];
    for (what, value) in latencies {
        let value = value.unwrap_or(0);
        range(what, value.into(), value <= MAX_LATENCY, "4294967 at most")?;
    }
    Ok(())
}

fn check_ide(ide: &Ide) -> Result<(), Problem> {
    let classes = ide.traffic_classes.unwrap_or(1);
    range("traffic_classes", classes.into(), (1..=8).contains(&classes), "from 1 to 8")?;
    range("address_blocks", ide.address_blocks.into(), ide.address_blocks <= 15, "from 0 to 15")
}

fn range(what: &'static str, value: u64, holds: bool, allowed: &'static str) -> Result<(), Problem> {
    if holds { Ok(()) } else { Err(Problem::Range { what, value, allowed }) }
}

fn wide(value: usize) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

fn has_figures(switch: &Switch) -> bool {
    switch.cdat.is_some() || switch.figures != Figures::default()
}

const fn default_interrupts(kind: Kind) -> Interrupts {
    match kind {
        Kind::Memory => Interrupts { msi: 0, msix: 8 },
        Kind::Nvme => Interrupts { msi: 0, msix: 32 },
        Kind::Accelerator => Interrupts { msi: 0, msix: 16 },
        Kind::Nic => Interrupts { msi: 0, msix: 64 },
        Kind::Endpoint => Interrupts { msi: 1, msix: 0 },
    }
}

fn link(generation: u8, width: u8) -> Link {
    let generation = Generation::new(generation).unwrap_or(Generation::FIRST);
    Link { generation, width: Width::new(width).unwrap_or(Width::ONE), trained: None }
}

/// The lower end of a link.
#[derive(Clone, Copy)]
pub(crate) struct Lower(Link);

impl From<&Function> for Lower {
    fn from(function: &Function) -> Self {
        let default = match function.kind {
            Kind::Memory => link(5, 8),
            Kind::Nvme => link(5, 4),
            Kind::Accelerator | Kind::Nic => link(5, 16),
            Kind::Endpoint => link(4, 4),
        };
        Self(function.link.unwrap_or(default))
    }
}

impl From<&Switch> for Lower {
    fn from(switch: &Switch) -> Self {
        Self(switch.link.unwrap_or_else(|| link(5, 16)))
    }
}

fn upper(port: &Port) -> Link {
    port.link.unwrap_or_else(|| link(5, 16))
}

/// The link of a downward port, as it sees it.
pub(crate) fn downward_link(port: &Port) -> Result<Ends, Problem> {
    let own = upper(port);
    let lower = match (&port.switch, port.functions.first()) {
        (Some(switch), _) => Some(Lower::from(&**switch)),
        (None, Some(function)) => Some(Lower::from(function)),
        (None, None) => None,
    };
    let trained = lower.map(|Lower(lower)| trained(&own, &lower)).transpose()?;
    Ok(Ends { own: Some(own), trained })
}

/// The link of a device or switch below `port`, as it sees it.
pub(crate) fn upward_link(port: &Port, Lower(own): Lower) -> Result<Ends, Problem> {
    let shared = downward_link(port)?.trained;
    Ok(Ends { own: Some(own), trained: shared })
}
