//! Machines of any size, for benchmarks.

use lanewarden_doe::Protocol;

use super::{
    Bridge, Doe, Figures, Function, Interrupts, Kind, MemoryRange, Port, ProtocolName, Scenario, Serial,
    Switch,
};
use crate::random::Random;

/// Functions that one segment takes: enough for 10,000 on 40.
const PER_SEGMENT: usize = 250;

impl Scenario {
    /// A machine of just so many functions, ports included: switches with memories, drives, accelerators and network
    /// interfaces, 250 functions to a segment. Which ones, `seed` decides.
    #[must_use]
    pub fn synthetic(functions: usize, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut left = functions;
        let mut bridges = Vec::new();
        while left > 0 {
            let here = left.min(PER_SEGMENT);
            let segment = u16::try_from(bridges.len()).unwrap_or(u16::MAX);
            bridges.push(bridge(segment, here, &mut random));
            left = left.saturating_sub(here);
        }
        let name = Some(format!("{functions} functions"));
        Self { name, seed, access_ns: 1000, bridges, faults: Vec::new(), authorities: Vec::new() }
    }
}

fn bridge(segment: u16, functions: usize, random: &mut Random) -> Bridge {
    let mut ports = Vec::new();
    let mut left = functions;
    while left > 0 {
        let (port, used) = match (left, random.below(8)) {
            (10.., 0..=1) => (memories(random), 10),
            (3.., 2) => (device(&[Kind::Nic, Kind::Nic], random), 3),
            (2.., 3..=4) => (device(&[Kind::Nvme], random), 2),
            (2.., 5) => (device(&[Kind::Accelerator], random), 2),
            (2.., _) => (device(&[Kind::Memory], random), 2),
            _ => (Port::default(), 1),
        };
        ports.push(port);
        left = left.saturating_sub(used);
    }
    Bridge {
        segment,
        uid: segment.into(),
        root_bus: Some(0),
        cxl: true,
        host: Some(figures(90, 60_000)),
        ports,
        functions: Vec::new(),
    }
}

/// A switch with four memories: ten functions with the root port.
fn memories(random: &mut Random) -> Port {
    let switch = Switch {
        serial: Some(Serial(random.next())),
        figures: figures(60, 64_000),
        ports: (0..4).map(|_| device(&[Kind::Memory], random)).collect(),
        ..Switch::default()
    };
    Port { switch: Some(Box::new(switch)), ..Port::default() }
}

fn device(kinds: &[Kind], random: &mut Random) -> Port {
    Port { functions: kinds.iter().map(|kind| function(*kind, random)).collect(), ..Port::default() }
}

fn function(kind: Kind, random: &mut Random) -> Function {
    let spdm = [Protocol::CMA_SPDM, Protocol::SECURED_CMA_SPDM].map(ProtocolName).to_vec();
    let memory = kind == Kind::Memory;
    let mut doe = Vec::new();
    if memory {
        doe.push(mailbox(vec![ProtocolName(Protocol::CXL_TABLE_ACCESS)], 1));
    }
    if kind != Kind::Nic {
        doe.push(mailbox(spdm, 2));
    }
    Function {
        kind,
        name: None,
        function: None,
        id: None,
        serial: Some(Serial(random.next())),
        link: None,
        interrupts: Some(Interrupts { msi: 0, msix: 8 }),
        doe: Some(doe),
        ide: None,
        spdm: None,
        driver: None,
        cxl: false,
        memory: if memory { vec![range(random)] } else { Vec::new() },
        cdat: None,
    }
}

fn mailbox(protocols: Vec<ProtocolName>, interrupt: u16) -> Doe {
    Doe {
        protocols,
        version: Some(2),
        interrupt: Some(interrupt),
        answer_us: None,
        abort_us: None,
        max_dwords: None,
        claimed_by: None,
    }
}

/// One of a few makes of memory.
fn range(random: &mut Random) -> MemoryRange {
    let make = u32::try_from(random.below(4)).unwrap_or(0);
    let latency = make.saturating_mul(20).saturating_add(120);
    let bandwidth = make.saturating_mul(4000).saturating_add(24_000);
    MemoryRange {
        size_mib: 65_536,
        persistent: make == 3,
        read_latency_ns: Some(latency),
        write_latency_ns: Some(latency.saturating_add(30)),
        read_bandwidth_mb_per_s: Some(bandwidth),
        write_bandwidth_mb_per_s: Some(bandwidth),
    }
}

const fn figures(latency: u32, bandwidth: u32) -> Figures {
    Figures {
        read_latency_ns: Some(latency),
        write_latency_ns: Some(latency),
        read_bandwidth_mb_per_s: Some(bandwidth),
        write_bandwidth_mb_per_s: Some(bandwidth),
    }
}
