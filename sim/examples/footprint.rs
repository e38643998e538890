//! How long machines of growing size take to build, how much memory they hold for each function, and what an access
//! costs in real time.

use std::time::{Duration, Instant};

use lanewarden_pci::{ConfigSpace, Machine};
use lanewarden_sim::{Scenario, Simulator};

/// Registers read of each function.
const READS: u16 = 64;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for count in [100, 1_000, 10_000, 100_000] {
        let scenario = Scenario::synthetic(count, 1);
        let before = resident_kib();
        let start = Instant::now();
        let simulator = Simulator::new(&scenario)?;
        let took = start.elapsed();
        let grown = resident_kib().zip(before).map(|(now, before)| now.saturating_sub(before));
        println!(
            "{count:>7} functions: built in {took:.1?}, {} bytes counted for each, resident memory grew by {} KiB, \
             {:?} for an access",
            simulator.bytes_per_function(),
            grown.map_or("?".to_owned(), |kib| kib.to_string()),
            access(&simulator)?
        );
    }
    Ok(())
}

/// The mean time of a read, over some registers of all functions.
fn access(simulator: &Simulator) -> Result<Duration, lanewarden_pci::AccessError> {
    let functions = simulator.functions()?;
    let start = Instant::now();
    for address in &functions {
        let mut config = simulator.open(*address)?;
        for register in 0..READS {
            std::hint::black_box(config.read(register.saturating_mul(16))?);
        }
    }
    let accesses = u32::try_from(functions.len()).unwrap_or(u32::MAX).saturating_mul(READS.into());
    Ok(start.elapsed().checked_div(accesses).unwrap_or_default())
}

/// What the kernel says of this process; `None` where it says nothing.
fn resident_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}
