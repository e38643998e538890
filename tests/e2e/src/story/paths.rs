//! Path figures: ours, and those of a region of the kernel's on each memory.

use anyhow::Result;

use super::tables::Tables;
use crate::cxl::{Figures, Object, region_figures};
use crate::formula::{Formula, LINK_NS};
use crate::{report, system};

/// Links between the root port and a memory: to the switch, and from it.
const LINKS: u64 = 2;
/// Host to host bridge, from the firmware's HMAT.
const HOST: (u64, u64) = (30, 12 * 1024);
/// The switch, from its own table.
const SWITCH: (u64, u64) = (150, 16 * 1024);
/// The memories' own figures: read and write latency in nanoseconds, read and write bandwidth in MB/s.
const MEMORIES: [[u64; 4]; 2] = [[150, 250, 16_000, 16_000], [120, 180, 8_000, 6_000]];

/// What must come out for a memory, reckoned by hand from the machine's description.
fn by_hand([read_latency, write_latency, read_bandwidth, write_bandwidth]: [u64; 4]) -> Figures {
    let before = HOST.0 + SWITCH.0 + LINKS * LINK_NS;
    let narrowest = HOST.1.min(SWITCH.1);
    Figures {
        read_latency: before + read_latency,
        write_latency: before + write_latency,
        read_bandwidth: narrowest.min(read_bandwidth),
        write_bandwidth: narrowest.min(write_bandwidth),
    }
}

/// The kernel's figures follow from the right ones by the kernel's own formula, and from no other.
pub fn compare(kernels: &Tables<Object>) -> Result<()> {
    let formula = Formula::of(&system::release())?;
    for (index, memory) in MEMORIES.iter().enumerate() {
        let right = by_hand(*memory);
        let expected = as_kernel(right, formula);
        let classes = region_figures(&kernels.memories[index].name, index)?;
        for (class, figures) in classes.iter().enumerate() {
            let name = format!("memory {}: kernel's access{class}, {formula:?}", index + 1);
            report::check(&name, &expected.to_string(), &figures.to_string());
        }
    }
    Ok(())
}

fn as_kernel(right: Figures, formula: Formula) -> Figures {
    Figures {
        read_latency: formula.kernels_latency(right.read_latency, LINKS),
        write_latency: formula.kernels_latency(right.write_latency, LINKS),
        ..right
    }
}
