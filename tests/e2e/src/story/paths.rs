//! Path figures: ours, and those of a region of the kernel's on each memory.

use anyhow::{Context, Result};
use serde_json::Value;

use super::tables::Tables;
use crate::cxl::{Figures, Object, region_figures};
use crate::formula::{Formula, link_ns};
use crate::functions::Functions;
use crate::plant::{Plant, plant};
use crate::{product, report, system};

/// Latency and bandwidth from the initiator to the host bridge, from the firmware's HMAT, by access class:
/// from the NVMe drive, which the firmware calls an initiator and nearer, and from the processor.
const HOST: [(u64, u64); 2] = [(20, 14 * 1024), (30, 12 * 1024)];
/// What Lanewarden calls the classes.
const CLASSES: [&str; 2] = ["local", "cpu"];
/// The switch, from its own table.
const SWITCH: (u64, u64) = (150, 16 * 1024);
/// Bandwidth of a lane.
const LANE: u64 = 4000;

/// A memory as the machine was built.
struct Memory {
    /// Lanes of the links to the switch and from it.
    links: [u64; 2],
    /// From its own table.
    own: Figures,
    /// What reads through it have least bandwidth on, in Lanewarden's first word for it.
    limit: &'static str,
}

const MEMORIES: [Memory; 2] = [
    Memory {
        links: [16, 16],
        own: Figures {
            read_latency: 150,
            write_latency: 250,
            read_bandwidth: 16_000,
            write_bandwidth: 16_000,
        },
        limit: "host",
    },
    Memory {
        links: [16, 2],
        own: Figures {
            read_latency: 120,
            write_latency: 180,
            read_bandwidth: 10_000,
            write_bandwidth: 6_000,
        },
        limit: "link",
    },
];

impl Memory {
    /// What must come out, reckoned by hand from the machine's description.
    fn right(&self, class: usize) -> Figures {
        let (host_latency, host_bandwidth) = HOST[class];
        let before = host_latency + SWITCH.0 + self.links.map(link_ns).iter().sum::<u64>();
        let lanes = self.links.iter().min().unwrap_or(&0);
        let narrowest = host_bandwidth.min(SWITCH.1).min(lanes * LANE);
        Figures {
            read_latency: before + self.own.read_latency,
            write_latency: before + self.own.write_latency,
            read_bandwidth: narrowest.min(self.own.read_bandwidth),
            write_bandwidth: narrowest.min(self.own.write_bandwidth),
        }
    }

    /// What a kernel with this formula says where these are the right figures.
    fn kernels(&self, right: Figures, formula: Formula) -> Figures {
        Figures {
            read_latency: formula.kernels_latency(right.read_latency, &self.links),
            write_latency: formula.kernels_latency(right.write_latency, &self.links),
            ..right
        }
    }
}

/// Row T16: ours are the right figures; the kernel's follow from ours by the kernel's own formula, and from
/// no other.
pub fn compare(functions: &Functions, kernels: &Tables<Object>) -> Result<()> {
    let formula = Formula::of(&system::release())?;
    for (index, memory) in MEMORIES.iter().enumerate() {
        let kernels = region_figures(&kernels.memories[index].name, index)?;
        let address = &functions.memories[index];
        report::check(
            &format!("memory {}: path, reads limited by", index + 1),
            memory.limit,
            &limit(address)?,
        );
        let ours = ours(address)?;
        for (class, word) in CLASSES.iter().enumerate() {
            let name = format!("memory {}: path, {word}", index + 1);
            report::check(
                &format!("{name}, by hand"),
                &memory.right(class).to_string(),
                &ours[class].to_string(),
            );
            let check = format!("{name}, kernel's access{class} ({formula:?})");
            let theirs = memory.kernels(ours[class], formula);
            report::check(&check, &kernels[class].to_string(), &theirs.to_string());
        }
    }
    Ok(())
}

/// The right figures without a single write: the kernel's copies of the tables are enough.
pub fn without_writes(functions: &Functions) -> Result<()> {
    let run = product::run(&["cxl", "paths"])?;
    report::check(
        "lockdown: cxl paths beside the CXL drivers",
        "exit 0, no hint, 0 config writes",
        &run.ending(),
    );
    for (index, memory) in MEMORIES.iter().enumerate() {
        let ours = ours(&functions.memories[index])?;
        let name = format!("lockdown: memory {}: path, cpu, by hand", index + 1);
        report::check(&name, &memory.right(1).to_string(), &ours[1].to_string());
    }
    Ok(())
}

/// The first word of what `cxl paths` says limits reads.
fn limit(address: &str) -> Result<String> {
    let object = product::json(&["cxl", "paths", address])?;
    let limit = product::of_address(&object, "paths", address)?["limited_by"].as_str().unwrap_or("nothing");
    Ok(limit.split(' ').next().unwrap_or_default().to_owned())
}

/// What `cxl paths` says of the classes.
fn ours(address: &str) -> Result<[Figures; 2]> {
    let object = product::json(&["cxl", "paths", address])?;
    let path = product::of_address(&object, "paths", address)?;
    let mut cpu = figures(path)?;
    if plant()? == Some(Plant::LatencyNs) {
        cpu.read_latency += 1;
    }
    Ok([figures(&path["local"])?, cpu])
}

fn figures(object: &Value) -> Result<Figures> {
    let number = |name: &str| object[name].as_u64().with_context(|| format!("no {name} in {object}"));
    Ok(Figures {
        read_latency: number("read_latency_ns")?,
        write_latency: number("write_latency_ns")?,
        read_bandwidth: number("read_bandwidth_mb_per_s")?,
        write_bandwidth: number("write_bandwidth_mb_per_s")?,
    })
}
