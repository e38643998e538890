//! Path figures: ours, and those of a region of the kernel's on each memory.

use anyhow::Result;

use super::tables::Tables;
use crate::cxl::{Figures, Object, region_figures};
use crate::formula::{Formula, link_ns};
use crate::{report, system};

/// Host to host bridge, from the firmware's HMAT.
const HOST: (u64, u64) = (30, 12 * 1024);
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
    },
    Memory {
        links: [16, 2],
        own: Figures {
            read_latency: 120,
            write_latency: 180,
            read_bandwidth: 10_000,
            write_bandwidth: 6_000,
        },
    },
];

impl Memory {
    /// What must come out, reckoned by hand from the machine's description.
    fn right(&self) -> Figures {
        let before = HOST.0 + SWITCH.0 + self.links.map(link_ns).iter().sum::<u64>();
        let narrowest =
            self.links.iter().map(|lanes| lanes * LANE).chain([HOST.1, SWITCH.1]).min().unwrap_or(0);
        Figures {
            read_latency: before + self.own.read_latency,
            write_latency: before + self.own.write_latency,
            read_bandwidth: narrowest.min(self.own.read_bandwidth),
            write_bandwidth: narrowest.min(self.own.write_bandwidth),
        }
    }

    /// What a kernel with this formula says.
    fn kernels(&self, formula: Formula) -> Figures {
        let right = self.right();
        Figures {
            read_latency: formula.kernels_latency(right.read_latency, &self.links),
            write_latency: formula.kernels_latency(right.write_latency, &self.links),
            ..right
        }
    }
}

/// The kernel's figures follow from the right ones by the kernel's own formula, and from no other.
pub fn compare(kernels: &Tables<Object>) -> Result<()> {
    let formula = Formula::of(&system::release())?;
    for (index, memory) in MEMORIES.iter().enumerate() {
        let expected = memory.kernels(formula);
        let classes = region_figures(&kernels.memories[index].name, index)?;
        for (class, figures) in classes.iter().enumerate() {
            let name = format!("memory {}: kernel's access{class}, {formula:?}", index + 1);
            report::check(&name, &expected.to_string(), &figures.to_string());
        }
    }
    Ok(())
}
